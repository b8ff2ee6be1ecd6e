/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that runs out between a model's bytes and a plan, in graphs built in C, and in their texts. */
#include <stdlib.h>

#include "fault/exhausted.h"
#include "io/wire.h"
#include "pass/pass.h"
#include "plan/plan.h"
#include "test.h"

static const cld_caps caps = {
    .is_cpu = true, .float_lanes = 16, .compute_units = 2, .max_group = 256, .align_bytes = 128, .fp64 = true
};

/* Pointwise chains that fuse, an epilogue, a loop with rows, an operator of the host, a large constant. */
static wire make_model(void) {
    static float weights[64 * 64];
    static const int64_t dims[] = { 8, 64 }, square[] = { 64, 64 }, trips = 3;
    wire graph = { 0 }, body = { 0 }, attributes = { 0 };
    wire w = wire_tensor("w", CLADE_FLOAT32, 2, square, weights, sizeof weights);
    wire n = wire_tensor("n", CLADE_INT64, 0, NULL, &trips, sizeof trips);
    wire_value(&body, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "c", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "s", CLADE_FLOAT32, 2, dims);
    wire_node(&body, "Tanh", "s", "t", NULL);
    wire_node(&body, "Add", "t x", "next", NULL);
    wire_value(&body, GRAPH_OUTPUT, "c", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_OUTPUT, "next", CLADE_FLOAT32, 2, dims);
    wire_value(&body, GRAPH_OUTPUT, "t", CLADE_FLOAT32, 2, dims);
    wire_text(&body, GRAPH_NAME, "body");
    wire_attr_message(&attributes, "body", ATTR_GRAPH, &body);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 2, dims);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire_message(&graph, GRAPH_INITIALISER, &n);
    wire_node(&graph, "MatMul", "x w", "a", NULL);
    wire_node(&graph, "Relu", "a", "b", NULL);
    wire_node(&graph, "Less", "b x", "d", NULL);
    wire_node(&graph, "Where", "d b x", "e", NULL);
    wire_node(&graph, "Loop", "n - e", "f rows", &attributes);
    wire_node(&graph, "Unique", "w", "u", NULL);
    wire_node(&graph, "Softmax", "f", "g", NULL);
    wire_node(&graph, "Mul", "g u", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 2, dims);
    wire_value(&graph, GRAPH_OUTPUT, "rows", CLADE_FLOAT32, 3, (const int64_t[]){ 3, 8, 64 });
    return wire_model(&graph);
}

static wire bytes;
static char *expected; /* the text of what is made when memory lasts; NULL: not known yet */
static cld_graph *graph;

static char *text_of(const cld_graph *of, const cld_plan *plan) {
    cld_text text = { 0 };
    if (of)
        cld_graph_text(of, true, &text);
    if (plan)
        cld_plan_text(plan, &text);
    ck_assert(!text.failed);
    return text.data;
}

/* The same as the first time. */
static void check_text(char *text) {
    if (expected)
        ck_assert_str_eq(text, expected);
    else
        expected = strdup(text);
    cld_free(text);
}
static void check_graph(void) { check_text(text_of(graph, NULL)); }
static void free_graph(void) {
    cld_graph_free(graph);
    graph = NULL;
}

/* ---- a model's bytes ---- */

static clade_status load(clade_error *err) {
    cld_model_facts facts;
    return cld_onnx_parse(&graph, &facts, bytes.data, bytes.size, &(cld_onnx_options){ 0 }, err);
}

/* ---- a graph in C ---- */

static cld_node *add_nodes(cld_value_id x, cld_value_id w, cld_graph *body) {
    static const int64_t ints[] = { 1, 2 };
    cld_attr attrs[] = { { .name = "axis", .kind = CLD_ATTR_INT, .u.i = -1 },
                         { .name = "pads", .kind = CLD_ATTR_INTS, .count = 2, .u.ints = ints },
                         { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = body } };
    cld_value_id in[] = { x, w }, out = cld_graph_value(graph, NULL, &(cld_type){ CLADE_FLOAT32, 1, { 2 } });
    const cld_node proto = { .type = "Op", .n_in = 2, .in = in, .n_out = 1, .out = &out, .n_attr = 3, .attr = attrs };
    if (!cld_present(out) || !cld_graph_output(graph, out))
        return NULL;
    return cld_graph_node(graph, &proto);
}

