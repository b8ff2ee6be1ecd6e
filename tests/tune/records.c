/* SPDX-License-Identifier: Apache-2.0 */
/* What clade_session_tune leaves in the records: all of it where the model gained, what was there before where it did
 * not, what was found where it was stopped; and records that cannot be used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clade/tune.h"
#include "clade/version.h"
#include "io/wire.h"
#include "ocl/fixture.h"
#include "store/records_fixture.h"

/* Three softmaxes, from the most to the least to do: few candidates, of which one is slow wherever it runs. */
enum { ROWS = 64, MANY = 4096, SOME = 1024, FEW = 32 };
#define SOFTMAX(columns) "Softmax float32 0 64x" columns "x" columns "x1"
#define OF_MANY SOFTMAX("4096")
#define OF_SOME SOFTMAX("1024")
#define OF_FEW SOFTMAX("32")
#define SLOW "reference"

static char directory[4096], key[300], driver[64], told[8000];
static clade_device *device;
static clade_model *model;
static clade_session *session;
static size_t n_found;

static const struct {
    const char *in, *out;
    int64_t columns;
} nodes[] = { { "a", "x", FEW }, { "b", "y", MANY }, { "c", "z", SOME } };

static void load(void) {
    wire graph = { 0 };
    for (size_t k = 0; k < CLD_COUNT(nodes); k++) {
        const int64_t dims[] = { ROWS, nodes[k].columns };
        wire_value(&graph, GRAPH_INPUT, nodes[k].in, CLADE_FLOAT32, 2, dims);
        wire_node(&graph, "Softmax", nodes[k].in, nodes[k].out, NULL);
        wire_value(&graph, GRAPH_OUTPUT, nodes[k].out, CLADE_FLOAT32, 2, dims);
    }
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
}

static void open_all(void) {
    static float values[ROWS * MANY];
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    options.cache_dir = directory;
    ck_ok(clade_device_open(&device, NULL, &options, &err), err);
    ck_ok(clade_device_get_info(device, &info, &err), err);
    snprintf(key, sizeof key, "%s: %s", info.platform_name, info.name);
    snprintf(driver, sizeof driver, "%s", info.driver);
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    for (size_t k = 0; k < CLD_COUNT(nodes); k++) {
        const size_t bytes = (size_t)(ROWS * nodes[k].columns) * sizeof *values;
        const clade_tensor in = { CLADE_FLOAT32, 2, { ROWS, nodes[k].columns }, values, bytes };
        ck_ok(clade_session_set_input(session, nodes[k].in, &in, &err), err);
    }
}

static void setup(void) {
    snprintf(directory, sizeof directory, "%s", store_directory("tune-records"));
    load();
    open_all();
    told[0] = '\0';
    n_found = 0;
}

static void close_all(void) {
    clade_session_free(session);
    clade_device_close(device);
}

static void teardown(void) {
    close_all();
    clade_model_free(model);
}

/* A slow way to solve it, as if somebody had measured it to be the fastest. */
static void record_slow(const char *problem) {
    const cld_record record = { .device = key,
                                .problem = problem,
                                .driver = driver,
                                .library = clade_version(),
                                .choice = SLOW,
                                .seconds = 1e-3,
                                .tried = 1,
                                .date = 1700000000 };
    open_at(directory);
    ck_ok(cld_records_put(records, &record, &err), err);
    cld_records_close(records);
}

static void all_records(char *out, size_t size) {
    char *text;
    ck_ok(clade_records_export(&text, directory, &err), err);
    snprintf(out, size, "%s", text);
    clade_string_free(text);
}

static clade_tune_options options(void (*found)(void *user, const clade_tuned *tuned)) {
    clade_tune_options with = CLADE_TUNE_OPTIONS_INIT;
    with.seconds = 60; /* it ends when all are tried */
    with.found = found;
    return with;
}

static void tried(void *user, const clade_candidate *candidate) {
    const size_t used = strlen(told);
    (void)user;
    if (candidate->why)
        snprintf(told + used, sizeof told - used, "%s, %s: %s\n", candidate->problem, candidate->choice,
                 candidate->why);
}

/* ---- no gain -------------------------------------------------------------------------------------------------------
 */

/* Before the last one is recorded, what was found is overwritten, as another process might do. */
static void spoil(void *user, const clade_tuned *tuned) {
    (void)user;
    n_found++;
    if (strcmp(tuned->problem, OF_FEW) != 0)
        return;
    ck_assert_uint_eq(n_found, 3); /* the others are recorded */
    record_slow(OF_SOME);
    record_slow(OF_MANY);
}

