/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records and plans: what was measured on this device for a problem is taken before what costs least, unless the
 * caller prefers another row; what does not hold, or cannot be, is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clade/session.h"
#include "clade/version.h"
#include "io/wire.h"
#include "store/records.h"
#include "test.h"

static char directory[4096];
static clade_error err;
static clade_model *model;

static void setup(void) {
    char command[5000];
    wire graph = { 0 };
    static const int64_t square[] = { 16, 16 };
    snprintf(directory, sizeof directory, "%s", test_scratch("session-measured"));
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
    wire_value(&graph, GRAPH_INPUT, "a", CLADE_FLOAT32, 2, square);
    wire_value(&graph, GRAPH_INPUT, "b", CLADE_FLOAT32, 2, square);
    wire_node(&graph, "MatMul", "a b", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 2, square);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
}

static void teardown(void) { clade_model_free(model); }

/* The plan as text, of a session with these options. The caller frees: clade_string_free. */
static char *plan(const char *as, const clade_session_options *options, clade_device_info *info) {
    clade_device_options of_device = CLADE_DEVICE_OPTIONS_INIT;
    clade_device *device;
    clade_session *session;
    char *text;
    static float values[16 * 16];
    const clade_tensor zeros = { CLADE_FLOAT32, 2, { 16, 16 }, values, sizeof values };
    of_device.cache_dir = directory;
    of_device.as = as;
    ck_ok(clade_device_open(&device, "", &of_device, &err), err);
    ck_ok(clade_device_get_info(device, info, &err), err);
    ck_ok(clade_session_create(&session, device, model, options, &err), err);
    ck_ok(clade_session_set_input(session, "a", &zeros, &err), err);
    ck_ok(clade_session_set_input(session, "b", &zeros, &err), err);
    ck_ok(clade_session_dump(session, CLADE_DUMP_TEXT, &text, &err), err);
    clade_session_free(session);
    clade_device_close(device);
    return text;
}

static const struct {
    const char *choice, *driver, *library, *device; /* NULL: those of here */
    const char *prefer, *as;
    int no_records;
    bool measured;
} cases[] = {
    { .choice = "reference", .measured = true },
    { .choice = "tiles(tm 64, tn 64, mi 4, ni 4, kb 8, ks 2)", .measured = true },
    { .choice = "reference", .driver = "another" },
    { .choice = "reference", .library = "0.0.1" },
    { .choice = "reference", .device = "Another platform: another device" },
    { .choice = "reference", .no_records = 1 },
    { .choice = "reference", .as = "gpu,group=64" },
    { .choice = "reference", .prefer = "MatMul=tiles" },
    { .choice = "no such row" },
    { .choice = "tiles(zz 3)" },
    { .choice = "tiles(tm 99999)" },
    { .choice = "tiles((((" },
    { .choice = "> > reference" },
};

START_TEST(what_was_measured_is_taken) {
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    cld_records *records;
    char key[300], problem[200], label[200];
    char *text = plan(NULL, NULL, &info), *at = strstr(text, "solves ");
    ck_assert_ptr_nonnull(at);
    snprintf(problem, sizeof problem, "%.*s", (int)strcspn(at + 7, "\n"), at + 7);
    ck_assert_ptr_null(strstr(text, ", measured")); /* there are no records yet */
    clade_string_free(text);
    snprintf(key, sizeof key, "%s: %s", info.platform_name, info.name);
    const cld_record record = { .device = cases[_i].device ? cases[_i].device : key,
                                .problem = problem,
                                .driver = cases[_i].driver ? cases[_i].driver : info.driver,
                                .library = cases[_i].library ? cases[_i].library : clade_version(),
                                .choice = cases[_i].choice,
                                .seconds = 1e-6,
                                .tried = 1 };
    ck_ok(cld_records_open(&records, directory, true, &err), err);
    ck_ok(cld_records_put(records, &record, &err), err);
    cld_records_close(records);

    options.no_records = cases[_i].no_records;
    options.prefer_impl = cases[_i].prefer;
    text = plan(cases[_i].as, &options, &info);
    snprintf(label, sizeof label, "[%s]", cases[_i].choice);
    ck_assert_msg((strstr(text, label) != NULL) == cases[_i].measured, "%s in %s", label, text);
    ck_assert_msg((strstr(text, ", measured\n") != NULL) == cases[_i].measured, "%s", text);
    clade_string_free(text);
}
END_TEST

/* A file that cannot be used is one line, and the device opens. */
START_TEST(unusable_records) {
    char path[5000];
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    clade_string_free(plan(NULL, NULL, &info)); /* makes the directory */
    snprintf(path, sizeof path, "%s/tuning.sqlite", directory);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("no database", file);
    ck_assert_int_eq(fclose(file), 0);
    char *text = plan(NULL, NULL, &info);
    ck_assert_ptr_null(strstr(text, ", measured"));
    clade_string_free(text);
}
END_TEST

Suite *suite_session_measured(void);
Suite *suite_session_measured(void) {
    Suite *suite = suite_create("session/measured");
    TCase *tcase = tcase_create("records");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, what_was_measured_is_taken, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, unusable_records);
    suite_add_tcase(suite, tcase);
    return suite;
}
