/* SPDX-License-Identifier: Apache-2.0 */
/* Expand and Tile: repeated elements. Moves that stand still on the `from` side. */
#include "op/move/move.h"

/* ---- Expand ------------------------------------------------------------------------------------------------------ */

static clade_status expand_infer(cld_call *call, clade_error *err) {
    const int64_t *dims;
    cld_type shape = { .dtype = call->in[0].dtype };
    CLD_RETURN(cld_call_ints(call, NULL, 1, &dims, &shape.rank, err));
    if (shape.rank > CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "shape has rank %d; at most %d is supported", shape.rank,
                             CLADE_MAX_RANK);
    for (int32_t d = 0; d < shape.rank; d++)
        shape.dims[d] = dims[d];
    CLD_RETURN(cld_call_check(call, &shape, err));
    call->out[0] = call->in[0];
    if (!cld_shape_broadcast(&call->out[0], &shape))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s does not broadcast with %s", CLD_TYPE_TEXT(&call->in[0]),
                             CLD_TYPE_TEXT(&shape));
    return CLADE_OK;
}

static clade_status expand_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    int64_t to[CLADE_MAX_RANK], from[CLADE_MAX_RANK];
    CLD_RETURN(cld_moves_new(call, out, 1, err));
    cld_strides(&call->out[0], to);
    cld_strides_broadcast(&call->in[0], &call->out[0], from);
    for (int32_t d = 0; d < call->out[0].rank; d++)
        cld_move_dim(&out->move[0], call->out[0].dims[d], to[d], from[d]);
    return CLADE_OK;
}

CLD_MOVES_ROWS(expand);

const cld_op cld_op_Expand = {
    .domain = "",
    .name = "Expand",
    .doc = "the input broadcast to the given shape, in both directions",
    .since = 8,
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = expand_infer,
    .eval = expand_eval,
    .impls = expand_rows,
};

/* ---- Tile -------------------------------------------------------------------------------------------------------- */

enum {
    TILED_AXES = 3
}; /* axes one move repeats: each takes two of the kernel's eight dimensions, and one is left over */

static clade_status tile_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    const int64_t *repeats;
    int32_t count;
    size_t dim;
    CLD_RETURN(cld_call_ints(call, NULL, 1, &repeats, &count, err));
    if (count != in->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "repeats has %d entries, input is %s", count,
                             CLD_TYPE_TEXT(in));
    call->out[0] = *in;
    for (int32_t d = 0; d < count; d++) {
        if (repeats[d] < 0 || !cld_mul_size((size_t)in->dims[d], (size_t)repeats[d], &dim) || dim > INT64_MAX)
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "repeats %lld times on axis %d", (long long)repeats[d], d);
        call->out[0].dims[d] = (int64_t)dim;
    }
    return CLADE_OK;
}

static clade_status tile_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    int64_t to[CLADE_MAX_RANK], from[CLADE_MAX_RANK];
    CLD_RETURN(cld_moves_new(call, out, 1, err));
    cld_strides(&call->out[0], to);
    cld_strides(&call->in[0], from);
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        int64_t n = call->in[0].dims[d];
        cld_move_dim(&out->move[0], n ? call->out[0].dims[d] / n : 0, to[d] * n, 0);
        cld_move_dim(&out->move[0], n, to[d], from[d]);
    }
    return CLADE_OK;
}

/* More axes than one move repeats: the last ones first, then a Tile of the result for the others. */
static clade_status tile_expand(const cld_call *call, cld_build *build, clade_error *err) {
    const clade_tensor *repeats = call->value[1];
    int64_t first[CLADE_MAX_RANK], second[CLADE_MAX_RANK];
    int32_t rank = call->in[0].rank, tiled = 0;
    cld_value_id list, half;
    for (int32_t d = rank - 1; d >= 0; d--) {
        int64_t n = cld_tensor_get_int(repeats, d);
        bool now = tiled < TILED_AXES;
        tiled += n != 1;
        second[d] = now ? n : 1;
        first[d] = now ? 1 : n;
    }
    if (tiled <= TILED_AXES)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "one move does it");
    CLD_RETURN(cld_build_ints(build, second, rank, &list, err));
    CLD_RETURN(cld_build_op(build, "Tile", (cld_value_id[]){ build->in[0], list }, 2, NULL, 0, &half, err));
    CLD_RETURN(cld_build_ints(build, first, rank, &list, err));
    return cld_build_op(build, "Tile", (cld_value_id[]){ half, list }, 2, NULL, 0, &build->out[0], err);
}

CLD_MOVES_ROWS(tile);

const cld_op cld_op_Tile = {
    .domain = "",
    .name = "Tile",
    .doc = "the input repeated repeats[d] times along each axis d",
    .since = 6,
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = tile_infer,
    .expand = tile_expand,
    .eval = tile_eval,
    .impls = tile_rows,
};
