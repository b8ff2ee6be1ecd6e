/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution kernel for any element type and device: cl/conv.cl, direct. Also the one that quantised convolutions
 * run. */
#include "op/matrix/conv.h"

/* 0 when one value serves all filters, 1 when each has its own. */
static int64_t step_of(const cld_call *call, int32_t k) {
    return k >= 0 && cld_call_has(call, k) && cld_type_count(&call->in[k]) > 1;
}

static void quantisation(const cld_emit *emit, cld_step *step, const cld_conv_operands *o, clade_dtype out) {
    const cld_call *call = emit->call;
    cld_step_define(emit->steps, step, "QUANTISED", "1");
    cld_step_define_dtype(emit->steps, step, "X", call->in[o->x].dtype);
    cld_step_define_dtype(emit->steps, step, "W", call->in[o->w].dtype);
    cld_step_define_dtype(emit->steps, step, "ACC", CLADE_UINT32); /* sums wrap */
    if (o->y_scale >= 0) {
        cld_step_define(emit->steps, step, "SCALED", "1");
        cld_step_define(emit->steps, step, "SCALED_MIN", out == CLADE_INT8 ? "-128" : "0");
        cld_step_define(emit->steps, step, "SCALED_MAX", out == CLADE_INT8 ? "127" : "255");
    }
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->x_zero), call->in[o->x].dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->w_zero), call->in[o->w].dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->x_scale), CLADE_FLOAT32);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->w_scale), CLADE_FLOAT32);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->y_scale), CLADE_FLOAT32);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->y_zero), out);
    cld_step_ints(emit->steps, step, 4,
                  (int64_t[]){ cld_call_has(call, o->x_zero), cld_call_has(call, o->w_zero), step_of(call, o->w_zero),
                               step_of(call, o->w_scale) });
}

void cld_conv_direct(const cld_emit *emit, const cld_conv_operands *o) {
    const cld_call *call = emit->call;
    bool quantised = o->x_zero >= 0, has_bias = cld_emit_in(emit, o->bias).i >= 0;
    clade_dtype out = call->out[0].dtype, sum = quantised ? CLADE_INT32 : out;
    if (cld_type_count(&call->out[0]) == 0)
        return;
    const cld_conv *conv = call->problem;
    const cld_window *window = &conv->window;
    int64_t chunk = CLD_MAX(emit->value[0], 1);

    cld_step *step = cld_step_kernel(emit->steps, "conv", "direct");
    cld_step_define_dtype(emit->steps, step, "T", out);
    cld_step_define(emit->steps, step, "CHUNK", "%lld", (long long)chunk);
    cld_step_out(emit->steps, step, emit->out[0], out);
    cld_step_in(emit->steps, step, emit->in[o->x], call->in[o->x].dtype);
    cld_step_in(emit->steps, step, emit->in[o->w], call->in[o->w].dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, o->bias), sum);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ conv->channels, conv->filters, conv->groups * conv->filters });
    cld_window_args(emit->steps, step, window);
    cld_step_int(emit->steps, step, has_bias);
    if (quantised)
        quantisation(emit, step, o, out);
    cld_epilogue_write(emit, step, 0);
    cld_window_launch(emit, step, window, conv->groups * conv->filters, conv->images);
    step->flops = 2.0 * (double)cld_type_count(&call->out[0]) * (double)cld_conv_terms(conv);
}
