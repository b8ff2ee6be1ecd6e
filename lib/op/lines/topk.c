/* SPDX-License-Identifier: Apache-2.0 */
/* TopK: the k largest (or smallest) elements along an axis and their indices, always in order, ties by index. */
#include "op/lines/topk.h"

clade_status cld_topk_read(cld_call *call, void *problem, clade_error *err) {
    cld_topk *out = problem;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[0].rank, &out->axis, err));
    out->lines = cld_lines_along(NULL, &call->in[0], out->axis);
    out->largest = cld_attr_int(call->node, "largest", 1) != 0;
    out->k = cld_attr_int(call->node, "k", -1);
    if (cld_call_has(call, 1)) { /* since opset 10 */
        const clade_tensor *k;
        CLD_RETURN(cld_call_number(call, 1, "k", CLD_BIT(INT64), &k, err));
        out->k = cld_tensor_get_int(k, 0);
    }
    if (out->k < 0 || out->k > out->lines.n)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "k is %lld, the axis has %lld entries", (long long)out->k,
                             (long long)out->lines.n);
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) { return cld_lines_read(emit, sizeof(cld_topk), cld_topk_read); }

static void describe(const cld_call *call, cld_problem *out) {
    cld_lines_describe(call, out);
    cld_problem_add(out, 1, &((const cld_topk *)call->problem)->k);
}

static clade_status infer(cld_call *call, clade_error *err) {
    cld_topk of;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(cld_topk_read(call, &of, err));
    call->out[CLD_TOPK_VALUES] = call->in[0];
    call->out[CLD_TOPK_VALUES].dims[of.axis] = of.k;
    if (call->n_out > CLD_TOPK_INDICES) {
        call->out[CLD_TOPK_INDICES] = call->out[CLD_TOPK_VALUES];
        call->out[CLD_TOPK_INDICES].dtype = CLADE_INT64;
    }
    return CLADE_OK;
}

const cld_op cld_op_TopK = {
    .domain = "",
    .name = "TopK",
    .doc = "the k largest or smallest elements along axis, in order, and their indices",
    .since = 1,
    .attrs = "axis:int k:int@1-9 largest:int@11 sorted:int@11",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .eval = cld_topk_eval,
    .read = read,
    .describe = describe,
    .impls = cld_topk_impls,
};
