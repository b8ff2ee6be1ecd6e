/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: out[o, i] = the index along axis n of the best in[o, n, i]. Written by lib/op/argmax.c.
 *
 * BETTER(a, b): a takes the place of b; it also decides between equal elements. A NaN is better than anything before it
 * that is not one. Entry and launch: lines.clh.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define BETTER(a, b) ((a) > (b))
#endif

KERNEL(each)(__global long *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, LINES,
             const int per_item) {
    FOR_UNITS(line, lines) {
        __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
        T best = T_LOAD(x, 0);
        int at = 0;
        for (int k = 1; k < n; k++) {
            const T v = T_LOAD(x, k * inner);
            if (BETTER(v, best) || (v != v && best == best)) {
                best = v;
                at = k;
            }
        }
        out[out_off + line] = at;
    }
}
