/* SPDX-License-Identifier: Apache-2.0 */
/* Attention, O = softmax(scale Q K^T [+ mask]) V for each batch and head, without the scores in memory: keys are gone through
 * once, and what was summed up under a smaller maximum is scaled when a larger one comes.
 *   online  for GPUs. A group of G items makes QUERIES G / LANES rows of O, item lane + LANES row of it QUERIES of them: of each
 *           the scores of keys lane, lane + LANES, ... of KEYS, and the columns of O as far apart. Launch (groups of rows
 *           G, batch heads), group (G, 1, 1). Local memory: see lib/op/matrix/attention.c
 *   each    an item makes a row of O. Launch (rows, batch heads)
 * Operands are read through strides: of batch, head, row (query or key), column. A score of -infinity weighs nothing; a
 * row of nothing else is NaN, as softmax has it. Keys in ascending order by tiles, lanes one after the other: the same
 * input gives the same bits. Defines: D, DV columns of Q and K, and of V; MASKED.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#define D 64
#define DV 64
#endif
#define LANES 16
#define UNROLL __attribute__((opencl_unroll_hint)) /* what is indexed by a counter stays in registers */
#define STRIDES(x) int x##_b, int x##_h, int x##_t, int x##_d
#define PARAMETERS                                                                                                     \
    __global T_STORE *restrict o, ulong o_off, __global const T_STORE *restrict q, ulong q_off,                        \
        __global const T_STORE *restrict k, ulong k_off, __global const T_STORE *restrict v, ulong v_off,              \
        __global const T_STORE *restrict mask, ulong mask_off, int heads, int queries, int keys, STRIDES(q),           \
        STRIDES(k), STRIDES(v), STRIDES(o), STRIDES(mask), float scale
#define START(x, b, h) (x##_off + (size_t)(b) * x##_b + (size_t)(h) * x##_h)
#define AT(x, i, j) ((size_t)(i) * x##_t + (size_t)(j) * x##_d)

/* A weight, relative to the largest. */
static inline T NAME(weigh)(T score, T top) { return score == -INFINITY ? 0 : exp(score - top); }

#ifndef G

KERNEL(each)(PARAMETERS) {
    const int i = get_global_id(0), b = get_global_id(1) / heads, h = get_global_id(1) % heads;
    T top = -INFINITY, sum = 0, acc[DV];
    if (i >= queries)
        return;
    q += START(q, b, h);
    k += START(k, b, h);
    v += START(v, b, h);
    o += START(o, b, h);
    mask += START(mask, b, h);
    for (int c = 0; c < DV; c++)
        acc[c] = 0;
    for (int j = 0; j < keys; j++) {
        T score = 0;
        for (int d = 0; d < D; d++)
            score += T_LOAD(q, AT(q, i, d)) * scale * T_LOAD(k, AT(k, j, d));
#ifdef MASKED
        score += T_LOAD(mask, AT(mask, i, j));
#endif
        const T now = fmax(top, score), kept = top == now ? 1 : exp(top - now), weight = NAME(weigh)(score, now);
        for (int c = 0; c < DV; c++)
            acc[c] = acc[c] * kept + weight * T_LOAD(v, AT(v, j, c));
        sum = sum * kept + weight;
        top = now;
    }
    for (int c = 0; c < DV; c++)
        T_SAVE(o, AT(o, i, c), acc[c] / sum);
}

#else

#define ROWS (G / LANES * QUERIES)
#define D4 ((D + 3) / 4)
#define K_PITCH (D4 | 1) /* in vectors of 4: neighbours in different banks */
#define P_PITCH (KEYS + 1)
#define OWN_KEYS (KEYS / LANES)
#define OWN_COLUMNS ((DV + LANES - 1) / LANES)

