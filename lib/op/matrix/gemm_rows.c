/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of matrix products: one output an item, and few rows; gemm_panels.c, tiles.c and blas.c have the others. */
#include "op/matrix/gemm.h"

/* Arguments both kernels share. */
static void operands(const cld_emit *emit, cld_step *step, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    cld_step_define_dtype(steps, step, "T", gemm->dtype);
    cld_step_buf(steps, step, gemm->c, gemm->dtype, CLD_WRITE, gemm->c_offset);
    cld_step_buf(steps, step, gemm->a, gemm->dtype, CLD_READ, gemm->a_offset);
    cld_step_buf(steps, step, gemm->b, gemm->dtype, CLD_READ, gemm->b_offset);
    cld_step_buf(steps, step, gemm->bias, gemm->dtype, CLD_READ, gemm->bias_offset);
    cld_step_ints(steps, step, 16,
                  (int64_t[]){ gemm->m, gemm->n, gemm->k, gemm->trans_a ? 1 : gemm->k, gemm->trans_a ? gemm->m : 1,
                               gemm->trans_b ? 1 : gemm->n, gemm->trans_b ? gemm->k : 1, gemm->bias_row, gemm->bias_col,
                               gemm->batch[1], gemm->a_batch[0], gemm->a_batch[1], gemm->b_batch[0], gemm->b_batch[1],
                               gemm->bias_batch[0], gemm->bias_batch[1] });
    cld_step_float(steps, step, gemm->alpha);
    cld_step_float(steps, step, gemm->beta);
    if (gemm->epilogue)
        cld_epilogue_write(emit, step, gemm->c_offset);
    step->flops = 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)(gemm->batch[0] * gemm->batch[1]);
}

static void write_reference(const cld_emit *emit, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    cld_step *step = cld_step_kernel(steps, "gemm", "reference");
    operands(emit, step, gemm);
    cld_step_grid(step, emit->caps, gemm->n, gemm->m, gemm->batch[0] * gemm->batch[1]);
}

void cld_gemm_finish(const cld_emit *emit, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    if (gemm->beta == 0 && !gemm->epilogue)
        return;
    cld_step *step = cld_step_kernel(steps, "gemm", "finish");
    cld_step_define_dtype(steps, step, "T", gemm->dtype);
    cld_step_buf(steps, step, gemm->c, gemm->dtype, CLD_READ_WRITE, gemm->c_offset);
    cld_step_buf(steps, step, gemm->bias, gemm->dtype, CLD_READ, gemm->bias_offset);
    cld_step_ints(steps, step, 7,
                  (int64_t[]){ gemm->m, gemm->n, gemm->bias_row, gemm->bias_col, gemm->batch[1], gemm->bias_batch[0],
                               gemm->bias_batch[1] });
    cld_step_float(steps, step, gemm->beta);
    if (gemm->epilogue)
        cld_epilogue_write(emit, step, gemm->c_offset);
    cld_step_grid(step, emit->caps, gemm->n, gemm->m, gemm->batch[1]);
}

/* ---- few rows: B is what takes the time, and is read once
 * ------------------------------------------------------------
 */

enum { COLUMNS, SLICES, MOST_ROWS = 8 };
static const cld_param skinny_params[] = { [COLUMNS] = { "columns", { 1, 4, 8, 16, 32, 64 } },
                                           [SLICES] = { "slices", { 4, 8, 16, 32, 64 } }, /* of k */
                                           { 0 } };

static bool skinny_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_gemm *gemm = call->problem;
    const size_t each = gemm->dtype == CLADE_FLOAT64 ? sizeof(double) : sizeof(float);
    if (value[COLUMNS] < 1 || value[SLICES] < 1 || value[COLUMNS] > 1024 || value[SLICES] > 1024)
        return false;
    const size_t items = (size_t)value[COLUMNS] * (size_t)value[SLICES];
    return items <= caps->max_group && items <= caps->max_group_dim[0] &&
           items * (size_t)gemm->m * each <= caps->local_bytes;
}

/* Neighbours along what is contiguous in B. */
static void skinny_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const cld_gemm *gemm = call->problem;
    const int32_t along = gemm->trans_b ? SLICES : COLUMNS, across = gemm->trans_b ? COLUMNS : SLICES;
    value[along] = 32;
    value[across] = 8;
    while (value[across] > 1 && !skinny_valid(call, caps, value))
        value[across] /= 2;
    while (value[along] > 1 && !skinny_valid(call, caps, value))
        value[along] /= 2;
}

