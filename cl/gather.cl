/* SPDX-License-Identifier: Apache-2.0 */
/* Reading through indices. E is an unsigned type of the element's size, I the index type, INDEX (clade_index or
 * clade_plain_index) takes an index into range, so no data leads out of bounds. Each element is written once: same bits
 * always.
 *
 * gather_items, gather_rows: rows of `inner` elements. Row r starts in `in` at
 *     (r / per_batch) * batch_stride + sum over j < depth of index[(r % index_rows) * depth + j] * s_j
 * with entry j of a row an index into m_j entries. This is Gather (depth 1) and GatherND.
 *     gather_items  one work-item an element: GPUs.   gather_rows  one work-item `chunk` rows: CPUs, groups of one;
 *     only with WIDE.
 *
 * gather_elements: out[c] = in[sum over d of c_d * s_d + index[c] * axis_stride], coordinates c of out and index alike,
 * with dimensions m_d, d = 0 the innermost, `depth` of them. One work-item `chunk` elements.
 */
#ifndef E
#define E uint
#endif
#ifndef I
#define I long
#endif
#ifndef INDEX
#define INDEX clade_index
#endif

#define GATHER_DIMS                                                                                                    \
    idx m0, idx m1, idx m2, idx m3, idx m4, idx m5, idx m6, idx m7, idx s0, idx s1, idx s2, idx s3, idx s4, idx s5,    \
        idx s6, idx s7

#define GATHER_ROWS                                                                                                    \
    __global E *restrict out, ulong out_off, __global const E *restrict in, ulong in_off,                              \
        __global const I *restrict index, ulong index_off, idx rows, idx inner, idx index_rows, idx per_batch,         \
        idx batch_stride, idx chunk, idx depth, GATHER_DIMS, CLADE_FAULT

#define GATHER_INDEX(j)                                                                                                \
    if (depth > j)                                                                                                     \
        from += INDEX(tuple[j], m##j, fault, fault_step) * s##j;

/* `from`: where row r starts. */
#define GATHER_START(r)                                                                                                \
    __global const I *tuple = index + index_off + (ulong)((r) % index_rows) * depth;                                   \
    idx from = (r) / per_batch * batch_stride;                                                                         \
    GATHER_INDEX(0)                                                                                                    \
    GATHER_INDEX(1)                                                                                                    \
    GATHER_INDEX(2)                                                                                                    \
    GATHER_INDEX(3)                                                                                                    \
    GATHER_INDEX(4)                                                                                                    \
    GATHER_INDEX(5)                                                                                                    \
    GATHER_INDEX(6)                                                                                                    \
    GATHER_INDEX(7)

#ifndef WIDE

KERNEL(gather_items)(GATHER_ROWS) {
    const idx at = get_global_id(0), r = at / inner;
    if (r >= rows)
        return;
    GATHER_START(r)
    out[out_off + at] = in[in_off + from + (at - r * inner)];
}

#else

KERNEL(gather_rows)(GATHER_ROWS) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, rows);
    for (idx r = start; r < end; r++) {
        GATHER_START(r)
        __global E *restrict o = out + out_off + (ulong)r * inner;
        __global const E *restrict i = in + in_off + from;
        for (idx k = 0; k < inner; k++)
            o[k] = i[k];
    }
}

#endif

#define GATHER_COORDINATE(d)                                                                                           \
    if (depth > d) {                                                                                                   \
        const idx whole = rest / m##d;                                                                                 \
        from += (rest - whole * m##d) * s##d;                                                                          \
        rest = whole;                                                                                                  \
    }

KERNEL(gather_elements)
(__global E *restrict out, ulong out_off, __global const E *restrict in, ulong in_off, __global const I *restrict index,
 ulong index_off, idx count, idx chunk, idx axis_size, idx axis_stride, idx depth, GATHER_DIMS, CLADE_FAULT) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, count);
    for (idx at = start; at < end; at++) {
        idx rest = at, from = INDEX(index[index_off + at], axis_size, fault, fault_step) * axis_stride;
        GATHER_COORDINATE(0)
        GATHER_COORDINATE(1)
        GATHER_COORDINATE(2)
        GATHER_COORDINATE(3)
        GATHER_COORDINATE(4)
        GATHER_COORDINATE(5)
        GATHER_COORDINATE(6)
        GATHER_COORDINATE(7)
        out[out_off + at] = in[in_off + from];
    }
}
