/* SPDX-License-Identifier: Apache-2.0 */
/* C[b] = END(alpha A[b] B[b] + beta bias[b]) on GPUs: a group of 16 x 16 items computes a 64 x 64 tile of C, an item
 * 4 x 4 of it, 16 apart; both operands pass through local memory, 16 k at a time, k in ascending order: the same input
 * gives the same bits. Operands are read through strides (A_TRANS, B_TRANS: which index is contiguous, for coalescing);
 * C is dense [batches][M][N]; batches are numbered (outer, inner) with a stride for each.
 * Launch (ceil(N/64) * 16, ceil(M/64) * 16, batches), group (16, 16, 1); local memory 8.3 KiB for float.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define A_TRANS 0
#define B_TRANS 0
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif
#define TILE 64
#define DEPTH 16

inline T NAME(end)(T x, int e END_PARAMS) { END(T, CLADE_GET) }

__attribute__((reqd_work_group_size(16, 16, 1)))
KERNEL(tiled)(__global T_STORE *c, ulong c_off, const __global T_STORE *a, ulong a_off, const __global T_STORE *b,
              ulong b_off, const __global T_STORE *bias, ulong bias_off, int M, int N, int K, int a_row, int a_col,
              int b_row, int b_col, int bias_row, int bias_col, int inner, int a_outer, int a_inner, int b_outer,
              int b_inner, int bias_outer, int bias_inner, float alpha, float beta END_PARAMS) {
    __local T as[DEPTH][TILE + 1], bs[DEPTH][TILE + 1];
    const int tx = get_local_id(0), ty = get_local_id(1), t = ty * 16 + tx;
    const int i0 = get_group_id(1) * TILE, j0 = get_group_id(0) * TILE;
    const size_t outer = get_global_id(2) / inner, in = get_global_id(2) % inner;
    a += a_off + outer * a_outer + in * a_inner;
    b += b_off + outer * b_outer + in * b_inner;
    bias += bias_off + outer * bias_outer + in * bias_inner;
    T acc[4][4];
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            acc[y][x] = 0;
    for (int k0 = 0; k0 < K; k0 += DEPTH) {
        for (int r = 0; r < 4; r++) { /* the contiguous index runs fastest over the items */
            const int ai = A_TRANS ? t % TILE : t / DEPTH + r * 16, ak = A_TRANS ? t / TILE + r * 4 : t % DEPTH;
            const int bj = B_TRANS ? t / DEPTH + r * 16 : t % TILE, bk = B_TRANS ? t % DEPTH : t / TILE + r * 4;
            as[ak][ai] = i0 + ai < M && k0 + ak < K
                             ? T_LOAD(a, (size_t)(i0 + ai) * a_row + (size_t)(k0 + ak) * a_col)
                             : 0;
            bs[bk][bj] = j0 + bj < N && k0 + bk < K
                             ? T_LOAD(b, (size_t)(k0 + bk) * b_row + (size_t)(j0 + bj) * b_col)
                             : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < DEPTH; k++) {
            T av[4], bv[4];
            for (int y = 0; y < 4; y++) {
                av[y] = as[k][ty + y * 16];
                bv[y] = bs[k][tx + y * 16];
            }
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 4; x++)
                    acc[y][x] += av[y] * bv[x];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {
            const int i = i0 + ty + y * 16, j = j0 + tx + x * 16;
            if (i < M && j < N) {
                T s = alpha * acc[y][x];
                if (beta != 0)
                    s += beta * T_LOAD(bias, (size_t)i * bias_row + (size_t)j * bias_col);
                const size_t e = (get_global_id(2) * M + i) * N + j;
                T_SAVE(c, c_off + e, NAME(end)(s, (int)e END_ARGS));
            }
        }
}
