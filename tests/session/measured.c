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
    const char *problem; /* not the model's */
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
    { .choice = "reference", .measured = true, .problem = "product float32 0 32x16x31x0" }, /* two doublings */
    { .choice = "reference", .problem = "product float32 0 32x16x62x0" },
    { .choice = "reference", .problem = "product float32 0 16x16x16x0x2x256x256x0" },
    { .choice = "reference", .problem = "product float32 0 16x16x16" },
    { .choice = "reference", .problem = "product float32 1 16x16x16x0" },
    { .choice = "reference", .problem = "product float64 0 16x16x16x0" },
    { .choice = "reference", .problem = "product float32 0 " },
    { .choice = "reference", .problem = "product" },
    { .choice = "reference", .problem = "product float32 0 16x16x16x0", .measured = true },
    { .choice = "reference", .problem = "product float32 0 15x16x16x0", .driver = "another" },
    { .choice = "tiles(tm 99999)", .problem = "product float32 0 15x16x16x0" },
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
                                .problem = cases[_i].problem ? cases[_i].problem : problem,
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
    const bool nearby = cases[_i].problem && strcmp(cases[_i].problem, problem) != 0;
    ck_assert_msg((strstr(text, nearby ? ", measured nearby\n" : ", measured\n") != NULL) == cases[_i].measured, "%s",
                  text);
    ck_assert(cases[_i].measured || !strstr(text, ", measured"));
    clade_string_free(text);
}
END_TEST

/* Of several the nearest, and the problem's own before any. */
START_TEST(the_nearest_one) {
    static const struct {
        const char *problem, *choice;
    } rows[] = { { "product float32 0 18x18x18x0", "reference" },
                 { "product float32 0 17x16x16x0", "tiles(tm 32, tn 32, mi 4, ni 4, kb 8, ks 1)" },
                 { "product float32 0 16x32x16x0", "reference" },
                 { "product float32 0 16x16x16x0", "tiles(tm 32, tn 32, mi 4, ni 4, kb 8, ks 2)" } };
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    cld_records *records;
    char key[300], label[200];
    clade_string_free(plan(NULL, NULL, &info));
    snprintf(key, sizeof key, "%s: %s", info.platform_name, info.name);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const cld_record record = { .device = key,
                                    .problem = rows[k].problem,
                                    .driver = info.driver,
                                    .library = clade_version(),
                                    .choice = rows[k].choice,
                                    .seconds = 1e-6,
                                    .tried = 1 };
        ck_ok(cld_records_open(&records, directory, true, &err), err);
        ck_ok(cld_records_put(records, &record, &err), err);
        cld_records_close(records);
        char *text = plan(NULL, NULL, &info);
        const char *want = rows[k == 2 ? 1 : k].choice;
        snprintf(label, sizeof label, "[%s]", want);
        ck_assert_msg(strstr(text, label) != NULL, "%s is not in %s", label, text);
        ck_assert_ptr_nonnull(strstr(text, k == 3 ? ", measured\n" : ", measured nearby\n"));
        clade_string_free(text);
    }
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
    tcase_add_test(tcase, the_nearest_one);
    tcase_add_test(tcase, unusable_records);
    suite_add_tcase(suite, tcase);
    return suite;
}
