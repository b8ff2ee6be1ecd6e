/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and LogSoftmax along n of [outer, n, inner]: out = e^(x - m) / s, or x - m - ln s, with m = max x and
 * s = sum e^(x - m). Written by lib/op/lines/softmax.c; entries and launches: lines.clh. group: local memory one T an item.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif

#ifdef LOG
#define VALUE(x, m, s) ((x) - (m) - (s)) /* s is the logarithm of the sum */
#define SCALE(s) log(s)
#else
#define VALUE(x, m, s) (exp((x) - (m)) * (s)) /* s is the reciprocal of the sum */
#define SCALE(s) (1 / (s))
#endif

#define SIGNATURE                                                                                                      \
    __global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, LINES, const int per_item

#ifdef WIDE

/* The powers wait in the output, unless it would round them. */
#if defined LOG || defined HALF
#define KEEP(e, p)
#define FINISH(x, y, c, m, s) VALUE(T_LOAD16((x) + (c)), m, s)
#else
#define KEEP(e, p) T_SAVE16(p, e)
#define FINISH(x, y, c, m, s) (T_LOAD16((y) + (c)) * (s))
#endif

FOLD16(sum, PLUS)
FOLD16(largest, LARGER16)

/* The last vector of a line overlaps the one before; where the line is read and written in one pass it is read first. */
KERNEL(along)(SIGNATURE) {
    const int whole = n / 16 * 16;
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const int16 fresh = lane >= 16 - (n - whole); /* of the last vector: not in the one before */
    FOR_UNITS(line, lines) {
        __global const T_STORE *x = in + in_off + line * n;
        __global T_STORE *y = out + out_off + line * n;
        const float16 last = T_LOAD16(x + n - 16);
        float16 wide = last;
        for (int c = 0; c < whole; c += 16) {
            const float16 v = T_LOAD16(x + c);
            wide = LARGER16(wide, v);
        }
        const float m = NAME(largest)(wide);
        wide = select((float16)(0), exp(last - m), fresh);
        for (int c = 0; c < whole; c += 16) {
            const float16 e = exp(T_LOAD16(x + c) - m);
            wide += e;
            KEEP(e, y + c);
        }
        const float s = SCALE(NAME(sum)(wide));
        for (int c = 0; c < whole; c += 16)
            T_SAVE16(y + c, FINISH(x, y, c, m, s));
        T_SAVE16(y + n - 16, VALUE(last, m, s));
    }
}

KERNEL(across)(SIGNATURE) {
    const int blocks = (inner + 15) / 16;
    FOR_UNITS(block, lines / inner * blocks) {
        const idx at = block / blocks * n * inner + min(block % blocks * 16, inner - 16);
        __global const T_STORE *x = in + in_off + at;
        __global T_STORE *y = out + out_off + at;
        float16 m = (float16)(-INFINITY), sum = (float16)(0);
        for (int k = 0; k < n; k++) {
            const float16 v = T_LOAD16(x + k * inner);
            m = LARGER16(m, v);
        }
        for (int k = 0; k < n; k++)
            sum += exp(T_LOAD16(x + k * inner) - m);
        const float16 s = SCALE(sum);
        for (int k = 0; k < n; k++) {
            const float16 v = T_LOAD16(x + k * inner);
            T_SAVE16(y + k * inner, VALUE(v, m, s));
        }
    }
}

#else

KERNEL(each)(SIGNATURE) {
    FOR_UNITS(line, lines) {
        __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
        __global T_STORE *y = out + out_off + LINE_START(line, n, inner);
        T m = -INFINITY, sum = 0;
        for (int k = 0; k < n; k++) {
            const T v = T_LOAD(x, k * inner);
            m = LARGER(m, v);
        }
        for (int k = 0; k < n; k++)
            sum += exp(T_LOAD(x, k * inner) - m);
        const T s = SCALE(sum);
        for (int k = 0; k < n; k++) {
            const T v = T_LOAD(x, k * inner);
            T_SAVE(y, k * inner, VALUE(v, m, s));
        }
    }
}

KERNEL(group)(SIGNATURE, __local T *part) {
    GROUP_LINE(line, inner);
    __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
    __global T_STORE *y = out + out_off + LINE_START(line, n, inner);
    T m = -INFINITY, sum = 0;
    for (int k = GROUP_SLICE; k < n; k += GROUP_SLICES) {
        const T v = T_LOAD(x, k * inner);
        m = LARGER(m, v);
    }
    GROUP_FOLD(part, m, LARGER);
    m = part[GROUP_COLUMN];
    for (int k = GROUP_SLICE; k < n; k += GROUP_SLICES)
        sum += exp(T_LOAD(x, k * inner) - m);
    GROUP_FOLD(part, sum, PLUS);
    const T s = SCALE(part[GROUP_COLUMN]);
    for (int k = line_is_twice ? n : GROUP_SLICE; k < n; k += GROUP_SLICES) {
        const T v = T_LOAD(x, k * inner);
        T_SAVE(y, k * inner, VALUE(v, m, s));
    }
}

#endif
