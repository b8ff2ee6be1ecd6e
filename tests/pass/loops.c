/* SPDX-License-Identifier: Apache-2.0 */
/* What walking a loop costs: what does not change is computed once, a cut copies no more than what is new, and there
 * are bounds on nodes, work and host memory, and a way to cancel.
 */
#include <stdio.h>

#include "test.h"
#include "written.h"

static clade_error err;
static cld_graph *model;
static cld_walk *walk;
static cld_segment segment;

static void begin(void) {
    model = NULL;
    walk = NULL;
    segment = (cld_segment){ 0 };
}
static void end(void) {
    cld_walk_free(walk);
    cld_graph_free(segment.graph);
    cld_graph_free(model);
}

/* The state s of a loop, which begins with x; `captured` is of x and of a constant k, and the body gives `outputs`. */
static void parse(const char *captured, const char *outputs, const char *body, int64_t trips) {
    char text[2000];
    snprintf(text, sizeof text,
             "graph model(x:float32[4]) -> y\n"
             "  trips:int64[] = {%lld}\n"
             "  k:float32[4] = {0.0,1.0,0.0,2.0}\n"
             "  y = Loop(trips, -, x%s%s) body=graph(body)\n"
             "    graph body(i:int64[], go:bool[], s:float32[4]; %s) -> %s\n%s",
             (long long)trips, captured[0] != '\0' ? ", " : "", captured, captured, outputs, body);
    model = written(text);
    ck_ok(cld_graph_verify(model, &err), err);
}

static clade_status run_walk(const cld_walk_limits *limits) {
    const cld_type x = { CLADE_FLOAT32, 1, { 4 } };
    ck_ok(cld_walk_new(&walk, model, &x, limits, &err), err);
    return cld_walk_next(walk, &segment, &err);
}

/* Unique of a constant, a million times: on the host once. */
START_TEST(what_does_not_change_is_evaluated_once) {
    parse("k", "go, next", "      u = Unique(k)\n      next = Identity(s)\n", 1000000);
    ck_ok(run_walk(NULL), err);
    ck_assert_uint_le(segment.graph->evaluated, 1000);
    ck_assert_uint_le(cld_walk_bytes(walk), 100000);
}
END_TEST

/* The same on the device, and in a branch. */
START_TEST(what_does_not_change_is_one_node) {
    parse("x", "go, next",
          "      t = Tanh(x)\n"
          "      f = If(go, x, x) then_branch=graph(then) else_branch=graph(else)\n"
          "        graph then(; x) -> e\n"
          "          e = Exp(x)\n"
          "        graph else(; x) -> e\n"
          "          e = Neg(x)\n"
          "      both = Add(t, f)\n"
          "      next = Add(s, both)\n",
          50);
    ck_ok(run_walk(NULL), err);
    ck_assert_int_eq(segment.graph->n_nodes, 3 + 50);
}
END_TEST

START_TEST(number_of_the_iteration) {
    parse("k", "go, sum",
          "      n = Cast(i) to=1\n"
          "      sum = Add(n, k)\n",
          7);
    ck_ok(run_walk(NULL), err);
    ck_assert_ptr_nonnull(segment.results[0]->value);
    ck_assert_float_eq(((const float *)segment.results[0]->value->data)[3], 6 + 2);
}
END_TEST

START_TEST(a_loop_around_nothing_ends) {
    parse("", "go, s", "", INT64_MAX);
    ck_refused(run_walk(NULL), CLADE_ERR_LIMIT, "Loop 'Loop_0': more than 16000000 nodes", err);
}
END_TEST

static const char grows[] = "      next = Exp(s)\n";

START_TEST(host_memory_is_bounded) {
    const cld_walk_limits limits = { .host_bytes = 1000000 };
    parse("", "go, next", grows, 900000);
    ck_refused(run_walk(&limits), CLADE_ERR_LIMIT, "planning up to here takes more than 1000000 bytes of host memory",
               err);
    ck_assert_uint_le(cld_walk_bytes(walk), 1100000);
}
END_TEST

static int stop(void *user, const char *what, size_t done, size_t total) {
    (void)total;
    ck_assert_str_eq(what, "planning");
    *(size_t *)user = done;
    return done >= 1000;
}

START_TEST(cancelled) {
    size_t seen = 0;
    const cld_walk_limits limits = { .watch = { stop, &seen } };
    parse("", "go, next", grows, 900000);
    ck_refused(run_walk(&limits), CLADE_ERR_CANCELLED, "cancelled while planning", err);
    ck_assert_uint_le(seen, 2000);
}
END_TEST

/* ---- a condition that only the device knows ---------------------------------------------------------------------- */

enum { CUTS = 1000 };
static cld_walk *copies[CUTS];
static cld_segment segments[CUTS];

