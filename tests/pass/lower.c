/* SPDX-License-Identifier: Apache-2.0 */
/* What has an expansion stays as it came until it is lowered; then its values keep their names, and outputs their
 * order. */
#include "pass/pass.h"
#include "test.h"

static clade_error err;
static cld_graph *graph;
static cld_build build;

static void begin(void) {
    graph = cld_graph_new(NULL, "lower");
    build = (cld_build){ .graph = graph, .node = "test", .whole = true };
}
static void end(void) { cld_graph_free(graph); }

static cld_value_id input(const char *name) {
    const cld_type type = { CLADE_FLOAT32, 2, { 3, 4 } };
    return cld_graph_input(graph, name, &type);
}

static cld_value_id add(const char *type, const cld_value_id *in, int32_t n_in) {
    cld_value_id out;
    ck_ok(cld_build_op(&build, type, in, n_in, NULL, 0, &out, &err), err);
    return out;
}

static int count(const char *type) {
    int found = 0;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        found += strcmp(graph->nodes[n].type, type) == 0;
    return found;
}

/* What gives output k. */
static const char *maker(int32_t k) { return graph->nodes[cld_graph_at(graph, graph->outputs[k])->producer].type; }

START_TEST(whole_until_lowered) {
    const cld_value_id x = input("x");
    cld_value_id hard = add("Hardmax", &x, 1), both[2] = { hard, x };
    cld_value_id sum = add("Add", both, 2), neg = add("Neg", &hard, 1);
    cld_graph_at(graph, hard)->name = "hard";
    ck_assert(cld_graph_output(graph, neg) && cld_graph_output(graph, hard) && cld_graph_output(graph, sum));
    ck_assert_int_eq(graph->n_nodes, 3);
    ck_assert_int_eq(count("Hardmax"), 1);
    ck_ok(cld_pass_lower(graph, &err), err);
    ck_assert_int_eq(count("Hardmax"), 0);
    ck_assert_int_ge(count("OneHot"), 1);
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_eq(graph->n_outputs, 3);
    ck_assert_str_eq(maker(0), "Neg");
    ck_assert_str_eq(maker(2), "Add");
    ck_assert_str_eq(cld_graph_at(graph, graph->outputs[1])->name, "hard");
    for (int32_t n = 0; n < graph->n_nodes; n++) /* who read it reads what it has become */
        for (int32_t k = 0; k < graph->nodes[n].n_in; k++)
            ck_assert_int_ne(graph->nodes[n].in[k].i, hard.i);
    const int32_t lowered = graph->n_nodes;
    ck_ok(cld_pass_lower(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, lowered);
}
END_TEST

/* An operator without an evaluation of its own, on values that are known, is folded at once: others may need its value.
 */
START_TEST(known_values_are_known_at_once) {
    const cld_type type = { CLADE_FLOAT32, 1, { 3 } };
    clade_tensor *x = cld_tensor_new(graph->arena, &type);
    for (int k = 0; k < 3; k++)
        cld_tensor_set(x, k, k - 1);
    cld_value_id in = cld_graph_constant(graph, "x", x), y = add("HardSwish", &in, 1);
    const clade_tensor *known = cld_graph_at(graph, y)->constant;
    ck_assert_ptr_nonnull(known);
    ck_assert_double_eq_tol(cld_tensor_get(known, 2), 4.0 / 6, 1e-6);
}
END_TEST

Suite *suite_pass_lower(void);
Suite *suite_pass_lower(void) {
    Suite *suite = suite_create("pass/lower");
    TCase *tcase = tcase_create("lower");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, whole_until_lowered);
    tcase_add_test(tcase, known_values_are_known_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
