/* SPDX-License-Identifier: Apache-2.0 */
/* C[b] = END(alpha A[b] B[b] + beta bias[b]) for any element type, one output an item, k in ascending order: the same
 * input gives the same bits. Operands are read through strides; C is dense [batches][M][N]. Batches are numbered
 * (outer, inner), batch / inner and batch % inner, with a stride for each. Launch (N, M, batches), any group.
 *   reference   the whole product
 *   skinny      (SKINNY rows, at most 8) for GPUs: a group makes COLUMNS columns, SLICES work-items each, which go through every so
 *               many k and add up in local memory, SKINNY COLUMNS SLICES elements of T, one after the other. Neighbours read
 *               neighbours of B, which lie along k where it is transposed (B_TRANS). Launch (groups, batches)
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

#ifdef SKINNY
#define ITEMS (COLUMNS * SLICES)
#define UNROLL __attribute__((opencl_unroll_hint))
/* Of the item, and where what column and slice leave stands. */
#define COLUMN(t) (B_TRANS ? (t) / SLICES : (t) % COLUMNS)
#define SLICE(t) (B_TRANS ? (t) % SLICES : (t) / COLUMNS)
#define PART(column, slice) (B_TRANS ? (column) * SLICES + (slice) : (slice) * COLUMNS + (column))

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
KERNEL(skinny)(__global T_STORE *c, ulong c_off, const __global T_STORE *a, ulong a_off, const __global T_STORE *b,
               ulong b_off, const __global T_STORE *bias, ulong bias_off, int M, int N, int K, int a_row, int a_col,
               int b_row, int b_col, int bias_row, int bias_col, int inner, int a_outer, int a_inner, int b_outer,
               int b_inner, int bias_outer, int bias_inner, float alpha, float beta END_PARAMS) {
    __local T parts[SKINNY * ITEMS];
    const int t = get_local_id(0), first = get_group_id(0) * COLUMNS, batch = get_group_id(1);
    const size_t outer = batch / inner, in = batch % inner;
    a += a_off + outer * a_outer + in * a_inner;
    b += b_off + outer * b_outer + in * b_inner + (size_t)min(first + COLUMN(t), N - 1) * b_col;
    T sum[SKINNY];
    UNROLL for (int i = 0; i < SKINNY; i++)
        sum[i] = 0;
#pragma unroll 4
    for (int k = SLICE(t); k < K; k += SLICES) {
        const T w = T_LOAD(b, (size_t)k * b_row);
        UNROLL for (int i = 0; i < SKINNY; i++)
            sum[i] += T_LOAD(a, (size_t)i * a_row + (size_t)k * a_col) * w;
    }
    UNROLL for (int i = 0; i < SKINNY; i++)
        parts[i * ITEMS + t] = sum[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int u = t; u < SKINNY * COLUMNS; u += ITEMS) {
        const int i = u / COLUMNS, j = first + u % COLUMNS;
        T all = 0;
        if (j >= N)
            continue;
        for (int slice = 0; slice < SLICES; slice++)
            all += parts[i * ITEMS + PART(u % COLUMNS, slice)];
        const size_t at = bias_off + outer * bias_outer + in * bias_inner + (size_t)i * bias_row + (size_t)j * bias_col;
        const size_t e = ((size_t)batch * M + i) * N + j;
        T_SAVE(c, c_off + e, NAME(end)(alpha == 1 ? all : alpha * all, bias, at, beta, (int)e END_ARGS));
    }
}
#endif
