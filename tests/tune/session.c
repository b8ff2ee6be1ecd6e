/* SPDX-License-Identifier: Apache-2.0 */
/* clade_session_tune, and the records that it leaves, as a caller sees them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clade/opencl.h"
#include "io/wire.h"
#include "mlp.h"
#include "ocl/fixture.h"
#include "test.h"

enum { BATCH = 16 };

static char directory[4096];
static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;
static size_t problems, changed, candidates;

static void found(void *user, const clade_tuned *tuned) {
    (void)user;
    ck_assert(tuned->after_seconds > 0 && tuned->before_seconds > 0 && tuned->error < 1e-4);
    ck_assert_uint_ge(tuned->tried, 1);
    problems++;
    changed += strcmp(tuned->before, tuned->after) != 0;
}

static void tried(void *user, const clade_candidate *candidate) {
    (void)user;
    ck_assert(candidate->why ? candidate->seconds == 0 : candidate->seconds > 0);
    candidates++;
}

static clade_tune_options options(double seconds) {
    clade_tune_options out = CLADE_TUNE_OPTIONS_INIT;
    out.seconds = seconds;
    out.found = found;
    out.tried = tried;
    return out;
}

static void setup(void) {
    snprintf(directory, sizeof directory, "%s", ocl_fresh_directory("tune-session"));
    device = mlp_device(directory);
    model = mlp_load();
    session = mlp_session(device, model, 0);
    problems = changed = candidates = 0;
}

static void teardown(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

/* Lines of the export behind its head, of any device. */
static size_t count_records(void) {
    char *text;
    size_t lines = 0;
    ck_ok(clade_records_export(&text, directory, &err), err);
    ck_assert(strncmp(text, "clade-records 1\n", 16) == 0);
    for (const char *at = text + 16; (at = strchr(at, '\n')); at++)
        lines++;
    clade_string_free(text);
    return lines;
}

static void agree(const float *got, const float *want) {
    for (int k = 0; k < BATCH * MLP_OUTPUTS; k++)
        ck_assert_msg(fabsf(got[k] - want[k]) < 1e-5f, "element %d is %g, not %g", k, (double)got[k], (double)want[k]);
}

START_TEST(a_model) {
    const clade_tune_options with = options(4);
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    clade_tensor input = mlp_input(BATCH), output;
    float before[BATCH * MLP_OUTPUTS], after[BATCH * MLP_OUTPUTS];
    mlp_predict(session, BATCH, before);
    ck_ok(clade_session_tune(session, &with, &result, &err), err);
    ck_assert_uint_gt(problems, 0);
    ck_assert_uint_eq(result.problems, problems);
    ck_assert_uint_eq(result.changed, result.reverted ? 0 : changed);
    ck_assert_uint_ge(candidates, problems);
    ck_assert(result.before_seconds > 0 && result.after_seconds > 0);
    ck_assert(result.reverted || result.after_seconds <= result.before_seconds);
    ck_assert(changed > 0 || result.after_seconds == result.before_seconds);
    ck_assert_uint_eq(count_records(), result.reverted ? 0 : problems);
    ck_assert_int_eq(clade_session_get_output(session, NULL, &output, &err), CLADE_ERR_ARGUMENT); /* no run to read */
    mlp_predict(session, BATCH, after);
    agree(after, before);
    clade_call_input in = {
        NULL, { input.dtype, input.rank, { input.dims[0], input.dims[1] }, input.data, input.size_bytes, NULL, 0 }
    };
    clade_call_output out = { .name = NULL };
    ck_ok(clade_session_call(session, &in, 1, &out, 1, NULL, &err), err);
    agree(out.tensor.data, before);
    clade_tensor_free(&out.tensor);
    ck_ok(clade_session_tune(session, NULL, NULL, &err), err); /* again, and whoever wants no report */
}
END_TEST

/* What is recorded is chosen, and said; options->no_records does without. */
START_TEST(records_are_taken) {
    const clade_tune_options with = options(2);
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    const clade_tensor input = mlp_input(BATCH);
    char *text;
    ck_ok(clade_session_set_input(session, NULL, &input, &err), err);
    ck_ok(clade_session_tune(session, &with, &result, &err), err);
    ck_ok(clade_session_dump(session, CLADE_DUMP_TEXT, &text, &err), err);
    ck_assert_int_eq(strstr(text, ", measured\n") != NULL, !result.reverted);
    clade_string_free(text);
    clade_session_options without = CLADE_SESSION_OPTIONS_INIT;
    clade_session *other;
    without.no_records = 1;
    ck_ok(clade_session_create(&other, device, model, &without, &err), err);
    ck_ok(clade_session_set_input(other, NULL, &input, &err), err);
    ck_ok(clade_session_dump(other, CLADE_DUMP_TEXT, &text, &err), err);
    ck_assert_ptr_null(strstr(text, ", measured\n"));
    clade_string_free(text);
    clade_session_free(other);
}
END_TEST

