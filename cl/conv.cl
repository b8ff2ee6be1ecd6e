/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution, any device and element type: y[n,m,p] = EPILOGUE(bias[m] + sum_{c,tap} x[n,c,window(p,tap)] w[m,c,tap]).
 * Tensors are dense: x [images][groups*C][id*ih*iw], w [groups*M][C][kd*kh*kw], y [images][groups*M][od*oh*ow]; outside the
 * input x is 0. Axes d, h, w; k, s, e, p: kernel, stride, dilation, padding before. Fixed order of sums: same input, same bits.
 *   reference   one output an item; launch (od*oh*ow, groups*M, images)
 *   im2col      columns[n][group][C*taps][P] for a matrix product with the weights, images from `first` on;
 *               launch (od*oh*ow, C*taps, images*groups)
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef EPILOGUE
#define EPILOGUE x
#endif

inline T NAME(end)(T x) { return EPILOGUE; }

KERNEL(reference)(__global T_STORE *out, ulong out_off, const __global T_STORE *in, ulong in_off,
                  const __global T_STORE *w, ulong w_off, const __global T_STORE *bias, ulong bias_off, int C, int M,
                  int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed,
                  int eh, int ew, int pd, int ph, int pw, int has_bias) {
    const int p = get_global_id(0), m = get_global_id(1), n = get_global_id(2);
    const int groups = get_global_size(1) / M, group = m / M, P = od * oh * ow;
    const int z0 = p / (oh * ow) * sd - pd, y0 = p / ow % oh * sh - ph, x0 = p % ow * sw - pw;
    in += in_off + ((size_t)n * groups + group) * C * id * ih * iw;
    w += w_off + (size_t)m * C * kd * kh * kw;
    T sum = has_bias ? T_LOAD(bias, bias_off + m) : 0;
    for (int c = 0; c < C; c++)
        for (int kz = 0; kz < kd; kz++)
            for (int ky = 0; ky < kh; ky++)
                for (int kx = 0; kx < kw; kx++) {
                    const int z = z0 + kz * ed, y = y0 + ky * eh, x = x0 + kx * ew;
                    if ((uint)z < (uint)id && (uint)y < (uint)ih && (uint)x < (uint)iw)
                        sum += T_LOAD(in, (((size_t)c * id + z) * ih + y) * iw + x) *
                               T_LOAD(w, (((size_t)c * kd + kz) * kh + ky) * kw + kx);
                }
    T_SAVE(out, out_off + ((size_t)n * get_global_size(1) + m) * P + p, NAME(end)(sum));
}

KERNEL(im2col)(__global T_STORE *columns, ulong columns_off, const __global T_STORE *in, ulong in_off, int first,
               int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed,
               int eh, int ew, int pd, int ph, int pw) {
    const int p = get_global_id(0), k = get_global_id(1), taps = kd * kh * kw, tap = k % taps;
    const int z = p / (oh * ow) * sd - pd + tap / (kh * kw) * ed, y = p / ow % oh * sh - ph + tap / kw % kh * eh,
              x = p % ow * sw - pw + tap % kw * ew, C = get_global_size(1) / taps;
    T v = 0;
    if ((uint)z < (uint)id && (uint)y < (uint)ih && (uint)x < (uint)iw)
        v = T_LOAD(in, in_off + (((((size_t)first + get_global_id(2)) * C + k / taps) * id + z) * ih + y) * iw + x);
    T_SAVE(columns, columns_off + (get_global_id(2) * get_global_size(1) + k) * get_global_size(0) + p, v);
}
