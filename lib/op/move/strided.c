/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: runs moves (op/move/move.h), on a device through cl/copy.cl and on the host.
 *
 * A collapsed move is a plain copy (one contiguous run), an exchange of the two contiguous dimensions (tiled), or
 * strided runs. Every move is checked against the sizes of both tensors here, once for all operators.
 */
#include "op/move/move.h"

enum { TILE = 32, TILE_ROWS = 8, BLOCK = 16, LEAST_TILED = 8 };

clade_status cld_moves_new(const cld_call *call, cld_moves *out, int32_t count, clade_error *err) {
    *out = (cld_moves){ .move = cld_arena_calloc(call->arena, (size_t)count, sizeof *out->move), .count = count };
    return out->move ? CLADE_OK : cld_no_memory(err, "moves");
}

void cld_move_dim(cld_move *move, int64_t n, int64_t to, int64_t from) {
    int32_t d = move->rank++;
    move->n[d] = n;
    move->to[d] = to;
    move->from[d] = from;
}

/* Drops dimensions of size 1 and joins neighbours that are contiguous on both sides. */
static void collapse(cld_move *move) {
    int32_t rank = move->rank;
    move->rank = 0;
    for (int32_t d = 0; d < rank; d++) {
        int64_t n = move->n[d], to = move->to[d], from = move->from[d];
        int32_t last = move->rank - 1;
        if (n == 1)
            continue;
        if (last >= 0 && move->to[last] == n * to && move->from[last] == n * from) {
            move->n[last] *= n;
            move->to[last] = to;
            move->from[last] = from;
        } else {
            cld_move_dim(move, n, to, from);
        }
    }
}

clade_status cld_moves_permute(const cld_call *call, const int64_t *dims, const int32_t *perm, int32_t rank,
                               cld_moves *out, clade_error *err) {
    int64_t stride[CLD_MOVE_RANK], from = 1, to = 1;
    CLD_RETURN(cld_moves_new(call, out, 1, err));
    for (int32_t d = rank - 1; d >= 0; from *= dims[d--])
        stride[d] = from;
    cld_move *move = &out->move[0];
    move->rank = rank;
    for (int32_t d = rank - 1; d >= 0; to *= move->n[d--]) {
        move->n[d] = dims[perm[d]];
        move->from[d] = stride[perm[d]];
        move->to[d] = to;
    }
    return CLADE_OK;
}

static int64_t elements(const cld_move *move) {
    int64_t count = 1;
    for (int32_t d = 0; d < move->rank; d++)
        count *= move->n[d];
    return count;
}

/* All of offset + sum c_d * stride_d lies in [0, count). */
static bool inside(const cld_move *move, const int64_t *stride, int64_t offset, int64_t count) {
    int64_t low = offset, high = offset;
    for (int32_t d = 0; d < move->rank; d++)
        *(stride[d] < 0 ? &low : &high) += (move->n[d] - 1) * stride[d];
    return low >= 0 && high < count;
}

/* The moves to outputs that are read, collapsed. An output that nobody reads has neither type nor buffer here. */
static clade_status describe_checked(const cld_call *call, cld_describe describe, cld_moves *moves, clade_error *err) {
    int32_t wanted = 0;
    CLD_RETURN(describe(call, moves, err));
    for (int32_t k = 0; k < moves->count; k++)
        if (cld_call_wants(call, moves->move[k].out))
            moves->move[wanted++] = moves->move[k];
    moves->count = wanted;
    for (int32_t k = 0; k < moves->count; k++) {
        cld_move *move = &moves->move[k];
        collapse(move);
        if (elements(move) > 0 && (!inside(move, move->to, move->to_offset, cld_type_count(&call->out[move->out])) ||
                                   !inside(move, move->from, move->from_offset, cld_type_count(&call->in[move->in]))))
            return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "a move leaves its tensor");
    }
    return CLADE_OK;
}

/* ---- on a device ------------------------------------------------------------------------------------------------ */

static void swap_dims(cld_move *move, int32_t a, int32_t b) {
    int64_t *list[] = { move->n, move->to, move->from };
    for (size_t k = 0; k < CLD_COUNT(list); k++) {
        int64_t keep = list[k][a];
        list[k][a] = list[k][b];
        list[k][b] = keep;
    }
}

/* Worth tiling: the innermost dimension is contiguous in `out` only, another one in `in` only, and both are long. That
 * one is brought next to the innermost. */
static bool make_tiled(cld_move *move) {
    int32_t inner = move->rank - 1;
    if (move->rank < 2 || move->to[inner] != 1 || move->n[inner] < LEAST_TILED)
        return false;
    for (int32_t d = 0; d < inner; d++)
        if (move->from[d] == 1 && move->n[d] >= LEAST_TILED) {
            swap_dims(move, d, inner - 1);
            return true;
        }
    return false;
}

static void emit_tiled(cld_step *step, bool blocks, const cld_move *move) {
    int32_t inner = move->rank - 1;
    size_t n0 = (size_t)move->n[inner], n1 = (size_t)move->n[inner - 1], batch = (size_t)elements(move) / n0 / n1;
    if (blocks)
        cld_step_size(step, (n0 + BLOCK - 1) / BLOCK, (n1 + BLOCK - 1) / BLOCK, batch, 1, 1, 1);
    else
        cld_step_size(step, (n0 + TILE - 1) / TILE * TILE, (n1 + TILE - 1) / TILE * TILE_ROWS, batch, TILE, TILE_ROWS,
                      1);
}

