/* SPDX-License-Identifier: Apache-2.0 */
/* Sub-graphs: captures and their order, names that hide outer ones, captures through two levels. */
#include "test.h"
#include "wire.h"

static const int64_t one[] = { 1 };

static cld_graph *parse(wire *graph) {
    clade_error err;
    cld_graph *out = NULL;
    wire model = wire_model(graph);
    ck_ok(wire_parse(&out, &model, &err), err);
    return out;
}

/* A sub-graph of one node with one output. */
static wire body_of(const char *type, const char *inputs, const char *output) {
    wire body = { 0 };
    wire_node(&body, type, inputs, output, NULL);
    wire_value(&body, GRAPH_OUTPUT, output, 0, -1, NULL);
    return body;
}

static const cld_graph *branch(const cld_node *node, const char *name) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_GRAPH);
    ck_assert_msg(attr != NULL, "node '%s' lacks %s", node->name, name);
    return attr->u.graph;
}

static const char *name_of(const cld_graph *graph, cld_value_id id) { return cld_graph_at(graph, id)->name; }

static void outer_inputs(wire *graph) {
    wire_value(graph, GRAPH_INPUT, "c", CLADE_BOOL, 0, NULL);
    wire_value(graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, one);
    wire_value(graph, GRAPH_INPUT, "y", CLADE_FLOAT32, 1, one);
}

START_TEST(captures_of_if) {
    wire graph = { 0 }, attrs = { 0 };
    wire els = body_of("Add", "y x", "z"), then = body_of("Neg", "x", "z");
    wire_attr_message(&attrs, "else_branch", ATTR_GRAPH, &els); /* before then_branch in the file */
    wire_attr_message(&attrs, "then_branch", ATTR_GRAPH, &then);
    wire_node(&graph, "If", "c", "z", &attrs); /* its branches' z hides the outer z */
    outer_inputs(&graph);
    wire_value(&graph, GRAPH_OUTPUT, "z", 0, -1, NULL);
    cld_graph *out = parse(&graph);
    const cld_node *node = &out->nodes[0];
    static const char *const want[] = { "c", "x", "y", "x" };
    ck_assert_int_eq(node->n_in, 4);
    for (int k = 0; k < 4; k++)
        ck_assert_str_eq(name_of(out, node->in[k]), want[k]);
    ck_assert_str_eq(node->attr[0].name, "then_branch");
    const cld_graph *t = branch(node, "then_branch"), *e = branch(node, "else_branch");
    ck_assert(t->n_formal == 0 && t->n_inputs == 1 && e->n_inputs == 2);
    ck_assert_str_eq(name_of(e, e->inputs[0]), "y");
    ck_assert_str_eq(name_of(e, e->inputs[1]), "x");
    ck_assert_int_eq(cld_graph_at(t, t->inputs[0])->type.dtype, CLADE_FLOAT32);
    cld_graph_free(out);
}
END_TEST

START_TEST(own_names_hide_outer_ones) {
    wire graph = { 0 }, attrs = { 0 }, body = { 0 };
    const float number = 2;
    wire own = wire_tensor("y", CLADE_FLOAT32, 0, NULL, &number, sizeof number);
    wire_message(&body, GRAPH_INITIALISER, &own);
    wire_value(&body, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "k", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "x", 0, -1, NULL); /* formal, of unknown type */
    wire_node(&body, "Add", "x y", "v", NULL);
    wire_value(&body, GRAPH_OUTPUT, "k", 0, -1, NULL);
    wire_value(&body, GRAPH_OUTPUT, "v", 0, -1, NULL);
    wire_attr_message(&attrs, "body", ATTR_GRAPH, &body);
    wire_node(&graph, "Loop", "- c x", "z", &attrs);
    outer_inputs(&graph);
    wire_value(&graph, GRAPH_OUTPUT, "z", 0, -1, NULL);
    cld_graph *out = parse(&graph);
    const cld_graph *inner = branch(&out->nodes[0], "body");
    ck_assert_int_eq(out->nodes[0].n_in, 3);
    ck_assert_int_eq(inner->n_inputs, 3);
    ck_assert_int_eq(inner->n_formal, 3);
    ck_assert_ptr_nonnull(cld_graph_at(inner, inner->nodes[0].in[1])->constant);
    cld_graph_free(out);
}
END_TEST

START_TEST(captures_through_two_levels) {
    wire graph = { 0 }, outer_attrs = { 0 }, inner_attrs = { 0 }, middle = { 0 };
    wire then = body_of("Neg", "y", "q"), els = body_of("Add", "m y", "q");
    wire_attr_message(&inner_attrs, "then_branch", ATTR_GRAPH, &then);
    wire_attr_message(&inner_attrs, "else_branch", ATTR_GRAPH, &els);
    wire_node(&middle, "If", "c", "r", &inner_attrs);
    wire_node(&middle, "Neg", "x", "m", NULL); /* behind its reader */
    wire_value(&middle, GRAPH_OUTPUT, "r", 0, -1, NULL);
    wire_value(&middle, GRAPH_OUTPUT, "x", 0, -1, NULL); /* an outer value as output */
    wire_attr_message(&outer_attrs, "body", ATTR_GRAPH, &middle);
    wire_node(&graph, "Foo", "", "z w", &outer_attrs);
    outer_inputs(&graph);
    wire_value(&graph, GRAPH_OUTPUT, "z", 0, -1, NULL);
    cld_graph *out = parse(&graph);
    const cld_node *foo = &out->nodes[0];
    const cld_graph *mid = branch(foo, "body");
    ck_assert_int_eq(foo->n_in, 3); /* y, c and x, each once */
    ck_assert_int_eq(mid->n_inputs, 3);
    for (int32_t k = 0; k < 3; k++)
        ck_assert_str_eq(name_of(out, foo->in[k]), name_of(mid, mid->inputs[k]));
    ck_assert_str_eq(mid->nodes[0].type, "Neg");
    const cld_node *inner = &mid->nodes[1];
    static const char *const want[] = { "c", "y", "m", "y" };
    ck_assert_int_eq(inner->n_in, 4);
    for (int k = 0; k < 4; k++)
        ck_assert_str_eq(name_of(mid, inner->in[k]), want[k]);
    ck_assert_int_eq(mid->outputs[1].i, mid->nodes[0].in[0].i);
    cld_graph_free(out);
}
END_TEST

Suite *suite_io_onnx_subgraph(void);
Suite *suite_io_onnx_subgraph(void) {
    Suite *suite = suite_create("io/onnx_subgraph");
    TCase *tcase = tcase_create("sub-graphs");
    tcase_add_test(tcase, captures_of_if);
    tcase_add_test(tcase, own_names_hide_outer_ones);
    tcase_add_test(tcase, captures_through_two_levels);
    suite_add_tcase(suite, tcase);
    return suite;
}
