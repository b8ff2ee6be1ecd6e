/* SPDX-License-Identifier: Apache-2.0 */
/* See ref.h. */
#include "ref.h"

#include <math.h>

int64_t ref_span(const int64_t dims[3]) { return dims[0] * dims[1] * dims[2]; }

static void add(ref_value *sum, double term) {
    sum->value += term;
    sum->magnitude += fabs(term);
}

ref_value ref_dot(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t count) {
    ref_value sum = { 0, 0 };
    for (int64_t k = 0; k < count; k++)
        add(&sum, (double)a[k * a_step] * (double)b[k * b_step]);
    return sum;
}

void ref_windows_size(ref_windows *w) {
    for (int d = 0; d < 3; d++)
        w->out[d] =
            (w->in[d] + w->before[d] + w->after[d] - w->dilation[d] * (w->kernel[d] - 1) - 1) / w->stride[d] + 1;
}

static void unravel(const int64_t dims[3], int64_t index, int64_t at[3]) {
    for (int d = 2; d >= 0; d--) {
        at[d] = index % dims[d];
        index /= dims[d];
    }
}

void ref_visit_window(const ref_windows *w, int64_t o, ref_visit visit, void *state) {
    int64_t at[3], k[3];
    unravel(w->out, o, at);
    for (int64_t tap = 0; tap < ref_span(w->kernel); tap++) {
        int64_t position = 0;
        int inside = 1;
        unravel(w->kernel, tap, k);
        for (int d = 0; d < 3; d++) {
            const int64_t i = at[d] * w->stride[d] - w->before[d] + k[d] * w->dilation[d];
            inside &= i >= 0 && i < w->in[d];
            position = position * w->in[d] + i;
        }
        if (inside)
            visit(state, position, tap);
    }
}

void ref_visit_transposed(const ref_windows *w, int64_t o, ref_visit visit, void *state) {
    int64_t at[3], k[3], i[3];
    unravel(w->out, o, at);
    for (int64_t position = 0; position < ref_span(w->in); position++)
        for (int64_t tap = 0; tap < ref_span(w->kernel); tap++) {
            int reaches = 1;
            unravel(w->in, position, i);
            unravel(w->kernel, tap, k);
            for (int d = 0; d < 3; d++)
                reaches &= i[d] * w->stride[d] - w->before[d] + k[d] * w->dilation[d] == at[d];
            if (reaches)
                visit(state, position, tap);
        }
}

typedef struct product {
    const float *x, *weights;
    ref_value sum;
} product;

static void multiply(void *state, int64_t position, int64_t tap) {
    product *p = state;
    add(&p->sum, (double)p->x[position] * (double)p->weights[tap]);
}

ref_value ref_conv(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t m, int64_t o) {
    product p = { 0 };
    for (int64_t c = 0; c < w->C; c++) {
        p.x = x + ((image * w->groups + m / w->M) * w->C + c) * ref_span(w->in);
        p.weights = weights + (m * w->C + c) * ref_span(w->kernel);
        ref_visit_window(w, o, multiply, &p);
    }
    return p.sum;
}

ref_value ref_conv_transposed(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t m,
                              int64_t o) {
    product p = { 0 };
    for (int64_t c = m / w->M * w->C; c < (m / w->M + 1) * w->C; c++) {
        p.x = x + (image * w->groups * w->C + c) * ref_span(w->in);
        p.weights = weights + (c * w->M + m % w->M) * ref_span(w->kernel);
        ref_visit_transposed(w, o, multiply, &p);
    }
    return p.sum;
}
