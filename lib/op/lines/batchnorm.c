/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization: y = x * s + (b - mean * s), s = scale / sqrt(var + epsilon), per channel (axis 1).
 *
 * An expansion: at inference s and the shift fold to constants when the statistics are constants, which leaves one
 * multiply and one add. Folding into a convolution before it is a pass (pass/fold_scale.c). In training mode (opset
 * 14 and later; refused before) the statistics are the batch's own, and the running ones are updated.
 */
#include "op/core/op.h"

enum { X, SCALE, BIAS, MEAN, VARIANCE };

static clade_status infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, X, CLD_FLOATS, err));
    const cld_type *x = &call->in[X];
    if (x->rank < 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input is a scalar, it has no channels");
    /* Opset 6 has is_test with the opposite default; 14 and later have training_mode. */
    bool training = call->node->opset >= 14 && cld_attr_int(call->node, "training_mode", 0);
    if (call->node->opset < 7 && !cld_attr_int(call->node, "is_test", 0))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "training mode is not supported");
    if (!cld_attr_int(call->node, "spatial", 1) && x->rank > 2)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "spatial = 0 is not supported");
    int64_t channels = x->rank > 1 ? x->dims[1] : 1;
    for (int32_t k = SCALE; k <= VARIANCE; k++) {
        CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
        if (call->in[k].rank != 1 || call->in[k].dims[0] != channels)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d is %s, the input has %lld channels", (int)k,
                                 CLD_TYPE_TEXT(&call->in[k]), (long long)channels);
    }
    for (int32_t k = 1; k < call->n_out; k++) {
        if (!training && cld_call_wants(call, k))
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED,
                                 "statistics as outputs need training_mode of opset 14 or later");
        call->out[k] = call->in[k == 1 ? MEAN : VARIANCE];
    }
    call->out[0] = *x;
    return CLADE_OK;
}

/* A per-channel list seen as [C, 1, 1, ...], in the data's dtype. */
static clade_status per_channel(cld_build *build, cld_value_id list, const cld_type *x, cld_value_id *out,
                                clade_error *err) {
    int64_t dims[CLADE_MAX_RANK] = { cld_graph_at(build->graph, list)->type.dims[0], 1, 1, 1, 1, 1, 1, 1 };
    cld_attr to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = x->dtype };
    cld_value_id cast;
    CLD_RETURN(cld_build_op(build, "Cast", &list, 1, &to, 1, &cast, err));
    return cld_build_reshape(build, cast, dims, CLD_MAX(x->rank - 1, 1), out, err);
}

static clade_status binary(cld_build *build, const char *type, cld_value_id a, cld_value_id b, cld_value_id *out,
                           clade_error *err) {
    return cld_build_op(build, type, (cld_value_id[]){ a, b }, 2, NULL, 0, out, err);
}

/* running * momentum + current * (1 - momentum) */
static clade_status blend(const cld_call *call, cld_build *build, cld_value_id running, cld_value_id current,
                          cld_value_id *out, clade_error *err) {
    clade_dtype dtype = cld_graph_at(build->graph, running)->type.dtype;
    double momentum = (double)cld_attr_float(call->node, "momentum", 0.9f);
    cld_attr to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = dtype };
    cld_value_id keep, take;
    CLD_RETURN(cld_build_scalar(build, dtype, momentum, &keep, err));
    CLD_RETURN(cld_build_scalar(build, dtype, 1 - momentum, &take, err));
    CLD_RETURN(cld_build_op(build, "Cast", &current, 1, &to, 1, &current, err));
    CLD_RETURN(binary(build, "Mul", running, keep, &keep, err));
    CLD_RETURN(binary(build, "Mul", current, take, &take, err));
    return binary(build, "Add", keep, take, out, err);
}

/* The batch's own mean and (biased) variance as lists of channels, and the running ones as outputs. */
static clade_status batch_statistics(const cld_call *call, cld_build *build, cld_value_id *mean, cld_value_id *variance,
                                     clade_error *err) {
    const cld_attr drop = { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 };
    int64_t axes[CLADE_MAX_RANK];
    int32_t count = 0;
    cld_value_id list, t;
    for (int32_t d = 0; d < call->in[X].rank; d++)
        if (d != 1)
            axes[count++] = d;
    CLD_RETURN(cld_build_ints(build, axes, count, &list, err));
    CLD_RETURN(cld_build_op(build, "ReduceMean", (cld_value_id[]){ build->in[X], list }, 2, &drop, 1, mean, err));
    CLD_RETURN(per_channel(build, *mean, &call->in[X], &t, err));
    CLD_RETURN(binary(build, "Sub", build->in[X], t, &t, err));
    CLD_RETURN(binary(build, "Mul", t, t, &t, err));
    CLD_RETURN(cld_build_op(build, "ReduceMean", (cld_value_id[]){ t, list }, 2, &drop, 1, variance, err));
    if (cld_call_wants(call, 1))
        CLD_RETURN(blend(call, build, build->in[MEAN], *mean, &build->out[1], err));
    if (cld_call_wants(call, 2))
        CLD_RETURN(blend(call, build, build->in[VARIANCE], *variance, &build->out[2], err));
    return CLADE_OK;
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_value_id in[5] = { build->in[X], build->in[SCALE], build->in[BIAS], build->in[MEAN], build->in[VARIANCE] };
    cld_value_id epsilon, v, s, shift;
    if (call->node->opset >= 14 && cld_attr_int(call->node, "training_mode", 0))
        CLD_RETURN(batch_statistics(call, build, &in[MEAN], &in[VARIANCE], err));
    for (int32_t k = SCALE; k <= VARIANCE; k++)
        CLD_RETURN(per_channel(build, in[k], &call->in[X], &in[k], err));
    CLD_RETURN(cld_build_scalar(build, call->in[X].dtype, cld_attr_float(call->node, "epsilon", 1e-5f), &epsilon, err));
    CLD_RETURN(binary(build, "Add", in[VARIANCE], epsilon, &v, err));
    CLD_RETURN(cld_build_op(build, "Sqrt", &v, 1, NULL, 0, &v, err));
    CLD_RETURN(binary(build, "Div", in[SCALE], v, &s, err));
    CLD_RETURN(binary(build, "Mul", in[MEAN], s, &shift, err));
    CLD_RETURN(binary(build, "Sub", in[BIAS], shift, &shift, err));
    CLD_RETURN(binary(build, "Mul", build->in[X], s, &v, err));
    return binary(build, "Add", v, shift, &build->out[0], err);
}

const cld_op cld_op_BatchNormalization = {
    .domain = "",
    .name = "BatchNormalization",
    .doc = "y = (x - mean) / sqrt(var + epsilon) * scale + bias, per channel",
    .since = 6,
    .attrs = "epsilon:float is_test:int@1-6 momentum:float spatial:int@1-8 training_mode:int@14",
    .min_in = 5,
    .max_in = 5,
    .min_out = 1,
    .max_out = 5,
    .infer = infer,
    .expand = expand,
};
