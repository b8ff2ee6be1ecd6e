/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution with 3x3 kernels, stride 1, by minimal filtering (Lavin, Gray: Fast algorithms for convolutional neural
 * networks, 2016): a tile of MT x MT outputs from one of SIDE x SIDE inputs, SIDE = MT + 2, MT 2 or 4,
 *     y = END(bias + A^T [sum_c (G w[c] G^T) . (B^T x[c] B)] A)
 * The sum over channels is SIDE^2 matrix products, which other kernels do: u and v are what is multiplied, z what comes of
 * it. float32, NCHW; outside the input x is 0; fixed order: the same input gives the same bits.
 *   weights   u[SIDE^2][F][C] of w [F][C][3][3], launch (C, F); with WIDE u[SIDE^2][C][F], launch (F, C)
 *   input     v[SIDE^2][C][P] of x [images][C][ih][iw], images from `first` on; P = images tiles, tiles = rows columns
 *   output    y [images][F][oh][ow] of z[SIDE^2][F][P]; with WIDE of z[SIDE^2][P][F], and LANES floats more of it are read
 * An item does one tile; launch (tiles, C or F, images). With WIDE, for CPUs, `each` rows of tiles, vectors of tiles
 * (input) or of filters (output); launch (ceil(rows/each), C or ceil(F/LANES), images), groups of one.
 * Polynomials meet at 0, 1, -1, inf (MT 2) and 0, 3/4, -3/4, 3/2, -3/2, inf (MT 4): a quarter of the rounding error of 0, 1,
 * -1, 2, -2, inf, and all but G is exact in float. Bounds: lib/op/matrix/conv_winograd.c.
 */
#ifndef MT
#define MT 4
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif
#define SIDE (MT + 2)
#define POINTS (SIDE * SIDE)
#define UNROLL __attribute__((opencl_unroll_hint))
#ifdef WIDE
#ifndef LANES
#define LANES 16
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define REAL JOIN(float, LANES)
#define VLOAD JOIN(vload, LANES)
#define VSTORE JOIN(vstore, LANES)
#define VGET(p) VLOAD(0, p)
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
#else
#define REAL float
#endif

/* ---- one axis: of G, B^T in place, A^T in place ---- */
#if MT == 2
static inline void NAME(filter_axis)(float *to, int stride, float a, float b, float c) {
    to[0] = a;
    to[stride] = 0.5f * (a + b + c);
    to[2 * stride] = 0.5f * (a - b + c);
    to[3 * stride] = c;
}
static inline void NAME(input_axis)(REAL *d, int stride) {
    const REAL a = d[0], b = d[stride], c = d[2 * stride], e = d[3 * stride];
    d[0] = a - c;
    d[stride] = b + c;
    d[2 * stride] = c - b;
    d[3 * stride] = e - b;
}
static inline void NAME(output_axis)(REAL *d, int stride) {
    const REAL a = d[0], b = d[stride], c = d[2 * stride], e = d[3 * stride];
    d[0] = a + (b + c);
    d[stride] = (b - c) + e;
}
#else
#define NEAR 0.75f /* the points p, q */
#define FAR 1.5f
#define NEAR_2 (NEAR * NEAR)
#define FAR_2 (FAR * FAR)
static inline void NAME(filter_axis)(float *to, int stride, float a, float b, float c) {
    const float near = 0.5f / (NEAR_2 * (NEAR_2 - FAR_2)), far = 0.5f / (FAR_2 * (FAR_2 - NEAR_2));
    const float even_near = near * (a + NEAR_2 * c), odd_near = near * NEAR * b;
    const float even_far = far * (a + FAR_2 * c), odd_far = far * FAR * b;
    to[0] = a * (1.0f / (NEAR_2 * FAR_2));
    to[stride] = even_near + odd_near;
    to[2 * stride] = even_near - odd_near;
    to[3 * stride] = even_far + odd_far;
    to[4 * stride] = even_far - odd_far;
    to[5 * stride] = c;
}
static inline void NAME(input_axis)(REAL *d, int stride) {
    const REAL a = d[0], b = d[stride], c = d[2 * stride], e = d[3 * stride], g = d[4 * stride], h = d[5 * stride];
    const REAL even_near = g - FAR_2 * c, odd_near = e - FAR_2 * b, even_far = g - NEAR_2 * c, odd_far = e - NEAR_2 * b;
    d[0] = NEAR_2 * FAR_2 * a + (g - (NEAR_2 + FAR_2) * c);
    d[stride] = even_near + NEAR * odd_near;
    d[2 * stride] = even_near - NEAR * odd_near;
    d[3 * stride] = even_far + FAR * odd_far;
    d[4 * stride] = even_far - FAR * odd_far;
    d[5 * stride] = NEAR_2 * FAR_2 * b + (h - (NEAR_2 + FAR_2) * e);
}
static inline void NAME(output_axis)(REAL *d, int stride) {
    const REAL even_near = d[stride] + d[2 * stride], odd_near = d[stride] - d[2 * stride];
    const REAL even_far = d[3 * stride] + d[4 * stride], odd_far = d[3 * stride] - d[4 * stride];
    d[0] = d[0] + (even_near + even_far);
    d[stride] = NEAR * odd_near + FAR * odd_far;
    d[2 * stride] = NEAR_2 * even_near + FAR_2 * even_far;
    d[3 * stride] = d[5 * stride] + (NEAR_2 * NEAR * odd_near + FAR_2 * FAR * odd_far);
}
#endif

