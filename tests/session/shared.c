/* SPDX-License-Identifier: Apache-2.0 */
/* One session and several threads: calls that overlap or interleave are refused, or right, and never another thread's
 * answer; calls one after the other go from thread to thread. A callback may not call the session it comes from. */
#include <pthread.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

enum { THREADS = 8, RUNS = 100, TRIES = 1000, ENTRIES = 64 };

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

/* y = a + b, z = a - b */
static void open_all(void) {
    wire graph = { 0 };
    wire_text(&graph, GRAPH_NAME, "two and two");
    wire_value(&graph, GRAPH_INPUT, "a", CLADE_FLOAT32, 1, (int64_t[]){ ENTRIES });
    wire_value(&graph, GRAPH_INPUT, "b", CLADE_FLOAT32, 1, (int64_t[]){ ENTRIES });
    wire_node(&graph, "Add", "a b", "y", NULL);
    wire_node(&graph, "Sub", "a b", "z", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, -1, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "z", CLADE_FLOAT32, -1, NULL);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    device = mlp_device(NULL);
    session = mlp_session(device, model, 0);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static clade_status set(const char *name, float value, clade_error *why) {
    float data[ENTRIES];
    const clade_tensor tensor = { CLADE_FLOAT32, 1, { ENTRIES }, data, sizeof data };
    for (int i = 0; i < ENTRIES; i++)
        data[i] = value;
    return clade_session_set_input(session, name, &tensor, why);
}

/* *wrong when the output is read and some of it is not `want`. */
static clade_status read_one(const char *name, float want, bool *wrong, clade_error *why) {
    float data[ENTRIES];
    clade_tensor tensor = { .data = data, .size_bytes = sizeof data };
    clade_status status = clade_session_read_output_into(session, name, &tensor, why);
    for (int i = 0; i < ENTRIES && status == CLADE_OK; i++)
        *wrong |= data[i] != want;
    return status;
}

typedef struct worker {
    pthread_t thread;
    float a, b;
    int tries; /* of each call, before everything is begun anew */
    int right, refused;
    bool wrong, failed; /* failed: with another status, or without the line */
} worker;

/* One of the five calls of a round. */
static clade_status call(worker *self, int k, clade_error *why) {
    switch (k) {
    case 0:
        return set("a", self->a, why);
    case 1:
        return set("b", self->b, why);
    case 2:
        return clade_session_run(session, why);
    case 3:
        return read_one("y", self->a + self->b, &self->wrong, why);
    default:
        return read_one("z", self->a - self->b, &self->wrong, why);
    }
}

static void *work(void *argument) {
    worker *self = argument;
    for (int i = 0; i < RUNS; i++) {
        clade_error why = { .status = CLADE_OK };
        clade_status status = CLADE_OK;
        for (int k = 0; k < 5 && status == CLADE_OK; k++) {
            status = call(self, k, &why);
            for (int n = 1; n < self->tries && status == CLADE_ERR_ARGUMENT; n++)
                status = call(self, k, &why);
        }
        self->right += status == CLADE_OK;
        self->refused += status == CLADE_ERR_ARGUMENT;
        self->failed |= status != CLADE_OK && (status != CLADE_ERR_ARGUMENT || !strstr(why.message, "thread"));
    }
    return NULL;
}

/* All threads at once. A call that is refused is given up with its round, or tried again by itself. */
static const int tries[] = { 1, TRIES };

START_TEST(never_another_threads_answer) {
    worker workers[THREADS];
    int right = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .a = (float)(i + 1), .b = (float)(i * i), .tries = tries[_i] };
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_msg(!workers[i].wrong, "thread %d got another's answer", i);
        ck_assert_msg(!workers[i].failed, "thread %d: a refusal of another kind", i);
        ck_assert_int_eq(workers[i].right + workers[i].refused, RUNS);
        right += workers[i].right;
    }
    ck_assert_int_gt(right, 0);
}
END_TEST

/* What `work` does, in a thread of its own that ends before this does. */
static void alone(void *(*what)(void *), void *argument) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, what, argument), 0);
    pthread_join(thread, NULL);
}

static void *just_run(void *argument) {
    *(clade_status *)argument = clade_session_run(session, NULL);
    return NULL;
}

START_TEST(set_here_run_there_read_here) {
    bool wrong = false;
    for (int i = 0; i < 3; i++) {
        clade_status status = CLADE_ERR_INTERNAL;
        ck_ok(set("a", (float)i, &err), err);
        ck_ok(set("b", 2, &err), err);
        alone(just_run, &status);
        ck_assert_int_eq(status, CLADE_OK);
        ck_ok(read_one("y", (float)i + 2, &wrong, &err), err);
        ck_assert(!wrong);
    }
}
END_TEST

/* Made ready here, with an input that all share; then used by one thread after the other. */
static void *own_a(void *argument) {
    worker *self = argument;
    clade_error why;
    self->failed = set("a", self->a, &why) != CLADE_OK || clade_session_run(session, &why) != CLADE_OK ||
                   read_one("y", self->a + 5, &self->wrong, &why) != CLADE_OK;
    return NULL;
}

START_TEST(one_after_the_other) {
    bool wrong = false;
    ck_ok(set("a", 0, &err), err);
    ck_ok(set("b", 5, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    for (int i = 0; i < THREADS; i++) {
        worker other = { .a = (float)i };
        alone(own_a, &other);
        ck_assert(!other.wrong && !other.failed);
    }
    ck_refused(read_one("y", 0, &wrong, &err), CLADE_ERR_ARGUMENT, "the last run is another thread's", err);
    ck_refused(clade_session_run(session, &err), CLADE_ERR_ARGUMENT, "another thread has set input 'a'", err);
    ck_ok(set("a", 1, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(read_one("z", -4, &wrong, &err), err);
    ck_assert(!wrong);
}
END_TEST

static int calls;

static int call_back(void *user, const char *what, size_t done, size_t total) {
    clade_session **mine = user;
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    (void)what, (void)done, (void)total;
    if (calls++)
        return 0;
    ck_refused(clade_session_run(*mine, &err), CLADE_ERR_ARGUMENT, "in use by this thread", err);
    ck_refused(clade_session_reset_input(*mine, "a", &err), CLADE_ERR_ARGUMENT, "in use by this thread", err);
    ck_refused(clade_session_get_stats(*mine, &stats, &err), CLADE_ERR_ARGUMENT, "a callback may not call it", err);
    clade_session_free(*mine); /* goes when the call under way ends */
    return 0;
}

START_TEST(from_its_own_callback) {
    clade_session *mine;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.progress = call_back;
    options.progress_user = &mine;
    ck_ok(clade_session_create(&mine, device, model, &options, &err), err);
    clade_session *other = session;
    session = mine;
    ck_ok(set("a", 1, &err), err);
    ck_ok(set("b", 1, &err), err);
    session = other;
    ck_ok(clade_session_run(mine, &err), err);
    ck_assert_int_gt(calls, 0);
}
END_TEST

Suite *suite_session_shared(void);
Suite *suite_session_shared(void) {
    Suite *suite = suite_create("session/shared");
    TCase *tcase = tcase_create("shared");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, never_another_threads_answer, 0, sizeof tries / sizeof *tries);
    tcase_add_test(tcase, set_here_run_there_read_here);
    tcase_add_test(tcase, one_after_the_other);
    tcase_add_test(tcase, from_its_own_callback);
    suite_add_tcase(suite, tcase);
    return suite;
}
