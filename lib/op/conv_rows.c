/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of Conv: im2col + matrix product and CLBlast's Convgemm; conv_direct.c and conv_implicit.c have the others.
 */
#include "op/conv.h"

static const char *epilogue_of(const cld_call *call) { return cld_attr_string(call->node, CLD_EPILOGUE, NULL); }

static const cld_conv_operands operands = { .x = 0, .w = 1, .bias = 2, -1, -1, -1, -1, -1, -1 };

static clade_status emit_reference(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_conv_direct(emit, &operands, false);
    return CLADE_OK;
}

static bool can_rows(const cld_call *call, const cld_caps *caps) {
    (void)call;
    return caps->is_cpu;
}

static clade_status emit_rows(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_conv_direct(emit, &operands, true);
    return CLADE_OK;
}

/* Convgemm pads both sides alike; what counts is that it arrives at the same output. */
static bool can_convgemm(const cld_call *call, const cld_caps *caps) {
    cld_conv conv;
    cld_conv_describe(call, 1, &conv);
    const cld_window *w = &conv.window;
    bool same = cld_span3(w->kernel) * conv.channels > 0 && w->in[0] == 1 && w->out[0] == 1;
    for (int32_t d = 1; d < 3; d++)
        same &= (w->in[d] + 2 * w->before[d] - (w->kernel[d] - 1) * w->dilation[d] - 1) / w->stride[d] + 1 == w->out[d];
    return caps->blas && same && conv.groups == 1 && cld_type_count(&call->out[0]) > 0 &&
           cld_dtype_in(call->in[0].dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64));
}

static clade_status emit_convgemm(const cld_emit *emit, clade_error *err) {
    (void)err;
    clade_dtype dtype = emit->call->in[0].dtype;
    cld_conv conv;
    cld_conv_describe(emit->call, 1, &conv);
    const cld_window *w = &conv.window;
    cld_step_convgemm(emit->steps,
                      &(cld_convgemm_args){ .dtype = dtype,
                                            .channels = conv.channels,
                                            .height = w->in[1],
                                            .width = w->in[2],
                                            .kernel_h = w->kernel[1],
                                            .kernel_w = w->kernel[2],
                                            .pad_h = w->before[1],
                                            .pad_w = w->before[2],
                                            .stride_h = w->stride[1],
                                            .stride_w = w->stride[2],
                                            .dilation_h = w->dilation[1],
                                            .dilation_w = w->dilation[2],
                                            .filters = conv.filters,
                                            .batch = conv.images },
                      emit->in[0], emit->in[1], emit->out[0]);
    cld_gemm_finish(emit->steps, &(cld_gemm){ .dtype = dtype,
                                              .m = conv.filters,
                                              .n = cld_span3(w->out),
                                              .batch = { 1, conv.images },
                                              .bias = cld_emit_in(emit, 2),
                                              .c = emit->out[0],
                                              .bias_row = 1,
                                              .beta = cld_call_has(emit->call, 2),
                                              .epilogue = epilogue_of(emit->call) });
    return CLADE_OK;
}

/* The product of weights and columns, for `images` images from `first` on. */
static void multiply(const cld_emit *emit, const cld_conv *conv, cld_buf columns, int64_t first, int64_t images,
                     bool direct) {
    int64_t m = conv->filters, k = cld_conv_terms(conv), p = cld_span3(conv->window.out), groups = conv->groups;
    cld_gemm gemm = { .dtype = emit->call->in[0].dtype,
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
                      .epilogue = epilogue_of(emit->call) };
    cld_gemm_emit(emit->steps, emit->caps, &gemm, CLD_GEMM_ROWS);
}

/* The columns of one image fit one buffer. */
static bool can_im2col(const cld_call *call, const cld_caps *caps) {
    cld_conv conv;
    cld_conv_describe(call, 1, &conv);
    double count = (double)conv.groups * (double)cld_conv_terms(&conv) * (double)cld_span3(conv.window.out);
    return conv.images > 0 && count > 0 && count < (double)INT32_MAX &&
           count * (double)clade_dtype_size(call->in[0].dtype) <= (double)caps->max_alloc_bytes;
}

static clade_status emit_im2col(const cld_emit *emit, clade_error *err) {
    (void)err;
    clade_dtype dtype = emit->call->in[0].dtype;
    cld_conv conv;
    cld_conv_describe(emit->call, 1, &conv);
    const cld_window *w = &conv.window;
    int64_t k = cld_conv_terms(&conv), p = cld_span3(w->out);
    if (cld_span3(w->kernel) == 1 && cld_span3(w->stride) == 1 && cld_span3(w->in) == p) { /* and so no padding */
        multiply(emit, &conv, emit->in[0], 0, conv.images, true); /* the image is its own columns */
        return CLADE_OK;
    }
    size_t image_bytes = (size_t)(conv.groups * k * p) * clade_dtype_size(dtype);
    int64_t part = CLD_MAX(CLD_MIN(conv.images, (int64_t)(CLD_COLUMN_BYTES / image_bytes)), 1);
    cld_buf columns = cld_step_scratch(emit->steps, (size_t)part * image_bytes);
    for (int64_t first = 0; first < conv.images; first += part) {
        int64_t images = CLD_MIN(part, conv.images - first);
        cld_step *step = cld_step_kernel(emit->steps, "conv", "im2col");
        cld_step_define_dtype(emit->steps, step, "T", dtype);
        cld_step_out(emit->steps, step, columns, dtype);
        cld_step_in(emit->steps, step, emit->in[0], dtype);
        cld_step_int(emit->steps, step, (int32_t)(first * conv.groups));
        cld_window_args(emit->steps, step, w);
        cld_step_size(step, (size_t)p, (size_t)k, (size_t)(images * conv.groups), 0, 0, 0);
        multiply(emit, &conv, columns, first, images, false);
    }
    return CLADE_OK;
}

const cld_impl cld_conv_rows[] = { { "implicit", cld_conv_implicit_applicable, cld_conv_implicit_emit },
                                   { "rows", can_rows, emit_rows },
                                   { "convgemm", can_convgemm, emit_convgemm },
                                   { "im2col", can_im2col, emit_im2col },
                                   { "reference", NULL, emit_reference },
                                   { 0 } };
