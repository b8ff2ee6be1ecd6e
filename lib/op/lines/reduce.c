/* SPDX-License-Identifier: Apache-2.0 */
/* The reductions: Reduce* of op/lines/reduce.def, and ReduceLogSumExp, which is made of them. */
#include "op/lines/reduce.h"

/* ---- axes and geometry ------------------------------------------------------------------------------------------- */

clade_status cld_reduce_axes(cld_call *call, uint32_t *mask, bool *nothing, clade_error *err) {
    const int64_t *axes;
    int32_t count, axis, rank = call->in[0].rank;
    CLD_RETURN(cld_call_ints(call, "axes", 1, &axes, &count, err));
    *nothing = count <= 0 && cld_attr_int(call->node, "noop_with_empty_axes", 0);
    *mask = count <= 0 && !*nothing ? (1u << rank) - 1 : 0;
    for (int32_t k = 0; k < count; k++) {
        CLD_RETURN(cld_call_axis(call, axes[k], rank, &axis, err));
        *mask |= 1u << axis;
    }
    return CLADE_OK;
}

cld_reduction cld_reduction_of(const cld_type *in, uint32_t axes) {
    cld_reduction g = { .kept_n = { 1, 1, 1, 1 }, .reduced_n = { 1, 1, 1, 1 }, .lines = { .count = 1, .n = 1 } };
    int64_t strides[CLADE_MAX_RANK];
    int32_t kept = 4, reduced = 4, last = -1;
    cld_strides(in, strides);
    for (int32_t d = in->rank - 1; d >= 0; d--) {
        bool is_reduced = (axes >> d) & 1u;
        int64_t *n = is_reduced ? g.reduced_n : g.kept_n, *s = is_reduced ? g.reduced_s : g.kept_s;
        int32_t *group = is_reduced ? &reduced : &kept;
        *(is_reduced ? &g.lines.n : &g.lines.count) *= in->dims[d];
        if (in->dims[d] == 1)
            continue;
        if (last != is_reduced)
            s[--*group] = strides[d];
        n[*group] *= in->dims[d];
        last = is_reduced;
    }
    return g;
}

int64_t cld_reduction_place(const int64_t n[4], const int64_t strides[4], int64_t i) {
    int64_t at = 0;
    for (int32_t k = 3; k > 0; k--) {
        at += i % n[k] * strides[k];
        i /= n[k];
    }
    return at + i * strides[0];
}

/* ---- inference, expansion ---------------------------------------------------------------------------------------- */

static clade_status infer(cld_call *call, cld_dtypes dtypes, clade_error *err) {
    uint32_t mask;
    bool nothing, keep = cld_attr_int(call->node, "keepdims", 1) != 0;
    cld_type *out = &call->out[0];
    CLD_RETURN(cld_call_dtype(call, 0, dtypes, err));
    CLD_RETURN(cld_reduce_axes(call, &mask, &nothing, err));
    *out = (cld_type){ .dtype = call->in[0].dtype };
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        bool reduced = (mask >> d) & 1u;
        if (!reduced || keep)
            out->dims[out->rank++] = reduced ? 1 : call->in[0].dims[d];
    }
    return CLADE_OK;
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_call copy = *call;
    uint32_t mask;
    bool nothing;
    CLD_RETURN(cld_reduce_axes(&copy, &mask, &nothing, err));
    if (!nothing)
        return CLADE_ERR_UNSUPPORTED; /* a real reduction has rows */
    return cld_build_op(build, "Identity", build->in, 1, NULL, 0, build->out, err);
}

/* What opset 18 calls noop_with_empty_axes, and axes as an input, ReduceSum has since 13. */
#define ATTRS "axes:ints@1-17 keepdims:int noop_with_empty_axes:int@13"

