/* SPDX-License-Identifier: Apache-2.0 */
/* precision of clade_session_options: float16 in between, float32 outside. */
#include <math.h>
#include <string.h>

#include "mlp.h"
#include "test.h"

static clade_error err;
static clade_device *device;
static clade_model *model;

static clade_session *session_of(clade_dtype precision) {
    clade_session *session;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.precision = precision;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    return session;
}

static void open_all(void) {
    device = mlp_device(NULL);
    model = mlp_load();
}

static void close_all(void) {
    clade_model_free(model);
    clade_device_close(device);
}

/* Two layers and their inputs, each rounded to 11 bits, behind a softmax: a few units of 2^-11 of the largest. */
START_TEST(near) {
    enum { BATCH = 9 };
    float want[BATCH * MLP_OUTPUTS], got[BATCH * MLP_OUTPUTS];
    double worst = 0;
    open_all();
    clade_session *whole = session_of(CLADE_FLOAT32), *half = session_of(CLADE_FLOAT16);
    mlp_predict(whole, BATCH, want);
    clade_tensor input = mlp_input(BATCH), output = { CLADE_FLOAT32, 0, { 0 }, got, sizeof got };
    ck_ok(clade_session_set_input(half, "x", &input, &err), err);
    ck_ok(clade_session_run(half, &err), err);
    ck_ok(clade_session_read_output_into(half, "y", &output, &err), err);
    for (int k = 0; k < BATCH * MLP_OUTPUTS; k++)
        worst = fmax(worst, fabs((double)got[k] - (double)want[k]));
    ck_assert_double_le(worst, 8 * 0x1p-11);
    ck_assert_double_gt(worst, 0); /* it is what was asked for */
    clade_session_free(whole);
    clade_session_free(half);
    close_all();
}
END_TEST

static size_t weights_of(clade_dtype precision) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    clade_session *session = session_of(precision);
    clade_tensor input = mlp_input(1);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_compile(session, &err), err);
    char *plan;
    ck_ok(clade_session_dump_pass(session, "halve", 0, CLADE_DUMP_TEXT, &plan, &err), err);
    ck_assert(!strstr(plan, "float16") == (precision != CLADE_FLOAT16));
    clade_string_free(plan);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    clade_session_free(session);
    return stats.weight_bytes;
}

START_TEST(smaller) {
    open_all();
    const size_t whole = weights_of(CLADE_NONE), half = weights_of(CLADE_FLOAT16);
    ck_assert_uint_lt(half, whole);
    close_all();
}
END_TEST

START_TEST(refused) {
    clade_session *session;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    open_all();
    options.precision = CLADE_FLOAT64;
    ck_refused(clade_session_create(&session, device, model, &options, &err), CLADE_ERR_ARGUMENT,
               "precision is float64, it may be float32 or float16", err);
    options.precision = (clade_dtype)99;
    ck_refused(clade_session_create(&session, device, model, &options, &err), CLADE_ERR_ARGUMENT, "precision is none",
               err);
    close_all();
}
END_TEST

Suite *suite_session_half(void);
Suite *suite_session_half(void) {
    Suite *suite = suite_create("session/half");
    TCase *tcase = tcase_create("half");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, near);
    tcase_add_test(tcase, smaller);
    tcase_add_test(tcase, refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
