/* SPDX-License-Identifier: Apache-2.0 */
/* Models that contradict themselves, exceed a limit or use what is not supported: each is refused with one line that
 * names the object at fault. Every case is a function that writes the graph.
 */
#include <stdio.h>

#include "test.h"
#include "wire.h"

static const int64_t two[] = { 2 };

static void input(wire *graph) { wire_value(graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, two); }
static void output(wire *graph) { wire_value(graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, two); }

static void initialiser(wire *graph, const char *name) {
    static const float zeros[2];
    wire tensor = wire_tensor(name, CLADE_FLOAT32, 1, two, zeros, sizeof zeros);
    wire_message(graph, GRAPH_INITIALISER, &tensor);
}

/* An input whose TypeProto holds the empty message `field`. */
static void typed_input(wire *graph, int field) {
    wire value = { 0 }, type = { 0 };
    wire_bytes(&type, field, "", 0);
    wire_text(&value, 1, "s");
    wire_message(&value, 2, &type);
    wire_message(graph, GRAPH_INPUT, &value);
}

static void cycle(wire *graph) {
    wire_node(graph, "Foo", "b", "a", NULL);
    wire_node(graph, "Bar", "a", "b", NULL);
}
static void dangling(wire *graph) { wire_node(graph, "Foo", "nowhere", "y", NULL); }
static void dangling_output(wire *graph) { output(graph); }
static void twice_by_nodes(wire *graph) {
    wire_node(graph, "Foo", "", "y", NULL);
    wire_node(graph, "Bar", "", "y", NULL);
}
static void twice_as_input(wire *graph) { input(graph), input(graph); }
static void twice_as_initialiser(wire *graph) { initialiser(graph, "w"), initialiser(graph, "w"); }
static void writes_input(wire *graph) {
    input(graph);
    wire_node(graph, "Foo", "", "x", NULL);
}
static void writes_itself_twice(wire *graph) { wire_node(graph, "Foo", "", "y y", NULL); }
static void nameless_initialiser(wire *graph) { initialiser(graph, ""); }
static void nameless_type(wire *graph) { wire_node(graph, "", "", "y", NULL); }
static void untyped_input(wire *graph) { wire_value(graph, GRAPH_INPUT, "x", 0, -1, NULL); }
static void negative_dimension(wire *graph) {
    wire value = { 0 }, type = { 0 }, tensor = { 0 }, shape = { 0 }, dim = { 0 };
    wire_int(&dim, 1, -7);
    wire_message(&shape, 1, &dim);
    wire_int(&tensor, 1, CLADE_FLOAT32);
    wire_message(&tensor, 2, &shape);
    wire_message(&type, 1, &tensor);
    wire_text(&value, 1, "x");
    wire_message(&value, 2, &type);
    wire_message(graph, GRAPH_INPUT, &value);
}
static void huge_input(wire *graph) {
    wire_value(graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 3, (int64_t[]){ INT64_MAX, INT64_MAX, 2 });
}
static void deep_rank(wire *graph) {
    wire_value(graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 9, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1, 1 });
}
static void string_input(wire *graph) { wire_value(graph, GRAPH_INPUT, "x", 8, 1, two); }
static void bfloat16_output(wire *graph) {
    wire_node(graph, "Foo", "", "y", NULL);
    wire_value(graph, GRAPH_OUTPUT, "y", 16, 1, two);
}
static void sequence(wire *graph) { typed_input(graph, 4); }
static void map(wire *graph) { typed_input(graph, 5); }
static void sparse(wire *graph) { typed_input(graph, 8); }
static void optional(wire *graph) { typed_input(graph, 9); }
static void sparse_initialiser(wire *graph) { wire_bytes(graph, GRAPH_SPARSE, "", 0); }
static void segments(wire *graph) {
    wire tensor = wire_tensor("w", CLADE_UINT8, 0, NULL, "", 1);
    wire_bytes(&tensor, 3, "", 0);
    wire_message(graph, GRAPH_INITIALISER, &tensor);
}
static void foreign_domain(wire *graph) {
    wire node = { 0 };
    wire_text(&node, 3, "n");
    wire_text(&node, 4, "Foo");
    wire_text(&node, 7, "com.example");
    wire_message(graph, GRAPH_NODE, &node);
}
static void attribute_twice(wire *graph) {
    wire attrs = { 0 };
    wire_attr_int(&attrs, "axis", 1);
    wire_attr_int(&attrs, "axis", 2);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void many_attributes(wire *graph) {
    wire attrs = { 0 };
    for (int i = 0; i < 129; i++)
        wire_attr_int(&attrs, "axis", i);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void function_attribute(wire *graph) {
    wire attrs = { 0 }, attr = { 0 };
    wire_text(&attr, 1, "axis");
    wire_int(&attr, 20, ATTR_INT);
    wire_text(&attr, 21, "outer");
    wire_message(&attrs, 5, &attr);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void reserved_attribute(wire *graph) {
    wire attrs = { 0 };
    wire_attr_text(&attrs, "clade_epilogue", "x + y");
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void graph_attribute_without_graph(wire *graph) {
    wire attrs = { 0 }, attr = { 0 };
    wire_text(&attr, 1, "body");
    wire_int(&attr, 20, ATTR_GRAPH);
    wire_message(&attrs, 5, &attr);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void broken_sub_graph(wire *graph) {
    wire attrs = { 0 }, body = { 0 };
    cld_text_addn(&body, "\x0a\x7f", 2); /* a node of 127 bytes that is not there */
    wire_attr_message(&attrs, "body", ATTR_GRAPH, &body);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void sub_graph_default(wire *graph) {
    wire attrs = { 0 }, body = { 0 };
    initialiser(&body, "x");
    input(&body);
    wire_attr_message(&attrs, "body", ATTR_GRAPH, &body);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void sub_graph_captures_own_result(wire *graph) {
    wire attrs = { 0 }, body = { 0 };
    wire_value(&body, GRAPH_OUTPUT, "y", 0, -1, NULL);
    wire_attr_message(&attrs, "body", ATTR_GRAPH, &body);
    wire_node(graph, "Foo", "", "y", &attrs);
}
static void constant_without_value(wire *graph) { wire_node(graph, "Constant", "", "c", NULL); }
static void constant_string(wire *graph) {
    wire attrs = { 0 };
    wire_attr_text(&attrs, "value_string", "s");
    wire_node(graph, "Constant", "", "c", &attrs);
}
static void constant_outputs(wire *graph) { wire_node(graph, "Constant", "", "c d", NULL); }
static void arity(wire *graph) {
    input(graph);
    wire_node(graph, "Identity", "x x", "y", NULL);
}

static void nest(wire *graph, int levels) {
    wire inner = { 0 };
    wire_node(&inner, "Foo", "", "y", NULL);
    for (int i = 0; i < levels; i++) {
        wire attrs = { 0 }, outer = { 0 };
        wire_attr_message(&attrs, "body", ATTR_GRAPH, &inner);
        wire_node(&outer, "Foo", "", "y", &attrs);
        inner = outer;
    }
    *graph = inner;
}
static void nested_65(wire *graph) { nest(graph, 65); }
static void nested_2000(wire *graph) { nest(graph, 2000); }

static const struct {
    void (*write)(wire *graph);
    clade_status status;
    const char *part;
} cases[] = {
    { cycle, CLADE_ERR_GRAPH, "has a cycle through node" },
    { dangling, CLADE_ERR_GRAPH, "node 'Foo_0' reads 'nowhere', which nothing produces" },
    { dangling_output, CLADE_ERR_GRAPH, "reads 'y', which nothing produces" },
    { twice_by_nodes, CLADE_ERR_GRAPH, "defines 'y' twice, the second time as output of a node" },
    { twice_as_input, CLADE_ERR_GRAPH, "defines 'x' twice" },
    { twice_as_initialiser, CLADE_ERR_GRAPH, "defines 'w' twice" },
    { writes_input, CLADE_ERR_GRAPH, "defines 'x' twice" },
    { writes_itself_twice, CLADE_ERR_GRAPH, "defines 'y' twice" },
    { nameless_initialiser, CLADE_ERR_FORMAT, "initialiser without a name" },
    { nameless_type, CLADE_ERR_FORMAT, "node 0 '' of graph '' has no operator type" },
    { untyped_input, CLADE_ERR_FORMAT, "input 'x' has no declared type" },
    { negative_dimension, CLADE_ERR_FORMAT, "input 'x' has dimension 0 of size -7" },
    { huge_input, CLADE_ERR_LIMIT, "x" },
    { deep_rank, CLADE_ERR_UNSUPPORTED, "input 'x' has 9 dimensions, the limit is 8" },
    { string_input, CLADE_ERR_UNSUPPORTED, "input 'x' has element type string (8)" },
    { bfloat16_output, CLADE_ERR_UNSUPPORTED, "output 'y' has element type bfloat16 (16)" },
    { sequence, CLADE_ERR_UNSUPPORTED, "input 's' is a sequence" },
    { map, CLADE_ERR_UNSUPPORTED, "input 's' is a map" },
    { sparse, CLADE_ERR_UNSUPPORTED, "input 's' is a sparse tensor" },
    { optional, CLADE_ERR_UNSUPPORTED, "input 's' is an optional" },
    { sparse_initialiser, CLADE_ERR_UNSUPPORTED, "has 1 sparse initialisers" },
    { segments, CLADE_ERR_UNSUPPORTED, "initialiser 'w' is stored in segments" },
    { foreign_domain, CLADE_ERR_GRAPH, "Foo 'n' is of domain 'com.example', of which the model imports no version" },
    { reserved_attribute, CLADE_ERR_FORMAT, "has attribute 'clade_epilogue'; such names are reserved" },
    { attribute_twice, CLADE_ERR_FORMAT, "Foo 'Foo_0' has attribute 'axis' twice" },
    { many_attributes, CLADE_ERR_LIMIT, "has 129 attributes, the limit is 128" },
    { function_attribute, CLADE_ERR_UNSUPPORTED, "attribute 'axis' refers to 'outer' of a function" },
    { graph_attribute_without_graph, CLADE_ERR_FORMAT, "attribute 'body' is of type graph and has none" },
    { broken_sub_graph, CLADE_ERR_FORMAT, "Foo_0: 2 bytes are no valid ONNX message" },
    { sub_graph_default, CLADE_ERR_UNSUPPORTED, "input 'x' of sub-graph '' has a default value" },
    { sub_graph_captures_own_result, CLADE_ERR_GRAPH, "has a cycle through node 'Foo_0'" },
    { constant_without_value, CLADE_ERR_GRAPH, "Constant 'c' has 0 attributes" },
    { constant_string, CLADE_ERR_UNSUPPORTED, "Constant 'c' is given as 'value_string'" },
    { constant_outputs, CLADE_ERR_GRAPH, "has 2 outputs, needs 1" },
    { arity, CLADE_ERR_GRAPH, "Identity 'Identity_0' has 2 inputs, the operator takes 1 to 1" },
    { nested_65, CLADE_ERR_LIMIT, "lies 64 sub-graphs deep, the limit" },
    { nested_2000, CLADE_ERR_LIMIT, "deep" },
};

START_TEST(refuses) {
    clade_error err;
    cld_graph *out;
    wire graph = { 0 };
    cases[_i].write(&graph);
    wire model = wire_model(&graph);
    ck_refused(wire_parse(&out, &model, &err), cases[_i].status, cases[_i].part, err);
}
END_TEST

/* A model that is only looked at: what is not supported is noted, every other fault refused as ever. */
START_TEST(described) {
    clade_error err;
    cld_graph *out = NULL;
    cld_model_facts facts;
    wire graph = { 0 };
    cases[_i].write(&graph);
    wire model = wire_model(&graph);
    clade_status status =
        cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ .describe = true }, &err);
    cld_text_free(&model);
    if (cases[_i].status != CLADE_ERR_UNSUPPORTED)
        ck_refused(status, cases[_i].status, cases[_i].part, err);
    else if (status == CLADE_OK)
        ck_assert_msg(strstr(out->unsupported, cases[_i].part) != NULL, "noted: %s", out->unsupported);
    else /* a case that has another fault behind the first */
        ck_assert_int_ne(status, CLADE_ERR_UNSUPPORTED);
    cld_graph_free(out);
}
END_TEST

START_TEST(nesting_up_to_the_limit_loads) {
    clade_error err;
    cld_graph *out;
    wire graph = { 0 };
    nest(&graph, 64);
    wire model = wire_model(&graph);
    ck_ok(wire_parse(&out, &model, &err), err);
    cld_graph_free(out);
}
END_TEST

START_TEST(no_model_at_all) {
    static const char *const texts[] = { "", "not a model", "\x3a\x7f",
                                         "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" };
    for (size_t i = 0; i < CLD_COUNT(texts); i++) {
        clade_error err;
        cld_graph *out;
        wire model = { 0 };
        cld_text_add(&model, texts[i]);
        ck_refused(wire_parse(&out, &model, &err), CLADE_ERR_FORMAT, "ONNX", err);
    }
}
END_TEST

START_TEST(functions) {
    clade_error err;
    cld_graph *out;
    wire graph = { 0 }, function = { 0 };
    output(&graph);
    wire model = wire_model(&graph);
    wire_text(&function, 1, "MyGelu");
    wire_message(&model, 25, &function);
    ck_refused(wire_parse(&out, &model, &err), CLADE_ERR_UNSUPPORTED, "1 functions of its own ('MyGelu' is one)", err);
}
END_TEST

START_TEST(memory_limit) {
    clade_error err;
    cld_graph *out;
    cld_model_facts facts;
    wire graph = { 0 };
    initialiser(&graph, "v");
    initialiser(&graph, "w");
    wire model = wire_model(&graph);
    ck_refused(cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ .max_bytes = 15 }, &err),
               CLADE_ERR_LIMIT, "'w' (float32[2]) needs 8 bytes, 7 of the 15 bytes allowed are left", err);
    ck_ok(cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ .max_bytes = 16 }, &err), err);
    cld_graph_free(out);
    cld_text_free(&model);
}
END_TEST

/* Two bytes each in the file, over a hundred in memory. */
START_TEST(many_tiny_messages) {
    clade_error err;
    cld_graph *out;
    cld_model_facts facts;
    wire graph = { 0 };
    for (int i = 0; i < 600000; i++)
        wire_bytes(&graph, GRAPH_NODE, "", 0);
    wire model = wire_model(&graph);
    ck_refused(cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ .max_bytes = 1 << 20 }, &err),
               CLADE_ERR_LIMIT, "unpack to more memory than the model may take", err);
    cld_text_free(&model);
}
END_TEST

Suite *suite_io_onnx_refused(void);
Suite *suite_io_onnx_refused(void) {
    Suite *suite = suite_create("io/onnx_refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(cases));
    tcase_add_loop_test(tcase, described, 0, CLD_COUNT(cases));
    tcase_add_test(tcase, nesting_up_to_the_limit_loads);
    tcase_add_test(tcase, no_model_at_all);
    tcase_add_test(tcase, functions);
    tcase_add_test(tcase, memory_limit);
    tcase_add_test(tcase, many_tiny_messages);
    suite_add_tcase(suite, tcase);
    return suite;
}
