/* SPDX-License-Identifier: Apache-2.0 */
/* Products through local memory, for GPUs: C[b] = END(alpha A[b] B[b] + beta bias[b]). A group computes a tile of TM x TN,
 * an item MI x NI of it, both operands KB k at a time; the next slab is fetched into registers while one is multiplied,
 * and there are two slabs in local memory, so one barrier each. k in ascending order: the same input gives the same bits.
 *   multiply   launch (ceil(N/TN) ITEMS, ceil(M/TM), batches), group (ITEMS, 1, 1)
 *              SPLIT: k is cut into `splits` parts of `chunk`, which groups of their own sum up, (.., .., batches splits),
 *              and c is [splits][batches M N], with nothing added
 *   sum        (SUM) END(alpha sum over the splits + beta bias). Launch (N, M, batches)
 * Local memory: 2 KB (TM + TN + 8) T.
 *
 * Operands: A and B are read through strides (A_TRANS, B_TRANS: which index is contiguous, for coalescing); C is dense
 * [batches][M][N]; batches are numbered (outer, inner) with a stride for each.
 * CONV: the convolution of cl/conv.cl as such a product. A: the weights, M filters of each group; B: K = C taps by N pixels
 * of all images, gathered from them as they are read; a batch is a group. C and bias as there.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define TM 64
#define TN 64
#define MI 4
#define NI 4
#define KB 16
#define A_TRANS 0
#define B_TRANS 0
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif

#ifdef CONV
#define OPERANDS                                                                                                       \
    int C, int id, int ih, int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed,     \
        int eh, int ew, int pd, int ph, int pw
#define BATCH(b)                                                                                                       \
    const int pixels = od * oh * ow;                                                                                   \
    bias += bias_off + (b) * M
/* The element of the result, and of the bias. */
#define PLACE(b, batches, i, j) (((size_t)((j) / pixels) * (batches) * M + (b) * M + (i)) * pixels + (j) % pixels)
#define BIAS(i, j) (i)
#else
#define OPERANDS                                                                                                       \
    int a_row, int a_col, int b_row, int b_col, int bias_row, int bias_col, int inner, int a_outer, int a_inner,       \
        int b_outer, int b_inner, int bias_outer, int bias_inner
#define BATCH(b)                                                                                                       \
    const size_t outer = (b) / inner, in = (b) % inner;                                                                \
    bias += bias_off + outer * bias_outer + in * bias_inner
#define PLACE(b, batches, i, j) (((size_t)(b) * M + (i)) * N + (j))
#define BIAS(i, j) ((size_t)(i) * bias_row + (size_t)(j) * bias_col)
#endif

#if defined(SUM) || !defined(SPLIT)
static inline T NAME(end)(T x, int e END_PARAMS) { END(T, CLADE_GET) }
#endif

#ifdef SUM

KERNEL(sum)(__global T_STORE *c, ulong c_off, const __global T *parts, ulong parts_off, const __global T_STORE *bias,
            ulong bias_off, int M, int N, int splits, OPERANDS, float alpha, float beta END_PARAMS) {
    const int j = get_global_id(0), i = get_global_id(1), b = get_global_id(2);
    BATCH(b);
    if (j >= N)
        return;
    const size_t batches = get_global_size(2), e = PLACE(b, batches, i, j), all = batches * M * N;
    T s = 0;
    for (int k = 0; k < splits; k++)
        s += parts[parts_off + k * all + e];
    s *= alpha;
    if (beta != 0)
        s += beta * T_LOAD(bias, BIAS(i, j));
    T_SAVE(c, c_off + e, NAME(end)(s, (int)e END_ARGS));
}

#else

