/* SPDX-License-Identifier: Apache-2.0 */
/* ReverseSequence: the first sequence_lens[b] entries of each batch member in reverse along the time axis. */
#include "op/move/move.h"

static clade_status time_is_first(const cld_call *call, bool *out, clade_error *err) {
    int64_t time = cld_attr_int(call->node, "time_axis", 0), batch = cld_attr_int(call->node, "batch_axis", 1);
    *out = time == 0;
    if (time < 0 || time > 1 || batch != 1 - time)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "time_axis %lld and batch_axis %lld are not 0 and 1",
                             (long long)time, (long long)batch);
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0], *length = &call->in[1];
    bool time_first;
    CLD_RETURN(time_is_first(call, &time_first, err));
    CLD_RETURN(cld_call_dtype(call, 1, CLD_BIT(INT64), err));
    if (in->rank < 2 || length->rank != 1 || length->dims[0] != in->dims[time_first])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input is %s, sequence_lens are %s", CLD_TYPE_TEXT(in),
                             CLD_TYPE_TEXT(length));
    CLD_RETURN(cld_call_within(call, 1, in->dims[!time_first], "sequence length", in->dims[!time_first], err));
    return cld_infer_same(call, err);
}

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    const cld_type *in = &emit->call->in[0];
    clade_dtype bits = cld_dtype_bits(in->dtype);
    int64_t count = cld_type_count(in), chunk = cld_item_elements(emit->caps, count);
    bool time_first;
    CLD_RETURN(time_is_first(emit->call, &time_first, err));
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "reverse", "reverse_sequence");
    cld_step_define_dtype(emit->steps, step, "E", bits);
    cld_step_define(emit->steps, step, "TIME_FIRST", "%d", time_first);
    cld_step_out(emit->steps, step, emit->out[0], bits);
    cld_step_in(emit->steps, step, emit->in[0], bits);
    cld_step_in(emit->steps, step, emit->in[1], CLADE_INT64);
    const int64_t sizes[] = { count, chunk, in->dims[0], in->dims[1], cld_type_span(in, 2, in->rank) };
    cld_step_ints(emit->steps, step, CLD_COUNT(sizes), sizes);
    cld_step_indices(emit, step, 1, "sequence length");
    cld_step_items(step, emit->caps, (count + chunk - 1) / chunk);
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    size_t bytes = (size_t)cld_type_span(in, 2, in->rank) * clade_dtype_size(in->dtype);
    bool time_first;
    CLD_RETURN(time_is_first(call, &time_first, err));
    for (int64_t c0 = 0; bytes && c0 < in->dims[0]; c0++)
        for (int64_t c1 = 0; c1 < in->dims[1]; c1++) {
            int64_t time = time_first ? c0 : c1, size = cld_tensor_get_int(call->value[1], time_first ? c1 : c0);
            int64_t from = time < size ? size - 1 - time : time;
            int64_t row = time_first ? from * in->dims[1] + c1 : c0 * in->dims[1] + from;
            memcpy((char *)out[0]->data + (size_t)(c0 * in->dims[1] + c1) * bytes,
                   (const char *)call->value[0]->data + (size_t)row * bytes, bytes);
        }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "elements", .emit = emit_elements }, { 0 } };

const cld_op cld_op_ReverseSequence = {
    .domain = "",
    .name = "ReverseSequence",
    .doc =
        "the first sequence_lens[b] entries of batch member b in reverse along the time axis, the others as they are",
    .since = 10,
    .attrs = "batch_axis:int time_axis:int",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = rows,
};
