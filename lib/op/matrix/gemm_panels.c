/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU row of matrix products: cl/panels.cl. B is packed into panels (once when it is constant), then groups of one
 * item multiply MB rows by NB columns each. Here are the tile, the blocks, and how the work is shared among compute
 * units.
 */
#include "op/matrix/gemm.h"

#include <stdio.h>

/* ---- the parameters -----------------------------------------------------------------------------------------------
 */

enum { MR, NV, KB, MB, NB };
static const cld_param params[] = {
    [MR] = { "mr", { 4, 6, 8, 12, 14 } }, /* rows of the register tile */
    [NV] = { "nv", { 1, 2, 3, 4 } },      /* and its vectors */
    [KB] = { "kb", { 64, 128, 192, 256, 384, 512 } },
    [MB] = { "mb", { 24, 48, 96, 112, 144, 192 } }, /* rows and columns of a group; 112 for mr 14 */
    [NB] = { "nb", { 32, 64, 96, 128, 256, 512, 1024 } },
    { 0 }
};

int32_t cld_panels_height(const cld_caps *caps, int64_t m, int32_t tallest) {
    static const int32_t wide[] = { 12, 8, 4, 0 }, narrow[] = { 6, 4, 0 }; /* for 32 and 16 vector registers */
    const int32_t *height = caps->float_lanes >= 16 ? wide : narrow;
    while (*height > tallest)
        height++;
    int32_t best = *height;
    while (*++height) /* each height is one more kernel to compile: a lower one must save a quarter of the rows */
        if (cld_parts(m, *height) * *height * 4 <= cld_parts(m, best) * best * 3)
            best = *height;
    return best;
}

bool cld_panels_fits(const cld_caps *caps, int32_t mr, int32_t nv) {
    const int32_t registers = caps->float_lanes >= 16 ? 32 : 16;
    return mr >= 1 && nv >= 1 && nv <= 8 && mr <= 2 * registers && mr * nv <= 2 * registers;
}

/* Rows and columns of a group, in tiles: enough groups to keep the units equally busy, and none that takes less than
 * it takes to wake a unit. Fewer rows cost nothing but reuse of the cache; fewer columns mean packing A more often, so
 * they are cut last. */
static void share(const cld_gemm *gemm, const cld_caps *caps, int32_t mr, int32_t nr, int32_t *rows, int32_t *columns) {
    const int64_t tall = 96, broad = 512, per_unit = 4;
    int64_t m = cld_parts(gemm->m, mr), n = cld_parts(gemm->n, nr), batches = cld_product_batches(gemm);
    const double least = 3e5, flops = 2.0 * (double)(m * mr) * (double)(n * nr) * (double)gemm->k * (double)batches;
    const int64_t want = (int64_t)CLD_MIN((double)((int64_t)caps->compute_units * per_unit), flops / least);
    int64_t mb = CLD_MAX(tall / mr, 1), nb = CLD_MAX(broad / nr, 1);
    while (cld_parts(m, mb) * cld_parts(n, nb) * batches < want && (mb > 1 || nb > 1))
        if (mb > 2 || nb == 1)
            mb = cld_parts(mb, 2);
        else
            nb = cld_parts(nb, 2);
    *rows = (int32_t)cld_even_blocks(m, mb) * mr;
    *columns = (int32_t)cld_even_blocks(n, nb) * nr;
}

/* What a lower tile could save of so small a product is less than a launch, and it would be one more kernel. */
static bool is_small(const cld_gemm *gemm, int32_t mr, int64_t nr) {
    const double most = 2e5;
    return 2.0 * mr * (double)(cld_parts(gemm->n, nr) * nr) * (double)gemm->k * (double)cld_product_batches(gemm) <
           most;
}

/* kb x 32 of B stay in a first-level cache, kb x mb of A in a second-level one. */
static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const int32_t tallest = 12, deepest = 256;
    const cld_gemm *gemm = call->problem;
    value[NV] = 2;
    const int32_t highest = cld_panels_height(caps, tallest, tallest);
    value[MR] = is_small(gemm, highest, value[NV] * (int64_t)caps->float_lanes)
                    ? highest
                    : cld_panels_height(caps, gemm->m, tallest);
    share(gemm, caps, value[MR], value[NV] * (int32_t)caps->float_lanes, &value[MB], &value[NB]);
    int64_t most = CLD_MIN((int64_t)(caps->local_bytes / sizeof(float)) / value[MB], (int64_t)deepest);
    value[KB] = (int32_t)cld_even_blocks(gemm->k, CLD_MAX(most, 1));
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call;
    return cld_panels_fits(caps, value[MR], value[NV]) && value[MB] % value[MR] == 0 &&
           value[NB] % (value[NV] * (int32_t)caps->float_lanes) == 0 &&
           (uint64_t)value[MB] * (uint64_t)value[KB] * sizeof(float) <= caps->local_bytes;
}

