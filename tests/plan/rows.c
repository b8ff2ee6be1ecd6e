/* SPDX-License-Identifier: Apache-2.0 */
/* Which row a node gets: CLBlast comes first on GPUs and only on request on CPUs; double precision needs the device's.
 */
#include "op/rig.h"
#include "plan/plan.h"

static clade_error err;
static cld_graph *graph;
static cld_plan *plan;

static void begin(void) {
    graph = cld_graph_new(NULL, "rows");
    plan = NULL;
}
static void end(void) {
    cld_plan_free(plan);
    cld_graph_free(graph);
}

/* One node on two 8 x 8 inputs. */
static clade_status make(const char *type, int32_t n_in, clade_dtype dtype, const cld_caps *caps, const char *prefer) {
    cld_build build = { .graph = graph, .node = "test" };
    const cld_plan_options options = { .prefer_impl = prefer };
    const cld_type square = { dtype, 2, { 8, 8 } };
    cld_value_id in[2] = { cld_graph_input(graph, "a", &square), cld_graph_input(graph, "b", &square) }, out;
    ck_ok(cld_build_op(&build, type, in, n_in, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    return cld_plan_new(&plan, graph, caps, &options, &err);
}

static const struct {
    bool cpu, clblast;
    clade_dtype dtype;
    const char *prefer;
} choices[] = {
    { false, false, CLADE_FLOAT32, NULL }, /* its first call costs a second */
    { false, true, CLADE_FLOAT32, "MatMul=clblast" },
    { true, false, CLADE_FLOAT32, NULL },
    { true, false, CLADE_FLOAT64, NULL }, /* no panels: still our own */
    { true, true, CLADE_FLOAT32, "MatMul=clblast" },
    { true, true, CLADE_FLOAT64, "MatMul=clblast" },
};

START_TEST(clblast_on_request) {
    const cld_caps caps = op_machine(choices[_i].cpu);
    ck_ok(make("MatMul", 2, choices[_i].dtype, &caps, choices[_i].prefer), err);
    ck_assert_int_eq(strncmp(plan->steps.steps[0].impl, "clblast(", 8) == 0, choices[_i].clblast);
    ck_assert_int_eq(plan->steps.steps[0].kind == CLD_STEP_GEMM, choices[_i].clblast);
}
END_TEST

static const struct {
    const char *type;
    int32_t n_in;
    bool moves; /* and does not compute */
} doubles[] = { { "MatMul", 2, false },  { "Add", 2, false },    { "Det", 1, false },
                { "Softmax", 1, false }, { "ArgMax", 1, false }, { "Transpose", 1, true } };

START_TEST(double_needs_the_device) {
    cld_caps caps = op_machine(_i % 2);
    const size_t k = (size_t)_i / 2;
    caps.fp64 = false;
    clade_status status = make(doubles[k].type, doubles[k].n_in, CLADE_FLOAT64, &caps, NULL);
    ck_assert_int_eq(status, doubles[k].moves ? CLADE_OK : CLADE_ERR_UNSUPPORTED);
}
END_TEST

/* A device may allow one work-item a group: every row for GPUs obeys. An input of no dtype is the constant [1]. */
#define SQUARE                                                                                                         \
    {                                                                                                                  \
        CLADE_FLOAT32, 2, { 96, 96 }                                                                                   \
    }
#define CONSTANT                                                                                                       \
    {                                                                                                                  \
        CLADE_NONE, 0, { 0 }                                                                                           \
    }
static const struct {
    const char *type;
    int32_t n_in;
    cld_type in[3];
} lines[] = { { "CumSum", 2, { SQUARE, CONSTANT } },
              { "TopK", 2, { SQUARE, CONSTANT } },
              { "ScatterElements", 3, { SQUARE, { CLADE_INT64, 2, { 96, 96 } }, SQUARE } },
              { "GridSample", 2, { { CLADE_FLOAT32, 4, { 1, 1, 9, 9 } }, { CLADE_FLOAT32, 4, { 1, 9, 9, 2 } } } },
              { "Softmax", 1, { SQUARE } },
              { "ArgMax", 1, { SQUARE } },
              { "ReduceSum", 1, { SQUARE } } };

START_TEST(groups_of_one) {
    cld_caps caps = op_machine(false);
    cld_build build = { .graph = graph, .node = "test" };
    const cld_plan_options options = { 0 };
    cld_value_id in[3], out[2];
    caps.max_group = caps.max_group_dim[0] = caps.max_group_dim[1] = caps.max_group_dim[2] = 1;
    for (int32_t k = 0; k < lines[_i].n_in; k++)
        if (lines[_i].in[k].dtype == CLADE_NONE)
            ck_ok(cld_build_ints(&build, (const int64_t[]){ 1 }, 1, &in[k], &err), err);
        else
            in[k] = cld_graph_input(graph, NULL, &lines[_i].in[k]);
    cld_node node = { .name = "lines", .domain = "", .type = lines[_i].type, .opset = 18, .n_in = lines[_i].n_in };
    char reason[100];
    node.op = cld_op_find("", node.type, node.opset, reason, sizeof reason);
    node.n_out = strcmp(node.type, "TopK") == 0 ? 2 : 1;
    node.out = (cld_value_id[]){ { 0 }, { 0 } };
    ck_ok(cld_build_node(&build, &node, in, node.n_in, out, node.n_out, &err), err);
    ck_assert(cld_graph_output(graph, out[0]));
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    ck_assert_int_gt(plan->steps.n_steps, 0);
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        for (int d = 0; d < 3; d++)
            ck_assert_msg(plan->steps.steps[s].local[d] <= 1, "%s: a group of %zu", node.type,
                          plan->steps.steps[s].local[d]);
}
END_TEST

/* A group of work-items for each of many small matrices: found by fuzzing. */
START_TEST(launches_are_bounded) {
    const cld_caps caps = op_machine(false);
    const cld_type many = { CLADE_FLOAT32, 3, { 40000000, 1, 1 } };
    const cld_plan_options options = { 0 };
    cld_build build = { .graph = graph, .node = "test" };
    cld_value_id in = cld_graph_input(graph, "a", &many), out;
    ck_ok(cld_build_op(&build, "Det", &in, 1, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    ck_refused(cld_plan_new(&plan, graph, &caps, &options, &err), CLADE_ERR_LIMIT,
               "it takes a launch of 2560000000 work-items, 2147483647 are the most", err);
}
END_TEST

/* The kernel counts to the end of two runs of a line. */
START_TEST(sorted_lines_are_bounded) {
    const cld_caps caps = op_machine(_i == 0);
    const cld_type line = { CLADE_FLOAT32, 2, { 1, INT32_MAX / 4 + 1 } };
    const cld_plan_options options = { .prefer_impl = "TopK=merge" };
    cld_build build = { .graph = graph, .node = "test" };
    cld_value_id in[2] = { cld_graph_input(graph, "a", &line) }, out;
    ck_ok(cld_build_ints(&build, (const int64_t[]){ 1 }, 1, &in[1], &err), err);
    ck_ok(cld_build_op(&build, "TopK", in, 2, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    ck_refused(cld_plan_new(&plan, graph, &caps, &options, &err), CLADE_ERR_LIMIT, "lines of 536870912 elements", err);
}
END_TEST

/* Kernels count lines with int, also where there is nothing in them. */
START_TEST(empty_and_wide) {
    const cld_caps caps = op_machine(_i == 0);
    const cld_type wide = { CLADE_FLOAT32, 2, { 0, INT64_C(1) << 40 } };
    const cld_plan_options options = { 0 };
    cld_build build = { .graph = graph, .node = "test" };
    cld_value_id in[2] = { cld_graph_input(graph, "a", &wide) }, out;
    ck_ok(cld_build_ints(&build, (const int64_t[]){ 1 }, 1, &in[1], &err), err);
    ck_ok(cld_build_op(&build, "CumSum", in, 2, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    ck_refused(cld_plan_new(&plan, graph, &caps, &options, &err), CLADE_ERR_LIMIT, "more than", err);
}
END_TEST

/* Long lines of which there are none: how many groups share one was a division by zero, found by fuzzing. */
START_TEST(no_lines) {
    static const char *const types[] = { "ReduceMean", "ReduceMax", "ReduceSum", "CumSum" };
    const cld_caps caps = op_machine(_i % 2);
    const cld_type none = { CLADE_FLOAT32, 2, { 9001, 0 } };
    const cld_plan_options options = { 0 };
    cld_build build = { .graph = graph, .node = "test" };
    cld_value_id in[2] = { cld_graph_input(graph, "a", &none) }, out;
    ck_ok(cld_build_ints(&build, (const int64_t[]){ 0 }, 1, &in[1], &err), err);
    ck_ok(cld_build_op(&build, types[_i / 2], in, 2, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    ck_assert_int_eq(plan->steps.n_steps, 0);
}
END_TEST

Suite *suite_plan_rows(void);
Suite *suite_plan_rows(void) {
    Suite *suite = suite_create("plan/rows");
    TCase *tcase = tcase_create("plan/rows");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, clblast_on_request, 0, (int)CLD_COUNT(choices));
    tcase_add_loop_test(tcase, double_needs_the_device, 0, (int)(2 * CLD_COUNT(doubles)));
    tcase_add_test(tcase, launches_are_bounded);
    tcase_add_loop_test(tcase, sorted_lines_are_bounded, 0, 2);
    tcase_add_loop_test(tcase, no_lines, 0, 8);
    tcase_add_loop_test(tcase, empty_and_wide, 0, 2);
    tcase_add_loop_test(tcase, groups_of_one, 0, (int)CLD_COUNT(lines));
    suite_add_tcase(suite, tcase);
    return suite;
}
