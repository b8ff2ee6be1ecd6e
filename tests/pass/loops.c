/* SPDX-License-Identifier: Apache-2.0 */
/* What walking a loop costs: what does not change is computed once, a cut copies no more than what is new, and there
 * are bounds on nodes, work and host memory, and a way to cancel.
 */
#include "io/wire.h"
#include "pass/pass.h"
#include "test.h"

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

static const int64_t four[] = { 4 };

/* x float32[4] and, for what a test adds, a captured constant k = 0 1 0 2; y is the loop's state. */
static void parse(wire *body, int64_t trips) {
    static const float k[] = { 0, 1, 0, 2 };
    wire graph = { 0 }, attributes = { 0 };
    wire initialiser = wire_tensor("trips", CLADE_INT64, 0, NULL, &trips, sizeof trips);
    wire constant = wire_tensor("k", CLADE_FLOAT32, 1, four, k, sizeof k);
    wire_text(body, GRAPH_NAME, "body");
    wire_attr_message(&attributes, "body", ATTR_GRAPH, body);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, four);
    wire_message(&graph, GRAPH_INITIALISER, &initialiser);
    wire_message(&graph, GRAPH_INITIALISER, &constant);
    wire_node(&graph, "Loop", "trips - x", "y", &attributes);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, four);
    wire bytes = wire_model(&graph);
    ck_ok(wire_parse(&model, &bytes, &err), err);
}

static wire new_body(void) {
    wire body = { 0 };
    wire_value(&body, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "go", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "s", CLADE_FLOAT32, 1, four);
    return body;
}

static void outputs(wire *body, const char *condition, const char *state) {
    wire_value(body, GRAPH_OUTPUT, condition, CLADE_BOOL, 0, NULL);
    wire_value(body, GRAPH_OUTPUT, state, CLADE_FLOAT32, 1, four);
}

static clade_status run_walk(const cld_walk_limits *limits) {
    const cld_type x = { CLADE_FLOAT32, 1, { 4 } };
    ck_ok(cld_walk_new(&walk, model, &x, limits, &err), err);
    return cld_walk_next(walk, &segment, &err);
}

/* Unique of a constant, a million times: on the host once. */
START_TEST(what_does_not_change_is_evaluated_once) {
    wire body = new_body();
    wire_node(&body, "Unique", "k", "u", NULL);
    wire_node(&body, "Identity", "s", "next", NULL);
    outputs(&body, "go", "next");
    parse(&body, 1000000);
    ck_ok(run_walk(NULL), err);
    ck_assert_uint_le(segment.graph->evaluated, 1000);
    ck_assert_uint_le(cld_walk_bytes(walk), 100000);
}
END_TEST

/* The same on the device, and in a branch. */
START_TEST(what_does_not_change_is_one_node) {
    wire body = new_body(), then = { 0 }, other = { 0 }, attributes = { 0 };
    wire_node(&then, "Exp", "x", "e", NULL);
    wire_value(&then, GRAPH_OUTPUT, "e", CLADE_FLOAT32, 1, four);
    wire_node(&other, "Neg", "x", "e", NULL);
    wire_value(&other, GRAPH_OUTPUT, "e", CLADE_FLOAT32, 1, four);
    wire_text(&then, GRAPH_NAME, "then");
    wire_text(&other, GRAPH_NAME, "other");
    wire_attr_message(&attributes, "then_branch", ATTR_GRAPH, &then);
    wire_attr_message(&attributes, "else_branch", ATTR_GRAPH, &other);
    wire_node(&body, "Tanh", "x", "t", NULL);
    wire_node(&body, "If", "go", "f", &attributes);
    wire_node(&body, "Add", "t f", "both", NULL);
    wire_node(&body, "Add", "s both", "next", NULL);
    outputs(&body, "go", "next");
    parse(&body, 50);
    ck_ok(run_walk(NULL), err);
    ck_assert_int_eq(segment.graph->n_nodes, 3 + 50);
}
END_TEST

START_TEST(number_of_the_iteration) {
    wire body = new_body();
    const int64_t float32 = 1;
    wire to = { 0 };
    wire_attr_int(&to, "to", float32);
    wire_node(&body, "Cast", "i", "n", &to);
    wire_node(&body, "Add", "n k", "sum", NULL);
    outputs(&body, "go", "sum");
    parse(&body, 7);
    ck_ok(run_walk(NULL), err);
    ck_assert_ptr_nonnull(segment.results[0]->value);
    ck_assert_float_eq(((const float *)segment.results[0]->value->data)[3], 6 + 2);
}
END_TEST

START_TEST(a_loop_around_nothing_ends) {
    wire body = new_body();
    outputs(&body, "go", "s");
    parse(&body, INT64_MAX);
    ck_refused(run_walk(NULL), CLADE_ERR_LIMIT, "Loop 'Loop_0': more than 16000000 nodes", err);
}
END_TEST

START_TEST(host_memory_is_bounded) {
    const cld_walk_limits limits = { .host_bytes = 1000000 };
    wire body = new_body();
    wire_node(&body, "Exp", "s", "next", NULL);
    outputs(&body, "go", "next");
    parse(&body, 900000);
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
    wire body = new_body();
    wire_node(&body, "Exp", "s", "next", NULL);
    outputs(&body, "go", "next");
    parse(&body, 900000);
    ck_refused(run_walk(&limits), CLADE_ERR_CANCELLED, "cancelled while planning", err);
    ck_assert_uint_le(seen, 2000);
}
END_TEST

/* ---- a condition that only the device knows ---------------------------------------------------------------------- */

enum { CUTS = 1000 };
static cld_walk *copies[CUTS];
static cld_segment segments[CUTS];

/* s = exp(s), as long as the largest is not 0; `add`: to s, each time. */
static void parse_while(const char *add, int64_t trips) {
    static const int64_t one[] = { 1 };
    wire body = new_body(), to = { 0 }, number = { 0 };
    wire_attr_int(&to, "to", 9);     /* bool */
    wire_attr_int(&number, "to", 1); /* float32 */
    if (strstr(add, "number"))
        wire_node(&body, "Cast", "i", "number", &number);
    else
        cld_text_free(&number);
    wire_node(&body, "Add", add, "sum", NULL);
    wire_node(&body, "Exp", "sum", "next", NULL);
    wire_node(&body, "ReduceMax", "next", "most", NULL);
    wire_node(&body, "Less", "s next", "less", NULL);
    wire_node(&body, "Cast", "most", "on", &to);
    wire_value(&body, GRAPH_OUTPUT, "on", CLADE_BOOL, 1, one);
    wire_value(&body, GRAPH_OUTPUT, "next", CLADE_FLOAT32, 1, four);
    parse(&body, trips);
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
    parse_while("s k", 1000000);
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
    parse_while("s k", INT64_MAX);
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
    parse_while("s x", INT64_MAX);
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
    parse_while("s k", 10);
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
    parse_while("s k", 3);
    walk_on(2);
    ck_assert(!repeats());
    drop_copies(2);
}
END_TEST

START_TEST(a_loop_that_counts_does_not_come_again) {
    parse_while("s number", INT64_MAX);
    walk_on(2);
    ck_assert(!repeats());
    drop_copies(2);
}
END_TEST

Suite *suite_pass_loops(void);
Suite *suite_pass_loops(void) {
    Suite *suite = suite_create("pass_loops");
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
