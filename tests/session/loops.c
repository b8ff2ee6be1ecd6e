/* SPDX-License-Identifier: Apache-2.0 */
/* A loop whose condition is computed on the device: planned once unless its body counts, right after many steps, in
 * bounded memory, and cancelled when asked.
 */
#include <sys/resource.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

static const int64_t any[] = { -1 }; /* a dimension */

/* s = s0; for (i = 0; i < trips && s < m; i++) { s = s + 1; rows[i] = s }; y = s. `trips` is "-": no such bound.
 * `row`, of a row, adds to 0 what a test likes. */
static void load(const char *loop, const char *row) {
    const float one = 1;
    const bool yes = true;
    const int64_t trips = 100;
    wire body = { 0 }, graph = { 0 }, attributes = { 0 }, to = { 0 };
    wire step = wire_tensor("one", CLADE_FLOAT32, 0, NULL, &one, sizeof one);
    wire go = wire_tensor("go", CLADE_BOOL, 0, NULL, &yes, sizeof yes);
    wire most = wire_tensor("trips", CLADE_INT64, 0, NULL, &trips, sizeof trips);
    wire_text(&body, GRAPH_NAME, "body");
    wire_value(&body, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "c", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "s", CLADE_FLOAT32, 0, NULL);
    wire_message(&body, GRAPH_INITIALISER, &step);
    wire_node(&body, "Add", "s one", "next", NULL);
    wire_node(&body, "Less", "next m", "more", NULL);
    if (strstr(row, "nothing")) {
        wire_attr_int(&to, "to", 1); /* float32 */
        wire_node(&body, "Cast", "i", "number", &to);
        wire_node(&body, "Mul", "number zero", "nothing", NULL);
    }
    wire_node(&body, "Add", row, "row", NULL);
    wire_value(&body, GRAPH_OUTPUT, "more", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_OUTPUT, "next", CLADE_FLOAT32, 0, NULL);
    wire_value(&body, GRAPH_OUTPUT, "row", CLADE_FLOAT32, 0, NULL);
    wire_attr_message(&attributes, "body", ATTR_GRAPH, &body);
    wire_value(&graph, GRAPH_INPUT, "s0", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_INPUT, "m", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_INPUT, "zero", CLADE_FLOAT32, 0, NULL);
    wire_message(&graph, GRAPH_INITIALISER, &go);
    wire_message(&graph, GRAPH_INITIALISER, &most);
    wire_node(&graph, "Loop", loop, "y rows", &attributes);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "rows", CLADE_FLOAT32, 1, any);
    wire bytes = wire_model(&graph);
    clade_model_free(model);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
}

#define WHILE "- go s0"
#define FOR "trips go s0"
#define PLAIN "next zero"
#define COUNTS "next nothing" /* the body reads the number of the iteration */

static void open_all(void) {
    model = NULL;
    session = NULL;
    device = mlp_device(NULL);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static void start(clade_session_options options) {
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
}

static clade_status run(float steps) {
    float zero = 0;
    clade_tensor from = { CLADE_FLOAT32, 0, { 0 }, &zero, sizeof zero },
                 to = { CLADE_FLOAT32, 0, { 0 }, &steps, sizeof steps };
    ck_ok(clade_session_set_input(session, "s0", &from, &err), err);
    ck_ok(clade_session_set_input(session, "zero", &from, &err), err);
    ck_ok(clade_session_set_input(session, "m", &to, &err), err);
    return clade_session_run(session, &err);
}

static void check(int steps) {
    clade_tensor y, rows;
    ck_ok(clade_session_get_output(session, "y", &y, &err), err);
    ck_assert_float_eq(*(const float *)y.data, (float)steps);
    ck_ok(clade_session_get_output(session, "rows", &rows, &err), err);
    ck_assert_int_eq(rows.dims[0], steps);
    for (int k = 0; k < steps; k++)
        ck_assert_float_eq(((const float *)rows.data)[k], (float)(k + 1));
    clade_tensor_free(&y);
    clade_tensor_free(&rows);
}

static size_t plans(void) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    return stats.plans;
}

static long peak_bytes(void) {
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss * 1024L;
}

START_TEST(many_steps_take_little_memory) {
    enum { STEPS = 5000, MOST_BYTES = 60000000 };
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_host_bytes = 6000000; /* of which what joins the rows takes the most */
    load(WHILE, PLAIN);
    start(options);
    ck_ok(run(5), err);
    const long before = peak_bytes();
    ck_ok(run(STEPS), err);
    check(STEPS);
    ck_ok(run(STEPS / 2), err);
    check(STEPS / 2);
#ifndef __SANITIZE_ADDRESS__
    ck_assert_int_lt(peak_bytes() - before, MOST_BYTES);
#else
    (void)before;
#endif
}
END_TEST

/* The second step plans for all that follow; a line ends for each number of steps, since it decides a shape. */
START_TEST(any_number_of_steps) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    load(WHILE, PLAIN);
    start(options);
    for (int round = 0; round < 2; round++)
        for (int steps = 1; steps < 40; steps += steps < 8 ? 1 : 5) {
            ck_ok(run((float)steps), err);
            check(steps);
        }
    ck_assert_uint_le(plans(), 16);
}
END_TEST

START_TEST(a_trip_count_ends_it) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    static const int steps[] = { 99, 100, 101, 1000, 3, 100 };
    load(FOR, PLAIN);
    start(options);
    for (size_t k = 0; k < CLD_COUNT(steps); k++) {
        ck_ok(run((float)steps[k]), err);
        check(steps[k] < 100 ? steps[k] : 100);
    }
}
END_TEST

START_TEST(a_body_that_counts) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    load(FOR, COUNTS);
    start(options);
    for (int steps = 1; steps < 120; steps += 17) {
        ck_ok(run((float)steps), err);
        check(steps < 100 ? steps : 100);
    }
}
END_TEST