#define REDUCE(symbol, dtypes, start, each, combine, finish, sentence)                                                 \
    static clade_status infer_##symbol(cld_call *call, clade_error *err) { return infer(call, dtypes, err); }          \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = sentence,                                                                                               \
        .since = 1,                                                                                                    \
        .attrs = ATTRS,                                                                                                \
        .min_in = 1,                                                                                                   \
        .max_in = 2,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer_##symbol,                                                                                       \
        .expand = expand,                                                                                              \
        .eval = cld_reduce_eval,                                                                                       \
        .read = cld_reduce_read,                                                                                       \
        .describe = cld_lines_describe,                                                                                \
        .impls = cld_reduce_impls,                                                                                     \
    };
#include "op/lines/reduce.def"

/* ---- ReduceLogSumExp --------------------------------------------------------------------------------------------- */

static clade_status lse_infer(cld_call *call, clade_error *err) { return infer(call, CLD_NUMBERS, err); }

/* ln sum e^(x - m) + m with m = max x, so that nothing overflows; an infinite m is left out (taken as 0). */
static clade_status lse_expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_call copy = *call;
    uint32_t mask;
    bool nothing, keep = cld_attr_int(call->node, "keepdims", 1) != 0;
    int64_t axes[CLADE_MAX_RANK];
    int32_t count = 0;
    cld_value_id in = build->in[0], list, max, infinite, zero, t;
    clade_dtype dtype = call->in[0].dtype, real = cld_dtype_in(dtype, CLD_FLOATS) ? dtype : CLADE_FLOAT32;
    const cld_attr to_real = { .name = "to", .kind = CLD_ATTR_INT, .u.i = real },
                   back = { .name = "to", .kind = CLD_ATTR_INT, .u.i = dtype };
    cld_attr keepdims = { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 1 };
    CLD_RETURN(cld_reduce_axes(&copy, &mask, &nothing, err));
    if (nothing)
        return cld_build_op(build, "Identity", build->in, 1, NULL, 0, build->out, err);
    for (int32_t d = 0; d < call->in[0].rank; d++)
        if ((mask >> d) & 1u)
            axes[count++] = d;
    if (real != dtype)
        CLD_RETURN(cld_build_op(build, "Cast", &in, 1, &to_real, 1, &in, err));
    CLD_RETURN(cld_build_ints(build, axes, count, &list, err));
    CLD_RETURN(cld_build_scalar(build, real, 0, &zero, err));
    CLD_RETURN(cld_build_op(build, "ReduceMax", (cld_value_id[]){ in, list }, 2, &keepdims, 1, &max, err));
    CLD_RETURN(cld_build_op(build, "IsInf", &max, 1, NULL, 0, &infinite, err));
    CLD_RETURN(cld_build_op(build, "Where", (cld_value_id[]){ infinite, zero, max }, 3, NULL, 0, &max, err));
    CLD_RETURN(cld_build_op(build, "Sub", (cld_value_id[]){ in, max }, 2, NULL, 0, &t, err));
    CLD_RETURN(cld_build_op(build, "Exp", &t, 1, NULL, 0, &t, err));
    CLD_RETURN(cld_build_op(build, "ReduceSum", (cld_value_id[]){ t, list }, 2, &keepdims, 1, &t, err));
    CLD_RETURN(cld_build_op(build, "Log", &t, 1, NULL, 0, &t, err));
    CLD_RETURN(cld_build_op(build, "Add", (cld_value_id[]){ t, max }, 2, NULL, 0, &t, err));
    if (!keep)
        CLD_RETURN(cld_build_op(build, "Squeeze", (cld_value_id[]){ t, list }, 2, NULL, 0, &t, err));
    if (real != dtype)
        CLD_RETURN(cld_build_op(build, "Cast", &t, 1, &back, 1, &t, err));
    build->out[0] = t;
    return CLADE_OK;
}

const cld_op cld_op_ReduceLogSumExp = {
    .domain = "",
    .name = "ReduceLogSumExp",
    .doc = "y = ln sum e^x",
    .since = 1,
    .attrs = ATTRS,
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = lse_infer,
    .expand = lse_expand,
};
