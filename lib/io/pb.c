/* SPDX-License-Identifier: Apache-2.0 */
/* One tensor <-> the bytes of an ONNX TensorProto (.pb). Reading accepts every form the model reader does, but for
 * external data; writing uses raw_data.
 */
#include "io/onnx.h"

static void copy_name(char *out, size_t size, const char *name) {
    if (out == NULL || size == 0)
        return;
    const size_t length = CLD_MIN(strlen(name), size - 1);
    memcpy(out, name, length);
    out[length] = '\0';
}

static clade_status decode(clade_tensor *out, char *name, size_t name_size, cld_onnx *onnx, const void *data,
                           size_t size_bytes, const char *what, clade_error *err) {
    clade_status status;
    const clade_tensor *tensor;
    const CldOnnx__TensorProto *proto =
        cld_unpack_message(&onnx->unpack, &cld_onnx__tensor_proto__descriptor, data, size_bytes, what, &status, err);
    if (proto == NULL)
        return status;
    CLD_RETURN(cld_onnx_tensor(onnx, proto, what, &tensor, err));
    CLD_RETURN(clade_tensor_alloc(out, tensor->dtype, tensor->rank, tensor->dims, err));
    if (tensor->size_bytes > 0)
        memcpy(out->data, tensor->data, tensor->size_bytes);
    copy_name(name, name_size, proto->name != NULL ? proto->name : "");
    return CLADE_OK;
}

clade_status cld_pb_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                           const char *what, clade_error *err) {
    static const cld_onnx_options nothing = { .max_bytes = SIZE_MAX };
    cld_onnx onnx = { .arena = cld_arena_new(), .options = &nothing, .max_bytes = SIZE_MAX };
    if (onnx.arena == NULL)
        return cld_no_memory(err, what);
    cld_unpack_init(&onnx.unpack, onnx.arena, size_bytes, onnx.max_bytes);
    const clade_status status = decode(out, name, name_size, &onnx, data, size_bytes, what, err);
    cld_arena_free(onnx.arena);
    return status;
}

clade_status cld_pb_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err) {
    CldOnnx__TensorProto proto = CLD_ONNX__TENSOR_PROTO__INIT;
    int64_t dims[CLADE_MAX_RANK];
    memcpy(dims, tensor->dims, sizeof dims);
    proto.n_dims = (size_t)tensor->rank;
    proto.dims = dims;
    proto.has_data_type = 1;
    proto.data_type = (int32_t)tensor->dtype;
    proto.has_raw_data = 1;
    proto.raw_data.len = tensor->size_bytes;
    proto.raw_data.data = tensor->data;
    const size_t bytes = cld_onnx__tensor_proto__get_packed_size(&proto);
    uint8_t *packed = cld_calloc(CLD_MAX(bytes, 1), 1);
    if (packed == NULL)
        return cld_no_memory(err, "a packed tensor");
    *size_bytes = cld_onnx__tensor_proto__pack(&proto, packed);
    *out = packed;
    return CLADE_OK;
}
