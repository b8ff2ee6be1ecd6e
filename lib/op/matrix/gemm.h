/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: the writer behind MatMul, Gemm, Conv and the recurrent layers (gemm.c, gemm_panels.c, tiles.c,
 * gemm_rows.c).
 */
#ifndef CLD_OP_GEMM_H
#define CLD_OP_GEMM_H

#include "op/core/launch.h"
#include "op/map/epilogue.h"

/* C[b] = epilogue(alpha op(A[b]) op(B[b]) + beta bias[b]) for every batch index b. All matrices are dense and
 * row-major: op(A) is m x k, op(B) k x n; C[b] is m x n, one after the other. Strides and offsets are in elements. */
typedef struct cld_gemm {
    clade_dtype dtype; /* of everything; float16 is computed in float */
    int64_t m, n, k;
    bool trans_a, trans_b;
    bool constant_b; /* B is a constant: packed once where packing pays */
    int32_t batch_rank;
    int64_t batch[CLADE_MAX_RANK]; /* its dimensions; their strides are 0 where an operand is broadcast */
    int64_t a_batch[CLADE_MAX_RANK], b_batch[CLADE_MAX_RANK], bias_batch[CLADE_MAX_RANK];
    cld_buf a, b, bias, c; /* bias may be absent */
    int64_t a_offset, b_offset, bias_offset, c_offset;
    int64_t bias_row, bias_col; /* bias[i * bias_row + j * bias_col]; bias_col is 0 or 1 */
    float alpha, beta;
    bool epilogue; /* the node's is applied (op/map/epilogue.h); what is then C is its output 0 */
    const struct cld_gemm_integer *integer; /* not NULL: a product of 8-bit integers; then alpha, beta, bias, trans_a,
                                               trans_b and epilogue play no part */
} cld_gemm;

/* What a quantised product needs beyond a cld_gemm; each buffer may be absent. See cl/gemm_integer.cl. */
typedef struct cld_gemm_integer {
    clade_dtype a_dtype, b_dtype, c_dtype;
    cld_buf a_zero, b_zero, a_scale, b_scale, c_scale, c_zero;
    int64_t a_zero_step, b_zero_step, a_scale_step, b_scale_step; /* 1: one value for each row of A, column of B */
} cld_gemm_integer;

/* The rows of every product: MatMul's, Gemm's, and what other operators have within. The call's problem is a cld_gemm
 * in its simplest form. */
extern const cld_impl cld_product_rows[];
/* The simplest form, in an arena; NULL: no memory. */
const cld_gemm *cld_product_read(cld_arena *arena, const cld_gemm *gemm);
void cld_product_describe(const cld_call *call, cld_problem *out);
/* A product within another row: the chooser picks its row. Writes its steps. */
clade_status cld_product_emit(const cld_emit *emit, const cld_gemm *gemm, clade_error *err);
/* What the cheapest of its rows, CLBlast's left out, is thought to cost. */
double cld_product_cost(const cld_gemm *gemm, const cld_caps *caps);
/* Has `write` write the problem of emit->call in parts of exactly two batch dimensions (outer, inner), no dimension
 * but k empty. */
typedef void (*cld_product_writer)(const cld_emit *emit, const cld_gemm *part);
clade_status cld_product_parts(const cld_emit *emit, cld_product_writer write);
/* Of all matrices: their number, and the arithmetic. */
int64_t cld_product_batches(const cld_gemm *gemm);
double cld_product_flops(const cld_gemm *gemm);
/* How many parts: more than 1 where the batch is awkward. */
int64_t cld_gemm_splits(const cld_gemm *gemm);
/* gemm_panels.c: a row of cld_product_rows. */
bool cld_panels_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_panels_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_panels_space;
double cld_panels_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
/* tiles.c: another. */
bool cld_product_tiles_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_product_tiles_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_product_tiles_space;
double cld_product_tiles_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
/* blas.c: two more. */
bool cld_blas_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_blas_packed_emit(const cld_emit *emit, clade_error *err);
clade_status cld_blas_direct_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_blas_packed_space, cld_blas_direct_space;
enum { CLD_BLAS_PACKED_SEEDS = 7, CLD_BLAS_DIRECT_SEEDS = 5 };
extern const int32_t cld_blas_packed_seeds[CLD_BLAS_PACKED_SEEDS][CLD_MAX_PARAMS],
    cld_blas_direct_seeds[CLD_BLAS_DIRECT_SEEDS][CLD_MAX_PARAMS];
double cld_blas_packed_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
double cld_blas_direct_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
/* Is output empty? Only the reference row takes such, and writes nothing. */
bool cld_product_empty(const cld_gemm *gemm);
/* A node with the shapes of MatMul on inputs `a` and `b`: checks and writes output 0 but for its dtype; the problem. */
clade_status cld_matmul_infer(cld_call *call, int32_t a, int32_t b, clade_error *err);
void cld_matmul_describe(const cld_call *call, int32_t a, int32_t b, cld_gemm *gemm);
/* The register tile of the panel kernels (cl/panels.cl): rows, and vectors of `lanes` columns; as defines; and its
 * usual height for m rows, at most `tallest`. */
typedef struct cld_tile {
    int32_t mr, nv, lanes;
} cld_tile;
static inline int32_t cld_tile_columns(cld_tile tile) { return tile.nv * tile.lanes; }
int32_t cld_panels_height(const cld_caps *caps, int64_t m, int32_t tallest);
/* It fits the vector registers, or nearly. */
bool cld_panels_fits(const cld_caps *caps, int32_t mr, int32_t nv);
void cld_panels_define(cld_steps *steps, cld_step *step, cld_tile tile);
/* The step epilogue(C + beta bias), in place, after a product that could do no more; none when there is nothing to do.
 */
void cld_gemm_finish(const cld_emit *emit, const cld_gemm *gemm);
/* Blocks of `items` so that no block is larger than `most` and all are about equal. */
int64_t cld_even_blocks(int64_t items, int64_t most);

#endif
