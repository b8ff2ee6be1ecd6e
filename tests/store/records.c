/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records: what is put is got, by several processes too; what a record cannot hold is refused; the journal
 * survives a killed process.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/records_fixture.h"

START_TEST(what_is_put_is_got) {
    const char *directory = store_directory("records-put");
    cld_record *found, other = sample;
    int64_t count;
    open_at(directory);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
    ck_ok(cld_records_put(records, &sample, &err), err);
    other.device = "anöther";
    ck_ok(cld_records_put(records, &other, &err), err);
    other.device = sample.device;
    other.seconds = 2e-5; /* slower: put replaces all the same */
    ck_ok(cld_records_put(records, &other, &err), err);
    cld_records_close(records);
    open_at(directory);
    ck_ok(cld_records_get(records, "GPU", sample.problem, &found, &err), err);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->device, "GPU");
    ck_assert_str_eq(found->problem, sample.problem);
    ck_assert_str_eq(found->driver, "1.0");
    ck_assert_str_eq(found->library, "0.1.0");
    ck_assert_str_eq(found->choice, sample.choice);
    ck_assert_double_eq(found->seconds, 2e-5);
    ck_assert_double_eq(found->error, 0);
    ck_assert_int_eq(found->tried, 12);
    ck_assert_int_eq(found->date, 1700000000);
    cld_free(found);
    ck_assert_double_eq(seconds_of("GPU", "another problem"), 0);
    ck_ok(cld_records_forget(records, "GPU", NULL, &count, &err), err);
    ck_assert_int_eq(count, 1);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
    ck_assert_double_eq(seconds_of("anöther", sample.problem), 1e-5);
    ck_ok(cld_records_forget(records, NULL, NULL, &count, &err), err);
    ck_assert_int_eq(count, 1);
    ck_ok(cld_records_put(records, &sample, &err), err);
    ck_ok(cld_records_remove(records, "GPU", "another problem", &err), err);
    ck_ok(cld_records_remove(records, "another", sample.problem, &err), err);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), sample.seconds);
    ck_ok(cld_records_remove(records, "GPU", sample.problem, &err), err);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
    ck_ok(cld_records_remove(NULL, "GPU", sample.problem, &err), err); /* there are none at all */
    cld_records_close(records);
    ck_assert_int_eq(store_n_logged, 0);
}
END_TEST

START_TEST(no_records_are_wanted) {
    cld_record *found;
    int64_t count;
    bool suspect;
    const char *directory = store_directory("records-none");
    ck_ok(cld_records_open(&records, directory, false, &err), err);
    ck_assert_ptr_null(records);
    ck_assert_int_ne(access(directory, F_OK), 0); /* nothing was made, */
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    ck_ok(cld_records_open(&records, directory, false, &err), err);
    ck_assert_ptr_null(records);
    ck_assert_int_ne(access(file_of(directory), F_OK), 0); /* nor is it in a directory that is there */
    ck_ok(cld_records_open(&records, "", true, &err), err);
    ck_assert_ptr_null(records);
    ck_ok(cld_records_put(records, &sample, &err), err);
    ck_ok(cld_records_get(records, "GPU", sample.problem, &found, &err), err);
    ck_assert_ptr_null(found);
    ck_ok(cld_records_forget(records, NULL, NULL, &count, &err), err);
    ck_ok(cld_records_begin(records, "a", "b", "c", &count, &err), err);
    ck_ok(cld_records_end(records, count, &err), err);
    ck_ok(cld_records_suspect(records, "a", "b", "c", &suspect, &err), err);
    ck_assert(!suspect);
    cld_records_close(records);
}
END_TEST

/* ---- what a record cannot hold ----------------------------------------------------------------------------------- */

