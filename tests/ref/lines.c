/* SPDX-License-Identifier: Apache-2.0 */
/* See lines.h. */
#include "ref/lines.h"

#include <math.h>

void ref_softmax(const double *x, double *y, int64_t outer, int64_t n, int64_t inner, int logarithm) {
    for (int64_t line = 0; line < outer * inner; line++) {
        const int64_t at = line / inner * n * inner + line % inner;
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += exp(x[at + k * inner]);
        for (int64_t k = 0; k < n; k++) {
            double share = exp(x[at + k * inner]) / sum;
            y[at + k * inner] = logarithm ? log(share) : share;
        }
    }
}

void ref_normalize(const double *x, double *y, double *mean, double *inverse, int64_t lines, int64_t n,
                   double epsilon) {
    for (int64_t l = 0; l < lines; l++, x += n, y += n) {
        double sum = 0, squares = 0;
        for (int64_t k = 0; k < n; k++)
            sum += x[k];
        mean[l] = sum / (double)n;
        for (int64_t k = 0; k < n; k++)
            squares += (x[k] - mean[l]) * (x[k] - mean[l]);
        inverse[l] = 1 / sqrt(squares / (double)n + epsilon);
        for (int64_t k = 0; k < n; k++)
            y[k] = (x[k] - mean[l]) * inverse[l];
    }
}