const cld_space cld_panels_space = { params, usual, valid };

void cld_panels_define(cld_steps *steps, cld_step *step, cld_tile tile) {
    cld_step_define(steps, step, "MR", "%d", tile.mr);
    cld_step_define(steps, step, "LANES", "%d", tile.lanes);
    cld_step_define(steps, step, "NV", "%d", tile.nv);
}

/* ---- the row -------------------------------------------------------------------------------------------------------
 */

bool cld_panels_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_gemm *gemm = call->problem;
    return caps->float_lanes >= 4 && gemm->dtype == CLADE_FLOAT32 && gemm->k > 0 && !cld_product_empty(gemm);
}

double cld_panels_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_gemm *gemm = call->problem;
    int64_t nr = value[NV] * (int64_t)caps->float_lanes, rows = cld_parts(gemm->m, value[MR]) * value[MR];
    double per_row = (double)(cld_parts(gemm->n, nr) * nr) * (double)gemm->k * (double)cld_product_batches(gemm);
    double packing = gemm->constant_b ? 0 : cld_cost(caps, 1, per_row, (cld_share){ .cpu = 0.1, .gpu = 0.05 });
    return packing + cld_cost(caps, 1, 2.0 * (double)rows * per_row, (cld_share){ .cpu = 0.7, .gpu = 0.05 });
}

/* Writes the packing of `count` matrices B; gives the buffer of the panels. */
static cld_buf pack(cld_steps *steps, const cld_gemm *gemm, cld_tile tile, int64_t count) {
    const int64_t k_part = 64;
    int32_t nr = cld_tile_columns(tile);
    int64_t panels = cld_parts(gemm->n, nr);
    size_t bytes = (size_t)(count * panels * nr * gemm->k) * sizeof(float);
    char key[128];
    snprintf(key, sizeof key, "panels:B:%lld x %lldx%lld%s:%d @%lld", (long long)count, (long long)gemm->k,
             (long long)gemm->n, gemm->trans_b ? "T" : "", nr, (long long)gemm->b_offset);
    cld_buf packed = gemm->constant_b ? cld_step_packed(steps, bytes, gemm->b, key) : cld_step_scratch(steps, bytes);
    cld_step *step = cld_step_kernel(steps, "panels", "pack_b");
    step->once = gemm->constant_b;
    step->bytes = 2.0 * (double)bytes;
    cld_panels_define(steps, step, tile);
    cld_step_define(steps, step, "PACK", "1");
    cld_step_out(steps, step, packed, CLADE_FLOAT32);
    cld_step_buf(steps, step, gemm->b, CLADE_FLOAT32, CLD_READ, gemm->b_offset);
    cld_step_ints(steps, step, 7,
                  (int64_t[]){ gemm->n, gemm->k, gemm->trans_b ? 1 : gemm->n, gemm->trans_b ? gemm->k : 1,
                               gemm->batch[1], gemm->b_batch[0], gemm->b_batch[1] });
    cld_step_size(step, (size_t)panels, (size_t)cld_parts(gemm->k, k_part), (size_t)count, 1, 1, 1);
    return packed;
}

static void write(const cld_emit *emit, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    int64_t batches = gemm->batch[0] * gemm->batch[1], rows = emit->value[MB], columns = emit->value[NB],
            k_block = emit->value[KB];
    int64_t b_batches = gemm->b_batch[0] == 0 && gemm->b_batch[1] == 0 ? 1 : batches;
    cld_tile tile = { emit->value[MR], emit->value[NV], (int32_t)emit->caps->float_lanes };
    cld_buf packed = pack(steps, gemm, tile, b_batches);

    cld_step *step = cld_step_kernel(steps, "panels", "multiply");
    step->flops = 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)batches;
    cld_panels_define(steps, step, tile);
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
    if (gemm->epilogue)
        cld_epilogue_write(emit, step, gemm->c_offset);
    cld_step_size(step, (size_t)cld_parts(gemm->m, rows), (size_t)cld_parts(gemm->n, columns), (size_t)batches, 1, 1,
                  1);
}

clade_status cld_panels_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write);
}
