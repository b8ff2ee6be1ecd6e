/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of convolution and pooling: ONNX's window attributes, checked, as three axes (ConvTranspose has its own
 * padding rules: conv_transpose.c). Every number kept fits an int, as do the extents kernels compute from them.
 */
#include "op/matrix/window.h"

#include <limits.h>

/* Element `axis` of an attribute of one number per axis. */
static int64_t at(const int64_t *list, int32_t axis, int64_t otherwise) { return list ? list[axis] : otherwise; }

static int64_t extent(const cld_window *w, int32_t d) { return (w->kernel[d] - 1) * w->dilation[d] + 1; }

clade_status cld_window_list(const cld_call *call, const char *name, int32_t count, int64_t least, const int64_t **out,
                             clade_error *err) {
    int32_t given;
    *out = cld_attr_ints(call->node, name, &given);
    if (*out && given != count)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s has %d values, not %d", name, given, count);
    for (int32_t i = 0; *out && i < count; i++)
        if ((*out)[i] < least || (*out)[i] > INT32_MAX / 4)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "%s[%d] is %lld", name, i, (long long)(*out)[i]);
    return CLADE_OK;
}

clade_status cld_window_auto_pad(const cld_call *call, cld_auto_pad *out, clade_error *err) {
    static const char *const names[] = { "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER" };
    const char *name = cld_attr_string(call->node, "auto_pad", "NOTSET");
    for (size_t i = 0; i < CLD_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0 || *name == '\0') {
            *out = (cld_auto_pad)i;
            return CLADE_OK;
        }
    return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "auto_pad '%s' is unknown", name);
}

clade_status cld_window_start(const cld_call *call, const int64_t *kernel, cld_window *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    int32_t rank = in->rank - 2;
    if (rank < 1 || rank > 3)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the input %s has no 1 to 3 spatial dimensions",
                             CLD_TYPE_TEXT(in));
    const int64_t *shape, *strides, *dilations, *pads;
    CLD_RETURN(cld_window_list(call, "kernel_shape", rank, 1, &shape, err));
    CLD_RETURN(cld_window_list(call, "strides", rank, 1, &strides, err));
    CLD_RETURN(cld_window_list(call, "dilations", rank, 1, &dilations, err));
    CLD_RETURN(cld_window_list(call, "pads", 2 * rank, 0, &pads, err));
    if (!shape && !kernel)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "kernel_shape is missing");
    *out = (cld_window){ .rank = rank };
    for (int32_t d = 0; d < 3; d++) {
        int32_t axis = d - (3 - rank);
        if (axis < 0) {
            out->in[d] = out->out[d] = out->kernel[d] = out->stride[d] = out->dilation[d] = 1;
            continue;
        }
        if (kernel && shape && shape[axis] != kernel[axis])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "kernel_shape[%d] is %lld, the weights have %lld", axis,
                                 (long long)shape[axis], (long long)kernel[axis]);
        out->in[d] = in->dims[2 + axis];
        out->kernel[d] = kernel ? kernel[axis] : shape[axis];
        out->stride[d] = at(strides, axis, 1);
        out->dilation[d] = at(dilations, axis, 1);
        out->before[d] = at(pads, axis, 0);
        out->after[d] = at(pads, axis + rank, 0);
        if (out->in[d] > INT32_MAX / 4 || out->kernel[d] < 1 || out->kernel[d] > INT32_MAX / 4 ||
            extent(out, d) > INT32_MAX / 4)
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "spatial axis %d: input %lld, kernel %lld, dilation %lld",
                                 axis, (long long)out->in[d], (long long)out->kernel[d], (long long)out->dilation[d]);
    }
    return CLADE_OK;
}

/* Padding and output size of one axis. */
static void resolve(cld_window *w, int32_t d, cld_auto_pad mode, bool ceil) {
    int64_t s = w->stride[d];
    if (mode == CLD_PAD_VALID)
        w->before[d] = w->after[d] = 0;
    if (mode == CLD_PAD_SAME_UPPER || mode == CLD_PAD_SAME_LOWER) {
        int64_t total = CLD_MAX(((w->in[d] + s - 1) / s - 1) * s + extent(w, d) - w->in[d], 0);
        w->before[d] = mode == CLD_PAD_SAME_UPPER ? total / 2 : total - total / 2;
        w->after[d] = total - w->before[d];
    }
    int64_t slack = w->in[d] + w->before[d] + w->after[d] - extent(w, d);
    w->out[d] = slack < 0 ? 0 : slack / s + 1;
    /* A window more, unless it would begin behind the input; also the only one, when it is wider than all there is. */
    if (ceil && slack > -s && slack % s != 0 && w->out[d] * s < w->in[d] + w->before[d])
        w->out[d]++;
}

