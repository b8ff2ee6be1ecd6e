/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators: what stands in it a file can name, so nothing of the internal domain may; and a body counts
 * on the internal operator only. */
#include <stdio.h>

#include "op/pointwise.h"
#include "test.h"

START_TEST(nothing_internal_can_be_named) {
    int32_t count;
    char reason[160];
    const cld_op *const *all = cld_op_all(&count);
    ck_assert_int_gt(count, 150);
    for (int32_t k = 0; k < count; k++) {
        ck_assert_msg(strcmp(all[k]->domain, CLD_INTERNAL) != 0, "%s can be named by a file", all[k]->name);
        ck_assert_ptr_null(cld_op_find(CLD_INTERNAL, all[k]->name, all[k]->since, reason, sizeof reason));
    }
    ck_assert_ptr_null(cld_op_find(CLD_INTERNAL, cld_op_Fused.name, 1, reason, sizeof reason));
}
END_TEST

/* Add with a body that would store doubles: the map is Add's own. */
START_TEST(body_on_another_operator_is_nothing) {
    static const cld_type single = { CLADE_FLOAT32, 1, { 4 } }, wide = { CLADE_FLOAT64, 1, { 4 } };
    char reason[160];
    clade_error err;
    cld_graph *graph = cld_graph_new(NULL, "g"), *body = cld_graph_new(graph->arena, "body");
    cld_graph_output(body, cld_graph_input(body, "a", &wide));
    cld_attr attr = { .name = CLD_FUSED_BODY, .kind = CLD_ATTR_GRAPH, .u.graph = body };
    cld_value_id in[] = { cld_graph_input(graph, "x", &single), cld_graph_input(graph, "w", &single) };
    cld_value_id out = cld_graph_value(graph, "y", &single);
    cld_node node = { .name = "n", .type = "Add", .n_in = 2, .n_out = 1, .in = in, .out = &out, .attr = &attr };
    node.n_attr = 1;
    node.op = cld_op_find("", "Add", 13, reason, sizeof reason);
    cld_call call;
    cld_map map;
    ck_ok(cld_call_make(&call, graph, &node, in, 2, 1, &err), err);
    ck_ok(node.op->infer(&call, &err), err);
    ck_assert(cld_map_make(&map, &call));
    ck_assert_int_eq(map.n_in, 2);
    ck_assert_int_eq(map.dtype[map.out[0]], CLADE_FLOAT32);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_op_registry(void);
Suite *suite_op_registry(void) {
    Suite *suite = suite_create("op/registry");
    TCase *tcase = tcase_create("table");
    tcase_add_test(tcase, nothing_internal_can_be_named);
    tcase_add_test(tcase, body_on_another_operator_is_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
