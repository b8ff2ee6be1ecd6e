/* SPDX-License-Identifier: Apache-2.0 */
/* Transposed convolution in gather form: y[n,m,o] = END(bias[m] + sum over c and taps t, where input position i with
 * i * stride - before + t * dilation = o exists, of x[n,c,i] w[c,m,t]).
 * Dense tensors: x [images][groups*C][id*ih*iw], w [groups*C][M][kd*kh*kw], y [images][groups*M][od*oh*ow]. Axes d, h, w;
 * k, s, e, p: kernel, stride, dilation, padding before. With COLUMNS `in` holds w^T x instead of x: [images][groups*M][taps]
 * [id*ih*iw], and what is left is to add the taps (col2im). One output an item, launch (od*oh*ow, groups*M, images). Fixed
 * order of sums: same input, same bits.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif

static inline T NAME(end)(T x, int e END_PARAMS) { END(T, CLADE_GET) }

/* The input position that reaches `at` (output position + padding) through tap k; -1: none. */
static inline int NAME(source)(int at, int k, int dilation, int stride, int size) {
    const int t = at - k * dilation;
    return t >= 0 && t % stride == 0 && t / stride < size ? t / stride : -1;
}

KERNEL(gather)(__global T_STORE *out, ulong out_off, const __global T_STORE *in, ulong in_off, const __global T_STORE *w,
               ulong w_off, const __global T_STORE *bias, ulong bias_off, int C, int M, int filters, int id, int ih, int iw,
               int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed, int eh, int ew, int pd,
               int ph, int pw, int has_bias END_PARAMS) {
    const int o = get_global_id(0), m = get_global_id(1), taps = kd * kh * kw, plane = id * ih * iw;
    const int z = o / (oh * ow) + pd, y = o / ow % oh + ph, x = o % ow + pw;
    const size_t image = get_global_id(2), group = m / M, pixels = (size_t)od * oh * ow;
    if (o >= pixels || m >= filters)
        return;
#ifdef COLUMNS
    in += in_off + (image * filters + m) * taps * plane;
#else
    in += in_off + (image * (filters / M) + group) * C * plane;
    w += w_off + (group * C * M + m % M) * taps;
#endif
    T sum = has_bias ? T_LOAD(bias, bias_off + m) : 0;
    for (int kz = 0, tap = 0; kz < kd; kz++)
        for (int ky = 0; ky < kh; ky++)
            for (int kx = 0; kx < kw; kx++, tap++) {
                const int iz = NAME(source)(z, kz, ed, sd, id), iy = NAME(source)(y, ky, eh, sh, ih),
                          ix = NAME(source)(x, kx, ew, sw, iw), from = (iz * ih + iy) * iw + ix;
                if (iz < 0 || iy < 0 || ix < 0)
                    continue;
#ifdef COLUMNS
                sum += T_LOAD(in, (size_t)tap * plane + from);
#else
                for (int c = 0; c < C; c++)
                    sum += T_LOAD(in, (size_t)c * plane + from) * T_LOAD(w, (size_t)c * M * taps + tap);
#endif
            }
    const size_t e = (image * filters + m) * pixels + o;
    T_SAVE(out, out_off + e, NAME(end)(sum, (int)e END_ARGS));
}
