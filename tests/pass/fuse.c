/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuse pass joins, and what it must leave alone. */
#include "op/pointwise.h"
#include "pass/pass.h"
#include "test.h"

static const cld_type square = { CLADE_FLOAT32, 2, { 4, 4 } }, row = { CLADE_FLOAT32, 1, { 4 } };

static cld_graph *graph;
static cld_build build;
static clade_error err;

static void setup(void) {
    graph = cld_graph_new(NULL, "g");
    build = (cld_build){ .graph = graph, .node = "n", .opset = 17 };
}
static void teardown(void) { cld_graph_free(graph); }

static cld_value_id input(const cld_type *type) { return cld_graph_input(graph, NULL, type); }

static cld_value_id scalar(double value) {
    cld_value_id id;
    ck_ok(cld_build_scalar(&build, CLADE_FLOAT32, value, &id, &err), err);
    return id;
}

static cld_value_id op(const char *type, cld_value_id a, cld_value_id b) {
    cld_value_id in[2] = { a, b }, out;
    ck_ok(cld_build_op(&build, type, in, cld_present(b) ? 2 : 1, NULL, 0, &out, &err), err);
    return out;
}

static void output(cld_value_id id) { ck_assert(cld_graph_output(graph, id)); }

/* Fuses, and expects these node types in this order. */
static void expect(int32_t n, const char *const *types) {
    ck_ok(cld_pass_fuse(graph, &err), err);
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, n);
    for (int32_t i = 0; i < n; i++)
        ck_assert_str_eq(graph->nodes[i].type, types[i]);
    for (int32_t k = 0; k < graph->n_outputs; k++)
        ck_assert_int_ge(cld_graph_at(graph, graph->outputs[k])->producer, 0);
}
#define EXPECT(...)                                                                                                    \
    expect((int32_t)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)),                                   \
           (const char *const[]){ __VA_ARGS__ })

static const char *epilogue(int32_t node) { return cld_attr_string(&graph->nodes[node], CLD_EPILOGUE, ""); }

START_TEST(chain_into_epilogue) {
    cld_value_id x = op("MatMul", input(&square), input(&square));
    output(op("Relu", op("Mul", x, scalar(0.5)), CLD_ABSENT));
    EXPECT("MatMul");
    ck_assert_str_eq(epilogue(0), "(select(fmax((x * 5.00000000e-01f), 0.0f), (x * 5.00000000e-01f), (x * "
                                  "5.00000000e-01f) != (x * 5.00000000e-01f)))");
}
END_TEST

START_TEST(gelu_into_epilogue) {
    cld_value_id x = op("MatMul", input(&square), input(&square));
    cld_value_id t = op("Add", op("Erf", op("Div", x, scalar(1.41421)), CLD_ABSENT), scalar(1));
    output(op("Mul", op("Mul", x, t), scalar(0.5)));
    EXPECT("MatMul");
    ck_assert_ptr_nonnull(strstr(epilogue(0), "erf("));
}
END_TEST

START_TEST(identities_are_seen_through) {
    cld_value_id x = op("Identity", op("MatMul", input(&square), input(&square)), CLD_ABSENT);
    output(op("Tanh", x, CLD_ABSENT));
    EXPECT("MatMul");
}
END_TEST

START_TEST(result_needed_twice_stays) {
    cld_value_id x = op("MatMul", input(&square), input(&square));
    output(x);
    output(op("Tanh", x, CLD_ABSENT));
    EXPECT("MatMul", "Tanh");
    ck_assert_str_eq(epilogue(0), "");
}
END_TEST

START_TEST(epilogue_ends_where_others_read) {
    cld_value_id x = op("MatMul", input(&square), input(&square)), t = op("Tanh", x, CLD_ABSENT);
    output(op("Add", t, input(&row)));
    EXPECT("MatMul", "Add");
    ck_assert_str_eq(epilogue(0), "(fast_tanh(x))");
}
END_TEST

START_TEST(constants_that_are_vectors) { /* a choice needs its constant as wide as x */
    cld_value_id x = op("MatMul", input(&square), input(&square));
    output(op("PRelu", x, scalar(0.25)));
    EXPECT("MatMul");
    ck_assert_ptr_nonnull(strstr(epilogue(0), "clamp(x, 2.50000000e-01f, 2.50000000e-01f)"));
}
END_TEST

START_TEST(group_with_two_results) {
    cld_value_id a = op("Add", input(&square), input(&row)), b = op("Exp", a, CLD_ABSENT);
    output(op("Mul", a, b));
    output(b);
    EXPECT("Fused");
    ck_assert_int_eq(graph->nodes[0].n_in, 2);
    ck_assert_int_eq(graph->nodes[0].n_out, 2);
}
END_TEST

