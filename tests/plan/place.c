/* SPDX-License-Identifier: Apache-2.0 */
/* Placement: buffers alive together never overlap, sums are what will be allocated, limits make slabs or a refusal. */
#include <stdlib.h>

#include "plan/plan.h"
#include "test.h"

static clade_error err;
static cld_graph *graph;
static const cld_caps caps = {
    .is_cpu = true, .float_lanes = 16, .compute_units = 2, .max_group = 256, .align_bytes = 128
};
static const cld_plan_options options;

static void begin(void) { graph = cld_graph_new(NULL, "place"); }
static void end(void) { cld_graph_free(graph); }

/* A tree of transposes and joins over one input, drawn from a seed: values of many sizes and life spans. */
static void make_graph(unsigned seed, int32_t nodes) {
    cld_build build = { .graph = graph, .node = "test" };
    cld_value_id values[64];
    int32_t count = 1;
    cld_type type = { CLADE_FLOAT32, 2, { 3 + (int64_t)(seed % 5), 7 } };
    values[0] = cld_graph_input(graph, "x", &type);
    for (int32_t n = 0; n < nodes; n++) {
        cld_value_id pair[2] = { values[rand_r(&seed) % count], values[rand_r(&seed) % count] };
        bool join =
            cld_shape_equal(&cld_graph_at(graph, pair[0])->type, &cld_graph_at(graph, pair[1])->type) && n % 3 == 0;
        cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 1 };
        if (join)
            ck_ok(cld_build_op(&build, "Concat", pair, 2, &axis, 1, &values[count], &err), err);
        else
            ck_ok(cld_build_op(&build, "Transpose", pair, 1, NULL, 0, &values[count], &err), err);
        count++;
    }
    for (int32_t k = count - 3; k < count; k++)
        ck_assert(cld_graph_output(graph, values[k]));
}

static void life_of(const cld_plan *plan, int32_t buf, int32_t *first, int32_t *last) {
    *first = INT32_MAX;
    *last = -1;
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        for (int32_t a = 0; a < plan->steps.steps[s].n_args; a++) {
            const cld_arg *arg = &plan->steps.steps[s].args[a];
            if (arg->kind == CLD_ARG_BUF && arg->u.buf.buf.i == buf) {
                *first = CLD_MIN(*first, s);
                *last = CLD_MAX(*last, s);
            }
        }
}

static void check_no_overlap(const cld_plan *plan) {
    int32_t pairs = 0;
    for (int32_t a = 0; a < plan->n_bufs; a++)
        for (int32_t b = a + 1; b < plan->n_bufs; b++) {
            const cld_plan_buf *x = &plan->bufs[a], *y = &plan->bufs[b];
            int32_t xf, xl, yf, yl;
            if (x->place != CLD_PLACE_ARENA || y->place != CLD_PLACE_ARENA || x->index != y->index)
                continue;
            life_of(plan, a, &xf, &xl);
            life_of(plan, b, &yf, &yl);
            if (xl < yf || yl < xf)
                continue;
            pairs++;
            ck_assert_msg(x->offset + x->bytes <= y->offset || y->offset + y->bytes <= x->offset,
                          "buffers %d and %d overlap", (int)a, (int)b);
        }
    ck_assert_int_gt(pairs, 0);
}

START_TEST(no_overlap) {
    cld_plan *plan;
    make_graph((unsigned)_i, 40);
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    check_no_overlap(plan);
    size_t together = 0;
    for (int32_t b = 0; b < plan->n_bufs; b++)
        if (plan->bufs[b].place == CLD_PLACE_ARENA) {
            ck_assert_uint_eq(plan->bufs[b].offset % caps.align_bytes, 0);
            ck_assert_uint_le(plan->bufs[b].offset + plan->bufs[b].bytes, plan->slab_bytes[plan->bufs[b].index]);
            together += plan->bufs[b].bytes;
        }
    ck_assert_uint_lt(plan->arena_bytes, together); /* something is shared */
    cld_plan_free(plan);
}
END_TEST

START_TEST(same_graph_same_plan) {
    cld_plan *a, *b;
    make_graph(7, 40);
    ck_ok(cld_plan_new(&a, graph, &caps, &options, &err), err);
    ck_ok(cld_plan_new(&b, graph, &caps, &options, &err), err);
    ck_assert_int_eq(a->n_bufs, b->n_bufs);
    for (int32_t k = 0; k < a->n_bufs; k++)
        ck_assert_uint_eq(a->bufs[k].offset, b->bufs[k].offset);
    ck_assert_uint_eq(cld_plan_bytes(a), cld_plan_bytes(b));
    cld_plan_free(a);
    cld_plan_free(b);
}
END_TEST

START_TEST(slabs_when_allocations_are_limited) {
    cld_plan *whole, *plan;
    cld_caps limited = caps;
    make_graph(3, 40);
    ck_ok(cld_plan_new(&whole, graph, &caps, &options, &err), err);
    ck_assert_int_eq(whole->n_slabs, 1);
    limited.max_alloc_bytes = whole->arena_bytes / 2;
    ck_ok(cld_plan_new(&plan, graph, &limited, &options, &err), err);
    ck_assert_int_gt(plan->n_slabs, 1);
    for (int32_t s = 0; s < plan->n_slabs; s++)
        ck_assert_uint_le(plan->slab_bytes[s], limited.max_alloc_bytes);
    check_no_overlap(plan);
    cld_plan_free(plan);
    cld_plan_free(whole);
}
END_TEST

