/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of Conv: im2col + matrix product; conv_direct.c, conv_implicit.c, conv_strips.c, conv_winograd.c, tiles.c
 * and blas.c have the others. */
#include "op/matrix/conv.h"

static const cld_conv_operands operands = { .x = 0, .w = 1, .bias = 2, -1, -1, -1, -1, -1, -1 };

static clade_status emit_direct(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_conv_direct(emit, &operands);
    return CLADE_OK;
}

/* The product of weights and columns, for `images` images from `first` on. */
static clade_status multiply(const cld_emit *emit, const cld_conv *conv, cld_buf columns, int64_t first, int64_t images,
                             bool direct, clade_error *err) {
    int64_t m = conv->filters, k = cld_conv_terms(conv), p = cld_span3(conv->window.out), groups = conv->groups;
    cld_gemm gemm = { .dtype = conv->dtype,
                      .m = m,
                      .n = p,
                      .k = k,
                      .batch_rank = 2,
                      .batch = { images, groups },
                      .a_batch = { 0, m * k },
                      .b_batch = { groups * k * p, k * p },
                      .bias_batch = { 0, m },
                      .a = emit->in[1],
                      .b = columns,
                      .bias = cld_emit_in(emit, 2),
                      .c = emit->out[0],
                      .b_offset = direct ? first * groups * k * p : 0,
                      .c_offset = first * groups * m * p,
                      .bias_row = 1,
                      .alpha = 1,
                      .beta = 1,
                      .epilogue = cld_epilogue_has(emit->call) };
    return cld_product_emit(emit, &gemm, err);
}

/* The columns of one image fit one buffer. */
static bool can_im2col(const cld_call *call, const cld_caps *caps) {
    const cld_conv *conv = call->problem;
    double count = (double)conv->groups * (double)cld_conv_terms(conv) * (double)cld_span3(conv->window.out);
    return conv->images > 0 && count > 0 && count < (double)INT32_MAX &&
           count * (double)clade_dtype_size(conv->dtype) <= (double)caps->max_alloc_bytes;
}

/* The image is its own columns: 1x1, no stride, and so no padding. */
static bool is_pointwise(const cld_window *w) {
    return cld_span3(w->kernel) == 1 && cld_span3(w->stride) == 1 && cld_span3(w->in) == cld_span3(w->out);
}

static clade_status emit_im2col(const cld_emit *emit, clade_error *err) {
    const cld_conv *conv = emit->call->problem;
    const cld_window *w = &conv->window;
    int64_t k = cld_conv_terms(conv), p = cld_span3(w->out);
    if (is_pointwise(w))
        return multiply(emit, conv, emit->in[0], 0, conv->images, true, err);
    size_t image_bytes = (size_t)(conv->groups * k * p) * clade_dtype_size(conv->dtype);
    int64_t part = CLD_MAX(CLD_MIN(conv->images, (int64_t)(CLD_COLUMN_BYTES / image_bytes)), 1);
    cld_buf columns = cld_step_scratch(emit->steps, (size_t)part * image_bytes);
    for (int64_t first = 0; first < conv->images; first += part) {
        int64_t images = CLD_MIN(part, conv->images - first);
        cld_step *step = cld_step_kernel(emit->steps, "conv", "im2col");
        cld_step_define_dtype(emit->steps, step, "T", conv->dtype);
        cld_step_out(emit->steps, step, columns, conv->dtype);
        cld_step_in(emit->steps, step, emit->in[0], conv->dtype);
        cld_step_ints(emit->steps, step, 2, (int64_t[]){ first * conv->groups, conv->channels });
        cld_window_args(emit->steps, step, w);
        cld_step_grid(step, emit->caps, p, k, images * conv->groups);
        CLD_RETURN(multiply(emit, conv, columns, first, images, false, err));
    }
    return CLADE_OK;
}

/* ---- costs: shares of what the device may reach -------------------------------------------------------------------
 */

/* With `to` filters and, in rows, `lanes` outputs at a time. */
static double padded(const cld_conv *conv, int64_t to, int64_t lanes) {
    int64_t m = CLD_MAX(conv->filters, 1), row = CLD_MAX(conv->window.out[2], 1);
    return cld_conv_flops(conv) * (double)(cld_parts(m, to) * to) / (double)m *
           (double)(cld_parts(row, lanes) * lanes) / (double)row;
}

static double cost_rows(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)value;
    return cld_cost(caps, 1, padded(call->problem, 1, caps->float_lanes), (cld_share){ .cpu = 0.1, .gpu = 0.05 });
}

/* On CPUs the product packs its columns first. */
static double cost_im2col(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)value;
    const cld_conv *conv = call->problem;
    const cld_share share = { .cpu = conv->dtype == CLADE_FLOAT32 ? 0.2 : 0.03, .gpu = 0.4 };
    const int launches = (is_pointwise(&conv->window) ? 1 : 2) + cld_on_cpu(call, caps);
    return cld_cost(caps, launches, padded(conv, 16, 2 * (int64_t)caps->float_lanes), share);
}

static double cost_reference(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)value;
    const cld_conv *conv = call->problem;
    return cld_cost(caps, 1, cld_conv_flops(conv), (cld_share){ .cpu = 0.015, .gpu = 0.05 }) +
           cld_cost_chain(caps, 2 * (double)cld_conv_terms(conv));
}

const cld_impl cld_conv_rows[] = {
    { .name = "implicit",
      .needs = CLD_NEEDS_CPU,
      .applicable = cld_conv_implicit_applicable,
      .emit = cld_conv_implicit_emit,
      .space = &cld_conv_implicit_space,
      .cost = cld_conv_implicit_cost },
    { .name = "rows", .needs = CLD_NEEDS_CPU, .emit = emit_direct, .space = &cld_chunk_space, .cost = cost_rows },
    { .name = "tiles",
      .applicable = cld_conv_tiles_applicable,
      .emit = cld_conv_tiles_emit,
      .space = &cld_conv_tiles_space,
      .cost = cld_conv_tiles_cost },
    { .name = "convgemm",
      .needs = CLD_NEEDS_BLAS,
      .applicable = cld_blas_conv_applicable,
      .emit = cld_blas_conv_emit,
      .space = &cld_blas_conv_space,
      .seeds = cld_blas_conv_seeds,
      .n_seeds = CLD_BLAS_CONV_SEEDS,
      .cost = cld_blas_conv_cost },
    { .name = "winograd",
      .applicable = cld_conv_winograd_applicable,
      .emit = cld_conv_winograd_emit,
      .space = &cld_conv_winograd_space,
      .inner = cld_product_rows,
      .cost = cld_conv_winograd_cost },
    { .name = "strips",
      .needs = CLD_NO_CPU,
      .applicable = cld_conv_strips_applicable,
      .emit = cld_conv_strips_emit,
      .space = &cld_conv_strips_space,
      .cost = cld_conv_strips_cost },
    { .name = "im2col", .applicable = can_im2col, .emit = emit_im2col, .inner = cld_product_rows, .cost = cost_im2col },
    { .name = "reference", .emit = emit_direct, .cost = cost_reference },
    { 0 }
};