START_TEST(nothing_comes_between_members) {
    cld_value_id a = op("Exp", input(&square), CLD_ABSENT), m = op("MatMul", a, input(&square));
    output(op("Add", a, m)); /* joining it with Exp would close a cycle */
    EXPECT("Exp", "MatMul", "Add");
}
END_TEST

START_TEST(shapes_and_types_do_not_mix) {
    cld_type wide = { CLADE_INT64, 2, { 4, 4 } };
    cld_attr to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = CLADE_FLOAT32 };
    cld_value_id small = op("Exp", input(&row), CLD_ABSENT), n = input(&wide), f;
    output(op("Add", small, input(&square))); /* Exp runs on fewer elements */
    n = op("Mul", n, n);
    ck_ok(cld_build_op(&build, "Cast", &n, 1, &to, 1, &f, &err), err);
    output(op("Sqrt", f, CLD_ABSENT));
    EXPECT("Exp", "Add", "Fused", "Sqrt");
}
END_TEST

static cld_value_id mean(cld_value_id x, int64_t axis) {
    cld_value_id axes, out;
    ck_ok(cld_build_ints(&build, &axis, 1, &axes, &err), err);
    ck_ok(cld_build_op(&build, "ReduceMean", (cld_value_id[]){ x, axes }, 2, NULL, 0, &out, &err), err);
    return out;
}

/* (x - mean) / sqrt(variance + 1e-5) * scale [+ bias], with the variance's mean over axis `of_squares`. */
static cld_value_id layer_norm(cld_value_id x, int64_t of_squares, const cld_type *scale, bool with_bias) {
    cld_value_id d = op("Sub", x, mean(x, -1));
    cld_value_id variance = mean(op("Pow", d, scalar(2)), of_squares);
    cld_value_id deviation = op("Sqrt", op("Add", variance, scalar(1e-5)), CLD_ABSENT);
    cld_value_id y = op("Mul", op("Div", d, deviation), input(scale));
    return with_bias ? op("Add", y, input(scale)) : y;
}

START_TEST(layer_normalization_spelled_out) {
    cld_value_id x = input(&square);
    output(layer_norm(x, -1, &row, true));
    output(layer_norm(x, -1, &row, false));
    EXPECT("LayerNormalization", "LayerNormalization");
    ck_assert_int_eq(graph->nodes[0].n_in, 3);
    ck_assert_int_eq(graph->nodes[1].n_in, 2);
    ck_assert_int_eq(graph->nodes[0].in[0].i, x.i);
    ck_assert_int_eq(cld_attr_int(&graph->nodes[0], "axis", 0), -1);
    ck_assert_float_eq(cld_attr_float(&graph->nodes[0], "epsilon", 0), 1e-5f);
}
END_TEST

START_TEST(what_only_looks_like_layer_normalization) {
    const cld_type column = { CLADE_FLOAT32, 2, { 4, 1 } };
    output(layer_norm(input(&square), -2, &row, true));    /* mean and variance over different axes */
    output(layer_norm(input(&square), -1, &column, true)); /* a scale per row */
    ck_ok(cld_pass_fuse(graph, &err), err);
    for (int32_t i = 0; i < graph->n_nodes; i++)
        ck_assert_str_ne(graph->nodes[i].type, "LayerNormalization");
}
END_TEST

START_TEST(groups_are_bounded) {
    cld_value_id x = input(&square);
    for (int i = 0; i < 100; i++)
        x = op("Add", x, input(&square));
    output(x);
    ck_ok(cld_pass_fuse(graph, &err), err);
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_lt(graph->n_nodes, 12);
    for (int32_t i = 0; i < graph->n_nodes; i++)
        ck_assert_int_le(graph->nodes[i].n_in, CLD_MAP_INPUTS);
}
END_TEST

Suite *suite_pass_fuse(void);
Suite *suite_pass_fuse(void) {
    Suite *suite = suite_create("pass_fuse");
    TCase *tcase = tcase_create("structure");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, chain_into_epilogue);
    tcase_add_test(tcase, gelu_into_epilogue);
    tcase_add_test(tcase, identities_are_seen_through);
    tcase_add_test(tcase, result_needed_twice_stays);
    tcase_add_test(tcase, epilogue_ends_where_others_read);
    tcase_add_test(tcase, constants_that_are_vectors);
    tcase_add_test(tcase, group_with_two_results);
    tcase_add_test(tcase, nothing_comes_between_members);
    tcase_add_test(tcase, shapes_and_types_do_not_mix);
    tcase_add_test(tcase, layer_normalization_spelled_out);
    tcase_add_test(tcase, what_only_looks_like_layer_normalization);
    tcase_add_test(tcase, groups_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
