/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of a model whose shapes depend on data (data/filter.onnx: what is neither 0 nor 1 of x): right when they come
 * for the first time, when they come again and after they were dropped; and never more than the session may keep.
 */
#include <string.h>

#include "mlp.h"
#include "test.h"

enum { MAX_PLANS = 3, LENGTH = 3, PATTERNS = 27 };

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

static void open_all(void) {
    device = mlp_device(NULL);
    model = model_load("filter.onnx");
    session = mlp_session(device, model, MAX_PLANS);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static size_t plans(void) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    return stats.plans;
}

/* x: the digits of `pattern` to base 3, of which the twos are to come back. */
static void filter(int pattern) {
    float x[LENGTH];
    clade_tensor input = { CLADE_FLOAT32, 1, { LENGTH }, x, sizeof x }, output;
    int64_t twos = 0;
    for (int i = 0; i < LENGTH; i++, pattern /= 3) {
        x[i] = (float)(pattern % 3);
        twos += pattern % 3 == 2;
    }
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "y", &output, &err), err);
    ck_assert_int_eq(output.rank, 1);
    ck_assert_int_eq(output.dims[0], twos);
    for (int64_t i = 0; i < twos; i++)
        ck_assert_float_eq(((const float *)output.data)[i], 2.0f);
    clade_tensor_free(&output);
}

START_TEST(no_more_than_the_session_may_keep) {
    for (int round = 0; round < 2; round++)
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            filter(pattern);
            ck_assert_uint_le(plans(), MAX_PLANS);
        }
    ck_assert_uint_eq(plans(), MAX_PLANS);
}
END_TEST

START_TEST(the_same_values_take_the_same_plan) {
    for (int round = 0; round < 3; round++) {
        filter(5);
        filter(14);
        ck_assert_uint_eq(plans(), 2);
    }
}
END_TEST

/* Planning for other inputs leaves the results of the last run, unless its own plan has to go. */
START_TEST(results_outlive_plans_of_others) {
    float x[] = { 2, 0 };
    clade_tensor input = { CLADE_FLOAT32, 1, { 2 }, x, sizeof x }, output;
    filter(0);
    filter(26);
    filter(8);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_compile(session, &err), err);
    ck_assert_uint_le(plans(), MAX_PLANS);
    ck_ok(clade_session_get_output(session, "y", &output, &err), err);
    ck_assert_int_eq(output.dims[0], 2);
    clade_tensor_free(&output);
}
END_TEST

/* The value of x is known without a run, so the part up to the second cut can be planned. */
START_TEST(required_bytes_up_to_what_a_run_decides) {
    float x[] = { 2, 0, 1, 1 };
    clade_tensor input = { CLADE_FLOAT32, 1, { 4 }, x, sizeof x };
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    size_t required;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_required_bytes(session, &required, &err), err);
    ck_ok(clade_session_compile(session, &err), err);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_eq(stats.peak_bytes, required);
}
END_TEST

Suite *suite_session_plans(void);
Suite *suite_session_plans(void) {
    Suite *suite = suite_create("session/plans");
    TCase *tcase = tcase_create("data decides");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, no_more_than_the_session_may_keep);
    tcase_add_test(tcase, the_same_values_take_the_same_plan);
    tcase_add_test(tcase, results_outlive_plans_of_others);
    tcase_add_test(tcase, required_bytes_up_to_what_a_run_decides);
    suite_add_tcase(suite, tcase);
    return suite;
}
