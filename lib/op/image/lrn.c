/* SPDX-License-Identifier: Apache-2.0 */
/* LRN: y = x / (bias + alpha / size * sum of squares over `size` neighbouring channels)^beta. */
#include "op/move/move.h"

static clade_status infer(cld_call *call, clade_error *err) {
    int64_t size = cld_attr_int(call->node, "size", 0);
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    if (call->in[0].rank < 2)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input must be [N, C, ...], it is %s",
                             CLD_TYPE_TEXT(&call->in[0]));
    if (size < 1 || size > INT32_MAX)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "size %lld is not a window", (long long)size);
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static clade_status emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    const cld_type *in = &call->in[0];
    int64_t size = cld_attr_int(call->node, "size", 1), count = cld_type_count(in);
    const double scalars[] = { (double)cld_attr_float(call->node, "alpha", 1e-4f) / (double)size,
                               (double)cld_attr_float(call->node, "beta", 0.75f),
                               (double)cld_attr_float(call->node, "bias", 1) };
    (void)err;
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "lrn", "lrn");
    cld_step_define_dtype(emit->steps, step, "T", in->dtype);
    cld_step_out(emit->steps, step, emit->out[0], in->dtype);
    cld_step_in(emit->steps, step, emit->in[0], in->dtype);
    cld_step_int(emit->steps, step, (int32_t)count);
    cld_step_int(emit->steps, step, (int32_t)in->dims[1]);
    cld_step_int(emit->steps, step, (int32_t)cld_type_span(in, 2, in->rank));
    cld_step_int(emit->steps, step, (int32_t)CLD_MIN((size - 1) / 2, INT32_MAX / 4));
    cld_step_int(emit->steps, step, (int32_t)CLD_MIN(size / 2, INT32_MAX / 4));
    for (size_t k = 0; k < CLD_COUNT(scalars); k++)
        cld_step_real(emit->steps, step, in->dtype, scalars[k]);
    cld_step_items(step, emit->caps, count);
    step->bytes = 2.0 * (double)cld_type_bytes(in);
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "each", .emit = emit }, { 0 } };

const cld_op cld_op_LRN = {
    .domain = "",
    .name = "LRN",
    .doc = "y = x / (bias + alpha / size * sum of squares over neighbouring channels)^beta",
    .since = 1,
    .attrs = "alpha:float beta:float bias:float size:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};