/* A tile of z becomes MT x MT outputs, in the first columns of the first rows. */
static inline void NAME(output_tile)(REAL *d) {
    UNROLL for (int i = 0; i < SIDE; i++) NAME(output_axis)(d + i * SIDE, 1);
    UNROLL for (int j = 0; j < MT; j++) NAME(output_axis)(d + j, SIDE);
}

KERNEL(weights)(__global float *u, ulong u_off, const __global float *w, ulong w_off, int F, int C) {
#ifdef WIDE
    const int f = get_global_id(0), c = get_global_id(1), at = c * F + f;
#else
    const int c = get_global_id(0), f = get_global_id(1), at = f * C + c;
#endif
    float half_way[SIDE * 3], points[POINTS];
    if (c >= C || f >= F)
        return;
    w += w_off + ((size_t)f * C + c) * 9;
    u += u_off + at;
    UNROLL for (int j = 0; j < 3; j++) NAME(filter_axis)(half_way + j, 3, w[j], w[3 + j], w[6 + j]);
    UNROLL for (int i = 0; i < SIDE; i++)
        NAME(filter_axis)(points + i * SIDE, 1, half_way[i * 3], half_way[i * 3 + 1], half_way[i * 3 + 2]);
    UNROLL for (int k = 0; k < POINTS; k++) u[(size_t)k * F * C] = points[k];
}

#ifndef WIDE

KERNEL(input)(__global float *v, ulong v_off, const __global float *x, ulong x_off, int first, int C, int ih, int iw, int ph,
              int pw, int rows, int columns, int P) {
    const int t = get_global_id(0), c = get_global_id(1), n = get_global_id(2);
    const int y0 = t / columns * MT - ph, x0 = t % columns * MT - pw;
    float d[POINTS];
    if (t >= rows * columns || c >= C)
        return;
    x += x_off + ((size_t)(first + n) * C + c) * ih * iw;
    v += v_off + (size_t)c * P + n * rows * columns + t;
    UNROLL for (int i = 0; i < SIDE; i++) UNROLL for (int j = 0; j < SIDE; j++) {
        const bool inside = (uint)(y0 + i) < (uint)ih && (uint)(x0 + j) < (uint)iw;
        d[i * SIDE + j] = inside ? x[(y0 + i) * iw + x0 + j] : 0;
    }
    UNROLL for (int i = 0; i < SIDE; i++) NAME(input_axis)(d + i * SIDE, 1);
    UNROLL for (int j = 0; j < SIDE; j++) NAME(input_axis)(d + j, SIDE);
    UNROLL for (int k = 0; k < POINTS; k++) v[(size_t)k * C * P] = d[k];
}

static inline float NAME(end)(float x, int e END_PARAMS) { END(float, CLADE_GET) }

