/* SPDX-License-Identifier: Apache-2.0 */
/* Attention spelled out, fused into one node and run, against its formula in double precision. */
#include <math.h>

#include "op/matrix/attention.h"
#include "op/rig.h"
#include "pass/pass.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

enum { AS_IS, BY_HEAD }; /* [b, h, t, d], or [b, t, h, d] and a Transpose; k^T is always a Transpose's */

typedef struct example {
    const char *prefer;
    int64_t b, h, queries, keys, d, dv; /* h 0: no dimension of heads */
    int mask_rank;                      /* 0: none; of the scores' last dimensions, those in `ones` being 1 */
    unsigned ones;                      /* bit k: dimension -1 - k */
    int layout;
    const char *scale; /* "Mul", "Div", or NULL */
    double large;      /* of q's elements */
    bool causal;       /* -infinity in the mask above the diagonal */
    clade_dtype dtype; /* 0: float32 */
} example;

static const example examples[] = {
    { NULL, 2, 3, 37, 41, 16, 24, .mask_rank = 0, .scale = "Mul" },
    { NULL, 1, 2, 1, 67, 64, 64, .scale = "Div", .layout = BY_HEAD },
    { NULL, 2, 0, 19, 70, 20, 20, .mask_rank = 2, .scale = "Mul" },
    { NULL, 2, 2, 33, 33, 8, 8, .mask_rank = 4, .causal = true, .layout = BY_HEAD },
    { NULL, 2, 2, 33, 35, 33, 7, .mask_rank = 4, .ones = 6, .scale = "Div" },
    { NULL, 2, 2, 5, 35, 3, 7, .mask_rank = 3, .ones = 6 },
    { NULL, 1, 1, 1, 1, 1, 1, .scale = NULL },
    { NULL, 3, 0, 7, 1, 5, 2, .mask_rank = 3, .ones = 4 },
    { NULL, 1, 2, 9, 50, 12, 12, .large = 200 },
    { NULL, 2, 2, 17, 33, 30, 18, .mask_rank = 2, .scale = "Div", .layout = BY_HEAD, .dtype = CLADE_FLOAT16 },
    { "Attention=online(group 256, queries 4, keys 16)", 1, 2, 70, 40, 16, 16, .scale = "Mul" },
    { "Attention=online(group 16, queries 2, keys 64)", 1, 2, 5, 70, 9, 17, .mask_rank = 4, .causal = true },
    { "Attention=online(group 64, queries 1, keys 32)", 1, 2, 5, 33, 128, 128, .scale = "Mul" },
    { "Attention=each", 1, 2, 5, 33, 40, 70, .mask_rank = 2, .causal = true, .layout = BY_HEAD },
};

/* ---- the graph, and the formula ------------------------------------------------------------------------------------
 */

static cld_value_id given(const clade_tensor *tensor) {
    const cld_type type = cld_tensor_type(tensor);
    rig.inputs[rig.graph->n_inputs] = tensor;
    return cld_graph_input(rig.graph, NULL, &type);
}

static cld_value_id node(const char *type, cld_value_id a, cld_value_id b, const cld_attr *attr) {
    cld_build build = { .graph = rig.graph, .node = "test" };
    const cld_value_id in[] = { a, b };
    cld_value_id out;
    ck_ok(cld_build_op(&build, type, in, cld_present(b) ? 2 : 1, attr, attr != NULL, &out, &rig.err), rig.err);
    return out;
}

static cld_value_id transpose(cld_value_id x, int count, const int64_t *perm) {
    return node("Transpose", x, CLD_ABSENT, &OP_INTS("perm", count, perm));
}

/* q, k or v as it is given: rows of `columns`. */
static clade_tensor *operand(const example *e, int64_t rows, int64_t columns, double scale) {
    const clade_dtype dtype = e->dtype ? e->dtype : CLADE_FLOAT32;
    const cld_type type = e->h == 0              ? (cld_type){ dtype, 3, { e->b, rows, columns } }
                          : e->layout == BY_HEAD ? (cld_type){ dtype, 4, { e->b, rows, e->h, columns } }
                                                 : (cld_type){ dtype, 4, { e->b, e->h, rows, columns } };
    return op_reals(&rig, &type, scale);
}

