/* SPDX-License-Identifier: Apache-2.0 */
/* ConstantOfShape, Range, EyeLike: tensors made from a few numbers that must be known on the host anyway, since they
 * decide the shape. ConstantOfShape can also be filled on the device, for results too large to keep as constants. */
#include "op/move/move.h"

#include <math.h>

enum { MOST_ELEMENTS = 1 << 25 }; /* of what is made on the host */

static clade_status check_size(const cld_call *call, int64_t count, clade_error *err) {
    if (count <= MOST_ELEMENTS)
        return CLADE_OK;
    return cld_call_fail(call, err, CLADE_ERR_LIMIT, "%lld elements; at most %d are made on the host", (long long)count,
                         MOST_ELEMENTS);
}

/* ---- ConstantOfShape --------------------------------------------------------------------------------------------- */

static clade_status fill_value(const cld_call *call, const clade_tensor **value, clade_error *err) {
    const cld_attr *attr = cld_attr_find(call->node, "value", CLD_ATTR_TENSOR);
    *value = attr ? attr->u.tensor : NULL;
    if (*value && clade_tensor_count(*value) != 1)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "attribute value has %lld elements, not one",
                             (long long)clade_tensor_count(*value));
    return CLADE_OK;
}

static clade_status constant_infer(cld_call *call, clade_error *err) {
    const int64_t *dims;
    int32_t rank;
    const clade_tensor *value;
    CLD_RETURN(cld_call_ints(call, NULL, 0, &dims, &rank, err));
    CLD_RETURN(fill_value(call, &value, err));
    if (rank > CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "shape has rank %d; at most %d is supported", rank,
                             CLADE_MAX_RANK);
    call->out[0] = (cld_type){ .dtype = value ? value->dtype : CLADE_FLOAT32, .rank = rank };
    for (int32_t d = 0; d < rank; d++)
        call->out[0].dims[d] = dims[d];
    return cld_call_check(call, &call->out[0], err);
}

static clade_status constant_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const clade_tensor *value;
    size_t size = clade_dtype_size(out[0]->dtype);
    CLD_RETURN(fill_value(call, &value, err));
    for (size_t at = 0; value && at < out[0]->size_bytes; at += size)
        memcpy((char *)out[0]->data + at, value->data, size);
    return CLADE_OK;
}

static clade_status constant_emit(const cld_emit *emit, clade_error *err) {
    static const uint8_t zero[8] = { 0 };
    const cld_type *out = &emit->call->out[0];
    const clade_tensor *value;
    CLD_RETURN(fill_value(emit->call, &value, err));
    if (cld_type_count(out) > 0)
        cld_step_fill(emit->steps, emit->out[0], value ? value->data : zero, clade_dtype_size(out->dtype),
                      cld_type_bytes(out));
    return CLADE_OK;
}

static const cld_impl constant_rows[] = { { .name = "fill", .emit = constant_emit }, { 0 } };

const cld_op cld_op_ConstantOfShape = {
    .domain = "",
    .name = "ConstantOfShape",
    .doc = "a tensor of the given shape, every element the attribute value, float32 0 without it",
    .since = 9,
    .attrs = "value:tensor",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = constant_infer,
    .eval = constant_eval,
    .impls = constant_rows,
};

/* ---- Range ------------------------------------------------------------------------------------------------------- */

enum { START, LIMIT, DELTA, BOUNDS };

/* Elements of an integer range; differences are taken as unsigned numbers, where they cannot overflow. */
static uint64_t whole_count(int64_t start, int64_t limit, int64_t delta) {
    if (delta > 0 ? start >= limit : start <= limit)
        return 0;
    uint64_t width = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    return (width - 1) / (delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta) + 1;
}

static clade_status range_infer(cld_call *call, clade_error *err) {
    const clade_tensor *bound[BOUNDS];
    for (int32_t k = 0; k < BOUNDS; k++) {
        CLD_RETURN(cld_call_dtype(call, k, CLD_NUMBERS, err));
        if (call->in[k].dtype != call->in[0].dtype || cld_type_count(&call->in[k]) != 1)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d is %s, not one element of input 0's type", k,
                                 CLD_TYPE_TEXT(&call->in[k]));
        if (!(bound[k] = cld_call_value(call, k)))
            return CLD_PENDING;
    }
    double count, delta = cld_tensor_get(bound[DELTA], 0);
    if (cld_dtype_in(call->in[0].dtype, CLD_FLOATS))
        count = ceil((cld_tensor_get(bound[LIMIT], 0) - cld_tensor_get(bound[START], 0)) / delta);
    else
        count = delta == 0
                    ? NAN
                    : (double)whole_count(cld_tensor_get_int(bound[START], 0), cld_tensor_get_int(bound[LIMIT], 0),
                                          cld_tensor_get_int(bound[DELTA], 0));
    if (!(count <= MOST_ELEMENTS))
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "from %g to %g by %g is not a range of at most %d elements",
                             cld_tensor_get(bound[START], 0), cld_tensor_get(bound[LIMIT], 0), delta, MOST_ELEMENTS);
    call->out[0] = (cld_type){ .dtype = call->in[0].dtype, .rank = 1, .dims = { count > 0 ? (int64_t)count : 0 } };
    return CLADE_OK;
}

static clade_status range_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    bool real = cld_dtype_in(call->in[0].dtype, CLD_FLOATS);
    double start = cld_tensor_get(call->value[START], 0), delta = cld_tensor_get(call->value[DELTA], 0);
    uint64_t from = (uint64_t)cld_tensor_get_int(call->value[START], 0);
    uint64_t by = (uint64_t)cld_tensor_get_int(call->value[DELTA], 0);
    for (int64_t i = 0; i < call->out[0].dims[0]; i++) {
        if (real)
            cld_tensor_set(out[0], i, start + (double)i * delta);
        else
            cld_tensor_set_int(out[0], i, (int64_t)(from + (uint64_t)i * by));
    }
    return CLADE_OK;
}

const cld_op cld_op_Range = {
    .domain = "",
    .name = "Range",
    .doc = "start, start + delta, ... before limit",
    .since = 11,
    .attrs = "stash_type:int@27",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = range_infer,
    .eval = range_eval,
};

/* ---- EyeLike ----------------------------------------------------------------------------------------------------- */

static clade_status eye_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t dtype = cld_attr_int(call->node, "dtype", in->dtype);
    if (in->rank != 2)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input must be a matrix, is %s", CLD_TYPE_TEXT(in));
    if (!cld_dtype_valid(dtype))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "attribute dtype %lld is not supported",
                             (long long)dtype);
    call->out[0] = *in;
    call->out[0].dtype = (clade_dtype)dtype;
    return check_size(call, cld_type_count(in), err);
}

static clade_status eye_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    int64_t rows = call->in[0].dims[0], columns = call->in[0].dims[1], k = cld_attr_int(call->node, "k", 0);
    if (k <= -rows || k >= columns)
        return CLADE_OK;
    for (int64_t row = CLD_MAX(0, -k); row < rows && row + k < columns; row++)
        cld_tensor_set_int(out[0], row * columns + row + k, 1);
    return CLADE_OK;
}

const cld_op cld_op_EyeLike = {
    .domain = "",
    .name = "EyeLike",
    .doc = "zeros in the shape of the input, with ones on diagonal k",
    .since = 9,
    .attrs = "dtype:int k:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .lazy = true,
    .infer = eye_infer,
    .eval = eye_eval,
};
