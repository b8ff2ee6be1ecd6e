/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tuning records that are damaged are set aside, those that are not ours are left alone; no row but one that
 * was put is ever given.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/records_fixture.h"

/* Rows that no put has written are none: by their checksum, or (`right`: it is made right) by what they hold. */
static const struct {
    const char *change;
    bool right;
} row_changes[] = {
    { "UPDATE record SET seconds = -1", true },
    { "UPDATE record SET seconds = 'x'", true },
    { "UPDATE record SET seconds = 9e999", true },
    { "UPDATE record SET error = -1", true },
    { "UPDATE record SET choice = ''", true },
    { "UPDATE record SET choice = x'00ff'", true },
    { "UPDATE record SET choice = x'6162'", true },
    { "UPDATE record SET choice = 'a' || char(10)", true },
    { "UPDATE record SET choice = 'a' || char(0) || 'b'", true },
    { "UPDATE record SET driver = printf('%.3000c', 'x')", true },
    { "UPDATE record SET tried = 0", true },
    { "UPDATE record SET tried = 1.5", true },
    { "UPDATE record SET date = 'then'", true },
    { "UPDATE record SET library = char(9)", true },
    { "UPDATE record SET choice = 'another'", false },
    { "UPDATE record SET seconds = 1e-6", false },
    { "UPDATE record SET error = 1e-6", false },
    { "UPDATE record SET tried = 2", false },
    { "UPDATE record SET date = 2", false },
    { "UPDATE record SET problem = problem || ' '", false },
    { "UPDATE record SET checksum = ''", false },
};

/* The checksum of the one row, of what SQLite says is in it. */
static void make_right(const char *directory) {
    static const char *const query = "SELECT device, problem, driver, library, choice, seconds, error, tried, date "
                                     "FROM record";
    sqlite3 *db;
    sqlite3_stmt *row;
    cld_digest digest;
    char hex[CLD_DIGEST_HEX], update[200];
    ck_assert_int_eq(sqlite3_open(file_of(directory), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    cld_digest_start(&digest);
    for (int k = 0; k < 5; k++)
        cld_digest_add_text(&digest, (const char *)sqlite3_column_text(row, k));
    for (int k = 5; k < 7; k++) {
        const double real = sqlite3_column_double(row, k);
        cld_digest_add(&digest, &real, sizeof real);
    }
    for (int k = 7; k < 9; k++) {
        const int64_t whole = sqlite3_column_int64(row, k);
        cld_digest_add(&digest, &whole, sizeof whole);
    }
    cld_digest_hex(&digest, hex);
    sqlite3_finalize(row);
    sqlite3_close(db);
    snprintf(update, sizeof update, "UPDATE record SET checksum = '%s'", hex);
    execute(directory, update);
}

START_TEST(hostile_rows) {
    const char *directory = store_directory("records-rows");
    open_at(directory);
    ck_ok(cld_records_put(records, &sample, &err), err);
    make_right(directory);
    ck_assert_double_eq(seconds_of("GPU", sample.problem), sample.seconds); /* it is right by the same rule */
    execute(directory, row_changes[_i].change);
    if (row_changes[_i].right)
        make_right(directory);
    cld_text text = { 0 };
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
    ck_ok(cld_records_export(records, &text, &err), err);
    ck_assert_str_eq(text.data, "clade-records 1\n");
    cld_text_free(&text);
    cld_records_close(records);
}
END_TEST

static unsigned char before[1 << 16], after[1 << 16];

/* Never emptied: each is kept under a name of its own, byte for byte. */
START_TEST(damaged_files_are_set_aside) {
    static const char *const changes[] = { "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
                                           "DROP TABLE journal", "CREATE TABLE more(x)", "PRAGMA user_version = 0" };
    const char *directory = store_directory("records-damage");
    char path[4400];
    int aside = 0;
    for (size_t k = 0; k <= CLD_COUNT(changes); k++) {
        open_at(directory);
        ck_ok(cld_records_put(records, &sample, &err), err);
        cld_records_close(records);
        if (k < CLD_COUNT(changes))
            execute(directory, changes[k]);
        else
            store_write_file(file_of(directory),
                             "no database at all, but longer than a header: 0123456789 0123456789 "
                             "0123456789 0123456789 0123456789",
                             100);
        const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
        store_n_logged = 0;
        open_at(directory);
        ck_assert_int_eq(store_n_logged, 1);
        ck_assert_ptr_nonnull(strstr(store_last_line, "is damaged: it is now"));
        ck_assert_int_eq(count_aside(directory), ++aside);
        snprintf(path, sizeof path, "%s.damaged-%d", file_of(directory), aside);
        ck_assert_uint_eq(store_read_file(path, after, sizeof after), bytes);
        ck_assert_mem_eq(after, before, bytes);
        ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
        ck_ok(cld_records_put(records, &sample, &err), err); /* the new one works */
        cld_records_close(records);
    }
}
END_TEST

enum { NOBODY = 65534, UNREADABLE = 77 };

/* In a process of its own, as a user who may not write there. */
static int read_as_another(const char *directory) {
    if (geteuid() == 0 && (setegid(NOBODY) != 0 || seteuid(NOBODY) != 0))
        return UNREADABLE;
    if (access(directory, X_OK) != 0)
        return UNREADABLE;
    cld_record *found;
    if (cld_records_open(&records, directory, true, &err) != CLADE_OK || !records)
        return 1;
    if (cld_records_get(records, "GPU", sample.problem, &found, &err) != CLADE_OK || !found)
        return 2;
    if (cld_records_put(records, &sample, &err) != CLADE_ERR_IO)
        return 3;
    return strstr(err.message, "readonly") ? 0 : 4;
}

/* Records that cannot be written can be read. */
START_TEST(a_place_that_is_read_only) {
    const char *directory = store_directory("records-read-only");
    char lock[4400];
    int status;
    open_at(directory);
    ck_ok(cld_records_put(records, &sample, &err), err);
    cld_records_close(records);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(directory, NOBODY, NOBODY), 0);
        ck_assert_int_eq(chown(file_of(directory), NOBODY, NOBODY), 0);
        snprintf(lock, sizeof lock, "%s.lock", file_of(directory));
        ck_assert_int_eq(chown(lock, NOBODY, NOBODY), 0);
    }
    ck_assert_int_eq(chmod(file_of(directory), 0400), 0);
    ck_assert_int_eq(chmod(directory, 0500), 0);
    const pid_t child = fork();
    if (child == 0)
        _exit(read_as_another(directory));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(chmod(directory, 0700), 0); /* so that it can be removed */
    if (WIFEXITED(status) && WEXITSTATUS(status) == UNREADABLE)
        test_skip("the user 'nobody' does not get to the scratch directory");
    else
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it ended with %d", WEXITSTATUS(status));
}
END_TEST

