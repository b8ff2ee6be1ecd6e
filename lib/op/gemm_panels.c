/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU row of matrix products: cl/panels.cl. B is packed into panels (once when it is constant), then groups of one
 * item multiply MB rows by NB columns each. Here are the tile, the blocks, and how the work is shared among compute
 * units.
 */
#include "op/gemm.h"

#include <stdio.h>

/* K_BLOCK x 32 of B stay in a first-level cache, K_BLOCK x ROW_BLOCK of A in a second-level one. */
enum { TALLEST = 12, K_BLOCK = 256, ROW_BLOCK = 96, COLUMN_BLOCK = 512, VECTORS = 2, PACK_K = 64, GROUPS_PER_UNIT = 4 };

cld_tile cld_panels_tile(const cld_caps *caps, int64_t m, int32_t tallest) {
    static const int32_t wide[] = { 12, 8, 4, 0 }, narrow[] = { 6, 4, 0 }; /* for 32 and 16 vector registers */
    const int32_t *height = caps->float_lanes >= 16 ? wide : narrow;
    while (*height > tallest)
        height++;
    int32_t best = *height;
    while (*++height) /* each height is one more kernel to compile: a lower one must save a quarter of the rows */
        if (cld_parts(m, *height) * *height * 4 <= cld_parts(m, best) * best * 3)
            best = *height;
    return (cld_tile){ best, (int32_t)caps->float_lanes * VECTORS };
}

void cld_panels_define(cld_steps *steps, cld_step *step, const cld_caps *caps, cld_tile tile, const char *epilogue) {
    cld_step_define(steps, step, "MR", "%d", tile.mr);
    cld_step_define(steps, step, "LANES", "%u", caps->float_lanes);
    cld_step_define(steps, step, "NV", "%d", VECTORS);
    if (epilogue)
        cld_step_define(steps, step, "EPILOGUE", "%s", epilogue);
}

static bool applicable(const cld_gemm *gemm, const cld_caps *caps) {
    return caps->is_cpu && gemm->dtype == CLADE_FLOAT32 && gemm->k > 0 && caps->float_lanes >= 4;
}

/* Writes the packing of `count` matrices B; gives the buffer of the panels. */
static cld_buf pack(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm, cld_tile tile, int64_t count) {
    int64_t panels = cld_parts(gemm->n, tile.nr);
    size_t bytes = (size_t)(count * panels * tile.nr * gemm->k) * sizeof(float);
    char key[128];
    snprintf(key, sizeof key, "panels:B:%lld x %lldx%lld%s:%d @%lld", (long long)count, (long long)gemm->k,
             (long long)gemm->n, gemm->trans_b ? "T" : "", tile.nr, (long long)gemm->b_offset);
    cld_buf packed = gemm->constant_b ? cld_step_packed(steps, bytes, gemm->b, key) : cld_step_scratch(steps, bytes);
    cld_step *step = cld_step_kernel(steps, "panels", "pack_b");
    step->once = gemm->constant_b;
    step->bytes = 2.0 * (double)bytes;
    cld_panels_define(steps, step, caps, tile, NULL);
    cld_step_define(steps, step, "PACK", "1");
    cld_step_out(steps, step, packed, CLADE_FLOAT32);
    cld_step_buf(steps, step, gemm->b, CLADE_FLOAT32, CLD_READ, gemm->b_offset);
    cld_step_ints(steps, step, 7,
                  (int64_t[]){ gemm->n, gemm->k, gemm->trans_b ? 1 : gemm->n, gemm->trans_b ? gemm->k : 1,
                               gemm->batch[1], gemm->b_batch[0], gemm->b_batch[1] });
    cld_step_size(step, (size_t)panels, (size_t)cld_parts(gemm->k, PACK_K), (size_t)count, 1, 1, 1);
    return packed;
}

/* Rows and columns of a group, in tiles: enough groups to keep the units equally busy. Fewer rows cost nothing but
 * reuse of the cache; fewer columns mean packing A more often, so they are cut last. */
static void share(const cld_gemm *gemm, const cld_caps *caps, cld_tile tile, int64_t *rows, int64_t *columns) {
    int64_t m = cld_parts(gemm->m, tile.mr), n = cld_parts(gemm->n, tile.nr), batches = gemm->batch[0] * gemm->batch[1];
    int64_t want = (int64_t)caps->compute_units * GROUPS_PER_UNIT;
    int64_t mb = CLD_MAX(ROW_BLOCK / tile.mr, 1), nb = CLD_MAX(COLUMN_BLOCK / tile.nr, 1);
    while (cld_parts(m, mb) * cld_parts(n, nb) * batches < want && (mb > 1 || nb > 1))
        if (mb > 2 || nb == 1)
            mb = cld_parts(mb, 2);
        else
            nb = cld_parts(nb, 2);
    *rows = cld_even_blocks(m, mb) * tile.mr;
    *columns = cld_even_blocks(n, nb) * tile.nr;
}

static void write(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm) {
    int64_t batches = gemm->batch[0] * gemm->batch[1];
    int64_t b_batches = gemm->b_batch[0] == 0 && gemm->b_batch[1] == 0 ? 1 : batches;
    cld_tile tile = cld_panels_tile(caps, gemm->m, TALLEST);
    cld_buf packed = pack(steps, caps, gemm, tile, b_batches);
    int64_t rows, columns;
    share(gemm, caps, tile, &rows, &columns);
    int64_t most = CLD_MIN((int64_t)(caps->local_bytes / sizeof(float)) / rows, (int64_t)K_BLOCK);
    int64_t k_block = cld_even_blocks(gemm->k, CLD_MAX(most, 1));

    cld_step *step = cld_step_kernel(steps, "panels", "multiply");
    step->flops = 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)batches;
    cld_panels_define(steps, step, caps, tile, gemm->epilogue);
    cld_step_buf(steps, step, gemm->c, CLADE_FLOAT32, CLD_WRITE, gemm->c_offset);
    cld_step_buf(steps, step, gemm->a, CLADE_FLOAT32, CLD_READ, gemm->a_offset);
    cld_step_in(steps, step, packed, CLADE_FLOAT32);
    cld_step_buf(steps, step, gemm->bias, CLADE_FLOAT32, CLD_READ, gemm->bias_offset);
    cld_step_ints(steps, step, 16,
                  (int64_t[]){ gemm->m, gemm->n, gemm->k, gemm->trans_a ? 1 : gemm->k, gemm->trans_a ? gemm->m : 1,
                               gemm->bias_row, gemm->bias_col, rows, columns, k_block, gemm->batch[1], gemm->a_batch[0],
                               gemm->a_batch[1], gemm->bias_batch[0], gemm->bias_batch[1], b_batches });
    cld_step_float(steps, step, gemm->alpha);
    cld_step_float(steps, step, gemm->beta);
    cld_step_local(steps, step, (size_t)(rows * k_block) * sizeof(float));
    cld_step_size(step, (size_t)cld_parts(gemm->m, rows), (size_t)cld_parts(gemm->n, columns), (size_t)batches, 1, 1,
                  1);
}

const cld_gemm_writer cld_gemm_panels = { applicable, write };
