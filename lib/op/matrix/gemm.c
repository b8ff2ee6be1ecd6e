/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: puts a problem into its simplest form, which is what the rows see, and writes it in parts.
 *
 * Simplest form: batch dimensions that can be walked as one are merged; a batch over which B is constant is more rows
 * of A. Kernels number batches (outer, inner); what has more dimensions is written as several steps. The rows
 * themselves: gemm_panels.c (CPUs), tiles.c (GPUs), gemm_rows.c (the others).
 */
#include "op/matrix/gemm.h"

int64_t cld_even_blocks(int64_t items, int64_t most) {
    int64_t blocks = cld_parts(items, most);
    return blocks > 0 ? cld_parts(items, blocks) : 1;
}

/* No output element. Beyond this check every product of dimensions is bounded by the size of a tensor that exists. */
bool cld_product_empty(const cld_gemm *gemm) {
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

int64_t cld_product_batches(const cld_gemm *gemm) {
    int64_t batches = 1;
    for (int32_t d = 0; d < gemm->batch_rank; d++)
        batches *= gemm->batch[d];
    return batches;
}

double cld_product_flops(const cld_gemm *gemm) {
    return 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)cld_product_batches(gemm);
}

static int64_t splits_of(const cld_gemm *simple) {
    int64_t splits = 1;
    for (int32_t d = 0; d + 2 < simple->batch_rank; d++)
        splits *= simple->batch[d];
    return splits;
}

int64_t cld_gemm_splits(const cld_gemm *gemm) {
    if (cld_product_empty(gemm))
        return 0;
    cld_gemm simple = *gemm;
    simplify(&simple);
    return splits_of(&simple);
}

const cld_gemm *cld_product_read(cld_arena *arena, const cld_gemm *gemm) {
    cld_gemm *simple = cld_arena_copy(arena, gemm, sizeof *gemm);
    if (simple && !cld_product_empty(simple))
        simplify(simple);
    return simple;
}

/* Sizes: m, n, k, bias_row, then of each batch dimension its size and the strides of A, B and the bias. */
void cld_product_describe(const cld_call *call, cld_problem *out) {
    const cld_gemm *gemm = call->problem;
    const bool flags[] = { gemm->trans_a,   gemm->trans_b,       gemm->constant_b,
                           gemm->beta != 0, gemm->bias_col != 0, gemm->epilogue };
    *out = (cld_problem){ .kind = "product", .dtype = gemm->dtype };
    for (size_t k = 0; k < CLD_COUNT(flags); k++)
        out->flags |= (uint32_t)flags[k] << k;
    cld_problem_add(out, 4, (int64_t[]){ gemm->m, gemm->n, gemm->k, gemm->bias_row });
    for (int32_t d = 0; d < gemm->batch_rank; d++)
        cld_problem_add(out, 4, (int64_t[]){ gemm->batch[d], gemm->a_batch[d], gemm->b_batch[d], gemm->bias_batch[d] });
}

clade_status cld_product_parts(const cld_emit *emit, cld_product_writer write) {
    const cld_gemm *simple = emit->call->problem;
    if (cld_product_empty(simple))
        return CLADE_OK;
    int64_t splits = splits_of(simple), each = cld_product_batches(simple) / splits;
    cld_gemm part = *simple;
    part.batch_rank = 2;
    for (int32_t d = 0; d < 2; d++) {
        int32_t from = simple->batch_rank - 2 + d;
        part.batch[d] = from < 0 ? 1 : simple->batch[from];
        part.a_batch[d] = from < 0 ? 0 : simple->a_batch[from];
        part.b_batch[d] = from < 0 ? 0 : simple->b_batch[from];
        part.bias_batch[d] = from < 0 ? 0 : simple->bias_batch[from];
    }
    for (int64_t s = 0; s < splits; s++) {
        int64_t rest = s;
        part.a_offset = simple->a_offset;
        part.b_offset = simple->b_offset;
        part.bias_offset = simple->bias_offset;
        part.c_offset = simple->c_offset + s * each * simple->m * simple->n;
        for (int32_t d = simple->batch_rank - 3; d >= 0; d--) {
            part.a_offset += rest % simple->batch[d] * simple->a_batch[d];
            part.b_offset += rest % simple->batch[d] * simple->b_batch[d];
            part.bias_offset += rest % simple->batch[d] * simple->bias_batch[d];
            rest /= simple->batch[d];
        }
        write(emit, &part);
    }
    return CLADE_OK;
}

clade_status cld_product_emit(const cld_emit *emit, const cld_gemm *gemm, clade_error *err) {
    cld_call call = *emit->call;
    cld_emit within = *emit;
    within.call = &call;
    within.describe = cld_product_describe;
    call.problem = cld_product_read(emit->steps->arena, gemm);
    if (!call.problem)
        return cld_no_memory(err, "a plan");
    return cld_choose_emit(&within, cld_product_rows, err);
}

double cld_product_cost(const cld_gemm *gemm, const cld_caps *caps) {
    const cld_call call = { .problem = gemm };
    double least = 0;
    bool found = false;
    for (const cld_impl *row = cld_product_rows; row->name; row++) {
        int32_t value[CLD_MAX_PARAMS] = { 0 };
        if (!cld_impl_fits(row, caps) || row->needs & CLD_NEEDS_BLAS ||
            (row->applicable && !row->applicable(&call, caps)))
            continue;
        if (row->space)
            row->space->usual(&call, caps, value);
        const double cost = row->cost(&call, caps, value);
        least = found ? CLD_MIN(least, cost) : cost;
        found = true;
    }
    return least;
}
