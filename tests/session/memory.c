/* SPDX-License-Identifier: Apache-2.0 */
/* What a session holds on the device: one arena for all plans, weights that all sessions of the model share, no more
 * than its cap, and less once it is trimmed.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;
static float want[MLP_MAX_BATCH * MLP_OUTPUTS];

static void start(size_t max_device_bytes) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_device_bytes = max_device_bytes;
    clade_session_free(session);
    session = NULL;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
}

static void open_all(void) {
    device = mlp_device(NULL);
    model = mlp_load();
    session = NULL;
    start(0);
    mlp_predict(session, MLP_MAX_BATCH, want); /* a row's result depends on that row only */
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static clade_session_stats stats(void) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    return stats;
}

static size_t required(int64_t batch) {
    size_t bytes = 0;
    clade_tensor input = mlp_input(batch);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_required_bytes(session, &bytes, &err), err);
    return bytes;
}

static void predict(int64_t batch) {
    float y[MLP_MAX_BATCH * MLP_OUTPUTS];
    mlp_predict(session, batch, y);
    for (int64_t i = 0; i < batch * MLP_OUTPUTS; i++)
        ck_assert_float_eq_tol(y[i], want[i], 1e-6f);
}

/* Plans that were bound to a smaller arena, and to a smaller copy of the input, take the larger ones. */
START_TEST(the_arena_serves_every_plan) {
    static const int64_t batches[] = { 4, 1, 64, 4, 17, 1, 64, 33, 4 };
    start(0);
    for (size_t k = 0; k < sizeof batches / sizeof batches[0]; k++)
        predict(batches[k]);
}
END_TEST

START_TEST(many_shapes_hold_little_more_than_the_largest) {
    enum { PLANS = 16 };
    start(0);
    const size_t largest = required(MLP_MAX_BATCH);
    start(0);
    for (int64_t batch = 1; batch <= MLP_MAX_BATCH; batch++)
        predict(batch);
    const size_t outputs = PLANS * MLP_MAX_BATCH * MLP_OUTPUTS * sizeof(float);
    ck_assert_uint_eq(stats().plans, PLANS);
    ck_assert_uint_le(stats().peak_bytes, largest + outputs);
}
END_TEST

START_TEST(a_session_stays_below_its_cap) {
    start(0);
    const size_t cap = required(MLP_MAX_BATCH);
    start(cap);
    for (int round = 0; round < 2; round++)
        for (int64_t batch = 1; batch <= MLP_MAX_BATCH; batch++) {
            predict(batch);
            ck_assert_uint_le(stats().held_bytes, cap);
        }
    ck_assert_uint_le(stats().peak_bytes, cap);
}
END_TEST

START_TEST(what_needs_more_is_refused_with_the_number) {
    char line[80];
    clade_tensor input = mlp_input(MLP_MAX_BATCH);
    start(0);
    const size_t cap = required(3);
    snprintf(line, sizeof line, "needs %zu bytes of device memory, the session may take %zu", required(MLP_MAX_BATCH),
             cap);
    start(cap);
    predict(3);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_refused(clade_session_run(session, &err), CLADE_ERR_LIMIT, line, err);
    predict(3);
    predict(1);
}
END_TEST

START_TEST(trimmed) {
    clade_tensor y;
    start(0);
    predict(64);
    predict(5);
    const size_t before = stats().held_bytes;
    ck_ok(clade_session_trim(session, &err), err);
    ck_assert_uint_eq(stats().plans, 1);
    ck_assert_uint_lt(stats().held_bytes, before);
    ck_assert_uint_ge(stats().held_bytes, stats().weight_bytes);
    ck_ok(clade_session_get_output(session, "y", &y, &err), err);
    for (int i = 0; i < 5 * MLP_OUTPUTS; i++)
        ck_assert_float_eq_tol(((const float *)y.data)[i], want[i], 1e-6f);
    clade_tensor_free(&y);
    ck_ok(clade_session_run(session, &err), err); /* the input is set still */
    predict(64);
    predict(5);
}
END_TEST

START_TEST(trimmed_before_anything) {
    start(0);
    ck_ok(clade_session_trim(session, &err), err);
    ck_assert_uint_eq(stats().held_bytes, 0);
    predict(2);
    ck_refused(clade_session_trim(NULL, &err), CLADE_ERR_ARGUMENT, "session must not be NULL", err);
}
END_TEST

/* ---- results that are inputs ---- */

/* y = -x, and x as it stands. */
static clade_model *load_identity(void) {
    static const int64_t any[] = { -1 };
    clade_model *loaded;
    wire graph = { 0 };
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, any);
    wire_node(&graph, "Neg", "x", "y", NULL);
    wire_node(&graph, "Identity", "x", "z", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, any);
    wire_value(&graph, GRAPH_OUTPUT, "z", CLADE_FLOAT32, 1, any);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&loaded, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    return loaded;
}

