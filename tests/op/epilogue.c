/* SPDX-License-Identifier: Apache-2.0 */
/* Epilogues with operands on every row that has them: a product with the identity, then scale, residual, shift and a
 * maximum with the result itself, in one step, against the same maps on the host.
 */
#include "op/rig.h"
#include "pass/pass.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

enum { OPERANDS = 4 };

static const struct {
    const char *type;
    cld_type x;
    int64_t groups, kernel;     /* along each axis; zero but in the middle */
    cld_type operand[OPERANDS]; /* scale, residual, shift; the last one dtype NONE: no bias */
} cases[] = {
#define F(...)                                                                                                         \
    { CLADE_FLOAT32, __VA_ARGS__ }
    { "MatMul", F(2, { 5, 21 }), 1, 1, { F(1, { 21 }), F(2, { 5, 21 }), F(1, { 1 }) } },
    { "MatMul", F(3, { 2, 13, 70 }), 1, 1, { F(2, { 13, 1 }), F(3, { 2, 13, 70 }), F(2, { 13, 70 }) } },
    { "MatMul", F(4, { 2, 3, 6, 33 }), 1, 1, { F(3, { 3, 1, 1 }), F(4, { 2, 3, 6, 33 }), F(4, { 2, 1, 1, 1 }) } },
    { "MatMul", F(1, { 40 }), 1, 1, { F(1, { 40 }), F(1, { 40 }), F(0, { 0 }) } },
    { "Gemm", F(2, { 37, 50 }), 1, 1, { F(1, { 50 }), F(2, { 37, 50 }), F(2, { 37, 1 }), F(1, { 50 }) } },
    { "Conv",
      F(4, { 2, 13, 5, 7 }),
      1,
      1,
      { F(3, { 13, 1, 1 }), F(4, { 2, 13, 5, 7 }), F(2, { 5, 7 }), F(1, { 13 }) } },
    { "Conv", F(3, { 3, 6, 100 }), 2, 1, { F(2, { 6, 1 }), F(3, { 3, 6, 100 }), F(1, { 100 }) } },
    { "Conv", F(4, { 2, 5, 3, 9 }), 5, 1, { F(4, { 2, 5, 1, 1 }), F(4, { 2, 5, 3, 9 }), F(1, { 1 }), F(1, { 5 }) } },
    { "Conv", F(5, { 1, 8, 2, 3, 4 }), 1, 1, { F(4, { 8, 1, 1, 1 }), F(5, { 1, 8, 2, 3, 4 }), F(3, { 2, 3, 4 }) } },
    { "Conv",
      F(4, { 2, 19, 5, 22 }),
      1,
      3,
      { F(3, { 19, 1, 1 }), F(4, { 2, 19, 5, 22 }), F(2, { 5, 22 }), F(1, { 19 }) } },
    { "ConvTranspose",
      F(4, { 2, 7, 4, 5 }),
      1,
      1,
      { F(3, { 7, 1, 1 }), F(4, { 2, 7, 4, 5 }), F(2, { 4, 5 }), F(1, { 7 }) } },
    { "ConvTranspose", F(3, { 2, 6, 30 }), 3, 1, { F(2, { 6, 1 }), F(3, { 2, 6, 30 }), F(1, { 30 }) } },
#undef F
};

static const char *const rows[] = {
    NULL,
    "MatMul=tiles,Gemm=tiles,Conv=im2col > tiles,ConvTranspose=col2im",
    "MatMul=reference,Gemm=reference,Conv=reference,ConvTranspose=reference",
    "MatMul=panels(mr 5, nv 1, kb 7, mb 10, nb 48),Gemm=panels(mr 5, nv 1, kb 7, mb 10, nb 48),Conv=rows(chunk 3)",
    "Conv=implicit(mr 5, nv 1, kb 2, mb 10)",
    "Conv=im2col > panels(mr 4, nv 1, kb 3, mb 8, nb 32)",
    "MatMul=clblast,Gemm=clblast,Conv=convgemm",
    "Conv=winograd(m 2, images 1)",
    "Conv=winograd(m 4, images 2)",
    "Conv=strips(outs 2)",
};

/* One value, on the device and on the host. */
typedef struct pair {
    cld_value_id device, host;
} pair;

