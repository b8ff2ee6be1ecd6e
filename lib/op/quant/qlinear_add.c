/* SPDX-License-Identifier: Apache-2.0 */
/* com.microsoft QLinearAdd: C = saturate(round(fixed + a A + b B)), a = A_scale / C_scale, b = B_scale / C_scale,
 * fixed = C_zero_point - (a A_zero_point + b B_zero_point), in float32 and in this order: ONNX Runtime's arithmetic, so
 * that ties fall alike. Shapes broadcast. Everything about the scales is constant in practice and folds on the host.
 */
#include "op/quant/quantize.h"

enum { A, A_SCALE, A_ZERO, B, B_SCALE, B_ZERO, C_SCALE, C_ZERO };

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_dtypes bytes = CLD_BIT(INT8) | CLD_BIT(UINT8);
    static const int32_t operands[] = { A, B, C_ZERO };
    for (size_t i = 0; i < CLD_COUNT(operands); i++) {
        if (operands[i] == C_ZERO && !cld_call_has(call, C_ZERO))
            continue;
        CLD_RETURN(cld_call_dtype(call, operands[i], bytes, err));
        if (call->in[operands[i]].dtype != call->in[A].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "A is %s, input %d is %s",
                                 clade_dtype_name(call->in[A].dtype), operands[i],
                                 clade_dtype_name(call->in[operands[i]].dtype));
    }
    CLD_RETURN(cld_quantised_like(call, A_ZERO, A, 1, err));
    CLD_RETURN(cld_quantised_like(call, B_ZERO, B, 1, err));
    CLD_RETURN(cld_quantised_like(call, C_ZERO, C_ZERO, 1, err));
    CLD_RETURN(cld_quantised_scale(call, A_SCALE, 1, err));
    CLD_RETURN(cld_quantised_scale(call, B_SCALE, 1, err));
    CLD_RETURN(cld_quantised_scale(call, C_SCALE, 1, err));
    call->out[0] = call->in[A];
    if (!cld_shape_broadcast(&call->out[0], &call->in[B]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "A %s and B %s do not broadcast", CLD_TYPE_TEXT(&call->in[A]),
                             CLD_TYPE_TEXT(&call->in[B]));
    return CLADE_OK;
}

static clade_status binary(cld_build *build, const char *type, cld_value_id a, cld_value_id b, cld_value_id *out,
                           clade_error *err) {
    return cld_build_op(build, type, (cld_value_id[]){ a, b }, 2, NULL, 0, out, err);
}

static clade_status cast(cld_build *build, cld_value_id in, clade_dtype to, cld_value_id *out, clade_error *err) {
    cld_attr attr = { .name = "to", .kind = CLD_ATTR_INT, .u.i = to };
    return cld_build_op(build, "Cast", &in, 1, &attr, 1, out, err);
}

/* A zero point as a float; one that is absent is 0. Of shape [] or [1]: made [] so that C keeps its rank. */
static clade_status number(const cld_call *call, cld_build *build, int32_t k, cld_value_id *out, clade_error *err) {
    if (!cld_call_has(call, k))
        return cld_build_scalar(build, CLADE_FLOAT32, 0, out, err);
    CLD_RETURN(cast(build, build->in[k], CLADE_FLOAT32, out, err));
    return cld_build_reshape(build, *out, NULL, 0, out, err);
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    bool is_signed = call->in[A].dtype == CLADE_INT8;
    cld_value_id scale[2], zero[2], term[2], c_scale, fixed, sum, low, high;
    CLD_RETURN(number(call, build, C_SCALE, &c_scale, err));
    CLD_RETURN(number(call, build, C_ZERO, &fixed, err));
    for (int32_t i = 0; i < 2; i++) {
        CLD_RETURN(number(call, build, i ? B_SCALE : A_SCALE, &scale[i], err));
        CLD_RETURN(number(call, build, i ? B_ZERO : A_ZERO, &zero[i], err));
        CLD_RETURN(binary(build, "Div", scale[i], c_scale, &scale[i], err));
        CLD_RETURN(binary(build, "Mul", scale[i], zero[i], &zero[i], err));
        CLD_RETURN(cast(build, build->in[i ? B : A], CLADE_FLOAT32, &term[i], err));
        CLD_RETURN(binary(build, "Mul", scale[i], term[i], &term[i], err));
    }
    CLD_RETURN(binary(build, "Add", zero[0], zero[1], &sum, err));
    CLD_RETURN(binary(build, "Sub", fixed, sum, &fixed, err));
    CLD_RETURN(binary(build, "Add", fixed, term[0], &sum, err));
    CLD_RETURN(binary(build, "Add", sum, term[1], &sum, err));
    CLD_RETURN(cld_build_op(build, "Round", &sum, 1, NULL, 0, &sum, err));
    CLD_RETURN(cld_build_scalar(build, CLADE_FLOAT32, is_signed ? -128 : 0, &low, err));
    CLD_RETURN(cld_build_scalar(build, CLADE_FLOAT32, is_signed ? 127 : 255, &high, err));
    CLD_RETURN(cld_build_op(build, "Clip", (cld_value_id[]){ sum, low, high }, 3, NULL, 0, &sum, err));
    return cast(build, sum, call->in[A].dtype, &build->out[0], err);
}

const cld_op cld_op_QLinearAdd = {
    .domain = "com.microsoft",
    .name = "QLinearAdd",
    .doc = "C = saturate(round((A_scale (A - A_zero_point) + B_scale (B - B_zero_point)) / C_scale)) + C_zero_point",
    .since = 1,
    .min_in = 7,
    .max_in = 8,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .expand = expand,
};
