/* SPDX-License-Identifier: Apache-2.0 */
/* A process that serves predictions for days: resident memory does not grow with runs, with shapes, or with sessions
 * made and freed. Each test warms up first, because drivers fill pools of their own in the first runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mlp.h"
#include "test.h"

/* Growth below this is the allocator's and the driver's noise: 10,000 runs that lose a hundred bytes each reach it. */
#define NOISE_BYTES 1000000

static clade_device *device;
static clade_model *model;

static void open_all(void) {
    device = mlp_device(NULL);
    model = mlp_load();
}

static void close_all(void) {
    clade_model_free(model);
    clade_device_close(device);
}

static long resident_bytes(void) {
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert(statm != NULL);
    ck_assert_int_eq(fscanf(statm, "%*d %ld", &pages), 1);
    fclose(statm);
    return pages * sysconf(_SC_PAGESIZE);
}

static void use_one_shape(clade_session *session, int runs) {
    for (int i = 0; i < runs; i++)
        mlp_predict(session, 3, NULL);
}

/* More shapes in turn than the session may keep plans for. */
static void use_many_shapes(clade_session *session, int runs) {
    for (int i = 0; i < runs; i++)
        mlp_predict(session, 1 + i % MLP_MAX_BATCH, NULL);
}

static void use_sessions(clade_session *session, int runs) {
    (void)session;
    for (int i = 0; i < runs; i++) {
        clade_session *another = mlp_session(device, model, 0);
        mlp_predict(another, 3, NULL);
        clade_session_free(another);
    }
}

static const struct {
    void (*use)(clade_session *session, int runs);
    int warm_runs, runs;
} uses[] = {
    { use_one_shape, 1000, 10000 },
    { use_many_shapes, 4 * MLP_MAX_BATCH, 10 * MLP_MAX_BATCH },
    { use_sessions, 50, 200 },
};

START_TEST(resident_memory_is_flat) {
    if (getenv("CLADE_SANITIZED") != NULL) {
        test_skip("a sanitizer keeps freed memory");
        return;
    }
    clade_session *session = mlp_session(device, model, 4);
    uses[_i].use(session, uses[_i].warm_runs);
    long before = resident_bytes();
    uses[_i].use(session, uses[_i].runs);
    long growth = resident_bytes() - before;
    ck_assert_msg(growth < NOISE_BYTES, "%d runs grew the process by %ld bytes", uses[_i].runs, growth);
    clade_session_free(session);
}
END_TEST

Suite *suite_session_steady(void);
Suite *suite_session_steady(void) {
    Suite *suite = suite_create("session/steady");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_loop_test(tcase, resident_memory_is_flat, 0, sizeof uses / sizeof uses[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
