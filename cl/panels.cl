/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products on CPUs: packed panels and register tiles, one work-item a group (Goto, van de Geijn: Anatomy of
 * high-performance matrix multiplication, 2008). Every kernel here computes
 *     C[i, j] = END(sum_k A[i, k] B[k, j] + bias),   sums in a fixed order: the same input gives the same bits.
 * One operand is packed beforehand (pack_*: once, when it is constant), the other into local memory just before use:
 *     multiply  A [M,K], strides a_row, a_col  packed here;       B from pack_b: panels [K][NR]
 *     conv      implicit GEMM: A the weights, from pack_w: panels [K][MR], K ordered tap by tap, channel by channel;
 *               B the patches, a column for each output pixel of each image, gathered here from NC(DHW)
 * PACK leaves only the packing, its absence only the rest: what is in an instance costs compile time.
 * Tunables: MR x NV*LANES the register tile; LANES the width of a vector; KB, MB, NB the blocks (arguments). float32.
 */
#ifndef MR
#define MR 12
#define LANES 16
#define NV 2
#endif
#ifndef END /* what is done to element e of the result before it is stored: lib/op/map/epilogue.c */
#define END_PARAMS
#define END_ARGS
#define END(V, GET) return x;
#endif
#define NR (NV * LANES)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define VEC JOIN(float, LANES)
#define MASK JOIN(int, LANES)
#define VLOAD JOIN(vload, LANES)
#define VSTORE JOIN(vstore, LANES)
#define VGET(p) VLOAD(0, p)
#define UNROLL __attribute__((opencl_unroll_hint))
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
#ifdef CONV
#define A_SPACE __global
#define B_SPACE __local
#else
#define A_SPACE __local
#define B_SPACE __global
#endif

#ifdef PACK
#ifndef CONV
/* B[k, j] = b[k * b_row + j * b_col] -> bp[panel][k][NR], zeros to the right of N. Launch (panels, blocks of 64 k, batch). */
SINGLE KERNEL(pack_b)(__global float *bp, ulong bp_off, const __global float *b, ulong b_off, int N, int K, int b_row,
                      int b_col, int inner, int b_outer, int b_inner) {
    const int j0 = get_global_id(0) * NR, k0 = get_global_id(1) * 64, k1 = min(K, k0 + 64), batch = get_global_id(2);
    __global float *o = bp + bp_off + ((size_t)batch * get_global_size(0) + get_global_id(0)) * NR * K;
    b += b_off + (size_t)(batch / inner) * b_outer + (size_t)(batch % inner) * b_inner + (size_t)j0 * b_col;
    if (b_col == 1 && j0 + NR <= N) {
        for (int k = k0; k < k1; k++)
            UNROLL for (int v = 0; v < NV; v++) VSTORE(VLOAD(v, b + (size_t)k * b_row), v, o + k * NR);
    } else {
        for (int j = 0; j < NR; j++)
            for (int k = k0; k < k1; k++)
                o[k * NR + j] = j0 + j < N ? b[(size_t)k * b_row + j * b_col] : 0;
    }
}
#else
/* Weights w[group][M][C][taps] -> wp[group][panel][tap * C + c][MR], zeros below M. Launch (panels, taps, groups). */
SINGLE KERNEL(pack_w)(__global float *wp, ulong wp_off, const __global float *w, ulong w_off, int M, int C) {
    const int i0 = get_global_id(0) * MR, tap = get_global_id(1), taps = get_global_size(1), group = get_global_id(2);
    __global float *o = wp + wp_off + (((size_t)group * get_global_size(0) + get_global_id(0)) * taps + tap) * C * MR;
    w += w_off + ((size_t)group * M + i0) * C * taps + tap;
    for (int c = 0; c < C; c++)
        for (int i = 0; i < MR; i++)
            o[c * MR + i] = i0 + i < M ? w[((size_t)i * C + c) * taps] : 0;
}
#endif
#else

/* acc = A panel x B panel over k terms. */
static inline void NAME(tile)(VEC acc[MR][NV], const A_SPACE float *a, const B_SPACE float *b, int k) {
    UNROLL for (int i = 0; i < MR; i++) UNROLL for (int v = 0; v < NV; v++) acc[i][v] = 0;
    for (; k > 0; k--, a += MR, b += NR) {
        VEC bv[NV];
        UNROLL for (int v = 0; v < NV; v++) bv[v] = VLOAD(v, b);
        UNROLL for (int i = 0; i < MR; i++) {
            const VEC av = a[i];
            UNROLL for (int v = 0; v < NV; v++) acc[i][v] = fma(av, bv[v], acc[i][v]);
        }
    }
}

