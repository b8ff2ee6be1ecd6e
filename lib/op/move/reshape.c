/* SPDX-License-Identifier: Apache-2.0 */
/* Reshape, Flatten, Squeeze, Unsqueeze: the same elements seen with another shape. Aliases: no step and no memory on a
 * device.
 *
 * The lists (shape, axes) were attributes before opset 5 and 13 and are inputs since; their values decide the shape. */
#include "op/move/move.h"

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    cld_copy_whole(call->value[0], out[0]);
    return CLADE_OK;
}

static clade_status too_many(const cld_call *call, int32_t rank, clade_error *err) {
    return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output has rank %d; at most %d is supported", rank,
                         CLADE_MAX_RANK);
}

/* ---- Reshape ----------------------------------------------------------------------------------------------------- */

static clade_status reshape_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    cld_type out = { .dtype = in->dtype };
    const int64_t *shape;
    int32_t rank, free_dim = -1;
    CLD_RETURN(cld_call_ints(call, "shape", 1, &shape, &rank, err));
    if (rank < 0)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "no shape is given");
    if (rank > CLADE_MAX_RANK)
        return too_many(call, rank, err);
    bool keep_zero = cld_attr_int(call->node, "allowzero", 0) != 0;
    out.rank = rank;
    for (int32_t d = 0; d < rank; d++) {
        out.dims[d] = shape[d];
        if (shape[d] == 0 && !keep_zero) {
            if (d >= in->rank)
                return cld_call_fail(call, err, CLADE_ERR_SHAPE, "shape copies dimension %d, input is %s", d,
                                     CLD_TYPE_TEXT(in));
            out.dims[d] = in->dims[d];
        } else if (shape[d] == -1) {
            if (free_dim >= 0)
                return cld_call_fail(call, err, CLADE_ERR_SHAPE, "shape has -1 at %d and at %d", free_dim, d);
            free_dim = d;
            out.dims[d] = 1;
        }
    }
    CLD_RETURN(cld_call_check(call, &out, err));
    int64_t have = cld_type_count(in), rest = cld_type_count(&out);
    if (free_dim >= 0)
        out.dims[free_dim] = rest > 0 ? have / rest : 0;
    if (cld_type_count(&out) != have)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %s has %lld elements, shape asks for %s%s",
                             CLD_TYPE_TEXT(in), (long long)have, CLD_TYPE_TEXT(&out),
                             free_dim >= 0 ? " or a multiple" : "");
    call->out[0] = out;
    return CLADE_OK;
}

const cld_op cld_op_Reshape = {
    .domain = "",
    .name = "Reshape",
    .doc = "the input's elements in the given shape: 0 copies a dimension (unless allowzero), -1 is what remains",
    .since = 1,
    .attrs = "allowzero:int@14 shape:ints@1-4",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .alias = true,
    .infer = reshape_infer,
    .eval = eval,
};

/* ---- Flatten ----------------------------------------------------------------------------------------------------- */

static clade_status flatten_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t axis = cld_attr_int(call->node, "axis", 1);
    if (axis < -in->rank || axis > in->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %lld is outside rank %d", (long long)axis, in->rank);
    int32_t at = (int32_t)(axis < 0 ? axis + in->rank : axis);
    call->out[0] = (cld_type){ .dtype = in->dtype,
                               .rank = 2,
                               .dims = { cld_type_span(in, 0, at), cld_type_span(in, at, in->rank) } };
    return CLADE_OK;
}

const cld_op cld_op_Flatten = {
    .domain = "",
    .name = "Flatten",
    .doc = "a matrix: the dimensions before axis in one, the others in the second",
    .since = 1,
    .attrs = "axis:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .alias = true,
    .infer = flatten_infer,
    .eval = eval,
};

/* ---- Squeeze, Unsqueeze ------------------------------------------------------------------------------------------ */

/* The set of axes as flags over `rank` dimensions; *given is false when neither attribute nor input says. */
static clade_status read_axes(cld_call *call, int32_t rank, bool *given, bool marked[CLADE_MAX_RANK],
                              clade_error *err) {
    const int64_t *axes;
    int32_t count, axis;
    CLD_RETURN(cld_call_ints(call, "axes", 1, &axes, &count, err));
    *given = count >= 0;
    for (int32_t k = 0; k < count; k++) {
        CLD_RETURN(cld_call_axis(call, axes[k], rank, &axis, err));
        if (marked[axis])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axes name dimension %d twice", axis);
        marked[axis] = true;
    }
    return CLADE_OK;
}

static clade_status squeeze_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    cld_type out = { .dtype = in->dtype };
    bool given, marked[CLADE_MAX_RANK] = { false };
    CLD_RETURN(read_axes(call, in->rank, &given, marked, err));
    for (int32_t d = 0; d < in->rank; d++) {
        if (marked[d] && in->dims[d] != 1)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "dimension %d of %s is not 1", d, CLD_TYPE_TEXT(in));
        if (!(given ? marked[d] : in->dims[d] == 1))
            out.dims[out.rank++] = in->dims[d];
    }
    call->out[0] = out;
    return CLADE_OK;
}

static clade_status unsqueeze_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    const int64_t *axes;
    int32_t count;
    CLD_RETURN(cld_call_ints(call, "axes", 1, &axes, &count, err));
    if (count < 0)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "no axes are given");
    if (count > CLADE_MAX_RANK - in->rank)
        return too_many(call, in->rank + count, err);
    cld_type out = { .dtype = in->dtype, .rank = in->rank + count };
    bool given, marked[CLADE_MAX_RANK] = { false };
    CLD_RETURN(read_axes(call, out.rank, &given, marked, err));
    for (int32_t d = 0, from = 0; d < out.rank; d++)
        out.dims[d] = marked[d] ? 1 : in->dims[from++];
    call->out[0] = out;
    return CLADE_OK;
}

const cld_op cld_op_Squeeze = {
    .domain = "",
    .name = "Squeeze",
    .doc = "the input without the given dimensions of size 1, or without all of them",
    .since = 1,
    .attrs = "axes:ints@1-12",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .alias = true,
    .infer = squeeze_infer,
    .eval = eval,
};

const cld_op cld_op_Unsqueeze = {
    .domain = "",
    .name = "Unsqueeze",
    .doc = "the input with dimensions of size 1 put in at the given axes of the output",
    .since = 1,
    .attrs = "axes:ints@1-12",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .alias = true,
    .infer = unsqueeze_infer,
    .eval = eval,
};
