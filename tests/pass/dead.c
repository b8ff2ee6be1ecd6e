/* SPDX-License-Identifier: Apache-2.0 */
/* Dead nodes go, with what only they used; optional results nobody reads go; the rest stays valid. */
#include "pass/pass.h"
#include "test.h"

static const cld_type vector = { CLADE_FLOAT32, 1, { 4 } };
static const cld_op two_results = { .name = "Two", .min_out = 1, .max_out = 2 };

static void add(cld_graph *graph, const char *name, cld_value_id in, cld_value_id out0, cld_value_id out1) {
    cld_value_id out[] = { out0, out1 };
    const cld_node proto = {
        .name = name, .type = "Two", .op = &two_results, .n_in = 1, .n_out = 2, .in = &in, .out = out
    };
    ck_assert_ptr_nonnull(cld_graph_node(graph, &proto));
}

START_TEST(drops_what_nobody_uses) {
    clade_error err;
    cld_graph *graph = cld_graph_new(NULL, "g");
    cld_value_id v[8];
    for (int i = 0; i < 8; i++)
        v[i] = i == 0 ? cld_graph_input(graph, NULL, &vector) : cld_graph_value(graph, NULL, &vector);
    add(graph, "dead_chain_1", v[0], v[1], CLD_ABSENT);
    add(graph, "kept_1", v[0], v[2], v[3]); /* its second result goes */
    add(graph, "dead_chain_2", v[1], v[4], CLD_ABSENT);
    add(graph, "kept_2", v[2], v[5], v[6]); /* only its second result is used; the first is required and stays */
    add(graph, "dead_reader", v[5], v[7], CLD_ABSENT);
    ck_assert(cld_graph_output(graph, v[6]));
    ck_ok(cld_pass_dead(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, 2);
    ck_assert_str_eq(graph->nodes[0].name, "kept_1");
    ck_assert_str_eq(graph->nodes[1].name, "kept_2");
    ck_assert(cld_present(graph->nodes[0].out[0]) && !cld_present(graph->nodes[0].out[1]));
    ck_assert(cld_present(graph->nodes[1].out[0]) && cld_present(graph->nodes[1].out[1]));
    ck_assert_int_eq(cld_graph_at(graph, v[6])->producer, 1);
    ck_assert_int_eq(cld_graph_at(graph, v[3])->producer, -1);
    ck_assert_int_eq(cld_graph_at(graph, v[7])->producer, -1);
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}
END_TEST

START_TEST(keeps_outputs_that_are_inputs) {
    clade_error err;
    cld_graph *graph = cld_graph_new(NULL, "g");
    cld_value_id x = cld_graph_input(graph, NULL, &vector), y = cld_graph_value(graph, NULL, &vector);
    add(graph, "dead", x, y, CLD_ABSENT);
    ck_assert(cld_graph_output(graph, x));
    ck_ok(cld_pass_dead(graph, &err), err);
    ck_assert(graph->n_nodes == 0 && graph->n_outputs == 1 && graph->n_inputs == 1);
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_pass_dead(void);
Suite *suite_pass_dead(void) {
    Suite *suite = suite_create("pass/dead");
    TCase *tcase = tcase_create("dead");
    tcase_add_test(tcase, drops_what_nobody_uses);
    tcase_add_test(tcase, keeps_outputs_that_are_inputs);
    suite_add_tcase(suite, tcase);
    return suite;
}
