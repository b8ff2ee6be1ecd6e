/* SPDX-License-Identifier: Apache-2.0 */
/* Building graphs, made-up names, reading attributes. */
#include "graph/graph.h"
#include "test.h"

static const cld_type vector = { CLADE_FLOAT32, 1, { 4 } };

START_TEST(values_and_nodes) {
    cld_graph *graph = cld_graph_new(NULL, "g");
    ck_assert_ptr_nonnull(graph);
    char name[] = "x";
    cld_value_id x = cld_graph_input(graph, name, &vector);
    name[0] = '?'; /* names are copied */
    cld_value_id y = cld_graph_value(graph, NULL, &vector);
    ck_assert_str_eq(cld_graph_at(graph, x)->name, "x");
    ck_assert_str_eq(cld_graph_at(graph, y)->name, "%1");
    const cld_node proto = { .type = "Relu", .n_in = 1, .n_out = 1, .in = &x, .out = &y };
    const cld_node *node = cld_graph_node(graph, &proto);
    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(node->name, "Relu_0");
    ck_assert_str_eq(node->domain, "");
    ck_assert(node->in != &x && node->in[0].i == x.i);
    ck_assert_int_eq(cld_graph_at(graph, y)->producer, 0);
    ck_assert(cld_graph_output(graph, y) && graph->n_outputs == 1);
    cld_graph_free(graph);
    cld_graph_free(NULL);
}
END_TEST

START_TEST(many_values_keep_their_ids) {
    cld_graph *graph = cld_graph_new(NULL, NULL);
    float data[4] = { 1, 2, 3, 4 };
    const clade_tensor tensor = { CLADE_FLOAT32, 1, { 4 }, data, sizeof data };
    for (int32_t i = 0; i < 1000; i++) {
        cld_value_id id = cld_graph_constant(graph, NULL, &tensor);
        ck_assert_int_eq(id.i, i);
    }
    ck_assert(cld_graph_at(graph, (cld_value_id){ 0 })->constant == &tensor);
    ck_assert(cld_type_equal(&cld_graph_at(graph, (cld_value_id){ 999 })->type, &vector));
    cld_graph_free(graph);
}
END_TEST

START_TEST(attributes) {
    const int64_t ints[] = { 1, 2, 3 };
    const float floats[] = { .5f };
    cld_attr attrs[] = {
        { .name = "axis", .kind = CLD_ATTR_INT, .u.i = -1 },
        { .name = "alpha", .kind = CLD_ATTR_FLOAT, .u.f = .25f },
        { .name = "mode", .kind = CLD_ATTR_STRING, .u.s = "edge" },
        { .name = "pads", .kind = CLD_ATTR_INTS, .count = 3, .u.ints = ints },
        { .name = "scales", .kind = CLD_ATTR_FLOATS, .count = 1, .u.floats = floats },
    };
    const cld_node node = { .type = "X", .n_attr = 5, .attr = attrs };
    int32_t count;
    ck_assert_int_eq(cld_attr_int(&node, "axis", 7), -1);
    ck_assert_int_eq(cld_attr_int(&node, "none", 7), 7);
    ck_assert_int_eq(cld_attr_int(&node, "alpha", 7), 7); /* there, but no int */
    ck_assert_float_eq(cld_attr_float(&node, "alpha", 1), .25f);
    ck_assert_float_eq(cld_attr_float(&node, "axis", 1), 1);
    ck_assert_str_eq(cld_attr_string(&node, "mode", "constant"), "edge");
    ck_assert_str_eq(cld_attr_string(&node, "x", "constant"), "constant");
    ck_assert(cld_attr_ints(&node, "pads", &count) == ints && count == 3);
    ck_assert(cld_attr_ints(&node, "scales", &count) == NULL && count == 0);
    ck_assert(cld_attr_floats(&node, "scales", &count) == floats && count == 1);
    ck_assert(cld_attr_floats(&node, "none", &count) == NULL && count == 0);
}
END_TEST

Suite *suite_graph_build(void);
Suite *suite_graph_build(void) {
    Suite *suite = suite_create("graph/build");
    TCase *tcase = tcase_create("build");
    tcase_add_test(tcase, values_and_nodes);
    tcase_add_test(tcase, many_values_keep_their_ids);
    tcase_add_test(tcase, attributes);
    suite_add_tcase(suite, tcase);
    return suite;
}
