/* SPDX-License-Identifier: Apache-2.0 */
/* Concat and Split: one tensor beside its parts along an axis. One move a part; a plain copy where nothing lies
 * outside. */
#include "op/move/move.h"

/* The move between a part of `part` entries at entry `at` of the axis and the whole. */
static void move_part(cld_move *move, const cld_type *whole, int32_t axis, int64_t at, int64_t part, bool to_whole) {
    int64_t inner = cld_type_span(whole, axis + 1, whole->rank), span = whole->dims[axis] * inner;
    cld_move_dim(move, cld_type_span(whole, 0, axis), to_whole ? span : part * inner, to_whole ? part * inner : span);
    cld_move_dim(move, part * inner, 1, 1);
    *(to_whole ? &move->to_offset : &move->from_offset) = at * inner;
}

/* ---- Concat ------------------------------------------------------------------------------------------------------ */

/* Input k as a part. A scalar is a list of one: models written by graph optimisers join such with lists. */
static cld_type part_type(const cld_call *call, int32_t k) {
    cld_type type = call->in[k];
    if (type.rank == 0) {
        type.rank = 1;
        type.dims[0] = 1;
    }
    return type;
}

static clade_status concat_axis(const cld_call *call, int32_t *axis, clade_error *err) {
    if (!cld_attr_find(call->node, "axis", CLD_ATTR_INT) && call->node->opset >= 4)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "attribute axis is missing");
    return cld_call_axis(call, cld_attr_int(call->node, "axis", 1), part_type(call, 0).rank, axis, err);
}

static clade_status concat_infer(cld_call *call, clade_error *err) {
    cld_type out = part_type(call, 0);
    int32_t axis;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    CLD_RETURN(concat_axis(call, &axis, err));
    for (int32_t k = 1; k < call->n_in; k++) {
        cld_type in = part_type(call, k);
        if (in.dtype != out.dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input %d is %s, input 0 is %s", k,
                                 clade_dtype_name(in.dtype), clade_dtype_name(out.dtype));
        int64_t n = in.rank == out.rank ? in.dims[axis] : 0;
        if (in.rank == out.rank)
            in.dims[axis] = out.dims[axis];
        if (!cld_shape_equal(&in, &out))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE,
                                 "input %d is %s, input 0 is %s: they differ beside axis %d", k,
                                 CLD_TYPE_TEXT(&call->in[k]), CLD_TYPE_TEXT(&call->in[0]), axis);
        if (n > INT64_MAX - out.dims[axis])
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "the output is too large");
        out.dims[axis] += n;
    }
    call->out[0] = out;
    return CLADE_OK;
}

static clade_status concat_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    int32_t axis;
    int64_t at = 0;
    CLD_RETURN(concat_axis(call, &axis, err));
    CLD_RETURN(cld_moves_new(call, out, call->n_in, err));
    for (int32_t k = 0; k < call->n_in; k++) {
        out->move[k].in = k;
        int64_t part = part_type(call, k).dims[axis];
        move_part(&out->move[k], &call->out[0], axis, at, part, true);
        at += part;
    }
    return CLADE_OK;
}

CLD_MOVES_ROWS(concat);

const cld_op cld_op_Concat = {
    .domain = "",
    .name = "Concat",
    .doc = "the inputs one after the other along axis; their other dimensions agree",
    .since = 1,
    .attrs = "axis:int",
    .min_in = 1,
    .max_in = -1,
    .min_out = 1,
    .max_out = 1,
    .infer = concat_infer,
    .eval = concat_eval,
    .impls = concat_rows,
};

/* ---- Split ------------------------------------------------------------------------------------------------------- */

/* The parts are listed (attribute, since opset 13 input 1), or equal; with num_outputs (opset 18) the last may be
 * smaller. */
static clade_status split_sizes(cld_call *call, int64_t dim, const int64_t **out, clade_error *err) {
    int32_t count;
    int64_t sum = 0, n = call->n_out;
    CLD_RETURN(cld_call_ints(call, "split", 1, out, &count, err));
    if (count < 0) {
        bool uneven = cld_attr_find(call->node, "num_outputs", CLD_ATTR_INT);
        int64_t *sizes = cld_arena_calloc(call->arena, (size_t)n, sizeof *sizes), part = (dim + n - 1) / n;
        if (!sizes)
            return cld_no_memory(err, "split sizes");
        if (!uneven && dim % n != 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%lld entries do not split into %lld equal parts",
                                 (long long)dim, (long long)n);
        for (int64_t k = 0; k < n; k++)
            sizes[k] = CLD_MAX(CLD_MIN(part, dim - k * part), 0);
        *out = sizes;
        return CLADE_OK;
    }
    if (count != n)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "split lists %d sizes for %lld outputs", count, (long long)n);
    for (int32_t k = 0; k < count; k++) {
        if ((*out)[k] < 0 || (*out)[k] > dim - sum)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "part %d has size %lld; %lld entries are left", k,
                                 (long long)(*out)[k], (long long)(dim - sum));
        sum += (*out)[k];
    }
    if (sum != dim)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the parts add up to %lld, the axis has %lld entries",
                             (long long)sum, (long long)dim);
    return CLADE_OK;
}

static clade_status split_read(cld_call *call, int32_t *axis, const int64_t **sizes, clade_error *err) {
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), call->in[0].rank, axis, err));
    return split_sizes(call, call->in[0].dims[*axis], sizes, err);
}

static clade_status split_infer(cld_call *call, clade_error *err) {
    int32_t axis;
    const int64_t *sizes;
    CLD_RETURN(split_read(call, &axis, &sizes, err));
    for (int32_t k = 0; k < call->n_out; k++) {
        call->out[k] = call->in[0];
        call->out[k].dims[axis] = sizes[k];
    }
    return CLADE_OK;
}

static clade_status split_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    cld_call again = *call;
    int32_t axis;
    int64_t at = 0;
    const int64_t *sizes;
    CLD_RETURN(split_read(&again, &axis, &sizes, err));
    CLD_RETURN(cld_moves_new(call, out, call->n_out, err));
    for (int32_t k = 0; k < call->n_out; k++) {
        out->move[k].out = k;
        move_part(&out->move[k], &call->in[0], axis, at, sizes[k], false);
        at += sizes[k];
    }
    return CLADE_OK;
}

CLD_MOVES_ROWS(split);

const cld_op cld_op_Split = {
    .domain = "",
    .name = "Split",
    .doc = "consecutive parts of the input along axis, of listed or equal sizes",
    .since = 2,
    .attrs = "axis:int num_outputs:int@18 split:ints@1-12",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = -1,
    .infer = split_infer,
    .eval = split_eval,
    .impls = split_rows,
};