START_TEST(nothing_to_tune) {
    static const int64_t dims[] = { 4 };
    const clade_tune_options with = options(1);
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    float values[4] = { 1, 2, 3, 4 };
    const clade_tensor x = { CLADE_FLOAT32, 1, { 4 }, values, sizeof values };
    clade_model *plain;
    clade_session *own;
    wire graph = { 0 };
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, dims);
    wire_node(&graph, "Relu", "x", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, dims);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&plain, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    ck_ok(clade_session_create(&own, device, plain, NULL, &err), err);
    ck_ok(clade_session_set_input(own, NULL, &x, &err), err);
    ck_ok(clade_session_tune(own, &with, &result, &err), err);
    ck_assert_uint_eq(result.problems, 0);
    ck_assert_uint_eq(count_records(), 0);
    clade_session_free(own);
    clade_model_free(plain);
}
END_TEST

/* tune_seconds: a plan is made of what was measured for it, once. */
START_TEST(lightly) {
    const clade_tensor input = mlp_input(BATCH);
    clade_session_options light = CLADE_SESSION_OPTIONS_INIT;
    clade_session *own;
    char *text, *records[2];
    float before[BATCH * MLP_OUTPUTS], got[BATCH * MLP_OUTPUTS];
    light.tune_seconds = 60; /* it ends when all are */
    mlp_predict(session, BATCH, before);
    for (int turn = 0; turn < 2; turn++) {
        ck_ok(clade_session_create(&own, device, model, &light, &err), err);
        ck_ok(clade_session_set_input(own, NULL, &input, &err), err);
        ck_ok(clade_session_dump(own, CLADE_DUMP_TEXT, &text, &err), err);
        ck_assert_ptr_nonnull(strstr(text, ", measured\n"));
        clade_string_free(text);
        mlp_predict(own, BATCH, got);
        agree(got, before);
        clade_session_free(own);
        ck_ok(clade_records_export(&records[turn], directory, &err), err);
    }
    ck_assert_str_eq(records[1], records[0]); /* nothing was new */
    clade_string_free(records[0]);
    clade_string_free(records[1]);
    light.tune_seconds = 1e-9;
    ck_ok(clade_session_create(&own, device, model, &light, &err), err);
    mlp_predict(own, 1, NULL); /* no time: planned as ever */
    clade_session_free(own);
    light.tune_seconds = -2;
    ck_refused(clade_session_create(&own, device, model, &light, &err), CLADE_ERR_ARGUMENT, "tune_seconds is -2", err);
    light.tune_seconds = (double)NAN;
    ck_refused(clade_session_create(&own, device, model, &light, &err), CLADE_ERR_ARGUMENT, "tune_seconds is", err);
}
END_TEST

static int asked;
static int soon(void *user, const char *what, size_t done, size_t total) {
    (void)user, (void)what, (void)done, (void)total;
    return ++asked > 4;
}

START_TEST(cancelled) {
    clade_tune_options with = options(2);
    with.progress = soon;
    mlp_predict(session, BATCH, NULL);
    ck_refused(clade_session_tune(session, &with, NULL, &err), CLADE_ERR_CANCELLED, "cancelled while", err);
    mlp_predict(session, BATCH, NULL);
}
END_TEST

static void refused(const clade_tune_options *with, const char *line) {
    ck_refused(clade_session_tune(session, with, NULL, &err), CLADE_ERR_ARGUMENT, line, err);
}

START_TEST(wrong_calls) {
    clade_tune_options with = options(1);
    clade_tune_result result = { .size_bytes = 0 };
    ck_refused(clade_session_tune(NULL, &with, NULL, &err), CLADE_ERR_ARGUMENT, "session must not be NULL", err);
    refused(&with, "input 'x' is not set");
    mlp_predict(session, BATCH, NULL);
    with.seconds = -1;
    refused(&with, "seconds is -1");
    with.seconds = (double)NAN;
    refused(&with, "seconds is");
    with.size_bytes = 0;
    refused(&with, "clade_tune_options: size_bytes is 0");
    with = options(1); /* before it is spent */
    ck_refused(clade_session_tune(session, &with, &result, &err), CLADE_ERR_ARGUMENT,
               "clade_tune_result: size_bytes is 0", err);
    ck_assert_uint_eq(candidates, 0);
    ck_assert_uint_eq(count_records(), 0);
    clade_tensor output; /* the run from before is there still */
    ck_ok(clade_session_get_output(session, NULL, &output, &err), err);
    clade_tensor_free(&output);
}
END_TEST