static void set_x(float first, int64_t n) {
    float x[400];
    clade_tensor input = { CLADE_FLOAT32, 1, { n }, x, (size_t)n * sizeof *x };
    for (int64_t i = 0; i < n; i++)
        x[i] = first + (float)i;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
}

/* An input is on the device once, for all shapes. What is set, and planned for, behind a run does not get into its
 * results: they are what they were, or gone. */
START_TEST(results_that_are_inputs) {
    static const int64_t others[] = { 3, 2, 400 };
    clade_model_free(model);
    model = load_identity();
    for (size_t k = 0; k < CLD_COUNT(others); k++) {
        clade_tensor z;
        start(0);
        set_x(1, 3);
        ck_ok(clade_session_run(session, &err), err);
        set_x(100, others[k]);
        ck_ok(clade_session_compile(session, &err), err);
        if (clade_session_get_output(session, "z", &z, &err) == CLADE_OK) {
            ck_assert_int_eq(z.dims[0], 3);
            ck_assert_float_eq(*(const float *)z.data, 1);
            clade_tensor_free(&z);
        } else {
            ck_refused(err.status, CLADE_ERR_ARGUMENT, "there is no finished run to read from", err);
        }
        ck_ok(clade_session_run(session, &err), err);
        ck_ok(clade_session_get_output(session, "z", &z, &err), err);
        ck_assert_int_eq(z.dims[0], others[k]);
        ck_assert_float_eq(*(const float *)z.data, 100);
        clade_tensor_free(&z);
    }
}
END_TEST

/* ---- weights ------------------------------------------------------------------------------------------------------
 */

START_TEST(sessions_share_the_weights) {
    start(0);
    predict(7);
    const size_t weights = stats().weight_bytes;
    clade_session *first = session;
    session = NULL;
    start(0);
    ck_assert_uint_eq(stats().weight_bytes, weights); /* before anything was run */
    predict(9);
    ck_assert_uint_eq(stats().weight_bytes, weights);
    ck_assert_uint_le(stats().held_bytes, required(9));
    clade_session_free(first);
    predict(64);
    ck_assert_uint_eq(stats().weight_bytes, weights);
    start(0); /* the last one goes, and the weights with it */
    ck_assert_uint_eq(stats().weight_bytes, 0);
    predict(3);
    ck_assert_uint_eq(stats().weight_bytes, weights);
}
END_TEST

/* The constants of another model, and those of the same file loaded again, are others. */
START_TEST(models_do_not) {
    start(0);
    predict(7);
    clade_model *mine = model;
    clade_session *first = session;
    session = NULL;
    model = mlp_load();
    start(0);
    ck_assert_uint_eq(stats().weight_bytes, 0);
    predict(7);
    clade_session_free(first);
    clade_model_free(mine);
    predict(8);
}
END_TEST

enum { THREADS = 6 };
static void *open_and_run(void *batch) {
    clade_session *own = mlp_session(device, model, 0);
    float y[MLP_MAX_BATCH * MLP_OUTPUTS];
    for (int k = 0; k < 20; k++)
        mlp_predict(own, 1 + (*(int *)batch + k) % MLP_MAX_BATCH, y);
    return own;
}

/* What all of them hold, and frees them. */
static size_t weights_of(void *const *sessions) {
    start(0);
    const size_t weights = stats().weight_bytes;
    for (int k = 0; k < THREADS; k++)
        clade_session_free(sessions[k]);
    ck_assert_uint_eq(stats().weight_bytes, 0);
    return weights;
}

/* As many as when one makes them after the other: some batches read them packed, others as they are. */
START_TEST(threads_make_the_weights_once) {
    pthread_t threads[THREADS];
    int batches[THREADS];
    void *sessions[THREADS];
    for (int k = 0; k < THREADS; k++) {
        batches[k] = 11 * k;
        sessions[k] = open_and_run(&batches[k]);
    }
    const size_t weights = weights_of(sessions);
    ck_assert_uint_gt(weights, 0);
    for (int k = 0; k < THREADS; k++)
        ck_assert_int_eq(pthread_create(&threads[k], NULL, open_and_run, &batches[k]), 0);
    for (int k = 0; k < THREADS; k++)
        ck_assert_int_eq(pthread_join(threads[k], &sessions[k]), 0);
    ck_assert_uint_eq(weights_of(sessions), weights);
}
END_TEST

/* A callback of the call that makes the weights uses another session: it does not wait for itself. */
static int inner_runs;
static int run_another(void *user, const char *what, size_t done, size_t total) {
    (void)what, (void)done, (void)total;
    if (inner_runs++ == 0)
        mlp_predict(user, 5, NULL);
    return 0;
}

