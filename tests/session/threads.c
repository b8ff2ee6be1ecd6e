/* SPDX-License-Identifier: Apache-2.0 */
/* Several sessions in several threads on one device and one model: each gives what a session alone gives. */
#include <pthread.h>
#include <string.h>

#include "mlp.h"
#include "test.h"

#define THREADS 4
#define RUNS 200

static clade_device *device;
static clade_model *model;
static float want[MLP_MAX_BATCH * MLP_OUTPUTS];

typedef struct worker {
    pthread_t thread;
    int64_t batch;
    const char *wrong; /* what went wrong, or NULL: Check's assertions belong to the main thread */
} worker;

static const char *run_often(int64_t batch) {
    clade_error err;
    clade_session *session;
    const char *wrong = NULL;
    if (clade_session_create(&session, device, model, NULL, &err) != CLADE_OK)
        return "create";
    for (int i = 0; i < RUNS && wrong == NULL; i++) {
        float y[MLP_MAX_BATCH * MLP_OUTPUTS];
        int64_t rows = i % 2 == 0 ? batch : 1;
        clade_tensor input = mlp_input(rows);
        clade_tensor output = { .data = y, .size_bytes = (size_t)rows * MLP_OUTPUTS * sizeof y[0] };
        if (clade_session_set_input(session, NULL, &input, &err) != CLADE_OK)
            wrong = "set_input";
        else if (clade_session_run(session, &err) != CLADE_OK)
            wrong = "run";
        else if (clade_session_read_output_into(session, NULL, &output, &err) != CLADE_OK)
            wrong = "read_output_into";
        else {
            clade_comparison difference = CLADE_COMPARISON_INIT;
            clade_tensor expected = output;
            expected.data = want;
            if (clade_tensor_compare(&difference, &output, &expected, 1e-6, 1e-6, &err) != CLADE_OK ||
                !difference.equal)
                wrong = "another result";
        }
    }
    clade_session_free(session);
    return wrong;
}

static void *work(void *argument) {
    worker *self = argument;
    self->wrong = run_often(self->batch);
    return NULL;
}

START_TEST(sessions_in_threads) {
    device = mlp_device(NULL);
    model = mlp_load();
    mlp_input(1); /* fills its static values before there are threads */
    clade_session *alone = mlp_session(device, model, 0);
    mlp_predict(alone, MLP_MAX_BATCH, want);
    worker workers[THREADS] = { { .batch = 2 }, { .batch = 7 }, { .batch = 7 }, { .batch = MLP_MAX_BATCH } };
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_msg(workers[i].wrong == NULL, "thread %d: %s", i, workers[i].wrong);
    }
    clade_session_free(alone);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

Suite *suite_session_threads(void);
Suite *suite_session_threads(void) {
    Suite *suite = suite_create("session/threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, sessions_in_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}