static double at(const example *e, const clade_tensor *x, int64_t rows, int64_t columns, int64_t b, int64_t h,
                 int64_t row, int64_t column) {
    const int64_t heads = CLD_MAX(e->h, 1);
    return cld_tensor_get(x, e->layout == BY_HEAD ? ((b * rows + row) * heads + h) * columns + column
                                                  : ((b * heads + h) * rows + row) * columns + column);
}

static clade_tensor *mask_of(const example *e) {
    const int64_t dims[] = { e->keys, e->queries, e->h ? e->h : e->b, e->b };
    cld_type type = { e->dtype ? e->dtype : CLADE_FLOAT32, e->mask_rank, { 0 } };
    for (int k = 0; k < e->mask_rank; k++)
        type.dims[e->mask_rank - 1 - k] = e->ones >> k & 1 ? 1 : dims[k];
    clade_tensor *mask = op_reals(&rig, &type, 2);
    for (int64_t i = 0; e->causal && i < clade_tensor_count(mask); i++)
        if (i % e->keys > i / e->keys % e->queries)
            cld_tensor_set(mask, i, -INFINITY);
    return mask;
}

static double mask_at(const example *e, const clade_tensor *mask, int64_t b, int64_t h, int64_t i, int64_t j) {
    const int64_t index[] = { j, i, e->h ? h : b, b };
    int64_t place = 0;
    for (int k = e->mask_rank - 1; k >= 0; k--) {
        const int64_t size = mask->dims[e->mask_rank - 1 - k];
        place = place * size + (size == 1 ? 0 : index[k]);
    }
    return cld_tensor_get(mask, place);
}

static void weigh(const example *e, double *weight, const clade_tensor *q, const clade_tensor *k,
                  const clade_tensor *mask, double scale, int64_t b, int64_t h, int64_t i) {
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < e->keys; j++) {
        double s = 0;
        for (int64_t d = 0; d < e->d; d++)
            s += at(e, q, e->queries, e->d, b, h, i, d) * at(e, k, e->keys, e->d, b, h, j, d);
        weight[j] = s * scale + (mask ? mask_at(e, mask, b, h, i, j) : 0);
        most = fmax(most, weight[j]);
    }
    for (int64_t j = 0; j < e->keys; j++)
        sum += weight[j] = exp(weight[j] - most);
    for (int64_t j = 0; j < e->keys; j++)
        weight[j] /= sum;
}

/* [b, t, h, d], or [b, h, t, d]. */
static const clade_tensor *formula(const example *e, const clade_tensor *q, const clade_tensor *k,
                                   const clade_tensor *v, const clade_tensor *mask, double scale) {
    const int64_t heads = CLD_MAX(e->h, 1);
    const cld_type type = e->h == 0              ? (cld_type){ CLADE_FLOAT64, 3, { e->b, e->queries, e->dv } }
                          : e->layout == BY_HEAD ? (cld_type){ CLADE_FLOAT64, 4, { e->b, e->queries, e->h, e->dv } }
                                                 : (cld_type){ CLADE_FLOAT64, 4, { e->b, e->h, e->queries, e->dv } };
    clade_tensor *out = cld_tensor_new(rig.graph->arena, &type);
    double *weight = cld_arena_calloc(rig.graph->arena, (size_t)e->keys, sizeof *weight);
    for (int64_t u = 0; u < e->b * heads * e->queries; u++) {
        const int64_t b = u / heads / e->queries, h = u / e->queries % heads, i = u % e->queries;
        weigh(e, weight, q, k, mask, scale, b, h, i);
        for (int64_t c = 0; c < e->dv; c++) {
            double sum = 0;
            for (int64_t j = 0; j < e->keys; j++)
                sum += weight[j] * at(e, v, e->keys, e->dv, b, h, j, c);
            cld_tensor_set(out, e->layout == BY_HEAD ? ((b * e->queries + i) * heads + h) * e->dv + c : u * e->dv + c,
                           sum);
        }
    }
    return out;
}

