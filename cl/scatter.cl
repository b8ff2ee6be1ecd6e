/* SPDX-License-Identifier: Apache-2.0 */
/* Writing through indices, into an `out` that already holds the data: out[target] = COMBINE, an expression in
 * `old`, out[target], and `new`, updates[u].
 *
 * Several updates may have the same target. Work-item `part` of `parts` owns the targets that are `part` modulo
 * `parts`, reads all indices and applies its own updates in their order: no atomics, same bits always. T is the element
 * type, I the index type, INDEX (clade_index or clade_plain_index) takes an index into range, so no data leads out of
 * bounds.
 *
 * scatter_rows: `rows` updates of `inner` elements; row r goes to sum over j < depth of index[r * depth + j] * s_j, an
 *     index into m_j entries. Launch: (positions of a row taken at a time, parts). This is ScatterND.
 * scatter_elements: lines of `axis_updates` updates along an axis. Coordinates of a line, dimensions m_d, d = 0 the
 *     innermost, give its start in updates (strides u_d) and in out (strides s_d); the index is into axis_size entries
 *     of out. Launch: (lines, parts).
 */
#ifndef T
#define T float
#define T_RING float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef I
#define I long
#endif
#ifndef INDEX
#define INDEX clade_index
#endif
#ifndef COMBINE
#define COMBINE new
#endif

#define SCATTER_EIGHT(x) idx x##0, idx x##1, idx x##2, idx x##3, idx x##4, idx x##5, idx x##6, idx x##7

#define SCATTER_INDEX(j)                                                                                               \
    if (depth > j)                                                                                                     \
        to += INDEX(tuple[j], m##j, fault, fault_step) * s##j;

KERNEL(scatter_rows)
(__global T_STORE *out, ulong out_off, __global const T_STORE *updates, ulong updates_off, __global const I *index,
 ulong index_off, idx rows, idx inner, idx parts, idx depth, SCATTER_EIGHT(m), SCATTER_EIGHT(s), CLADE_FAULT) {
    const idx part = get_global_id(1);
    if (part >= parts)
        return;
    out += out_off;
    updates += updates_off;
    for (idx r = 0; r < rows; r++) {
        __global const I *tuple = index + index_off + (ulong)r * depth;
        idx to = 0;
        SCATTER_INDEX(0)
        SCATTER_INDEX(1)
        SCATTER_INDEX(2)
        SCATTER_INDEX(3)
        SCATTER_INDEX(4)
        SCATTER_INDEX(5)
        SCATTER_INDEX(6)
        SCATTER_INDEX(7)
        if (to / inner % parts != part)
            continue;
        for (idx k = get_global_id(0); k < inner; k += get_global_size(0)) {
            const T old = T_LOAD(out, to + k), new = T_LOAD(updates, r * inner + k);
            T_SAVE(out, to + k, COMBINE);
        }
    }
}

#define SCATTER_COORDINATE(d)                                                                                          \
    if (depth > d) {                                                                                                   \
        const idx whole = rest / m##d, c = rest - whole * m##d;                                                        \
        to += c * s##d;                                                                                                \
        from += c * u##d;                                                                                              \
        rest = whole;                                                                                                  \
    }

KERNEL(scatter_elements)
(__global T_STORE *out, ulong out_off, __global const T_STORE *updates, ulong updates_off, __global const I *index,
 ulong index_off, idx lines, idx parts, idx axis_updates, idx update_stride, idx axis_size, idx axis_stride, idx depth,
 SCATTER_EIGHT(m), SCATTER_EIGHT(s), SCATTER_EIGHT(u), CLADE_FAULT) {
    const idx line = get_global_id(0), part = get_global_id(1);
    if (line >= lines || part >= parts)
        return;
    out += out_off;
    updates += updates_off;
    index += index_off;
    idx rest = line, to = 0, from = 0;
    SCATTER_COORDINATE(0)
    SCATTER_COORDINATE(1)
    SCATTER_COORDINATE(2)
    SCATTER_COORDINATE(3)
    SCATTER_COORDINATE(4)
    SCATTER_COORDINATE(5)
    SCATTER_COORDINATE(6)
    SCATTER_COORDINATE(7)
    for (idx k = 0; k < axis_updates; k++, from += update_stride) {
        const idx at = INDEX(index[from], axis_size, fault, fault_step), o = to + at * axis_stride;
        if (at % parts != part)
            continue;
        const T old = T_LOAD(out, o), new = T_LOAD(updates, from);
        T_SAVE(out, o, COMBINE);
    }
}
