/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of matrix products: one output an item; gemm_panels.c, tiles.c and blas.c have the others. */
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

/* ---- costs: shares of what the device may reach -------------------------------------------------------------------
 */

static double cost_reference(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)value;
    const cld_gemm *gemm = call->problem;
    return cld_cost(caps, 1, cld_product_flops(gemm), (cld_share){ .cpu = 0.018, .gpu = 0.05 }) +
           cld_cost_chain(caps, (double)gemm->k);
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
                                        .cost = cld_blas_packed_cost },
                                      { .name = "clblast_direct",
                                        .needs = CLD_NEEDS_BLAS,
                                        .applicable = cld_blas_applicable,
                                        .emit = cld_blas_direct_emit,
                                        .space = &cld_blas_direct_space,
                                        .cost = cld_blas_direct_cost },
                                      { .name = "tiles",
                                        .applicable = cld_product_tiles_applicable,
                                        .emit = cld_product_tiles_emit,
                                        .space = &cld_product_tiles_space,
                                        .cost = cld_product_tiles_cost },
                                      { .name = "reference", .emit = emit_reference, .cost = cost_reference },
                                      { 0 } };
