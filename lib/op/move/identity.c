/* SPDX-License-Identifier: Apache-2.0 */
/* Identity, and Dropout, which is one at inference. */
#include "op/core/op.h"

const cld_op cld_op_Identity = {
    .domain = "",
    .name = "Identity",
    .doc = "y = x",
    .since = 1,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .same = true,
    .infer = cld_infer_same,
};

/* Input k, one number, is not 0. */
static clade_status is_set(cld_call *call, int32_t k, const char *name, cld_dtypes set, bool *out, clade_error *err) {
    const clade_tensor *value;
    CLD_RETURN(cld_call_number(call, k, name, set, &value, err));
    *out = cld_tensor_get(value, 0) != 0;
    return CLADE_OK;
}

/* Nothing is dropped unless training_mode is set (before opset 7: is_test is not) and the ratio is not zero; then the
 * result is random, and refused. */
static clade_status dropout_infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    bool training = call->node->opset < 7 && !cld_attr_int(call->node, "is_test", 0);
    bool drops = true; /* the ratio is 0.5 unless it is given */
    if (cld_call_has(call, 2))
        CLD_RETURN(is_set(call, 2, "training_mode", CLD_BIT(BOOL), &training, err));
    if (training && cld_call_has(call, 1))
        CLD_RETURN(is_set(call, 1, "ratio", CLD_FLOATS, &drops, err));
    if (training && drops)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED,
                             "it drops at random in training mode, which is not supported");
    call->out[0] = call->in[0];
    if (call->n_out > 1) {
        call->out[1] = call->in[0];
        if (call->node->opset >= 10)
            call->out[1].dtype = CLADE_BOOL;
    }
    return CLADE_OK;
}

static clade_status dropout_expand(const cld_call *call, cld_build *build, clade_error *err) {
    CLD_RETURN(cld_build_op(build, "Identity", build->in, 1, NULL, 0, &build->out[0], err));
    if (!cld_call_wants(call, 1))
        return CLADE_OK;
    cld_value_id in[2]; /* the mask keeps everything */
    CLD_RETURN(cld_build_scalar(build, call->out[1].dtype, 1, &in[0], err));
    CLD_RETURN(cld_build_ints(build, call->out[1].dims, call->out[1].rank, &in[1], err));
    return cld_build_op(build, "Expand", in, 2, NULL, 0, &build->out[1], err);
}

const cld_op cld_op_Dropout = {
    .domain = "",
    .name = "Dropout",
    .doc = "y = x and mask = 1 at inference",
    .since = 1,
    .attrs = "is_test:int@1-6 ratio:float@1-11 seed:int@12",
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .infer = dropout_infer,
    .expand = dropout_expand,
};