START_TEST(refuses_what_no_allocation_holds) {
    cld_plan *plan;
    cld_caps limited = caps;
    limited.max_alloc_bytes = 64;
    make_graph(3, 40);
    ck_refused(cld_plan_new(&plan, graph, &limited, &options, &err), CLADE_ERR_DEVICE_MEMORY, "allocates at most 64",
               err);
}
END_TEST

START_TEST(output_that_is_an_input_is_copied) {
    cld_plan *plan;
    cld_type type = { CLADE_INT64, 1, { 5 } };
    cld_value_id x = cld_graph_input(graph, "x", &type);
    ck_assert(cld_graph_output(graph, x));
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    ck_assert_int_eq(plan->steps.n_steps, 1);
    ck_assert_int_eq(plan->steps.steps[0].kind, CLD_STEP_COPY);
    ck_assert_uint_eq(plan->steps.steps[0].u.copy_bytes, 40);
    ck_assert_int_eq(plan->bufs[plan->buf_of_output[0]].place, CLD_PLACE_OUTPUT);
    ck_assert_uint_eq(cld_plan_bytes(plan), 2 * caps.align_bytes); /* input and output, each rounded up */
    cld_plan_free(plan);
}
END_TEST

/* As in training: everything lives to the end. Few steps per buffer, or this would take minutes. */
START_TEST(many_that_live_to_the_end) {
    enum { COUNT = 16000 };
    static cld_value_id ids[COUNT];
    cld_plan *plan;
    cld_build build = { .graph = graph, .node = "test" };
    cld_type type = { CLADE_FLOAT32, 2, { 3, 7 } };
    cld_value_id x = cld_graph_input(graph, "x", &type), y;
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    for (int32_t k = 0; k < COUNT; k++)
        ck_ok(cld_build_op(&build, "Transpose", &x, 1, NULL, 0, &ids[k], &err), err);
    ck_ok(cld_build_op(&build, "Concat", ids, COUNT, &axis, 1, &y, &err), err);
    ck_assert(cld_graph_output(graph, y));
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    ck_assert_uint_eq(plan->arena_bytes, (size_t)COUNT * caps.align_bytes); /* no byte is lost */
    cld_plan_free(plan);
}
END_TEST

/* A row that stays per step of a chain whose values do not: 2 of the chain live at once, all rows at the end. */
START_TEST(rows_beside_a_chain) {
    enum { COUNT = 3000 };
    static cld_value_id rows[COUNT];
    cld_plan *plan;
    cld_build build = { .graph = graph, .node = "test" };
    cld_type type = { CLADE_FLOAT32, 2, { 8, 8 } };
    cld_value_id state = cld_graph_input(graph, "x", &type), y;
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    for (int32_t k = 0; k < COUNT; k++) {
        ck_ok(cld_build_op(&build, "Transpose", &state, 1, NULL, 0, &state, &err), err);
        ck_ok(cld_build_op(&build, "Transpose", &state, 1, NULL, 0, &rows[k], &err), err);
    }
    ck_ok(cld_build_op(&build, "Concat", rows, COUNT, &axis, 1, &y, &err), err);
    ck_assert(cld_graph_output(graph, y));
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    ck_assert_uint_le(plan->arena_bytes, (COUNT + 2) * (size_t)256);
    cld_plan_free(plan);
}
END_TEST

START_TEST(slabs_without_end_are_refused) {
    cld_plan *plan;
    cld_caps limited = caps;
    static cld_value_id ids[100];
    cld_build build = { .graph = graph, .node = "test" };
    cld_type type = { CLADE_FLOAT32, 2, { 8, 8 } };
    cld_value_id x = cld_graph_input(graph, "x", &type), y;
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    for (int32_t k = 0; k < 100; k++)
        ck_ok(cld_build_op(&build, "Transpose", &x, 1, NULL, 0, &ids[k], &err), err);
    ck_ok(cld_build_op(&build, "Concat", ids, 100, &axis, 1, &y, &err), err);
    ck_assert(cld_graph_output(graph, y));
    limited.max_alloc_bytes = 256;
    ck_refused(cld_plan_new(&plan, graph, &limited, &options, &err), CLADE_ERR_DEVICE_MEMORY,
               "more than 64 allocations of 256 bytes", err);
}
END_TEST

Suite *suite_plan_place(void);
Suite *suite_plan_place(void) {
    Suite *suite = suite_create("plan_place");
    TCase *tcase = tcase_create("place");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, no_overlap, 0, 20);
    tcase_add_test(tcase, same_graph_same_plan);
    tcase_add_test(tcase, slabs_when_allocations_are_limited);
    tcase_add_test(tcase, refuses_what_no_allocation_holds);
    tcase_add_test(tcase, many_that_live_to_the_end);
    tcase_add_test(tcase, rows_beside_a_chain);
    tcase_add_test(tcase, slabs_without_end_are_refused);
    tcase_add_test(tcase, output_that_is_an_input_is_copied);
    suite_add_tcase(suite, tcase);
    return suite;
}
