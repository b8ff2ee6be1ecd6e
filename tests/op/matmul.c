/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm: every row on random shapes against the double reference, every kind of broadcast. */
#include <math.h>
#include <stdio.h>

#include "../ref/ref.h"
#include "drawn.h"
#include "test.h"

/* Of the panels also tiles and blocks that divide nothing evenly. */
static const char *const rows[] = { "panels",
                                    "panels(mr 5, nv 1, kb 7, mb 10, nb 48)",
                                    "panels(mr 14, nv 3, kb 300, mb 28, nb 96)",
                                    "panels(mr 1, nv 2, kb 1, mb 1, nb 32)",
                                    "clblast",
                                    "tiles",
                                    "tiles(tm 32, tn 64, mi 2, ni 4, kb 8, ks 3)",
                                    "tiles(tm 64, tn 32, mi 8, ni 2, kb 32, ks 1)",
                                    "reference" };

static void check(const clade_tensor *got, int64_t i, ref_value r, const char *what) {
    const double error = fabs(cld_tensor_get(got, i) - r.value);
    ck_assert_msg(error <= 1e-6 * (1 + r.magnitude), "%s: element %lld is %.9g, not %.9g", what, (long long)i,
                  cld_tensor_get(got, i), r.value);
}

/* ---- Gemm ---------------------------------------------------------------------------------------------------------
 */

typedef struct gemm_shape {
    int64_t m, n, k;
} gemm_shape;
static const gemm_shape gemm_shapes[] = { { 1, 1, 1 },     { 1, 70, 33 },   { 3, 5, 7 },
                                          { 12, 32, 64 },  { 13, 33, 65 },  { 100, 1, 40 },
                                          { 37, 129, 20 }, { 65, 64, 300 }, { 5, 200, 513 } };

static void run_gemm(const char *row, const gemm_shape *s, uint32_t seed) {
    drawn c;
    drawn_begin(&c, "Gemm", seed);
    const int64_t m = s->m, n = s->n, k = s->k;
    const bool trans_a = drawn_number(&c, 0, 1), trans_b = drawn_number(&c, 0, 1);
    const float alpha = (float)drawn_number(&c, -8, 8) / 4, beta = (float)drawn_number(&c, -8, 8) / 4;
    const int64_t bias = drawn_number(&c, 0, 5); /* none, scalar, [n], [1,n], [m,1], [m,n] */
    const int64_t bias_dims[6][2] = { { 0, 0 }, { 1, 1 }, { n, 0 }, { 1, n }, { m, 1 }, { m, n } };
    static const int32_t bias_ranks[6] = { 0, 0, 1, 2, 2, 2 };
    clade_tensor out;
    char what[96];
    wire_attr_int(&c.node.attributes, "transA", trans_a);
    wire_attr_int(&c.node.attributes, "transB", trans_b);
    wire_attr_float(&c.node.attributes, "alpha", alpha);
    wire_attr_float(&c.node.attributes, "beta", beta);
    const int64_t a_dims[2] = { trans_a ? k : m, trans_a ? m : k }, b_dims[2] = { trans_b ? n : k, trans_b ? k : n };
    const float *a = drawn_input(&c, CLADE_FLOAT32, 2, a_dims, false)->data;
    const float *b = drawn_input(&c, CLADE_FLOAT32, 2, b_dims, drawn_number(&c, 0, 1))->data;
    const float *d = NULL;
    if (bias > 0)
        d = drawn_input(&c, CLADE_FLOAT32, bias_ranks[bias], bias_dims[bias], false)->data;
    const bool forced = drawn_run(&c, row, CLADE_FLOAT32, &out);
    snprintf(what, sizeof what, "Gemm=%s %lldx%lldx%lld", row, (long long)m, (long long)n, (long long)k);
    ck_assert_msg(forced, "%s: another row ran", what);
    ck_assert_int_eq(clade_tensor_count(&out), m * n);
    const int64_t d_row[6] = { 0, 0, 0, 0, 1, n }, d_col[6] = { 0, 0, 1, 1, 0, 1 };
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            ref_value r =
                ref_dot(a + (trans_a ? i : i * k), trans_a ? m : 1, b + (trans_b ? j * k : j), trans_b ? 1 : n, k);
            r.value *= (double)alpha;
            r.magnitude *= fabs((double)alpha);
            if (d != NULL)
                r.value += (double)beta * (double)d[i * d_row[bias] + j * d_col[bias]];
            check(&out, i * n + j, r, what);
        }
    clade_tensor_free(&out);
    drawn_free(&c);
}

