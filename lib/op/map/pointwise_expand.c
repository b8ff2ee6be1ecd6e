/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise operators in terms of others: Clip, Gelu, Mean. The fuse pass makes one kernel of what they become. */
#include "op/map/pointwise.h"

/* Runs `body` on the node's inputs in float32 where they are float16, so that only its result is rounded to half. */
static clade_status in_float(const cld_call *call, cld_build *build,
                             clade_status (*body)(const cld_call *, cld_build *, cld_value_id *, clade_error *),
                             clade_error *err) {
    const cld_attr wide = { .name = "to", .kind = CLD_ATTR_INT, .u.i = CLADE_FLOAT32 };
    const cld_attr half = { .name = "to", .kind = CLD_ATTR_INT, .u.i = CLADE_FLOAT16 };
    cld_build inner = *build;
    cld_value_id *in = cld_arena_copy(call->arena, build->in, (size_t)call->n_in * sizeof *in), result;
    if (!in)
        return cld_no_memory(err, build->node);
    inner.in = in;
    if (call->out[0].dtype != CLADE_FLOAT16)
        return body(call, &inner, build->out, err);
    for (int32_t k = 0; k < call->n_in; k++)
        CLD_RETURN(cld_build_op(build, "Cast", &build->in[k], 1, &wide, 1, &in[k], err));
    CLD_RETURN(body(call, &inner, &result, err));
    return cld_build_op(build, "Cast", &result, 1, &half, 1, build->out, err);
}

/* ---- Clip -------------------------------------------------------------------------------------------------------- */

static clade_status clip_infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    for (int32_t k = 1; k < 3; k++) {
        if (!cld_call_has(call, k))
            continue;
        if (call->in[k].dtype != call->in[0].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input is %s, bound %d is %s",
                                 clade_dtype_name(call->in[0].dtype), (int)k, clade_dtype_name(call->in[k].dtype));
        if (cld_type_count(&call->in[k]) != 1 || call->in[k].rank > call->in[0].rank)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "bound %d must be a scalar, it is %s", (int)k,
                                 CLD_TYPE_TEXT(&call->in[k]));
    }
    call->out[0] = call->in[0];
    return CLADE_OK;
}

/* min(max(x, low), high); an absent bound does nothing. */
static clade_status clip(cld_build *build, cld_value_id low, cld_value_id high, clade_error *err) {
    cld_value_id result = build->in[0];
    if (cld_present(low))
        CLD_RETURN(cld_build_op(build, "Max", (cld_value_id[]){ result, low }, 2, NULL, 0, &result, err));
    if (cld_present(high))
        CLD_RETURN(cld_build_op(build, "Min", (cld_value_id[]){ result, high }, 2, NULL, 0, &result, err));
    if (!cld_present(low) && !cld_present(high))
        CLD_RETURN(cld_build_op(build, "Identity", build->in, 1, NULL, 0, &result, err));
    build->out[0] = result;
    return CLADE_OK;
}

static clade_status clip_expand(const cld_call *call, cld_build *build, clade_error *err) {
    return clip(build, cld_call_has(call, 1) ? build->in[1] : CLD_ABSENT,
                cld_call_has(call, 2) ? build->in[2] : CLD_ABSENT, err);
}

static clade_status clip_6_expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_value_id low = CLD_ABSENT, high = CLD_ABSENT;
    if (cld_attr_find(call->node, "min", CLD_ATTR_FLOAT))
        CLD_RETURN(cld_build_scalar(build, call->in[0].dtype, (double)cld_attr_float(call->node, "min", 0), &low, err));
    if (cld_attr_find(call->node, "max", CLD_ATTR_FLOAT))
        CLD_RETURN(
            cld_build_scalar(build, call->in[0].dtype, (double)cld_attr_float(call->node, "max", 0), &high, err));
    return clip(build, low, high, err);
}

const cld_op cld_op_Clip_6 = {
    .domain = "",
    .name = "Clip",
    .doc = "y = min(max(x, min), max), bounds as attributes",
    .since = 6,
    .until = 10,
    .attrs = "max:float min:float",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = clip_infer,
    .expand = clip_6_expand,
};