START_TEST(no_gain_no_records) {
    static char before[2000], after[2000];
    clade_tune_options with = options(spoil);
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    int64_t entry;
    bool suspect;
    record_slow(OF_SOME); /* so there is something to gain, and less than is lost */
    all_records(before, sizeof before);
    open_at(directory);
    ck_ok(cld_records_begin(records, key, OF_MANY, SLOW, &entry, &err), err);
    cld_records_close(records);
    with.tried = tried;
    ck_ok(clade_session_tune(session, &with, &result, &err), err);
    ck_assert_ptr_nonnull(strstr(told, OF_MANY ", " SLOW ": it was begun once and never ended\n"));
    ck_assert_int_eq(result.reverted, 1);
    ck_assert_uint_eq(result.problems, 3);
    ck_assert_uint_eq(result.changed, 0);
    ck_assert(result.after_seconds > result.before_seconds);
    all_records(after, sizeof after);
    ck_assert_str_eq(after, before);
    open_at(directory); /* what is known to end processes stays known */
    ck_ok(cld_records_suspect(records, key, OF_MANY, SLOW, &suspect, &err), err);
    ck_assert(suspect);
    cld_records_close(records);
}
END_TEST

/* ---- stopped -------------------------------------------------------------------------------------------------------
 */

static int until_few(void *user, const char *what, size_t done, size_t total) {
    (void)user, (void)done, (void)total;
    return strcmp(what, OF_FEW) == 0;
}

START_TEST(what_was_found_stays) {
    char all[2000];
    clade_tune_options with = options(NULL);
    with.progress = until_few;
    ck_refused(clade_session_tune(session, &with, NULL, &err), CLADE_ERR_CANCELLED, "cancelled while", err);
    all_records(all, sizeof all);
    ck_assert_ptr_nonnull(strstr(all, OF_MANY));
    ck_assert_ptr_nonnull(strstr(all, OF_SOME));
    ck_assert_ptr_null(strstr(all, OF_FEW));
}
END_TEST

/* ---- records that cannot be used -----------------------------------------------------------------------------------
 */

START_TEST(a_damaged_file_is_set_aside) {
    clade_tune_options with = options(NULL);
    char all[2000];
    close_all();
    store_write_file(file_of(directory),
                     "no database at all, but longer than a header: 0123456789 0123456789 0123456789"
                     " 0123456789 0123456789",
                     100);
    open_all();
    ck_ok(clade_session_tune(session, &with, NULL, &err), err);
    ck_assert_int_eq(count_aside(directory), 1);
    all_records(all, sizeof all);
    ck_assert_ptr_nonnull(strstr(all, "clade-records 1\n"));
}
END_TEST

START_TEST(a_newer_file_is_left_alone) {
    static unsigned char before[1 << 16], after[1 << 16];
    close_all();
    open_at(directory);
    cld_records_close(records);
    execute(directory, "PRAGMA user_version = 2");
    const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
    open_all();
    ck_refused(clade_session_tune(session, NULL, NULL, &err), CLADE_ERR_UNSUPPORTED, "has format 2 of a newer Clade",
               err);
    ck_assert_uint_eq(store_read_file(file_of(directory), after, sizeof after), bytes);
    ck_assert_mem_eq(after, before, bytes);
    ck_ok(clade_session_run(session, &err), err);
}
END_TEST

static sqlite3 *other;

/* Somebody else writes, and does not end. */
static void lock_file(void *user, const clade_tuned *tuned) {
    (void)user, (void)tuned;
    ck_assert_int_eq(sqlite3_open(file_of(directory), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
}

START_TEST(what_cannot_be_recorded_ends_it) {
    clade_tune_options with = options(lock_file);
    char all[2000];
    ck_refused(clade_session_tune(session, &with, NULL, &err), CLADE_ERR_IO, "tuning file", err);
    ck_ok(clade_session_run(session, &err), err);
    with.found = NULL; /* nor can be noted what begins */
    ck_refused(clade_session_tune(session, &with, NULL, &err), CLADE_ERR_IO, "tuning file", err);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    all_records(all, sizeof all);
    ck_assert_str_eq(all, "clade-records 1\n");
    ck_ok(clade_session_run(session, &err), err);
}
END_TEST

Suite *suite_tune_records(void);
Suite *suite_tune_records(void) {
    Suite *suite = suite_create("tune/records");
    TCase *tcase = tcase_create("records");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_gain_no_records);
    tcase_add_test(tcase, what_was_found_stays);
    tcase_add_test(tcase, a_damaged_file_is_set_aside);
    tcase_add_test(tcase, a_newer_file_is_left_alone);
    tcase_add_test(tcase, what_cannot_be_recorded_ends_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