START_TEST(gemm) {
    for (uint32_t seed = 1; seed <= 2; seed++)
        for (size_t s = 0; s < sizeof gemm_shapes / sizeof gemm_shapes[0]; s++)
            run_gemm(rows[_i], &gemm_shapes[s], seed * 100 + (uint32_t)s);
}
END_TEST

/* ---- MatMul -------------------------------------------------------------------------------------------------------
 */

typedef struct matmul_shape {
    int32_t a_rank, b_rank;
    int64_t a[5], b[5], out[6]; /* out: batch dimensions (right-aligned in 3), m, n, k */
    bool clblast;               /* its batch is one stride */
} matmul_shape;
static const matmul_shape matmul_shapes[] = {
    { 1, 1, { 9 }, { 9 }, { 1, 1, 1, 1, 1, 9 }, true },
    { 1, 2, { 9 }, { 9, 40 }, { 1, 1, 1, 1, 40, 9 }, true },
    { 3, 1, { 2, 5, 9 }, { 9 }, { 1, 1, 2, 5, 1, 9 }, true },
    { 3, 2, { 4, 6, 8 }, { 8, 35 }, { 1, 1, 4, 6, 35, 8 }, true },
    { 3, 3, { 4, 6, 8 }, { 4, 8, 5 }, { 1, 1, 4, 6, 5, 8 }, true },
    { 2, 3, { 6, 8 }, { 4, 8, 5 }, { 1, 1, 4, 6, 5, 8 }, true },
    { 4, 4, { 2, 3, 6, 8 }, { 2, 3, 8, 5 }, { 1, 2, 3, 6, 5, 8 }, true },
    { 4, 4, { 2, 1, 6, 8 }, { 1, 3, 8, 5 }, { 1, 2, 3, 6, 5, 8 }, false },
    { 4, 3, { 2, 3, 13, 300 }, { 3, 300, 33 }, { 1, 2, 3, 13, 33, 300 }, false },
    { 5, 5, { 2, 1, 2, 3, 7 }, { 1, 3, 1, 7, 4 }, { 2, 3, 2, 3, 4, 7 }, false },
    { 5, 5, { 2, 3, 1, 3, 7 }, { 1, 3, 2, 7, 4 }, { 2, 3, 2, 3, 4, 7 }, false },
};

/* Element offset of matrix (b0, b1, b2) of an operand. */
static int64_t matrix_at(const int64_t *dims, int32_t rank, const int64_t at[3], int64_t size) {
    int64_t index = 0;
    for (int32_t d = 0; d + 2 < rank; d++)
        index = index * dims[d] + (dims[d] == 1 ? 0 : at[3 - (rank - 2) + d]);
    return index * size;
}

START_TEST(matmul) {
    for (size_t s = 0; s < sizeof matmul_shapes / sizeof matmul_shapes[0]; s++) {
        const matmul_shape *p = &matmul_shapes[s];
        const int64_t m = p->out[3], n = p->out[4], k = p->out[5];
        drawn c;
        clade_tensor out;
        char what[64];
        drawn_begin(&c, "MatMul", (uint32_t)s);
        snprintf(what, sizeof what, "MatMul=%s shape %zu", rows[_i], s);
        const float *a = drawn_input(&c, CLADE_FLOAT32, p->a_rank, p->a, false)->data;
        const float *b = drawn_input(&c, CLADE_FLOAT32, p->b_rank, p->b, s % 2 == 0)->data;
        const bool forced = drawn_run(&c, rows[_i], CLADE_FLOAT32, &out);
        ck_assert_msg(forced || (!p->clblast && strcmp(rows[_i], "clblast") == 0), "%s: another row ran", what);
        ck_assert_int_eq(clade_tensor_count(&out), p->out[0] * p->out[1] * p->out[2] * m * n);
        for (int64_t i = 0; i < clade_tensor_count(&out); i++) {
            const int64_t batch = i / (m * n), row = i / n % m, column = i % n;
            const int64_t at[3] = { batch / p->out[2] / p->out[1], batch / p->out[2] % p->out[1], batch % p->out[2] };
            check(&out, i,
                  ref_dot(a + matrix_at(p->a, p->a_rank, at, m * k) + row * k, 1,
                          b + matrix_at(p->b, p->b_rank, at, k * n) + column, n, k),
                  what);
        }
        clade_tensor_free(&out);
        drawn_free(&c);
    }
}
END_TEST

Suite *suite_op_matmul(void);
Suite *suite_op_matmul(void) {
    Suite *suite = suite_create("op/matmul");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, gemm, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_loop_test(tcase, matmul, 0, (int)(sizeof rows / sizeof rows[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
