/* SPDX-License-Identifier: Apache-2.0 */
/* The k largest or smallest elements of each line, in order, equal ones by index; NaN counts as the largest.
 *
 * Lines are those of lines.clh; outputs have k instead of n. T is the element type, REAL whether it has NaN; LARGEST is 1
 * or 0. Each output is written once: same bits always.
 *
 * topk_rank   one work-item (element, line) counts the elements before its own: short lines.
 * topk_merge  one pass of a merge sort of indices, width -> 2 * width; work-item (position, line) finds its place by
 *             binary search in the other run. The first pass (width 1) sorts 0, 1, ... and does not read `from`.
 * topk_keep   of each of `parts` parts of `count` candidates the best k, in order; work-item (part, line). Candidates are
 *             the elements, or (AGAIN) indices, of which -1 is none; a part that has too few ends with -1. A part's lie
 *             `apart` from one another: 1, or, so that neighbouring items read neighbours, `parts`.
 * topk_take   the first k of `row` sorted indices; work-item (rank, line).
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef REAL
#define REAL 1
#endif
#ifndef AGAIN
#define AGAIN 0
#endif
#ifndef LARGEST
#define LARGEST 1
#endif

/* Element i, value a, comes before element j, value b: a strict order of all elements. */
static int NAME(before)(T a, idx i, T b, idx j) {
#if REAL
    const int a_nan = isnan(a), b_nan = isnan(b);
    if (a_nan && b_nan)
        return i < j;
    if (a_nan || b_nan)
        return LARGEST ? a_nan : b_nan;
#endif
    if (a == b)
        return i < j;
    return LARGEST ? a > b : a < b;
}

KERNEL(topk_rank)
(__global T_STORE *values, ulong values_off, __global long *places, ulong places_off, __global const T_STORE *in,
 ulong in_off, LINES, const idx k) {
    const idx i = get_global_id(0), line = get_global_id(1);
    if (i >= n || line >= lines)
        return;
    __global const T_STORE *row = in + in_off;
    const idx start = LINE_START(line, n, inner);
    const T own = T_LOAD(row, start + i * inner);
    idx rank = 0;
    for (idx j = 0; j < n && rank < k; j++)
        rank += NAME(before)(T_LOAD(row, start + j * inner), j, own, i);
    if (rank >= k)
        return;
    const idx at = LINE_START(line, k, inner) + rank * inner;
    T_SAVE(values + values_off, at, own);
    places[places_off + at] = i;
}

KERNEL(topk_merge)
(__global int *to, ulong to_off, __global const int *from, ulong from_off, __global const T_STORE *in, ulong in_off,
 LINES, const idx width) {
    const idx at = get_global_id(0), line = get_global_id(1);
    if (at >= n || line >= lines)
        return;
    from += from_off + (ulong)line * n;
    to += to_off + (ulong)line * n;
    in += in_off + LINE_START(line, n, inner);
    const int first = width == 1;
    const idx pair = at / (2 * width) * (2 * width), own = at / width * width;
    const idx other = own == pair ? min(pair + width, n) : pair,
              end = own == pair ? min(pair + 2 * width, n) : pair + width;
    const idx i = first ? at : from[at];
    const T a = T_LOAD(in, i * inner);
    idx low = other, high = end;
    while (low < high) {
        const idx middle = low + (high - low) / 2, j = first ? middle : from[middle];
        if (NAME(before)(T_LOAD(in, j * inner), j, a, i))
            low = middle + 1;
        else
            high = middle;
    }
    to[pair + (at - own) + (low - other)] = i;
}

KERNEL(topk_keep)
(__global int *to, ulong to_off, __global const int *from, ulong from_off, __global const T_STORE *in, ulong in_off,
 LINES, const idx k, const idx count, const idx parts, const idx apart) {
    const idx part = get_global_id(0), line = get_global_id(1), length = (count + parts - 1) / parts;
    if (part >= parts || line >= lines)
        return;
    in += in_off + LINE_START(line, n, inner);
    from += from_off + (AGAIN ? (ulong)line * count : 0);
    to += to_off + ((ulong)line * parts + part) * k;
    idx held = 0, last = 0;
    T least = 0; /* the last one held */
    const idx first = apart == 1 ? part * length : part, end = apart == 1 ? min(first + length, count) : count;
    for (idx c = first; c < end; c += apart) {
        const idx i = AGAIN ? from[c] : c;
        if (i < 0)
            continue;
        const T v = T_LOAD(in, i * inner);
        if (held == k && !NAME(before)(v, i, least, last))
            continue;
        idx at = held < k ? held++ : k - 1;
        for (; at > 0 && NAME(before)(v, i, T_LOAD(in, to[at - 1] * inner), to[at - 1]); at--)
            to[at] = to[at - 1];
        to[at] = i;
        last = to[held - 1];
        least = T_LOAD(in, last * inner);
    }
    for (; held < k; held++)
        to[held] = -1;
}

KERNEL(topk_take)
(__global T_STORE *values, ulong values_off, __global long *places, ulong places_off, __global const T_STORE *in,
 ulong in_off, __global const int *sorted, ulong sorted_off, LINES, const idx k, const idx row) {
    const idx rank = get_global_id(0), line = get_global_id(1);
    if (rank >= k || line >= lines)
        return;
    const idx i = sorted[sorted_off + (ulong)line * row + rank], at = LINE_START(line, k, inner) + rank * inner;
    T_SAVE(values + values_off, at, T_LOAD(in + in_off, LINE_START(line, n, inner) + i * inner));
    places[places_off + at] = i;
}
