/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisations in terms of others: MeanVarianceNormalization, LpNormalization. */
#include "op/core/op.h"

static clade_status infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static clade_status binary(cld_build *build, const char *type, cld_value_id a, cld_value_id b, cld_value_id *out,
                           clade_error *err) {
    return cld_build_op(build, type, (cld_value_id[]){ a, b }, 2, NULL, 0, out, err);
}

static const int64_t *mvn_axes(const cld_call *call, int32_t *count) {
    static const int64_t usual[] = { 0, 2, 3 };
    if (cld_attr_find(call->node, "axes", CLD_ATTR_INTS))
        return cld_attr_ints(call->node, "axes", count);
    *count = (int32_t)CLD_COUNT(usual);
    return usual;
}

static clade_status mvn_infer(cld_call *call, clade_error *err) {
    int32_t count, axis;
    const int64_t *axes = mvn_axes(call, &count);
    CLD_RETURN(infer(call, err));
    for (int32_t k = 0; k < count; k++)
        CLD_RETURN(cld_call_axis(call, axes[k], call->in[0].rank, &axis, err));
    return CLADE_OK;
}

/* (x - mean) / (sqrt(mean of squared deviations) + 1e-9) over `axes`. */
static clade_status mvn_expand(const cld_call *call, cld_build *build, clade_error *err) {
    int32_t count;
    const int64_t *axes = mvn_axes(call, &count);
    cld_value_id list, mean, centred, deviation, tiny;
    CLD_RETURN(cld_build_ints(build, axes, count, &list, err));
    CLD_RETURN(cld_build_scalar(build, call->in[0].dtype, 1e-9, &tiny, err));
    CLD_RETURN(binary(build, "ReduceMean", build->in[0], list, &mean, err));
    CLD_RETURN(binary(build, "Sub", build->in[0], mean, &centred, err));
    CLD_RETURN(binary(build, "Mul", centred, centred, &deviation, err));
    CLD_RETURN(binary(build, "ReduceMean", deviation, list, &deviation, err));
    CLD_RETURN(cld_build_op(build, "Sqrt", &deviation, 1, NULL, 0, &deviation, err));
    CLD_RETURN(binary(build, "Add", deviation, tiny, &deviation, err));
    return binary(build, "Div", centred, deviation, build->out, err);
}

const cld_op cld_op_MeanVarianceNormalization = {
    .domain = "",
    .name = "MeanVarianceNormalization",
    .doc = "y = (x - mean) / standard deviation over axes",
    .since = 9,
    .attrs = "axes:ints",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = mvn_infer,
    .expand = mvn_expand,
};

static clade_status lp_infer(cld_call *call, clade_error *err) {
    int64_t p = cld_attr_int(call->node, "p", 2);
    int32_t axis;
    if (p != 1 && p != 2)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "p = %lld is not supported", (long long)p);
    CLD_RETURN(infer(call, err));
    return cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[0].rank, &axis, err);
}

/* x over its norm along `axis`; a line of zeros stays one. */
static clade_status lp_expand(const cld_call *call, cld_build *build, clade_error *err) {
    const int64_t axis = cld_attr_int(call->node, "axis", -1);
    bool absolute = cld_attr_int(call->node, "p", 2) == 1;
    cld_value_id list, norm, least;
    CLD_RETURN(cld_build_ints(build, &axis, 1, &list, err));
    CLD_RETURN(
        cld_build_scalar(build, call->in[0].dtype, call->in[0].dtype == CLADE_FLOAT16 ? 0x1p-24 : 1e-30, &least, err));
    CLD_RETURN(binary(build, absolute ? "ReduceL1" : "ReduceL2", build->in[0], list, &norm, err));
    CLD_RETURN(binary(build, "Max", norm, least, &norm, err));
    return binary(build, "Div", build->in[0], norm, build->out, err);
}

const cld_op cld_op_LpNormalization = {
    .domain = "",
    .name = "LpNormalization",
    .doc = "y = x / ||x||_p along an axis",
    .since = 1,
    .attrs = "axis:int p:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = lp_infer,
    .expand = lp_expand,
};
