/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: the positions and weights of an interpolation along one axis, as the ONNX specification of Resize defines
 * them. Made in double on the host, once per plan, so that all devices agree on them. */
#include "op/image/resize.h"

#include <math.h>

/* The input position of output entry j. */
static double position(const cld_resize *r, int32_t axis, int64_t j, int64_t n_in) {
    double scale = r->scale[axis], length = r->length[axis], last = (double)(n_in - 1), at = (double)j;
    double start = r->start[axis], end = r->end[axis];
    switch (r->coordinates) {
    case CLD_HALF_PIXEL:
        break;
    case CLD_HALF_PIXEL_SYMMETRIC:
        return (double)n_in / 2 * (1 - (double)r->out[axis] / length) + (at + 0.5) / scale - 0.5;
    case CLD_PYTORCH_HALF_PIXEL:
        if (length <= 1)
            return 0;
        break;
    case CLD_ALIGN_CORNERS:
        return length == 1 ? 0 : at * last / (length - 1);
    case CLD_ASYMMETRIC:
        return at / scale;
    case CLD_TF_HALF_PIXEL_FOR_NN:
        return (at + 0.5) / scale;
    case CLD_TF_CROP_AND_RESIZE:
        return length > 1 ? start * last + at * (end - start) * last / (length - 1) : (start + end) * last / 2;
    }
    return (at + 0.5) / scale - 0.5;
}

static double nearest(cld_rounding rounding, double x) {
    switch (rounding) {
    case CLD_ROUND_PREFER_FLOOR:
        return ceil(x - 0.5);
    case CLD_ROUND_PREFER_CEIL:
        return floor(x + 0.5);
    case CLD_FLOOR:
        return floor(x);
    case CLD_CEIL:
        break;
    }
    return ceil(x);
}

/* The weights of the entries floor(x) - 1 ... floor(x) + 2, f = x - floor(x). R. Keys, "Cubic convolution interpolation
 * for digital image processing", 1981. */
static void cubic_weights(double a, double f, double w[4]) {
    for (int t = 0; t < 4; t++) {
        double d = fabs(f + 1 - t);
        w[t] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }
}

/* The weights around x; returns the position of the first. */
static double weights(const cld_resize *r, double x, double w[CLD_RESIZE_TAPS]) {
    double base = floor(x), f = x - base;
    switch (r->mode) {
    case CLD_NEAREST:
        w[0] = 1;
        return nearest(r->rounding, x);
    case CLD_LINEAR:
        w[0] = 1 - f;
        w[1] = f;
        return base;
    case CLD_CUBIC:
        break;
    }
    cubic_weights(r->cubic_a, f, w);
    return base - 1;
}

/* Weights of entries outside count for nothing, and the others for more. */
static void exclude(double first, int32_t taps, int64_t n_in, double *w) {
    double sum = 0;
    for (int32_t t = 0; t < taps; t++) {
        if (first + t < 0 || first + t >= (double)n_in)
            w[t] = 0;
        sum += w[t];
    }
    for (int32_t t = 0; t < taps && sum != 0; t++)
        w[t] /= sum;
}

clade_status cld_resize_table_make(const cld_call *call, const cld_resize *resize, int32_t axis, cld_resize_table *out,
                                   clade_error *err) {
    static const int32_t taps_of[] = { [CLD_NEAREST] = 1, [CLD_LINEAR] = 2, [CLD_CUBIC] = CLD_RESIZE_TAPS };
    int64_t n_in = call->in[0].dims[axis], n_out = resize->out[axis];
    int32_t taps = taps_of[resize->mode];
    *out = (cld_resize_table){ .taps = taps, .n_in = n_in, .n_out = n_out, .plain = true, .identity = n_in == n_out };
    if (resize->untouched[axis]) /* it may be of any length */
        return CLADE_OK;
    out->index = cld_arena_calloc(call->arena, (size_t)n_out, (size_t)taps * sizeof *out->index);
    out->weight = cld_arena_calloc(call->arena, (size_t)n_out, (size_t)taps * sizeof *out->weight);
    out->bias = cld_arena_calloc(call->arena, (size_t)n_out, sizeof *out->bias);
    if (!out->index || !out->weight || !out->bias)
        return cld_no_memory(err, "interpolation tables");
    for (int64_t j = 0; j < n_out; j++) {
        double x = position(resize, axis, j, n_in), *w = out->weight + j * taps;
        bool outside = resize->coordinates == CLD_TF_CROP_AND_RESIZE && !(x >= 0 && x <= (double)(n_in - 1));
        if (outside) {
            out->bias[j] = resize->extrapolation;
            out->plain = out->identity = false;
            continue;
        }
        double first = weights(resize, x, w);
        if (resize->exclude_outside)
            exclude(first, taps, n_in, w);
        for (int32_t t = 0; t < taps; t++) {
            double at = fmax(0, fmin(first + t, (double)(n_in - 1)));
            out->index[j * taps + t] = (int32_t)at;
            out->plain &= w[t] == 0 || w[t] == 1;
            out->identity &= w[t] == 0 || at == (double)j;
        }
    }
    out->identity &= out->plain;
    return CLADE_OK;
}
