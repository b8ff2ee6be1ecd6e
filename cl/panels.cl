/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products on CPUs: packed panels and register tiles, one work-item a group (Goto, van de Geijn: Anatomy of
 * high-performance matrix multiplication, 2008). Every kernel here computes
 *     C[i, j] = EPILOGUE(sum_k A[i, k] B[k, j] + bias),   sums in a fixed order: the same input gives the same bits.
 * One operand is packed beforehand (pack_*: once, when it is constant), the other into local memory just before use:
 *     multiply  A [M,K], strides a_row, a_col  packed here;       B from pack_b: panels [K][NR]
 *     conv      implicit GEMM: A the weights, from pack_w: panels [K][MR], K ordered tap by tap, channel by channel;
 *               B the patches, a column for each output pixel of each image, gathered here from NC(DHW)
 * Tunables: MR x NV*LANES the register tile; LANES the width of a vector; KB, MB, NB the blocks (arguments). float32.
 */
#ifndef MR
#define MR 12
#define LANES 16
#define NV 2
#endif
#ifndef EPILOGUE
#define EPILOGUE x
#endif
#define NR (NV * LANES)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define VEC JOIN(float, LANES)
#define MASK JOIN(int, LANES)
#define VLOAD JOIN(vload, LANES)
#define VSTORE JOIN(vstore, LANES)
#define UNROLL __attribute__((opencl_unroll_hint))
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
#ifdef CONV
#define A_SPACE __global
#define B_SPACE __local
#else
#define A_SPACE __local
#define B_SPACE __global
#endif