/* Of a device that was opened so, with the mlp's session on it. */
static void device_refuses(const char *as, const char *cache_dir, const char *line) {
    clade_device_options of_device = CLADE_DEVICE_OPTIONS_INIT;
    of_device.as = as;
    of_device.cache_dir = cache_dir;
    teardown();
    ck_ok(clade_device_open(&device, NULL, &of_device, &err), err);
    model = mlp_load();
    session = mlp_session(device, model, 0);
    const clade_tensor input = mlp_input(BATCH);
    ck_ok(clade_session_set_input(session, NULL, &input, &err), err);
    refused(NULL, line);
}

START_TEST(devices_without_records) {
    clade_session_options light = CLADE_SESSION_OPTIONS_INIT;
    clade_session *own;
    light.tune_seconds = 1;
    device_refuses(NULL, "", "cache_dir \"\": nothing is recorded");
    const clade_tensor input = mlp_input(BATCH);
    ck_ok(clade_session_create(&own, device, model, &light, &err), err);
    ck_ok(clade_session_set_input(own, NULL, &input, &err), err);
    ck_refused(clade_session_run(own, &err), CLADE_ERR_ARGUMENT, "nothing is recorded", err);
    clade_session_free(own);
    light.no_records = 1; /* then nothing is measured either */
    ck_ok(clade_session_create(&own, device, model, &light, &err), err);
    mlp_predict(own, BATCH, NULL);
    clade_session_free(own);
    device_refuses("gpu", directory, "what is measured on a device that is stated holds for no other");
}
END_TEST

START_TEST(records_as_text) {
    static const char text[] = "clade-records 1\ngpu\tproduct float32 0 1x1x1x0\t1\t1\ttiles\t1e-3\t0\t1\t1700000000\n",
                      bad[] = "clade-records 1\ngpu\tproduct\n";
    char *out;
    size_t count = 7;
    ck_ok(clade_records_import(directory, text, sizeof text - 1, 0, &count, &err), err);
    ck_assert_uint_eq(count, 1);
    ck_ok(clade_records_import(directory, text, sizeof text - 1, 1, NULL, &err), err);
    ck_ok(clade_records_export(&out, directory, &err), err);
    ck_assert_str_eq(out, "clade-records 1\ngpu\tproduct float32 0 1x1x1x0\t1\t1\ttiles\t0.001\t0\t1\t1700000000\n");
    clade_string_free(out);
    ck_refused(clade_records_import(directory, bad, sizeof bad - 1, 0, &count, &err), CLADE_ERR_FORMAT, "line 2", err);
    ck_assert_uint_eq(count_records(), 1);
    ck_ok(clade_records_forget(directory, "cpu", NULL, &count, &err), err);
    ck_assert_uint_eq(count, 0);
    ck_ok(clade_records_forget(directory, "gpu", "product float32 0 1x1x1x0", &count, &err), err);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(count_records(), 0);
    ck_refused(clade_records_import("", text, sizeof text - 1, 0, &count, &err), CLADE_ERR_ARGUMENT,
               "cache_dir is \"\": nothing is recorded there", err);
    ck_refused(clade_records_import(directory, NULL, 0, 0, &count, &err), CLADE_ERR_ARGUMENT, "text must not be NULL",
               err);
    ck_refused(clade_records_export(NULL, directory, &err), CLADE_ERR_ARGUMENT, "out must not be NULL", err);
    ck_refused(clade_records_forget(directory, NULL, NULL, NULL, &err), CLADE_ERR_ARGUMENT, "device must not be NULL",
               err);
    ck_ok(clade_records_export(&out, "", &err), err); /* none are there */
    ck_assert_str_eq(out, "clade-records 1\n");
    clade_string_free(out);
}
END_TEST

Suite *suite_tune_session(void);
Suite *suite_tune_session(void) {
    Suite *suite = suite_create("tune/session");
    TCase *tcase = tcase_create("session");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_model);
    tcase_add_test(tcase, records_are_taken);
    tcase_add_test(tcase, nothing_to_tune);
    tcase_add_test(tcase, lightly);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, wrong_calls);
    tcase_add_test(tcase, devices_without_records);
    tcase_add_test(tcase, records_as_text);
    suite_add_tcase(suite, tcase);
    return suite;
}
