/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums along an axis of [outer, n, inner]: out[o, i, k] = sum of in[o, j, k] over j <= i (EXCLUSIVE: j < i), or
 * from the other end (REVERSE). T is the element type; sums are made in T_RING, one after the other: same
 * bits always. One work-item a line (o, k); neighbours have neighbouring k. Launch: (outer * inner). */
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

KERNEL(cumsum)
(__global T_STORE *out, ulong out_off, __global const T_STORE *in, ulong in_off, idx lines, idx n, idx inner) {
    const idx line = get_global_id(0);
    if (line >= lines)
        return;
    const idx start = line / inner * n * inner + line % inner;
    out += out_off;
    in += in_off;
    T_RING sum = 0;
    for (idx i = 0; i < n; i++) {
        const idx at = start + (REVERSE ? n - 1 - i : i) * inner;
        const T_RING next = sum + (T_RING)T_LOAD(in, at);
        T_SAVE(out, at, (T)(EXCLUSIVE ? sum : next));
        sum = next;
    }
}
