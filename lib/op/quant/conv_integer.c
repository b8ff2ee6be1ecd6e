/* SPDX-License-Identifier: Apache-2.0 */
/* ConvInteger and QLinearConv: convolutions of 8-bit integers with zero points, summed in int32. QLinearConv scales the
 * sum to the output's type: round half to even, saturate. Rows: conv_direct.c.
 */
#include "op/matrix/conv.h"
#include "op/quant/quantize.h"

static const cld_conv_operands integer = {
    .x = 0, .w = 1, .bias = -1, .x_zero = 2, .w_zero = 3, .x_scale = -1, .w_scale = -1, .y_scale = -1, .y_zero = -1
};
static const cld_conv_operands qlinear = {
    .x = 0, .w = 3, .bias = 8, .x_zero = 2, .w_zero = 5, .x_scale = 1, .w_scale = 4, .y_scale = 6, .y_zero = 7
};

static const cld_conv_operands *operands_of(const cld_call *call) {
    return strcmp(call->node->type, "QLinearConv") == 0 ? &qlinear : &integer;
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_conv_operands *o = operands_of(call);
    const cld_dtypes bytes = CLD_BIT(INT8) | CLD_BIT(UINT8);
    CLD_RETURN(cld_call_dtype(call, o->x, bytes, err));
    CLD_RETURN(cld_call_dtype(call, o->w, bytes, err));
    if (call->in[o->w].rank < 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the weights are a scalar");
    int64_t filters = call->in[o->w].dims[0];
    CLD_RETURN(cld_quantised_like(call, o->x_zero, o->x, 1, err));
    CLD_RETURN(cld_quantised_like(call, o->w_zero, o->w, filters, err));
    call->out[0].dtype = CLADE_INT32;
    if (o->y_zero >= 0) {
        CLD_RETURN(cld_call_dtype(call, o->y_zero, bytes, err));
        CLD_RETURN(cld_quantised_like(call, o->y_zero, o->y_zero, 1, err));
        CLD_RETURN(cld_quantised_scale(call, o->x_scale, 1, err));
        CLD_RETURN(cld_quantised_scale(call, o->w_scale, filters, err));
        CLD_RETURN(cld_quantised_scale(call, o->y_scale, 1, err));
        if (cld_call_has(call, o->bias))
            CLD_RETURN(cld_call_dtype(call, o->bias, CLD_BIT(INT32), err));
        call->out[0].dtype = call->in[o->y_zero].dtype;
    }
    return cld_conv_infer(call, o->w, o->bias < 0 ? INT32_MAX : o->bias, err);
}

static const void *read(const cld_emit *emit) {
    return cld_conv_read(emit->call, operands_of(emit->call)->w, emit->steps->arena);
}

static clade_status emit_direct(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_conv_direct(emit, operands_of(emit->call));
    return CLADE_OK;
}

static const cld_impl rows[] = {
    { .name = "rows", .needs = CLD_NEEDS_CPU, .emit = emit_direct, .space = &cld_chunk_space },
    { .name = "reference", .emit = emit_direct },
    { 0 }
};

const cld_op cld_op_ConvInteger = {
    .domain = "",
    .name = "ConvInteger",
    .doc = "Y = convolution of (x - x_zero_point) with (w - w_zero_point) in int32",
    .since = 10,
    .attrs = CLD_CONV_ATTRS,
    .min_in = 2,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .read = read,
    .describe = cld_conv_describe,
    .impls = rows,
};

const cld_op cld_op_QLinearConv = {
    .domain = "",
    .name = "QLinearConv",
    .doc = "y = saturate(round(s (B + convolution of (x - x_zero_point) with (w - w_zero_point)))) + y_zero_point, "
           "s = x_scale w_scale / y_scale",
    .since = 10,
    .attrs = CLD_CONV_ATTRS,
    .min_in = 8,
    .max_in = 9,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .read = read,
    .describe = cld_conv_describe,
    .impls = rows,
};