/* How many of x are above zero: a Scan whose body decides on the device by its slice, which is another each time. */
static void load_scan(void) {
    const float one = 1;
    wire body = { 0 }, graph = { 0 }, more = { 0 }, same = { 0 }, branches = { 0 }, attributes = { 0 };
    wire step = wire_tensor("one", CLADE_FLOAT32, 0, NULL, &one, sizeof one);
    wire_text(&more, GRAPH_NAME, "more");
    wire_node(&more, "Add", "s one", "r", NULL);
    wire_value(&more, GRAPH_OUTPUT, "r", CLADE_FLOAT32, 0, NULL);
    wire_text(&same, GRAPH_NAME, "same");
    wire_node(&same, "Add", "s zero", "r", NULL);
    wire_value(&same, GRAPH_OUTPUT, "r", CLADE_FLOAT32, 0, NULL);
    wire_attr_message(&branches, "then_branch", ATTR_GRAPH, &more);
    wire_attr_message(&branches, "else_branch", ATTR_GRAPH, &same);
    wire_text(&body, GRAPH_NAME, "body");
    wire_value(&body, GRAPH_INPUT, "s", CLADE_FLOAT32, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "xi", CLADE_FLOAT32, 0, NULL);
    wire_message(&body, GRAPH_INITIALISER, &step);
    wire_node(&body, "Greater", "xi zero", "above", NULL);
    wire_node(&body, "If", "above", "next", &branches);
    wire_value(&body, GRAPH_OUTPUT, "next", CLADE_FLOAT32, 0, NULL);
    wire_attr_message(&attributes, "body", ATTR_GRAPH, &body);
    wire_attr_int(&attributes, "num_scan_inputs", 1);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, any);
    wire_value(&graph, GRAPH_INPUT, "zero", CLADE_FLOAT32, 0, NULL);
    wire_node(&graph, "Neg", "zero", "s0", NULL);
    wire_node(&graph, "Scan", "s0 x", "y", &attributes);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 0, NULL);
    wire bytes = wire_model(&graph);
    clade_model_free(model);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
}

START_TEST(a_scan_takes_each_slice) {
    static const float patterns[][6] = {
        { 1, 1, 1, -1, 1, 1 }, { 1, 1, 1, 1, 1, 1 }, { -1, -1, -1, 1, -1, 1 }, { -1, 1, 1, 1, -1, -1 }
    };
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    load_scan();
    start(options);
    for (size_t k = 0; k < CLD_COUNT(patterns); k++) {
        float zero = 0, x[6], want = 0;
        clade_tensor in = { CLADE_FLOAT32, 1, { 6 }, x, sizeof x }, nothing = { CLADE_FLOAT32, 0, { 0 }, &zero, 4 }, y;
        memcpy(x, patterns[k], sizeof x);
        for (int i = 0; i < 6; i++)
            want += x[i] > 0;
        ck_ok(clade_session_set_input(session, "x", &in, &err), err);
        ck_ok(clade_session_set_input(session, "zero", &nothing, &err), err);
        ck_ok(clade_session_run(session, &err), err);
        ck_ok(clade_session_get_output(session, "y", &y, &err), err);
        ck_assert_float_eq(*(const float *)y.data, want);
        clade_tensor_free(&y);
    }
}
END_TEST

START_TEST(cuts_are_bounded) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_cuts = 10;
    load(WHILE, _i ? COUNTS : PLAIN);
    start(options);
    ck_refused(run(100), CLADE_ERR_LIMIT, "Loop 'Loop_0': a run reads more than 10 values that decide what follows",
               err);
    ck_ok(run(5), err);
    check(5);
}
END_TEST

START_TEST(host_memory_is_bounded) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_host_bytes = 1000000;
    load(WHILE, COUNTS);
    start(options);
    ck_refused(run(5000), CLADE_ERR_LIMIT, "bytes of host memory", err);
    for (int steps = 1; steps < 20; steps++) { /* lines that are too much together go */
        ck_ok(run((float)steps), err);
        check(steps);
    }
}
END_TEST

START_TEST(device_memory_is_bounded) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_device_bytes = 100000;
    load(WHILE, COUNTS);
    start(options);
    ck_refused(run(5000), CLADE_ERR_LIMIT, "bytes of device memory, the session may take 100000", err);
    ck_ok(run(5), err);
    check(5);
}
END_TEST

static int stop(void *user, const char *what, size_t done, size_t total) {
    (void)done;
    (void)total;
    return *(const int *)user && strcmp(what, "planning") == 0;
}

START_TEST(planning_is_cancelled) {
    int wanted = 1;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.progress = stop;
    options.progress_user = &wanted;
    load(WHILE, COUNTS);
    start(options);
    ck_refused(run(500), CLADE_ERR_CANCELLED, "cancelled while planning", err);
    wanted = 0;
    ck_ok(run(5), err);
    check(5);
}
END_TEST

Suite *suite_session_loops(void);
Suite *suite_session_loops(void) {
    Suite *suite = suite_create("session/loops");
    TCase *tcase = tcase_create("loops");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, many_steps_take_little_memory);
    tcase_add_test(tcase, any_number_of_steps);
    tcase_add_test(tcase, a_trip_count_ends_it);
    tcase_add_test(tcase, a_body_that_counts);
    tcase_add_test(tcase, a_scan_takes_each_slice);
    tcase_add_loop_test(tcase, cuts_are_bounded, 0, 2);
    tcase_add_test(tcase, host_memory_is_bounded);
    tcase_add_test(tcase, device_memory_is_bounded);
    tcase_add_test(tcase, planning_is_cancelled);
    suite_add_tcase(suite, tcase);
    return suite;
}
