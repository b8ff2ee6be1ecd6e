/* SPDX-License-Identifier: Apache-2.0 */
/* State: never folded, updated in place without a copy, behind everything that reads it as it was; and refused
 * otherwise. */
#include "pass/pass.h"
#include "plan/plan.h"
#include "test.h"

static clade_error err;
static cld_graph *graph;
static cld_plan *plan;
static cld_build build;
static cld_value_id p, rate;
static const cld_type vector = { CLADE_FLOAT32, 1, { 4 } };
static const cld_caps caps = { .is_cpu = true,
                               .fp64 = true,
                               .float_lanes = 16,
                               .compute_units = 2,
                               .max_group = 256,
                               .max_group_dim = { 256, 256, 256 },
                               .local_bytes = 1 << 16,
                               .align_bytes = 64 };

static void begin(void) {
    graph = cld_graph_new(NULL, "state");
    plan = NULL;
    build = (cld_build){ .graph = graph, .node = "test" };
    clade_tensor *initial = cld_tensor_new(graph->arena, &vector);
    for (int k = 0; k < 4; k++)
        cld_tensor_set(initial, k, k);
    p = cld_graph_state(graph, "p", 1, initial);
    ck_ok(cld_build_scalar(&build, CLADE_FLOAT32, 0.5, &rate, &err), err);
}
static void end(void) {
    cld_plan_free(plan);
    cld_graph_free(graph);
}

static cld_value_id add(const char *type, cld_value_id a, cld_value_id b) {
    cld_value_id in[2] = { a, b }, out;
    ck_ok(cld_build_op(&build, type, in, cld_present(b) ? 2 : 1, NULL, 0, &out, &err), err);
    return out;
}

static cld_value_id update(cld_value_id parameter, cld_value_id gradient) {
    const cld_value_id in[3] = { parameter, gradient, rate };
    cld_value_id out;
    ck_ok(cld_build_with(&build, &cld_op_SgdStep, in, 3, NULL, 0, &out, &err), err);
    return out;
}

static clade_status make(void) {
    const cld_plan_options options = { 0 };
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_ok(cld_passes_run(cld_static_passes, -1, graph, &err), err);
    return cld_plan_new(&plan, graph, &caps, &options, &err);
}

static int steps_of(cld_step_kind kind) {
    int count = 0;
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        count += plan->steps.steps[s].kind == kind;
    return count;
}

START_TEST(is_not_folded) {
    cld_value_id twice = add("Add", p, p);
    ck_assert_ptr_null(cld_graph_at(graph, twice)->constant);
    ck_assert(cld_graph_output(graph, twice));
    ck_ok(make(), err);
    ck_assert_uint_eq(plan->state_bytes, 64);
    ck_assert_uint_eq(plan->constant_bytes, 0);
}
END_TEST

/* The update stands first and runs last; nobody reads its result, and it is no dead node; nothing is copied. */
START_TEST(updates_come_last) {
    cld_value_id g = cld_graph_input(graph, "g", &vector);
    update(p, g);
    cld_value_id exp = add("Exp", p, CLD_ABSENT), tail = add("ReduceSum", exp, CLD_ABSENT);
    ck_assert(cld_graph_output(graph, tail));
    ck_ok(make(), err);
    ck_assert_int_eq(steps_of(CLD_STEP_COPY), 0);
    const cld_step *last = &plan->steps.steps[plan->steps.n_steps - 1];
    ck_assert_ptr_nonnull(strstr(last->node, "SgdStep"));
    ck_assert_int_gt(plan->steps.n_steps, 1);
}
END_TEST

