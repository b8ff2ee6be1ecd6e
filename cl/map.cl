/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise maps: out[e] = f(in0[e], in1[e], ...) over one shape, inputs broadcast. Written by lib/op/map/map_emit.c.
 *
 * Variables v0, v1, ... are the inputs, then expressions of earlier ones, each rounded to what its element type can hold,
 * so that a chain gives the bits that its nodes would give one by one. The instance gives their text:
 *   BUFFERS, SIZES  parameters: outputs o0, ... and inputs i0, ... with their offsets; extents d, strides t, scalars s
 *   PLACE           where index e lies in each input: a0, a1, ...     LOADS, BODY, SAVES  read, compute, write
 *
 * elements: e is an element; a work-item takes `per_item` in a row. Any types, any strides. Local size free.
 * rows (WIDE): e is a row of `cols` elements, cut into tiles of at most `segment`; a work-item takes `per_item` tiles, 16
 *   elements at a time; inputs advance by 1 or 0 along a row. float, half and bool only; a bool is a mask (0 or -1) while
 *   in a vector. Local size 1. For CPUs.
 * The same input gives the same bits. Reading and writing the same place is fine (in-place).
 */
#ifndef BUFFERS
#define BUFFERS __global float *o0, const ulong o0_off, __global const float *i0, const ulong i0_off
#define SIZES
#define PLACE idx a0 = 0;
#ifdef WIDE
#define LOADS const float16 v0 = GET_FLOAT(i0, i0_off + a0 + c);
#define SAVES PUT_FLOAT(o0, o0_off + o + c, v0);
#else
#define LOADS const float v0 = i0[i0_off + a0 + e];
#define SAVES o0[o0_off + e] = v0;
#endif
#define BODY
#endif

/* x as half can hold it, to nearest, ties to even. `unit` is so large that adding it leaves multiples of half's last
 * place: 2^-10 of x's power of two, 2^-24 at least. (vstore_half, with no half to declare, is slower on CPUs.) */
#define ROUND_HALF(x) NAME(round_half)(x)
#define ROUND_HALF_OF(real, whole)                                                                                     \
    static real NAME(round_half)(const real x) {                                                                       \
        const whole bits = as_##whole(x), size = bits & 0x7fffffff, power = size & 0x7f800000;                         \
        const real a = as_##real(size);                                                                                \
        const real unit = as_##real((power < 0x38800000 ? (whole)(0x38800000) : power) + 0x06800000);                  \
        const real rounded = a >= 65520.0f ? (real)(INFINITY) : (a + unit) - unit;                                     \
        return as_##real(as_##whole(rounded) | (bits & 0x80000000));                                                   \
    }

#ifdef WIDE

#define SPLAT_FLOAT(x) ((float16)(x))
#define SPLAT_HALF(x) ((float16)(x))
#define SPLAT_BOOL(x) ((int16)(-(int)(x)))
/* n < 16 values at the end of a row; the other lanes compute on zeros. */
#define PARTIAL(what, type, global_type, load, save)                                                                   \
    type##16 NAME(get_##what)(__global const global_type *p, const int n) {                                            \
        type t[16] = { 0 };                                                                                            \
        for (int k = 0; k < n; k++)                                                                                    \
            t[k] = load(p, k);                                                                                         \
        return vload16(0, t);                                                                                          \
    }                                                                                                                  \
    void NAME(put_##what)(__global global_type *p, const int n, const type##16 v) {                                    \
        type t[16];                                                                                                    \
        vstore16(v, 0, t);                                                                                             \
        for (int k = 0; k < n; k++)                                                                                    \
            save(p, k, t[k]);                                                                                          \
    }