static pair input(const cld_type *type) {
    clade_tensor *tensor = op_tensor(&rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, cld_tensor_get(tensor, i) / 32);
    rig.inputs[rig.graph->n_inputs] = tensor;
    return (pair){ cld_graph_input(rig.graph, NULL, type), cld_graph_constant(rig.host, NULL, tensor) };
}

static pair apply(const char *type, pair a, pair b) {
    cld_build device = { .graph = rig.graph, .node = "n" }, host = { .graph = rig.host, .node = "n" };
    pair out;
    ck_ok(cld_build_op(&device, type, (cld_value_id[]){ a.device, b.device }, 2, NULL, 0, &out.device, &rig.err),
          rig.err);
    ck_ok(cld_build_op(&host, type, (cld_value_id[]){ a.host, b.host }, 2, NULL, 0, &out.host, &rig.err), rig.err);
    return out;
}

/* Weights with which the operator gives x back: [n, n], or [n, n / groups, k ...] with the identity in each group. */
static cld_value_id identity(const cld_type *x, bool matrix, int64_t groups, int64_t k) {
    const int64_t n = matrix ? x->dims[x->rank - 1] : x->dims[1], each = n / groups;
    cld_type type = { CLADE_FLOAT32, matrix ? 2 : x->rank, { n, each, k, k, k } };
    const int64_t taps = cld_type_span(&type, 2, type.rank);
    clade_tensor *tensor = cld_tensor_new(rig.graph->arena, &type);
    for (int64_t i = 0; i < n; i++)
        cld_tensor_set(tensor, (i * each + i % each) * taps + taps / 2, 1);
    return cld_graph_constant(rig.graph, NULL, tensor);
}

/* The product, whose result is x plus what its own bias adds. */
static pair product(int c, pair x) {
    const cld_type *type = &cases[c].x, *bias = &cases[c].operand[OPERANDS - 1];
    const bool matrix = strstr(cases[c].type, "Conv") == NULL;
    static const int64_t around[] = { 1, 1, 1, 1 };
    const cld_attr attributes[] = { OP_INT("group", cases[c].groups), OP_INTS("pads", 4, around) };
    cld_value_id in[3] = { x.device, identity(type, matrix, cases[c].groups, cases[c].kernel) };
    cld_build build = { .graph = rig.graph, .node = "product" };
    pair sum = x;
    int32_t n_in = 2;
    if (bias->dtype != CLADE_NONE) {
        cld_type wide = *bias; /* as it lies over x */
        for (int32_t d = 2; !matrix && d < type->rank; d++)
            wide.dims[wide.rank++] = 1;
        pair b = input(bias);
        cld_build host = { .graph = rig.host, .node = "bias" };
        ck_ok(cld_build_reshape(&host, b.host, wide.dims, wide.rank, &b.host, &rig.err), rig.err);
        ck_ok(cld_build_op(&host, "Add", (cld_value_id[]){ x.host, b.host }, 2, NULL, 0, &sum.host, &rig.err), rig.err);
        in[n_in++] = b.device;
    }
    ck_ok(cld_build_op(&build, cases[c].type, in, n_in, attributes, matrix ? 0 : 1 + (cases[c].kernel > 1), &sum.device,
                       &rig.err),
          rig.err);
    return sum;
}

START_TEST(one_step) {
    rig.rtol = 1e-6, rig.atol = 1e-6;
    rig.prefer = rows[_i];
    for (int c = 0; c < (int)CLD_COUNT(cases); c++) {
        pair x = input(&cases[c].x), scale = input(&cases[c].operand[0]), residual = input(&cases[c].operand[1]),
             shift = input(&cases[c].operand[2]);
        pair sum = product(c, x), y = apply("Mul", sum, scale);
        y = apply("Sub", residual, y);
        y = apply("Add", y, shift);
        y = apply("Max", y, sum);
        rig.want[rig.graph->n_outputs] = cld_graph_at(rig.host, y.host)->constant;
        ck_assert(cld_graph_output(rig.graph, y.device));
    }
    ck_ok(cld_pass_fuse(rig.graph, &rig.err), rig.err);
    ck_ok(cld_graph_verify(rig.graph, &rig.err), rig.err);
    ck_assert_int_eq(rig.graph->n_nodes, (int)CLD_COUNT(cases));
    op_run(&rig);
}
END_TEST

Suite *suite_op_epilogue(void);
Suite *suite_op_epilogue(void) {
    Suite *suite = suite_create("op_epilogue");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, one_step, 0, (int)CLD_COUNT(rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
