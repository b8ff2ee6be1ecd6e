/* SPDX-License-Identifier: Apache-2.0 */
/* Random graphs of pointwise nodes, fused and run on the device, against the same graphs on the host.
 *
 * Products with the identity matrix stand between them, so that epilogues and cycles to avoid come up too.
 */
#include "op/rig.h"
#include "pass/pass.h"

enum { VALUES = 24, ROWS = 5, COLUMNS = 21 };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* One value, on the device and on the host. */
typedef struct pair {
    cld_value_id device, host;
} pair;

static pair constant(const clade_tensor *tensor) {
    return (pair){ cld_graph_constant(rig.graph, NULL, tensor), cld_graph_constant(rig.host, NULL, tensor) };
}

static pair random_input(const cld_type *type) {
    clade_tensor *tensor = op_tensor(&rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, cld_tensor_get(tensor, i) / 32);
    rig.inputs[rig.graph->n_inputs] = tensor;
    return (pair){ cld_graph_input(rig.graph, NULL, type), cld_graph_constant(rig.host, NULL, tensor) };
}

static pair apply(const char *type, const pair *in, int32_t n) {
    cld_build device = { .graph = rig.graph, .node = "n" }, host = { .graph = rig.host, .node = "n" };
    cld_value_id a[3], b[3];
    pair out;
    for (int32_t k = 0; k < n; k++) {
        a[k] = in[k].device;
        b[k] = in[k].host;
    }
    ck_ok(cld_build_op(&device, type, a, n, NULL, 0, &out.device, &rig.err), rig.err);
    ck_ok(cld_build_op(&host, type, b, n, NULL, 0, &out.host, &rig.err), rig.err);
    return out;
}

static pair times_identity(pair x) {
    cld_type type = { CLADE_FLOAT32, 2, { COLUMNS, COLUMNS } };
    clade_tensor *tensor = cld_tensor_new(rig.graph->arena, &type);
    cld_build device = { .graph = rig.graph, .node = "n" };
    for (int64_t i = 0; i < COLUMNS; i++)
        cld_tensor_set(tensor, i * (COLUMNS + 1), 1);
    cld_value_id in[2] = { x.device, cld_graph_constant(rig.graph, NULL, tensor) };
    ck_ok(cld_build_op(&device, "MatMul", in, 2, NULL, 0, &x.device, &rig.err), rig.err);
    return x;
}

static pair random_node(const pair *values, int32_t n) {
    static const char *const unary[] = { "Tanh", "Sigmoid", "Relu", "Abs", "Neg", "Softsign", "HardSwish", "Erf" };
    static const char *const binary[] = { "Add", "Sub", "Mul", "Max", "Min", "PRelu" };
    const pair in[3] = { values[op_below(&rig, n)], values[op_below(&rig, n)], values[op_below(&rig, n)] };
    pair small = constant(op_scalar(&rig, CLADE_FLOAT32, (double)op_between(&rig, -8, 8) / 8));
    switch (op_below(&rig, 6)) {
    case 0:
        return times_identity(in[0]);
    case 1:
        return apply(binary[op_below(&rig, 6)], (const pair[]){ in[0], small }, 2);
    case 2:
        return apply("Where", (const pair[]){ apply("Less", in, 2), in[1], in[2] }, 3);
    case 3:
        return apply(binary[op_below(&rig, 6)], in, 2);
    default:
        return apply(unary[op_below(&rig, 8)], in, 1);
    }
}

START_TEST(random_graphs) {
    rig.rtol = 1e-3, rig.atol = 1e-4;
    for (int round = 0; round < 6; round++) {
        pair values[VALUES];
        for (int32_t k = 0; k < 3; k++) {
            cld_type type = { CLADE_FLOAT32, 2, { k == 1 ? 1 : ROWS, COLUMNS } };
            values[k] = random_input(&type);
        }
        values[1] = apply("Add", values, 2); /* so that all have one shape */
        for (int32_t k = 3; k < VALUES; k++)
            values[k] = random_node(values, k);
        for (int32_t k = VALUES - 1; k > 3; k -= (int32_t)op_between(&rig, 1, 6)) {
            if (cld_graph_at(rig.graph, values[k].device)->producer < 0)
                continue;
            rig.want[rig.graph->n_outputs] = cld_graph_at(rig.host, values[k].host)->constant;
            ck_assert(cld_graph_output(rig.graph, values[k].device));
        }
    }
    int32_t before = rig.graph->n_nodes;
    ck_ok(cld_pass_dead(rig.graph, &rig.err), rig.err);
    ck_ok(cld_pass_fuse(rig.graph, &rig.err), rig.err);
    ck_ok(cld_graph_verify(rig.graph, &rig.err), rig.err);
    ck_assert_int_lt(rig.graph->n_nodes, before * 3 / 4);
    op_run(&rig);
}
END_TEST

Suite *suite_op_fused(void);
Suite *suite_op_fused(void) {
    Suite *suite = suite_create("op_fused");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, random_graphs);
    suite_add_tcase(suite, tcase);
    return suite;
}
