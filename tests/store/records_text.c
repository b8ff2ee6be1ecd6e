/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records as text: what is exported is imported, all or nothing; of two the better one is merged. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/fixture.h"
#include "store/records.h"

static cld_records *records;
static clade_error err;

static void setup(void) { ck_ok(cld_records_open(&records, store_directory("records-text"), true, &err), err); }
static void teardown(void) { cld_records_close(records); }

#define HEADER "clade-records 1\n"
#define LINE(problem, driver, seconds, date)                                                                           \
    "GPU\t" problem "\t" driver "\t0.1.0\ttiles(tm 64)\t" seconds "\t0\t3\t" date "\n"

static clade_status import(const char *text, cld_import how, int64_t *count) {
    return cld_records_import(records, text, strlen(text), how, count, &err);
}

static void holds(const char *want) {
    cld_text text = { 0 };
    ck_ok(cld_records_export(records, &text, &err), err);
    ck_assert_str_eq(text.data, want);
    cld_text_free(&text);
}

START_TEST(round_trip) {
    static const char text[] = HEADER LINE("a", "1", "0.001", "5") LINE("b", "1", "1.25e-05", "1700000000");
    int64_t count;
    ck_ok(import(HEADER LINE("b", "1", "1.25e-05", "1700000000") LINE("a", "1", "0.001", "5"), CLD_IMPORT_REPLACE,
                 &count),
          err);
    ck_assert_int_eq(count, 2);
    holds(text); /* sorted */
    ck_ok(import(text, CLD_IMPORT_REPLACE, &count), err);
    holds(text);
    ck_ok(import("clade-records 1\r\n"
                 "GPU\tc\t1\t0.1.0\ttiles(tm 64)\t1\t0\t3\t5",
                 CLD_IMPORT_REPLACE, &count),
          err);
    ck_assert_int_eq(count, 1); /* line ends of another system, and none at the end */
}
END_TEST

/* A comma for the point in the caller's locale changes nothing. */
START_TEST(any_locale) {
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8" };
    bool found = false;
    int64_t count;
    for (size_t k = 0; k < CLD_COUNT(names) && !found; k++)
        found = setlocale(LC_ALL, names[k]) != NULL;
    if (!found) {
        test_skip("no locale with a decimal comma is installed");
        return;
    }
    ck_ok(import(HEADER LINE("a", "1", "0.5", "5"), CLD_IMPORT_REPLACE, &count), err);
    holds(HEADER LINE("a", "1", "0.5", "5"));
}
END_TEST

static const struct {
    const char *driver, *seconds, *date;
    bool taken;
} merged[] = {
    { "1", "0.5", "50", true },   /* the same driver: faster, though older */
    { "1", "2", "500", false },   /* slower, though younger */
    { "1", "1", "500", false },   /* as fast: what there is stays */
    { "2", "9", "101", true },    /* another driver: younger, though slower */
    { "2", "0.1", "100", false }, /* not younger */
};

START_TEST(the_better_is_merged) {
    char text[200];
    int64_t count;
    ck_ok(import(HEADER LINE("p", "1", "1", "100"), CLD_IMPORT_REPLACE, &count), err);
    snprintf(text, sizeof text, HEADER LINE("p", "%s", "%s", "%s"), merged[_i].driver, merged[_i].seconds,
             merged[_i].date);
    ck_ok(import(text, CLD_IMPORT_MERGE, &count), err);
    ck_assert_int_eq(count, merged[_i].taken);
    holds(merged[_i].taken ? text : HEADER LINE("p", "1", "1", "100"));
    ck_ok(import(text, CLD_IMPORT_REPLACE, &count), err); /* which asks no questions */
    ck_assert_int_eq(count, 1);
    holds(text);
}
END_TEST