#define MT (TM / MI) /* items along M and N */
#define NT (TN / NI)
#define ITEMS (MT * NT)
#define A_LOADS (TM * KB / ITEMS) /* elements an item fetches of a slab */
#define B_LOADS (TN * KB / ITEMS)
#if MI < 4 /* elements of a row of local memory that are read at once */
#define MV 2
#else
#define MV 4
#endif
#if NI < 4
#define NV 2
#else
#define NV 4
#endif
#define A_PITCH (TM + 4)
#define B_PITCH (TN + 4)
#define UNROLL __attribute__((opencl_unroll_hint)) /* what is indexed by a counter stays in registers */
#define JOINED_(a, b) a##b
#define JOINED(a, b) JOINED_(a, b)
#define SPREAD_2(to, v) (to)[0] = (v).s0, (to)[1] = (v).s1
#define SPREAD_4(to, v) SPREAD_2(to, v), (to)[2] = (v).s2, (to)[3] = (v).s3

/* Where element r that this item fetches stands in a slab: its row and column of op(A), column and row of op(B). */
#define AT(r) (t + (r) * ITEMS)
#define A_I(r) (A_TRANS ? AT(r) % TM : AT(r) / KB)
#define A_K(r) (A_TRANS ? AT(r) / TM : AT(r) % KB)
#define B_J(r) (B_TRANS ? AT(r) / KB : AT(r) % TN)
#define B_K(r) (B_TRANS ? AT(r) % KB : AT(r) / TN)
/* What of the tile this item computes: MV (NV) neighbours, and MT MV (NT NV) further on again. */
#define ROW(y) ((y) / MV * (MT * MV) + t / NT * MV + (y) % MV)
#define COLUMN(x) ((x) / NV * (NT * NV) + t % NT * NV + (x) % NV)

#ifdef CONV
/* Where the tap of row k of B lies beside a window's first element: element, and its place on the axes d, h, w. */
static inline int4 NAME(tap)(int k, int id, int ih, int iw, int kd, int kh, int kw, int ed, int eh, int ew) {
    const int tap = k % (kd * kh * kw), z = tap / (kh * kw) * ed, y = tap / kw % kh * eh, x = tap % kw * ew;
    return (int4)(((k / (kd * kh * kw) * id + z) * ih + y) * iw + x, z, y, x);
}
#define TAP(k) NAME(tap)(k, id, ih, iw, kd, kh, kw, ed, eh, ew)
#define FETCH_B(r, k0, slab)                                                                                           \
    const int4 tap = taps[slab][B_K(r)], place = pixel[r] + tap;                                                       \
    const bool inside = (uint)place.y < (uint)id && (uint)place.z < (uint)ih && (uint)place.w < (uint)iw;              \
    b_next[r] = (k0) + B_K(r) < end && inside ? T_LOAD(b, place.x) : 0;
#else
#define FETCH_B(r, k0, slab) b_next[r] = (k0) + B_K(r) < end ? T_LOAD(b, b_at[r] + (k0) * b_row) : 0;
#endif
#define FETCH(k0, slab)                                                                                                \
    UNROLL for (int r = 0; r < A_LOADS; r++)                                                                           \
        a_next[r] = (k0) + A_K(r) < end ? T_LOAD(a, a_at[r] + (k0) * a_col) : 0;                                       \
    UNROLL for (int r = 0; r < B_LOADS; r++) {                                                                         \
        FETCH_B(r, k0, slab)                                                                                           \
    }
#define STORE(slab)                                                                                                    \
    UNROLL for (int r = 0; r < A_LOADS; r++)                                                                           \
        ((__local T *)as[slab])[A_K(r) * A_PITCH + A_I(r)] = a_next[r];                                                \
    UNROLL for (int r = 0; r < B_LOADS; r++)                                                                           \
        ((__local T *)bs[slab])[B_K(r) * B_PITCH + B_J(r)] = b_next[r];

#ifdef SPLIT
#define OUT T
#else
#define OUT T_STORE
#endif

