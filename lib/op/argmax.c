/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: the index of the largest or smallest element along an axis; of equal ones the first, or the last.
 */
#include "op/move.h"

static clade_status infer(cld_call *call, clade_error *err) {
    int32_t axis;
    bool keep = cld_attr_int(call->node, "keepdims", 1) != 0;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), call->in[0].rank, &axis, err));
    if (call->in[0].dims[axis] == 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %d is empty", (int)axis);
    call->out[0] = (cld_type){ .dtype = CLADE_INT64 };
    for (int32_t d = 0; d < call->in[0].rank; d++)
        if (d != axis || keep)
            call->out[0].dims[call->out[0].rank++] = d == axis ? 1 : call->in[0].dims[d];
    return CLADE_OK;
}

static clade_status emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    const cld_type *in = &call->in[0];
    int64_t count = cld_type_count(&call->out[0]);
    int32_t axis;
    bool last = cld_attr_int(call->node, "select_last_index", 0) != 0, max = strcmp(call->node->type, "ArgMax") == 0;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), in->rank, &axis, err));
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "argmax", "argmax");
    cld_step_define_dtype(emit->steps, step, "T", in->dtype);
    cld_step_define(emit->steps, step, "BETTER(a, b)", "((a) %c%s (b))", max ? '>' : '<', last ? "=" : "");
    cld_step_out(emit->steps, step, emit->out[0], CLADE_INT64);
    cld_step_in(emit->steps, step, emit->in[0], in->dtype);
    cld_step_int(emit->steps, step, (int32_t)count);
    cld_step_int(emit->steps, step, (int32_t)in->dims[axis]);
    cld_step_int(emit->steps, step, (int32_t)cld_type_span(in, axis + 1, in->rank));
    cld_step_items(step, emit->caps, count);
    step->bytes = (double)cld_type_bytes(in);
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "each", .emit = emit }, { 0 } };

#define ARG(symbol, which)                                                                                             \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = "the index of the " which " element along an axis",                                                     \
        .since = 1,                                                                                                    \
        .attrs = "axis:int keepdims:int select_last_index:int@12",                                                     \
        .min_in = 1,                                                                                                   \
        .max_in = 1,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer,                                                                                                \
        .impls = rows,                                                                                                 \
    };
ARG(ArgMax, "largest")
ARG(ArgMin, "smallest")