START_TEST(a_callback_may_use_another_session) {
    clade_session_free(session);
    session = NULL;
    clade_session *another = mlp_session(device, model, 0);
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.progress = run_another;
    options.progress_user = another;
    inner_runs = 0;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    predict(6);
    ck_assert_int_gt(inner_runs, 0);
    mlp_predict(another, 6, NULL);
    clade_session_free(another);
}
END_TEST

/* Conv, BatchNormalization: the weights that a pass makes of both are the model's, not each plan's. `made`: the Conv's
 * weights come out of a ConstantOfShape, so that only the static graph knows them.
 */
static clade_model *load_norm(bool made) {
    enum { FILTERS = 64, CHANNELS = 32 };
    static float weights[FILTERS * CHANNELS], statistics[FILTERS];
    static const int64_t channels[] = { FILTERS }, kernel[] = { FILTERS, CHANNELS, 1, 1 }, four[] = { 4 },
                         image[] = { -1, CHANNELS, 3, 3 }, result[] = { -1, FILTERS, 3, 3 };
    wire graph = { 0 };
    for (int k = 0; k < FILTERS * CHANNELS; k++)
        weights[k] = (float)(k % 7) - 3;
    for (int k = 0; k < FILTERS; k++)
        statistics[k] = 1 + (float)k / 8;
    wire w = made ? wire_tensor("shape", CLADE_INT64, 1, four, kernel, sizeof kernel)
                  : wire_tensor("w", CLADE_FLOAT32, 4, kernel, weights, sizeof weights);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    for (const char *const *name = (const char *const[]){ "s", "b", "m", "v", NULL }; *name; name++) {
        wire t = wire_tensor(*name, CLADE_FLOAT32, 1, channels, statistics, sizeof statistics);
        wire_message(&graph, GRAPH_INITIALISER, &t);
    }
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 4, image);
    if (made)
        wire_node(&graph, "ConstantOfShape", "shape", "w", NULL);
    wire_node(&graph, "Conv", "x w", "t", NULL);
    wire_node(&graph, "BatchNormalization", "t s b m v", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 4, result);
    wire bytes = wire_model(&graph);
    clade_model *loaded;
    ck_ok(clade_model_load_memory(&loaded, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    return loaded;
}

static void run_norm(int64_t batch) {
    clade_tensor x, y;
    const int64_t dims[] = { batch, 32, 3, 3 };
    ck_ok(clade_tensor_alloc(&x, CLADE_FLOAT32, 4, dims, &err), err);
    for (int64_t i = 0; i < clade_tensor_count(&x); i++)
        ((float *)x.data)[i] = 1;
    ck_ok(clade_session_set_input(session, "x", &x, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "y", &y, &err), err);
    clade_tensor_free(&x);
    clade_tensor_free(&y);
}

START_TEST(plans_share_what_passes_make_of_the_weights) {
    char *text;
    clade_model_free(model);
    model = load_norm(_i == 1);
    start(0);
    run_norm(1);
    const size_t weights = stats().weight_bytes;
    for (int64_t batch = 2; batch < 6; batch++)
        run_norm(batch);
    if (_i == 0)
        ck_assert_uint_lt(stats().weight_bytes - weights, 5 * 1024); /* a bias for each */
    ck_ok(clade_session_dump_pass(session, "fuse", 0, CLADE_DUMP_TEXT, &text, &err), err);
    ck_assert_ptr_null(strstr(text, "BatchNormalization("));
    ck_assert_ptr_null(strstr(text, "Mul("));
    ck_assert_ptr_null(strstr(text, "Fused("));
    clade_string_free(text);
}
END_TEST

Suite *suite_session_memory(void);
Suite *suite_session_memory(void) {
    Suite *suite = suite_create("session/memory");
    TCase *tcase = tcase_create("memory");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, the_arena_serves_every_plan);
    tcase_add_test(tcase, many_shapes_hold_little_more_than_the_largest);
    tcase_add_test(tcase, a_session_stays_below_its_cap);
    tcase_add_test(tcase, what_needs_more_is_refused_with_the_number);
    tcase_add_test(tcase, trimmed);
    tcase_add_test(tcase, trimmed_before_anything);
    tcase_add_test(tcase, results_that_are_inputs);
    tcase_add_test(tcase, sessions_share_the_weights);
    tcase_add_test(tcase, models_do_not);
    tcase_add_test(tcase, threads_make_the_weights_once);
    tcase_add_test(tcase, a_callback_may_use_another_session);
    tcase_add_loop_test(tcase, plans_share_what_passes_make_of_the_weights, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