PARTIAL(float, float, float, CLADE_LOAD, CLADE_SAVE)
PARTIAL(half, float, half, CLADE_LOAD_HALF, CLADE_SAVE_HALF)
PARTIAL(bool, char, uchar, CLADE_LOAD, CLADE_SAVE)
#define GET_FLOAT(p, at) (n == 16 ? vload16(0, (p) + (at)) : NAME(get_float)((p) + (at), n))
#define GET_HALF(p, at) (n == 16 ? vload_half16(0, (p) + (at)) : NAME(get_half)((p) + (at), n))
#define GET_BOOL(p, at)                                                                                                \
    (-convert_int16(n == 16 ? as_char16(vload16(0, (p) + (at))) : NAME(get_bool)((p) + (at), n)))
#define PUT_FLOAT(p, at, v)                                                                                            \
    if (n == 16)                                                                                                       \
        vstore16(v, 0, (p) + (at));                                                                                    \
    else                                                                                                               \
        NAME(put_float)((p) + (at), n, v)
#define PUT_HALF(p, at, v)                                                                                             \
    if (n == 16)                                                                                                       \
        vstore_half16(v, 0, (p) + (at));                                                                               \
    else                                                                                                               \
        NAME(put_half)((p) + (at), n, v)
#define PUT_BOOL(p, at, v)                                                                                             \
    if (n == 16)                                                                                                       \
        vstore16(convert_uchar16(-(v)), 0, (p) + (at));                                                                \
    else                                                                                                               \
        NAME(put_bool)((p) + (at), n, convert_char16(-(v)))
#define FROM_BOOL(x) convert_float16(-(x))
ROUND_HALF_OF(float16, uint16)

KERNEL(rows)(BUFFERS, const int cols, const int segment, const int tiles, const int per_item SIZES) {
    const int segments = (cols - 1) / segment + 1, first = (int)get_global_id(0) * per_item;
    for (int tile = first; tile < min(first + per_item, tiles); tile++) {
        const idx e = tile / segments, begin = tile % segments * segment, end = min(begin + segment, cols), o = e * cols;
        PLACE
        for (idx c = begin; c < end; c += 16) {
            const int n = min(16, end - c);
            LOADS BODY SAVES
        }
    }
}

#else

/* The scalar meaning (choose: of select) of what the expressions of lib/op/map/pointwise.def use; lib/op/map/pointwise_eval.c is the host's. */
#define choose(otherwise, taken, condition) ((condition) ? (taken) : (otherwise))
#define negated(x) (0 - (ulong)(x))
#define magnitude(x) whole_abs(x)
#define quotient(x, y) ((y) == 0 ? 0 : (y) < 0 && (y) + 1 == 0 ? negated(x) : (ulong)((x) / (y)))
#define remains(x, y) ((y) == 0 || ((y) < 0 && (y) + 1 == 0) ? 0 : (x) % (y))
#define modulo(x, y) (remains(x, y) != 0 && (remains(x, y) < 0) != ((y) < 0) ? remains(x, y) + (y) : remains(x, y))
#define power(x, y) NAME(power_of)((ulong)(x), (long)(y))
#define real_power(x, y)                                                                                               \
    ((y) == rint(y) && fabs(y) < 0x1p62f ? (long)power(x, y) : convert_long_sat(pow((float)(x), (float)(y))))
#define FROM_BOOL(x) ((float)(x))
ROUND_HALF_OF(float, uint)

/* Modulo 2^64; to a negative power, 1 / x^-y truncated, with 1 / 0 = 0. */
static ulong NAME(power_of)(ulong x, long y) {
    ulong result = 1;
    if (y < 0)
        return x == 1 || (x + 1 == 0 && y % 2 == 0) ? 1 : x + 1 == 0 ? x : 0;
    for (; y > 0; y /= 2, x *= x)
        result *= y % 2 ? x : 1;
    return result;
}

KERNEL(elements)(BUFFERS, const int count, const int per_item SIZES) {
    const size_t first = get_global_id(0) * (size_t)per_item;
    const idx last = (idx)min(first + per_item, (size_t)count);
    for (idx e = (idx)min(first, (size_t)count); e < last; e++) {
        PLACE LOADS BODY SAVES
    }
}

#endif
