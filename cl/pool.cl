/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling: y[plane, p] = END(TAKE over taps t of x[plane, window(p, t)]), a plane being one channel of one image. Padding takes
 * no part; AVERAGE divides by the taps inside the input, or inside the padded input with COUNT_PAD.
 * Tensors are dense: x [planes][id*ih*iw], y [planes][od*oh*ow]. Axes d, h, w; k, s, e, p, a: kernel, stride, dilation,
 * padding before and after. One of MAX, AVERAGE, LP (the exponent) is defined. Same input, same bits.
 *   reference   one output an item; INDICES also writes where the maximum lies in x (COLUMN_MAJOR: within its plane column by
 *               column); launch (od*oh*ow, planes)
 *   rows        CPUs: a group of one item computes rows of outputs, taps outside, so that the loop over a row is vectors;
 *               launch (od*oh, planes)
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define MAX (-INFINITY)
#endif
#ifndef COUNT_PAD
#define COUNT_PAD 0
#endif
#if defined(MAX)
#define START ((T)(MAX)) /* the lowest value of T */
#define TAKE(a, v) ((v) > (a) ? (v) : (a))
#define END(a, count) (a)
#elif defined(AVERAGE)
#define START ((T)0)
#define TAKE(a, v) ((a) + (v))
#define END(a, count) ((a) / (T)(count))
#elif LP == 1
#define START ((T)0)
#define TAKE(a, v) ((a) + fabs(v))
#define END(a, count) (a)
#elif LP == 2
#define START ((T)0)
#define TAKE(a, v) ((a) + (v) * (v))
#define END(a, count) sqrt(a)
#else
#define START ((T)0)
#define TAKE(a, v) ((a) + pow(fabs(v), (T)LP))
#define END(a, count) pow(a, 1 / (T)LP)
#endif
#define GEOMETRY                                                                                                       \
    int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed, int eh,    \
        int ew, int pd, int ph, int pw, int ad, int ah, int aw

/* Taps of one axis that count in AVERAGE, from the position of the first. */
inline int NAME(count)(int at, int taps, int dilation, int size, int after) {
    int count = 0;
    for (int k = 0; k < taps; k++, at += dilation)
        count += COUNT_PAD ? at < size + after : at >= 0 && at < size;
    return count;
}

KERNEL(reference)(__global T_STORE *out, ulong out_off, __global long *index, ulong index_off, const __global T_STORE *in,
                  ulong in_off, GEOMETRY) {
    const int p = get_global_id(0), z0 = p / (oh * ow) * sd - pd, y0 = p / ow % oh * sh - ph, x0 = p % ow * sw - pw;
    const size_t plane = get_global_id(1), start = plane * id * ih * iw, o = plane * get_global_size(0) + p;
    in += in_off + start;
    T a = START;
    int best = -1;
    for (int kz = 0; kz < kd; kz++)
        for (int ky = 0; ky < kh; ky++)
            for (int kx = 0; kx < kw; kx++) {
                const int z = z0 + kz * ed, y = y0 + ky * eh, x = x0 + kx * ew;
                if ((uint)z < (uint)id && (uint)y < (uint)ih && (uint)x < (uint)iw) {
                    const T v = T_LOAD(in, ((size_t)z * ih + y) * iw + x);
#ifdef INDICES
                    if (best < 0 || v > a)
                        best = COLUMN_MAJOR ? (x * ih + y) * id + z : (z * ih + y) * iw + x;
#endif
                    a = TAKE(a, v);
                }
            }
    T_SAVE(out, out_off + o,
           END(a, NAME(count)(z0, kd, ed, id, ad) * NAME(count)(y0, kh, eh, ih, ah) * NAME(count)(x0, kw, ew, iw, aw)));
#ifdef INDICES
    index[index_off + o] = (long)start + best;
#endif
}

#define CHUNK 128

/* acc[o] takes row[o * stride] for lo <= o < hi; common strides as constants, for the vectoriser. */
inline void NAME(take)(T *acc, const __global T_STORE *row, int lo, int hi, int stride) {
    if (stride == 1)
        for (int o = lo; o < hi; o++) {
            const T v = T_LOAD(row, o);
            acc[o] = TAKE(acc[o], v);
        }
    else if (stride == 2)
        for (int o = lo; o < hi; o++) {
            const T v = T_LOAD(row, 2 * o);
            acc[o] = TAKE(acc[o], v);
        }
    else
        for (int o = lo; o < hi; o++) {
            const T v = T_LOAD(row, (long)stride * o);
            acc[o] = TAKE(acc[o], v);
        }
}

__attribute__((reqd_work_group_size(1, 1, 1)))
KERNEL(rows)(__global T_STORE *out, ulong out_off, __global long *index, ulong index_off, const __global T_STORE *in,
             ulong in_off, GEOMETRY) {
    const int row = get_global_id(0), z0 = row / oh * sd - pd, y0 = row % oh * sh - ph;
    const size_t plane = get_global_id(1);
    in += in_off + plane * id * ih * iw;
    out += out_off + (plane * od * oh + row) * ow;
    const int count = NAME(count)(z0, kd, ed, id, ad) * NAME(count)(y0, kh, eh, ih, ah);
    for (int begin = 0; begin < ow; begin += CHUNK) {
        const int columns = min(CHUNK, ow - begin);
        T acc[CHUNK];
        for (int o = 0; o < columns; o++)
            acc[o] = START;
        for (int kz = 0; kz < kd; kz++)
            for (int ky = 0; ky < kh; ky++) {
                const int z = z0 + kz * ed, y = y0 + ky * eh;
                if ((uint)z >= (uint)id || (uint)y >= (uint)ih)
                    continue;
                for (int kx = 0; kx < kw; kx++) { /* 0 <= x + o * sw < iw */
                    const int x = begin * sw - pw + kx * ew, lo = x < 0 ? (sw - 1 - x) / sw : 0,
                              hi = x < iw ? min(columns, (iw - 1 - x) / sw + 1) : 0;
                    NAME(take)(acc, in + ((long)z * ih + y) * iw + x, lo, hi, sw);
                }
            }
        for (int o = 0; o < columns; o++)
            T_SAVE(out, begin + o, END(acc[o], count * NAME(count)((begin + o) * sw - pw, kw, ew, iw, aw)));
    }
}
