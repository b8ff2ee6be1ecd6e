/* SPDX-License-Identifier: Apache-2.0 */
/* GatherElements: one index for each element of the output, along an axis of the data. */
#include "op/move/move.h"

typedef struct lookup {
    int32_t axis;
    int64_t from[CLADE_MAX_RANK], axis_stride; /* strides of the data, that of the axis apart */
} lookup;

static clade_status read_lookup(const cld_call *call, lookup *out, clade_error *err) {
    const cld_type *data = &call->in[0], *index = &call->in[1];
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), data->rank, &out->axis, err));
    if (index->rank != data->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "data is %s, indices are %s", CLD_TYPE_TEXT(data),
                             CLD_TYPE_TEXT(index));
    for (int32_t d = 0; d < data->rank; d++)
        if (d != out->axis && index->dims[d] > data->dims[d])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "indices %s reach beyond data %s on axis %d",
                                 CLD_TYPE_TEXT(index), CLD_TYPE_TEXT(data), d);
    CLD_RETURN(cld_call_indices(call, 1, &data->dims[out->axis], 1, err));
    cld_strides(data, out->from);
    out->axis_stride = out->from[out->axis];
    out->from[out->axis] = 0;
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    lookup look;
    CLD_RETURN(read_lookup(call, &look, err));
    call->out[0] = call->in[1];
    call->out[0].dtype = call->in[0].dtype;
    return CLADE_OK;
}

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    const cld_type *data = &call->in[0], *index = &call->in[1];
    cld_steps *steps = emit->steps;
    clade_dtype bits = cld_dtype_bits(data->dtype);
    int64_t count = cld_type_count(index), chunk = cld_item_elements(emit->caps, count);
    int64_t dims[CLADE_MAX_RANK], strides[CLADE_MAX_RANK];
    lookup look;
    CLD_RETURN(read_lookup(call, &look, err));
    if (count == 0)
        return CLADE_OK;
    for (int32_t d = 0; d < index->rank; d++) { /* the kernel counts dimensions from the innermost */
        dims[d] = index->dims[index->rank - 1 - d];
        strides[d] = look.from[index->rank - 1 - d];
    }
    cld_step *step = cld_step_kernel(steps, "gather", "gather_elements");
    cld_step_define_dtype(steps, step, "E", bits);
    cld_step_define_dtype(steps, step, "I", index->dtype);
    cld_step_out(steps, step, emit->out[0], bits);
    cld_step_in(steps, step, emit->in[0], bits);
    cld_step_in(steps, step, emit->in[1], index->dtype);
    const int64_t sizes[] = { count, chunk, data->dims[look.axis], look.axis_stride, index->rank };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_eight(steps, step, dims, index->rank);
    cld_step_eight(steps, step, strides, index->rank);
    cld_step_indices(emit, step, 1, "index");
    cld_step_items(step, emit->caps, (count + chunk - 1) / chunk);
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const cld_type *index = &call->in[1];
    size_t size = clade_dtype_size(call->in[0].dtype);
    lookup look;
    CLD_RETURN(read_lookup(call, &look, err));
    for (int64_t at = 0, count = cld_type_count(index); at < count; at++) {
        int64_t i = cld_index(cld_tensor_get_int(call->value[1], at), call->in[0].dims[look.axis]);
        int64_t from = i * look.axis_stride, rest = at;
        for (int32_t d = index->rank - 1; d >= 0; rest /= index->dims[d--])
            from += rest % index->dims[d] * look.from[d];
        memcpy((char *)out[0]->data + (size_t)at * size, (const char *)call->value[0]->data + (size_t)from * size,
               size);
    }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "elements", .emit = emit_elements }, { 0 } };

const cld_op cld_op_GatherElements = {
    .domain = "",
    .name = "GatherElements",
    .doc = "out[c] = data[c with its coordinate on axis replaced by indices[c]]",
    .since = 11,
    .attrs = "axis:int",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = rows,
};
