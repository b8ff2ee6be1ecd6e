/* SPDX-License-Identifier: Apache-2.0 */
/* Products of 8-bit integers: C[b][i,j] = sum_k (A[i,k] - a_zero[i]) (B[k,j] - b_zero[j]) in int32, where it wraps; with SCALED then times
 * a_scale[i] b_scale[j] / c_scale, rounded half to even, plus c_zero, saturated to T. Zero points and scales have one value or,
 * with their step 1, one for each row or column. Dense [M,K], [K,N]; C is [batches][M][N], batches are numbered (outer, inner)
 * with a stride for each. An item computes CHUNK columns of a row, k outside, so that on CPUs the loop over columns is vectors.
 * Launch (ceil(N/CHUNK), M, batches). Exact, so the same bits everywhere but for the scaling.
 */
#ifndef T
#define T int
#define A uchar
#define B uchar
#endif
#ifndef CHUNK
#define CHUNK 1
#endif

KERNEL(product)(__global T *c, ulong c_off, const __global A *a, ulong a_off, const __global B *b, ulong b_off,
                const __global A *a_zero, ulong a_zero_off, const __global B *b_zero, ulong b_zero_off,
                const __global float *a_scale, ulong a_scale_off, const __global float *b_scale, ulong b_scale_off,
                const __global float *c_scale, ulong c_scale_off, const __global T *c_zero, ulong c_zero_off, int M, int N,
                int K, int inner, int a_outer, int a_inner, int b_outer, int b_inner, int has_a_zero, int has_b_zero,
                int a_zero_step, int b_zero_step, int a_scale_step, int b_scale_step) {
    const int j0 = get_global_id(0) * CHUNK, columns = min(CHUNK, N - j0), i = get_global_id(1);
    if (columns <= 0 || i >= M)
        return;
    const size_t outer = get_global_id(2) / inner, in = get_global_id(2) % inner;
    a += a_off + outer * a_outer + in * a_inner + (size_t)i * K;
    b += b_off + outer * b_outer + in * b_inner + j0;
    c += c_off + (get_global_id(2) * M + i) * N + j0;
    uint acc[CHUNK];
    int zero[CHUNK];
    for (int j = 0; j < columns; j++) {
        acc[j] = 0;
        zero[j] = has_b_zero ? b_zero[b_zero_off + (j0 + j) * b_zero_step] : 0;
    }
    const int az = has_a_zero ? a_zero[a_zero_off + i * a_zero_step] : 0;
    for (int k = 0; k < K; k++) {
        const int v = a[k] - az;
        for (int j = 0; j < columns; j++)
            acc[j] += (uint)(v * (b[(size_t)k * N + j] - zero[j]));
    }
    for (int j = 0; j < columns; j++) {
#ifdef SCALED
        const float scale = a_scale[a_scale_off + i * a_scale_step] * b_scale[b_scale_off + (j0 + j) * b_scale_step] /
                            c_scale[c_scale_off];
        const float z = c_zero[c_zero_off];
        c[j] = (T)(rint(clamp((float)(int)acc[j] * scale, SCALED_MIN - z, SCALED_MAX - z)) + z);
#else
        c[j] = (int)acc[j];
#endif
    }
}
