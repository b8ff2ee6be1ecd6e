/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: out[o, i] = the index along axis n of the best in[o, n, i]. Written by lib/op/lines/argmax.c.
 *
 * BETTER(a, b): a takes the place of b; it also decides between equal elements. A NaN is better than anything before it
 * that is not one. Entries and launches: lines.clh. group: local memory one
 * value and its place an item.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define BETTER(a, b) ((a) > (b))
#endif

#define SIGNATURE                                                                                                      \
    __global long *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, LINES, const int per_item

KERNEL(each)(SIGNATURE) {
    FOR_UNITS(line, lines) {
        __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
        T best = T_LOAD(x, 0);
        int at = 0;
        for (int k = 1; k < n; k++) {
            const T v = T_LOAD(x, k * inner);
            if (BETTER(v, best) || (v != v && best == best)) {
                best = v;
                at = k;
            }
        }
        out[out_off + line] = at;
    }
}

typedef struct NAME(found) {
    T value;
    int at;
} NAME(found);

/* The better of two, which also is what the later one makes of the earlier one. */
static NAME(found) NAME(pick)(const NAME(found) a, const NAME(found) b) {
    const T early = a.at < b.at ? a.value : b.value, late = a.at < b.at ? b.value : a.value;
    const bool is_late = BETTER(late, early) || (late != late && early == early);
    return is_late == (a.at < b.at) ? b : a;
}

KERNEL(group)(SIGNATURE, __local NAME(found) *part) {
    GROUP_LINE(line, inner);
    __global const T_STORE *x = in + in_off + LINE_START(line, n, inner);
    const idx first = min(GROUP_SLICE, n - 1);
    NAME(found) best = { T_LOAD(x, first * inner), first };
    for (idx k = first + GROUP_SLICES; k < n; k += GROUP_SLICES) {
        const NAME(found) next = { T_LOAD(x, k * inner), k };
        best = NAME(pick)(best, next);
    }
    GROUP_FOLD(part, best, NAME(pick));
    if (GROUP_SLICE == 0 && !line_is_twice)
        out[out_off + line] = part[GROUP_COLUMN].at;
}
