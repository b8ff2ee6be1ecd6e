/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums along an axis of [outer, n, inner]: out[o, i, k] = sum of in[o, j, k] over j <= i (EXCLUSIVE: j < i), or
 * from the other end (REVERSE). T is the element type; sums are made in T_RING. Entries and launches: lines.clh.
 * group: local memory one T_RING an item. */
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

#define SIGNATURE                                                                                                      \
    __global T_STORE *out, ulong out_off, __global const T_STORE *in, ulong in_off, LINES, const int per_item
#define PLACE(i) ((REVERSE ? n - 1 - (i) : (i)) * inner)

KERNEL(abreast)(SIGNATURE) {
    const idx line = get_global_id(0);
    if (line >= lines)
        return;
    __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
    __global T_STORE *y = out + out_off + LINE_START(line, n, inner);
    T_RING sum = 0;
    for (idx i = 0; i < n; i++) {
        const T_RING next = sum + (T_RING)T_LOAD(x, PLACE(i));
        T_SAVE(y, PLACE(i), (T)(EXCLUSIVE ? sum : next));
        sum = next;
    }
}

/* Tiles of EACH neighbouring elements a work-item, one after the other: sums[l] = what work-items 0 ... l have. */
#define EACH 8
KERNEL(group)(SIGNATURE, __local T_RING *sums) {
    const idx line = get_group_id(0), lane = get_local_id(0), lanes = get_local_size(0);
    __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
    __global T_STORE *y = out + out_off + LINE_START(line, n, inner);
    T_RING before = 0; /* this tile */
    for (idx tile = 0; tile < n; tile += lanes * EACH) {
        const idx first = min(tile + lane * EACH, n), count = min(n - first, EACH);
        T_RING own = 0;
        for (idx i = 0; i < count; i++)
            own += (T_RING)T_LOAD(x, PLACE(first + i));
        sums[lane] = own;
        for (int apart = 1; apart < lanes; apart *= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            const T_RING other = lane >= apart ? sums[lane - apart] : 0;
            barrier(CLK_LOCAL_MEM_FENCE);
            sums[lane] += other;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        T_RING sum = before + (lane > 0 ? sums[lane - 1] : 0);
        before += sums[lanes - 1];
        for (idx i = 0; i < count; i++) {
            const T_RING next = sum + (T_RING)T_LOAD(x, PLACE(first + i));
            T_SAVE(y, PLACE(first + i), (T)(EXCLUSIVE ? sum : next));
            sum = next;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
