/* SPDX-License-Identifier: Apache-2.0 */
/* One axis of an interpolation: [outer, n_in, inner] -> [outer, n_out, inner],
 *     out[o, j, k] = bias[j] + sum over t < TAPS of weight[j, t] * in[o, index[j, t], k].
 * TI and TO are the element types of in and out, W the type of weights and of the sum. Tables come from the host, index
 * in [0, n_in). Sums in order of t: same bits always.
 *
 * resample_items  one work-item an element: GPUs.
 * resample_rows   one work-item `chunk` rows (o, j) of inner elements: CPUs, groups of one.
 */
#ifndef TI
#define TI float
#define TI_STORE float
#define TI_LOAD CLADE_LOAD
#endif
#ifndef TO
#define TO float
#define TO_STORE float
#define TO_SAVE CLADE_SAVE
#endif
#ifndef W
#define W float
#endif
#ifndef TAPS
#define TAPS 2
#endif

#define RESAMPLE_PARAMETERS                                                                                            \
    __global TO_STORE *restrict out, ulong out_off, __global const TI_STORE *restrict in, ulong in_off,                \
        __global const int *restrict index, ulong index_off, __global const W *restrict weight, ulong weight_off,      \
        __global const W *restrict bias, ulong bias_off, idx rows, idx n_in, idx n_out, idx inner, idx chunk

#ifndef WIDE

KERNEL(resample_items)(RESAMPLE_PARAMETERS) {
    const idx at = get_global_id(0), row = at / inner, j = row % n_out, k = at - row * inner;
    if (row >= rows)
        return;
    W sum = bias[bias_off + j];
    for (idx t = 0; t < TAPS; t++) {
        const idx from = index[index_off + j * TAPS + t];
        sum += weight[weight_off + j * TAPS + t] * (W)TI_LOAD(in + in_off, (row / n_out * n_in + from) * inner + k);
    }
    TO_SAVE(out + out_off, at, (TO)sum);
}

#else

KERNEL(resample_rows)(RESAMPLE_PARAMETERS) {
    const idx start = get_global_id(0) * chunk, end = min(start + chunk, rows);
    for (idx row = start; row < end; row++) {
        const idx j = row % n_out;
        W w[TAPS];
        __global const TI_STORE *from[TAPS];
        for (idx t = 0; t < TAPS; t++) {
            w[t] = weight[weight_off + j * TAPS + t];
            from[t] = in + in_off + (row / n_out * n_in + index[index_off + j * TAPS + t]) * inner;
        }
        for (idx k = 0; k < inner; k++) {
            W sum = bias[bias_off + j];
            for (idx t = 0; t < TAPS; t++)
                sum += w[t] * (W)TI_LOAD(from[t], k);
            TO_SAVE(out + out_off, row * inner + k, (TO)sum);
        }
    }
}

#endif