static inline VEC NAME(end_vector)(VEC x, int e END_PARAMS) { END(VEC, VGET) }
static inline float NAME(end_scalar)(float x, int e END_PARAMS) { END(float, CLADE_GET) }

static inline void NAME(store_vector)(__global float *c, int at, VEC x, bool first, bool last,
                                      const __global float *bias, int bias_col, float beta END_PARAMS) {
    c += at;
    if (!first)
        x += VLOAD(0, c);
    if (last) {
        if (beta != 0)
            x += beta * (bias_col ? VLOAD(0, bias) : (VEC)(bias[0]));
        x = NAME(end_vector)(x, at END_ARGS);
    }
    VSTORE(x, 0, c);
}

/* Stores a tile: element (i, j) at c[begin + i * c_row + at[j]], at[j] < 0 outside. All but the first block of K add to
 * what is there; the last adds beta * bias[i * bias_row + at[j] * bias_col] and applies the epilogue. */
static inline void NAME(store)(__global float *c, int begin, int c_row, const int *at, VEC acc[MR][NV], int rows,
                               bool first, bool last, const __global float *bias, int bias_row, int bias_col, float beta
                                   END_PARAMS) {
    bool whole = rows >= MR;
    UNROLL for (int v = 0; v < NV; v++) whole &= at[(v + 1) * LANES - 1] == at[v * LANES] + LANES - 1;
    if (whole) { /* the common case, unrolled with the accumulators in registers */
        UNROLL for (int i = 0; i < MR; i++) UNROLL for (int v = 0; v < NV; v++)
            NAME(store_vector)(c, begin + i * c_row + at[v * LANES], acc[i][v], first, last,
                               bias + (size_t)i * bias_row + at[v * LANES] * bias_col, bias_col, beta END_ARGS);
        return;
    }
    VEC tile[MR][NV];
    UNROLL for (int i = 0; i < MR; i++) UNROLL for (int v = 0; v < NV; v++) tile[i][v] = acc[i][v];
    for (int i = 0; i < min(rows, MR); i++, begin += c_row, bias += bias_row)
        for (int v = 0; v < NV; v++) {
            const int *p = at + v * LANES;
            if (p[LANES - 1] == p[0] + LANES - 1) {
                NAME(store_vector)(c, begin + p[0], tile[i][v], first, last, bias + p[0] * bias_col, bias_col,
                                   beta END_ARGS);
                continue;
            }
            float t[LANES];
            VSTORE(tile[i][v], 0, t);
            for (int l = 0; l < LANES; l++)
                if (p[l] >= 0) {
                    float s = first ? t[l] : t[l] + c[begin + p[l]];
                    if (last)
                        s = NAME(end_scalar)(beta != 0 ? s + beta * bias[p[l] * bias_col] : s, begin + p[l] END_ARGS);
                    c[begin + p[l]] = s;
                }
        }
}

#ifndef CONV
/* alpha A of `rows` rows, at most MR, and kc columns -> ap[k][MR], zeros below; along what lies side by side. */
static inline void NAME(pack_a)(__local float *ap, const __global float *a, int rows, int kc, int a_row, int a_col,
                                float alpha) {
    if (a_row == 1 && rows >= MR) {
        for (int k = 0; k < kc; k++, ap += MR, a += a_col)
            for (int i = 0; i < MR; i++)
                ap[i] = alpha * a[i];
        return;
    }
    for (int i = 0; i < MR; i++)
        for (int k = 0; k < kc; k++)
            ap[k * MR + i] = i < rows ? alpha * a[(size_t)i * a_row + (size_t)k * a_col] : 0;
}

/* A group computes MB rows x NB columns; batches are numbered (outer, inner) and have a stride for each. C is dense, and so
 * are the panels of B unless b_batches is 1. Launch (ceil(M/MB), ceil(N/NB), batch); local memory MB * KB floats. */
