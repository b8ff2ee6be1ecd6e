/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs for a person: the text of a small graph with a sub-graph, letter by letter; its dot has every node and edge.
 */
#include "graph/graph.h"
#include "test.h"

static cld_graph *sample(void) {
    static const cld_type image = { CLADE_FLOAT32, 2, { -1, 3 } };
    static const cld_type unknown = { CLADE_NONE, -1, { 0 } };
    static const int64_t perm[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    static int8_t elements[] = { 1, 2, 3 };
    static const clade_tensor weight = { CLADE_INT8, 1, { 3 }, elements, 3 };
    cld_graph *graph = cld_graph_new(NULL, "net");
    cld_value_id in[3] = { cld_graph_input(graph, "x", &image), CLD_ABSENT, cld_graph_constant(graph, "w", &weight) };
    cld_value_id y = cld_graph_value(graph, "y", &unknown), z = cld_graph_value(graph, "z", &image);
    cld_graph_at(graph, in[0])->dim_names[0] = "batch";
    cld_attr attrs[] = {
        { .name = "perm", .kind = CLD_ATTR_INTS, .count = 9, .u.ints = perm },
        { .name = "alpha", .kind = CLD_ATTR_FLOAT, .u.f = .5f },
        { .name = "mode", .kind = CLD_ATTR_STRING, .u.s = "a\"b" },
        { .name = "t", .kind = CLD_ATTR_TENSOR, .u.tensor = &weight },
    };
    cld_node first = { .name = "n1",
                       .domain = "ext",
                       .type = "Foo",
                       .n_in = 3,
                       .n_out = 1,
                       .n_attr = 4,
                       .in = in,
                       .out = &y,
                       .attr = attrs };
    cld_graph_node(graph, &first);
    cld_graph *body = cld_graph_new(graph->arena, "body");
    cld_graph_output(body, cld_graph_input(body, "q", &image));
    cld_attr attr = { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = body };
    cld_node second = { .name = "n2",
                        .type = "Loop",
                        .opset = 16,
                        .n_in = 1,
                        .n_out = 1,
                        .n_attr = 1,
                        .in = &y,
                        .out = &z,
                        .attr = &attr };
    cld_graph_node(graph, &second);
    cld_graph_output(graph, z);
    return graph;
}

START_TEST(text) {
    cld_graph *graph = sample();
    cld_text out = { 0 };
    cld_graph_text(graph, false, &out);
    ck_assert_str_eq(out.data, "graph net(x:float32[batch,3]) -> z:float32[?,3]\n"
                               "  w:int8[3] = {1,2,3}\n"
                               "  y = ext.Foo(x, -, w:int8[3]) perm=[1,0,1,0,1,0,1,0,1] alpha=0.5 mode=\"a\\\"b\" "
                               "t=int8[3]{1,2,3}  # n1\n"
                               "  z:float32[?,3] = Loop(y) body=graph(body)  @16  # n2\n"
                               "    graph body(; q:float32[?,3]) -> q:float32[?,3]\n");
    cld_text_free(&out);
    cld_graph_free(graph);
}
END_TEST

/* What the short text leaves out, and what tells constants of one name apart. */
START_TEST(constants) {
    static const char whole[] = "graph g() -> w:int8[17], w@2:int8[2]\n"
                                "  w:int8[17] = {hex 0102030405060708090a0b0c0d0e0f10ff}\n"
                                "  w@2:int8[2] = {2 ...}\n";
    cld_graph *graph;
    clade_error err;
    ck_ok(cld_graph_read(&graph, whole, &err), err);
    cld_text out = { 0 };
    cld_graph_text(graph, true, &out);
    ck_assert_str_eq(out.data, whole);
    cld_text_free(&out);
    cld_graph_text(graph, false, &out);
    ck_assert_str_eq(out.data, "graph g() -> w:int8[17], w@2:int8[2]\n"
                               "  w:int8[17] = {...}\n"
                               "  w@2:int8[2] = {2 ...}\n");
    cld_text_free(&out);
    cld_graph_free(graph);
}
END_TEST

START_TEST(dot) {
    static const char *const parts[] = {
        "digraph clade {\n",
        "g0v0 [shape=ellipse,label=\"x\"];\n",
        "g0n0 [shape=box,label=\"Foo\"];\n",
        "g0v0 -> g0n0 [label=\"x:float32[batch,3]\"];\n",
        "g0n0 -> g0n1 [label=\"y\"];\n",
        "subgraph cluster1 {\n",
        "g1v0 -> g1o0 [label=\"q:float32[?,3]\"];\n",
        "g0n1 -> g0o0 [label=\"z:float32[?,3]\"];\n",
    };
    cld_graph *graph = sample();
    cld_text out = { 0 };
    cld_graph_dot(graph, &out);
    for (size_t i = 0; i < CLD_COUNT(parts); i++)
        ck_assert_msg(strstr(out.data, parts[i]) != NULL, "lacks %s in\n%s", parts[i], out.data);
    cld_text_free(&out);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_graph_text(void);
Suite *suite_graph_text(void) {
    Suite *suite = suite_create("graph/text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, text);
    tcase_add_test(tcase, constants);
    tcase_add_test(tcase, dot);
    suite_add_tcase(suite, tcase);
    return suite;
}