KERNEL(output)(__global float *y, ulong y_off, const __global float *z, ulong z_off, const __global float *bias,
               ulong bias_off, int first, int F, int oh, int ow, int rows, int columns, int P, float beta END_PARAMS) {
    const int t = get_global_id(0), f = get_global_id(1), n = get_global_id(2);
    const int y0 = t / columns * MT, x0 = t % columns * MT;
    float d[POINTS];
    if (t >= rows * columns || f >= F)
        return;
    z += z_off + (size_t)f * P + n * rows * columns + t;
    UNROLL for (int k = 0; k < POINTS; k++) d[k] = z[(size_t)k * F * P];
    NAME(output_tile)(d);
    const float b = beta != 0 ? bias[bias_off + f] : 0;
    const size_t e = (((size_t)(first + n) * F + f) * oh + y0) * ow + x0;
    UNROLL for (int i = 0; i < MT; i++) UNROLL for (int j = 0; j < MT; j++)
        if (y0 + i < oh && x0 + j < ow)
            y[y_off + e + i * ow + j] = NAME(end)(d[i * SIDE + j] + b, (int)(e + i * ow + j) END_ARGS);
}

#else

/* Elements of a row of inputs that LANES tiles side by side need, in whole vectors. */
#define SPAN ((MT + 1) * LANES)

/* o[i] = row[i] for low <= i < high, else 0, for 0 <= i < SPAN. */
static inline void NAME(fetch)(float *o, const __global float *row, int low, int high) {
    if (low == 0 && high == SPAN) {
        UNROLL for (int v = 0; v <= MT; v++) VSTORE(VLOAD(v, row), v, o);
        return;
    }
    UNROLL for (int v = 0; v <= MT; v++) VSTORE((REAL)(0), v, o);
    if (high - low < LANES) {
        for (int i = low; i < high; i++)
            o[i] = row[i];
        return;
    }
    for (int i = low; i < high - LANES; i += LANES)
        VSTORE(VLOAD(0, row + i), 0, o + i);
    VSTORE(VLOAD(0, row + high - LANES), 0, o + high - LANES);
}

#define EVEN(a, b) ((REAL)((a).even, (b).even))
#define ODD(a, b) ((REAL)((a).odd, (b).odd))

/* d[j] = element j of each of LANES tiles, which begin MT apart in a row. */
static inline void NAME(deal)(REAL *d, const float *row) {
#if MT == 2
    UNROLL for (int j = 0; j < 4; j += 2) {
        const REAL a = VGET(row + j), b = VGET(row + j + LANES);
        d[j] = EVEN(a, b);
        d[j + 1] = ODD(a, b);
    }
#else
    UNROLL for (int j = 0; j < 8; j += 4) {
        const REAL a = VGET(row + j), b = VGET(row + j + LANES), c = VGET(row + j + 2 * LANES), e = VGET(row + j + 3 * LANES);
        const REAL even_0 = EVEN(a, b), even_1 = EVEN(c, e), odd_0 = ODD(a, b), odd_1 = ODD(c, e);
        d[j] = EVEN(even_0, even_1);
        d[j + 1] = EVEN(odd_0, odd_1);
        if (j == 0) {
            d[2] = ODD(even_0, even_1);
            d[3] = ODD(odd_0, odd_1);
        }
    }
#endif
}

/* What is stored behind a row's last tile is the place of the next row's first, which is written later; behind the last
 * tile of all, others write. */
SINGLE KERNEL(input)(__global float *v, ulong v_off, const __global float *x, ulong x_off, int first, int C, int ih, int iw,
                     int ph, int pw, int rows, int columns, int P, int each) {
    const int r0 = get_global_id(0) * each, r1 = min(rows, r0 + each), c = get_global_id(1), n = get_global_id(2);
    const size_t point = (size_t)C * P;
    float line[SIDE * SPAN];
    x += x_off + ((size_t)(first + n) * C + c) * ih * iw;
    v += v_off + (size_t)c * P + n * rows * columns;
    for (int r = r0; r < r1; r++)
        for (int t0 = 0; t0 < columns; t0 += LANES) {
            const int x0 = t0 * MT - pw, low = max(0, -x0), high = min(SPAN, iw - x0), at = r * columns + t0;
            for (int i = 0; i < SIDE; i++) {
                const int y = r * MT - ph + i;
                const bool inside = (uint)y < (uint)ih && high > low;
                NAME(fetch)(line + i * SPAN, x + (inside ? y * iw + x0 : 0), inside ? low : 0, inside ? high : 0);
            }
            for (int s = 0; s < SPAN; s += LANES) {
                REAL d[SIDE];
                UNROLL for (int i = 0; i < SIDE; i++) d[i] = VGET(line + i * SPAN + s);
                NAME(input_axis)(d, 1);
                UNROLL for (int i = 0; i < SIDE; i++) VSTORE(d[i], 0, line + i * SPAN + s);
            }
            for (int i = 0; i < SIDE; i++) {
                REAL d[SIDE];
                __global float *o = v + i * SIDE * point + at;
                NAME(deal)(d, line + i * SPAN);
                NAME(input_axis)(d, 1);
                if (at + LANES <= r1 * columns) {
                    UNROLL for (int j = 0; j < SIDE; j++) VSTORE(d[j], 0, o + j * point);
                    continue;
                }
                float last[SIDE * LANES];
                UNROLL for (int j = 0; j < SIDE; j++) VSTORE(d[j], j, last);
                for (int j = 0; j < SIDE; j++)
                    for (int l = 0; l < min(LANES, columns - t0); l++)
                        o[j * point + l] = last[j * LANES + l];
            }
        }
}

