/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions: out[k] = FINISH(COMBINE over r of EACH(x)), x = in[place of k + place of r]. Written by lib/op/lines/reduce.c.
 *
 * The input's dimensions form up to four kept and four reduced groups, outermost first; k and r count through them, and
 * the output is dense in k. Kept: k_n1..3, k_s0..3; reduced: r_n1, r_n2, r_s0..2 over `runs` runs of `run` elements
 * `step` apart. `lines` outputs, `n` elements each. Entries and launches: lines.clh; along: step 1; across: the innermost
 * kept group is dense; group: local memory one ACC an item.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define ACC float
#define START 0
#define EACH(x) x
#define COMBINE(a, b) plus(a, b)
#define FINISH(a, n) a
#define IS_FLOAT
#endif

#ifdef WIDE
#define larger LARGER16
#define smaller SMALLER16
#else
#define larger LARGER
#define smaller SMALLER
#endif
#ifdef IS_FLOAT
#define plus PLUS
#define times(a, b) ((a) * (b))
#define ratio(a, n) ((a) / (n))
#define absolute(x) fabs(x)
#define root(x) sqrt(x)
#define natural_log(x) log(x)
#else /* ACC is long or ulong; sums and products wrap, which signed ones need not */
#define plus(a, b) ((ACC)((ulong)(a) + (ulong)(b)))
#define times(a, b) ((ACC)((ulong)(a) * (ulong)(b)))
#define ratio(a, n) ((n) == 0 ? 0 : (a) / (n))
#define absolute(x) ((ACC)whole_abs(x))
#define root(x) NAME(whole_root)(x)
#define natural_log(x) ((x) > 0 ? (ACC)log((float)(x)) : 0)

/* The whole part, whatever the rounding of sqrt; 0 below 0. A quotient cannot overflow where a square could. */
static ACC NAME(whole_root)(const ACC x) {
    if (x <= 0)
        return 0;
    ACC r = (ACC)max(sqrt((float)x), 1.0f);
    while (r > x / r)
        r--;
    while (r + 1 <= x / (r + 1))
        r++;
    return r;
}
#endif

#define SIZES                                                                                                          \
    const idx lines, const idx n, const int k_n1, const int k_n2, const int k_n3, const int k_s0, const int k_s1,      \
        const int k_s2, const int k_s3, const int runs, const int run, const int step, const int r_n1, const int r_n2, \
        const int r_s0, const int r_s1, const int r_s2, const int per_item
#define SIGNATURE                                                                                                      \
    __global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, SIZES
#define PLACE_K(k) NAME(place)(k, k_n1, k_n2, k_n3, k_s0, k_s1, k_s2, k_s3)
#define PLACE_R(r) NAME(place)(r, r_n1, r_n2, 1, r_s0, r_s1, r_s2, 0)

static idx NAME(place)(idx i, const int n1, const int n2, const int n3, const int s0, const int s1, const int s2, const int s3) {
    idx at = i % n3 * s3;
    i /= n3;
    at += i % n2 * s2;
    i /= n2;
    return at + i % n1 * s1 + i / n1 * s0;
}

#ifdef WIDE

FOLD16(fold, COMBINE)

KERNEL(along)(SIGNATURE) {
    FOR_UNITS(k, lines) {
        float16 wide0 = (float16)(START), wide1 = (float16)(START);
        float rest = START;
        for (idx r = 0; r < runs; r++) {
            __global const T_STORE *p = in + in_off + PLACE_K(k) + PLACE_R(r);
            idx i = 0;
            for (; i + 32 <= run; i += 32) {
                const float16 x0 = T_LOAD16(p + i), x1 = T_LOAD16(p + i + 16);
                wide0 = COMBINE(wide0, EACH(x0));
                wide1 = COMBINE(wide1, EACH(x1));
            }
            for (; i < run; i++) {
                const float x = T_LOAD(p, i);
                rest = COMBINE(rest, EACH(x));
            }
        }
        wide0 = COMBINE(wide0, wide1);
        const float folded = NAME(fold)(wide0), all = COMBINE(folded, rest);
        T_SAVE(out, out_off + k, FINISH(all, (ACC)n));
    }
}

