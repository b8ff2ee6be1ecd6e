/* SPDX-License-Identifier: Apache-2.0 */
/* A process that serves predictions for days: resident memory does not grow with runs, with shapes, or with sessions
 * made and freed. Each test warms up first, because drivers fill pools of their own in the first runs.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clade.h"
#include "test.h"

#define COLUMNS 8
#define MAX_BATCH 40
/* Growth below this is the allocator's and the driver's noise: 10,000 runs that lose a hundred bytes each exceed it. */
#define NOISE_BYTES (1 << 20)

static clade_device *device;
static clade_model *model;
static clade_error err;

static void open_all(void) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/tests/data/mlp.onnx", getenv("CLADE_SOURCE_DIR"));
    ck_ok(clade_device_open(&device, NULL, NULL, &err), err);
    ck_ok(clade_model_load(&model, path, NULL, &err), err);
}

static void close_all(void) {
    clade_model_free(model);
    clade_device_close(device);
}

static long resident_bytes(void) {
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert(statm != NULL);
    ck_assert_int_eq(fscanf(statm, "%*d %ld", &pages), 1);
    fclose(statm);
    return pages * sysconf(_SC_PAGESIZE);
}

/* One run on `batch` rows; the probabilities of each row add up to 1. */
static void predict(clade_session *session, int64_t batch) {
    static float x[MAX_BATCH * COLUMNS];
    for (int i = 0; i < batch * COLUMNS; i++)
        x[i] = (float)(i % 13) * 0.25f - 1.5f;
    clade_tensor input = { CLADE_FLOAT32, 2, { batch, COLUMNS }, x, (size_t)batch * COLUMNS * sizeof x[0] };
    clade_tensor output;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "y", &output, &err), err);
    ck_assert_int_eq(output.dims[0], batch);
    for (int64_t row = 0; row < batch; row++) {
        const float *y = (const float *)output.data + 4 * row;
        ck_assert_float_eq_tol(y[0] + y[1] + y[2] + y[3], 1.0f, 1e-5f);
    }
    clade_tensor_free(&output);
}

static void use_one_shape(clade_session *session, int runs) {
    for (int i = 0; i < runs; i++)
        predict(session, 3);
}

/* More shapes in turn than the session may keep plans for. */
static void use_many_shapes(clade_session *session, int runs) {
    for (int i = 0; i < runs; i++)
        predict(session, 1 + i % MAX_BATCH);
}

static void use_sessions(clade_session *session, int runs) {
    (void)session;
    for (int i = 0; i < runs; i++) {
        clade_session *another;
        ck_ok(clade_session_create(&another, device, model, NULL, &err), err);
        predict(another, 3);
        clade_session_free(another);
    }
}

static const struct {
    void (*use)(clade_session *session, int runs);
    int warm_runs, runs;
} uses[] = {
    { use_one_shape, 1000, 10000 },
    { use_many_shapes, 4 * MAX_BATCH, 20 * MAX_BATCH },
    { use_sessions, 50, 200 },
};

START_TEST(resident_memory_is_flat) {
    if (getenv("CLADE_SANITIZED") != NULL) {
        test_skip("a sanitizer keeps freed memory");
        return;
    }
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_plans = 4;
    clade_session *session;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    uses[_i].use(session, uses[_i].warm_runs);
    long before = resident_bytes();
    uses[_i].use(session, uses[_i].runs);
    long growth = resident_bytes() - before;
    ck_assert_msg(growth < NOISE_BYTES, "%d runs grew the process by %ld bytes", uses[_i].runs, growth);
    clade_session_free(session);
}
END_TEST

Suite *suite_session_steady(void);
Suite *suite_session_steady(void) {
    Suite *suite = suite_create("session_steady");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_loop_test(tcase, resident_memory_is_flat, 0, sizeof uses / sizeof uses[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
