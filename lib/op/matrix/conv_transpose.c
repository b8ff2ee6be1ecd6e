/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose: its own padding rules (ONNX operator text, "output_shape" and "auto_pad"), and two rows: the gather
 * form one output an item, and a matrix product followed by col2im.
 */
#include "op/matrix/conv.h"

typedef struct problem {
    int64_t images, groups, channels, filters; /* channels and filters of one group */
    cld_window window;                         /* in: the operator's input; out: its output */
} problem;

/* Padding and output size of one axis; `wanted` < 0: not given. */
static void resolve(cld_window *w, int32_t d, int64_t wanted, int64_t extra, cld_auto_pad mode) {
    int64_t full = (w->in[d] - 1) * w->stride[d] + extra + (w->kernel[d] - 1) * w->dilation[d] + 1;
    bool same = mode == CLD_PAD_SAME_UPPER || mode == CLD_PAD_SAME_LOWER;
    if (wanted < 0 && same)
        wanted = w->in[d] * w->stride[d];
    if (wanted >= 0) {
        int64_t total = CLD_MAX(full - wanted, 0);
        w->before[d] = mode == CLD_PAD_SAME_UPPER ? total / 2 : total - total / 2;
        w->out[d] = wanted;
        return;
    }
    if (mode == CLD_PAD_VALID)
        w->before[d] = w->after[d] = 0;
    w->out[d] = full - w->before[d] - w->after[d];
}

static clade_status read_problem(const cld_call *call, problem *out, clade_error *err) {
    const cld_type *x = &call->in[0], *w = &call->in[1];
    int64_t groups = cld_attr_int(call->node, "group", 1);
    if (x->rank < 3 || w->rank != x->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input is %s, the weights are %s", CLD_TYPE_TEXT(x),
                             CLD_TYPE_TEXT(w));
    if (groups < 1 || w->dims[0] % groups != 0 || w->dims[0] != x->dims[1])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "weight expects %lld channels in %lld groups, input has %lld",
                             (long long)w->dims[0], (long long)groups, (long long)x->dims[1]);
    if (w->dims[0] == 0) /* weights without bytes leave the kernel's size, and so the work, to the file */
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "it has no input channels");
    if (w->dims[1] > INT32_MAX / groups)
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "%lld groups of %lld filters", (long long)groups,
                             (long long)w->dims[1]);
    *out = (problem){ x->dims[0], groups, w->dims[0] / groups, w->dims[1], { 0 } };
    if (cld_call_has(call, 2) && (call->in[2].rank != 1 || call->in[2].dims[0] != groups * w->dims[1]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the bias is %s, there are %lld filters",
                             CLD_TYPE_TEXT(&call->in[2]), (long long)(groups * w->dims[1]));
    cld_window *window = &out->window;
    CLD_RETURN(cld_window_start(call, w->dims + 2, window, err));
    cld_auto_pad mode;
    const int64_t *extra, *shape;
    CLD_RETURN(cld_window_auto_pad(call, &mode, err));
    CLD_RETURN(cld_window_list(call, "output_padding", window->rank, 0, &extra, err));
    CLD_RETURN(cld_window_list(call, "output_shape", window->rank, 0, &shape, err));
    for (int32_t axis = 0; axis < window->rank; axis++) {
        int32_t d = 3 - window->rank + axis;
        if (window->in[d] > INT32_MAX / 4 / window->stride[d])
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "spatial axis %d: input %lld, stride %lld", axis,
                                 (long long)window->in[d], (long long)window->stride[d]);
        resolve(window, d, shape ? shape[axis] : -1, extra ? extra[axis] : 0, mode);
        if (window->out[d] < 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "spatial axis %d: the padding leaves nothing", axis);
    }
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < call->n_in; k++)
        if (k < 2 || cld_call_has(call, k)) {
            CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
            if (call->in[k].dtype != call->in[0].dtype)
                return cld_call_fail(call, err, CLADE_ERR_DTYPE, "the input is %s, input %d is %s",
                                     clade_dtype_name(call->in[0].dtype), k, clade_dtype_name(call->in[k].dtype));
        }
    problem p;
    CLD_RETURN(read_problem(call, &p, err));
    call->out[0] = call->in[0];
    call->out[0].dims[1] = p.groups * p.filters;
    for (int32_t d = 0; d < p.window.rank; d++)
        call->out[0].dims[2 + d] = p.window.out[3 - p.window.rank + d];
    return CLADE_OK;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

