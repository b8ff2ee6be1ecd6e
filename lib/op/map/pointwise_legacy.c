/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise operators before opset 7: the second input lies along the first one from `axis` on, and only if `broadcast`
 * is set. It becomes today's operator on a reshaped second input.
 */
#include "op/map/pointwise.h"

/* Where the second input's dimensions begin in the first one's; -1: nothing to align (same shape, or one element). */
static int32_t alignment(const cld_call *call) {
    const cld_type *a = &call->in[0], *b = &call->in[1];
    const cld_attr *axis = cld_attr_find(call->node, "axis", CLD_ATTR_INT);
    if (cld_type_count(b) == 1 && b->rank <= a->rank)
        return -1;
    if (strcmp(call->node->type, "PRelu") == 0)
        return b->rank == 1 && a->rank > 1 ? 1 : -1;
    int64_t at = !axis ? a->rank - b->rank : axis->u.i < 0 ? axis->u.i + a->rank : axis->u.i;
    return a->rank == b->rank ? -1 : at < 0 || at > a->rank - b->rank ? INT32_MAX : (int32_t)at;
}

static clade_status legacy_infer(cld_call *call, clade_error *err) {
    static const char *const predicates[] = { "Equal", "Less", "Greater" };
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    CLD_RETURN(cld_call_dtype(call, 1, CLD_ALL_DTYPES, err));
    const cld_type *a = &call->in[0], *b = &call->in[1];
    bool broadcast = cld_attr_int(call->node, "broadcast", 0) || strcmp(call->node->type, "PRelu") == 0;
    int32_t at = alignment(call);
    bool fits = broadcast ? at != INT32_MAX && b->rank <= a->rank : cld_shape_equal(a, b);
    for (int32_t d = 0; fits && broadcast && d < b->rank; d++) {
        int32_t to = d + (at < 0 ? a->rank - b->rank : at);
        fits = b->dims[d] == 1 || b->dims[d] == a->dims[to];
    }
    if (!fits)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s does not lie along %s under the rules before opset 7",
                             CLD_TYPE_TEXT(b), CLD_TYPE_TEXT(a));
    call->out[0] = *a;
    for (size_t k = 0; k < CLD_COUNT(predicates); k++)
        if (strcmp(call->node->type, predicates[k]) == 0)
            call->out[0].dtype = CLADE_BOOL;
    return CLADE_OK;
}

static clade_status legacy_expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_value_id in[2] = { build->in[0], build->in[1] };
    int32_t at = alignment(call), rank = call->in[0].rank;
    if (at >= 0) {
        int64_t dims[CLADE_MAX_RANK];
        for (int32_t d = 0; d < rank; d++)
            dims[d] = d >= at && d < at + call->in[1].rank ? call->in[1].dims[d - at] : 1;
        CLD_RETURN(cld_build_reshape(build, in[1], dims, rank, &in[1], err));
    }
    return cld_build_op(build, call->node->type, in, 2, NULL, 0, build->out, err);
}

#define LEGACY(symbol)                                                                                                 \
    const cld_op cld_op_##symbol##_1 = {                                                                               \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = "the same with broadcast and axis attributes",                                                          \
        .since = 1,                                                                                                    \
        .until = 6,                                                                                                    \
        .attrs = "axis:int broadcast:int",                                                                             \
        .min_in = 2,                                                                                                   \
        .max_in = 2,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = legacy_infer,                                                                                         \
        .expand = legacy_expand,                                                                                       \
    };
LEGACY(Add)
LEGACY(Sub)
LEGACY(Mul)
LEGACY(Div)
LEGACY(Pow)
LEGACY(And)
LEGACY(Or)
LEGACY(Xor)
LEGACY(Equal)
LEGACY(Less)
LEGACY(Greater)
LEGACY(PRelu)
