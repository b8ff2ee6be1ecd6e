/* SPDX-License-Identifier: Apache-2.0 */
/* Status texts, error lines, log lines. */
#include <stdio.h>

#include "base/base.h"
#include "clade.h"
#include "test.h"

START_TEST(status_texts) {
    ck_assert_str_eq(clade_status_name(CLADE_OK), "OK");
    ck_assert_str_eq(clade_status_name(CLADE_ERR_SHAPE), "ERR_SHAPE");
    ck_assert_str_eq(clade_status_meaning(CLADE_ERR_SHAPE), "shapes disagree");
    ck_assert_str_eq(clade_status_name((clade_status)77), "ERR_UNKNOWN");
    ck_assert_str_eq(clade_status_meaning((clade_status)-99), "no such status");
    ck_assert_str_eq(clade_version(), PACKAGE_VERSION);
}
END_TEST

START_TEST(error_is_one_line) {
    clade_error err = { .status = CLADE_OK };
    ck_assert_int_eq(cld_fail(&err, CLADE_ERR_GRAPH, "node '%s':\tbad\x01", "a\nb\r\x7f"), CLADE_ERR_GRAPH);
    ck_assert_int_eq(err.status, CLADE_ERR_GRAPH);
    ck_assert_str_eq(err.message, "node 'a b  ': bad ");
    ck_assert_int_eq(cld_fail(NULL, CLADE_ERR_IO, "nobody listens"), CLADE_ERR_IO);
    ck_assert_int_eq(cld_fail(&err, CLADE_ERR_IO, "%01000d", 1), CLADE_ERR_IO);
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
}
END_TEST

typedef struct lines {
    int count;
    clade_log_level level;
    char last[64], all[256];
} lines;

static void keep_line(void *user, clade_log_level level, const char *line) {
    lines *l = user;
    l->count++;
    l->level = level;
    snprintf(l->last, sizeof l->last, "%s", line);
    strncat(l->all, line, sizeof l->all - strlen(l->all) - 1);
    strncat(l->all, "|", sizeof l->all - strlen(l->all) - 1);
}

START_TEST(log_lines) {
    lines got = { 0 };
    cld_log(CLADE_LOG_WARNING, "no hook yet");
    clade_log_set(keep_line, &got);
    cld_log(CLADE_LOG_INFO, "one %d", 1);
    ck_assert_int_eq(got.count, 1);
    ck_assert_int_eq(got.level, CLADE_LOG_INFO);
    ck_assert_str_eq(got.last, "one 1");
    cld_log(CLADE_LOG_DEBUG, "two\n\nthree\n");
    ck_assert_int_eq(got.count, 3);
    ck_assert_str_eq(got.all, "one 1|two|three|");
    clade_log_set(NULL, NULL);
    cld_log(CLADE_LOG_DEBUG, "dropped");
    ck_assert_int_eq(got.count, 3);
}
END_TEST

Suite *suite_base_error(void);
Suite *suite_base_error(void) {
    Suite *suite = suite_create("base/error");
    TCase *tcase = tcase_create("error");
    tcase_add_test(tcase, status_texts);
    tcase_add_test(tcase, error_is_one_line);
    tcase_add_test(tcase, log_lines);
    suite_add_tcase(suite, tcase);
    return suite;
}
