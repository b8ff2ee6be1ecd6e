/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums along an axis of [outer, n, inner]: out[o, i, k] = sum of in[o, j, k] over j <= i (EXCLUSIVE: j < i), or
 * from the other end (REVERSE). T is the element type; sums are made in T_RING. Entry and launch: lines.clh. */
#ifndef T
#define T float
#define T_RING float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef EXCLUSIVE
#define EXCLUSIVE 0
#endif
#ifndef REVERSE
#define REVERSE 0
#endif

KERNEL(abreast)
(__global T_STORE *out, ulong out_off, __global const T_STORE *in, ulong in_off, LINES, const int per_item) {
    const idx line = get_global_id(0);
    if (line >= lines)
        return;
    __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
    __global T_STORE *y = out + out_off + LINE_START(line, n, inner);
    T_RING sum = 0;
    for (idx i = 0; i < n; i++) {
        const idx at = (REVERSE ? n - 1 - i : i) * inner;
        const T_RING next = sum + (T_RING)T_LOAD(x, at);
        T_SAVE(y, at, (T)(EXCLUSIVE ? sum : next));
        sum = next;
    }
}
