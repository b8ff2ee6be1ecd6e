/* SPDX-License-Identifier: Apache-2.0 */
/* The ONNX reader on models that are well-formed: names, types, constants, nodes out of order, attributes, facts. */
#include "test.h"
#include "wire.h"

static const int64_t two[] = { 2 };
static const float values[] = { 1.5f, -2.f };

static const cld_value *named(const cld_graph *graph, const char *name) {
    for (int32_t i = 0; i < graph->n_values; i++)
        if (strcmp(graph->values[i].name, name) == 0)
            return &graph->values[i];
    return NULL;
}

static cld_graph *parse(wire *graph) {
    clade_error err;
    cld_graph *out = NULL;
    wire model = wire_model(graph);
    ck_ok(wire_parse(&out, &model, &err), err);
    return out;
}

/* y = Add(x, w) with w given, Relu before it but behind it in the file. */
START_TEST(nodes_out_of_order) {
    wire graph = { 0 };
    wire weight = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_text(&graph, GRAPH_NAME, "net");
    wire_node(&graph, "Add", "r w", "y", NULL);
    wire_node(&graph, "Relu", "x", "r", NULL);
    wire_message(&graph, GRAPH_INITIALISER, &weight);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 2, (int64_t[]){ -1, 2 });
    wire_value(&graph, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, two); /* weights may be listed as inputs */
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 2, (int64_t[]){ -1, 2 });
    cld_graph *out = parse(&graph);
    ck_assert_str_eq(out->name, "net");
    ck_assert_int_eq(out->n_inputs, 2); /* x, then w with its default */
    ck_assert_int_eq(out->n_formal, 2);
    ck_assert_str_eq(out->nodes[0].name, "Relu_1");
    ck_assert_str_eq(out->nodes[1].name, "Add_0");
    ck_assert_int_eq(out->nodes[1].opset, 17);
    const cld_value *x = named(out, "x"), *w = named(out, "w"), *y = named(out, "y");
    ck_assert(x->type.rank == 2 && x->type.dims[0] == -1 && x->type.dims[1] == 2);
    ck_assert_str_eq(x->dim_names[0], "n");
    ck_assert_ptr_null(x->dim_names[1]);
    ck_assert(w->constant != NULL && memcmp(w->constant->data, values, sizeof values) == 0);
    ck_assert(y->type.dtype == CLADE_FLOAT32 && y->producer == 1);
    ck_assert(named(out, "r")->type.dtype == CLADE_NONE);
    cld_graph_free(out);
}
END_TEST

START_TEST(absent_names) {
    wire graph = { 0 };
    wire_node(&graph, "Foo", "x - x - -", "- y -", NULL);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_INT8, -1, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_INT8, 0, NULL);
    cld_graph *out = parse(&graph);
    const cld_node *node = &out->nodes[0];
    ck_assert_int_eq(node->n_in, 3); /* absent ones at the end say nothing */
    ck_assert(!cld_present(node->in[1]) && cld_present(node->in[2]));
    ck_assert_int_eq(node->n_out, 3);
    ck_assert(!cld_present(node->out[0]) && cld_present(node->out[1]) && !cld_present(node->out[2]));
    ck_assert_ptr_null(node->op);
    ck_assert_int_eq(out->values[0].type.rank, -1);
    cld_graph_free(out);
}
END_TEST

START_TEST(outputs_that_no_node_makes) {
    wire graph = { 0 };
    wire weight = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_message(&graph, GRAPH_INITIALISER, &weight);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, two);
    wire_value(&graph, GRAPH_OUTPUT, "x", CLADE_FLOAT32, 1, two);
    wire_value(&graph, GRAPH_OUTPUT, "w", CLADE_FLOAT32, 1, two);
    cld_graph *out = parse(&graph);
    ck_assert_int_eq(out->n_outputs, 2);
    ck_assert(out->outputs[0].i == out->inputs[0].i);
    ck_assert_ptr_nonnull(cld_graph_at(out, out->outputs[1])->constant);
    cld_graph_free(out);
}
END_TEST

