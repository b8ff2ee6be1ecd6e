/* SPDX-License-Identifier: Apache-2.0 */
/* C[b] = END(alpha A[b] B[b] + beta bias[b]) for any element type, one output an item, k in ascending order: the same
 * input gives the same bits. Operands are read through strides; C is dense [batches][M][N]. Batches are numbered
 * (outer, inner), batch / inner and batch % inner, with a stride for each. Launch (N, M, batches), any group.
 *   reference   the whole product
 *   finish      only END(C + beta bias), in place, after a product that could do no more
 */
#ifndef T
#define T float
#define T_RING float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif

static inline T NAME(end)(T x, const __global T_STORE *bias, size_t at, float beta, int e END_PARAMS) {
    if (beta != 0) {
        const T b = T_LOAD(bias, at);
        x = (T)((T_RING)x + (T_RING)(beta == 1 ? b : (T)(beta * b)));
    }
    END(T, CLADE_GET)
}

KERNEL(reference)(__global T_STORE *c, ulong c_off, const __global T_STORE *a, ulong a_off, const __global T_STORE *b,
                  ulong b_off, const __global T_STORE *bias, ulong bias_off, int M, int N, int K, int a_row, int a_col,
                  int b_row, int b_col, int bias_row, int bias_col, int inner, int a_outer, int a_inner, int b_outer,
                  int b_inner, int bias_outer, int bias_inner, float alpha, float beta END_PARAMS) {
    const size_t j = get_global_id(0), i = get_global_id(1), outer = get_global_id(2) / inner,
                 in = get_global_id(2) % inner;
    if (j >= N || i >= M)
        return;
    a += a_off + outer * a_outer + in * a_inner + i * a_row;
    b += b_off + outer * b_outer + in * b_inner + j * b_col;
    T_RING ring = 0;
    for (int k = 0; k < K; k++)
        ring += (T_RING)T_LOAD(a, (size_t)k * a_col) * (T_RING)T_LOAD(b, (size_t)k * b_row);
    const T sum = (T)ring;
    const size_t at = bias_off + outer * bias_outer + in * bias_inner + i * bias_row + j * bias_col;
    const size_t e = (get_global_id(2) * M + i) * N + j;
    T_SAVE(c, c_off + e, NAME(end)(alpha == 1 ? sum : (T)(alpha * sum), bias, at, beta, (int)e END_ARGS));
}

KERNEL(finish)(__global T_STORE *c, ulong c_off, const __global T_STORE *bias, ulong bias_off, int M, int N, int bias_row,
               int bias_col, int inner, int bias_outer, int bias_inner, float beta END_PARAMS) {
    const size_t j = get_global_id(0), i = get_global_id(1), outer = get_global_id(2) / inner,
                 in = get_global_id(2) % inner, e = (get_global_id(2) * M + i) * N + j;
    if (j >= N || i >= M)
        return;
    const size_t at = bias_off + outer * bias_outer + in * bias_inner + i * bias_row + j * bias_col;
    T_SAVE(c, c_off + e, NAME(end)(T_LOAD(c, c_off + e), bias, at, beta, (int)e END_ARGS));
}
