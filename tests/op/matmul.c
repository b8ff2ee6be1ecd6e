/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm: every row on random shapes against the double reference, every kind of broadcast. */
#include <math.h>
#include <stdio.h>

#include "../ref/ref.h"
#include "op/rig.h"

static op_rig rig;
static char prefer[96];

static void setup(void) {
    op_begin(&rig);
    rig.rtol = rig.atol = 1e-6;
    rig.prefer = prefer;
}
static void teardown(void) { op_end(&rig); }

/* What the reference gives, and the sizes that errors are of. */
typedef struct result {
    clade_tensor *value;
    double *size;
} result;

static result result_of(cld_type type) {
    type.dtype = CLADE_FLOAT64;
    result out = { cld_tensor_new(rig.graph->arena, &type),
                   cld_arena_calloc(rig.graph->arena, (size_t)cld_type_count(&type) + 1, sizeof *out.size) };
    ck_assert(out.value && out.size);
    return out;
}

static void put(const result *to, int64_t i, ref_value r) {
    cld_tensor_set(to->value, i, r.value);
    to->size[i] = r.magnitude;
}

static void add(const op_node *node, const result *want) {
    op_add_near(&rig, node, &(const clade_tensor *){ want->value }, &(const double *){ want->size });
}

/* Of the panels also tiles and blocks that divide nothing evenly. */
static const char *const rows[] = { "panels",
                                    "panels(mr 5, nv 1, kb 7, mb 10, nb 48)",
                                    "panels(mr 10, nv 3, kb 300, mb 20, nb 96)",
                                    "panels(mr 1, nv 2, kb 1, mb 1, nb 32)",
                                    "clblast",
                                    "clblast_direct",
                                    "tiles",
                                    "tiles(tm 32, tn 64, mi 2, ni 4, kb 8, ks 3)",
                                    "tiles(tm 64, tn 32, mi 8, ni 2, kb 32, ks 1)",
                                    "skinny",
                                    "skinny(columns 16, slices 4)",
                                    "skinny(columns 3, slices 33)",
                                    "reference" };

/* The row takes products of so many rows. */
static bool takes(const char *row, int64_t m) { return strncmp(row, "skinny", 6) != 0 || m <= 8; }

/* ---- Gemm ---------------------------------------------------------------------------------------------------------
 */

typedef struct gemm_shape {
    int64_t m, n, k;
} gemm_shape;
static const gemm_shape gemm_shapes[] = { { 1, 1, 1 },     { 1, 70, 33 },   { 3, 5, 7 },
                                          { 12, 32, 64 },  { 13, 33, 65 },  { 100, 1, 40 },
                                          { 37, 129, 20 }, { 65, 64, 300 }, { 5, 200, 513 } };

static void add_gemm(const gemm_shape *s) {
    const int64_t m = s->m, n = s->n, k = s->k;
    const bool trans_a = op_below(&rig, 2), trans_b = op_below(&rig, 2);
    const float alpha = (float)op_between(&rig, -8, 8) / 4, beta = (float)op_between(&rig, -8, 8) / 4;
    const int64_t bias = op_below(&rig, 6); /* none, scalar, [n], [1,n], [m,1], [m,n] */
    const cld_type biases[6] = { { 0 },
                                 { .dtype = CLADE_FLOAT32 },
                                 { CLADE_FLOAT32, 1, { n } },
                                 { CLADE_FLOAT32, 2, { 1, n } },
                                 { CLADE_FLOAT32, 2, { m, 1 } },
                                 { CLADE_FLOAT32, 2, { m, n } } };
    const cld_attr attr[] = { OP_INT("transA", trans_a), OP_INT("transB", trans_b), OP_FLOAT("alpha", alpha),
                              OP_FLOAT("beta", beta) };
    const cld_type a_type = { CLADE_FLOAT32, 2, { trans_a ? k : m, trans_a ? m : k } },
                   b_type = { CLADE_FLOAT32, 2, { trans_b ? n : k, trans_b ? k : n } };
    op_node node = { .type = "Gemm", .attr = attr, .n_attr = CLD_COUNT(attr) };
    op_in(&node, op_reals(&rig, &a_type, 1), false);
    op_in(&node, op_reals(&rig, &b_type, 1), op_below(&rig, 2));
    if (bias > 0)
        op_in(&node, op_reals(&rig, &biases[bias], 1), false);
    const float *a = node.in[0]->data, *b = node.in[1]->data, *d = bias > 0 ? node.in[2]->data : NULL;
    const int64_t d_row[6] = { 0, 0, 0, 0, 1, n }, d_col[6] = { 0, 0, 1, 1, 0, 1 };
    const result want = result_of((cld_type){ CLADE_FLOAT32, 2, { m, n } });
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            ref_value r =
                ref_dot(a + (trans_a ? i : i * k), trans_a ? m : 1, b + (trans_b ? j * k : j), trans_b ? 1 : n, k);
            r.value *= (double)alpha;
            r.magnitude *= fabs((double)alpha);
            if (d != NULL)
                r.value += (double)beta * (double)d[i * d_row[bias] + j * d_col[bias]];
            put(&want, i * n + j, r);
        }
    add(&node, &want);
}

