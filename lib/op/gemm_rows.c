/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of matrix products that any device can run: CLBlast, tiles through local memory (GPUs), one output an item.
 */
#include "op/gemm.h"

enum { TILE = 64, GROUP = 16, TILED_LOCAL_BYTES = 2 * 16 * 65 };

/* Arguments both kernels share. */
static void operands(cld_steps *steps, cld_step *step, const cld_gemm *gemm) {
    cld_step_define_dtype(steps, step, "T", gemm->dtype);
    if (gemm->epilogue)
        cld_step_define(steps, step, "EPILOGUE", "%s", gemm->epilogue);
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
    step->flops = 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)(gemm->batch[0] * gemm->batch[1]);
}

static bool always(const cld_gemm *gemm, const cld_caps *caps) {
    (void)gemm;
    (void)caps;
    return true;
}

static void write_reference(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm) {
    (void)caps;
    cld_step *step = cld_step_kernel(steps, "gemm", "reference");
    operands(steps, step, gemm);
    cld_step_size(step, (size_t)gemm->n, (size_t)gemm->m, (size_t)(gemm->batch[0] * gemm->batch[1]), 0, 0, 0);
}

static bool can_tile(const cld_gemm *gemm, const cld_caps *caps) {
    return cld_dtype_in(gemm->dtype, CLD_FLOATS) && caps->max_group >= GROUP * GROUP &&
           caps->local_bytes >= TILED_LOCAL_BYTES * sizeof(double);
}

static void write_tiled(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm) {
    (void)caps;
    cld_step *step = cld_step_kernel(steps, "gemm_tiled", "tiled");
    operands(steps, step, gemm);
    cld_step_define(steps, step, "A_TRANS", "%d", gemm->trans_a);
    cld_step_define(steps, step, "B_TRANS", "%d", gemm->trans_b);
    cld_step_size(step, (size_t)((gemm->n + TILE - 1) / TILE * GROUP), (size_t)((gemm->m + TILE - 1) / TILE * GROUP),
                  (size_t)(gemm->batch[0] * gemm->batch[1]), GROUP, GROUP, 1);
}

void cld_gemm_finish(cld_steps *steps, const cld_gemm *gemm) {
    if (gemm->beta == 0 && !gemm->epilogue)
        return;
    cld_step *step = cld_step_kernel(steps, "gemm", "finish");
    cld_step_define_dtype(steps, step, "T", gemm->dtype);
    if (gemm->epilogue)
        cld_step_define(steps, step, "EPILOGUE", "%s", gemm->epilogue);
    cld_step_buf(steps, step, gemm->c, gemm->dtype, CLD_READ_WRITE, gemm->c_offset);
    cld_step_buf(steps, step, gemm->bias, gemm->dtype, CLD_READ, gemm->bias_offset);
    cld_step_ints(steps, step, 7,
                  (int64_t[]){ gemm->m, gemm->n, gemm->bias_row, gemm->bias_col, gemm->batch[1], gemm->bias_batch[0],
                               gemm->bias_batch[1] });
    cld_step_float(steps, step, gemm->beta);
    cld_step_size(step, (size_t)gemm->n, (size_t)gemm->m, (size_t)gemm->batch[1], 0, 0, 0);
}

/* CLBlast strides one batch dimension only, and knows neither bias nor epilogue: those are a second step. */
static bool can_blas(const cld_gemm *gemm, const cld_caps *caps) {
    return caps->blas && cld_dtype_in(gemm->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64)) && gemm->k > 0 &&
           gemm->batch_rank <= 1;
}

static void write_blas(cld_steps *steps, const cld_caps *caps, const cld_gemm *gemm) {
    (void)caps;
    cld_step_gemm(steps,
                  &(cld_gemm_args){ .dtype = gemm->dtype,
                                    .trans_a = gemm->trans_a,
                                    .trans_b = gemm->trans_b,
                                    .m = gemm->m,
                                    .n = gemm->n,
                                    .k = gemm->k,
                                    .lda = gemm->trans_a ? gemm->m : gemm->k,
                                    .ldb = gemm->trans_b ? gemm->k : gemm->n,
                                    .ldc = gemm->n,
                                    .batch = gemm->batch[1],
                                    .stride_a = gemm->a_batch[1],
                                    .stride_b = gemm->b_batch[1],
                                    .stride_c = gemm->m * gemm->n,
                                    .alpha = (double)gemm->alpha },
                  gemm->a, gemm->a_offset, gemm->b, gemm->b_offset, gemm->c, gemm->c_offset);
    cld_gemm_finish(steps, gemm);
}

const cld_gemm_writer cld_gemm_clblast = { can_blas, write_blas };
const cld_gemm_writer cld_gemm_tiled = { can_tile, write_tiled };
const cld_gemm_writer cld_gemm_reference = { always, write_reference };