static void emit_kernel(const cld_emit *emit, cld_move *move, clade_dtype bits) {
    const cld_caps *caps = emit->caps;
    const bool long_items = cld_on_cpu(emit->call, caps);
    bool tiled = (long_items || caps->max_group >= TILE * TILE_ROWS) && make_tiled(move);
    static const char *const entry[2][2] = { { "copy_items", "copy_runs" }, { "copy_tile", "copy_block" } };
    int64_t count = elements(move), chunk = cld_item_elements(caps, count);
    cld_step *step = cld_step_kernel(emit->steps, "copy", entry[tiled][long_items]);
    cld_step_define_dtype(emit->steps, step, "E", bits);
    if (long_items)
        cld_step_define(emit->steps, step, "WIDE", "1");
    cld_step_buf(emit->steps, step, emit->out[move->out], bits, CLD_WRITE, move->to_offset);
    cld_step_buf(emit->steps, step, emit->in[move->in], bits, CLD_READ, move->from_offset);
    cld_step_int(emit->steps, step, (int32_t)count);
    cld_step_int(emit->steps, step, (int32_t)chunk);
    cld_step_int(emit->steps, step, move->rank);
    const int64_t *list[] = { move->n, move->to, move->from };
    for (size_t k = 0; k < CLD_COUNT(list); k++) {
        int64_t inner_first[CLD_MOVE_KERNEL_RANK];
        for (int32_t d = 0; d < move->rank; d++)
            inner_first[d] = list[k][move->rank - 1 - d];
        cld_step_eight(emit->steps, step, inner_first, move->rank);
    }
    if (tiled)
        emit_tiled(step, long_items, move);
    else
        cld_step_items(step, caps, (count + chunk - 1) / chunk);
    step->bytes = 2.0 * (double)count * (double)clade_dtype_size(bits);
}

clade_status cld_moves_emit(const cld_emit *emit, cld_describe describe, clade_error *err) {
    const cld_call *call = emit->call;
    cld_moves moves;
    CLD_RETURN(describe_checked(call, describe, &moves, err));
    if (moves.fills && cld_type_count(&call->out[0]) > 0)
        cld_step_fill(emit->steps, emit->out[0], moves.fill, clade_dtype_size(call->out[0].dtype),
                      cld_type_bytes(&call->out[0]));
    for (int32_t k = 0; k < moves.count; k++) {
        cld_move *move = &moves.move[k];
        int64_t count = elements(move);
        clade_dtype bits = cld_dtype_bits(call->in[move->in].dtype);
        size_t size = clade_dtype_size(bits);
        if (count == 0)
            continue;
        if (move->rank > CLD_MOVE_KERNEL_RANK)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED,
                                 "needs a copy over %d dimensions; at most %d are supported", move->rank,
                                 CLD_MOVE_KERNEL_RANK);
        if (move->rank == 0 || (move->rank == 1 && move->to[0] == 1 && move->from[0] == 1))
            cld_step_copy(emit->steps, emit->out[move->out], (size_t)move->to_offset * size, emit->in[move->in],
                          (size_t)move->from_offset * size, (size_t)count * size);
        else
            emit_kernel(emit, move, bits);
    }
    return CLADE_OK;
}

/* ---- on the host ------------------------------------------------------------------------------------------------ */

static void copy_run(char *to, int64_t to_bytes, const char *from, int64_t from_bytes, int64_t n, size_t size) {
    if (to_bytes == (int64_t)size && from_bytes == (int64_t)size) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    for (int64_t k = 0; k < n; k++)
        memcpy(to + k * to_bytes, from + k * from_bytes, size);
}

/* Dimensions from d on, from the given places on. */
static void copy_dims(const cld_move *move, int32_t d, char *to, const char *from, size_t size) {
    int64_t to_bytes = d < move->rank ? move->to[d] * (int64_t)size : (int64_t)size;
    int64_t from_bytes = d < move->rank ? move->from[d] * (int64_t)size : (int64_t)size;
    if (d + 1 >= move->rank) {
        copy_run(to, to_bytes, from, from_bytes, d < move->rank ? move->n[d] : 1, size);
        return;
    }
    for (int64_t k = 0; k < move->n[d]; k++)
        copy_dims(move, d + 1, to + k * to_bytes, from + k * from_bytes, size);
}

clade_status cld_moves_eval(const cld_call *call, clade_tensor *const *out, cld_describe describe, clade_error *err) {
    cld_moves moves;
    CLD_RETURN(describe_checked(call, describe, &moves, err));
    for (size_t k = 0, size = clade_dtype_size(call->out[0].dtype); moves.fills && k < out[0]->size_bytes; k += size)
        memcpy((char *)out[0]->data + k, moves.fill, size);
    for (int32_t k = 0; k < moves.count; k++) {
        const cld_move *move = &moves.move[k];
        size_t size = clade_dtype_size(call->in[move->in].dtype);
        if (elements(move) > 0)
            copy_dims(move, 0, (char *)out[move->out]->data + move->to_offset * (int64_t)size,
                      (const char *)call->value[move->in]->data + move->from_offset * (int64_t)size, size);
    }
    return CLADE_OK;
}
