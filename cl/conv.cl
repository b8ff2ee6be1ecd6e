/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution, any device and element type: y[n,m,p] = END(bias[m] + sum_{c,tap} x[n,c,window(p,tap)] w[m,c,tap]).
 * Dense tensors: x [images][groups*C][id*ih*iw] of X, w [groups*M][C][kd*kh*kw] of W, y [images][groups*M][od*oh*ow] of T;
 * sums in ACC. Outside the input x is 0. Axes d, h, w; k, s, e, p: kernel, stride, dilation, padding before. Fixed order of
 * sums: same input, same bits.
 *   direct   an item computes CHUNK outputs of a row, taps outside, so that on CPUs the loop over the row is vectors; CHUNK 1
 *            is one output an item. Launch (od*oh*ceil(ow/CHUNK), groups*M, images)
 *            END as op/map/epilogue.c makes it; with QUANTISED x and w have zero points and END is x, with SCALED too: round half to even,
 *            saturate to T
 *   strips   (OUTS) for GPUs: an item computes OUTS outputs of a row, from the SPAN elements that they see of each row of the
 *            window, in registers. KW, SW, EW: kw, sw, ew. Launch (od*oh*ceil(ow/OUTS), groups*M, images)
 *   im2col   columns[n][group][C*taps][P] for a matrix product with the weights, images from `first` on;
 *            launch (od*oh*ow, C*taps, images*groups)
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef ACC /* all of one type */
#define X T
#define X_STORE T_STORE
#define X_LOAD T_LOAD
#define W T
#define W_STORE T_STORE
#define W_LOAD T_LOAD
#define ACC T
#define ACC_STORE T_STORE
#define ACC_LOAD T_LOAD
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif
#ifndef CHUNK
#define CHUNK 1
#endif
#define GEOMETRY                                                                                                       \
    int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed, int eh,    \
        int ew, int pd, int ph, int pw

static inline ACC NAME(end)(ACC x, int e END_PARAMS) { END(ACC, CLADE_GET) }

/* acc[o] += (row[o * stride] - zero) * w for lo <= o < hi; common strides as constants, for the vectoriser. */
static inline void NAME(take)(ACC *acc, const __global X_STORE *row, int lo, int hi, int stride, ACC zero, ACC w) {
    if (stride == 1)
        for (int o = lo; o < hi; o++)
            acc[o] += (X_LOAD(row, o) - zero) * w;
    else if (stride == 2)
        for (int o = lo; o < hi; o++)
            acc[o] += (X_LOAD(row, 2 * o) - zero) * w;
    else
        for (int o = lo; o < hi; o++)
            acc[o] += (X_LOAD(row, (long)stride * o) - zero) * w;
}

#ifdef QUANTISED
#define QUANTISATION                                                                                                   \
    , const __global X_STORE *x_zero, ulong x_zero_off, const __global W_STORE *w_zero, ulong w_zero_off,              \
        const __global float *x_scale, ulong x_scale_off, const __global float *w_scale, ulong w_scale_off,            \
        const __global float *y_scale, ulong y_scale_off, const __global T_STORE *y_zero, ulong y_zero_off,            \
        int has_x_zero, int has_w_zero, int w_zero_step, int w_scale_step
#else
#define QUANTISATION
#endif

KERNEL(direct)(__global T_STORE *out, ulong out_off, const __global X_STORE *in, ulong in_off, const __global W_STORE *w,
               ulong w_off, const __global ACC_STORE *bias, ulong bias_off, int C, int M, int filters,
               GEOMETRY, int has_bias QUANTISATION END_PARAMS) {
    const int chunks = (ow + CHUNK - 1) / CHUNK, row = get_global_id(0) / chunks, m = get_global_id(1);
    const int z0 = row / oh * sd - pd, y0 = row % oh * sh - ph, begin = get_global_id(0) % chunks * CHUNK;
    const int columns = min(CHUNK, ow - begin), group = m / M;
    const size_t image = get_global_id(2);
    if (row >= od * oh || m >= filters)
        return;
    in += in_off + (image * (filters / M) + group) * C * id * ih * iw;
    w += w_off + (size_t)m * C * kd * kh * kw;
    const size_t e = ((image * filters + m) * od * oh + row) * ow + begin;
    out += out_off + e;
#ifdef QUANTISED
    const ACC xz = has_x_zero ? x_zero[x_zero_off] : 0, wz = has_w_zero ? w_zero[w_zero_off + m * w_zero_step] : 0;
#else
    const ACC xz = 0, wz = 0;
#endif
    ACC acc[CHUNK];
    for (int o = 0; o < columns; o++)
        acc[o] = has_bias ? ACC_LOAD(bias, bias_off + m) : 0;
    for (int c = 0; c < C; c++)
        for (int kz = 0; kz < kd; kz++)
            for (int ky = 0; ky < kh; ky++) {
                const int z = z0 + kz * ed, y = y0 + ky * eh;
                if ((uint)z >= (uint)id || (uint)y >= (uint)ih)
                    continue;
                for (int kx = 0; kx < kw; kx++) { /* 0 <= x + o * sw < iw */
                    const int x = begin * sw - pw + kx * ew, lo = x < 0 ? (sw - 1 - x) / sw : 0;
                    const int hi = x >= iw ? 0 : CHUNK == 1 ? 1 : min(columns, (iw - 1 - x) / sw + 1);
                    const ACC v = W_LOAD(w, (((size_t)c * kd + kz) * kh + ky) * kw + kx) - wz;
                    NAME(take)(acc, in + (((long)c * id + z) * ih + y) * iw + x, lo, hi, sw, xz, v);
                }
            }
#ifdef SCALED
    const float scale = x_scale[x_scale_off] * w_scale[w_scale_off + m * w_scale_step] / y_scale[y_scale_off];
    const float zero = y_zero[y_zero_off], low = SCALED_MIN - zero, high = SCALED_MAX - zero;
    for (int o = 0; o < columns; o++)
        T_SAVE(out, o, (T)(rint(clamp((float)(int)acc[o] * scale, low, high)) + zero));
#else
    for (int o = 0; o < columns; o++)
        T_SAVE(out, o, NAME(end)(acc[o], (int)(e + o) END_ARGS));
#endif
}

