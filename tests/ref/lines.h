/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and normalisation in double, as their definitions say. */
#ifndef CLADE_TEST_REF_LINES_H
#define CLADE_TEST_REF_LINES_H

#include <stdint.h>

/* y[o, k, i] = e^x / sum over k of e^x, or its logarithm, of x[outer, n, inner]. */
void ref_softmax(const double *x, double *y, int64_t outer, int64_t n, int64_t inner, int logarithm);
/* y[l, k] = (x[l, k] - mean) / sqrt(variance + epsilon), and both of each line. */
void ref_normalize(const double *x, double *y, double *mean, double *inverse, int64_t lines, int64_t n, double epsilon);

#endif
