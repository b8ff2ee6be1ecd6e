/* SPDX-License-Identifier: Apache-2.0 */
/* out[o, d, i] = values[1] where index[o, i] is d, else values[0]; o over the outer dimensions, i < inner, d < depth.
 * A negative index counts from the end; one outside selects nothing. E is an unsigned type of the element's size, I the
 * index type (any number). One work-item `chunk` elements. Each element is written once: same bits always. */
#ifndef E
#define E uint
#endif
#ifndef I
#define I long
#define I_STORE long
#define I_LOAD CLADE_LOAD
#endif

KERNEL(onehot)
(__global E *restrict out, ulong out_off, __global const I_STORE *restrict index, ulong index_off,
 __global const E *restrict values, ulong values_off, idx count, idx chunk, idx depth, idx inner) {
    const E off = values[values_off], on = values[values_off + 1];
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, count);
    for (idx at = start; at < end; at++) {
        const idx d = at / inner % depth, o = at / inner / depth;
        const long i = (long)I_LOAD(index + index_off, o * inner + at % inner);
        out[out_off + at] = (i < 0 ? i + depth : i) == d ? on : off;
    }
}