__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
KERNEL(multiply)(__global OUT *c, ulong c_off, const __global T_STORE *a, ulong a_off, const __global T_STORE *b,
                 ulong b_off, const __global T_STORE *bias, ulong bias_off, int M, int N, int K, int splits, int chunk,
                 OPERANDS, float alpha, float beta END_PARAMS) {
    __local JOINED(T, MV) as[2][KB * A_PITCH / MV];
    __local JOINED(T, NV) bs[2][KB * B_PITCH / NV];
    const int t = get_local_id(0), i0 = get_group_id(1) * TM, j0 = get_group_id(0) * TN;
    const int batches = get_num_groups(2) / splits, batch = get_group_id(2) / splits;
    const int first = get_group_id(2) % splits * chunk, end = min(K, first + chunk);
    BATCH(batch);
    T a_next[A_LOADS], b_next[B_LOADS], acc[MI][NI];
    int a_at[A_LOADS];
#ifdef CONV
    const int a_row = K, a_col = 1;
    __local int4 taps[2][KB];
    int4 pixel[B_LOADS];
    a += a_off + (size_t)batch * M * K;
    b += b_off;
    UNROLL for (int r = 0; r < B_LOADS; r++) { /* beyond the last one: it again, to be thrown away */
        const int j = min(j0 + B_J(r), N - 1), p = j % pixels;
        const int z = p / (oh * ow) * sd - pd, y = p / ow % oh * sh - ph, x = p % ow * sw - pw;
        const int channel = (j / pixels * batches + batch) * C;
        pixel[r] = (int4)(((channel * id + z) * ih + y) * iw + x, z, y, x);
    }
    if (t < KB) {
        taps[0][t] = TAP(first + t);
        taps[1][t] = TAP(first + KB + t);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#else
    a += a_off + outer * a_outer + in * a_inner;
    b += b_off + outer * b_outer + in * b_inner;
    int b_at[B_LOADS];
    UNROLL for (int r = 0; r < B_LOADS; r++)
        b_at[r] = min(j0 + B_J(r), N - 1) * b_col + B_K(r) * b_row;
#endif
    UNROLL for (int r = 0; r < A_LOADS; r++)
        a_at[r] = min(i0 + A_I(r), M - 1) * a_row + A_K(r) * a_col;
    UNROLL for (int y = 0; y < MI; y++)
        UNROLL for (int x = 0; x < NI; x++)
            acc[y][x] = 0;

    FETCH(first, 0)
    STORE(0)
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k0 = first, slab = 0; k0 < end; k0 += KB, slab ^= 1) {
        const bool more = k0 + KB < end;
        if (more) {
            FETCH(k0 + KB, slab ^ 1)
        }
#ifdef CONV
        if (t < KB)
            taps[slab][t] = TAP(k0 + 2 * KB + t);
#endif
#pragma unroll 4 /* whole, a compiler reads all of it ahead and spills */
        for (int k = 0; k < KB; k++) {
            T av[MI], bv[NI];
            for (int y = 0; y < MI / MV; y++)
                JOINED(SPREAD_, MV)(av + y * MV, as[slab][k * (A_PITCH / MV) + y * MT + t / NT]);
            for (int x = 0; x < NI / NV; x++)
                JOINED(SPREAD_, NV)(bv + x * NV, bs[slab][k * (B_PITCH / NV) + x * NT + t % NT]);
            for (int y = 0; y < MI; y++)
                for (int x = 0; x < NI; x++)
                    acc[y][x] += av[y] * bv[x];
        }
        if (more) {
            STORE(slab ^ 1)
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#ifdef SPLIT
    c += get_group_id(2) % splits * ((size_t)batches * M * N);
#endif
    UNROLL for (int y = 0; y < MI; y++)
        UNROLL for (int x = 0; x < NI; x++) {
            const int i = i0 + ROW(y), j = j0 + COLUMN(x);
            if (i >= M || j >= N)
                continue;
            const size_t e = PLACE(batch, batches, i, j);
#ifdef SPLIT
            c[c_off + e] = acc[y][x];
#else
            T s = alpha * acc[y][x];
            if (beta != 0)
                s += beta * T_LOAD(bias, BIAS(i, j));
            T_SAVE(c, c_off + e, NAME(end)(s, (int)e END_ARGS));
#endif
        }
}

#endif
