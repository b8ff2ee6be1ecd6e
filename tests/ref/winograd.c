/* SPDX-License-Identifier: Apache-2.0 */
/* See winograd.h. Toom and Cook's matrices for points p_0, p_1, ... and infinity: column j of A^T is p_j^i, row j of G
 * is p_j^i / N_j with N_j = prod_{k != j} (p_j - p_k), and row j of B^T has the coefficients of prod_{k != j} (t -
 * p_k); those of infinity hold the highest power alone, and prod_k (t - p_k).
 */
#include "winograd.h"

#include <math.h>

enum { MOST = 6 };

typedef struct transforms {
    int m, side;
    double a[MOST][MOST], g[MOST][3], b[MOST][MOST]; /* absolute values of A^T, G, B^T */
} transforms;

static const double points[2][MOST - 1] = { { 0, 1, -1 }, { 0, 0.75, -0.75, 1.5, -1.5 } };

/* Coefficients of prod (t - p_k) over all k but `without`, lowest first. */
static void polynomial(double out[MOST], const double *p, int count, int without) {
    int degree = 0;
    for (int i = 0; i < MOST; i++)
        out[i] = i == 0;
    for (int k = 0; k < count; k++) {
        if (k == without)
            continue;
        for (int i = ++degree; i >= 0; i--)
            out[i] = (i > 0 ? out[i - 1] : 0) - p[k] * out[i];
    }
}

static void make(transforms *t, int m) {
    const double *p = points[m / 4];
    const int n = m + 1;
    *t = (transforms){ .m = m, .side = m + 2 };
    for (int j = 0; j < n; j++) {
        double scale = 1;
        for (int k = 0; k < n; k++)
            scale *= k == j ? 1 : p[j] - p[k];
        for (int i = 0; i < m; i++)
            t->a[i][j] = pow(p[j], i);
        for (int i = 0; i < 3; i++)
            t->g[j][i] = pow(p[j], i) / scale;
        polynomial(t->b[j], p, n, j);
    }
    t->a[m - 1][n] = t->g[n][2] = 1;
    polynomial(t->b[n], p, n, -1);
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++) {
            t->a[i][j] = fabs(t->a[i][j]);
            t->b[i][j] = fabs(t->b[i][j]);
            if (j < 3)
                t->g[i][j] = fabs(t->g[i][j]);
        }
}

/* sum_{r, s} left[i][r] |plane(r, s)| right[j][s] */
typedef double (*plane_at)(const void *plane, int r, int s);
static double sandwich(const double *left, const double *right, int n, plane_at at, const void *plane) {
    double sum = 0;
    for (int r = 0; r < n; r++)
        for (int s = 0; s < n; s++)
            sum += left[r] * right[s] * fabs(at(plane, r, s));
    return sum;
}

typedef struct tile {
    const float *x;
    const ref_windows *w;
    int64_t y0, x0;
} tile;

static double input_at(const void *plane, int r, int s) {
    const tile *t = plane;
    const int64_t y = t->y0 + r, x = t->x0 + s;
    return y < 0 || x < 0 || y >= t->w->in[1] || x >= t->w->in[2] ? 0 : (double)t->x[y * t->w->in[2] + x];
}

static double weight_at(const void *plane, int r, int s) { return (double)((const float *)plane)[r * 3 + s]; }

double ref_winograd_magnitude(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t filter,
                              int64_t o, int m) {
    transforms t;
    make(&t, m);
    const int64_t oy = o / w->out[2], ox = o % w->out[2];
    const double *rows = t.a[oy % m], *columns = t.a[ox % m];
    double sum = 0;
    for (int64_t c = 0; c < w->C; c++) {
        const tile at = { x + (image * w->C + c) * ref_span(w->in), w, oy / m * m - w->before[1],
                          ox / m * m - w->before[2] };
        const float *g = weights + (filter * w->C + c) * 9;
        for (int i = 0; i < t.side; i++)
            for (int j = 0; j < t.side; j++)
                if (rows[i] * columns[j] != 0)
                    sum += rows[i] * columns[j] * sandwich(t.g[i], t.g[j], 3, weight_at, g) *
                           sandwich(t.b[i], t.b[j], t.side, input_at, &at);
    }
    return sum;
}