clade_status cld_window_read(const cld_call *call, const int64_t *kernel, cld_window *out, clade_error *err) {
    cld_auto_pad mode;
    CLD_RETURN(cld_window_start(call, kernel, out, err));
    CLD_RETURN(cld_window_auto_pad(call, &mode, err));
    for (int32_t d = 3 - out->rank; d < 3; d++) {
        resolve(out, d, mode, cld_attr_int(call->node, "ceil_mode", 0) != 0);
        if (out->out[d] < 1 && out->in[d] > 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE,
                                 "spatial axis %d: a window of %lld does not fit in %lld with padding %lld and %lld",
                                 d - (3 - out->rank), (long long)extent(out, d), (long long)out->in[d],
                                 (long long)out->before[d], (long long)out->after[d]);
    }
    return CLADE_OK;
}

static bool is_plain(const cld_window *w, int32_t d) {
    return w->kernel[d] == 1 && w->stride[d] == 1 && w->before[d] == 0 && w->after[d] == 0;
}

/* Every window of the axis lies in the input. */
static bool is_inside(const cld_window *w, int32_t d) {
    return w->before[d] == 0 && w->after[d] == 0 && (w->out[d] - 1) * w->stride[d] + extent(w, d) <= w->in[d];
}

/* Axes a and a + 1 as one, at a + 1, where every tap of every output is then found at one stride. */
static void merge(cld_window *w, int32_t a) {
    int32_t b = a + 1;
    int64_t length = w->in[b], reach = w->in[a] + w->before[a] + w->after[a];
    int64_t stride_b = w->out[b] == 1 ? length : w->stride[b];
    if (is_plain(w, b) && (w->stride[a] == 1 || w->out[a] == 1 || length == 1) && length > 0 &&
        reach <= INT32_MAX / 4 / length) { /* the taps of a, each over all of b */
        w->kernel[b] = w->kernel[a];
        w->dilation[b] = w->kernel[a] == 1 ? 1 : w->dilation[a] * length;
        w->stride[b] = length == 1 ? w->stride[a] : 1;
        w->before[b] = w->before[a] * length;
        w->after[b] = w->after[a] * length;
    } else if (is_plain(w, a) && is_inside(w, b) && length == w->out[b] * stride_b) {
        w->stride[b] = stride_b; /* rows of windows, one after the other */
    } else {
        return;
    }
    w->in[b] *= w->in[a];
    w->out[b] *= w->out[a];
    w->in[a] = w->out[a] = w->kernel[a] = w->stride[a] = w->dilation[a] = 1;
    w->before[a] = w->after[a] = 0;
}

void cld_window_merge(cld_window *w) {
    merge(w, 1);
    merge(w, 0); /* moves axis 0 next to the merged one, or merges what is left */
    merge(w, 1);
}

void cld_window_args(cld_steps *steps, cld_step *step, const cld_window *w) {
    const int64_t *const lists[] = { w->in, w->out, w->kernel, w->stride, w->dilation, w->before };
    for (size_t i = 0; i < CLD_COUNT(lists); i++)
        cld_step_ints(steps, step, 3, lists[i]);
}

static const cld_param chunk_params[] = { { "chunk", { 32, 64, 128, 256 } }, { 0 } };

static void chunk_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)call;
    (void)caps;
    value[0] = 128;
}

static bool chunk_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call;
    (void)caps;
    return value[0] <= 1024;
}

const cld_space cld_chunk_space = { chunk_params, chunk_usual, chunk_valid };

void cld_window_launch(const cld_emit *emit, cld_step *step, const cld_window *window, int64_t planes, int64_t images) {
    const int64_t chunk = emit->value[0], *out = window->out;
    if (chunk > 0)
        cld_step_size(step, (size_t)(out[0] * out[1] * cld_parts(out[2], chunk)), (size_t)planes, (size_t)images, 1, 1,
                      1);
    else
        cld_step_grid(step, emit->caps, cld_span3(out), planes, images);
}