/* The result is the state itself, seen through another shape too; as an output it is read where it lies. */
START_TEST(is_one_buffer) {
    cld_value_id shape, seen, g;
    const cld_type matrix = { CLADE_FLOAT32, 2, { 2, 2 } };
    ck_ok(cld_build_ints(&build, (const int64_t[]){ 2, 2 }, 2, &shape, &err), err);
    seen = add("Reshape", p, shape);
    g = cld_graph_input(graph, "g", &matrix);
    cld_value_id after = update(seen, g);
    ck_assert(cld_graph_output(graph, after));
    ck_ok(make(), err);
    ck_assert_int_eq(plan->n_slabs, 0);
    ck_assert_int_eq(steps_of(CLD_STEP_COPY), 0);
    ck_assert_int_eq(plan->bufs[plan->buf_of_output[0]].place, CLD_PLACE_STATE);
    ck_assert_uint_eq(plan->output_bytes, 0);
    ck_assert_uint_eq(plan->state_bytes, 64);
}
END_TEST

START_TEST(two_updates_in_turn) {
    cld_value_id g = cld_graph_input(graph, "g", &vector);
    cld_value_id once = update(p, g), again = update(once, add("Neg", once, CLD_ABSENT));
    ck_assert(cld_graph_output(graph, again));
    ck_ok(make(), err);
    ck_assert_int_eq(steps_of(CLD_STEP_COPY), 0);
}
END_TEST

/* Reads the state as it was, and something that there is only after the update. */
START_TEST(reading_what_is_gone_is_refused) {
    cld_value_id g = cld_graph_input(graph, "g", &vector);
    cld_value_id after = update(p, g);
    ck_assert(cld_graph_output(graph, add("MatMul", p, after)));
    ck_refused(make(), CLADE_ERR_GRAPH, "MatMul 'test/MatMul_", err);
    ck_refused(err.status, CLADE_ERR_GRAPH, "reads 'p' as it was before an update that it depends on", err);
}
END_TEST

START_TEST(giving_what_is_gone_is_refused) {
    cld_value_id g = cld_graph_input(graph, "g", &vector);
    update(p, g);
    ck_assert(cld_graph_output(graph, p));
    ck_refused(make(), CLADE_ERR_GRAPH, "output 'p' is state 'p' as it was before it was updated", err);
}
END_TEST

START_TEST(what_is_no_state_is_not_updated) {
    cld_value_id g = cld_graph_input(graph, "g", &vector);
    ck_assert(cld_graph_output(graph, update(add("Exp", g, CLD_ABSENT), g)));
    ck_refused(make(), CLADE_ERR_GRAPH, "input 0 is to be updated and is no state", err);
}
END_TEST

START_TEST(types_are_checked) {
    const cld_type other = { CLADE_FLOAT32, 1, { 5 } }, whole = { CLADE_INT32, 1, { 4 } };
    cld_value_id in[3] = { p, cld_graph_input(graph, "g", &other), rate }, out;
    ck_refused(cld_build_with(&build, &cld_op_SgdStep, in, 3, NULL, 0, &out, &err), CLADE_ERR_SHAPE,
               "the parameter is float32[4], its gradient float32[5]", err);
    in[1] = cld_graph_input(graph, "i", &whole);
    ck_refused(cld_build_with(&build, &cld_op_SgdStep, in, 3, NULL, 0, &out, &err), CLADE_ERR_DTYPE,
               "input 1 is int32, which is not supported there", err);
    in[1] = in[2] = cld_graph_input(graph, "h", &vector);
    ck_refused(cld_build_with(&build, &cld_op_SgdStep, in, 3, NULL, 0, &out, &err), CLADE_ERR_SHAPE,
               "the learning rate is float32[4], not one number", err);
}
END_TEST

Suite *suite_plan_state(void);
Suite *suite_plan_state(void) {
    Suite *suite = suite_create("plan/state");
    TCase *tcase = tcase_create("state");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, is_not_folded);
    tcase_add_test(tcase, updates_come_last);
    tcase_add_test(tcase, is_one_buffer);
    tcase_add_test(tcase, two_updates_in_turn);
    tcase_add_test(tcase, reading_what_is_gone_is_refused);
    tcase_add_test(tcase, giving_what_is_gone_is_refused);
    tcase_add_test(tcase, what_is_no_state_is_not_updated);
    tcase_add_test(tcase, types_are_checked);
    suite_add_tcase(suite, tcase);
    return suite;
}
