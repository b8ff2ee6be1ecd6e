/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, and the checks that quantised operators share. */
#include "op/quant/quantize.h"

#include <math.h>

#include "op/core/launch.h"

clade_status cld_quantised_like(const cld_call *call, int32_t k, int32_t like, int64_t count, clade_error *err) {
    if (!cld_call_has(call, k))
        return CLADE_OK;
    int64_t given = cld_type_count(&call->in[k]);
    if (call->in[k].dtype != call->in[like].dtype)
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input %d is %s, its zero point is %s", like,
                             clade_dtype_name(call->in[like].dtype), clade_dtype_name(call->in[k].dtype));
    if (given != 1 && (given != count || call->in[k].rank != 1))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the zero point of input %d is %s, not 1 or %lld values",
                             like, CLD_TYPE_TEXT(&call->in[k]), (long long)count);
    return CLADE_OK;
}

clade_status cld_quantised_scale(const cld_call *call, int32_t k, int64_t count, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, k, CLD_BIT(FLOAT32), err));
    int64_t given = cld_type_count(&call->in[k]);
    if (given != 1 && (given != count || call->in[k].rank != 1))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the scale in input %d is %s, not 1 or %lld values", k,
                             CLD_TYPE_TEXT(&call->in[k]), (long long)count);
    return CLADE_OK;
}

/* ---- QuantizeLinear, DequantizeLinear: X, scale, zero point -------------------------------------------------------
 */

enum { X, SCALE, ZERO };

/* The axis of the parameters: `count` of them, `inner` elements inside each. */
static clade_status layout(const cld_call *call, int64_t *count, int64_t *inner, clade_error *err) {
    const cld_type *x = &call->in[X], *scale = &call->in[SCALE];
    *count = cld_type_count(scale);
    *inner = CLD_MAX(cld_type_count(x), 1);
    if (*count != 1) {
        int32_t axis;
        CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 1), x->rank, &axis, err));
        if ((scale->rank == x->rank && x->rank > 1) || cld_attr_int(call->node, "block_size", 0) != 0)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED,
                                 "blocked quantisation (a scale of %s for %s) is not "
                                 "supported",
                                 CLD_TYPE_TEXT(scale), CLD_TYPE_TEXT(x));
        if (scale->rank != 1 || *count != x->dims[axis])
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the scale is %s, axis %d of the input has %lld",
                                 CLD_TYPE_TEXT(scale), axis, (long long)x->dims[axis]);
        *inner = CLD_MAX(cld_type_span(x, axis + 1, x->rank), 1);
    }
    if (cld_call_has(call, ZERO) && cld_type_count(&call->in[ZERO]) != *count)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the scale is %s, the zero point %s", CLD_TYPE_TEXT(scale),
                             CLD_TYPE_TEXT(&call->in[ZERO]));
    return CLADE_OK;
}

static const cld_dtypes small = CLD_BIT(UINT8) | CLD_BIT(INT8) | CLD_BIT(UINT16) | CLD_BIT(INT16);

static clade_status infer_quantize(cld_call *call, clade_error *err) {
    int64_t count, inner;
    CLD_RETURN(cld_call_dtype(call, X, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16) | CLD_BIT(INT32), err));
    CLD_RETURN(cld_call_dtype(call, SCALE, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16), err));
    if (cld_call_has(call, ZERO))
        CLD_RETURN(cld_call_dtype(call, ZERO, small, err));
    CLD_RETURN(layout(call, &count, &inner, err));
    /* output_dtype (opset 21) speaks where there is no zero point, and agrees with it where there is one. */
    int64_t usual = cld_call_has(call, ZERO) ? call->in[ZERO].dtype : CLADE_UINT8;
    int64_t dtype = cld_attr_int(call->node, "output_dtype", 0);
    dtype = dtype ? dtype : usual;
    if (!cld_dtype_valid(dtype) || !cld_dtype_in((clade_dtype)dtype, small) ||
        (cld_call_has(call, ZERO) && dtype != usual))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output_dtype %lld is not supported here",
                             (long long)dtype);
    call->out[0] = call->in[X];
    call->out[0].dtype = (clade_dtype)dtype;
    return CLADE_OK;
}

static clade_status infer_dequantize(cld_call *call, clade_error *err) {
    int64_t count, inner;
    CLD_RETURN(cld_call_dtype(call, X, small | CLD_BIT(INT32), err));
    CLD_RETURN(cld_call_dtype(call, SCALE, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16), err));
    if (cld_call_has(call, ZERO))
        CLD_RETURN(cld_call_dtype(call, ZERO, CLD_BIT(INT32) | small, err));
    if (cld_call_has(call, ZERO) && call->in[ZERO].dtype != call->in[X].dtype)
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "the input is %s, its zero point %s",
                             clade_dtype_name(call->in[X].dtype), clade_dtype_name(call->in[ZERO].dtype));
    CLD_RETURN(layout(call, &count, &inner, err));
    call->out[0] = call->in[X];
    call->out[0].dtype = call->in[SCALE].dtype;
    return CLADE_OK;
}

static bool is_quantize(const cld_call *call) { return strcmp(call->node->type, "QuantizeLinear") == 0; }

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    int64_t count, inner, total = cld_type_count(&call->in[X]);
    CLD_RETURN(layout(call, &count, &inner, err));
    for (int64_t i = 0; i < total; i++) {
        int64_t k = i / inner % count, zero = cld_call_has(call, ZERO) ? cld_tensor_get_int(call->value[ZERO], k) : 0;
        float scale = (float)cld_tensor_get(call->value[SCALE], k), x;
        if (is_quantize(call)) {
            x = rintf((float)cld_tensor_get(call->value[X], i) / scale) + (float)zero;
            cld_tensor_set(out[0], i, (double)x); /* saturates */
        } else {
            x = (float)(cld_tensor_get_int(call->value[X], i) - zero) * scale;
            cld_tensor_set(out[0], i, (double)x);
        }
    }
    return CLADE_OK;
}