static clade_status build(clade_error *err) {
    static float one[2] = { 1, 2 };
    static const clade_tensor tensor = { CLADE_FLOAT32, 1, { 2 }, one, sizeof one };
    static const cld_type type = { CLADE_FLOAT32, 1, { 2 } };
    if (!(graph = cld_graph_new(NULL, "g")))
        return cld_no_memory(err, "a graph");
    cld_graph *body = cld_graph_new(graph->arena, "body");
    cld_value_id q = body ? cld_graph_constant(body, "q", &tensor) : CLD_ABSENT;
    cld_value_id x = cld_graph_input(graph, "x", &type), w = cld_graph_constant(graph, NULL, &tensor);
    cld_value_id p = cld_graph_state(graph, "p", 1, &tensor);
    if (!cld_present(q) || !cld_present(x) || !cld_present(w) || !cld_present(p) || !cld_graph_output(body, q) ||
        !cld_graph_default(graph, w) || !add_nodes(x, p, body))
        return cld_no_memory(err, "a graph");
    CLD_RETURN(cld_graph_verify(graph, err));
    return cld_graph_copy(graph) ? CLADE_OK : cld_no_memory(err, "a graph");
}

/* ---- a graph's text ---- */

static const char written[] = "graph name(x:float32[2], \"a b\") -> y, x:float32[2]\n"
                              "  w:float32[3] = {1.0,2.0,3.0}\n"
                              "  p:float32[3] = {1.0 ...} state=1\n"
                              "  y = Op(x, w:float32[3], p, \"a b\") a=[1,2,3] b=floats[1.0] c=strings[\"c\"] "
                              "d=int8[1]{1} g=graph(i)  # n\n"
                              "    graph i(; q) -> q\n";
static cld_text again;

static clade_status read_and_write(clade_error *err) {
    CLD_RETURN(cld_graph_read(&graph, written, err));
    cld_graph_text(graph, true, &again);
    return again.failed ? cld_no_memory(err, "a text") : CLADE_OK;
}
static void check_again(void) { ck_assert_str_eq(again.data, written); }
static void free_text(void) {
    cld_text_free(&again);
    free_graph();
}

/* ---- what a session does on the host ---- */

static cld_walk *walk;
static cld_segment segment;
static cld_plan *plan;

static clade_status compile(clade_error *err) {
    const cld_plan_options options = { .prefer_impl = "MatMul=panels(mr 8)" };
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 8, 64 } } };
    CLD_RETURN(load(err));
    CLD_RETURN(cld_passes_run(cld_model_passes, -1, graph, err));
    CLD_RETURN(cld_walk_new(&walk, graph, types, NULL, err));
    CLD_RETURN(cld_walk_next(walk, &segment, err));
    CLD_RETURN(cld_passes_run(cld_static_passes, -1, segment.graph, err));
    return cld_plan_new(&plan, segment.graph, &caps, &options, err);
}
static void check_plan(void) { check_text(text_of(NULL, plan)); }
static void free_plan(void) {
    cld_plan_free(plan);
    cld_graph_free(segment.graph);
    cld_walk_free(walk);
    plan = NULL;
    segment = (cld_segment){ 0 };
    walk = NULL;
    free_graph();
}

static const exhausted_operation operations[] = {
    { "a model from memory", load, check_graph, free_graph, false },
    { "a graph in C", build, check_graph, free_graph, false },
    { "a graph's text", read_and_write, check_again, free_text, false },
    { "specialise, passes and plan", compile, check_plan, free_plan, false },
};

static void begin(void) { bytes = make_model(); }
static void finish(void) {
    cld_text_free(&bytes);
    free(expected);
    expected = NULL;
}

START_TEST(every_allocation) {
    const exhausted_operation *operation = &operations[_i / 2];
    ck_assert_int_gt(exhausted_sweep(operation, _i % 2), 20);
}
END_TEST

Suite *suite_fault_exhausted_host(void);
Suite *suite_fault_exhausted_host(void) {
    Suite *suite = suite_create("fault/exhausted_host");
    TCase *tcase = tcase_create("host memory");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, begin, finish);
    tcase_add_loop_test(tcase, every_allocation, 0, 2 * (int)CLD_COUNT(operations));
    suite_add_tcase(suite, tcase);
    return suite;
}
