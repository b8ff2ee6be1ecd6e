/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto -> host tensor.
 *
 * The elements stand in raw_data, in one of the typed lists, or in a file. Raw bytes and lists of the tensor's own
 * width are used where protobuf-c unpacked them (the arena aligns them); narrower elements are taken out of their wider
 * list. ERR_UNSUPPORTED for element types Clade lacks; ERR_FORMAT when dimensions and data disagree.
 */
#include "io/onnx.h"

#include <stdio.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw_data is little-endian and used as it is");

/* Which list of the message holds the elements of a dtype, how wide the list's elements are, and what range of them is
 * valid. float16 is stored as its bits. */
typedef struct cld_list {
    clade_dtype dtype;
    uint8_t bytes;
    int64_t min, max;
    size_t data, count; /* offsets in the message */
} cld_list;
#define LIST(dtype, field, bytes, min, max)                                                                            \
    { CLADE_##dtype, bytes, min, max, offsetof(CldOnnx__TensorProto, field), offsetof(CldOnnx__TensorProto, n_##field) }
static const cld_list lists[] = {
    LIST(FLOAT32, float_data, 4, 0, 0),
    LIST(FLOAT64, double_data, 8, 0, 0),
    LIST(INT64, int64_data, 8, 0, 0),
    LIST(UINT64, uint64_data, 8, 0, 0),
    LIST(INT32, int32_data, 4, 0, 0),
    LIST(UINT32, uint64_data, 8, 0, UINT32_MAX),
    LIST(INT16, int32_data, 4, INT16_MIN, INT16_MAX),
    LIST(UINT16, int32_data, 4, 0, UINT16_MAX),
    LIST(FLOAT16, int32_data, 4, 0, UINT16_MAX),
    LIST(INT8, int32_data, 4, INT8_MIN, INT8_MAX),
    LIST(UINT8, int32_data, 4, 0, UINT8_MAX),
    LIST(BOOL, int32_data, 4, 0, 1),
};

static const cld_list *find_list(clade_dtype dtype) {
    for (size_t i = 0; i < CLD_COUNT(lists); i++)
        if (lists[i].dtype == dtype)
            return &lists[i];
    return NULL;
}

/* "initialiser 'w' (float32[2,3])", for the errors below. */
static const char *describe(const CldOnnx__TensorProto *proto, const char *what, const clade_tensor *tensor, char *buf,
                            size_t size) {
    const cld_type type = cld_tensor_type(tensor);
    snprintf(buf, size, "%s '%.100s' (%s)", what, proto->name != NULL ? proto->name : "", CLD_TYPE_TEXT(&type));
    return buf;
}

static clade_status read_type(const CldOnnx__TensorProto *proto, const char *what, clade_tensor *out,
                              clade_error *err) {
    const char *name = proto->name != NULL ? proto->name : "";
    const int32_t code = proto->has_data_type ? proto->data_type : 0;
    if (!cld_dtype_valid(code))
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' has element type %s (%d), which is not supported", what,
                        name, cld_onnx_dtype_name(code), (int)code);
    if (proto->has_segment)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' is stored in segments", what, name);
    if (proto->n_dims > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' has %zu dimensions, the limit is %d", what, name,
                        proto->n_dims, CLADE_MAX_RANK);
    cld_type type = { .dtype = (clade_dtype)code, .rank = (int32_t)proto->n_dims };
    for (int32_t i = 0; i < type.rank; i++)
        type.dims[i] = proto->dims[i];
    CLD_RETURN(cld_type_check(&type, name[0] != '\0' ? name : what, err));
    *out = (clade_tensor){ .dtype = type.dtype, .rank = type.rank, .size_bytes = cld_type_bytes(&type) };
    memcpy(out->dims, type.dims, sizeof type.dims);
    return CLADE_OK;
}

/* Element i of a list of int32 or of (u)int64, as int64. Values of uint64 beyond int64 become negative, out of range.
 */
static int64_t list_element(const cld_list *list, const void *data, int64_t i) {
    return list->bytes == 4 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
}

static clade_status narrow(cld_onnx *onnx, const cld_list *list, const void *data, const char *who,
                           clade_tensor *tensor, clade_error *err) {
    const size_t bytes = clade_dtype_size(tensor->dtype);
    const int64_t count = clade_tensor_count(tensor);
    uint8_t *out = cld_arena_alloc(onnx->arena, tensor->size_bytes);
    if (out == NULL)
        return cld_no_memory(err, who);
    for (int64_t i = 0; i < count; i++) {
        const int64_t element = list_element(list, data, i);
        if (element < list->min || element > list->max)
            return cld_fail(err, CLADE_ERR_FORMAT, "%s: element %lld is %lld, beyond its type", who, (long long)i,
                            (long long)element);
        memcpy(out + (size_t)i * bytes, &element, bytes); /* the low bytes: the host is little-endian */
    }
    tensor->data = out;
    return CLADE_OK;
}

static clade_status read_list(cld_onnx *onnx, const CldOnnx__TensorProto *proto, const char *who, clade_tensor *tensor,
                              clade_error *err) {
    const cld_list *list = find_list(tensor->dtype);
    void *data;
    size_t count;
    memcpy(&data, (const char *)proto + list->data, sizeof data);
    memcpy(&count, (const char *)proto + list->count, sizeof count);
    if (count != (size_t)clade_tensor_count(tensor))
        return cld_fail(err, CLADE_ERR_FORMAT, "%s needs %lld elements, it has %zu", who,
                        (long long)clade_tensor_count(tensor), count);
    if (list->bytes != clade_dtype_size(tensor->dtype))
        return narrow(onnx, list, data, who, tensor, err);
    tensor->data = data;
    return CLADE_OK;
}

clade_status cld_onnx_tensor(cld_onnx *onnx, const CldOnnx__TensorProto *proto, const char *what,
                             const clade_tensor **out, clade_error *err) {
    clade_tensor *tensor = cld_arena_alloc(onnx->arena, sizeof *tensor);
    if (tensor == NULL)
        return cld_no_memory(err, what);
    CLD_RETURN(read_type(proto, what, tensor, err));
    char who[400];
    describe(proto, what, tensor, who, sizeof who);
    if (tensor->size_bytes > onnx->max_bytes - onnx->tensor_bytes)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s needs %zu bytes, %zu of the %zu bytes allowed are left", who,
                        tensor->size_bytes, onnx->max_bytes - onnx->tensor_bytes, onnx->max_bytes);
    onnx->tensor_bytes += tensor->size_bytes;
    if (proto->has_data_location && proto->data_location == CLD_ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        CLD_RETURN(cld_onnx_external(onnx, proto, tensor, err));
    } else if (proto->has_raw_data && (proto->raw_data.len > 0 || tensor->size_bytes == 0)) {
        if (proto->raw_data.len != tensor->size_bytes)
            return cld_fail(err, CLADE_ERR_FORMAT, "%s needs %zu bytes, its raw_data has %zu", who, tensor->size_bytes,
                            proto->raw_data.len);
        tensor->data = proto->raw_data.data;
    } else {
        CLD_RETURN(read_list(onnx, proto, who, tensor, err));
    }
    if (tensor->dtype == CLADE_BOOL)
        for (size_t i = 0; i < tensor->size_bytes; i++)
            ((uint8_t *)tensor->data)[i] = ((uint8_t *)tensor->data)[i] != 0;
    *out = tensor;
    return CLADE_OK;
}
