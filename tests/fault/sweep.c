/* SPDX-License-Identifier: Apache-2.0 */
/* Each OpenCL call of a small program fails in turn: one line with the code's own status, and the same objects then
 * give the right answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One life of the program with the n-th call failing; whether there was an n-th call. */
static bool live(program *p, const float *want, long n, cl_int code, bool lost, clade_status status) {
    memset(p->y, 0, sizeof p->y);
    fault_at(n, code, lost);
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        memset(&err, 0, sizeof err);
        clade_status got = steps[s](p);
        if (got == CLADE_OK)
            continue;
        const char *where = fault_clear();
        ck_assert_msg(got == status && err.status == status, "call %ld, %s: %s, not %s: %s", n, where,
                      clade_status_name(got), clade_status_name(status), err.message);
        ck_assert_msg(err.message[0] && !strchr(err.message, '\n'), "call %ld, %s: '%s'", n, where, err.message);
        ck_ok(steps[s](p), err);
    }
    bool fired = fault_clear() != NULL;
    ck_assert_msg(memcmp(p->y, want, sizeof p->y) == 0, "call %ld: another answer", n);
    finish(p);
    return fired;
}

static const struct {
    cl_int code;
    bool lost, profile;
    clade_status status;
    const char *cache; /* "": none */
} sweeps[] = {
    { CL_OUT_OF_HOST_MEMORY, false, false, CLADE_ERR_MEMORY, "" },
    { CL_OUT_OF_RESOURCES, false, true, CLADE_ERR_DEVICE_MEMORY, "faults" },
    { CL_DEVICE_NOT_AVAILABLE, true, false, CLADE_ERR_DEVICE_LOST, "" },
};
enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

START_TEST(each_call) {
    float want[VALUES];
    char cache[4096] = "";
    if (sweeps[_i].cache[0])
        snprintf(cache, sizeof cache, "%s", test_scratch(sweeps[_i].cache));
    program p = { .cache_dir = cache, .profile = sweeps[_i].profile, .model = mlp_load() };
    fault_at(0, 0, false);
    ck_assert(!live(&p, p.y, 0, 0, false, CLADE_OK));
    memcpy(want, p.y, sizeof want);
    long n = 1;
    while (live(&p, want, n, sweeps[_i].code, sweeps[_i].lost, sweeps[_i].status))
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
