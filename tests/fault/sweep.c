/* SPDX-License-Identifier: Apache-2.0 */
/* Each OpenCL call of a small program fails in turn, and each of its allocations: one line with the code's own status,
 * and the same objects then give the right answer. */
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
static clade_status (*const steps[])(program *) = { open_device, create, set_input, run, run, read_output };

static void finish(program *p) {
    clade_session_free(p->session);
    clade_device_close(p->device);
    p->session = NULL;
    p->device = NULL;
}

typedef struct faults {
    cl_int code; /* CL_SUCCESS: allocations fail, not calls */
    bool lost, profile;
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
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
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
    { CL_OUT_OF_HOST_MEMORY, false, false, CLADE_ERR_MEMORY, "" },
    { CL_OUT_OF_RESOURCES, false, true, CLADE_ERR_DEVICE_MEMORY, "faults" },
    { CL_DEVICE_NOT_AVAILABLE, true, false, CLADE_ERR_DEVICE_LOST, "" },
    { CL_SUCCESS, false, true, CLADE_ERR_MEMORY, "exhausted" },
    { CL_SUCCESS, true, false, CLADE_ERR_MEMORY, "exhausted" },
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
