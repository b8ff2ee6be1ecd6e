/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: out[o, i] = the index along axis n of the best in[o, n, i]. Written by lib/op/argmax.c.
 *
 * BETTER(a, b): a takes the place of b; it also decides between equal elements. A NaN is better than anything before it
 * that is not one. One work-item an output, any launch shape; `count` = outer * inner. The same input gives the same
 * index.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define BETTER(a, b) ((a) > (b))
#endif

KERNEL(argmax)(__global long *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
               const int n, const int inner) {
    const size_t e = get_global_id(0);
    if (e >= (size_t)count)
        return;
    const size_t first = in_off + e / inner * (size_t)n * inner + e % inner;
    T best = T_LOAD(in, first);
    int at = 0;
    for (int k = 1; k < n; k++) {
        const T x = T_LOAD(in, first + (size_t)k * inner);
        if (BETTER(x, best) || (x != x && best == best)) {
            best = x;
            at = k;
        }
    }
    out[out_off + e] = at;
}