static char long_text[3000];
static const struct {
    const char *text; /* of the device */
    double seconds, error;
    int64_t tried, date;
    const char *says;
} refused[] = {
    { NULL, 1, 0, 1, 0, "a record's device must be one line of 1 to 2000 printable characters" },
    { "", 1, 0, 1, 0, "a record's device must be one line" },
    { "two\nlines", 1, 0, 1, 0, "a record's device must be one line" },
    { "a\ttab", 1, 0, 1, 0, "a record's device must be one line" },
    { "a\x7f", 1, 0, 1, 0, "a record's device must be one line" },
    { "a\x1f", 1, 0, 1, 0, "a record's device must be one line" },
    { long_text, 1, 0, 1, 0, "a record's device must be one line" },
    { "d", 0, 0, 1, 0, "a record's time must be above 0 s, not 0" },
    { "d", -1, 0, 1, 0, "a record's time must be above 0 s, not -1" },
    { "d", NAN, 0, 1, 0, "a record's time must be above 0 s, not" },
    { "d", INFINITY, 0, 1, 0, "a record's time must be above 0 s, not inf" },
    { "d", 1, -1, 1, 0, "a record's error must be 0 or above, not -1" },
    { "d", 1, NAN, 1, 0, "a record's error must be 0 or above, not" },
    { "d", 1, 0, 0, 0, "a record needs a candidate that was tried, and a date since 1970" },
    { "d", 1, 0, 1, -1, "a record needs a candidate that was tried, and a date since 1970" },
};

START_TEST(what_a_record_cannot_hold) {
    memset(long_text, 'x', 2001);
    open_at(store_directory("records-refused"));
    cld_record r = sample;
    r.device = refused[_i].text;
    r.seconds = refused[_i].seconds;
    r.error = refused[_i].error;
    r.tried = refused[_i].tried;
    r.date = refused[_i].date;
    ck_assert_int_eq(cld_records_put(records, &r, &err), CLADE_ERR_ARGUMENT);
    ck_assert_msg(strstr(err.message, refused[_i].says) == err.message, "%s", err.message);
    cld_records_close(records);
}
END_TEST

/* Each text of a record and of the journal is looked at. */
START_TEST(every_text_is_checked) {
    static const char *const names[] = { "device", "problem", "driver", "library", "choice" };
    open_at(store_directory("records-texts"));
    for (size_t k = 0; k < CLD_COUNT(names); k++) {
        cld_record r = sample;
        const char **const texts[] = { &r.device, &r.problem, &r.driver, &r.library, &r.choice };
        *texts[k] = "\n";
        ck_assert_int_eq(cld_records_put(records, &r, &err), CLADE_ERR_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(err.message, names[k]));
    }
    int64_t entry;
    ck_assert_int_eq(cld_records_begin(records, "\n", "p", "c", &entry, &err), CLADE_ERR_ARGUMENT);
    ck_assert_int_eq(cld_records_begin(records, "d", "\n", "c", &entry, &err), CLADE_ERR_ARGUMENT);
    ck_assert_int_eq(cld_records_begin(records, "d", "p", "\n", &entry, &err), CLADE_ERR_ARGUMENT);
    cld_records_close(records);
}
END_TEST

/* CLADE_CACHE_DIR, else XDG_DATA_HOME/clade, else HOME/.local/share/clade: not the cache's, which may be deleted. */
START_TEST(where_they_lie) {
    char base[4096], want[4300];
    snprintf(base, sizeof base, "%s", store_directory("records-where"));
    const char *const cases[][3] = { { "CLADE_CACHE_DIR", "/direct", "/direct" },
                                     { "XDG_DATA_HOME", "/xdg", "/xdg/clade" },
                                     { "HOME", "/home", "/home/.local/share/clade" } };
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        unsetenv("CLADE_CACHE_DIR");
        unsetenv("XDG_DATA_HOME");
        snprintf(want, sizeof want, "%s%s", base, cases[i][1]);
        setenv(cases[i][0], want, 1);
        open_at(NULL);
        cld_records_close(records);
        snprintf(want, sizeof want, "%s%s/tuning.sqlite", base, cases[i][2]);
        ck_assert_msg(access(want, R_OK) == 0, "%s is not there", want);
    }
}
END_TEST

