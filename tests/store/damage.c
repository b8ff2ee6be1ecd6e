/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged, foreign and hostile cache files: never a wrong row, never a crash, and a store that works again. */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fixture.h"

static unsigned char image[1 << 20];

START_TEST(truncated) {
    const char *directory = store_directory("store-truncated"), *file = store_file(directory);
    store_make_rows(directory);
    ck_assert_int_eq(store_check_rows(directory), STORE_ROWS);
    size_t bytes = store_read_file(file, image, sizeof image);
    for (size_t keep = 0; keep < bytes; keep += keep < 200 ? 33 : bytes / 17) {
        store_write_file(file, image, keep);
        ck_assert_msg(store_check_rows(directory) >= 0, "cut to %zu bytes: not usable again", keep);
    }
}
END_TEST

START_TEST(garbage) {
    const char *directory = store_directory("store-garbage"), *file = store_file(directory);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    for (size_t i = 0; i < 20000; i++)
        image[i] = (unsigned char)(i * 7919 >> 3);
    store_write_file(file, image, 20000);
    ck_assert_int_eq(store_check_rows(directory), 0);
    ck_assert_int_eq(store_n_logged, 1);
}
END_TEST

START_TEST(bit_flips) {
    const char *directory = store_directory("store-flips"), *file = store_file(directory);
    store_make_rows(directory);
    size_t bytes = store_read_file(file, image, sizeof image);
    uint64_t seed = 12345;
    int kept = 0, other_format = 0;
    for (int round = 0; round < 150; round++) {
        size_t at[4];
        unsigned char flips[4];
        for (int k = 0; k < 4; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            at[k] = round % 3 == 0 ? (seed >> 33) % 4096 : (seed >> 33) % bytes;
            flips[k] = (unsigned char)(1u << (seed >> 60 & 7));
            image[at[k]] ^= flips[k];
        }
        store_write_file(file, image, bytes);
        int found = store_check_rows(directory);
        /* A flip may turn the header into that of another application or a newer format, which is left alone. */
        other_format += found == -1;
        ck_assert_msg(found >= -1, "round %d: not usable again (%d): %s", round, found, store_last_line);
        kept += found > 0;
        for (int k = 0; k < 4; k++)
            image[at[k]] ^= flips[k];
    }
    ck_assert_int_gt(kept, 50);
    ck_assert_int_lt(other_format, 30);
}
END_TEST

/* A row moved under another key, or with another's checksum, is not that key's. */
START_TEST(swapped_rows) {
    const char *directory = store_directory("store-swapped");
    cld_store *store = cld_store_open(directory);
    store_put_text(store, "a", "text of a");
    store_put_text(store, "b", "text of b");
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(store_file(directory), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "UPDATE program SET key = 'c' WHERE key = 'a'; UPDATE program SET key = 'a' WHERE "
                                  "key = 'b'; UPDATE program SET key = 'b' WHERE key = 'c'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert(!store_holds(store, "a", ""));
    ck_assert(!store_holds(store, "b", ""));
    ck_assert_int_eq(store_n_logged, 2);
    sqlite3_stmt *count;
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM program", -1, &count, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(count, 0), 0); /* both were dropped */
    sqlite3_finalize(count);
    sqlite3_close(db);
    cld_store_close(store);
}
END_TEST

START_TEST(other_versions_and_applications) {
    const char *directory = store_directory("store-foreign"), *file = store_file(directory);
    store_make_rows(directory);
    store_execute(directory, "PRAGMA user_version = 999");
    size_t bytes = store_read_file(file, image, sizeof image);
    ck_assert_ptr_null(cld_store_open(directory));
    ck_assert_int_eq(store_n_logged, 1);
    ck_assert_ptr_nonnull(strstr(store_last_line, "newer"));
    static unsigned char after[sizeof image];
    ck_assert_uint_eq(store_read_file(file, after, sizeof after), bytes); /* left alone */
    ck_assert_mem_eq(after, image, bytes);

    store_execute(directory, "PRAGMA user_version = 0"); /* older than the first: emptied */
    ck_assert_int_eq(store_check_rows(directory), 0);

    store_execute(directory, "PRAGMA application_id = 7; CREATE TABLE precious(x); INSERT INTO precious VALUES(1)");
    ck_assert_ptr_null(cld_store_open(directory));
    ck_assert_ptr_nonnull(strstr(store_last_line, "another application"));
    store_execute(directory, "SELECT x FROM precious");
}
END_TEST

/* Format 1 had a second table, which nothing filled. */
START_TEST(older_format) {
    const char *directory = store_directory("store-older");
    store_make_rows(directory);
    store_execute(directory, "CREATE TABLE tuning(x); PRAGMA user_version = 1");
    ck_assert_int_eq(store_check_rows(directory), STORE_ROWS);
    ck_assert_int_eq(store_n_logged, 0);
    store_execute(directory, "CREATE TABLE tuning(x)"); /* it was dropped */
}
END_TEST

/* A schema that would do something of its own is not ours: the file is emptied. */
START_TEST(hostile_schema) {
    static const char *const changes[] = {
        "CREATE TRIGGER t AFTER INSERT ON program BEGIN DELETE FROM program; END",
        "DROP TABLE program; CREATE VIEW program AS SELECT 'key0' AS key, 'x' AS data, 1 AS written, '' AS checksum",
        "CREATE INDEX i ON program(written)",
        "ALTER TABLE program DROP COLUMN checksum",
        "CREATE TABLE more(x)",
    };
    const char *directory = store_directory("store-schema");
    for (size_t i = 0; i < CLD_COUNT(changes); i++) {
        store_make_rows(directory);
        ck_assert_int_eq(store_check_rows(directory), STORE_ROWS);
        store_execute(directory, changes[i]);
        ck_assert_msg(store_check_rows(directory) == 0, "not emptied after: %s", changes[i]);
        ck_assert_int_eq(store_n_logged, (int)i + 1);
    }
}
END_TEST

Suite *suite_store_damage(void);
Suite *suite_store_damage(void) {
    const TTest *tests[] = { truncated,    garbage,       bit_flips, swapped_rows, other_versions_and_applications,
                             older_format, hostile_schema };
    Suite *suite = suite_create("store/damage");
    TCase *tcase = tcase_create("damage");
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < CLD_COUNT(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