static clade_status emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    int64_t count, inner;
    CLD_RETURN(layout(call, &count, &inner, err));
    if (cld_type_count(&call->out[0]) == 0)
        return CLADE_OK;
    bool has_zero = cld_call_has(call, ZERO);
    clade_dtype zero = has_zero ? call->in[ZERO].dtype : CLADE_UINT8;
    cld_step *step = cld_step_kernel(emit->steps, "quantize", is_quantize(call) ? "quantize" : "dequantize");
    cld_step_define_dtype(emit->steps, step, "X", call->in[X].dtype);
    cld_step_define_dtype(emit->steps, step, "Y", call->out[0].dtype);
    cld_step_define_dtype(emit->steps, step, "S", call->in[SCALE].dtype);
    cld_step_define_dtype(emit->steps, step, "Z", zero);
    if (is_quantize(call))
        cld_step_define(emit->steps, step, "SATURATE", "convert_%s_sat", cld_kern_type(call->out[0].dtype));
    cld_step_out(emit->steps, step, emit->out[0], call->out[0].dtype);
    cld_step_in(emit->steps, step, emit->in[X], call->in[X].dtype);
    cld_step_in(emit->steps, step, emit->in[SCALE], call->in[SCALE].dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, ZERO), zero);
    const int64_t elements = cld_type_count(&call->out[0]);
    cld_step_ints(emit->steps, step, 4, (int64_t[]){ elements, count, inner, has_zero });
    cld_step_grid(step, emit->caps, elements, 1, 1);
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "reference", .emit = emit }, { 0 } };

const cld_op cld_op_QuantizeLinear = {
    .domain = "",
    .name = "QuantizeLinear",
    .doc = "y = saturate(round_half_even(x / y_scale) + y_zero_point), for a tensor or along one axis",
    .since = 10,
    .attrs = "axis:int@13 block_size:int@21 output_dtype:int@21 saturate:int@19",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer_quantize,
    .eval = eval,
    .impls = rows,
};

const cld_op cld_op_DequantizeLinear = {
    .domain = "",
    .name = "DequantizeLinear",
    .doc = "y = (x - x_zero_point) x_scale, for a tensor or along one axis",
    .since = 10,
    .attrs = "axis:int@13 block_size:int@21",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer_dequantize,
    .eval = eval,
    .impls = rows,
};

/* ---- DynamicQuantizeLinear ----------------------------------------------------------------------------------------
 */

static clade_status infer_dynamic(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_BIT(FLOAT32), err));
    call->out[0] = call->in[0];
    call->out[0].dtype = CLADE_UINT8;
    if (call->n_out > 1)
        call->out[1] = (cld_type){ .dtype = CLADE_FLOAT32 };
    if (call->n_out > 2)
        call->out[2] = (cld_type){ .dtype = CLADE_UINT8 };
    return CLADE_OK;
}

/* The range of x, stretched to hold 0, onto 0 ... 255; a range of nothing has scale 1. */
static clade_status expand_dynamic(const cld_call *call, cld_build *build, clade_error *err) {
    (void)call;
    static const cld_attr flat[] = { { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 } },
                          to_uint8[] = { { .name = "to", .kind = CLD_ATTR_INT, .u.i = CLADE_UINT8 } };
    cld_value_id zero, one, most, low, high, range, scale, none, point;
#define BUILD(out, type, attrs, ...)                                                                                   \
    CLD_RETURN(cld_build_op(build, type, (const cld_value_id[]){ __VA_ARGS__ },                                        \
                            (int32_t)CLD_COUNT(((const cld_value_id[]){ __VA_ARGS__ })), attrs, (attrs) != NULL, out,  \
                            err))
    CLD_RETURN(cld_build_scalar(build, CLADE_FLOAT32, 0, &zero, err));
    CLD_RETURN(cld_build_scalar(build, CLADE_FLOAT32, 1, &one, err));
    CLD_RETURN(cld_build_scalar(build, CLADE_FLOAT32, 255, &most, err));
    BUILD(&low, "ReduceMin", flat, build->in[0]);
    BUILD(&high, "ReduceMax", flat, build->in[0]);
    BUILD(&low, "Min", NULL, low, zero);
    BUILD(&high, "Max", NULL, high, zero);
    BUILD(&range, "Sub", NULL, high, low);
    BUILD(&none, "Equal", NULL, range, zero);
    BUILD(&scale, "Div", NULL, range, most);
    BUILD(&scale, "Where", NULL, none, one, scale);
    BUILD(&point, "Div", NULL, low, scale);
    BUILD(&point, "Sub", NULL, zero, point);
    BUILD(&point, "Clip", NULL, point, zero, most);
    BUILD(&point, "Round", NULL, point);
    BUILD(&point, "Cast", to_uint8, point);
    BUILD(&build->out[0], "QuantizeLinear", NULL, build->in[0], scale, point);
#undef BUILD
    if (call->n_out > 1)
        build->out[1] = scale;
    if (call->n_out > 2)
        build->out[2] = point;
    return CLADE_OK;
}

const cld_op cld_op_DynamicQuantizeLinear = {
    .domain = "",
    .name = "DynamicQuantizeLinear",
    .doc = "y_scale = (max(x, 0) - min(x, 0)) / 255, y_zero_point = round(-min(x, 0) / y_scale), y = x quantised so",
    .since = 11,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 3,
    .infer = infer_dynamic,
    .expand = expand_dynamic,
};
