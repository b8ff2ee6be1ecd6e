/* SPDX-License-Identifier: Apache-2.0 */
/* See exhausted.h. */
#include "fault/exhausted.h"

#include <string.h>

#include "fault/memory.h"
#include "test.h"

static void check_failure(const exhausted_operation *operation, long n, clade_status status, const clade_error *err) {
    ck_assert_msg(status == CLADE_ERR_MEMORY && err->status == status, "%s, allocation %ld: %s, '%s'", operation->name,
                  n, clade_status_name(status), err->message);
    ck_assert_msg(strstr(err->message, "memory") && !strchr(err->message, '\n'), "%s, allocation %ld: '%s'",
                  operation->name, n, err->message);
}

/* Whether the operation had an n-th allocation. */
static bool fail_one(const exhausted_operation *operation, long n, bool lasting) {
    clade_error err = { 0 };
    long held = memory_held();
    memory_fail(n, lasting);
    clade_status status = operation->run(&err);
    bool fired = memory_clear();
    if (status != CLADE_OK)
        check_failure(operation, n, status, &err);
    else if (operation->check)
        operation->check();
    ck_assert_msg(status == CLADE_OK ? !fired || operation->degrades : fired, "%s, allocation %ld: %s", operation->name,
                  n, clade_status_name(status));
    operation->end();
    held = memory_held() - held;
    ck_assert_msg(held == 0, "%s, allocation %ld: %ld are left", operation->name, n, held);
    return fired;
}

long exhausted_sweep(const exhausted_operation *operation, bool lasting) {
    long n = 1;
    while (fail_one(operation, n, lasting))
        n++;
    return n - 1;
}
