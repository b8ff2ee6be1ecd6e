/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and LogSoftmax along n of [outer, n, inner]: out = e^(x - m) / s, or x - m - ln s, with m = max x and
 * s = sum e^(x - m). Written by lib/op/softmax.c. `lines` = outer * inner; sums have a fixed order.
 *
 * each:  a work-item makes `per_item` lines. Any type, any inner. Local size free.
 * rows:  the same, inner = 1, n >= 16, 16 elements at a time; float, half. For CPUs.
 * across: a work-item makes `per_item` blocks of 16 neighbouring lines, inner >= 16; the last block of a row overlaps the
 *   one before; float, half. For CPUs.
 * group: a work-group makes one line: local size a power of two, local memory one ACC an item. For GPUs.
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
#define LARGER(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))

#ifdef WIDE

#ifdef HALF
#define LOAD16(p) vload_half16(0, p)
#define SAVE16(v, p) vstore_half16(v, 0, p)
#else
#define LOAD16(p) vload16(0, p)
#define SAVE16(v, p) vstore16(v, 0, p)
#endif
#define LARGER16(a, b) select(a, b, ((b) > (a)) | ((b) != (b)))

/* The powers wait in the output, unless it would round them. */
#if defined LOG || defined HALF
#define KEEP(e, p)
#define FINISH(x, y, c, m, s) VALUE(LOAD16((x) + (c)), m, s)
#else
#define KEEP(e, p) SAVE16(e, p)
#define FINISH(x, y, c, m, s) (LOAD16((y) + (c)) * (s))
#endif

float NAME(sum)(const float16 v) {
    const float8 a = v.lo + v.hi;
    const float4 b = a.lo + a.hi;
    return (b.x + b.z) + (b.y + b.w);
}

float NAME(largest)(const float16 v) {
    const float8 a = LARGER16(v.lo, v.hi);
    const float4 b = LARGER16(a.lo, a.hi);
    const float2 c = LARGER16(b.lo, b.hi);
    return LARGER(c.x, c.y);
}

/* The last vector of a line overlaps the one before; where the line is read and written in one pass it is read first. */
KERNEL(rows)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int lines,
             const int n, const int inner, const int per_item) {
    const int first = (int)get_global_id(0) * per_item, whole = n / 16 * 16;
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const int16 fresh = lane >= 16 - (n - whole); /* of the last vector: not in the one before */
    for (int line = first; line < min(first + per_item, lines); line++) {
        __global const T_STORE *x = in + in_off + (size_t)line * n;
        __global T_STORE *y = out + out_off + (size_t)line * n;
        const float16 last = LOAD16(x + n - 16);
        float16 wide = last;
        for (int c = 0; c < whole; c += 16) {
            const float16 v = LOAD16(x + c);
            wide = LARGER16(wide, v);
        }
        const float m = NAME(largest)(wide);
        wide = select((float16)(0), exp(last - m), fresh);
        for (int c = 0; c < whole; c += 16) {
            const float16 e = exp(LOAD16(x + c) - m);
            wide += e;
            KEEP(e, y + c);
        }
        const float s = SCALE(NAME(sum)(wide));
        for (int c = 0; c < whole; c += 16)
            SAVE16(FINISH(x, y, c, m, s), y + c);
        SAVE16(VALUE(last, m, s), y + n - 16);
    }
}

KERNEL(across)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off,
               const int lines, const int n, const int inner, const int per_item) {
    const int blocks = (inner + 15) / 16, all_blocks = lines / inner * blocks;
    const int first = (int)get_global_id(0) * per_item;
    for (int block = first; block < min(first + per_item, all_blocks); block++) {
        const size_t at = (size_t)(block / blocks) * n * inner + min(block % blocks * 16, inner - 16);
        __global const T_STORE *x = in + in_off + at;
        __global T_STORE *y = out + out_off + at;
        float16 m = (float16)(-INFINITY), sum = (float16)(0);
        for (int k = 0; k < n; k++) {
            const float16 v = LOAD16(x + (size_t)k * inner);
            m = LARGER16(m, v);
        }
        for (int k = 0; k < n; k++)
            sum += exp(LOAD16(x + (size_t)k * inner) - m);
        const float16 s = SCALE(sum);
        for (int k = 0; k < n; k++) {
            const float16 v = LOAD16(x + (size_t)k * inner);
            SAVE16(VALUE(v, m, s), y + (size_t)k * inner);
        }
    }
}

#else

KERNEL(each)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int lines,
             const int n, const int inner, const int per_item) {
    const int first = (int)get_global_id(0) * per_item;
    for (int line = first; line < min(first + per_item, lines); line++) {
        const size_t at = (size_t)(line / inner) * n * inner + line % inner;
        T m = -INFINITY, sum = 0;
        for (int k = 0; k < n; k++) {
            const T x = T_LOAD(in, in_off + at + (size_t)k * inner);
            m = LARGER(m, x);
        }
        for (int k = 0; k < n; k++)
            sum += exp(T_LOAD(in, in_off + at + (size_t)k * inner) - m);
        const T s = SCALE(sum);
        for (int k = 0; k < n; k++) {
            const T x = T_LOAD(in, in_off + at + (size_t)k * inner);
            T_SAVE(out, out_off + at + (size_t)k * inner, VALUE(x, m, s));
        }
    }
}

KERNEL(group)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off,
              const int lines, const int n, const int inner, const int per_item, __local T *part) {
    const int line = (int)get_group_id(0), lane = (int)get_local_id(0), lanes = (int)get_local_size(0);
    const size_t at = (size_t)(line / inner) * n * inner + line % inner;
    T m = -INFINITY, sum = 0;
    for (int k = lane; k < n; k += lanes) {
        const T x = T_LOAD(in, in_off + at + (size_t)k * inner);
        m = LARGER(m, x);
    }
    part[lane] = m;
    for (int width = lanes / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < width)
            part[lane] = LARGER(part[lane], part[lane + width]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    m = part[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = lane; k < n; k += lanes)
        sum += exp(T_LOAD(in, in_off + at + (size_t)k * inner) - m);
    part[lane] = sum;
    for (int width = lanes / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < width)
            part[lane] += part[lane + width];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const T s = SCALE(part[0]);
    for (int k = lane; k < n; k += lanes) {
        const T x = T_LOAD(in, in_off + at + (size_t)k * inner);
        T_SAVE(out, out_off + at + (size_t)k * inner, VALUE(x, m, s));
    }
}

#endif
