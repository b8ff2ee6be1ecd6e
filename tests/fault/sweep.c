/* SPDX-License-Identifier: Apache-2.0 */
/* Each OpenCL call of two small programs fails in turn, and each of their allocations: one line with the code's own
 * status, and the same objects then give the right answer. One runs its session, the other makes calls on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/memory.h"
#include "fault/shim.h"
#include "mlp.h"
#include "test.h"

enum { BATCH = 3, VALUES = BATCH * MLP_OUTPUTS };

typedef struct program {
    const char *cache_dir;
    bool profile;
    clade_model *model;
    clade_device *device;
    clade_session *session;
    float y[VALUES];
    clade_error inner; /* of the call within; no message: there was none yet */
} program;

static clade_error err;

static clade_status open_device(program *p) {
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    options.cache_dir = p->cache_dir;
    return clade_device_open(&p->device, NULL, &options, &err);
}
static clade_status create(program *p) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.profile = p->profile;
    return clade_session_create(&p->session, p->device, p->model, &options, &err);
}
static clade_status set_input(program *p) {
    clade_tensor input = mlp_input(BATCH);
    return clade_session_set_input(p->session, "x", &input, &err);
}
static clade_status run(program *p) { return clade_session_run(p->session, &err); }
static clade_status read_output(program *p) {
    clade_tensor out = { CLADE_FLOAT32, 2, { BATCH, MLP_OUTPUTS }, p->y, sizeof p->y };
    return clade_session_read_output_into(p->session, "y", &out, &err);
}

static clade_status call(program *p, clade_tensor *y, const clade_call_options *options, clade_error *error) {
    const clade_tensor input = mlp_input(BATCH);
    const clade_call_input in = { "x",
                                  { .dtype = input.dtype,
                                    .rank = input.rank,
                                    .dims = { input.dims[0], input.dims[1] },
                                    .data = input.data,
                                    .size_bytes = input.size_bytes } };
    clade_call_output out = { "y", *y };
    const clade_status status = clade_session_call(p->session, &in, 1, &out, 1, options, error);
    *y = out.tensor;
    return status;
}
static clade_status call_for_more(program *p) {
    clade_tensor y = { 0 };
    const clade_status status = call(p, &y, NULL, &err);
    ck_assert((status == CLADE_OK) == (y.data != NULL));
    ck_assert(status != CLADE_OK || memcmp(y.data, p->y, sizeof p->y) == 0);
    clade_tensor_free(&y);
    return status;
}

/* A call within a call: the pool grows to two. */
static int call_within(void *user, const char *what, size_t done, size_t total) {
    program *p = user;
    float values[VALUES];
    clade_tensor y = { .data = values, .size_bytes = sizeof values };
    (void)what, (void)done, (void)total;
    if (p->inner.message[0])
        return 0;
    snprintf(p->inner.message, sizeof p->inner.message, "begun");
    p->inner.status = call(p, &y, NULL, &p->inner);
    return 0;
}
static clade_status call_twice(program *p) {
    clade_call_options options = CLADE_CALL_OPTIONS_INIT;
    clade_tensor y = { .data = p->y, .size_bytes = sizeof p->y };
    options.progress = call_within;
    options.progress_user = p;
    p->inner = (clade_error){ .status = CLADE_OK };
    const clade_status status = call(p, &y, &options, &err);
    if (status != CLADE_OK || p->inner.status == CLADE_OK)
        return status;
    err = p->inner;
    return err.status;
}

enum { STEPS = 6 };
typedef clade_status (*step)(program *);
static const step programs[][STEPS] = { { open_device, create, set_input, run, run, read_output },
                                        { open_device, create, call_twice, call_for_more } };

static void finish(program *p) {
    clade_session_free(p->session);
    clade_device_close(p->device);
    p->session = NULL;
    p->device = NULL;
}