/* acc = A panel x B panel over k terms. */
inline void NAME(tile)(VEC acc[MR][NV], const A_SPACE float *a, const B_SPACE float *b, int k) {
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

inline VEC NAME(finish_vector)(VEC x) { return EPILOGUE; }
inline float NAME(finish_scalar)(float x) { return EPILOGUE; }

/* Stores a tile: element (i, j) at c[i * c_row + at[j]], at[j] < 0 outside. All but the first block of K add to what is
 * there; the last adds beta * bias[i * bias_row + at[j] * bias_col] and applies the epilogue. */
inline void NAME(store)(__global float *c, int c_row, const int *at, VEC acc[MR][NV], int rows, bool first, bool last,
                        const __global float *bias, int bias_row, int bias_col, float beta) {
    UNROLL for (int i = 0; i < MR; i++)
        UNROLL for (int v = 0; v < NV && i < rows; v++) {
            const int *p = at + v * LANES;
            __global float *o = c + (size_t)i * c_row;
            const __global float *q = bias + (size_t)i * bias_row;
            VEC x = acc[i][v];
            if (p[LANES - 1] == p[0] + LANES - 1) {
                if (!first)
                    x += VLOAD(0, o + p[0]);
                if (last) {
                    if (beta != 0)
                        x += beta * (bias_col ? VLOAD(0, q + p[0]) : (VEC)(q[0]));
                    x = NAME(finish_vector)(x);
                }
                VSTORE(x, 0, o + p[0]);
            } else {
                float t[LANES];
                VSTORE(x, 0, t);
                for (int l = 0; l < LANES; l++)
                    if (p[l] >= 0) {
                        float s = first ? t[l] : t[l] + o[p[l]];
                        if (last)
                            s = NAME(finish_scalar)(beta != 0 ? s + beta * q[p[l] * bias_col] : s);
                        o[p[l]] = s;
                    }
            }
        }
}

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

/* A group computes MB rows x NB columns; batches are numbered (outer, inner) and have a stride for each. C is dense, and so
 * are the panels of B unless b_batches is 1. Launch (ceil(M/MB), ceil(N/NB), batch); local memory MB * KB floats. */
SINGLE KERNEL(multiply)(__global float *c, ulong c_off, const __global float *a, ulong a_off, const __global float *bp,
                        ulong bp_off, const __global float *bias, ulong bias_off, int M, int N, int K, int a_row, int a_col,
                        int bias_row, int bias_col, int MB, int NB, int KB, int inner, int a_outer, int a_inner,
                        int bias_outer, int bias_inner, int b_batches, float alpha, float beta, __local float *ap) {
    const int i_begin = get_global_id(0) * MB, i_end = min(M, i_begin + MB);
    const int j_begin = get_global_id(1) * NB, j_end = min(N, j_begin + NB);
    const int batch = get_global_id(2);
    c += c_off + (size_t)batch * M * N;
    a += a_off + (size_t)(batch / inner) * a_outer + (size_t)(batch % inner) * a_inner;
    bias += bias_off + (size_t)(batch / inner) * bias_outer + (size_t)(batch % inner) * bias_inner;
    bp += bp_off + (b_batches == 1 ? 0 : (size_t)batch * ((N + NR - 1) / NR * NR) * K);
    int k0 = 0;
    do { /* once even if K is 0: then C is the bias */
        const int kc = min(KB, K - k0);
        for (int i = i_begin; i < i_begin + (i_end - i_begin + MR - 1) / MR * MR; i++) {
            __local float *o = ap + ((i - i_begin) / MR * kc * MR + (i - i_begin) % MR);
            const __global float *p = a + (size_t)i * a_row + (size_t)k0 * a_col;
            for (int k = 0; k < kc; k++)
                o[k * MR] = i < M ? alpha * p[(size_t)k * a_col] : 0;
        }
        for (int j0 = j_begin; j0 < j_end; j0 += NR) {
            int at[NR];
            for (int j = 0; j < NR; j++)
                at[j] = j0 + j < N ? j0 + j : -1;
            for (int i0 = i_begin; i0 < i_end; i0 += MR) {
                VEC acc[MR][NV];
                NAME(tile)(acc, ap + (i0 - i_begin) * kc, bp + ((size_t)j0 * K + (size_t)k0 * NR), kc);
                NAME(store)(c + (size_t)i0 * N, N, at, acc, i_end - i0, k0 == 0, k0 + kc >= K,
                            bias + (size_t)i0 * bias_row, bias_row, bias_col, beta);
            }
        }
        k0 += kc;
    } while (k0 < K);
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

/* A group computes MB output channels x NB pixels of one convolution group. Launch (ceil(M/MB), ceil(images*P/NB), groups);
 * local memory NB * KB floats. Up to three spatial axes: d, h, w; k, s, e, p: kernel, stride, dilation, padding before. */
SINGLE KERNEL(conv)(__global float *out, ulong out_off, const __global float *in, ulong in_off, const __global float *wp,
                    ulong wp_off, const __global float *bias, ulong bias_off, int images, int C, int M, int id, int ih,
                    int iw, int od, int oh, int ow, int kd, int kh, int kw, int sd, int sh, int sw, int ed, int eh, int ew,
                    int pd, int ph, int pw, int MB, int NB, int KB, float beta, __local float *bp) {
    const int group = get_global_id(2), groups = get_global_size(2);
    const int i_begin = get_global_id(0) * MB, i_end = min(M, i_begin + MB);
    const int P = od * oh * ow, plane = id * ih * iw, K = C * kd * kh * kw, columns = images * P;
    const int j_begin = get_global_id(1) * NB, j_end = min(columns, j_begin + NB);
    out += out_off + (size_t)group * M * P;
    in += in_off + (size_t)group * C * plane;
    wp += wp_off + (size_t)group * ((M + MR - 1) / MR * MR) * K;
    bias += bias_off + group * M;
    for (int k0 = 0; k0 < K; k0 += KB) {
        const int k1 = min(K, k0 + KB), kc = k1 - k0;
        for (int j0 = j_begin; j0 < j_end; j0 += NR) {
            /* Column j: its image's first element, the input position of its first tap, its place in the output. */
            int base[NR], z[NR], y[NR], x[NR], at[NR];
            int n = j0 / P, t = j0 % P, d = t / (oh * ow), h = t / ow % oh, w = t % ow;
            for (int j = 0; j < NR; j++) {
                base[j] = n * groups * C * plane;
                z[j] = j0 + j < columns ? d * sd - pd : -id - kd * ed; /* outside for every tap */
                y[j] = h * sh - ph;
                x[j] = w * sw - pw;
                at[j] = j0 + j < columns ? n * groups * M * P + (d * oh + h) * ow + w : -1;
                if (++w == ow) {
                    w = 0;
                    if (++h == oh) {
                        h = 0;
                        if (++d == od) {
                            d = 0;
                            n++;
                        }
                    }
                }
            }
            __local float *o = bp;
            for (int k = k0; k < k1;) {
                const int tap = k / C, c0 = k % C, cn = min(C - c0, k1 - k);
                const int tz = tap / (kh * kw) * ed, ty = tap / kw % kh * eh, tx = tap % kw * ew;
                int from[NR], inside[NR], runs = 0, holes = 0;
                for (int j = 0; j < NR; j++) {
                    const int iz = z[j] + tz, iy = y[j] + ty, ix = x[j] + tx;
                    from[j] = base[j] + (iz * ih + iy) * iw + ix;
                    inside[j] = (uint)iz < (uint)id && (uint)iy < (uint)ih && (uint)ix < (uint)iw ? -1 : 0;
                }
                for (int j = 0; j < NR; j++) {
                    runs |= from[j] - from[0] - j;
                    holes |= ~inside[j];
                }
                const __global float *p = in + (size_t)c0 * plane;
                if (runs == 0 && from[0] >= base[0] && from[NR - 1] < base[0] + plane) {
                    if (holes == 0) {
                        for (int c = 0; c < cn; c++, p += plane, o += NR)
                            UNROLL for (int v = 0; v < NV; v++) VSTORE(VLOAD(v, p + from[0]), v, o);
                    } else {
                        for (int c = 0; c < cn; c++, p += plane, o += NR)
                            UNROLL for (int v = 0; v < NV; v++)
                                VSTORE(select((VEC)(0), VLOAD(v, p + from[0]), VLOAD(v, inside)), v, o);
                    }
                } else {
                    for (int j = 0; j < NR; j++)
                        from[j] = inside[j] ? from[j] : 0;
                    for (int c = 0; c < cn; c++, p += plane, o += NR)
                        for (int j = 0; j < NR; j++) {
                            const float s = p[from[j]];
                            o[j] = inside[j] ? s : 0;
                        }
                }
                k += cn;
            }
            for (int i0 = i_begin; i0 < i_end; i0 += MR) {
                VEC acc[MR][NV];
                NAME(tile)(acc, wp + ((size_t)i0 * K + (size_t)k0 * MR), bp, kc);
                NAME(store)(out + (size_t)i0 * P, P, at, acc, i_end - i0, k0 == 0, k1 == K, bias + i0, 1, 0, beta);
            }
        }
    }
}
#endif