__attribute__((reqd_work_group_size(G, 1, 1)))
KERNEL(online)(PARAMETERS) {
    __local float4 qs[ROWS * D4], ks[KEYS * K_PITCH];
    __local T vs[KEYS * OWN_COLUMNS * LANES], ps[ROWS * P_PITCH], tops[ROWS * LANES];
    const int t = get_local_id(0), lane = t % LANES, row = t / LANES * QUERIES, i0 = get_group_id(0) * ROWS;
    const int b = get_global_id(1) / heads, h = get_global_id(1) % heads;
    T top[QUERIES], sum[QUERIES], acc[QUERIES][OWN_COLUMNS];
    q += START(q, b, h);
    k += START(k, b, h);
    v += START(v, b, h);
    o += START(o, b, h);
    mask += START(mask, b, h);

    for (int u = t; u < ROWS * D4 * 4; u += G) {
        const int i = u / (D4 * 4), d = u % (D4 * 4);
        ((__local T *)qs)[u] = i0 + i < queries && d < D ? T_LOAD(q, AT(q, i0 + i, d)) * scale : 0;
    }
    UNROLL for (int y = 0; y < QUERIES; y++) {
        top[y] = -INFINITY;
        sum[y] = 0;
        UNROLL for (int x = 0; x < OWN_COLUMNS; x++)
            acc[y][x] = 0;
    }
    for (int j0 = 0; j0 < keys; j0 += KEYS) {
        barrier(CLK_LOCAL_MEM_FENCE); /* the tile before is done with */
        for (int u = t; u < KEYS * D4 * 4; u += G) {
            const int j = K_BY_COLUMN ? u % KEYS : u / (D4 * 4), d = K_BY_COLUMN ? u / KEYS : u % (D4 * 4);
            ((__local T *)ks)[j * K_PITCH * 4 + d] = j0 + j < keys && d < D ? T_LOAD(k, AT(k, j0 + j, d)) : 0;
        }
        for (int u = t; u < KEYS * OWN_COLUMNS * LANES; u += G) {
            const int j = u / (OWN_COLUMNS * LANES), c = u % (OWN_COLUMNS * LANES);
            vs[u] = j0 + j < keys && c < DV ? T_LOAD(v, AT(v, j0 + j, c)) : 0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);

        T score[QUERIES][OWN_KEYS];
        UNROLL for (int y = 0; y < QUERIES; y++)
            UNROLL for (int x = 0; x < OWN_KEYS; x++)
                score[y][x] = 0;
#pragma unroll 2 /* whole, a compiler reads all of it ahead and spills */
        for (int d = 0; d < D4; d++) {
            float4 kv[OWN_KEYS];
            UNROLL for (int x = 0; x < OWN_KEYS; x++)
                kv[x] = ks[(lane + LANES * x) * K_PITCH + d];
            UNROLL for (int y = 0; y < QUERIES; y++) {
                const float4 qv = qs[(row + y) * D4 + d];
                UNROLL for (int x = 0; x < OWN_KEYS; x++)
                    score[y][x] += dot(qv, kv[x]);
            }
        }
        UNROLL for (int y = 0; y < QUERIES; y++) {
            T most = -INFINITY;
            UNROLL for (int x = 0; x < OWN_KEYS; x++) {
                const int j = j0 + lane + LANES * x;
#ifdef MASKED
                score[y][x] += T_LOAD(mask, AT(mask, min(i0 + row + y, queries - 1), min(j, keys - 1)));
#endif
                score[y][x] = j < keys ? score[y][x] : -INFINITY;
                most = fmax(most, score[y][x]);
            }
            tops[(row + y) * LANES + lane] = most;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        UNROLL for (int y = 0; y < QUERIES; y++) {
            T now = top[y];
            for (int other = 0; other < LANES; other++)
                now = fmax(now, tops[(row + y) * LANES + other]);
            const T kept = top[y] == now ? 1 : exp(top[y] - now);
            sum[y] *= kept;
            UNROLL for (int x = 0; x < OWN_COLUMNS; x++)
                acc[y][x] *= kept;
            UNROLL for (int x = 0; x < OWN_KEYS; x++) {
                const T weight = NAME(weigh)(score[y][x], now);
                ps[(row + y) * P_PITCH + lane + LANES * x] = weight;
                sum[y] += weight;
            }
            top[y] = now;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 4
        for (int j = 0; j < KEYS; j++) {
            T vv[OWN_COLUMNS];
            UNROLL for (int x = 0; x < OWN_COLUMNS; x++)
                vv[x] = vs[j * OWN_COLUMNS * LANES + lane + LANES * x];
            UNROLL for (int y = 0; y < QUERIES; y++) {
                const T weight = ps[(row + y) * P_PITCH + j];
                UNROLL for (int x = 0; x < OWN_COLUMNS; x++)
                    acc[y][x] += weight * vv[x];
            }
        }
    }
    UNROLL for (int y = 0; y < QUERIES; y++)
        tops[(row + y) * LANES + lane] = sum[y];
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL for (int y = 0; y < QUERIES; y++) {
        T all = 0;
        for (int other = 0; other < LANES; other++)
            all += tops[(row + y) * LANES + other];
        UNROLL for (int x = 0; x < OWN_COLUMNS; x++)
            if (i0 + row + y < queries && lane + LANES * x < DV)
                T_SAVE(o, AT(o, i0 + row + y, lane + LANES * x), acc[y][x] / all);
    }
}

#endif