/* The gather kernel on x (columns absent), or on columns; images from `first` on. */
static void gather(const cld_emit *emit, const problem *p, cld_buf columns, int64_t first, int64_t images) {
    const cld_call *call = emit->call;
    clade_dtype dtype = call->in[0].dtype;
    bool has_bias = cld_call_has(call, 2), from_columns = columns.i >= 0;
    int64_t filters = p->groups * p->filters, pixels = cld_span3(p->window.out);
    cld_step *step = cld_step_kernel(emit->steps, "conv_transpose", "gather");
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    if (from_columns)
        cld_step_define(emit->steps, step, "COLUMNS", "1");
    cld_step_buf(emit->steps, step, emit->out[0], dtype, CLD_WRITE, first * filters * pixels);
    cld_step_in(emit->steps, step, from_columns ? columns : emit->in[0], dtype);
    cld_step_in(emit->steps, step, from_columns ? (cld_buf){ -1 } : emit->in[1], dtype);
    cld_step_in(emit->steps, step, cld_emit_in(emit, 2), dtype);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ p->channels, p->filters, filters });
    cld_window_args(emit->steps, step, &p->window);
    cld_step_int(emit->steps, step, has_bias);
    cld_epilogue_write(emit, step, first * filters * pixels);
    cld_step_grid(step, emit->caps, pixels, filters, images);
}

static const void *read(const cld_emit *emit) {
    problem *p = cld_arena_alloc(emit->steps->arena, sizeof *p);
    return p && read_problem(emit->call, p, NULL) == CLADE_OK ? p : NULL;
}

/* Sizes as Conv's, filters and channels those of the transposed one. */
static void describe(const cld_call *call, cld_problem *out) {
    const problem *p = call->problem;
    const cld_window *w = &p->window;
    const int64_t *const axes[] = { w->in, w->out, w->kernel, w->stride, w->dilation, w->before };
    *out = (cld_problem){ .kind = "conv_transpose", .dtype = call->in[0].dtype };
    cld_problem_add(out, 4, (int64_t[]){ p->images, p->groups, p->channels, p->filters });
    for (size_t k = 0; k < CLD_COUNT(axes); k++)
        cld_problem_add(out, 3, axes[k]);
}

static clade_status emit_reference(const cld_emit *emit, clade_error *err) {
    (void)err;
    const problem *p = emit->call->problem;
    if (cld_type_count(&emit->call->out[0]) > 0)
        gather(emit, p, (cld_buf){ -1 }, 0, p->images);
    return CLADE_OK;
}

/* Bytes of one image's columns; 0: they do not fit one buffer, or there are none. */
static size_t column_bytes(const cld_call *call, const cld_caps *caps, const problem *p) {
    double count =
        (double)p->groups * (double)p->filters * (double)cld_span3(p->window.kernel) * (double)cld_span3(p->window.in);
    double bytes = count * (double)clade_dtype_size(call->in[0].dtype);
    return count < (double)INT32_MAX && bytes <= (double)caps->max_alloc_bytes ? (size_t)bytes : 0;
}

static bool can_col2im(const cld_call *call, const cld_caps *caps) {
    const problem *p = call->problem;
    return p->images > 0 && cld_type_count(&call->out[0]) > 0 && column_bytes(call, caps, p) > 0;
}

static clade_status emit_col2im(const cld_emit *emit, clade_error *err) {
    const problem *p = emit->call->problem;
    size_t image_bytes = column_bytes(emit->call, emit->caps, p);
    int64_t part = CLD_MAX(CLD_MIN(p->images, (int64_t)(CLD_COLUMN_BYTES / image_bytes)), 1);
    int64_t m = p->filters * cld_span3(p->window.kernel), n = cld_span3(p->window.in), k = p->channels;
    cld_buf columns = cld_step_scratch(emit->steps, (size_t)part * image_bytes);
    for (int64_t first = 0; first < p->images; first += part) {
        int64_t images = CLD_MIN(part, p->images - first);
        cld_gemm gemm = { .dtype = emit->call->in[0].dtype,
                          .m = m,
                          .n = n,
                          .k = k,
                          .trans_a = true,
                          .batch_rank = 2,
                          .batch = { images, p->groups },
                          .a_batch = { 0, k * m },
                          .b_batch = { p->groups * k * n, k * n },
                          .a = emit->in[1],
                          .b = emit->in[0],
                          .bias = { -1 },
                          .c = columns,
                          .b_offset = first * p->groups * k * n,
                          .alpha = 1 };
        CLD_RETURN(cld_product_emit(emit, &gemm, err));
        gather(emit, p, columns, first, images);
    }
    return CLADE_OK;
}

static const cld_impl rows[] = {
    { .name = "col2im", .applicable = can_col2im, .emit = emit_col2im, .inner = cld_product_rows },
    { .name = "reference", .emit = emit_reference },
    { 0 }
};

const cld_op cld_op_ConvTranspose = {
    .domain = "",
    .name = "ConvTranspose",
    .doc =
        "Y[n,m,o] = B[m] + sum over channels c, taps t and inputs i that reach o of X[n,c,i] W[c,m,t]; 1 to 3 spatial "
        "axes, groups",
    .since = 1,
    .attrs = CLD_CONV_ATTRS " output_padding:ints output_shape:ints",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .epilogue = 2,
    .infer = infer,
    .read = read,
    .describe = describe,
    .impls = rows,
};
