/* SPDX-License-Identifier: Apache-2.0 */
/* Strided N-D copy: out[sum c_d * to_d] = in[sum c_d * from_d] for all coordinates 0 <= c_d < n_d.
 *
 * Dimension 0 is the innermost; `rank` of the eight are used (rank >= 1). Offsets go with the buffers; strides may be
 * negative, and zero in `from`. E is an unsigned type of the element's size. Each element is written once: same bits
 * always. With WIDE the entries for CPUs, else those for GPUs.
 *
 * copy_items  one work-item an element, neighbours along dimension 0: GPUs.
 * copy_runs   one work-item `chunk` consecutive elements, row by row: CPUs, groups of one.
 * copy_tile   dimension 0 (contiguous in out) and 1 (contiguous in in) change places, the rest is a batch. A group of
 *             TILE x TILE_ROWS items moves TILE x TILE elements through local memory, both sides coalesced: GPUs.
 *             Launch: (ceil(n0 / TILE) * TILE, ceil(n1 / TILE) * TILE_ROWS, batch).
 * copy_block  the same, one work-item for BLOCK x BLOCK elements, so that lines of both sides stay in the first cache:
 *             CPUs, groups of one. Launch: (ceil(n0 / BLOCK), ceil(n1 / BLOCK), batch).
 */
#ifndef E
#define E uint
#endif
#ifndef TILE
#define TILE 32
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 8
#endif
#ifndef BLOCK
#define BLOCK 16
#endif

#define COPY_PARAMETERS                                                                                                \
    __global E *restrict out, ulong out_off, __global const E *restrict in, ulong in_off, idx count, idx chunk,        \
        idx rank, idx n0, idx n1, idx n2, idx n3, idx n4, idx n5, idx n6, idx n7, idx t0, idx t1, idx t2, idx t3,      \
        idx t4, idx t5, idx t6, idx t7, idx f0, idx f1, idx f2, idx f3, idx f4, idx f5, idx f6, idx f7

/* Splits `rest` by one dimension and moves both offsets; a no-op beyond the rank. */
#define COPY_STEP(d)                                                                                                   \
    if (rank > d) {                                                                                                    \
        const idx whole = rest / n##d, c = rest - whole * n##d;                                                        \
        to += c * t##d;                                                                                                \
        from += c * f##d;                                                                                              \
        rest = whole;                                                                                                  \
    }

/* Offsets of the batch, the dimensions from 2 on. */
#define COPY_BATCH                                                                                                     \
    idx rest = get_global_id(2), to = 0, from = 0;                                                                     \
    COPY_STEP(2)                                                                                                       \
    COPY_STEP(3)                                                                                                       \
    COPY_STEP(4)                                                                                                       \
    COPY_STEP(5)                                                                                                       \
    COPY_STEP(6)                                                                                                       \
    COPY_STEP(7)                                                                                                       \
    __global E *restrict o = out + ((long)out_off + to);                                                               \
    __global const E *restrict i = in + ((long)in_off + from);

#ifndef WIDE

KERNEL(copy_items)(COPY_PARAMETERS) {
    idx rest = get_global_id(0);
    if (rest >= count)
        return;
    idx to = 0, from = 0;
    COPY_STEP(0)
    COPY_STEP(1)
    COPY_STEP(2)
    COPY_STEP(3)
    COPY_STEP(4)
    COPY_STEP(5)
    COPY_STEP(6)
    COPY_STEP(7)
    out[(long)out_off + to] = in[(long)in_off + from];
}

KERNEL(copy_tile)(COPY_PARAMETERS) {
    __local E tile[TILE][TILE + 1]; /* one column more: no bank conflicts */
    COPY_BATCH
    const idx x = get_local_id(0), y = get_local_id(1), c0 = get_group_id(0) * TILE, c1 = get_group_id(1) * TILE;
    for (idx k = y; k < TILE; k += TILE_ROWS)
        if (c0 + k < n0 && c1 + x < n1)
            tile[k][x] = i[(c0 + k) * f0 + c1 + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (idx k = y; k < TILE; k += TILE_ROWS)
        if (c0 + x < n0 && c1 + k < n1)
            o[c0 + x + (c1 + k) * t1] = tile[x][k];
}

#else

/* Whole rows: n0 x n1 elements. The longer dimension goes innermost. */
static void NAME(rows)(__global E *o, __global const E *i, idx n0, idx t0, idx f0, idx n1, idx t1, idx f1) {
    if (n0 < n1) {
        for (idx k = 0; k < n0; k++)
            for (idx j = 0; j < n1; j++)
                o[k * t0 + j * t1] = i[k * f0 + j * f1];
    } else if (t0 == 1 && f0 == 1) {
        for (idx j = 0; j < n1; j++)
            for (idx k = 0; k < n0; k++)
                o[k + j * t1] = i[k + j * f1];
    } else if (t0 == 1 && f0 == 0) {
        for (idx j = 0; j < n1; j++) {
            const E value = i[j * f1];
            for (idx k = 0; k < n0; k++)
                o[k + j * t1] = value;
        }
    } else {
        for (idx j = 0; j < n1; j++)
            for (idx k = 0; k < n0; k++)
                o[k * t0 + j * t1] = i[k * f0 + j * f1];
    }
}

KERNEL(copy_runs)(COPY_PARAMETERS) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, count);
    for (idx at = start; at < end;) {
        idx rest = at / n0, first = at - rest * n0, to = first * t0, from = first * f0;
        const idx part = min(n0 - first, end - at); /* of the row; whole rows are taken together */
        const idx rows = part < n0 ? 1 : min(rank > 1 ? n1 - rest % n1 : 1, (end - at) / n0);
        COPY_STEP(1)
        COPY_STEP(2)
        COPY_STEP(3)
        COPY_STEP(4)
        COPY_STEP(5)
        COPY_STEP(6)
        COPY_STEP(7)
        NAME(rows)(out + ((long)out_off + to), in + ((long)in_off + from), part, t0, f0, rows, t1, f1);
        at += part * rows;
    }
}

KERNEL(copy_block)(COPY_PARAMETERS) {
    COPY_BATCH
    const idx c0 = get_global_id(0) * BLOCK, c1 = get_global_id(1) * BLOCK;
    if (c0 + BLOCK <= n0 && c1 + BLOCK <= n1) {
        E tile[BLOCK][BLOCK];
        for (idx k = 0; k < BLOCK; k++)
            for (idx x = 0; x < BLOCK; x++)
                tile[k][x] = i[(c0 + k) * f0 + c1 + x];
        for (idx k = 0; k < BLOCK; k++)
            for (idx x = 0; x < BLOCK; x++)
                o[c0 + x + (c1 + k) * t1] = tile[x][k];
    } else {
        for (idx k = c1; k < min(c1 + BLOCK, n1); k++)
            for (idx x = c0; x < min(c0 + BLOCK, n0); x++)
                o[x + k * t1] = i[x * f0 + k];
    }
}

#endif
