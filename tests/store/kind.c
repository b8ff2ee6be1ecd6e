/* SPDX-License-Identifier: Apache-2.0 */
/* A file of an older format is brought forward step by step and keeps what is in it; what fails on the way has changed
 * nothing. With a kind of store of the test's own, since no format of tuning records has a past yet.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/fixture.h"
#include "store/internal.h"

enum { FORMATS = 3, ID = 0x74657374 };
static const char *const good[FORMATS] = { "CREATE TABLE t(a)", "ALTER TABLE t ADD COLUMN b DEFAULT 7",
                                           "UPDATE t SET b = b + 1" };
static const char *const bad[FORMATS] = { "CREATE TABLE t(a)", "ALTER TABLE t ADD COLUMN b DEFAULT 7; DELETE FROM t",
                                          "UPDATE t SET missing = 1" };
static const char *const tables[] = { "CREATE TABLE t(a, b DEFAULT 7)", NULL };

static char file[4200];

static cld_store_kind kind_of(const char *const *steps) {
    return (cld_store_kind){ .name = "kind.sqlite",
                             .what = "test",
                             .variable = "XDG_DATA_HOME",
                             .home = "nowhere",
                             .application_id = ID,
                             .format = FORMATS,
                             .wait_ms = 100,
                             .steps = steps,
                             .tables = tables,
                             .synchronous = "FULL" };
}

static int query(const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *row;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    const int number = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int(row, 0) : -1;
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

/* Of format 1, as its Clade would have left it. */
static const char *make_old(const char *name) {
    const char *directory = store_directory(name);
    sqlite3 *db;
    char sql[200];
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    snprintf(file, sizeof file, "%s/kind.sqlite", directory);
    snprintf(sql, sizeof sql,
             "CREATE TABLE t(a); INSERT INTO t VALUES(5); PRAGMA application_id=%d; PRAGMA user_version=1", (int)ID);
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    return directory;
}

START_TEST(an_older_file_is_brought_forward) {
    const cld_store_kind kind = kind_of(good);
    clade_error why = { 0 };
    const char *directory = make_old("kind-forward");
    for (int k = 0; k < 2; k++) { /* and once only */
        cld_store *store;
        ck_ok(cld_store_open_kind(&store, &kind, directory, true, &why), why);
        cld_store_close(store);
        ck_assert_int_eq(query("SELECT a * 100 + b FROM t"), 508);
        ck_assert_int_eq(query("PRAGMA user_version"), FORMATS);
    }
    ck_assert_int_eq(store_n_logged, 0);
}
END_TEST

START_TEST(what_fails_on_the_way_changes_nothing) {
    const cld_store_kind kind = kind_of(bad);
    clade_error why = { 0 };
    cld_store *store;
    const char *directory = make_old("kind-stuck");
    ck_assert_int_eq(cld_store_open_kind(&store, &kind, directory, true, &why), CLADE_ERR_IO);
    ck_assert_ptr_null(store);
    ck_assert_msg(strstr(why.message, "no such column") != NULL, "%s", why.message);
    ck_assert_int_eq(query("SELECT a FROM t"), 5);
    ck_assert_int_eq(query("PRAGMA user_version"), 1);
}
END_TEST

Suite *suite_store_kind(void);
Suite *suite_store_kind(void) {
    Suite *suite = suite_create("store/kind");
    TCase *tcase = tcase_create("kind");
    tcase_add_test(tcase, an_older_file_is_brought_forward);
    tcase_add_test(tcase, what_fails_on_the_way_changes_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