/* ---- several processes --------------------------------------------------------------------------------------------
 */

enum { PROCESSES = 4, PUTS = 200 };

START_TEST(several_processes_write) {
    const char *directory = store_directory("records-many");
    pid_t children[PROCESSES];
    for (int p = 0; p < PROCESSES; p++)
        if ((children[p] = fork()) == 0) {
            cld_record r = sample;
            char problem[50];
            r.problem = problem;
            bool good;
            do
                good = cld_records_open(&records, directory, true, &err) == CLADE_OK;
            while (!good && strstr(err.message, "locked")); /* the others write */
            for (int k = 0; k < PUTS && good; k++) {
                snprintf(problem, sizeof problem, "product %d of %d", k, p);
                while (cld_records_put(records, &r, &err) != CLADE_OK && strstr(err.message, "locked"))
                    ; /* that call alone failed */
            }
            cld_records_close(records);
            _exit(good ? 0 : 1);
        }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        ck_assert_int_eq(waitpid(children[p], &status, 0), children[p]);
        ck_assert_int_eq(status, 0);
    }
    open_at(directory);
    for (int p = 0; p < PROCESSES; p++)
        for (int k = 0; k < PUTS; k++) {
            char problem[50];
            snprintf(problem, sizeof problem, "product %d of %d", k, p);
            ck_assert_double_eq(seconds_of("GPU", problem), 1e-5);
        }
    cld_records_close(records);
}
END_TEST

/* Another process that keeps the file fails a call, and no more than that call. */
START_TEST(a_busy_file_fails_one_call) {
    const char *directory = store_directory("records-busy");
    open_at(directory);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(file_of(directory), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(cld_records_put(records, &sample, &err), CLADE_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "locked"));
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0); /* reading goes on */
    ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_ok(cld_records_put(records, &sample, &err), err);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 1e-5);
    cld_records_close(records);
}
END_TEST

/* ---- the journal --------------------------------------------------------------------------------------------------
 */

static bool suspect(const char *choice) {
    bool found;
    ck_ok(cld_records_suspect(records, "GPU", "p", choice, &found, &err), err);
    return found;
}

START_TEST(what_killed_its_process_is_found) {
    const char *directory = store_directory("records-journal");
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        int64_t ended, entry;
        bool good = cld_records_open(&records, directory, true, &err) == CLADE_OK &&
                    cld_records_begin(records, "GPU", "p", "fine", &ended, &err) == CLADE_OK &&
                    cld_records_end(records, ended, &err) == CLADE_OK &&
                    cld_records_begin(records, "GPU", "p", "killer", &entry, &err) == CLADE_OK;
        if (write(ready[1], good ? "y" : "n", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    open_at(directory);
    ck_assert(suspect("killer"));
    ck_assert(!suspect("fine"));
    int64_t count;
    ck_ok(cld_records_remove(records, "GPU", "p", &err), err);
    ck_assert(suspect("killer"));
    ck_ok(cld_records_forget(records, NULL, "another problem", &count, &err), err);
    ck_assert(suspect("killer"));
    ck_ok(cld_records_forget(records, NULL, "p", &count, &err), err);
    ck_assert(!suspect("killer")); /* it may be tried again */
    cld_records_close(records);
}
END_TEST

Suite *suite_store_records(void);
Suite *suite_store_records(void) {
    Suite *suite = suite_create("store/records");
    TCase *tcase = tcase_create("records");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, what_is_put_is_got);
    tcase_add_test(tcase, no_records_are_wanted);
    tcase_add_loop_test(tcase, what_a_record_cannot_hold, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, every_text_is_checked);
    tcase_add_test(tcase, where_they_lie);
    tcase_add_test(tcase, several_processes_write);
    tcase_add_test(tcase, a_busy_file_fails_one_call);
    tcase_add_test(tcase, what_killed_its_process_is_found);
    suite_add_tcase(suite, tcase);
    return suite;
}