START_TEST(attributes) {
    wire graph = { 0 }, attrs = { 0 }, ints = { 0 }, strings = { 0 };
    wire_attr_int(&attrs, "axis", -3);
    wire_attr_float(&attrs, "alpha", .5f);
    wire_attr_text(&attrs, "mode", "edge");
    wire tensor = wire_tensor("", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_attr_message(&attrs, "t", ATTR_TENSOR, &tensor);
    wire_text(&ints, 1, "pads");
    wire_int(&ints, 8, 4); /* once without type, as the oldest files have it; unpacked and packed elements mixed */
    wire_bytes(&ints, 8, "\x05\x06", 2);
    wire_message(&attrs, 5, &ints);
    wire_text(&strings, 1, "names");
    wire_text(&strings, 9, "a");
    wire_text(&strings, 9, "");
    wire_int(&strings, 20, ATTR_STRINGS);
    wire_message(&attrs, 5, &strings);
    wire_node(&graph, "Foo", "x", "y", &attrs);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, two);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, two);
    cld_graph *out = parse(&graph);
    const cld_node *node = &out->nodes[0];
    int32_t count;
    ck_assert_int_eq(cld_attr_int(node, "axis", 0), -3);
    ck_assert_float_eq(cld_attr_float(node, "alpha", 0), .5f);
    ck_assert_str_eq(cld_attr_string(node, "mode", ""), "edge");
    const int64_t *pads = cld_attr_ints(node, "pads", &count);
    ck_assert(count == 3 && pads[0] == 4 && pads[1] == 5 && pads[2] == 6);
    const cld_attr *t = cld_attr_find(node, "t", CLD_ATTR_TENSOR),
                   *names = cld_attr_find(node, "names", CLD_ATTR_STRINGS);
    ck_assert(t != NULL && t->u.tensor->dims[0] == 2);
    ck_assert(names != NULL && names->count == 2);
    ck_assert_str_eq(names->u.strings[0], "a");
    ck_assert_str_eq(names->u.strings[1], "");
    cld_graph_free(out);
}
END_TEST

START_TEST(constant_nodes) {
    wire graph = { 0 }, v = { 0 }, i = { 0 }, f = { 0 }, is = { 0 }, list = { 0 };
    wire tensor = wire_tensor("", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_attr_message(&v, "value", ATTR_TENSOR, &tensor);
    wire_node(&graph, "Constant", "", "v", &v);
    wire_attr_int(&i, "value_int", 7);
    wire_node(&graph, "Constant", "", "i", &i);
    wire_attr_float(&f, "value_float", .25f);
    wire_node(&graph, "Constant", "", "f", &f);
    wire_text(&list, 1, "value_ints");
    wire_int(&list, 8, 8);
    wire_int(&list, 8, 9);
    wire_int(&list, 20, ATTR_INTS);
    wire_message(&is, 5, &list);
    wire_node(&graph, "Constant", "", "is", &is);
    for (int k = 0; k < 4; k++)
        wire_value(&graph, GRAPH_OUTPUT, (const char *[]){ "v", "i", "f", "is" }[k], 0, -1, NULL);
    cld_graph *out = parse(&graph);
    ck_assert_int_eq(out->n_nodes, 0);
    const clade_tensor *c[4];
    for (int k = 0; k < 4; k++)
        c[k] = cld_graph_at(out, out->outputs[k])->constant;
    ck_assert(c[0]->dtype == CLADE_FLOAT32 && c[0]->rank == 1 && cld_tensor_get(c[0], 1) == -2.);
    ck_assert(c[1]->dtype == CLADE_INT64 && c[1]->rank == 0 && cld_tensor_get_int(c[1], 0) == 7);
    ck_assert(c[2]->dtype == CLADE_FLOAT32 && c[2]->rank == 0 && cld_tensor_get(c[2], 0) == .25);
    ck_assert(c[3]->dtype == CLADE_INT64 && c[3]->dims[0] == 2 && cld_tensor_get_int(c[3], 1) == 9);
    cld_graph_free(out);
}
END_TEST

START_TEST(facts_and_domains) {
    clade_error err;
    cld_graph *out;
    cld_model_facts facts;
    wire graph = { 0 }, node = { 0 }, opset = { 0 };
    wire_text(&graph, GRAPH_NAME, "g");
    wire_text(&node, 4, "Bar");
    wire_text(&node, 7, "com.example");
    wire_message(&graph, GRAPH_NODE, &node);
    wire model = wire_model(&graph);
    wire_text(&opset, 1, "com.example");
    wire_int(&opset, 2, 3);
    wire_message(&model, 8, &opset);
    ck_ok(cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ .max_bytes = 0 }, &err), err);
    ck_assert_str_eq(facts.producer, "test");
    ck_assert_str_eq(facts.graph_name, "g");
    ck_assert(facts.ir_version == 8 && facts.opset == 17);
    ck_assert_int_eq(out->nodes[0].opset, 3);
    ck_assert_str_eq(out->nodes[0].domain, "com.example");
    cld_graph_free(out);
    cld_text_free(&model);
}
END_TEST

