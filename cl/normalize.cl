/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation of lines of n elements: out = (x - mean) * inv * scale + bias, inv = 1 / sqrt(variance + epsilon), with the
 * line's own mean and (biased) variance, in two passes. Written by lib/op/lines/normalize.c.
 *
 * A line is cut into parts of `part` elements. scale and bias are read at (line % s_lines) * s_parts + part number, or,
 * where COLUMN is defined, at the element's own column (one part). mean and inv are written per line, as type U,
 * where MEANS and INVS are defined. Entries and launches: lines.clh. group: local memory one T an item.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define U_STORE float
#define U_SAVE CLADE_SAVE
#define COLUMN
#endif

#define SIGNATURE                                                                                                      \
    __global T_STORE *out, const ulong out_off, __global U_STORE *means, const ulong means_off,                        \
        __global U_STORE *invs, const ulong invs_off, __global const T_STORE *in, const ulong in_off,                  \
        __global const T_STORE *scale, const ulong scale_off, __global const T_STORE *bias, const ulong bias_off,      \
        LINES, const int part, const int s_lines, const int s_parts, const int has_bias, const T epsilon,              \
        const int per_item

#ifdef MEANS
#define SAVE_MEAN U_SAVE(means, means_off + line, mean);
#else
#define SAVE_MEAN
#endif
#ifdef INVS
#define SAVE_INV U_SAVE(invs, invs_off + line, inv);
#else
#define SAVE_INV
#endif
#ifdef COLUMN
#define PLACE_OF_SCALE(line, c) (c)
#else
#define PLACE_OF_SCALE(line, c) ((line) % s_lines * s_parts + (c) / part)
#endif
#define BIAS(at) (has_bias ? T_LOAD(bias, bias_off + (at)) : 0)

#ifdef WIDE

FOLD16(sum, PLUS)

KERNEL(along)(SIGNATURE) {
    FOR_UNITS(line, lines) {
        __global const T_STORE *x = in + in_off + line * n;
        __global T_STORE *y = out + out_off + line * n;
        float16 wide = (float16)(0);
        float rest = 0;
        int c = 0;
        for (; c + 16 <= n; c += 16)
            wide += T_LOAD16(x + c);
        for (; c < n; c++)
            rest += T_LOAD(x, c);
        const float mean = (NAME(sum)(wide) + rest) / n;
        wide = (float16)(0);
        rest = 0;
        for (c = 0; c + 16 <= n; c += 16) {
            const float16 d = T_LOAD16(x + c) - mean;
            wide += d * d;
        }
        for (; c < n; c++) {
            const float d = T_LOAD(x, c) - mean;
            rest += d * d;
        }
        const float inv = 1 / sqrt((NAME(sum)(wide) + rest) / n + epsilon);
        SAVE_MEAN SAVE_INV
        for (int begin = 0; begin < n; begin += part) {
            const int end = begin + part;
            c = begin;
#ifdef COLUMN
            for (; c + 16 <= end; c += 16) {
                const float16 b = has_bias ? T_LOAD16(bias + bias_off + c) : (float16)(0);
                T_SAVE16(y + c, (T_LOAD16(x + c) - mean) * inv * T_LOAD16(scale + scale_off + c) + b);
            }
#else
            const float s = T_LOAD(scale, scale_off + PLACE_OF_SCALE(line, c)) * inv, b = BIAS(PLACE_OF_SCALE(line, c));
            for (; c + 16 <= end; c += 16)
                T_SAVE16(y + c, (T_LOAD16(x + c) - mean) * s + b);
#endif
            for (; c < end; c++)
                T_SAVE(y, c,
                       (T_LOAD(x, c) - mean) * inv * T_LOAD(scale, scale_off + PLACE_OF_SCALE(line, c)) +
                           BIAS(PLACE_OF_SCALE(line, c)));
        }
    }
}

#else

#define WRITE(c)                                                                                                       \
    T_SAVE(out, out_off + base + (c),                                                                                  \
           (T_LOAD(in, in_off + base + (c)) - mean) * inv * T_LOAD(scale, scale_off + PLACE_OF_SCALE(line, c)) +       \
               BIAS(PLACE_OF_SCALE(line, c)))

KERNEL(each)(SIGNATURE) {
    FOR_UNITS(line, lines) {
        const idx base = line * n;
        T sum = 0, squares = 0;
        for (int c = 0; c < n; c++)
            sum += T_LOAD(in, in_off + base + c);
        const T mean = sum / n;
        for (int c = 0; c < n; c++) {
            const T d = T_LOAD(in, in_off + base + c) - mean;
            squares += d * d;
        }
        const T inv = 1 / sqrt(squares / n + epsilon);
        SAVE_MEAN SAVE_INV
        for (int c = 0; c < n; c++)
            WRITE(c);
    }
}

KERNEL(group)(SIGNATURE, __local T *sums) {
    const int line = (int)get_group_id(0), lane = (int)get_local_id(0), lanes = (int)get_local_size(0);
    const idx base = line * n;
    T sum = 0, squares = 0;
    for (int c = lane; c < n; c += lanes)
        sum += T_LOAD(in, in_off + base + c);
    GROUP_FOLD(sums, sum, PLUS);
    const T mean = sums[0] / n;
    for (int c = lane; c < n; c += lanes) {
        const T d = T_LOAD(in, in_off + base + c) - mean;
        squares += d * d;
    }
    GROUP_FOLD(sums, squares, PLUS);
    const T inv = 1 / sqrt(sums[0] / n + epsilon);
    if (lane == 0) {
        SAVE_MEAN SAVE_INV
    }
    for (int c = lane; c < n; c += lanes)
        WRITE(c);
}

#endif