SINGLE KERNEL(multiply)(__global float *c, ulong c_off, const __global float *a, ulong a_off, const __global float *bp,
                        ulong bp_off, const __global float *bias, ulong bias_off, int M, int N, int K, int a_row, int a_col,
                        int bias_row, int bias_col, int MB, int NB, int KB, int inner, int a_outer, int a_inner,
                        int bias_outer, int bias_inner, int b_batches, float alpha, float beta,
                        __local float *ap END_PARAMS) {
    const int i_begin = get_global_id(0) * MB, i_end = min(M, i_begin + MB);
    const int j_begin = get_global_id(1) * NB, j_end = min(N, j_begin + NB);
    const int batch = get_global_id(2);
    c += c_off;
    a += a_off + (size_t)(batch / inner) * a_outer + (size_t)(batch % inner) * a_inner;
    bias += bias_off + (size_t)(batch / inner) * bias_outer + (size_t)(batch % inner) * bias_inner;
    bp += bp_off + (b_batches == 1 ? 0 : (size_t)batch * ((N + NR - 1) / NR * NR) * K);
    int k0 = 0;
    do { /* once even if K is 0: then C is the bias */
        const int kc = min(KB, K - k0);
        for (int i = i_begin; i < i_end; i += MR)
            NAME(pack_a)(ap + (i - i_begin) * kc, a + (size_t)i * a_row + (size_t)k0 * a_col, M - i, kc, a_row, a_col, alpha);
        for (int j0 = j_begin; j0 < j_end; j0 += NR) {
            int at[NR];
            for (int j = 0; j < NR; j++)
                at[j] = j0 + j < N ? j0 + j : -1;
            for (int i0 = i_begin; i0 < i_end; i0 += MR) {
                VEC acc[MR][NV];
                NAME(tile)(acc, ap + (i0 - i_begin) * kc, bp + ((size_t)j0 * K + (size_t)k0 * NR), kc);
                NAME(store)(c, (batch * M + i0) * N, N, at, acc, i_end - i0, k0 == 0, k0 + kc >= K,
                            bias + (size_t)i0 * bias_row, bias_row, bias_col, beta END_ARGS);
            }
        }
        k0 += kc;
    } while (k0 < K);
}
#else
/* How a stretch of a row of a patch panel is made: of zeros, of vectors of every or every second element, one by one. */
enum { NAME(ZERO), NAME(EVERY), NAME(SECOND), NAME(SINGLY) };

/* Writes whole vectors, so up to LANES - 1 elements too many: what follows is written later. */
static inline void NAME(stretch)(__local float *o, const __global float *p, int count, int stride, int how) {
    if (how == NAME(ZERO))
        for (int i = 0; i < count; i += LANES)
            VSTORE((VEC)(0), 0, o + i);
    else if (how == NAME(EVERY))
        for (int i = 0; i < count; i += LANES)
            VSTORE(VLOAD(0, p + i), 0, o + i);
    else if (how == NAME(SECOND))
        for (int i = 0; i < count; i += LANES)
            VSTORE((VEC)(VLOAD(0, p + 2 * i).even, VLOAD(1, p + 2 * i).even), 0, o + i);
    else
        for (int i = 0; i < count; i++)
            o[i] = p[i * stride];
}

/* A group computes MB output channels x NR pixels of one convolution group. Launch (ceil(M/MB), ceil(images*P/NR), groups);
 * local memory NR * KB + LANES floats. Axes d, h, w; k, s, e, p: kernel, stride, dilation, padding before. */
