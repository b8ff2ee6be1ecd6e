/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that runs out, at every allocation in turn: from a model's bytes to a plan, and of a graph's text, each
 * failure is ERR_MEMORY and nothing else.
 */
#include "fault/memory.h"
#include "io/wire.h"
#include "pass/pass.h"
#include "plan/plan.h"
#include "test.h"

static clade_error err;
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

/* What a session does on the host. */
static clade_status compile(const wire *bytes) {
    const cld_plan_options options = { 0 };
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 8, 64 } } };
    clade_status status = CLADE_OK;
    cld_model_facts facts;
    cld_graph *model = NULL;
    cld_walk *walk = NULL;
    cld_plan *plan = NULL;
    cld_segment segment = { 0 };
    CLD_TRY(cld_onnx_parse(&model, &facts, bytes->data, bytes->size, &(cld_onnx_options){ 0 }, &err));
    CLD_TRY(cld_passes_run(cld_model_passes, -1, model, &err));
    CLD_TRY(cld_walk_new(&walk, model, types, NULL, &err));
    CLD_TRY(cld_walk_next(walk, &segment, &err));
    CLD_TRY(cld_passes_run(cld_static_passes, -1, segment.graph, &err));
    CLD_TRY(cld_plan_new(&plan, segment.graph, &caps, &options, &err));
fail:
    cld_plan_free(plan);
    cld_graph_free(segment.graph);
    cld_walk_free(walk);
    cld_graph_free(model);
    return status;
}

START_TEST(every_allocation) {
    wire bytes = make_model();
    long n = 1;
    for (;; n++) {
        memory_fail(n, true);
        clade_status status = compile(&bytes);
        if (!memory_clear()) {
            ck_ok(status, err);
            break;
        }
        if (status == CLADE_OK) /* what failed was not needed: a row that was not taken, a node that was not fused */
            continue;
        ck_assert_msg(status == CLADE_ERR_MEMORY, "allocation %ld: %s: %s", n, clade_status_name(status), err.message);
    }
    ck_assert_int_gt(n, 100);
    cld_text_free(&bytes);
}
END_TEST

/* A graph's text, and the graph from it. */
static clade_status read_and_write(const char *text, cld_text *again) {
    cld_graph *graph = NULL;
    CLD_RETURN(cld_graph_read(&graph, text, &err));
    cld_graph_text(graph, true, again);
    cld_graph_free(graph);
    return again->failed ? CLADE_ERR_MEMORY : CLADE_OK;
}

/* What there is room for in a block of the arena depends on the length of the graph's name, so that with one or the
 * other each allocation needs a new block. */
START_TEST(every_allocation_of_a_text) {
    char name[1200];
    memset(name, 'g', sizeof name);
    for (int length = 1; length <= 1200; length += 8) {
        cld_text text = { 0 }, again = { 0 };
        cld_text_printf(&text,
                        "graph %.*s(x:float32[2], \"a b\") -> y, x:float32[2]\n"
                        "  w:float32[3] = {1.0,2.0,3.0}\n"
                        "  p:float32[3] = {1.0 ...} state=1\n"
                        "  y = Op(x, w:float32[3], p, \"a b\") a=[1,2,3] b=floats[1.0] c=strings[\"c\"] "
                        "d=int8[1]{1} g=graph(i)  # n\n"
                        "    graph i(; q) -> q\n",
                        length, name);
        clade_status status = CLADE_ERR_MEMORY;
        for (long n = 1; status != CLADE_OK; n++) {
            cld_text_free(&again);
            memory_fail(n, true);
            status = read_and_write(text.data, &again);
            memory_clear();
            ck_assert_msg(status == CLADE_OK || status == CLADE_ERR_MEMORY, "allocation %ld: %s: %s", n,
                          clade_status_name(status), err.message);
        }
        ck_assert(strcmp(again.data, text.data) == 0); /* so nothing was lost on the way */
        cld_text_free(&again);
        cld_text_free(&text);
    }
}
END_TEST

Suite *suite_base_exhausted(void);
Suite *suite_base_exhausted(void) {
    Suite *suite = suite_create("base/exhausted");
    TCase *tcase = tcase_create("host memory");
    tcase_add_test(tcase, every_allocation);
    tcase_add_test(tcase, every_allocation_of_a_text);
    suite_add_tcase(suite, tcase);
    return suite;
}