/* s = exp(s), as long as the largest is not 0; `add`: to s, each time. */
static void parse_while(const char *captured, const char *add, int64_t trips) {
    char body[500];
    snprintf(body, sizeof body,
             "      number = Cast(i) to=1\n"
             "      sum = Add(s, %s)\n"
             "      next = Exp(sum)\n"
             "      most = ReduceMax(next)\n"
             "      less = Less(s, next)\n"
             "      on = Cast(most) to=9\n",
             add);
    parse(captured, "on, next", strcmp(add, "number") == 0 ? body : strchr(body, '\n') + 1, trips);
}

/* Walks on behind each cut, in a copy. */
static void walk_on(int cuts) {
    static const bool yes = true;
    const clade_tensor fed = { CLADE_BOOL, 1, { 1 }, (void *)&yes, 1 };
    ck_ok(run_walk(NULL), err);
    for (int k = 0; k < cuts; k++) {
        ck_ok(cld_walk_copy(&copies[k], k ? copies[k - 1] : walk, NULL, &err), err);
        ck_ok(cld_walk_feed(copies[k], &fed, &err), err);
        ck_ok(cld_walk_next(copies[k], &segments[k], &err), err);
    }
}

static void drop_copies(int cuts) {
    for (int k = cuts - 1; k >= 0; k--) {
        cld_walk_free(copies[k]);
        cld_graph_free(segments[k].graph);
    }
}

static int32_t turns[4], again_rows[4];
static cld_repeat again;
static bool repeats(void) {
    again = (cld_repeat){ .turn = turns, .row = again_rows, .max_rows = CLD_COUNT(again_rows) };
    return cld_walk_repeats(copies[0], &segments[0], copies[1], &segments[1], &again);
}

START_TEST(copies_share) {
    parse_while("k", "k", 1000000);
    walk_on(CUTS);
    for (int k = 0; k < CUTS; k++) {
        ck_assert_ptr_nonnull(segments[k].cut_slot);
        ck_assert_int_le(segments[k].graph->n_outputs, 2);
        ck_assert_uint_le(cld_walk_bytes(copies[k]), 8192);
    }
    drop_copies(CUTS);
}
END_TEST

START_TEST(a_loop_comes_again) {
    parse_while("k", "k", INT64_MAX);
    walk_on(2);
    ck_assert(repeats());
    ck_assert(again.most == INT64_MAX);
    ck_assert_int_eq(segments[1].graph->n_inputs, 1); /* s, and the constant is none */
    ck_assert_int_eq(segments[1].carried_in[0]->output, again.turn[0]);
    ck_assert_int_ne(segments[1].cut_slot->output, again.turn[0]);
    drop_copies(2);
}
END_TEST

START_TEST(what_is_captured_stays) {
    parse_while("x", "x", INT64_MAX);
    walk_on(2);
    ck_assert(repeats());
    ck_assert_int_eq(segments[1].graph->n_inputs, 2);
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(again.turn[k] == -1, segments[1].carried_in[k]->input == 0);
    drop_copies(2);
}
END_TEST

/* Of ten iterations the first three are walked: seven are left. Behind them the loop closes. */
START_TEST(a_loop_comes_again_up_to_its_limit) {
    static const bool yes = true;
    const clade_tensor fed = { CLADE_BOOL, 1, { 1 }, (void *)&yes, 1 };
    parse_while("k", "k", 10);
    walk_on(2);
    ck_assert(repeats());
    ck_assert_int_eq(again.most, 7);
    ck_ok(cld_walk_copy(&copies[2], copies[1], NULL, &err), err);
    ck_ok(cld_walk_skip(copies[2], copies[0], &segments[1], again.most, &err), err);
    ck_ok(cld_walk_feed(copies[2], &fed, &err), err);
    ck_ok(cld_walk_next(copies[2], &segments[2], &err), err);
    ck_assert_ptr_null(segments[2].cut_slot);
    drop_copies(3);
}
END_TEST

START_TEST(the_last_iteration_does_not_come_again) {
    parse_while("k", "k", 3);
    walk_on(2);
    ck_assert(!repeats());
    drop_copies(2);
}
END_TEST

START_TEST(a_loop_that_counts_does_not_come_again) {
    parse_while("", "number", INT64_MAX);
    walk_on(2);
    ck_assert(!repeats());
    drop_copies(2);
}
END_TEST

Suite *suite_pass_loops(void);
Suite *suite_pass_loops(void) {
    Suite *suite = suite_create("pass/loops");
    TCase *tcase = tcase_create("loops");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, what_does_not_change_is_evaluated_once);
    tcase_add_test(tcase, what_does_not_change_is_one_node);
    tcase_add_test(tcase, number_of_the_iteration);
    tcase_add_test(tcase, a_loop_around_nothing_ends);
    tcase_add_test(tcase, host_memory_is_bounded);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, copies_share);
    tcase_add_test(tcase, a_loop_comes_again);
    tcase_add_test(tcase, what_is_captured_stays);
    tcase_add_test(tcase, a_loop_comes_again_up_to_its_limit);
    tcase_add_test(tcase, the_last_iteration_does_not_come_again);
    tcase_add_test(tcase, a_loop_that_counts_does_not_come_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
