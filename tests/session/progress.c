/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller sees of a slow first call: stages by name, counts that move to their total, a stop at any of them; and
 * nothing of it in a later call.
 */
#include <stdio.h>
#include <string.h>

#include "mlp.h"
#include "test.h"

enum { CALLS_MAX = 64 };
static struct {
    size_t calls, stop_at; /* stop_at: cancel in that call; 0: never */
    struct {
        char what[40];
        size_t done, total;
    } call[CALLS_MAX];
} seen;

static int note(void *user, const char *what, size_t done, size_t total) {
    ck_assert_ptr_eq(user, &seen);
    ck_assert_uint_lt(seen.calls, CALLS_MAX);
    snprintf(seen.call[seen.calls].what, sizeof seen.call->what, "%s", what);
    seen.call[seen.calls].done = done;
    seen.call[seen.calls].total = total;
    return ++seen.calls == seen.stop_at;
}

static clade_device *device;
static clade_model *model;
static clade_session *session;

static void open_all(void) {
    clade_error err;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.progress = note;
    options.progress_user = &seen;
    memset(&seen, 0, sizeof seen);
    device = mlp_device(NULL);
    model = mlp_load();
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static size_t count_stages(const char *what) {
    size_t count = 0;
    for (size_t i = 0; i < seen.calls; i++)
        count += strcmp(seen.call[i].what, what) == 0 && seen.call[i].done == 0;
    return count;
}

static size_t total_of(const char *what) {
    size_t i = 0;
    while (i < seen.calls && strcmp(seen.call[i].what, what) != 0)
        i++;
    return i < seen.calls ? seen.call[i].total : 0;
}

/* Every stage begins at 0 and goes up by ones, a build and a save at once, to its total; the steps of the first run are
 * counted.
 */
START_TEST(test_moves) {
    mlp_predict(session, 3, NULL);
    size_t calls = seen.calls;
    ck_assert_uint_eq(count_stages("compiling kernels"), 1);
    ck_assert_uint_eq(count_stages("first run"), 1);
    ck_assert_str_eq(seen.call[0].what, "compiling kernels");
    for (size_t i = 0; i < calls; i++) {
        int begins = i == 0 || strcmp(seen.call[i].what, seen.call[i - 1].what) != 0;
        int ends = i + 1 == calls || strcmp(seen.call[i].what, seen.call[i + 1].what) != 0;
        int at_once = strcmp(seen.call[i].what, "compiling kernels") == 0;
        ck_assert_uint_gt(seen.call[i].total, 0);
        if (begins)
            ck_assert_uint_eq(seen.call[i].done, 0);
        else if (!at_once)
            ck_assert_uint_eq(seen.call[i].done, seen.call[i - 1].done + 1);
        if (ends)
            ck_assert_uint_eq(seen.call[i].done, seen.call[i].total);
    }
    clade_error err;
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_eq(total_of("first run"), stats.launches);
    ck_assert_uint_gt(stats.launches, 1);
    mlp_predict(session, 3, NULL);
    ck_assert_uint_eq(seen.calls, calls); /* a run that comes again has nothing to tell */
}
END_TEST

/* Stopped at each call in turn: its own status and a line that says where; the same session then runs to the end. */
START_TEST(test_stops) {
    clade_error err;
    mlp_predict(session, 3, NULL);
    const size_t calls = seen.calls;
    for (size_t stop = 1; stop <= calls; stop++) {
        close_all();
        open_all();
        seen.stop_at = stop;
        clade_tensor x = mlp_input(3);
        ck_ok(clade_session_set_input(session, NULL, &x, &err), err);
        ck_refused(clade_session_run(session, &err), CLADE_ERR_CANCELLED, "cancelled ", err);
        ck_assert_uint_eq(seen.calls, stop);
        if (strcmp(seen.call[stop - 1].what, "first run") == 0 && seen.call[stop - 1].done == 0)
            ck_assert_str_eq(err.message, "cancelled before node 'first', first run");
        if (stop == calls)
            ck_assert_msg(strstr(err.message, "behind the last node") ||
                              strstr(err.message, "after the compiled kernels"),
                          "%s", err.message);
        clade_tensor y = { .data = NULL };
        ck_refused(clade_session_get_output(session, NULL, &y, &err), CLADE_ERR_ARGUMENT, "", err);
        mlp_predict(session, 3, NULL);
    }
}
END_TEST

Suite *suite_session_progress(void);
Suite *suite_session_progress(void) {
    Suite *suite = suite_create("session/progress");
    TCase *tcase = tcase_create("progress");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, test_moves);
    tcase_add_test(tcase, test_stops);
    suite_add_tcase(suite, tcase);
    return suite;
}