static void build(const example *e) {
    static const int64_t swap[] = { 0, 2, 1, 3 }, last[] = { 0, 1, 3, 2 }, both[] = { 0, 2, 3, 1 },
                         rows[] = { 0, 2, 1 };
    const bool by_head = e->layout == BY_HEAD;
    clade_tensor *tensor[] = { operand(e, e->queries, e->d, e->large > 0 ? e->large : 1.5),
                               operand(e, e->keys, e->d, 1.5), operand(e, e->keys, e->dv, 2),
                               e->mask_rank ? mask_of(e) : NULL };
    const double factor = e->scale && strcmp(e->scale, "Div") == 0 ? 3 : 0.3;
    cld_value_id q = given(tensor[0]), k = given(tensor[1]), v = given(tensor[2]);
    if (by_head) {
        q = transpose(q, 4, swap);
        v = transpose(v, 4, swap);
    }
    k = e->h == 0 ? transpose(k, 3, rows) : transpose(k, 4, by_head ? both : last);
    cld_value_id s = node("MatMul", q, k, NULL);
    const clade_tensor *constant = op_scalar(&rig, e->dtype ? e->dtype : CLADE_FLOAT32, factor);
    if (e->scale)
        s = node(e->scale, s, cld_graph_constant(rig.graph, NULL, constant), NULL);
    if (tensor[3])
        s = node("Add", s, given(tensor[3]), NULL);
    cld_value_id out = node("MatMul", node("Softmax", s, CLD_ABSENT, &OP_INT("axis", -1)), v, NULL);
    if (by_head)
        out = transpose(out, 4, swap);
    const double own = cld_tensor_get(constant, 0);
    rig.want[rig.graph->n_outputs] = formula(e, tensor[0], tensor[1], tensor[2], tensor[3],
                                             !e->scale                      ? 1
                                             : strcmp(e->scale, "Div") == 0 ? 1 / own
                                                                            : own);
    ck_assert(cld_graph_output(rig.graph, out));
}

static void fuse(bool linear) {
    rig.graph->linear_attention = linear;
    ck_ok(cld_pass_dead(rig.graph, &rig.err), rig.err);
    ck_ok(cld_pass_fuse(rig.graph, &rig.err), rig.err);
    ck_ok(cld_graph_verify(rig.graph, &rig.err), rig.err);
}

START_TEST(agrees) {
    const example *e = &examples[_i];
    rig.prefer = e->prefer;
    rig.rtol = rig.atol = e->dtype ? 2e-3 : e->large > 0 ? 1e-4 : 1e-5;
    build(e);
    fuse(true);
    ck_assert_int_eq(rig.graph->n_nodes, 1);
    ck_assert_ptr_eq(rig.graph->nodes[0].op, &cld_op_Attention);
    op_run(&rig);
    if (e->prefer)
        op_took(&rig, 1);
}
END_TEST

/* What masks leave nothing of is NaN, as it is when it is spelled out. */
START_TEST(nothing_left) {
    for (int spelled = 0; spelled < 2; spelled++) {
        const example e = { NULL, 1, 1, 3, 20, 4, 4, .mask_rank = 2 };
        op_end(&rig);
        op_begin(&rig);
        rig.rtol = rig.atol = 1e-5;
        build(&e);
        clade_tensor *mask = (clade_tensor *)rig.inputs[rig.graph->n_inputs - 1];
        clade_tensor *want = (clade_tensor *)rig.want[0];
        for (int64_t j = 0; j < e.keys; j++)
            cld_tensor_set(mask, j, -INFINITY);
        for (int64_t c = 0; c < e.dv; c++)
            cld_tensor_set(want, c, (double)NAN);
        fuse(!spelled);
        ck_assert_int_eq(rig.graph->n_nodes == 1, !spelled);
        op_run(&rig);
    }
}
END_TEST

Suite *suite_op_attention(void);
Suite *suite_op_attention(void) {
    Suite *suite = suite_create("op_attention");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, agrees, 0, CLD_COUNT(examples));
    tcase_add_test(tcase, nothing_left);
    suite_add_tcase(suite, tcase);
    return suite;
}