const cld_op cld_op_Clip = {
    .domain = "",
    .name = "Clip",
    .doc = "y = min(max(x, min), max), bounds as inputs",
    .since = 11,
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = clip_infer,
    .expand = clip_expand,
};

/* ---- Gelu -------------------------------------------------------------------------------------------------------- */

static clade_status gelu_infer(cld_call *call, clade_error *err) {
    const char *approximate = cld_attr_string(call->node, "approximate", "none");
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    if (strcmp(approximate, "none") != 0 && strcmp(approximate, "tanh") != 0)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "approximate '%s' is not supported", approximate);
    call->out[0] = call->in[0];
    return CLADE_OK;
}

/* *out = type(a, constant) */
static clade_status with_scalar(cld_build *build, const char *type, cld_value_id a, double constant, cld_value_id *out,
                                clade_error *err) {
    cld_value_id in[2] = { a };
    CLD_RETURN(cld_build_scalar(build, cld_graph_at(build->graph, a)->type.dtype, constant, &in[1], err));
    return cld_build_op(build, type, in, 2, NULL, 0, out, err);
}

static clade_status gelu(const cld_call *call, cld_build *build, cld_value_id *out, clade_error *err) {
    cld_value_id x = build->in[0], t = x, half;
    if (strcmp(cld_attr_string(call->node, "approximate", "none"), "tanh") == 0) {
        CLD_RETURN(cld_build_op(build, "Mul", (cld_value_id[]){ x, x }, 2, NULL, 0, &t, err));
        CLD_RETURN(with_scalar(build, "Mul", t, 0.044715, &t, err));
        CLD_RETURN(with_scalar(build, "Add", t, 1, &t, err));
        CLD_RETURN(cld_build_op(build, "Mul", (cld_value_id[]){ t, x }, 2, NULL, 0, &t, err));
        CLD_RETURN(with_scalar(build, "Mul", t, 0.79788456080286535588 /* sqrt(2 / pi) */, &t, err));
        CLD_RETURN(cld_build_op(build, "Tanh", &t, 1, NULL, 0, &t, err));
    } else {
        CLD_RETURN(with_scalar(build, "Mul", x, 0.70710678118654752440 /* 1 / sqrt(2) */, &t, err));
        CLD_RETURN(cld_build_op(build, "Erf", &t, 1, NULL, 0, &t, err));
    }
    CLD_RETURN(with_scalar(build, "Add", t, 1, &t, err));
    CLD_RETURN(with_scalar(build, "Mul", x, 0.5, &half, err));
    return cld_build_op(build, "Mul", (cld_value_id[]){ half, t }, 2, NULL, 0, out, err);
}

static clade_status gelu_expand(const cld_call *call, cld_build *build, clade_error *err) {
    return in_float(call, build, gelu, err);
}

const cld_op cld_op_Gelu = {
    .domain = "",
    .name = "Gelu",
    .doc = "y = x / 2 (1 + erf(x / sqrt 2)), or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) for the erf",
    .since = 20,
    .attrs = "approximate:string",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = gelu_infer,
    .expand = gelu_expand,
};

/* ---- Mean -------------------------------------------------------------------------------------------------------- */

static clade_status mean_infer(cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < call->n_in; k++) {
        CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
        if (call->in[k].dtype != call->in[0].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input 0 is %s, input %d is %s",
                                 clade_dtype_name(call->in[0].dtype), (int)k, clade_dtype_name(call->in[k].dtype));
    }
    return cld_pointwise_shape(call, call->in[0].dtype, err);
}

static clade_status mean(const cld_call *call, cld_build *build, cld_value_id *out, clade_error *err) {
    cld_value_id sum;
    CLD_RETURN(cld_build_op(build, "Sum", build->in, call->n_in, NULL, 0, &sum, err));
    return with_scalar(build, "Div", sum, call->n_in, out, err);
}

static clade_status mean_expand(const cld_call *call, cld_build *build, clade_error *err) {
    return in_float(call, build, mean, err);
}

const cld_op cld_op_Mean = {
    .domain = "",
    .name = "Mean",
    .doc = "y = (x0 + x1 + ...) / n",
    .since = 6,
    .min_in = 1,
    .max_in = -1,
    .min_out = 1,
    .max_out = 1,
    .infer = mean_infer,
    .expand = mean_expand,
};
