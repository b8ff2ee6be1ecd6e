/* SPDX-License-Identifier: Apache-2.0 */
/* Upper or lower triangle of matrices [batch, rows, columns]: out = in where column - row >= k (UPPER) or <= k, else 0.
 * E is an unsigned type of the element's size. One work-item `chunk` elements. Each element is written once: same bits
 * always. */
#ifndef E
#define E uint
#endif
#ifndef UPPER
#define UPPER 1
#endif

KERNEL(trilu)
(__global E *restrict out, ulong out_off, __global const E *restrict in, ulong in_off, idx count, idx chunk, idx rows,
 idx columns, idx k) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, count);
    for (idx at = start; at < end; at++) {
        const idx row = at / columns % rows, above = at % columns - row;
        out[out_off + at] = (UPPER ? above >= k : above <= k) ? in[in_off + at] : (E)0;
    }
}