#ifdef OUTS
#define SPAN ((OUTS - 1) * SW + (KW - 1) * EW + 1)
#define UNROLL __attribute__((opencl_unroll_hint))
KERNEL(strips)(__global T_STORE *out, ulong out_off, const __global X_STORE *in, ulong in_off, const __global W_STORE *w,
               ulong w_off, const __global ACC_STORE *bias, ulong bias_off, int C, int M, int filters,
               GEOMETRY, int has_bias END_PARAMS) {
    const int strips = (ow + OUTS - 1) / OUTS, row = get_global_id(0) / strips, m = get_global_id(1);
    const int z0 = row / oh * sd - pd, y0 = row % oh * sh - ph, begin = get_global_id(0) % strips * OUTS;
    const int x0 = begin * SW - pw;
    const size_t image = get_global_id(2);
    if (row >= od * oh || m >= filters)
        return;
    in += in_off + (image * (filters / M) + m / M) * C * id * ih * iw;
    w += w_off + (size_t)m * C * kd * kh * KW;
    T acc[OUTS];
    UNROLL for (int o = 0; o < OUTS; o++)
        acc[o] = has_bias ? ACC_LOAD(bias, bias_off + m) : 0;
    for (int c = 0; c < C; c++)
        for (int kz = 0; kz < kd; kz++)
            for (int ky = 0; ky < kh; ky++) {
                const int z = z0 + kz * ed, y = y0 + ky * eh;
                if ((uint)z >= (uint)id || (uint)y >= (uint)ih)
                    continue;
                const long first = (((long)c * id + z) * ih + y) * iw + x0;
                T seen[SPAN];
                UNROLL for (int s = 0; s < SPAN; s++)
                    seen[s] = (uint)(x0 + s) < (uint)iw ? X_LOAD(in, first + s) : 0;
                UNROLL for (int kx = 0; kx < KW; kx++) {
                    const T v = W_LOAD(w, (((size_t)c * kd + kz) * kh + ky) * KW + kx);
                    UNROLL for (int o = 0; o < OUTS; o++)
                        acc[o] += seen[o * SW + kx * EW] * v;
                }
            }
    const size_t e = ((image * filters + m) * od * oh + row) * ow + begin;
    UNROLL for (int o = 0; o < OUTS; o++)
        if (begin + o < ow)
            T_SAVE(out, out_off + e + o, NAME(end)(acc[o], (int)(e + o) END_ARGS));
}
#endif

KERNEL(im2col)(__global T_STORE *columns, ulong columns_off, const __global T_STORE *in, ulong in_off, int first, int C,
               GEOMETRY) {
    const int p = get_global_id(0), k = get_global_id(1), taps = kd * kh * kw, tap = k % taps;
    const int z = p / (oh * ow) * sd - pd + tap / (kh * kw) * ed, y = p / ow % oh * sh - ph + tap / kw % kh * eh,
              x = p % ow * sw - pw + tap % kw * ew, P = od * oh * ow;
    if (p >= P || k >= C * taps)
        return;
    T v = 0;
    if ((uint)z < (uint)id && (uint)y < (uint)ih && (uint)x < (uint)iw)
        v = T_LOAD(in, in_off + (((((size_t)first + get_global_id(2)) * C + k / taps) * id + z) * ih + y) * iw + x);
    T_SAVE(columns, columns_off + (get_global_id(2) * C * taps + k) * P + p, v);
}
