/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tuning records that are damaged are set aside, those that are not ours are left alone; no row but one that
 * was put is ever given.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "store/records_fixture.h"

/* Rows that no put has written are none. */
static const char *const row_changes[] = {
    "UPDATE record SET seconds = -1",
    "UPDATE record SET seconds = 'x'",
    "UPDATE record SET seconds = 9e999",
    "UPDATE record SET error = -1",
    "UPDATE record SET choice = ''",
    "UPDATE record SET choice = x'00ff'",
    "UPDATE record SET choice = 'a' || char(10)",
    "UPDATE record SET choice = 'a' || char(0) || 'b'",
    "UPDATE record SET driver = printf('%.3000c', 'x')",
    "UPDATE record SET tried = 0",
    "UPDATE record SET choice = 'another'",
    "UPDATE record SET seconds = 1e-6",
    "UPDATE record SET problem = problem || ' '",
    "UPDATE record SET date = 'then'",
    "UPDATE record SET library = char(9)",
};

START_TEST(hostile_rows) {
    const char *directory = store_directory("records-rows");
    open_at(directory);
    ck_ok(cld_records_put(records, &sample, &err), err);
    execute(directory, row_changes[_i]);
    cld_text text = { 0 };
    ck_assert_double_eq(seconds_of("GPU", sample.problem), 0);
    ck_ok(cld_records_export(records, &text, &err), err);
    ck_assert_str_eq(text.data, "clade-records 1\n");
    cld_text_free(&text);
    cld_records_close(records);
}
END_TEST

static int count_aside(const char *directory) {
    int count = 0;
    char path[4400];
    for (int k = 1; k <= 5; k++) {
        snprintf(path, sizeof path, "%s.damaged-%d", file_of(directory), k);
        count += access(path, R_OK) == 0;
    }
    return count;
}

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

START_TEST(bit_flips) {
    const char *directory = store_directory("records-flips");
    open_at(directory);
    for (int k = 0; k < 30; k++) {
        char problem[50];
        cld_record r = sample;
        snprintf(problem, sizeof problem, "product %d", k);
        r.problem = problem;
        ck_ok(cld_records_put(records, &r, &err), err);
    }
    cld_records_close(records);
    const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
    uint64_t seed = 99;
    for (int round = 0; round < 200; round++) {
        memcpy(after, before, bytes);
        for (int k = 0; k < 3; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            after[(seed >> 33) % (round % 2 ? bytes : 200)] ^= (unsigned char)(1u << (seed >> 60 & 7));
        }
        store_write_file(file_of(directory), after, bytes);
        if (cld_records_open(&records, directory, true, &err) != CLADE_OK) {
            ck_assert_int_gt((int)strlen(err.message), 0); /* another application's, or a newer format */
            continue;
        }
        cld_record *found;
        for (int k = 0; k < 30; k++) {
            char problem[50];
            snprintf(problem, sizeof problem, "product %d", k);
            if (cld_records_get(records, "GPU", problem, &found, &err) == CLADE_OK && found)
                ck_assert_str_eq(found->problem, problem);
            cld_free(found);
            found = NULL;
        }
        cld_records_close(records);
    }
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
    tcase_add_test(tcase, bit_flips);
    tcase_add_test(tcase, files_of_others_are_left_alone);
    tcase_add_test(tcase, places_that_cannot_be_used);
    suite_add_tcase(suite, tcase);
    return suite;
}
