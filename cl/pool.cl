/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling: y[plane, p] = END(TAKE over taps t of x[plane, window(p, t)]), a plane being one channel of one image. Padding takes
 * no part; AVERAGE divides by the taps inside the input, or inside the padded input with COUNT_PAD.
 * Dense tensors: x [planes][id*ih*iw], y [planes][od*oh*ow]. Axes d, h, w; k, s, e, p, a: kernel, stride, dilation, padding
 * before and after. One of MAX (the lowest value), AVERAGE, LP (the exponent) is defined. INDICES also writes where the
 * maximum lies in x, COLUMN_MAJOR: within its plane column by column. Same input, same bits.
 * An item computes CHUNK outputs of a row, taps outside, so that on CPUs the loop over the row is vectors; CHUNK 1 is one
 * output an item. Launch (od*oh*ceil(ow/CHUNK), planes).
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define MAX -INFINITY
#endif
#ifndef CHUNK
#define CHUNK 1
#endif
#ifndef COUNT_PAD
#define COUNT_PAD 0
#endif
#if defined(MAX)
#define START MAX
#define TAKE(a, v) ((v) > (a) ? (v) : (a))
#define END(a, count) (a)
#elif defined(AVERAGE)
#define START 0
#define TAKE(a, v) ((a) + (v))
#define END(a, count) ((a) / (T)(count))
#elif LP == 1
#define START 0
#define TAKE(a, v) ((a) + fabs(v))
#define END(a, count) (a)
#elif LP == 2
#define START 0
#define TAKE(a, v) ((a) + (v) * (v))
#define END(a, count) sqrt(a)
#else
#define START 0
#define TAKE(a, v) ((a) + pow(fabs(v), (T)LP))
#define END(a, count) pow(a, 1 / (T)LP)
#endif

/* Taps of one axis that count in AVERAGE, from the position of the first. */
static inline int NAME(count)(int at, int taps, int dilation, int size, int after) {
    int count = 0;
    for (int k = 0; k < taps; k++, at += dilation)
        count += COUNT_PAD ? at < size + after : at >= 0 && at < size;
    return count;
}

/* acc[o] takes row[o * stride] for lo <= o < hi; common strides as constants, for the vectoriser. */
static inline void NAME(take)(T *acc, const __global T_STORE *row, int lo, int hi, int stride) {
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

KERNEL(pool)(__global T_STORE *out, ulong out_off, __global long *index, ulong index_off, const __global T_STORE *in,
             ulong in_off, int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw,
             int ed, int eh, int ew, int pd, int ph, int pw, int ad, int ah, int aw,
             int planes) {
    const int chunks = (ow + CHUNK - 1) / CHUNK, row = get_global_id(0) / chunks;
    const int begin = get_global_id(0) % chunks * CHUNK, columns = min(CHUNK, ow - begin);
    const int z0 = row / oh * sd - pd, y0 = row % oh * sh - ph;
    if (row >= od * oh || get_global_id(1) >= planes)
        return;
    const size_t start = (size_t)get_global_id(1) * id * ih * iw, to = (get_global_id(1) * od * oh + row) * ow + begin;
    in += in_off + start;
    T acc[CHUNK];
    for (int o = 0; o < columns; o++)
        acc[o] = START;
#ifdef INDICES
    int best[CHUNK];
    for (int o = 0; o < columns; o++)
        best[o] = -1;
#endif
    for (int kz = 0; kz < kd; kz++)
        for (int ky = 0; ky < kh; ky++) {
            const int z = z0 + kz * ed, y = y0 + ky * eh;
            if ((uint)z >= (uint)id || (uint)y >= (uint)ih)
                continue;
            for (int kx = 0; kx < kw; kx++) { /* 0 <= x + o * sw < iw */
                const int x = begin * sw - pw + kx * ew, lo = x < 0 ? (sw - 1 - x) / sw : 0;
                const int hi = x >= iw ? 0 : CHUNK == 1 ? 1 : min(columns, (iw - 1 - x) / sw + 1);
                const long from = ((long)z * ih + y) * iw + x;
#ifdef INDICES
                for (int o = lo; o < hi; o++) {
                    const int i = x + o * sw;
                    if (best[o] < 0 || T_LOAD(in, from + o * sw) > acc[o])
                        best[o] = COLUMN_MAJOR ? (i * ih + y) * id + z : (z * ih + y) * iw + i;
                }
#endif
                NAME(take)(acc, in + from, lo, hi, sw);
            }
        }
    const int count = NAME(count)(z0, kd, ed, id, ad) * NAME(count)(y0, kh, eh, ih, ah);
    for (int o = 0; o < columns; o++)
        T_SAVE(out, out_off + to + o, END(acc[o], count * NAME(count)((begin + o) * sw - pw, kw, ew, iw, aw)));
#ifdef INDICES
    for (int o = 0; o < columns; o++)
        index[index_off + to + o] = (long)start + best[o];
#endif
}
