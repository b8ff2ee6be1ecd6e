/* SPDX-License-Identifier: Apache-2.0 */
/* What a session tells about itself is fit for a terminal, whatever a model calls its values. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

/* mlp.onnx with every "hidden" as a name that would change a terminal's colour. */
static clade_model *load_strange_names(void) {
    static char bytes[1 << 16];
    static const char hidden[] = "hidden", strange[] = "a\x1b[31m";
    clade_error err;
    clade_model *model;
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/mlp.onnx", getenv("CLADE_SOURCE_DIR"));
    FILE *file = fopen(path, "rb");
    ck_assert(file != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, file), found = 0;
    fclose(file);
    for (size_t i = 0; i + strlen(hidden) <= size; i++)
        if (memcmp(bytes + i, hidden, strlen(hidden)) == 0) {
            memcpy(bytes + i, strange, strlen(strange));
            found++;
        }
    ck_assert_uint_eq(found, 2);
    ck_ok(clade_model_load_memory(&model, bytes, size, NULL, &err), err);
    return model;
}

START_TEST(control_characters_stay_out) {
    clade_error err;
    char *text;
    clade_device *device = mlp_device(NULL);
    clade_model *model = load_strange_names();
    clade_session *session = mlp_session(device, model, 0);
    mlp_predict(session, 1, NULL);
    for (int format = CLADE_DUMP_TEXT; format <= CLADE_DUMP_DOT; format++) {
        ck_ok(clade_session_dump(session, (clade_dump_format)format, &text, &err), err);
        ck_assert(strlen(text) > 0);
        ck_assert(strchr(text, '\x1b') == NULL);
        clade_string_free(text);
    }
    ck_refused(clade_session_dump(session, (clade_dump_format)7, &text, &err), CLADE_ERR_ARGUMENT, "format", err);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

/* Gelu, which is lowered, and Neg behind it, which then are one kernel. */
static clade_model *load_gelu(void) {
    static const int64_t dims[] = { 3 };
    clade_error err;
    clade_model *model;
    wire graph = { 0 };
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, dims);
    wire_node(&graph, "Gelu", "x", "t", NULL);
    wire_node(&graph, "Neg", "t", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, dims);
    wire bytes = wire_model_at(&graph, 20);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    return model;
}

static const struct {
    const char *pass;
    bool before, gelu, fused;
} views[] = {
    { "specialise", false, true, false }, { "lower", true, true, false },  { "lower", false, false, false },
    { "fold_pad", false, false, false },  { "dead", false, false, false }, { "fuse", true, false, false },
    { "fuse", false, false, true },
};