/* Opset 99 is refused node by node, unless it is to be taken for the newest known. */
START_TEST(opset_of_the_future) {
    for (int any = 0; any < 2; any++) {
        clade_error err;
        cld_graph *out;
        cld_model_facts facts;
        wire graph = { 0 }, model = { 0 }, opset = { 0 };
        wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, -1, NULL);
        wire_node(&graph, "Relu", "x", "y", NULL);
        wire_int(&opset, 2, 99);
        wire_message(&model, 8, &opset);
        wire_message(&model, 7, &graph);
        const cld_onnx_options options = { .any_opset = any };
        ck_ok(cld_onnx_parse(&out, &facts, model.data, model.size, &options, &err), err);
        ck_assert_int_eq(out->nodes[0].op != NULL, any);
        ck_assert_int_eq(out->nodes[0].opset, any ? cld_op_newest("") : 99);
        ck_assert_int_eq(facts.opset, 99);
        cld_graph_free(out);
        cld_text_free(&model);
    }
}
END_TEST

START_TEST(real_models) {
    static const struct {
        const char *path;
        int32_t nodes, inputs, outputs;
    } models[] = {
        { "models/deeplob_fi2010/model.onnx", 58, 1, 1 },  { "models/silero_vad_op18_ifless/model.onnx", 4, 3, 2 },
        { "models/spot_tft_extdata/model.onnx", 9, 1, 2 }, { "models/gtcrn_simple/model.onnx", 415, 4, 4 },
        { "models/mnist_cnn_8/model.onnx", 12, 9, 1 },
    };
    const char *path = test_shared(models[_i].path);
    if (path == NULL) {
        test_skip("no shared models");
        return;
    }
    clade_error err;
    cld_graph *out;
    cld_model_facts facts;
    ck_ok(cld_onnx_read(&out, &facts, path, &(cld_onnx_options){ 0 }, &err), err);
    ck_assert_int_eq(out->n_nodes, models[_i].nodes);
    ck_assert_int_eq(out->n_inputs, models[_i].inputs);
    ck_assert_int_eq(out->n_outputs, models[_i].outputs);
    cld_graph_free(out);
}
END_TEST

Suite *suite_io_onnx_model(void);
Suite *suite_io_onnx_model(void) {
    Suite *suite = suite_create("io/onnx_model");
    TCase *tcase = tcase_create("well-formed");
    tcase_add_test(tcase, nodes_out_of_order);
    tcase_add_test(tcase, absent_names);
    tcase_add_test(tcase, outputs_that_no_node_makes);
    tcase_add_test(tcase, attributes);
    tcase_add_test(tcase, constant_nodes);
    tcase_add_test(tcase, facts_and_domains);
    tcase_add_test(tcase, opset_of_the_future);
    tcase_add_loop_test(tcase, real_models, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
