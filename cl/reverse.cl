/* SPDX-License-Identifier: Apache-2.0 */
/* ReverseSequence on [n0, n1, inner]: of the entries of a batch member along the time axis, the first `length` (taken
 * into range) come in reverse. TIME_FIRST: dimension 0 is time and 1 the batch, else the other way round. E is an
 * unsigned type of the element's size. One work-item `chunk` elements. Each element is written once: same bits always.
 */
#ifndef E
#define E uint
#endif
#ifndef TIME_FIRST
#define TIME_FIRST 1
#endif

KERNEL(reverse_sequence)
(__global E *restrict out, ulong out_off, __global const E *restrict in, ulong in_off,
 __global const long *restrict length, ulong length_off, idx count, idx chunk, idx n0, idx n1, idx inner, CLADE_FAULT) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, count);
    for (idx at = start; at < end; at++) {
        const idx k = at % inner, c1 = at / inner % n1, c0 = at / inner / n1;
        const idx time = TIME_FIRST ? c0 : c1;
        const idx size =
            clade_length(length[length_off + (TIME_FIRST ? c1 : c0)], TIME_FIRST ? n0 : n1, fault, fault_step);
        const idx from = time < size ? size - 1 - time : time;
        out[out_off + at] = in[in_off + ((TIME_FIRST ? from : c0) * n1 + (TIME_FIRST ? c1 : from)) * inner + k];
    }
}
