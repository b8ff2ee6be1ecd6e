/* SPDX-License-Identifier: Apache-2.0 */
/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, as expansions.
 *
 * Input [N, C, d...] of (log-)probabilities, target [N, d...] of classes, weight [C] or none:
 *   l = -input[n, target, d...] * w,  w = weight[target], both 0 where target = ignore_index;
 *   reduction "none" gives l, "sum" its sum, "mean" its sum over the sum of w.
 * The cross entropy is the same on the log-softmax over axis 1, which is its second output.
 * A target outside [0, C) that is not ignored is for Gather and GatherElements to judge: negative ones are out of
 * range.
 */
#include "op/move/move.h"

enum { INPUT, TARGET, WEIGHT };

static clade_status op(cld_build *build, const char *type, cld_value_id a, cld_value_id b, cld_value_id *out,
                       clade_error *err) {
    return cld_build_op(build, type, (cld_value_id[]){ a, b }, cld_present(b) ? 2 : 1, NULL, 0, out, err);
}

static clade_status pick(cld_build *build, const char *type, cld_value_id from, cld_value_id target, int64_t axis,
                         cld_value_id *out, clade_error *err) {
    const cld_attr attr[] = { { .name = "axis", .kind = CLD_ATTR_INT, .u.i = axis },
                              { .name = CLD_PLAIN_INDEX, .kind = CLD_ATTR_INT, .u.i = 1 } };
    return cld_build_op(build, type, (cld_value_id[]){ from, target }, 2, attr, CLD_COUNT(attr), out, err);
}

static const char *reduction_of(const cld_call *call) { return cld_attr_string(call->node, "reduction", "mean"); }

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *input = &call->in[INPUT], *target = &call->in[TARGET];
    const char *reduction = reduction_of(call);
    CLD_RETURN(cld_call_dtype(call, INPUT, CLD_FLOATS, err));
    CLD_RETURN(cld_call_dtype(call, TARGET, CLD_BIT(INT32) | CLD_BIT(INT64), err));
    cld_type want = { .dtype = target->dtype, .rank = input->rank - 1 };
    for (int32_t i = 0, k = 0; i < input->rank; i++)
        if (i != 1)
            want.dims[k++] = input->dims[i];
    if (input->rank < 2 || !cld_shape_equal(&want, target))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the target is %s, the input %s is [N, C, d...]",
                             CLD_TYPE_TEXT(target), CLD_TYPE_TEXT(input));
    if (cld_call_has(call, WEIGHT) && (call->in[WEIGHT].dtype != input->dtype || call->in[WEIGHT].rank != 1 ||
                                       call->in[WEIGHT].dims[0] != input->dims[1]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the weight is %s, the input %s has %lld classes",
                             CLD_TYPE_TEXT(&call->in[WEIGHT]), CLD_TYPE_TEXT(input), (long long)input->dims[1]);
    if (strcmp(reduction, "none") != 0 && strcmp(reduction, "sum") != 0 && strcmp(reduction, "mean") != 0)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "reduction '%s' is not supported", reduction);
    call->out[0] = strcmp(reduction, "none") == 0 ? want : (cld_type){ .rank = 0 };
    call->out[0].dtype = input->dtype;
    if (call->n_out > 1)
        call->out[1] = *input;
    return CLADE_OK;
}

/* With ignore_index: where the target is it (*ignored), and the target with class 0 there. Else absent and unchanged.
 */
static clade_status find_ignored(const cld_call *call, cld_build *build, cld_value_id *target, cld_value_id *ignored,
                                 clade_error *err) {
    cld_value_id index, zero;
    *ignored = CLD_ABSENT;
    if (cld_attr_find(call->node, "ignore_index", CLD_ATTR_INT) == NULL)
        return CLADE_OK;
    const double ignore = (double)cld_attr_int(call->node, "ignore_index", 0);
    const clade_dtype dtype = call->in[TARGET].dtype;
    CLD_RETURN(cld_build_scalar(build, dtype, ignore, &index, err));
    CLD_RETURN(cld_build_scalar(build, dtype, 0, &zero, err));
    CLD_RETURN(op(build, "Equal", *target, index, ignored, err));
    return cld_build_op(build, "Where", (cld_value_id[]){ *ignored, zero, *target }, 3, NULL, 0, target, err);
}

