/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor data that stand in a file beside the model.
 *
 * The location is a path below the model's folder: not absolute, no "..", and, links resolved, still inside. offset and
 * length must lie in the file, and length must be what the tensor needs. Checksums are not looked at.
 */
#include "io/onnx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct cld_place_in_file {
    const char *location;
    int64_t offset, length; /* length -1: not given */
} cld_place_in_file;

static bool parse_size(const char *text, int64_t *out) {
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    *out = value;
    return errno == 0 && *end == '\0';
}

static clade_status read_entries(const CldOnnx__TensorProto *proto, const char *name, cld_place_in_file *out,
                                 clade_error *err) {
    *out = (cld_place_in_file){ .length = -1 };
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const char *key = proto->external_data[i]->key, *value = proto->external_data[i]->value;
        bool ok = true;
        if (key == NULL)
            continue;
        if (strcmp(key, "location") == 0)
            out->location = value;
        else if (strcmp(key, "offset") == 0)
            ok = parse_size(value, &out->offset);
        else if (strcmp(key, "length") == 0)
            ok = parse_size(value, &out->length);
        if (!ok)
            return cld_fail(err, CLADE_ERR_FORMAT, "tensor '%s': external %s '%s' is no size", name, key,
                            value != NULL ? value : "");
    }
    if (out->location == NULL || out->location[0] == '\0')
        return cld_fail(err, CLADE_ERR_FORMAT, "tensor '%s': external data without a location", name);
    return CLADE_OK;
}

static bool climbs(const char *path) {
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        const size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return true;
    }
    return false;
}

/* What can be said without looking: whoever reads it. */
static clade_status check_location(const cld_place_in_file *place, const char *name, size_t need, clade_error *err) {
    if (place->location[0] == '/' || climbs(place->location))
        return cld_fail(err, CLADE_ERR_FORMAT, "tensor '%s': external location '%s' leaves the model's folder", name,
                        place->location);
    if (place->length >= 0 && (uint64_t)place->length != need)
        return cld_fail(err, CLADE_ERR_FORMAT, "tensor '%s' needs %zu bytes, its external data has %lld", name, need,
                        (long long)place->length);
    return CLADE_OK;
}

static clade_status call_reader(const cld_onnx *onnx, const cld_place_in_file *place, const char *name,
                                clade_tensor *tensor, clade_error *err) {
    tensor->data = cld_arena_alloc(onnx->arena, tensor->size_bytes);
    if (tensor->data == NULL)
        return cld_no_memory(err, name);
    if (onnx->options->read_external(onnx->options->read_external_user, place->location, (uint64_t)place->offset,
                                     tensor->data, tensor->size_bytes) != 0)
        return cld_fail(err, CLADE_ERR_IO, "tensor '%s': read_external gives no %zu bytes at offset %lld of '%s'", name,
                        tensor->size_bytes, (long long)place->offset, place->location);
    return CLADE_OK;
}

static clade_status os_error(clade_error *err, const char *tensor, const char *location) {
    if (errno == ENOMEM)
        return cld_no_memory(err, tensor);
    return cld_fail(err, CLADE_ERR_IO, "tensor '%s': external file '%s': %s", tensor, location, strerror(errno));
}

/* Opens the file, which, links resolved, must still lie in the directory. */
static clade_status open_inside(const char *directory, const char *location, const char *tensor, int *out,
                                clade_error *err) {
    clade_status status = CLADE_OK;
    cld_text joined = { 0 };
    cld_text_printf(&joined, "%s/%s", directory, location);
    errno = ENOMEM;
    char *folder = joined.failed ? NULL : cld_real_path(directory);
    char *file = folder == NULL ? NULL : cld_real_path(joined.data);
    if (file == NULL) {
        status = os_error(err, tensor, location);
        goto fail;
    }
    const size_t length = strlen(folder);
    const bool root = length == 1; /* the folder is "/", whose files have no second slash */
    if (strncmp(file, folder, length) != 0 || (!root && file[length] != '/')) {
        status = cld_fail(err, CLADE_ERR_FORMAT,
                          "tensor '%s': external location '%s' is a link out of the model's folder", tensor, location);
        goto fail;
    }
    *out = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a named pipe must not hang us */
    if (*out < 0)
        status = os_error(err, tensor, location);
fail:
    cld_free(file);
    cld_free(folder);
    cld_text_free(&joined);
    return status;
}

static clade_status check_range(int fd, const cld_place_in_file *place, const char *name, size_t need,
                                clade_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return cld_fail(err, CLADE_ERR_IO, "tensor '%s': external '%s' is not a regular file", name, place->location);
    if (place->offset > info.st_size || need > (uint64_t)(info.st_size - place->offset))
        return cld_fail(err, CLADE_ERR_FORMAT,
                        "tensor '%s' needs %zu bytes at offset %lld, external file '%s' has %lld", name, need,
                        (long long)place->offset, place->location, (long long)info.st_size);
    return CLADE_OK;
}

static clade_status read_range(int fd, int64_t offset, void *data, size_t bytes, const char *name, clade_error *err) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(fd, (char *)data + done, bytes - done, (off_t)offset + (off_t)done);
        if (got > 0)
            done += (size_t)got;
        else if (got == 0 || errno != EINTR)
            return cld_fail(err, CLADE_ERR_IO, "tensor '%s': external data cannot be read: %s", name,
                            got == 0 ? "the file became shorter" : strerror(errno));
    }
    return CLADE_OK;
}

/* Fills the tensor's data: mapped, or read. */
static clade_status take_range(const cld_onnx *onnx, int fd, const cld_place_in_file *place, const char *name,
                               clade_tensor *tensor, clade_error *err) {
    const void *at = NULL;
    if (onnx->options->map && cld_onnx_may_map(tensor->dtype, tensor->size_bytes))
        at = cld_mapping_add(onnx->maps, fd, (uint64_t)place->offset, tensor->size_bytes);
    if (at != NULL) {
        memcpy(&tensor->data, &at, sizeof at); /* read only from here on */
        return CLADE_OK;
    }
    tensor->data = cld_arena_alloc(onnx->arena, tensor->size_bytes);
    if (tensor->data == NULL)
        return cld_no_memory(err, name);
    return read_range(fd, place->offset, tensor->data, tensor->size_bytes, name, err);
}

clade_status cld_onnx_external(const cld_onnx *onnx, const CldOnnx__TensorProto *proto, clade_tensor *tensor,
                               clade_error *err) {
    const char *name = proto->name != NULL ? proto->name : "";
    cld_place_in_file place;
    CLD_RETURN(read_entries(proto, name, &place, err));
    CLD_RETURN(check_location(&place, name, tensor->size_bytes, err));
    if (onnx->options->read_external != NULL)
        return call_reader(onnx, &place, name, tensor, err);
    if (onnx->options->directory == NULL)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED,
                        "tensor '%s' lies in file '%s': a model in memory has no folder, and no read_external is given",
                        name, place.location);
    clade_status status = CLADE_OK;
    int fd = -1;
    CLD_TRY(open_inside(onnx->options->directory, place.location, name, &fd, err));
    CLD_TRY(check_range(fd, &place, name, tensor->size_bytes, err));
    CLD_TRY(take_range(onnx, fd, &place, name, tensor, err));
fail:
    if (fd >= 0)
        close(fd);
    return status;
}
