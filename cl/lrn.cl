/* SPDX-License-Identifier: Apache-2.0 */
/* Local response normalisation of [N, channels, inner]: out = x / (bias + alpha * s)^beta, s = the sum of squares of the
 * channels from c - before to c + after that exist. Written by lib/op/image/lrn.c. One work-item an element, any launch shape.
 * The same input gives the same bits.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif

KERNEL(lrn)(__global T_STORE *out, const ulong out_off, __global const T_STORE *in, const ulong in_off, const int count,
            const int channels, const int inner, const int before, const int after, const T alpha, const T beta,
            const T bias) {
    const size_t e = get_global_id(0);
    if (e >= (size_t)count)
        return;
    const int c = (int)(e / inner % channels), first = max(c - before, 0), last = min(c + after, channels - 1);
    T sum = 0;
    for (int k = first; k <= last; k++) {
        const T x = T_LOAD(in, in_off + e + ((long)k - c) * inner);
        sum += x * x;
    }
    T_SAVE(out, out_off + e, T_LOAD(in, in_off + e) / pow(bias + alpha * sum, beta));
}
