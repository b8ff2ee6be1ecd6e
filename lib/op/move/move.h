/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: data movement. An operator that only moves elements (Transpose, Slice, Concat, Tile, ...) describes its
 * *moves*, strided N-D copies from an input to an output; one emitter and one host evaluator run them
 * (op/move/strided.c, cl/copy.cl).
 *
 *     out[to_offset + sum i_d * to_d] = in[from_offset + sum i_d * from_d]   for all 0 <= i_d < n_d
 *
 * Offsets and strides are in elements; strides may be negative or, on the `from` side, zero (broadcasting).
 */
#ifndef CLD_OP_MOVE_H
#define CLD_OP_MOVE_H

#include "op/core/launch.h"

#define CLD_MOVE_RANK 16       /* dimensions an operator may describe */
#define CLD_MOVE_KERNEL_RANK 8 /* dimensions left once they are collapsed; more are refused */

typedef struct cld_move {
    int32_t in, out; /* of the call */
    int32_t rank;    /* dimension 0 is the outermost */
    int64_t n[CLD_MOVE_RANK], to[CLD_MOVE_RANK], from[CLD_MOVE_RANK];
    int64_t to_offset, from_offset;
} cld_move;

typedef struct cld_moves {
    cld_move *move; /* in the call's arena */
    int32_t count;
    bool fills;      /* the moves do not cover output 0: it is filled with `fill` first */
    uint8_t fill[8]; /* one element */
} cld_moves;

/* ---- strided.c ------------------------------------------------------------------------------------------------- */

/* Writes the moves of a call whose types are inferred. */
typedef clade_status (*cld_describe)(const cld_call *call, cld_moves *out, clade_error *err);
clade_status cld_moves_emit(const cld_emit *emit, cld_describe describe, clade_error *err);
clade_status cld_moves_eval(const cld_call *call, clade_tensor *const *out, cld_describe describe, clade_error *err);

/* Room for `count` moves, zeroed. */
clade_status cld_moves_new(const cld_call *call, cld_moves *out, int32_t count, clade_error *err);
/* Appends a dimension to a move. */
void cld_move_dim(cld_move *move, int64_t n, int64_t to, int64_t from);

/* Permuted dimensions as one move: writes dims[perm[0]], dims[perm[1]], ... of a dense input, densely. */
clade_status cld_moves_permute(const cld_call *call, const int64_t *dims, const int32_t *perm, int32_t rank,
                               cld_moves *out, clade_error *err);

/* <op>_eval and <op>_rows of an operator that is nothing but <op>_describe. */
#define CLD_MOVES_ROWS(op)                                                                                             \
    static clade_status op##_emit(const cld_emit *emit, clade_error *err) {                                            \
        return cld_moves_emit(emit, op##_describe, err);                                                               \
    }                                                                                                                  \
    static clade_status op##_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {                  \
        return cld_moves_eval(call, out, op##_describe, err);                                                          \
    }                                                                                                                  \
    static const cld_impl op##_rows[] = { { .name = "strided", .emit = op##_emit }, { 0 } }

/* ---- items.c --------------------------------------------------------------------------------------------------- */

/* The unsigned type of as many bytes: moving elements needs no arithmetic, so kernels come in four sizes, not twelve
 * types. */
clade_dtype cld_dtype_bits(clade_dtype dtype);
/* ERR_LIMIT when a tensor of the call has more elements than a kernel's idx can count. The planner sees to this before
 * emit; infer asks where host memory goes with the sizes. */
clade_status cld_call_countable(const cld_call *call, clade_error *err);
/* Host copy of input `in` to `out`, both of the same size. */
void cld_copy_whole(const clade_tensor *in, clade_tensor *out);
/* A string attribute out of a list: its place in `names`, names[otherwise] when it is absent. ERR_UNSUPPORTED for
 * others. */
clade_status cld_call_choice(const cld_call *call, const char *attr, const char *const *names, int32_t count,
                             int32_t otherwise, int32_t *out, clade_error *err);
/* The eight sizes or strides a kernel takes; 1 beyond `count`. */
void cld_step_eight(cld_steps *steps, cld_step *step, const int64_t *values, int32_t count);

/* ---- index.c --------------------------------------------------------------------------------------------------- */

/* Reading or writing rows of `inner` elements through tuples of indices: Gather, GatherND, ScatterND. Row r starts at
 *     r / per_batch * batch_stride + sum over j < depth of index[(r % index_rows) * depth + j] * stride[j]
 * and entry j of a tuple is an index into size[j] entries. */
typedef struct cld_rows {
    int64_t rows, inner, index_rows, per_batch, batch_stride;
    int32_t depth;
    int64_t size[CLADE_MAX_RANK], stride[CLADE_MAX_RANK];
} cld_rows;
/* GatherND and ScatterND: input 1 holds tuples in its last dimension; `batch` leading dimensions are shared with input
 * 0. */
clade_status cld_rows_of_tuples(const cld_call *call, int32_t batch, cld_rows *out, clade_error *err);
int64_t cld_rows_start(const cld_rows *rows, const clade_tensor *index, int64_t r); /* host */

/* Input k holds indices: int32 or int64; entry j of each tuple of `depth` is an index into size[j] entries. Checks the
 * values when they are known: ERR_ARGUMENT. ERR_SHAPE when there is nothing to index. */
clade_status cld_call_indices(const cld_call *call, int32_t k, const int64_t *size, int32_t depth, clade_error *err);
/* The same where negative indices do not count from the end: values of input k in [0, last] are good, and `what`
 * ("index", "sequence length") says what they are. */
clade_status cld_call_within(const cld_call *call, int32_t k, int64_t last, const char *what, int64_t entries,
                             clade_error *err);
/* A known index, checked before: negative from the end. */
int64_t cld_index(int64_t i, int64_t n);
/* Expansions give this (1) to Gather, GatherElements and ScatterElements whose negative indices are out of range. */
#define CLD_PLAIN_INDEX CLD_RESERVED "plain_index"
/* Ends a step whose kernel takes the values of input k, `what` they are, as CLADE_FAULT and, unless it has no choice,
 * INDEX say (cl/common.clh). Values known on the host have been checked there. */
void cld_step_indices(const cld_emit *emit, cld_step *step, int32_t k, const char *what);

#endif
