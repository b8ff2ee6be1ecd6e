/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that change state: clade.SgdStep. Only passes and the library make them; no file can name one. */
#include "op/map/pointwise.h"

/* Parameter, gradient, learning rate. */
static const char *sgd_text(const cld_call *call, const char *const *operands) {
    return cld_arena_printf(call->arena, "(%s - %s * %s)", operands[0], operands[2], operands[1]);
}

static clade_status sgd_infer(cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < 3; k++)
        CLD_RETURN(cld_call_dtype(call, k, CLD_BIT(FLOAT32), err));
    if (!cld_type_equal(&call->in[0], &call->in[1]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the parameter is %s, its gradient %s",
                             CLD_TYPE_TEXT(&call->in[0]), CLD_TYPE_TEXT(&call->in[1]));
    if (cld_type_count(&call->in[2]) != 1 || call->in[2].rank > call->in[0].rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the learning rate is %s, not one number",
                             CLD_TYPE_TEXT(&call->in[2]));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

const cld_op cld_op_SgdStep = {
    .domain = CLD_INTERNAL,
    .name = "SgdStep",
    .doc = "p = p - rate * gradient",
    .since = 1,
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .updates = 1,
    .pointwise = sgd_text,
    .infer = sgd_infer,
    .impls = cld_map_impls,
};
