/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier: what it refuses and the line it says, the order it makes, sub-graphs.
 *
 * Graphs are written as rules "result=operand,operand;..." over one-letter values: lower case a-m are graph inputs, the
 * rest are results; the last rule's result is the output.
 */
#include "graph/graph.h"
#include "test.h"

static const cld_type scalar = { CLADE_FLOAT32, 0, { 0 } };

static cld_value_id value_of(cld_graph *graph, int32_t ids[128], char letter) {
    const char name[2] = { letter, '\0' };
    if (ids[(int)letter] < 0)
        ids[(int)letter] = (letter >= 'a' && letter <= 'm' ? cld_graph_input(graph, name, &scalar)
                                                           : cld_graph_value(graph, name, &scalar))
                               .i;
    return (cld_value_id){ ids[(int)letter] };
}

static cld_graph *graph_of(const char *rules) {
    cld_graph *graph = cld_graph_new(NULL, "g");
    int32_t ids[128];
    for (int i = 0; i < 128; i++)
        ids[i] = -1;
    cld_value_id out = CLD_ABSENT, in[8];
    for (const char *at = rules; *at != '\0'; at += *at == ';') {
        const char name[] = { 'n', *at, '\0' };
        int32_t n_in = 0;
        out = value_of(graph, ids, *at);
        for (at += 2; *at != ';' && *at != '\0'; at++)
            if (*at != ',')
                in[n_in++] = value_of(graph, ids, *at);
        const cld_node proto = { .name = name, .type = "Op", .n_in = n_in, .n_out = 1, .in = in, .out = &out };
        ck_assert_ptr_nonnull(cld_graph_node(graph, &proto));
    }
    ck_assert(cld_graph_output(graph, out));
    return graph;
}

/* Rules, and the order of results after sorting. */
static const char *const orders[][2] = {
    { "n=a;o=n;p=n,o", "nop" },    { "p=o,n;o=n;n=a;z=p", "nopz" },      { "z=a;y=a;x=z,y", "zyx" },
    { "z=y;y=x;x=w;w=a", "wxyz" }, { "p=n;q=o;n=a;o=a;z=p,q", "npoqz" },
};

START_TEST(sorts_and_keeps_a_valid_order) {
    clade_error err;
    cld_graph *graph = graph_of(orders[_i][0]);
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, (int)strlen(orders[_i][1]));
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        ck_assert_int_eq(graph->nodes[i].name[1], orders[_i][1][i]);
        ck_assert_int_eq(cld_graph_at(graph, graph->nodes[i].out[0])->producer, i);
    }
    cld_graph_free(graph);
}
END_TEST

static const struct {
    const char *rules, *part;
} refused[] = {
    { "n=n", "has a cycle through node 'nn'" },
    { "n=a,p;o=n;p=o;z=p", "has a cycle through node" },
    { "n=o", "Op 'nn' reads 'o', which nothing produces" },
    { "n=a;n=a", "value 'n' is written by node 'nn' and once more by 'nn'" },
    { "n=a;a=n", "Op 'na' writes 'a', which is an input of the graph" },
};

START_TEST(refuses) {
    clade_error err;
    cld_graph *graph = graph_of(refused[_i].rules);
    ck_refused(cld_graph_verify(graph, &err), CLADE_ERR_GRAPH, refused[_i].part, err);
    cld_graph_free(graph);
}
END_TEST

/* One defect each, put into the valid graph n=a;z=n. */
static void same_names(cld_graph *graph) { cld_graph_value(graph, "n", &scalar); }
static void input_id(cld_graph *graph) { graph->nodes[0].in[0].i = 99; }
static void output_id(cld_graph *graph) { graph->nodes[0].out[0].i = 99; }
static void graph_output_id(cld_graph *graph) { graph->outputs[0].i = 99; }
static void absent_output(cld_graph *graph) { graph->outputs[0] = CLD_ABSENT; }
static void dangling_output(cld_graph *graph) { graph->outputs[0] = cld_graph_value(graph, "q", &scalar); }
static void constant_input(cld_graph *graph) {
    static const clade_tensor tensor = { CLADE_FLOAT32, 0, { 0 }, NULL, 4 };
    cld_graph_at(graph, graph->inputs[0])->constant = &tensor;
}
static void formal(cld_graph *graph) { graph->n_formal = 7; }

