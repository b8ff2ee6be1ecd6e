/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors in files: the table of suffixes. */
#include "io/io.h"

static const struct format {
    const char *suffix;
    clade_status (*decode)(clade_tensor *, char *, size_t, const void *, size_t, const char *, clade_error *);
    clade_status (*encode)(const clade_tensor *, void **, size_t *, clade_error *);
} formats[] = {
    { ".npy", cld_npy_decode, cld_npy_encode },
    { ".pb", cld_pb_decode, cld_pb_encode },
    { ".csv", cld_csv_decode, cld_csv_encode },
};

static clade_status format_of(const struct format **out, const char *path, clade_error *err) {
    for (size_t i = 0; i < CLD_COUNT(formats); i++) {
        size_t length = strlen(path), suffix = strlen(formats[i].suffix);
        if (length > suffix && !strcmp(path + length - suffix, formats[i].suffix)) {
            *out = &formats[i];
            return CLADE_OK;
        }
    }
    return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s: tensors are read and written as .npy, .pb or .csv", path);
}

clade_status clade_tensor_read_named(clade_tensor *out, char *name, size_t name_size, const char *path,
                                     clade_error *err) {
    const struct format *format;
    void *data;
    size_t size;
    if (!out || !path)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "clade_tensor_read: %s is NULL", out ? "path" : "out");
    CLD_RETURN(format_of(&format, path, err));
    CLD_RETURN(cld_file_read(&data, &size, path, 0, err));
    clade_status status = format->decode(out, name, name_size, data, size, path, err);
    cld_free(data);
    return status;
}

clade_status clade_tensor_read(clade_tensor *out, const char *path, clade_error *err) {
    return clade_tensor_read_named(out, NULL, 0, path, err);
}

/* The struct is the caller's own work: it must be what it claims. */
static clade_status check(const clade_tensor *tensor, clade_error *err) {
    cld_type type = cld_tensor_type(tensor);
    if (!cld_dtype_valid(type.dtype))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "clade_tensor_write: %d is not an element type", (int)type.dtype);
    CLD_RETURN(cld_type_check(&type, "clade_tensor_write", err));
    if (tensor->size_bytes != cld_type_bytes(&type) || (tensor->size_bytes && !tensor->data))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "clade_tensor_write: %s has %zu bytes of data, not %zu",
                        CLD_TYPE_TEXT(&type), tensor->data ? tensor->size_bytes : 0, cld_type_bytes(&type));
    return CLADE_OK;
}

clade_status clade_tensor_write(const clade_tensor *tensor, const char *path, clade_error *err) {
    const struct format *format;
    void *data;
    size_t size;
    if (!tensor || !path)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "clade_tensor_write: %s is NULL", tensor ? "path" : "tensor");
    CLD_RETURN(check(tensor, err));
    CLD_RETURN(format_of(&format, path, err));
    CLD_RETURN(format->encode(tensor, &data, &size, err));
    clade_status status = cld_file_write(path, data, size, err);
    cld_free(data);
    return status;
}
