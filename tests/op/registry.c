/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators: what stands in it a file can name, so nothing of the internal domain may; and a body counts
 * on the internal operator only. */
#include <stdio.h>

#include "op/map/pointwise.h"
#include "test.h"

START_TEST(nothing_internal_can_be_named) {
    int32_t count;
    char reason[160];
    const cld_op *const *all = cld_op_all(&count);
    ck_assert_int_gt(count, 150);
    for (int32_t k = 0; k < count; k++) {
        ck_assert_msg(strcmp(all[k]->domain, CLD_INTERNAL) != 0, "%s can be named by a file", all[k]->name);
        ck_assert_uint_eq(all[k]->updates, 0);
        ck_assert_ptr_null(cld_op_find(CLD_INTERNAL, all[k]->name, all[k]->since, reason, sizeof reason));
    }
    all = cld_op_internal(&count);
    for (int32_t k = 0; k < count; k++) {
        ck_assert_str_eq(all[k]->domain, CLD_INTERNAL);
        ck_assert_ptr_null(cld_op_find(CLD_INTERNAL, all[k]->name, all[k]->since, reason, sizeof reason));
        ck_assert_ptr_null(cld_op_find("", all[k]->name, all[k]->since, reason, sizeof reason));
    }
}
END_TEST

START_TEST(rules_of_attributes_are_well_formed) {
    int32_t count;
    const cld_op *const *all = cld_op_all(&count);
    for (int32_t k = 0; k < count; k++) {
        const char *text = all[k]->attrs ? all[k]->attrs : "";
        cld_attr_rule rule;
        while (cld_attr_rule_next(&rule, &text)) {
            ck_assert_msg(rule.since >= 1 && rule.since <= rule.until, "%s: %s", all[k]->name, rule.name);
            ck_assert_msg(!rule.choices || rule.kind == CLD_ATTR_STRING, "%s: %s", all[k]->name, rule.name);
            ck_assert_int_ne(strncmp(rule.name, CLD_RESERVED, strlen(CLD_RESERVED)), 0);
        }
        ck_assert_msg(text[strspn(text, " ")] == '\0', "%s: '%s' is no rule", all[k]->name, text);
        ck_assert_msg(all[k]->since <= cld_op_newest(all[k]->domain), "%s is newer than what is known", all[k]->name);
    }
}
END_TEST

/* A node as a file would have it, and why it is refused; NULL: it is not. */
static const struct {
    const char *type;
    int32_t opset;
    cld_attr attr;
    const char *reason;
} nodes[] = {
#define TEXT(key, value)                                                                                               \
    { .name = key, .kind = CLD_ATTR_STRING, .u.s = value }
#define NUMBER(key, value)                                                                                             \
    { .name = key, .kind = CLD_ATTR_INT, .u.i = value }
    { "Relu", 13, NUMBER("foo", 3), "attribute 'foo' of operator Relu is not supported at opset 13" },
    { "Softmax", 13, NUMBER("axes", 1), "attribute 'axes' of operator Softmax is not supported" },
    { "Softmax", 13, TEXT("axis", "1"), "attribute 'axis' of operator Softmax is of type string, it must be int" },
    { "Softmax", 13, NUMBER("axis", 1), NULL },
    { "Gemm", 13, NUMBER("transA", 1), NULL },
    { "BitShift", 11, TEXT("direction", "RIGHT"), NULL },
    { "BitShift", 11, TEXT("direction", "RIGH"),
      "'direction' of operator BitShift is 'RIGH', which is none of LEFT|RIGHT" },
    { "SpaceToDepth", 13, TEXT("mode", "CRD"),
      "attribute 'mode' of operator SpaceToDepth is not supported at opset 13" },
    { "SpaceToDepth", 28, TEXT("mode", "CRD"), NULL },
    { "ReduceSum", 18, { .name = "axes", .kind = CLD_ATTR_INTS }, "attribute 'axes' of operator ReduceSum" },
    { "ReduceSum", 11, { .name = "axes", .kind = CLD_ATTR_INTS }, NULL },
    { "Relu", 5, { .name = "consumed_inputs", .kind = CLD_ATTR_INTS }, NULL },
    { "Relu", 6, { .name = "consumed_inputs", .kind = CLD_ATTR_INTS }, "attribute 'consumed_inputs'" },
    { "Elu", 99, { .name = "alpha", .kind = CLD_ATTR_FLOAT }, "known up to opset 28, the model has opset 99" },
};

START_TEST(what_an_operator_does_not_know_is_refused) {
    char reason[160] = "";
    cld_attr attr = nodes[_i].attr;
    cld_node node = { .name = "n", .domain = "", .type = nodes[_i].type, .opset = nodes[_i].opset, .attr = &attr };
    node.n_attr = 1;
    const cld_op *op = cld_op_of(&node, reason, sizeof reason);
    if (nodes[_i].reason)
        ck_assert_msg(!op && strstr(reason, nodes[_i].reason), "%s: \"%s\"", node.type, reason);
    else
        ck_assert_msg(op != NULL, "%s: \"%s\"", node.type, reason);
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
    ck_ok(cld_call_make(&call, graph, graph->arena, &node, in, 2, 1, &err), err);
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
    tcase_add_test(tcase, rules_of_attributes_are_well_formed);
    tcase_add_loop_test(tcase, what_an_operator_does_not_know_is_refused, 0, CLD_COUNT(nodes));
    tcase_add_test(tcase, body_on_another_operator_is_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