START_TEST(files_of_others_are_left_alone) {
    static const struct {
        const char *change, *says;
    } cases[] = { { "PRAGMA user_version = 2", "has format 2 of a newer Clade, this one knows 1" },
                  { "PRAGMA application_id = 7", "belongs to another application" } };
    const char *directory = store_directory("records-foreign");
    open_at(directory);
    ck_ok(cld_records_put(records, &sample, &err), err);
    cld_records_close(records);
    for (size_t k = 0; k < CLD_COUNT(cases); k++) {
        execute(directory, cases[k].change);
        const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
        ck_assert_int_eq(cld_records_open(&records, directory, true, &err), CLADE_ERR_UNSUPPORTED);
        ck_assert_ptr_null(records);
        ck_assert_ptr_nonnull(strstr(err.message, cases[k].says));
        ck_assert_uint_eq(store_read_file(file_of(directory), after, sizeof after), bytes);
        ck_assert_mem_eq(after, before, bytes);
        execute(directory, "PRAGMA user_version = 1");
    }
    ck_assert_int_eq(count_aside(directory), 0);
}
END_TEST

START_TEST(places_that_cannot_be_used) {
    const char *directory = store_directory("records-place");
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    ck_assert_int_eq(mkfifo(file_of(directory), 0600), 0);
    ck_assert_int_eq(cld_records_open(&records, directory, true, &err), CLADE_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "tuning file"));
    ck_assert_ptr_nonnull(strstr(err.message, "is not a plain file"));
    ck_assert_int_eq(unlink(file_of(directory)), 0);
    ck_assert_int_eq(mkdir(file_of(directory), 0700), 0);
    ck_assert_int_eq(cld_records_open(&records, directory, true, &err), CLADE_ERR_IO);
}
END_TEST

Suite *suite_store_records_damage(void);
Suite *suite_store_records_damage(void) {
    Suite *suite = suite_create("store/records_damage");
    TCase *tcase = tcase_create("damage");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, hostile_rows, 0, CLD_COUNT(row_changes));
    tcase_add_test(tcase, damaged_files_are_set_aside);
    tcase_add_test(tcase, a_place_that_is_read_only);
    tcase_add_test(tcase, files_of_others_are_left_alone);
    tcase_add_test(tcase, places_that_cannot_be_used);
    suite_add_tcase(suite, tcase);
    return suite;
}