static const struct {
    void (*spoil)(cld_graph *graph);
    const char *part;
} defects[] = {
    { same_names, "two values named 'n'" },
    { input_id, "nn refers to value 99, graph 'g' has 3" },
    { output_id, "refers to value 99" },
    { graph_output_id, "a graph output refers to value 99" },
    { absent_output, "output 0 of graph 'g' is absent" },
    { dangling_output, "graph output 'q' is produced by nothing" },
    { constant_input, "'a' is both an input and a constant" },
    { formal, "has 7 formal inputs of 1" },
};

START_TEST(refuses_defects) {
    clade_error err;
    cld_graph *graph = graph_of("n=a;z=n");
    defects[_i].spoil(graph);
    ck_refused(cld_graph_verify(graph, &err), CLADE_ERR_GRAPH, defects[_i].part, err);
    cld_graph_free(graph);
}
END_TEST

START_TEST(accepts_odd_graphs) {
    clade_error err;
    cld_graph *graph = cld_graph_new(NULL, "empty");
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_value_id x = cld_graph_input(graph, "x", &scalar); /* an output that is an input, twice */
    ck_assert(cld_graph_output(graph, x) && cld_graph_output(graph, x));
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}
END_TEST

START_TEST(long_chain_needs_no_stack) {
    enum { LENGTH = 200000 };
    clade_error err;
    cld_graph *graph = cld_graph_new(NULL, "chain");
    cld_value_id first = cld_graph_input(graph, NULL, &scalar);
    for (int i = 0; i < LENGTH; i++)
        cld_graph_value(graph, NULL, &scalar);
    for (int32_t i = LENGTH; i > 0; i--) { /* the last node first */
        cld_value_id in = { first.i + i - 1 }, out = { first.i + i };
        const cld_node proto = { .type = "Op", .n_in = 1, .n_out = 1, .in = &in, .out = &out };
        ck_assert_ptr_nonnull(cld_graph_node(graph, &proto));
    }
    ck_assert(cld_graph_output(graph, (cld_value_id){ LENGTH }));
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_eq(graph->nodes[0].in[0].i, first.i);
    cld_graph_free(graph);
}
END_TEST

/* A node around a sub-graph that captures one value. */
static cld_graph *nested(int32_t n_in) {
    cld_graph *graph = cld_graph_new(NULL, "outer");
    cld_value_id x = cld_graph_input(graph, "x", &scalar), y = cld_graph_value(graph, "y", &scalar);
    cld_graph *inner = cld_graph_new(graph->arena, "inner");
    ck_assert(cld_graph_output(inner, cld_graph_input(inner, "x", &scalar)));
    cld_attr attr = { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = inner };
    const cld_node proto = { .type = "If", .n_in = n_in, .n_out = 1, .n_attr = 1, .in = &x, .out = &y, .attr = &attr };
    ck_assert_ptr_nonnull(cld_graph_node(graph, &proto));
    ck_assert(cld_graph_output(graph, y));
    return graph;
}

START_TEST(sub_graphs) {
    clade_error err;
    cld_graph *graph = nested(1);
    ck_ok(cld_graph_verify(graph, &err), err);
    graph->nodes[0].attr[0].u.graph->outputs[0].i = 5;
    ck_refused(cld_graph_verify(graph, &err), CLADE_ERR_GRAPH, "graph 'inner' has 1", err);
    cld_graph_free(graph);
    graph = nested(0);
    ck_refused(cld_graph_verify(graph, &err), CLADE_ERR_GRAPH, "has 0 inputs, its sub-graphs capture 1", err);
    cld_graph_free(graph);
}
END_TEST

START_TEST(sub_graphs_that_contain_themselves) {
    clade_error err;
    cld_graph *graph = nested(1);
    graph->nodes[0].attr[0].u.graph = graph;
    ck_refused(cld_graph_verify(graph, &err), CLADE_ERR_LIMIT, "more than 64 sub-graphs deep", err);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_graph_verify(void);
Suite *suite_graph_verify(void) {
    Suite *suite = suite_create("graph/verify");
    TCase *tcase = tcase_create("verify");
    tcase_add_loop_test(tcase, sorts_and_keeps_a_valid_order, 0, CLD_COUNT(orders));
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(refused));
    tcase_add_loop_test(tcase, refuses_defects, 0, CLD_COUNT(defects));
    tcase_add_test(tcase, accepts_odd_graphs);
    tcase_add_test(tcase, long_chain_needs_no_stack);
    tcase_add_test(tcase, sub_graphs);
    tcase_add_test(tcase, sub_graphs_that_contain_themselves);
    suite_add_tcase(suite, tcase);
    return suite;
}