START_TEST(gemm) {
    enum { ROUNDS = 2 };
    int32_t at_least = 0;
    snprintf(prefer, sizeof prefer, "Gemm=%s", rows[_i]);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t s = 0; s < CLD_COUNT(gemm_shapes); s++) {
            add_gemm(&gemm_shapes[s]);
            at_least += takes(rows[_i], gemm_shapes[s].m);
        }
    op_run(&rig);
    op_took(&rig, at_least);
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
    { 3, 3, { 4, 30, 60 }, { 4, 60, 30 }, { 1, 1, 4, 30, 30, 60 }, true }, /* K of attention heads */
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

/* The batch dimensions of both, matrices apart from those that are vectors. */
static cld_type product_type(const matmul_shape *p) {
    cld_type type = { .dtype = CLADE_FLOAT32 };
    const int32_t batch = CLD_MAX(CLD_MAX(p->a_rank, p->b_rank) - 2, 0);
    for (int32_t d = 3 - batch; d < 3; d++)
        type.dims[type.rank++] = p->out[d];
    if (p->a_rank > 1)
        type.dims[type.rank++] = p->out[3];
    if (p->b_rank > 1)
        type.dims[type.rank++] = p->out[4];
    return type;
}

static void add_matmul(const matmul_shape *p, bool constant) {
    const int64_t m = p->out[3], n = p->out[4], k = p->out[5];
    cld_type a_type = { CLADE_FLOAT32, p->a_rank, { 0 } }, b_type = { CLADE_FLOAT32, p->b_rank, { 0 } };
    memcpy(a_type.dims, p->a, sizeof p->a);
    memcpy(b_type.dims, p->b, sizeof p->b);
    op_node node = { .type = "MatMul" };
    op_in(&node, op_reals(&rig, &a_type, 1), false);
    op_in(&node, op_reals(&rig, &b_type, 1), constant);
    const float *a = node.in[0]->data, *b = node.in[1]->data;
    const result want = result_of(product_type(p));
    for (int64_t i = 0; i < clade_tensor_count(want.value); i++) {
        const int64_t batch = i / (m * n), row = i / n % m, column = i % n;
        const int64_t at[3] = { batch / p->out[2] / p->out[1], batch / p->out[2] % p->out[1], batch % p->out[2] };
        put(&want, i,
            ref_dot(a + matrix_at(p->a, p->a_rank, at, m * k) + row * k, 1,
                    b + matrix_at(p->b, p->b_rank, at, k * n) + column, n, k));
    }
    add(&node, &want);
}

START_TEST(matmul) {
    const bool blas = strncmp(rows[_i], "clblast", 7) == 0;
    int32_t at_least = 0;
    snprintf(prefer, sizeof prefer, "MatMul=%s", rows[_i]);
    for (size_t s = 0; s < CLD_COUNT(matmul_shapes); s++) {
        const matmul_shape *p = &matmul_shapes[s];
        const int64_t rows_of_one =
            p->out[3] * (p->b_rank <= 2 ? p->out[0] * p->out[1] * p->out[2] : 1); /* B is shared */
        add_matmul(p, s % 2 == 0);
        at_least += takes(rows[_i], rows_of_one) && (!blas || p->clblast);
    }
    op_run(&rig);
    op_took(&rig, at_least);
}
END_TEST

Suite *suite_op_matmul(void);
Suite *suite_op_matmul(void) {
    Suite *suite = suite_create("op/matmul");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, gemm, 0, (int)CLD_COUNT(rows));
    tcase_add_loop_test(tcase, matmul, 0, (int)CLD_COUNT(rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
