/* SPDX-License-Identifier: Apache-2.0 */
/* A child whose parent had started OpenCL is told so by every call that needs the device, may free what it inherited,
 * and disturbs nobody. Check forks each test before OpenCL is touched; these fork once more. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clade/opencl.h"
#include "mlp.h"
#include "test.h"

enum { BATCH = 2 };

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

/* Runs `work` in a child, which must end with 0 in good time. */
static void in_child(int (*work)(void)) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(work());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    ck_assert_msg(WEXITSTATUS(status) == 0, "call %d: %s", WEXITSTATUS(status), err.message);
}

static int refused(clade_status status) {
    return status == CLADE_ERR_DEVICE && strstr(err.message, "forked after OpenCL had started");
}

static int listing(void) {
    size_t count;
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    clade_platform_info platform = CLADE_PLATFORM_INFO_INIT;
    clade_device *other;
    return !refused(clade_device_count(&count, &err))                                                         ? 1
           : !refused(clade_device_describe(&info, 0, &err))                                                  ? 2
           : !refused(clade_platform_count(&count, &err))                                                     ? 3
           : !refused(clade_platform_describe(&platform, 0, &err))                                            ? 4
           : !refused(clade_device_open(&other, NULL, NULL, &err))                                            ? 5
           : !refused(clade_device_open_opencl(&other, (cl_context)&count, (cl_device_id)&count, NULL, &err)) ? 6
                                                                                                              : 0;
}

static int using(void) {
    float y[BATCH * MLP_OUTPUTS];
    clade_tensor other = mlp_input(BATCH + 1), out = { CLADE_FLOAT32, 2, { BATCH, MLP_OUTPUTS }, y, sizeof y };
    clade_session *another;
    if (!refused(clade_session_read_output_into(session, "y", &out, &err)))
        return 11;
    if (!refused(clade_session_run(session, &err))) /* as it was prepared */
        return 12;
    if (clade_session_set_input(session, "x", &other, &err) || !refused(clade_session_compile(session, &err)))
        return 13;
    if (!refused(clade_session_create(&another, device, model, NULL, &err)))
        return 14;
    return listing();
}

static int freeing(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    return listing();
}

static int everything(void) {
    device = mlp_device("");
    model = mlp_load();
    session = mlp_session(device, model, 0);
    mlp_predict(session, BATCH, NULL);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    return 0;
}

START_TEST(after_a_count) {
    size_t count;
    ck_ok(clade_device_count(&count, &err), err);
    in_child(listing);
    ck_ok(clade_device_count(&count, &err), err);
}
END_TEST

/* The session has a profile, so that events are inherited too. */
START_TEST(after_a_run) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.profile = 1;
    device = mlp_device(test_scratch("fork"));
    model = mlp_load();
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    mlp_predict(session, BATCH, NULL);
    in_child(using);
    in_child(freeing);
    mlp_predict(session, BATCH, NULL);
    mlp_predict(session, BATCH + 1, NULL);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

/* A prefork server: the parent loads the model, each child opens the device. */
START_TEST(before_opencl) {
    clade_model *loaded = mlp_load();
    in_child(everything);
    in_child(everything);
    clade_model_free(loaded);
    ck_assert_int_eq(everything(), 0);
}
END_TEST

Suite *suite_ocl_fork(void);
Suite *suite_ocl_fork(void) {
    Suite *suite = suite_create("ocl/fork");
    TCase *tcase = tcase_create("fork");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, after_a_count);
    tcase_add_test(tcase, after_a_run);
    tcase_add_test(tcase, before_opencl);
    suite_add_tcase(suite, tcase);
    return suite;
}
