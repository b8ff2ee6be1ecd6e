/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: the writer behind MatMul, Gemm, Conv and the recurrent layers (gemm.c, gemm_panels.c, gemm_rows.c).
 */
#ifndef CLD_OP_GEMM_H
#define CLD_OP_GEMM_H

#include "op/op.h"

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
    const char *epilogue;                   /* expression in x; NULL: x */
    const struct cld_gemm_integer *integer; /* not NULL: a product of 8-bit integers; then alpha, beta, bias, trans_a,
                                               trans_b and epilogue play no part */
} cld_gemm;

/* What a quantised product needs beyond a cld_gemm; each buffer may be absent. See cl/gemm_integer.cl. */
typedef struct cld_gemm_integer {
    clade_dtype a_dtype, b_dtype, c_dtype;
    cld_buf a_zero, b_zero, a_scale, b_scale, c_scale, c_zero;
    int64_t a_zero_step, b_zero_step, a_scale_step, b_scale_step; /* 1: one value for each row of A, column of B */
} cld_gemm_integer;

typedef enum cld_gemm_row {
    CLD_GEMM_PANELS,
    CLD_GEMM_CLBLAST,
    CLD_GEMM_TILED,
    CLD_GEMM_REFERENCE,
    CLD_GEMM_INTEGER,
    CLD_GEMM_ROWS
} cld_gemm_row;
/* A row suits the problem on this device (the buffers are not looked at). */
bool cld_gemm_applicable(const cld_gemm *gemm, cld_gemm_row row, const cld_caps *caps);
/* Writes the steps with that row; CLD_GEMM_ROWS: the first applicable one. */
void cld_gemm_emit(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm, cld_gemm_row row);
/* Steps of each kind that emit writes: more than 1 where the batch is awkward. */
int64_t cld_gemm_splits(const cld_gemm *gemm);
/* How a row is made: gemm_panels.c, gemm_rows.c. `write` gets a simplified problem with exactly two batch
 * dimensions (outer, inner) and no empty dimension but k. */
typedef struct cld_gemm_writer {
    bool (*applicable)(const cld_gemm *gemm, const cld_caps *caps);
    void (*write)(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm);
} cld_gemm_writer;
extern const cld_gemm_writer cld_gemm_panels, cld_gemm_clblast, cld_gemm_tiled, cld_gemm_reference, cld_gemm_integers;
/* A node with the shapes of MatMul on inputs `a` and `b`: checks and writes output 0 but for its dtype; the problem. */
clade_status cld_matmul_infer(cld_call *call, int32_t a, int32_t b, clade_error *err);
void cld_matmul_describe(const cld_call *call, int32_t a, int32_t b, cld_gemm *gemm);
/* The register tile of the panel kernels (cl/panels.cl) for m rows, at most `tallest` rows high; and as defines. */
typedef struct cld_tile {
    int32_t mr, nr;
} cld_tile;
cld_tile cld_panels_tile(const cld_caps *caps, int64_t m, int32_t tallest);
void cld_panels_define(cld_steps *steps, cld_step *step, const cld_caps *caps, cld_tile tile, const char *epilogue);
/* The step epilogue(C + beta bias), in place, after a product that could do no more; none when there is nothing to do.
 */
void cld_gemm_finish(cld_steps *steps, const cld_gemm *gemm);
static inline int64_t cld_parts(int64_t items, int64_t size) { return (items + size - 1) / size; }
/* Blocks of `items` so that no block is larger than `most` and all are about equal. */
int64_t cld_even_blocks(int64_t items, int64_t most);

#endif