KERNEL(across)(SIGNATURE) {
    const int blocks = (k_n3 + 15) / 16;
    FOR_UNITS(block, lines / k_n3 * blocks) {
        const idx k = block / blocks * k_n3 + min(block % blocks * 16, k_n3 - 16);
        __global const T_STORE *p = in + in_off + PLACE_K(k);
        float16 acc = (float16)(START);
        for (idx r = 0; r < runs; r++) {
            __global const T_STORE *q = p + PLACE_R(r);
            for (idx i = 0; i < run; i++, q += step) {
                const float16 x = T_LOAD16(q);
                acc = COMBINE(acc, EACH(x));
            }
        }
        T_SAVE16(out + out_off + k, FINISH(acc, (ACC)n));
    }
}

#else

KERNEL(each)(SIGNATURE) {
    FOR_UNITS(k, lines) {
        ACC acc = START;
        for (idx r = 0; r < runs; r++) {
            idx at = PLACE_K(k) + PLACE_R(r);
            for (idx i = 0; i < run; i++, at += step) {
                const ACC x = T_LOAD(in, in_off + at);
                acc = COMBINE(acc, EACH(x));
            }
        }
        T_SAVE(out, out_off + k, (T)(FINISH(acc, (ACC)n)));
    }
}

/* acc = the elements [first, last) of line k, this work-item's slice of them. */
#define FOLD_SLICE(acc, k, first, last)                                                                                \
    const idx base = PLACE_K(k);                                                                                       \
    ACC acc = START;                                                                                                   \
    for (idx r = (first) + GROUP_SLICE; r < (last); r += GROUP_SLICES) {                                               \
        const ACC x = T_LOAD(in, in_off + base + PLACE_R(r / run) + r % run * step);                                   \
        acc = COMBINE(acc, EACH(x));                                                                                   \
    }

KERNEL(group)(SIGNATURE, __local ACC *part) {
    GROUP_LINE(k, k_n3);
    FOLD_SLICE(acc, k, 0, n)
    GROUP_FOLD(part, acc, COMBINE);
    if (GROUP_SLICE == 0 && !k_is_twice)
        T_SAVE(out, out_off + k, (T)(FINISH(part[GROUP_COLUMN], (ACC)n)));
}

/* Two stages: a group makes a part of its lines, parts[stage, line]; then what they are together. */
KERNEL(parts)(__global ACC *parts, const ulong parts_off, __global const T_STORE *in, const ulong in_off, SIZES,
              __local ACC *part) {
    const idx stages = (idx)get_num_groups(1), stage = (idx)get_group_id(1), length = (n + stages - 1) / stages;
    GROUP_LINE(k, k_n3);
    FOLD_SLICE(acc, k, stage * length, min((stage + 1) * length, n))
    GROUP_FOLD(part, acc, COMBINE);
    if (GROUP_SLICE == 0 && !k_is_twice)
        parts[parts_off + stage * lines + k] = part[GROUP_COLUMN];
}

KERNEL(finish)(__global T_STORE *out, const ulong out_off, __global const ACC *parts, const ulong parts_off,
               const idx lines, const idx n, const idx stages, const int per_item, __local ACC *part) {
    GROUP_LINE(k, lines);
    ACC acc = START;
    for (idx s = GROUP_SLICE; s < stages; s += GROUP_SLICES)
        acc = COMBINE(acc, parts[parts_off + s * lines + k]);
    GROUP_FOLD(part, acc, COMBINE);
    if (GROUP_SLICE == 0 && !k_is_twice)
        T_SAVE(out, out_off + k, (T)(FINISH(part[GROUP_COLUMN], (ACC)n)));
}

#endif
