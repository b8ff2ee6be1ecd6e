/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL calls and allocations that fail while a model is tuned, a sample of them, ever further apart: the tuning ends
 * with one line or goes on without the candidate, nothing is left behind, and no wrong choice is recorded.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clade.h"
#include "fault/memory.h"
#include "fault/shim.h"
#include "io/wire.h"
#include "store/fixture.h"
#include "test.h"

enum { ROWS = 4, COLUMNS = 8, VALUES = ROWS * COLUMNS };

static char directory[4096];
static clade_error err;
static clade_model *model;
static float x[VALUES], want[VALUES];

static void load(void) {
    static const int64_t dims[] = { ROWS, COLUMNS };
    wire graph = { 0 };
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 2, dims);
    wire_node(&graph, "Softmax", "x", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 2, dims);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
}

static void make_wanted(void) {
    for (int r = 0; r < ROWS; r++) {
        float sum = 0;
        for (int c = 0; c < COLUMNS; c++)
            sum += expf(x[r * COLUMNS + c] = (float)(r + c % 3));
        for (int c = 0; c < COLUMNS; c++)
            want[r * COLUMNS + c] = expf(x[r * COLUMNS + c]) / sum;
    }
}

static void check_run(clade_session *session, long n) {
    float y[VALUES];
    clade_tensor out = { CLADE_FLOAT32, 2, { ROWS, COLUMNS }, y, sizeof y };
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_read_output_into(session, "y", &out, &err), err);
    for (int k = 0; k < VALUES; k++)
        ck_assert_msg(fabsf(y[k] - want[k]) < 1e-5f, "call %ld: element %d is %g, not %g", n, k, (double)y[k],
                      (double)want[k]);
}

/* ---- one tuning with a fault ---------------------------------------------------------------------------------------
 */

typedef struct faults {
    cl_int code; /* CL_SUCCESS: allocations fail, not calls */
    bool lasting;
    clade_status status;
} faults;

static const faults sweeps[] = {
    { CL_SUCCESS, false, CLADE_ERR_MEMORY },
    { CL_SUCCESS, true, CLADE_ERR_MEMORY },
    { CL_OUT_OF_RESOURCES, false, CLADE_ERR_DEVICE_MEMORY },
    { CL_DEVICE_NOT_AVAILABLE, true, CLADE_ERR_DEVICE_LOST },
};

static void arm(const faults *f, long n) {
    if (f->code == CL_SUCCESS)
        memory_fail(n, f->lasting);
    else
        fault_at(n, f->code, f->lasting);
}

static const char *disarm(const faults *f) {
    if (f->code == CL_SUCCESS)
        return memory_clear() ? "an allocation" : NULL;
    return fault_clear();
}

static void found(void *user, const clade_tuned *tuned) {
    ++*(int *)user;
    ck_assert(tuned->error < 1e-4 && tuned->after_seconds > 0);
}

static void open_session(clade_device **device, clade_session **session) {
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    const clade_tensor in = { CLADE_FLOAT32, 2, { ROWS, COLUMNS }, x, sizeof x };
    options.cache_dir = directory;
    ck_ok(clade_device_open(device, NULL, &options, &err), err);
    ck_ok(clade_session_create(session, *device, model, NULL, &err), err);
    ck_ok(clade_session_set_input(*session, "x", &in, &err), err);
}

/* Whether there was an n-th call. */
static bool tune(long n, const faults *f, int *ended) {
    const long held = memory_held();
    int problems = 0;
    clade_device *device;
    clade_session *session;
    clade_tune_options options = CLADE_TUNE_OPTIONS_INIT;
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    options.seconds = 60; /* it ends when all are tried */
    options.found = found;
    options.user = &problems;
    open_session(&device, &session);
    memset(&err, 0, sizeof err);
    arm(f, n);
    const clade_status status = clade_session_tune(session, &options, &result, &err);
    const char *where = disarm(f);
    *ended += status != CLADE_OK;
    if (status != CLADE_OK) {
        ck_assert_msg(where && status == f->status && err.status == status, "call %ld, %s: %s: %s", n, where,
                      clade_status_name(status), err.message);
        ck_assert_msg(err.message[0] && !strchr(err.message, '\n'), "call %ld, %s: '%s'", n, where, err.message);
    }
    ck_assert_msg(where || problems == 1, "call %ld: %d problems", n, problems);
    check_run(session, n); /* what is recorded, too */
    clade_session_free(session);
    clade_device_close(device);
    ck_assert_msg(memory_held() == held, "call %ld, %s: %ld allocations are left", n, where, memory_held() - held);
    return where != NULL;
}

/* So that the next one tries all again, and nothing is held to have ended a process. */
static void forget(void) {
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    char key[300];
    clade_device *device;
    ck_ok(clade_device_open(&device, NULL, NULL, &err), err);
    ck_ok(clade_device_get_info(device, &info, &err), err);
    clade_device_close(device);
    snprintf(key, sizeof key, "%s: %s", info.platform_name, info.name);
    ck_ok(clade_records_forget(directory, key, NULL, NULL, &err), err);
}

START_TEST(while_tuning) {
    long n = 1, tried = 0;
    int ended = 0;
    snprintf(directory, sizeof directory, "%s", store_directory("tuning-faults"));
    load();
    make_wanted();
    ck_assert(!tune(0, &sweeps[_i], &ended)); /* and all is compiled */
    forget();
    for (; tune(n, &sweeps[_i], &ended); n += 1 + n / 3, tried++)
        forget();
    ck_assert_int_gt(tried, 10);
    ck_assert_int_gt(ended, 5);
    clade_model_free(model);
}
END_TEST

Suite *suite_fault_tuning(void);
Suite *suite_fault_tuning(void) {
    Suite *suite = suite_create("fault/tuning");
    TCase *tcase = tcase_create("tuning");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, while_tuning, 0, sizeof sweeps / sizeof *sweeps);
    suite_add_tcase(suite, tcase);
    return suite;
}