START_TEST(the_graph_behind_each_pass) {
    clade_error err;
    char *text;
    float x[3] = { 0 };
    clade_tensor input = { CLADE_FLOAT32, 1, { 3 }, x, sizeof x };
    clade_device *device = mlp_device(NULL);
    clade_model *model = load_gelu();
    clade_session *session = mlp_session(device, model, 0);
    ck_refused(clade_session_dump_pass(session, "fuse", 0, CLADE_DUMP_TEXT, &text, &err), CLADE_ERR_ARGUMENT,
               "input 'x' is not set", err);
    ck_ok(clade_session_set_input(session, NULL, &input, &err), err);
    for (size_t k = 0; k < CLD_COUNT(views); k++) {
        ck_ok(clade_session_dump_pass(session, views[k].pass, views[k].before, CLADE_DUMP_TEXT, &text, &err), err);
        ck_assert_msg((strstr(text, "Gelu(") != NULL) == views[k].gelu, "%s: %s", views[k].pass, text);
        ck_assert_msg((strstr(text, "Fused(") != NULL) == views[k].fused, "%s: %s", views[k].pass, text);
        clade_string_free(text);
    }
    ck_ok(clade_session_dump_pass(session, "lower", 0, CLADE_DUMP_DOT, &text, &err), err);
    ck_assert_ptr_nonnull(strstr(text, "digraph"));
    clade_string_free(text);
    ck_refused(clade_session_dump_pass(session, "fold", 0, CLADE_DUMP_TEXT, &text, &err), CLADE_ERR_NOT_FOUND,
               "there is nothing to show at 'fold'; the passes are specialise, fold_scale, "
               "halve, lower, fold_pad, dead, fuse",
               err);
    ck_refused(clade_session_dump_pass(session, "specialise", 1, CLADE_DUMP_TEXT, &text, &err), CLADE_ERR_NOT_FOUND,
               "there is nothing to show at 'specialise'", err);
    ck_refused(clade_session_dump_pass(session, NULL, 0, CLADE_DUMP_TEXT, &text, &err), CLADE_ERR_ARGUMENT,
               "pass must not be NULL", err);
    ck_refused(clade_session_dump_pass(session, "fuse", 0, CLADE_DUMP_TEXT, NULL, &err), CLADE_ERR_ARGUMENT,
               "out must not be NULL", err);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

START_TEST(trace_of_the_last_run) {
    clade_error err;
    clade_device *device = mlp_device(NULL);
    clade_model *model = mlp_load();
    clade_session *session;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    clade_tensor other = mlp_input(2);
    const char *path = test_scratch("trace.json");
    options.profile = 1;
    options.max_plans = 1;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    ck_refused(clade_session_write_trace(session, path, &err), CLADE_ERR_ARGUMENT, "no finished run", err);
    mlp_predict(session, 1, NULL);
    ck_ok(clade_session_write_trace(session, path, &err), err);
    ck_ok(clade_session_set_input(session, "x", &other, &err), err);
    ck_ok(clade_session_compile(session, &err), err); /* in the place of the plan that ran */
    ck_refused(clade_session_write_trace(session, path, &err), CLADE_ERR_ARGUMENT, "no finished run", err);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

/* A text file of the scratch folder. The caller frees. */
static char *slurp(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    char *text = calloc(1, 1 << 20);
    ck_assert(text && fread(text, 1, (1 << 20) - 1, file) > 0 && fclose(file) == 0);
    return text;
}

static clade_session *plan_on(const char *name, clade_model *model) {
    clade_error err = { 0 };
    clade_device *device;
    clade_session *session;
    clade_device_options as = CLADE_DEVICE_OPTIONS_INIT;
    const clade_tensor x = mlp_input(1);
    as.as = "gpu,group=64,local=16384,units=4";
    ck_ok(clade_device_open(&device, name, &as, &err), err);
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    ck_ok(clade_session_set_input(session, "x", &x, &err), err);
    clade_device_close(device);
    return session;
}

/* Device "none" plans, dumps and writes what a device of the same kind gets; and it does not run. */
START_TEST(planned_without_a_device) {
    clade_error err = { 0 };
    clade_model *model = mlp_load();
    const char *const names[] = { NULL, "none" };
    const char *directory = test_scratch("planned");
    char *plans[2], *texts[2], path[PATH_MAX];
    ck_assert(mkdir(directory, 0755) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/softmax.cl", directory);
    for (int k = 0; k < 2; k++) {
        clade_session *session = plan_on(names[k], model);
        ck_ok(clade_session_dump(session, CLADE_DUMP_TEXT, &plans[k], &err), err);
        ck_ok(clade_session_write_programs(session, directory, &err), err);
        texts[k] = slurp(path);
        if (k) {
            ck_refused(clade_session_compile(session, &err), CLADE_ERR_NO_DEVICE, "nothing runs on device 'none'", err);
            ck_refused(clade_session_run(session, &err), CLADE_ERR_NO_DEVICE, "nothing runs on device 'none'", err);
            ck_ok(clade_session_trim(session, &err), err);
        }
        clade_session_free(session);
    }
    ck_assert_str_eq(strstr(plans[0], "softmax.each"), strstr(plans[1], "softmax.each"));
    ck_assert_str_eq(texts[0], texts[1]);
    for (int k = 0; k < 2; k++) {
        clade_string_free(plans[k]);
        free(texts[k]);
    }
    clade_model_free(model);
}
END_TEST

Suite *suite_session_report(void);
Suite *suite_session_report(void) {
    Suite *suite = suite_create("session/report");
    TCase *tcase = tcase_create("dump and trace");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, control_characters_stay_out);
    tcase_add_test(tcase, planned_without_a_device);
    tcase_add_test(tcase, the_graph_behind_each_pass);
    tcase_add_test(tcase, trace_of_the_last_run);
    suite_add_tcase(suite, tcase);
    return suite;
}