typedef struct faults {
    cl_int code; /* CL_SUCCESS: allocations fail, not calls */
    bool lost, profile;
    int32_t program;
    clade_status status;
    const char *cache; /* "": none */
} faults;

static void arm(const faults *f, long n) {
    if (f->code == CL_SUCCESS)
        memory_fail(n, f->lost);
    else
        fault_at(n, f->code, f->lost);
}

/* Where it failed, or NULL. */
static const char *disarm(const faults *f) {
    if (f->code == CL_SUCCESS)
        return memory_clear() ? "an allocation" : NULL;
    return fault_clear();
}

/* One life of the program with the n-th call failing; whether there was an n-th call. */
static bool live(program *p, const float *want, long n, const faults *f) {
    const long held = memory_held();
    bool fired = false;
    memset(p->y, 0, sizeof p->y);
    arm(f, n);
    const step *steps = programs[f->program];
    for (size_t s = 0; s < STEPS && steps[s]; s++) {
        memset(&err, 0, sizeof err);
        clade_status got = steps[s](p);
        if (got == CLADE_OK)
            continue;
        const char *where = disarm(f);
        fired = true;
        ck_assert_msg(got == f->status && err.status == got, "call %ld, %s: %s, not %s: %s", n, where,
                      clade_status_name(got), clade_status_name(f->status), err.message);
        ck_assert_msg(err.message[0] && !strchr(err.message, '\n'), "call %ld, %s: '%s'", n, where, err.message);
        ck_ok(steps[s](p), err);
    }
    fired |= disarm(f) != NULL;
    ck_assert_msg(memcmp(p->y, want, sizeof p->y) == 0, "call %ld: another answer", n);
    finish(p);
    ck_assert_msg(memory_held() == held, "call %ld: %ld allocations are left", n, memory_held() - held);
    return fired;
}

static const faults sweeps[] = {
    { CL_OUT_OF_HOST_MEMORY, false, false, 0, CLADE_ERR_MEMORY, "" },
    { CL_OUT_OF_RESOURCES, false, true, 0, CLADE_ERR_DEVICE_MEMORY, "faults" },
    { CL_DEVICE_NOT_AVAILABLE, true, false, 0, CLADE_ERR_DEVICE_LOST, "" },
    { CL_SUCCESS, false, true, 0, CLADE_ERR_MEMORY, "exhausted" },
    { CL_SUCCESS, true, false, 0, CLADE_ERR_MEMORY, "exhausted" },
    { CL_OUT_OF_RESOURCES, false, false, 1, CLADE_ERR_DEVICE_MEMORY, "" },
    { CL_DEVICE_NOT_AVAILABLE, true, false, 1, CLADE_ERR_DEVICE_LOST, "" },
    { CL_SUCCESS, false, false, 1, CLADE_ERR_MEMORY, "exhausted-calls" },
    { CL_SUCCESS, true, false, 1, CLADE_ERR_MEMORY, "exhausted-calls" },
};
enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

START_TEST(each_call) {
    float want[VALUES];
    char cache[4096] = "";
    if (sweeps[_i].cache[0])
        snprintf(cache, sizeof cache, "%s", test_scratch(sweeps[_i].cache));
    program p = { .cache_dir = cache, .profile = sweeps[_i].profile, .model = mlp_load() };
    ck_assert(!live(&p, p.y, 0, &sweeps[_i]));
    memcpy(want, p.y, sizeof want);
    ck_assert(sweeps[_i].program == 0 || p.inner.message[0]);
    long n = 1;
    while (live(&p, want, n, &sweeps[_i]))
        n++;
    ck_assert_int_gt(n, 60); /* the calls were counted */
    clade_model_free(p.model);
}
END_TEST

Suite *suite_fault_sweep(void);
Suite *suite_fault_sweep(void) {
    Suite *suite = suite_create("fault/sweep");
    TCase *tcase = tcase_create("sweep");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, each_call, 0, SWEEPS);
    suite_add_tcase(suite, tcase);
    return suite;
}
