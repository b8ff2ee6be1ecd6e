/* SPDX-License-Identifier: Apache-2.0 */
/* Slow references in double precision, written from the formulas and from nothing in the library. Each result comes
 * with the sum of the absolute values of its terms, by which rounding errors are measured.
 */
#ifndef CLADE_TEST_REF_H
#define CLADE_TEST_REF_H

#include <stdint.h>

typedef struct ref_value {
    double value, magnitude;
} ref_value;

/* sum_k a[k * a_step] b[k * b_step] */
ref_value ref_dot(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t count);

/* Windows over three axes (d, h, w), 1 where there are fewer; one group has C channels and M filters. */
typedef struct ref_windows {
    int64_t images, groups, C, M;
    int64_t in[3], kernel[3], stride[3], dilation[3], before[3], after[3], out[3];
} ref_windows;
/* Fills out: floor((in + before + after - extent) / stride) + 1. */
void ref_windows_size(ref_windows *w);

/* What a fold over a window sees: its state, the value of x there, the position in the plane, the weight's tap. */
typedef void (*ref_visit)(void *state, int64_t position, int64_t tap);
/* Visits every tap of output `o` of a plane that lies inside the input. */
void ref_visit_window(const ref_windows *w, int64_t o, ref_visit visit, void *state);
/* Visits every input position and tap that reach output `o` of a transposed convolution. */
void ref_visit_transposed(const ref_windows *w, int64_t o, ref_visit visit, void *state);

/* Output (image, filter m of all groups, o) of a convolution; x [images][groups C][in], weights [groups M][C][kernel].
 */
ref_value ref_conv(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t m, int64_t o);
/* The same of a transposed one; weights [groups C][M][kernel]. */
ref_value ref_conv_transposed(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t m,
                              int64_t o);
int64_t ref_span(const int64_t dims[3]);

#endif