static const struct {
    const char *text, *says;
} refused[] = {
    { "", "no tuning records: the text is empty" },
    { "clade-records 2\n", "line 1: no tuning records: the first line is not 'clade-records 1'" },
    { LINE("p", "1", "1", "1"), "line 1: no tuning records" },
    { HEADER HEADER, "line 2: a second header" },
    { HEADER LINE("p", "1", "1", "1") "\n", "line 3: 1 fields, not 9" },
    { HEADER LINE("p", "1", "1", "1") "a\tb\n", "line 3: 2 fields, not 9" },
    { HEADER "a\tb\tc\td\te\t1\t0\t1\t1\textra\n", "line 2: 10 fields, not 9" },
    { HEADER LINE("p", "1", "1", "1") LINE("q", "1", "fast", "1"), "line 3: a field that must be a number is none" },
    { HEADER LINE("q", "1", "", "1"), "line 2: a field that must be a number is none" },
    { HEADER "a\tb\tc\td\te\t1\t0\t1\n", "line 2: 8 fields, not 9" },
    { HEADER LINE("q", "1", "1", ""), "line 2: a field that must be a number is none" },
    { HEADER LINE("q", "1", "1,5", "1"), "line 2: a field that must be a number is none" },
    { HEADER LINE("q", "1", "nan", "1"), "line 2: a record's time must be above 0 s" },
    { HEADER LINE("q", "1", "-1", "1"), "line 2: a record's time must be above 0 s, not -1" },
    { HEADER LINE("q", "1", "1", "99999999999999999999"), "line 2: a field that must be a number is none" },
    { HEADER LINE("q", "1", "1", "1.5"), "line 2: a field that must be a number is none" },
    { HEADER LINE("q", "1", "1", "-1"), "line 2: a record needs a candidate that was tried, and a date since 1970" },
    { HEADER LINE("", "1", "1", "1"), "line 2: a record's problem must be one line" },
    { HEADER LINE("\x01", "1", "1", "1"), "line 2: a record's problem must be one line" },
};

/* Nothing of it is taken, whatever stood in front. */
START_TEST(all_or_nothing) {
    static const char kept[] = HEADER LINE("kept", "1", "1", "1");
    int64_t count;
    ck_ok(import(kept, CLD_IMPORT_REPLACE, &count), err);
    ck_assert_int_ne(import(refused[_i].text, CLD_IMPORT_REPLACE, &count), CLADE_OK);
    ck_assert_msg(strstr(err.message, refused[_i].says) == err.message, "%s", err.message);
    ck_assert_int_eq(count, 0);
    holds(kept);
    ck_ok(import(HEADER LINE("p", "1", "1", "1"), CLD_IMPORT_REPLACE, &count), err); /* and no transaction is open */
}
END_TEST

START_TEST(hostile_lines) {
    enum { LONG = 20000 };
    static char text[LONG + 100];
    int64_t count;
    strcpy(text, HEADER);
    memset(text + strlen(HEADER), 'x', LONG);
    ck_assert_int_eq(import(text, CLD_IMPORT_MERGE, &count), CLADE_ERR_FORMAT);
    ck_assert_str_eq(err.message, "line 2: the line is no record");
    static const char nul[] = HEADER "a\tb\0c\n";
    ck_assert_int_eq(cld_records_import(records, nul, sizeof nul - 1, CLD_IMPORT_MERGE, &count, &err),
                     CLADE_ERR_FORMAT);
    ck_assert_str_eq(err.message, "line 2: the line is no record");
    ck_assert_int_eq(cld_records_import(NULL, text, strlen(text), CLD_IMPORT_MERGE, &count, &err), CLADE_ERR_FORMAT);
    holds(HEADER);
}
END_TEST

Suite *suite_store_records_text(void);
Suite *suite_store_records_text(void) {
    Suite *suite = suite_create("store/records_text");
    TCase *tcase = tcase_create("text");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, round_trip);
    tcase_add_test(tcase, any_locale);
    tcase_add_loop_test(tcase, the_better_is_merged, 0, CLD_COUNT(merged));
    tcase_add_loop_test(tcase, all_or_nothing, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, hostile_lines);
    suite_add_tcase(suite, tcase);
    return suite;
}
