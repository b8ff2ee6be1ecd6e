/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: puts a problem into its simplest form and hands it to the row that suits it.
 *
 * Simplest form: batch dimensions that can be walked as one are merged; a batch over which B is constant is more rows
 * of A. Kernels number batches (outer, inner); what has more dimensions is written as several steps. The rows
 * themselves: gemm_panels.c (CPU), gemm_rows.c (the others).
 */
#include "op/gemm.h"

int64_t cld_even_blocks(int64_t items, int64_t most) {
    int64_t blocks = cld_parts(items, most);
    return blocks > 0 ? cld_parts(items, blocks) : 1;
}

/* No output element. Beyond this check every product of dimensions is bounded by the size of a tensor that exists. */
static bool is_empty(const cld_gemm *gemm) {
    bool empty = gemm->m == 0 || gemm->n == 0;
    for (int32_t d = 0; d < gemm->batch_rank; d++)
        empty |= gemm->batch[d] == 0;
    return empty;
}

static void drop_batch(cld_gemm *gemm, int32_t d) {
    for (int32_t i = d; i + 1 < gemm->batch_rank; i++) {
        gemm->batch[i] = gemm->batch[i + 1];
        gemm->a_batch[i] = gemm->a_batch[i + 1];
        gemm->b_batch[i] = gemm->b_batch[i + 1];
        gemm->bias_batch[i] = gemm->bias_batch[i + 1];
    }
    gemm->batch_rank--;
}

static void simplify(cld_gemm *gemm) {
    if (gemm->bias.i < 0) { /* anything fits: choose what merges */
        gemm->beta = 0;
        gemm->bias_row = gemm->bias_col = 0;
        memset(gemm->bias_batch, 0, sizeof gemm->bias_batch);
    }
    for (int32_t d = gemm->batch_rank - 1; d >= 0; d--)
        if (gemm->batch[d] == 1)
            drop_batch(gemm, d);
    for (int32_t d = gemm->batch_rank - 2; d >= 0; d--) {
        int64_t inner = gemm->batch[d + 1];
        if (gemm->a_batch[d] == gemm->a_batch[d + 1] * inner && gemm->b_batch[d] == gemm->b_batch[d + 1] * inner &&
            gemm->bias_batch[d] == gemm->bias_batch[d + 1] * inner) {
            gemm->batch[d + 1] *= gemm->batch[d];
            drop_batch(gemm, d);
        }
    }
    int32_t last = gemm->batch_rank - 1;
    if (last >= 0 && !gemm->integer && !gemm->trans_a && gemm->a_batch[last] == gemm->m * gemm->k &&
        gemm->b_batch[last] == 0 && gemm->bias_batch[last] == gemm->bias_row * gemm->m) {
        gemm->m *= gemm->batch[last];
        drop_batch(gemm, last);
    }
}

static const cld_gemm_writer *const writers[CLD_GEMM_ROWS] = {
    [CLD_GEMM_PANELS] = &cld_gemm_panels,    [CLD_GEMM_CLBLAST] = &cld_gemm_clblast,
    [CLD_GEMM_TILED] = &cld_gemm_tiled,      [CLD_GEMM_REFERENCE] = &cld_gemm_reference,
    [CLD_GEMM_INTEGER] = &cld_gemm_integers,
};

bool cld_gemm_applicable(const cld_gemm *gemm, cld_gemm_row row, const cld_caps *caps) {
    if ((gemm->integer != NULL) != (row == CLD_GEMM_INTEGER))
        return false;
    if (is_empty(gemm))
        return row >= CLD_GEMM_REFERENCE;
    cld_gemm simple = *gemm;
    simplify(&simple);
    return writers[row]->applicable(&simple, caps);
}

int64_t cld_gemm_splits(const cld_gemm *gemm) {
    if (is_empty(gemm))
        return 0;
    cld_gemm simple = *gemm;
    simplify(&simple);
    int64_t splits = 1;
    for (int32_t d = 0; d + 2 < simple.batch_rank; d++)
        splits *= simple.batch[d];
    return splits;
}

void cld_gemm_emit(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm, cld_gemm_row row) {
    if (is_empty(gemm))
        return;
    cld_gemm simple = *gemm;
    simplify(&simple);
    int64_t batches = 1, splits = cld_gemm_splits(&simple);
    for (int32_t d = 0; d < simple.batch_rank; d++)
        batches *= simple.batch[d];
    for (row = row == CLD_GEMM_ROWS ? 0 : row; !cld_gemm_applicable(gemm, row, caps);)
        row++; /* one of the last two always is */
    cld_gemm part = simple;
    part.batch_rank = 2;
    for (int32_t d = 0; d < 2; d++) {
        int32_t from = simple.batch_rank - 2 + d;
        part.batch[d] = from < 0 ? 1 : simple.batch[from];
        part.a_batch[d] = from < 0 ? 0 : simple.a_batch[from];
        part.b_batch[d] = from < 0 ? 0 : simple.b_batch[from];
        part.bias_batch[d] = from < 0 ? 0 : simple.bias_batch[from];
    }
    for (int64_t s = 0; s < splits; s++) {
        int64_t rest = s;
        part.a_offset = simple.a_offset;
        part.b_offset = simple.b_offset;
        part.bias_offset = simple.bias_offset;
        part.c_offset = simple.c_offset + s * (batches / splits) * simple.m * simple.n;
        for (int32_t d = simple.batch_rank - 3; d >= 0; d--) {
            part.a_offset += rest % simple.batch[d] * simple.a_batch[d];
            part.b_offset += rest % simple.batch[d] * simple.b_batch[d];
            part.bias_offset += rest % simple.batch[d] * simple.bias_batch[d];
            rest /= simple.batch[d];
        }
        writers[row]->write(steps, caps, &part);
    }
}