static bool skinny_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_gemm *gemm = call->problem;
    int32_t value[CLD_MAX_PARAMS];
    if (gemm->m < 1 || gemm->m > MOST_ROWS || gemm->n < 1 || gemm->k < 1 || cld_product_batches(gemm) < 1 ||
        gemm->k > INT32_MAX / 2 || gemm->n > INT32_MAX / 2 || !cld_dtype_in(gemm->dtype, CLD_FLOATS))
        return false;
    skinny_usual(call, caps, value);
    return skinny_valid(call, caps, value);
}

static const cld_space skinny_space = { skinny_params, skinny_usual, skinny_valid };

static void write_skinny(const cld_emit *emit, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    const int32_t columns = emit->value[COLUMNS], items = columns * emit->value[SLICES];
    cld_step *step = cld_step_kernel(steps, "gemm", "skinny");
    operands(emit, step, gemm);
    cld_step_define(steps, step, "SKINNY", "%d", (int)gemm->m);
    cld_step_define(steps, step, "COLUMNS", "%d", (int)columns);
    cld_step_define(steps, step, "SLICES", "%d", (int)emit->value[SLICES]);
    cld_step_define(steps, step, "B_TRANS", "%d", gemm->trans_b);
    cld_step_size(step, (size_t)(cld_parts(gemm->n, columns) * items), (size_t)(gemm->batch[0] * gemm->batch[1]), 1,
                  (size_t)items, 1, 1);
}

static clade_status emit_skinny(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write_skinny);
}

/* ---- costs: shares of what the device may reach -------------------------------------------------------------------
 */

static double cost_reference(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)value;
    const cld_gemm *gemm = call->problem;
    return cld_cost(caps, 1, cld_product_flops(gemm), (cld_share){ .cpu = 0.018, .gpu = 0.05 }) +
           cld_cost_chain(caps, (double)gemm->k);
}

/* A unit has several groups under way, and of each item four loads: what is left waits in turns. Not measured. */
static double cost_skinny(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_gemm *gemm = call->problem;
    const double under_way = 4 * (double)CLD_MAX(caps->compute_units, 1);
    const double groups = (double)(cld_parts(gemm->n, value[COLUMNS]) * cld_product_batches(gemm));
    const double turns = CLD_MAX(groups / under_way, 1), loads = (double)cld_parts(gemm->k, 4 * value[SLICES]);
    return cld_cost(caps, 1, cld_product_flops(gemm), (cld_share){ .cpu = 0.01, .gpu = 0.1 }) +
           cld_cost_chain(caps, turns * loads + value[SLICES] / 8.0);
}

/* ---- the rows of every product -------------------------------------------------------------------------------------
 */

static clade_status emit_reference(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write_reference);
}

const cld_impl cld_product_rows[] = { { .name = "panels",
                                        .needs = CLD_NEEDS_CPU,
                                        .applicable = cld_panels_applicable,
                                        .emit = cld_panels_emit,
                                        .space = &cld_panels_space,
                                        .cost = cld_panels_cost },
                                      { .name = "clblast",
                                        .needs = CLD_NEEDS_BLAS,
                                        .applicable = cld_blas_applicable,
                                        .emit = cld_blas_packed_emit,
                                        .space = &cld_blas_packed_space,
                                        .seeds = cld_blas_packed_seeds,
                                        .n_seeds = CLD_BLAS_PACKED_SEEDS,
                                        .cost = cld_blas_packed_cost },
                                      { .name = "clblast_direct",
                                        .needs = CLD_NEEDS_BLAS,
                                        .applicable = cld_blas_applicable,
                                        .emit = cld_blas_direct_emit,
                                        .space = &cld_blas_direct_space,
                                        .seeds = cld_blas_direct_seeds,
                                        .n_seeds = CLD_BLAS_DIRECT_SEEDS,
                                        .cost = cld_blas_direct_cost },
                                      { .name = "tiles",
                                        .applicable = cld_product_tiles_applicable,
                                        .emit = cld_product_tiles_emit,
                                        .space = &cld_product_tiles_space,
                                        .cost = cld_product_tiles_cost },
                                      { .name = "skinny",
                                        .needs = CLD_NO_CPU,
                                        .applicable = skinny_applicable,
                                        .emit = emit_skinny,
                                        .space = &skinny_space,
                                        .cost = cost_skinny },
                                      { .name = "reference", .emit = emit_reference, .cost = cost_reference },
                                      { 0 } };
