/* SPDX-License-Identifier: Apache-2.0 */
/* Indices out of range in a model of several segments: g = Gather(x, i), a cut at n = NonZero(g), w = Gather(x, j).
 * Which node is named; what runs after; sessions side by side; the caller's own queue. */
#include "clade/opencl.h"

#include <pthread.h>
#include <stdio.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

enum { ENTRIES = 4, THREADS = 4, RUNS = 50 };

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

static clade_model *load(bool cut) {
    clade_model *out;
    wire graph = { 0 };
    wire_text(&graph, GRAPH_NAME, "gathers");
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, (int64_t[]){ ENTRIES });
    wire_value(&graph, GRAPH_INPUT, "i", CLADE_INT64, 1, (int64_t[]){ 2 });
    wire_value(&graph, GRAPH_INPUT, "j", CLADE_INT64, 1, (int64_t[]){ 2 });
    wire_node(&graph, "Gather", "x i", "g", NULL);
    if (cut)
        wire_node(&graph, "NonZero", "g", "n", NULL);
    wire_node(&graph, "Gather", "x j", "w", NULL);
    wire_value(&graph, GRAPH_OUTPUT, cut ? "n" : "g", cut ? CLADE_INT64 : CLADE_FLOAT32, -1, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "w", CLADE_FLOAT32, -1, NULL);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&out, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    return out;
}

static void open_all(void) {
    device = mlp_device(NULL);
    model = load(true);
    session = mlp_session(device, model, 0);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

/* x = 1, 2, 3, 4; i = {0, a}; j = {0, b}. */
static clade_status run(clade_session *at, int64_t a, int64_t b, clade_error *why) {
    float x[ENTRIES] = { 1, 2, 3, 4 };
    int64_t i[] = { 0, a }, j[] = { 0, b };
    const clade_tensor inputs[] = { { CLADE_FLOAT32, 1, { ENTRIES }, x, sizeof x },
                                    { CLADE_INT64, 1, { 2 }, i, sizeof i },
                                    { CLADE_INT64, 1, { 2 }, j, sizeof j } };
    const char *const names[] = { "x", "i", "j" };
    for (int k = 0; k < 3; k++) {
        clade_status status = clade_session_set_input(at, names[k], &inputs[k], why);
        if (status != CLADE_OK)
            return status;
    }
    return clade_session_run(at, why);
}

/* w[1] of the last run. */
static float second(clade_session *at) {
    float w[2] = { 0, 0 };
    clade_tensor out = { .data = w, .size_bytes = sizeof w };
    return clade_session_read_output_into(at, "w", &out, NULL) == CLADE_OK ? w[1] : -1;
}

static clade_session_stats stats(void) {
    clade_session_stats out = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &out, &err), err);
    return out;
}

START_TEST(the_first_is_named) {
    for (int times = 0; times < 2; times++) {
        ck_refused(run(session, 7, 1, &err), CLADE_ERR_ARGUMENT, "node 'Gather_0': index 7", err);
        ck_refused(run(session, 7, 8, &err), CLADE_ERR_ARGUMENT, "node 'Gather_0': index 7", err);
        ck_refused(run(session, 1, 8, &err), CLADE_ERR_ARGUMENT, "node 'Gather_2': index 8", err);
        ck_assert_float_eq(second(session), -1);
        ck_ok(run(session, 1, -1, &err), err);
        ck_assert_float_eq(second(session), 4);
    }
}
END_TEST

/* What was read at the cut is not followed when it rests on a wrong index. */
START_TEST(nothing_is_planned_for_it) {
    ck_refused(run(session, 7, 1, &err), CLADE_ERR_ARGUMENT, "index 7", err);
    ck_assert_uint_eq(stats().plans, 1);
    ck_ok(clade_session_compile(session, &err), err);
    ck_ok(run(session, 1, 1, &err), err);
    ck_assert_uint_eq(stats().plans, 1);
    ck_assert_float_eq(second(session), 2);
}
END_TEST

/* The record is in the bytes, once for all plans, and no step. */
START_TEST(bytes_and_launches) {
    size_t need;
    clade_model *straight = load(false);
    clade_session_free(session);
    session = mlp_session(device, straight, 0);
    ck_ok(run(session, 1, 2, &err), err);
    ck_assert_uint_eq(stats().launches, 2);
    ck_ok(clade_session_required_bytes(session, &need, &err), err);
    ck_assert_uint_eq(stats().peak_bytes, need);
    clade_model_free(straight);
}
END_TEST

typedef struct worker {
    pthread_t thread;
    int64_t index;
    const char *wrong; /* what went wrong, or NULL: Check's assertions belong to the main thread */
} worker;

static void *work(void *argument) {
    worker *self = argument;
    clade_error why = { .status = CLADE_OK };
    clade_session *own;
    char part[32];
    snprintf(part, sizeof part, "index %d is", (int)self->index);
    if (clade_session_create(&own, device, model, NULL, &why) != CLADE_OK)
        self->wrong = "create";
    for (int k = 0; k < RUNS && !self->wrong; k++) {
        bool bad = k % 3 == 0;
        clade_status status = run(own, 1, bad ? self->index : k % ENTRIES, &why);
        if (bad && (status != CLADE_ERR_ARGUMENT || !strstr(why.message, part)))
            self->wrong = "another fault";
        else if (!bad && (status != CLADE_OK || second(own) != (float)(k % ENTRIES + 1)))
            self->wrong = "another result";
    }
    clade_session_free(own);
    return NULL;
}

START_TEST(sessions_side_by_side) {
    worker workers[THREADS] = { { .index = 4 }, { .index = 5 }, { .index = -6 }, { .index = -5 } };
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_msg(workers[i].wrong == NULL, "thread %d: %s", i, workers[i].wrong);
    }
}
END_TEST

START_TEST(on_the_callers_queue) {
    cl_platform_id platform;
    cl_device_id id;
    cl_int code = clGetPlatformIDs(1, &platform, NULL);
    ck_assert_int_eq(code, CL_SUCCESS);
    ck_assert_int_eq(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &id, NULL), CL_SUCCESS);
    cl_context context = clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    cl_command_queue queue = code == CL_SUCCESS ? clCreateCommandQueue(context, id, 0, &code) : NULL;
    ck_assert_int_eq(code, CL_SUCCESS);
    clade_device *mine;
    clade_session *on_mine;
    ck_ok(clade_device_open_opencl(&mine, context, id, NULL, &err), err);
    ck_ok(clade_session_create_opencl(&on_mine, mine, model, queue, NULL, &err), err);
    ck_refused(run(on_mine, 1, 9, &err), CLADE_ERR_ARGUMENT, "node 'Gather_2': index 9", err);
    ck_ok(run(on_mine, 1, 2, &err), err);
    ck_assert_float_eq(second(on_mine), 3);
    clade_session_free(on_mine);
    clade_device_close(mine);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
}
END_TEST

Suite *suite_session_faults(void);
Suite *suite_session_faults(void) {
    Suite *suite = suite_create("session/faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_first_is_named);
    tcase_add_test(tcase, nothing_is_planned_for_it);
    tcase_add_test(tcase, bytes_and_launches);
    tcase_add_test(tcase, sessions_side_by_side);
    tcase_add_test(tcase, on_the_callers_queue);
    suite_add_tcase(suite, tcase);
    return suite;
}
