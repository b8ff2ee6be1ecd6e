/* SPDX-License-Identifier: Apache-2.0 */
/* Element types by name, and the declared types of inputs and outputs: dense tensors only, every dimension fixed, named
 * or free. Anything else a model may declare (sequence, optional, map, sparse) is refused here, once.
 */
#include "io/onnx.h"

static const char *const dtype_names[] = {
    "undefined", "float32",    "uint8",      "int8",         "uint16",         "int16",      "int32",
    "int64",     "string",     "bool",       "float16",      "float64",        "uint32",     "uint64",
    "complex64", "complex128", "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
    "uint4",     "int4",       "float4e2m1", "float8e8m0",   "uint2",          "int2",
};

const char *cld_onnx_dtype_name(int64_t code) {
    return code >= 0 && code < (int64_t)CLD_COUNT(dtype_names) ? dtype_names[code] : "unknown";
}

/* Types that are no dense tensors. */
static const char *other_type(const CldOnnx__TypeProto *type) {
    return type->has_sequence_type        ? "sequence"
           : type->has_optional_type      ? "optional"
           : type->has_map_type           ? "map"
           : type->has_sparse_tensor_type ? "sparse tensor"
           : type->has_opaque_type        ? "opaque type"
                                          : NULL;
}

static clade_status read_dim(const CldOnnx__TensorShapeProto__Dimension *dim, const char *what, const char *name,
                             int32_t axis, cld_value *out, clade_error *err) {
    out->type.dims[axis] = -1;
    out->dim_names[axis] = dim->dim_param != NULL && dim->dim_param[0] != '\0' ? dim->dim_param : NULL;
    if (!dim->has_dim_value || dim->dim_value == -1) /* some exporters write -1 for a free dimension */
        return CLADE_OK;
    if (dim->dim_value < 0)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s' has dimension %d of size %lld", what, name, (int)axis,
                        (long long)dim->dim_value);
    out->type.dims[axis] = dim->dim_value;
    out->dim_names[axis] = NULL;
    return CLADE_OK;
}

clade_status cld_onnx_type(const CldOnnx__ValueInfoProto *proto, const char *what, cld_value *out, clade_error *err) {
    *out = (cld_value){
        .name = proto->name, .doc = proto->doc_string, .type = { .dtype = CLADE_NONE, .rank = -1 }, .producer = -1
    };
    const CldOnnx__TypeProto *type = proto->type;
    if (type == NULL)
        return CLADE_OK;
    out->declared = other_type(type);
    if (out->declared != NULL)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' is %s %s; only dense tensors are supported", what,
                        proto->name, strchr("ao", out->declared[0]) ? "an" : "a", out->declared);
    const CldOnnx__TypeProto__Tensor *tensor = type->tensor_type;
    if (tensor == NULL || !tensor->has_elem_type || tensor->elem_type == 0)
        return CLADE_OK;
    if (cld_dtype_valid(tensor->elem_type))
        out->type.dtype = (clade_dtype)tensor->elem_type;
    else
        out->declared = cld_onnx_dtype_name(tensor->elem_type);
    if (tensor->shape != NULL && tensor->shape->n_dim <= CLADE_MAX_RANK)
        out->type.rank = (int32_t)tensor->shape->n_dim;
    for (int32_t i = 0; i < out->type.rank; i++)
        CLD_RETURN(read_dim(tensor->shape->dim[i], what, proto->name, i, out, err));
    if (out->declared != NULL)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' has element type %s (%d), which is not supported", what,
                        proto->name, out->declared, (int)tensor->elem_type);
    if (tensor->shape != NULL && tensor->shape->n_dim > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s' has %zu dimensions, the limit is %d", what, proto->name,
                        tensor->shape->n_dim, CLADE_MAX_RANK);
    return cld_type_static(&out->type) ? cld_type_check(&out->type, proto->name, err) : CLADE_OK;
}