SINGLE KERNEL(conv)(__global float *out, ulong out_off, const __global float *in, ulong in_off, const __global float *wp,
                    ulong wp_off, const __global float *bias, ulong bias_off, int images, int C, int M, int id, int ih,
                    int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed, int eh, int ew,
                    int pd, int ph, int pw, int MB, int KB, float beta, __local float *bp END_PARAMS) {
    const int group = get_global_id(2), groups = get_global_size(2);
    const int i_begin = get_global_id(0) * MB, i_end = min(M, i_begin + MB);
    const int P = od * oh * ow, plane = id * ih * iw, K = C * kd * kh * kw, columns = images * P;
    const int j0 = get_global_id(1) * NR, used = min(NR, columns - j0);
    const int size = (images * groups - group) * C * plane; /* of the input from this group on */
    out += out_off;
    in += in_off + (size_t)group * C * plane;
    wp += wp_off + (size_t)group * ((M + MR - 1) / MR * MR) * K;
    bias += bias_off + group * M;
    /* The pixels: each one's place in the output, and the rows of outputs they make up: where a row begins in the panel, the
     * input position of its first tap, its image. */
    int at[NR], begin[NR + 1], z[NR], y[NR], x[NR], base[NR], rows = 0;
    int n = j0 / P, d = j0 % P / (oh * ow), h = j0 % P / ow % oh, w = j0 % P % ow;
    for (int j = 0; j < used; rows++) {
        const int count = min(used - j, ow - w), first = n * groups * M * P + (d * oh + h) * ow + w;
        begin[rows] = j;
        z[rows] = d * sd - pd;
        y[rows] = h * sh - ph;
        x[rows] = w * sw - pw;
        base[rows] = n * groups * C * plane;
        for (int i = 0; i < count; i++)
            at[j + i] = first + i;
        j += count;
        w = 0;
        if (++h == oh) {
            h = 0;
            if (++d == od) {
                d = 0;
                n++;
            }
        }
    }
    begin[rows] = used;
    for (int j = used; j < NR; j++)
        at[j] = -1;
    for (int k0 = 0; k0 < K; k0 += KB) {
        const int k1 = min(K, k0 + KB);
        __local float *o = bp;
        for (int k = k0; k < k1;) { /* the channels c0 ... c0 + cn - 1 of one tap */
            const int tap = k / C, c0 = k % C, cn = min(C - c0, k1 - k);
            const int tz = tap / (kh * kw) * ed, ty = tap / kw % kh * eh, tx = tap % kw * ew;
            int to[3 * NR + 2], from[3 * NR + 1], how[3 * NR + 1], parts = 0;
            for (int r = 0; r < rows; r++) {
                /* Outputs lo ... hi - 1 of the row find the input; zeros before and behind. */
                const int iz = z[r] + tz, iy = y[r] + ty, ix = x[r] + tx, count = begin[r + 1] - begin[r];
                const bool inside = (uint)iz < (uint)id && (uint)iy < (uint)ih && ix < iw;
                const int lo = min(count, inside ? ix < 0 ? (sw - 1 - ix) / sw : 0 : count);
                const int hi = max(lo, min(count, inside ? (iw - 1 - ix) / sw + 1 : 0));
                if (lo > 0) {
                    to[parts] = begin[r];
                    how[parts++] = NAME(ZERO);
                }
                if (hi > lo) {
                    const int whole = (hi - lo + LANES - 1) / LANES * LANES * sw;
                    to[parts] = begin[r] + lo;
                    from[parts] = base[r] + (iz * ih + iy) * iw + ix + lo * sw;
                    how[parts] = sw > 2 || from[parts] + (c0 + cn - 1) * plane + whole > size ? NAME(SINGLY)
                                 : sw == 1                                                  ? NAME(EVERY)
                                                                                            : NAME(SECOND);
                    parts++;
                }
                if (hi < count && hi > lo) {
                    to[parts] = begin[r] + hi;
                    how[parts++] = NAME(ZERO);
                }
            }
            if (used < NR) {
                to[parts] = used;
                how[parts++] = NAME(ZERO);
            }
            to[parts] = NR;
            const __global float *p = in + (size_t)c0 * plane;
            if (parts == 1 && how[0] == NAME(EVERY)) {
                for (int c = 0; c < cn; c++, p += plane, o += NR)
                    UNROLL for (int v = 0; v < NV; v++) VSTORE(VLOAD(v, p + from[0]), v, o);
            } else {
                for (int c = 0; c < cn; c++, p += plane, o += NR)
                    for (int s = 0; s < parts; s++)
                        NAME(stretch)(o + to[s], p + from[s], to[s + 1] - to[s], sw, how[s]);
            }
            k += cn;
        }
        for (int i0 = i_begin; i0 < i_end; i0 += MR) {
            VEC acc[MR][NV];
            NAME(tile)(acc, wp + ((size_t)i0 * K + (size_t)k0 * MR), bp, k1 - k0);
            NAME(store)(out, (group * M + i0) * P, P, at, acc, i_end - i0, k0 == 0, k1 == K, bias + i0, 1, 0, beta END_ARGS);
        }
    }
}
#endif
#endif