/* 0 where ignored. */
static clade_status clear_ignored(const cld_call *call, cld_build *build, cld_value_id ignored, cld_value_id *values,
                                  clade_error *err) {
    cld_value_id zero;
    if (!cld_present(ignored))
        return CLADE_OK;
    CLD_RETURN(cld_build_scalar(build, call->in[INPUT].dtype, 0, &zero, err));
    return cld_build_op(build, "Where", (cld_value_id[]){ ignored, zero, *values }, 3, NULL, 0, values, err);
}

/* The weight of each target; absent when all weigh the same and none is ignored. */
static clade_status weights_of(const cld_call *call, cld_build *build, cld_value_id target, cld_value_id ignored,
                               cld_value_id *out, clade_error *err) {
    *out = CLD_ABSENT;
    if (cld_call_has(call, WEIGHT)) {
        CLD_RETURN(pick(build, "Gather", build->in[WEIGHT], target, 0, out, err));
        return clear_ignored(call, build, ignored, out, err);
    }
    if (!cld_present(ignored))
        return CLADE_OK;
    const cld_attr to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = call->in[INPUT].dtype };
    CLD_RETURN(op(build, "Not", ignored, CLD_ABSENT, out, err));
    return cld_build_op(build, "Cast", out, 1, &to, 1, out, err);
}

static clade_status total(cld_build *build, const char *type, cld_value_id values, cld_value_id *out,
                          clade_error *err) {
    const cld_attr keep = { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 };
    return cld_build_op(build, type, &values, 1, &keep, 1, out, err);
}

static clade_status reduce(const cld_call *call, cld_build *build, cld_value_id loss, cld_value_id weights,
                           clade_error *err) {
    const char *reduction = reduction_of(call);
    if (strcmp(reduction, "none") == 0)
        return op(build, "Identity", loss, CLD_ABSENT, &build->out[0], err);
    if (strcmp(reduction, "sum") == 0)
        return total(build, "ReduceSum", loss, &build->out[0], err);
    if (!cld_present(weights))
        return total(build, "ReduceMean", loss, &build->out[0], err);
    CLD_RETURN(total(build, "ReduceSum", loss, &loss, err));
    CLD_RETURN(total(build, "ReduceSum", weights, &weights, err));
    return op(build, "Div", loss, weights, &build->out[0], err);
}

static clade_status loss_of(const cld_call *call, cld_build *build, cld_value_id log_probability, clade_error *err) {
    cld_value_id target = build->in[TARGET], ignored, weights, axis, loss;
    const int64_t channels = 1;
    CLD_RETURN(find_ignored(call, build, &target, &ignored, err));
    CLD_RETURN(weights_of(call, build, target, ignored, &weights, err));
    CLD_RETURN(cld_build_ints(build, &channels, 1, &axis, err));
    CLD_RETURN(op(build, "Unsqueeze", target, axis, &loss, err));
    CLD_RETURN(pick(build, "GatherElements", log_probability, loss, 1, &loss, err));
    CLD_RETURN(op(build, "Squeeze", loss, axis, &loss, err));
    CLD_RETURN(op(build, "Neg", loss, CLD_ABSENT, &loss, err));
    if (cld_call_has(call, WEIGHT))
        CLD_RETURN(op(build, "Mul", loss, weights, &loss, err));
    CLD_RETURN(clear_ignored(call, build, ignored, &loss, err)); /* also where an ignored probability was infinite */
    return reduce(call, build, loss, weights, err);
}

static clade_status nll_expand(const cld_call *call, cld_build *build, clade_error *err) {
    return loss_of(call, build, build->in[INPUT], err);
}

static clade_status cross_entropy_expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_value_id log_probability;
    const cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 1 };
    CLD_RETURN(cld_build_op(build, "LogSoftmax", &build->in[INPUT], 1, &axis, 1, &log_probability, err));
    if (cld_call_wants(call, 1))
        build->out[1] = log_probability;
    return loss_of(call, build, log_probability, err);
}

const cld_op cld_op_NegativeLogLikelihoodLoss = {
    .domain = "",
    .name = "NegativeLogLikelihoodLoss",
    .doc = "the weighted mean (or sum, or list) of -input[n, target]",
    .since = 12,
    .attrs = "ignore_index:int reduction:string",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .expand = nll_expand,
};

const cld_op cld_op_SoftmaxCrossEntropyLoss = {
    .domain = "",
    .name = "SoftmaxCrossEntropyLoss",
    .doc = "NegativeLogLikelihoodLoss of the log-softmax over axis 1, which is the second output",
    .since = 12,
    .attrs = "ignore_index:int reduction:string",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .expand = cross_entropy_expand,
};
