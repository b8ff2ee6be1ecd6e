/* SPDX-License-Identifier: Apache-2.0 */
/* A loop whose condition is computed on the device: right after many steps, in bounded memory, and cancelled when
 * asked.
 */
#include <sys/resource.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

/* s = s0; while (s < m) { s = s + 1; rows[...] = s }; y = s */
static void open_all(void) {
    const float one = 1;
    const bool yes = true;
    wire body = { 0 }, graph = { 0 }, attributes = { 0 };
    wire step = wire_tensor("one", CLADE_FLOAT32, 0, NULL, &one, sizeof one);
    wire go = wire_tensor("go", CLADE_BOOL, 0, NULL, &yes, sizeof yes);
    wire_text(&body, GRAPH_NAME, "body");
    wire_value(&body, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "c", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_INPUT, "s", CLADE_FLOAT32, 0, NULL);
    wire_message(&body, GRAPH_INITIALISER, &step);
    wire_node(&body, "Add", "s one", "next", NULL);
    wire_node(&body, "Less", "next m", "more", NULL);
    wire_node(&body, "Add", "next zero", "row", NULL);
    wire_value(&body, GRAPH_OUTPUT, "more", CLADE_BOOL, 0, NULL);
    wire_value(&body, GRAPH_OUTPUT, "next", CLADE_FLOAT32, 0, NULL);
    wire_value(&body, GRAPH_OUTPUT, "row", CLADE_FLOAT32, 0, NULL);
    wire_attr_message(&attributes, "body", ATTR_GRAPH, &body);
    wire_value(&graph, GRAPH_INPUT, "s0", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_INPUT, "m", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_INPUT, "zero", CLADE_FLOAT32, 0, NULL);
    wire_message(&graph, GRAPH_INITIALISER, &go);
    wire_node(&graph, "Loop", "- go s0", "y rows", &attributes);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 0, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "rows", CLADE_FLOAT32, 1, (const int64_t[]){ -1 });
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    device = mlp_device(NULL);
    session = NULL;
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

START_TEST(many_steps_take_little_memory) {
    enum { STEPS = 3000, MOST_MEGABYTES = 400 };
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    start(options);
    ck_ok(run(STEPS), err);
    check(STEPS);
    ck_ok(run(STEPS / 2), err);
    check(STEPS / 2);
#ifndef __SANITIZE_ADDRESS__
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    ck_assert_int_lt(usage.ru_maxrss, MOST_MEGABYTES * 1024L);
#endif
}
END_TEST

START_TEST(cuts_are_bounded) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_cuts = 10;
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
    start(options);
    ck_refused(run(5000), CLADE_ERR_LIMIT, "Loop 'Loop_0': plans take more than 1000000 bytes of host memory", err);
    for (int steps = 1; steps < 20; steps++) { /* lines that are too much together go */
        ck_ok(run((float)steps), err);
        check(steps);
    }
}
END_TEST

START_TEST(device_memory_is_bounded) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_device_bytes = 100000;
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
    tcase_add_test(tcase, cuts_are_bounded);
    tcase_add_test(tcase, host_memory_is_bounded);
    tcase_add_test(tcase, device_memory_is_bounded);
    tcase_add_test(tcase, planning_is_cancelled);
    suite_add_tcase(suite, tcase);
    return suite;
}
