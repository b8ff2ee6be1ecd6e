/* SPDX-License-Identifier: Apache-2.0 */
/* OneHot: a new axis of `depth` entries, `on` at the index and `off` elsewhere. */
#include "op/move/move.h"

enum { INDICES, DEPTH, VALUES };

static clade_status read_depth(cld_call *call, int32_t *axis, int64_t *depth, clade_error *err) {
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[INDICES].rank + 1, axis, err));
    const clade_tensor *value;
    CLD_RETURN(cld_call_number(call, DEPTH, "depth", CLD_NUMBERS, &value, err));
    *depth = cld_tensor_get_int(value, 0);
    if (*depth < 0 || *depth > INT32_MAX)
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "depth is %lld", (long long)*depth);
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *index = &call->in[INDICES];
    int32_t axis;
    int64_t depth;
    CLD_RETURN(cld_call_dtype(call, INDICES, CLD_NUMBERS, err));
    CLD_RETURN(cld_call_dtype(call, VALUES, CLD_ALL_DTYPES, err));
    CLD_RETURN(read_depth(call, &axis, &depth, err));
    if (index->rank >= CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output has rank %d; at most %d is supported",
                             index->rank + 1, CLADE_MAX_RANK);
    if (cld_type_count(&call->in[VALUES]) != 2)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "values are %s, not two", CLD_TYPE_TEXT(&call->in[VALUES]));
    cld_type out = { .dtype = call->in[VALUES].dtype, .rank = index->rank + 1 };
    for (int32_t d = 0; d < out.rank; d++)
        out.dims[d] = d == axis ? depth : index->dims[d - (d > axis)];
    call->out[0] = out;
    return CLADE_OK;
}

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    cld_call again = *emit->call;
    const cld_type *index = &emit->call->in[INDICES];
    clade_dtype bits = cld_dtype_bits(emit->call->in[VALUES].dtype);
    int64_t depth, count = cld_type_count(&emit->call->out[0]), chunk = cld_item_elements(emit->caps, count);
    int32_t axis;
    CLD_RETURN(read_depth(&again, &axis, &depth, err));
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "onehot", "onehot");
    cld_step_define_dtype(emit->steps, step, "E", bits);
    cld_step_define_dtype(emit->steps, step, "I", index->dtype);
    cld_step_out(emit->steps, step, emit->out[0], bits);
    cld_step_in(emit->steps, step, emit->in[INDICES], index->dtype);
    cld_step_in(emit->steps, step, emit->in[VALUES], bits);
    const int64_t sizes[] = { count, chunk, depth, cld_type_span(index, axis, index->rank) };
    cld_step_ints(emit->steps, step, CLD_COUNT(sizes), sizes);
    cld_step_items(step, emit->caps, (count + chunk - 1) / chunk);
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    const clade_tensor *values = call->value[VALUES];
    size_t size = clade_dtype_size(values->dtype);
    int64_t depth;
    int32_t axis;
    CLD_RETURN(read_depth(&again, &axis, &depth, err));
    int64_t inner = cld_type_span(&call->in[INDICES], axis, call->in[INDICES].rank);
    for (int64_t at = 0, count = cld_type_count(&call->out[0]); at < count; at++) {
        int64_t i = cld_tensor_get_int(call->value[INDICES], at / inner / depth * inner + at % inner);
        bool on = (i < 0 ? i + depth : i) == at / inner % depth;
        memcpy((char *)out[0]->data + (size_t)at * size, (const char *)values->data + on * size, size);
    }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "elements", .emit = emit_elements }, { 0 } };

const cld_op cld_op_OneHot = {
    .domain = "",
    .name = "OneHot",
    .doc = "a new axis of depth entries: values[1] at the index, values[0] elsewhere",
    .since = 9,
    .attrs = "axis:int",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = rows,
};
