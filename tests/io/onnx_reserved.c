/* SPDX-License-Identifier: Apache-2.0 */
/* What only passes may make: no file can name an internal operator or give a node their attributes, whatever it writes
 * and wherever; each such file is refused with one line. The four models of ../shared/hostile, rebuilt and as they are.
 */
#include <stdio.h>

#include "op/core/op.h"
#include "test.h"
#include "wire.h"

static const int64_t four[] = { 4 }, many[] = { 100000 };

static wire attr_graph(const char *name, wire *body) {
    wire attrs = { 0 };
    wire_attr_message(&attrs, name, ATTR_GRAPH, body);
    return attrs;
}

/* A body of one node, whose values have the element type and size of the hostile files. */
static wire body_of(const char *type, int32_t dtype, const int64_t *dims) {
    wire body = { 0 };
    wire_value(&body, GRAPH_INPUT, "a", dtype, 1, dims);
    wire_value(&body, GRAPH_INPUT, "b", dtype, 1, dims);
    wire_node(&body, type, "a b", "c", NULL);
    wire_value(&body, GRAPH_OUTPUT, "c", dtype, 1, dims);
    return body;
}

/* x, w -> y by one node, and the same inside a branch when `inner`. */
static wire model_of(const char *domain, const char *type, wire *attrs, bool inner) {
    wire graph = { 0 }, node = { 0 }, opset = { 0 }, outer = { 0 }, branches = { 0 };
    wire_text(&node, 1, "x");
    wire_text(&node, 1, "w");
    wire_text(&node, 2, "y");
    wire_text(&node, 3, "n");
    wire_text(&node, 4, type);
    wire_text(&node, 7, domain);
    cld_text_addn(&node, attrs->data, attrs->size);
    cld_text_free(attrs);
    wire_message(&graph, GRAPH_NODE, &node);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, four);
    if (inner)
        wire_attr_message(&branches, "then_branch", ATTR_GRAPH, &graph);
    wire *top = inner ? &outer : &graph;
    wire_value(top, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, four);
    wire_value(top, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, four);
    if (inner)
        wire_node(top, "If", "x", "z", &branches);
    wire model = wire_model(top);
    wire_text(&opset, 1, domain);
    wire_int(&opset, 2, 1);
    if (domain[0])
        wire_message(&model, 8, &opset);
    cld_text_free(&opset);
    return model;
}

static const struct {
    const char *domain, *type, *attribute, *body;
    int32_t dtype;
    const int64_t *dims;
    clade_status status;
    const char *part;
} cases[] = {
    { "", "Add", "body", "Conv", CLADE_FLOAT32, four, CLADE_ERR_GRAPH,
      "Add 'n': attribute 'body' is a graph, which the operator does not take" },
    { "", "Add", "body", "Add", CLADE_FLOAT64, four, CLADE_ERR_GRAPH,
      "Add 'n': attribute 'body' is a graph, which the operator does not take" },
    { "", "Add", "clade_body", "Add", CLADE_FLOAT64, four, CLADE_ERR_FORMAT,
      "Add 'n' has attribute 'clade_body'; such names are reserved" },
    { "clade", "Fused", "body", "Conv", CLADE_FLOAT32, four, CLADE_ERR_FORMAT,
      "the model imports operator domain 'clade', which is reserved" },
    { "clade", "Fused", "clade_body", "Add", CLADE_FLOAT32, many, CLADE_ERR_FORMAT,
      "the model imports operator domain 'clade', which is reserved" },
    { "clade", "Resample", "body", "Add", CLADE_FLOAT32, four, CLADE_ERR_FORMAT,
      "the model imports operator domain 'clade', which is reserved" },
};

START_TEST(is_refused) {
    for (int inner = 0; inner < 2; inner++) {
        clade_error err;
        cld_graph *out;
        wire body = body_of(cases[_i].body, cases[_i].dtype, cases[_i].dims);
        wire attrs = attr_graph(cases[_i].attribute, &body);
        wire model = model_of(cases[_i].domain, cases[_i].type, &attrs, inner);
        ck_refused(wire_parse(&out, &model, &err), cases[_i].status, cases[_i].part, err);
    }
}
END_TEST

/* Every operator of lib/op/core/internal.def: where the file imports the domain; where it does not, and the node names
 * it nevertheless; as an operator of another domain, where it is none. */
START_TEST(no_internal_operator_is_reached) {
    int32_t count;
    const cld_op *const *all = cld_op_internal(&count);
    ck_assert_int_ge(count, 3);
    for (int32_t k = 0; k < count; k++) {
        clade_error err;
        cld_graph *out;
        char line[96];
        wire graph = { 0 }, node = { 0 }, none = { 0 };
        wire model = model_of(CLD_INTERNAL, all[k]->name, &none, false);
        ck_refused(wire_parse(&out, &model, &err), CLADE_ERR_FORMAT,
                   "imports operator domain 'clade', which is reserved", err);
        wire_text(&node, 3, "n");
        wire_text(&node, 4, all[k]->name);
        wire_text(&node, 7, CLD_INTERNAL);
        wire_message(&graph, GRAPH_NODE, &node);
        model = wire_model(&graph);
        snprintf(line, sizeof line, "%s 'n' is of domain 'clade'", all[k]->name);
        ck_refused(wire_parse(&out, &model, &err), CLADE_ERR_GRAPH, line, err);
        static const char *const others[] = { "", "com.microsoft", "Clade", "clade.x" };
        for (size_t d = 0; d < CLD_COUNT(others); d++) {
            none = (wire){ 0 };
            model = model_of(others[d], all[k]->name, &none, false);
            ck_ok(wire_parse(&out, &model, &err), err);
            ck_assert_int_eq(out->n_nodes, 1);
            ck_assert_ptr_null(out->nodes[0].op);
            cld_graph_free(out);
        }
    }
}
END_TEST

START_TEST(hostile_files) {
    static const char *const names[] = { "add_conv", "add_double", "fused_conv", "fused_epi" };
    char path[64];
    snprintf(path, sizeof path, "hostile/%s.onnx", names[_i]);
    clade_error err;
    cld_graph *out;
    cld_model_facts facts;
    const char *found = test_shared(path);
    if (!found) {
        test_skip("no ../shared/hostile");
        return;
    }
    ck_assert_int_ne(cld_onnx_read(&out, &facts, found, &(cld_onnx_options){ 0 }, &err), CLADE_OK);
    ck_assert_msg(strstr(err.message, "does not take") || strstr(err.message, "reserved"), "%s", err.message);
}
END_TEST

Suite *suite_io_onnx_reserved(void);
Suite *suite_io_onnx_reserved(void) {
    Suite *suite = suite_create("io/onnx_reserved");
    TCase *tcase = tcase_create("reserved");
    tcase_add_loop_test(tcase, is_refused, 0, CLD_COUNT(cases));
    tcase_add_test(tcase, no_internal_operator_is_reached);
    tcase_add_loop_test(tcase, hostile_files, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
