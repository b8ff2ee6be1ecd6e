/* SPDX-License-Identifier: Apache-2.0 */
/* The row of convolutions of few terms on GPUs, depthwise ones above all: several outputs of a row an item, which
 * share what they see of the input and each weight: cl/conv.cl, strips.
 */
#include "op/matrix/conv.h"

static const cld_param params[] = { { "outs", { 1, 2, 4, 8 } }, { 0 } };

/* Elements of a row of the input that so many outputs see. */
static int64_t span_of(const cld_conv *conv, int64_t outs) {
    const cld_window *w = &conv->window;
    return (outs - 1) * w->stride[2] + (w->kernel[2] - 1) * w->dilation[2] + 1;
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const int64_t most_seen = 32, widest = 16; /* registers; unrolled */
    const cld_conv *conv = call->problem;
    (void)caps;
    return value[0] >= 1 && value[0] <= 16 && conv->window.kernel[2] <= widest && conv->window.stride[2] <= most_seen &&
           conv->window.dilation[2] <= most_seen && span_of(conv, value[0]) <= most_seen;
}

static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const cld_conv *conv = call->problem;
    value[0] = conv->window.stride[2] == 1 ? 4 : 2;
    while (value[0] > 1 && (value[0] > conv->window.out[2] || !valid(call, caps, value)))
        value[0] /= 2;
}

const cld_space cld_conv_strips_space = { params, usual, valid };

bool cld_conv_strips_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_conv *conv = call->problem;
    return cld_dtype_in(conv->dtype, CLD_FLOATS) && cld_type_count(&call->out[0]) > 0 && cld_conv_terms(conv) > 0 &&
           valid(call, caps, (int32_t[]){ 1 });
}

/* As one output an item, but for what is loaded. Not measured. */
double cld_conv_strips_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_conv *conv = call->problem;
    const double taps = (double)conv->window.kernel[2], loads = (double)span_of(conv, value[0]) + taps;
    const double gain = 2 * taps * value[0] / loads;
    return cld_cost(caps, 1, cld_conv_flops(conv), (cld_share){ .cpu = 0.01, .gpu = 0.05 * gain }) +
           cld_cost_chain(caps, loads * (double)cld_conv_terms(conv) / taps);
}

clade_status cld_conv_strips_emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    const cld_conv *conv = call->problem;
    const cld_window *w = &conv->window;
    const int64_t filters = conv->groups * conv->filters, outs = emit->value[0];
    (void)err;
    cld_step *step = cld_step_kernel(emit->steps, "conv", "strips");
    cld_step_define_dtype(emit->steps, step, "T", conv->dtype);
    cld_step_define(emit->steps, step, "OUTS", "%d", (int)outs);
    cld_step_define(emit->steps, step, "KW", "%d", (int)w->kernel[2]);
    cld_step_define(emit->steps, step, "SW", "%d", (int)w->stride[2]);
    cld_step_define(emit->steps, step, "EW", "%d", (int)w->dilation[2]);
    cld_step_out(emit->steps, step, emit->out[0], conv->dtype);
    cld_step_in(emit->steps, step, emit->in[0], conv->dtype);
    cld_step_in(emit->steps, step, emit->in[1], conv->dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, 2), conv->dtype);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ conv->channels, conv->filters, filters });
    cld_window_args(emit->steps, step, w);
    cld_step_int(emit->steps, step, cld_call_has(call, 2));
    cld_epilogue_write(emit, step, 0);
    cld_step_grid(step, emit->caps, w->out[0] * w->out[1] * cld_parts(w->out[2], outs), filters, conv->images);
    step->flops = cld_conv_flops(conv);
    return CLADE_OK;
}
