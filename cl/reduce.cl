/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions: out[k] = FINISH(COMBINE over r of EACH(x)), x = in[place of k + place of r]. Written by lib/op/reduce.c.
 *
 * The input's dimensions form up to four kept and four reduced groups, outermost first; k and r count through them, and
 * the output is dense in k. KEPT: k_n1..3, k_s0..3; REDUCED: r_n1, r_n2, r_s0..2 over `runs` runs of `run` elements
 * `step` apart. `count` outputs, `total` elements each. Sums run in a fixed order, so the same input gives the same bits.
 *
 * each:   a work-item makes `per_item` outputs, one after the other. Any type. Local size free.
 * along:  the same, 16 elements of a run at a time: step 1; float, half. For CPUs.
 * across: a work-item makes `per_item` blocks of 16 adjacent outputs: the innermost kept group is dense. For CPUs.
 * group:  a work-group makes one output: local size a power of two, local memory one ACC an item. For GPUs.
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
#define larger(a, b) select(a, b, ((b) > (a)) | ((b) != (b)))
#define smaller(a, b) select(a, b, ((b) < (a)) | ((b) != (b)))
#else
#define larger(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#define smaller(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
#endif
#ifdef IS_FLOAT
#define plus(a, b) ((a) + (b))
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
ACC NAME(whole_root)(const ACC x) {
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

#define KEPT const int k_n1, const int k_n2, const int k_n3, const int k_s0, const int k_s1, const int k_s2, const int k_s3
#define REDUCED                                                                                                        \
    const int runs, const int run, const int step, const int r_n1, const int r_n2, const int r_s0, const int r_s1,     \
        const int r_s2
#define PLACE_K(k) NAME(place)(k, k_n1, k_n2, k_n3, k_s0, k_s1, k_s2, k_s3)
#define PLACE_R(r) NAME(place)(r, r_n1, r_n2, 1, r_s0, r_s1, r_s2, 0)

idx NAME(place)(idx i, const int n1, const int n2, const int n3, const int s0, const int s1, const int s2, const int s3) {
    idx at = i % n3 * s3;
    i /= n3;
    at += i % n2 * s2;
    i /= n2;
    return at + i % n1 * s1 + i / n1 * s0;
}

#ifdef WIDE

#ifdef HALF
#define LOAD16(p) vload_half16(0, p)
#define SAVE16(v, p) vstore_half16(v, 0, p)
#else
#define LOAD16(p) vload16(0, p)
#define SAVE16(v, p) vstore16(v, 0, p)
#endif

float NAME(fold)(const float16 v) {
    const float8 a = COMBINE(v.lo, v.hi);
    const float4 b = COMBINE(a.lo, a.hi);
    const float2 c = COMBINE(b.lo, b.hi);
    return COMBINE(c.x, c.y);
}

KERNEL(along)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
              const int total, const int per_item, KEPT, REDUCED) {
    const idx first = (idx)get_global_id(0) * per_item;
    for (idx k = first; k < min(first + per_item, count); k++) {
        float16 wide0 = (float16)(START), wide1 = (float16)(START);
        float rest = START;
        for (idx r = 0; r < runs; r++) {
            __global const T_STORE *p = in + in_off + PLACE_K(k) + PLACE_R(r);
            idx i = 0;
            for (; i + 32 <= run; i += 32) {
                const float16 x0 = LOAD16(p + i), x1 = LOAD16(p + i + 16);
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
        T_SAVE(out, out_off + k, FINISH(all, (ACC)total));
    }
}

KERNEL(across)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
               const int total, const int per_item, KEPT, REDUCED) {
    const int blocks = (k_n3 + 15) / 16, all_blocks = count / k_n3 * blocks;
    const int first = (int)get_global_id(0) * per_item;
    for (int block = first; block < min(first + per_item, all_blocks); block++) {
        const int column = block % blocks * 16, lanes = min(k_n3 - column, 16);
        const idx k = block / blocks * k_n3 + column;
        __global const T_STORE *p = in + in_off + PLACE_K(k);
        float16 acc = (float16)(START);
        float t[16];
        for (idx r = 0; r < runs; r++) {
            __global const T_STORE *q = p + PLACE_R(r);
            for (idx i = 0; i < run; i++, q += step) {
                if (lanes < 16)
                    for (int l = 0; l < lanes; l++)
                        t[l] = T_LOAD(q, l);
                const float16 x = lanes == 16 ? LOAD16(q) : vload16(0, t);
                acc = COMBINE(acc, EACH(x));
            }
        }
        acc = FINISH(acc, (ACC)total);
        if (lanes == 16) {
            SAVE16(acc, out + out_off + k);
        } else {
            vstore16(acc, 0, t);
            for (int l = 0; l < lanes; l++)
                T_SAVE(out, out_off + k + l, t[l]);
        }
    }
}

#else

KERNEL(each)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
             const int total, const int per_item, KEPT, REDUCED) {
    const idx first = (idx)get_global_id(0) * per_item;
    for (idx k = first; k < min(first + per_item, count); k++) {
        ACC acc = START;
        for (idx r = 0; r < runs; r++) {
            idx at = PLACE_K(k) + PLACE_R(r);
            for (idx i = 0; i < run; i++, at += step) {
                const ACC x = T_LOAD(in, in_off + at);
                acc = COMBINE(acc, EACH(x));
            }
        }
        T_SAVE(out, out_off + k, (T)(FINISH(acc, (ACC)total)));
    }
}

KERNEL(group)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
              const int total, const int per_item, KEPT, REDUCED, __local ACC *part) {
    const idx k = (idx)get_group_id(0), base = PLACE_K(k);
    const int lane = (int)get_local_id(0);
    ACC acc = START;
    for (idx r = lane; r < total; r += (idx)get_local_size(0)) {
        const ACC x = T_LOAD(in, in_off + base + PLACE_R(r / run) + r % run * step);
        acc = COMBINE(acc, EACH(x));
    }
    part[lane] = acc;
    for (int half_size = (int)get_local_size(0) / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < half_size)
            part[lane] = COMBINE(part[lane], part[lane + half_size]);
    }
    if (lane == 0)
        T_SAVE(out, out_off + k, (T)(FINISH(part[0], (ACC)total)));
}

#endif
