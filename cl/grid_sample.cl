/* SPDX-License-Identifier: Apache-2.0 */
/* out[n, c, p] = image [n, c, height, width] at grid[n, p] = (x, y), p over the output's pixels. x and y run from -1 to
 * 1 over the image: over the centres of its corner pixels (ALIGN_CORNERS), or over their outer edges.
 *
 * MODE 0: the nearest pixel, halves to even; 1: bilinear; 2: bicubic, a = -0.75.
 * PADDING, for each pixel outside: 0: it is 0; 1: the nearest one inside; 2: reflected at the border.
 * T is the element type; sums in a fixed order: same bits always.
 * Launch: (pixels, channels at a time, batch); an item does every get_global_size(1)-th channel.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef MODE
#define MODE 1
#endif
#ifndef PADDING
#define PADDING 0
#endif
#ifndef ALIGN_CORNERS
#define ALIGN_CORNERS 0
#endif

#define GRID_TAPS (MODE == 0 ? 1 : MODE == 1 ? 2 : 4)

static T NAME(denormalise)(T at, idx n) { return ALIGN_CORNERS ? (at + 1) / 2 * (n - 1) : ((at + 1) * n - 1) / 2; }

/* Reflects at the centres of the border pixels, or at their outer edges. */
static T NAME(reflect)(T at, idx n) {
    const T low = ALIGN_CORNERS ? (T)0 : (T)-0.5f, span = ALIGN_CORNERS ? n - 1 : n;
    if (span <= 0)
        return 0;
    const T distance = fabs(at - low), turns = floor(distance / span), rest = distance - turns * span;
    return fmod(turns, (T)2) == 0 ? low + rest : low + span - rest;
}

/* The pixel at a whole position: its index, or -1 for one that counts as 0. NaN is outside. */
static idx NAME(pixel)(T at, idx n) {
    if (PADDING == 0 && !(at >= 0 && at <= n - 1))
        return -1;
    const T inside = PADDING == 2 ? NAME(reflect)(at, n) : at;
    return min((idx)fmin(fmax(rint(inside), (T)0), (T)(n - 1)), n - 1); /* T may round n - 1 up */
}

/* The pixels around a position along one axis, and their weights. */
static void NAME(taps)(T at, idx n, idx *index, T *weight) {
    const T base = MODE == 0 ? rint(at) : floor(at), f = at - base;
    for (int t = 0; t < GRID_TAPS; t++) {
        const int offset = MODE == 2 ? t - 1 : t;
        const T d = fabs(f - offset), a = (T)-0.75f;
        index[t] = NAME(pixel)(base + offset, n);
        weight[t] = MODE == 0   ? (T)1
                    : MODE == 1 ? 1 - d
                    : d <= 1    ? ((a + 2) * d - (a + 3)) * d * d + 1
                                : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }
}

KERNEL(grid_sample)
(__global T_STORE *restrict out, ulong out_off, __global const T_STORE *restrict image, ulong image_off,
 __global const T_STORE *restrict grid, ulong grid_off, idx channels, idx height, idx width, idx pixels) {
    const idx p = get_global_id(0), n = get_global_id(2);
    if (p >= pixels)
        return;
    idx column[GRID_TAPS], row[GRID_TAPS];
    T column_weight[GRID_TAPS], row_weight[GRID_TAPS];
    grid += grid_off;
    NAME(taps)(NAME(denormalise)(T_LOAD(grid, (n * pixels + p) * 2), width), width, column, column_weight);
    NAME(taps)(NAME(denormalise)(T_LOAD(grid, (n * pixels + p) * 2 + 1), height), height, row, row_weight);
    for (idx c = get_global_id(1); c < channels; c += get_global_size(1)) {
        __global const T_STORE *plane = image + image_off + (ulong)(n * channels + c) * height * width;
        T sum = 0;
        for (int y = 0; y < GRID_TAPS; y++)
            for (int x = 0; x < GRID_TAPS; x++)
                if (row[y] >= 0 && column[x] >= 0)
                    sum += row_weight[y] * column_weight[x] * T_LOAD(plane, row[y] * width + column[x]);
        T_SAVE(out + out_off, (n * channels + c) * pixels + p, sum);
    }
}
