/* SPDX-License-Identifier: Apache-2.0 */
/* What every C test includes: Check, a few assertions in the library's terms, skipping.
 *
 * A test file defines `Suite *suite_<folder>_<name>(void)` and has one line in unit.def (no device) or device.def.
 */
#ifndef CLADE_TEST_H
#define CLADE_TEST_H

#include <check.h>
#include <stdbool.h>

#include "clade/status.h"

/* The call succeeds; otherwise the test fails with the call's own line. `err` is the test's clade_error. */
#define ck_ok(call, err)                                                                                               \
    do {                                                                                                               \
        clade_status ck_status_ = (call);                                                                              \
        ck_assert_msg(ck_status_ == CLADE_OK, #call ": %s: %s", clade_status_name(ck_status_), (err).message);         \
    } while (0)

/* The call fails with this status, and its line holds `part`. */
#define ck_refused(call, want, part, err)                                                                              \
    do {                                                                                                               \
        clade_status ck_status_ = (call);                                                                              \
        ck_assert_msg(ck_status_ == (want), #call ": %s, not %s", clade_status_name(ck_status_),                       \
                      clade_status_name(want));                                                                        \
        ck_assert_msg(strstr((err).message, (part)) != NULL, #call ": \"%s\" lacks \"%s\"", (err).message, (part));    \
    } while (0)

/* Counts the running test as skipped, not passed; the test then returns. */
void test_skip(const char *why);

/* The path of a file among the shared material (../shared of the source tree), or NULL when it is not there: the test
 * then calls test_skip. Static memory, overwritten by the next call. */
const char *test_shared(const char *path);
/* A path in a directory for scratch files, made for this test run. Static memory, overwritten by the next call. */
const char *test_scratch(const char *name);

/* Facts that the tests of one run leave for later ones, whatever process they run in. "long ones too": suites were
 * named, or CLADE_DEEP is 1; "all suites": none was named. */
void test_record(const char *fact);
bool test_recorded(const char *fact);

#endif