/* LANES vectors become those of their elements number 0, 1, ...: each round takes the lowest bit of an element's place in
 * its vector, and of its vector's, and puts it on top of the other. */
static inline void NAME(transpose)(REAL *t) {
    UNROLL for (int width = 1; width < LANES; width *= 2) {
        REAL next[LANES];
        UNROLL for (int i = 0; i < LANES / 2; i++) {
            next[i] = EVEN(t[2 * i], t[2 * i + 1]);
            next[i + LANES / 2] = ODD(t[2 * i], t[2 * i + 1]);
        }
        UNROLL for (int i = 0; i < LANES; i++) t[i] = next[i];
    }
}

static inline REAL NAME(end_vector)(REAL x, int e END_PARAMS) { END(REAL, VGET) }
static inline float NAME(end_scalar)(float x, int e END_PARAMS) { END(float, CLADE_GET) }

/* Stores `count` of LANES outputs of a row. */
static inline void NAME(store)(__global float *y, int e, REAL x, int count END_PARAMS) {
    if (count >= LANES) {
        VSTORE(NAME(end_vector)(x, e END_ARGS), 0, y + e);
        return;
    }
    float values[LANES];
    VSTORE(x, 0, values);
    for (int l = 0; l < count; l++)
        y[e + l] = NAME(end_scalar)(values[l], e + l END_ARGS);
}

/* Vectors of filters become vectors of LANES outputs of a row, those of LANES / MT tiles. */
SINGLE KERNEL(output)(__global float *y, ulong y_off, const __global float *z, ulong z_off, const __global float *bias,
                      ulong bias_off, int first, int F, int oh, int ow, int rows, int columns, int P, int each,
                      float beta END_PARAMS) {
    const int r0 = get_global_id(0) * each, r1 = min(rows, r0 + each), f0 = get_global_id(1) * LANES, n = get_global_id(2);
    const int filters = min(LANES, F - f0);
    const size_t point = (size_t)P * F;
    y += y_off;
    z += z_off + (size_t)n * rows * columns * F + f0;
    bias += bias_off + f0;
    for (int r = r0; r < r1; r++)
        for (int t0 = 0; t0 < columns; t0 += LANES / MT) {
            REAL out[MT * LANES];
            for (int b = 0; b < LANES / MT; b++) { /* beyond the last one: it again, to be thrown away */
                const __global float *tile = z + (size_t)(r * columns + min(t0 + b, columns - 1)) * F;
                REAL d[POINTS];
                UNROLL for (int k = 0; k < POINTS; k++) d[k] = VGET(tile + k * point);
                NAME(output_tile)(d);
                UNROLL for (int i = 0; i < MT; i++) UNROLL for (int j = 0; j < MT; j++)
                    out[i * LANES + b * MT + j] = d[i * SIDE + j];
            }
            for (int i = 0; i < min(MT, oh - r * MT); i++) {
                REAL row[LANES];
                UNROLL for (int l = 0; l < LANES; l++) row[l] = out[i * LANES + l];
                NAME(transpose)(row);
                UNROLL for (int l = 0; l < LANES; l++) out[i * LANES + l] = row[l];
                for (int l = 0; l < filters; l++)
                    NAME(store)(y, (((first + n) * F + f0 + l) * oh + r * MT + i) * ow + t0 * MT,
                                out[i * LANES + l] + (beta != 0 ? bias[l] : 0), ow - t0 * MT END_ARGS);
            }
        }
}

#endif
