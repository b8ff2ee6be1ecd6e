/* SPDX-License-Identifier: Apache-2.0 */
/* Calls without state: right from many threads at once, in bounded memory, refused with a line; and what they leave of
 * the session they are made on.
 */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "mlp.h"
#include "test.h"

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;
static float want[MLP_MAX_BATCH * MLP_OUTPUTS];

static void start(const clade_session_options *options) {
    clade_session_free(session);
    session = NULL;
    ck_ok(clade_session_create(&session, device, model, options, &err), err);
}

static void open_all(void) {
    device = mlp_device(NULL);
    model = mlp_load();
    session = mlp_session(device, model, 0);
    mlp_predict(session, MLP_MAX_BATCH, want);
    start(NULL);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static clade_call_input rows(int64_t batch, int64_t first) {
    clade_tensor all = mlp_input(MLP_MAX_BATCH);
    return (clade_call_input){ "x",
                               { .dtype = CLADE_FLOAT32,
                                 .rank = 2,
                                 .dims = { batch, MLP_INPUTS },
                                 .data = (const float *)all.data + first * MLP_INPUTS,
                                 .size_bytes = (size_t)batch * MLP_INPUTS * sizeof(float) } };
}

/* Rows [first, first + batch) of the model's input; true when their results are right. */
static bool call(clade_session *on, int64_t batch, int64_t first, clade_error *error) {
    float y[MLP_MAX_BATCH * MLP_OUTPUTS];
    clade_call_input input = rows(batch, first);
    clade_call_output output = { "y", { .data = y, .size_bytes = (size_t)batch * MLP_OUTPUTS * sizeof(float) } };
    if (clade_session_call(on, &input, 1, &output, 1, NULL, error) != CLADE_OK)
        return false;
    bool right = output.tensor.rank == 2 && output.tensor.dims[0] == batch && output.tensor.dtype == CLADE_FLOAT32;
    for (int64_t i = 0; i < batch * MLP_OUTPUTS; i++)
        right &= fabsf(y[i] - want[first * MLP_OUTPUTS + i]) <= 1e-6f;
    return right;
}

START_TEST(one_call) {
    clade_call_input input = rows(3, 0);
    clade_call_output output = { NULL, { 0 } };
    input.name = NULL;
    ck_ok(clade_session_call(session, &input, 1, &output, 1, NULL, &err), err);
    ck_assert_int_eq(output.tensor.dims[0], 3);
    for (int i = 0; i < 3 * MLP_OUTPUTS; i++)
        ck_assert_float_eq_tol(((const float *)output.tensor.data)[i], want[i], 1e-6f);
    clade_tensor_free(&output.tensor);
    ck_assert(call(session, 5, 9, &err));
    ck_ok(clade_session_call(session, &input, 1, NULL, 0, NULL, &err), err); /* nothing is wanted */
}
END_TEST

/* Calls and the session's own run do not see each other. */
START_TEST(the_session_keeps_its_own) {
    clade_tensor y;
    mlp_predict(session, 4, NULL);
    ck_assert(call(session, 7, 20, &err));
    ck_ok(clade_session_get_output(session, "y", &y, &err), err);
    ck_assert_int_eq(y.dims[0], 4);
    clade_tensor_free(&y);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "y", &y, &err), err);
    ck_assert_int_eq(y.dims[0], 4);
    clade_tensor_free(&y);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------------------------
 */

enum { THREADS = 8, CALLS = 150, BATCHES = 6 };
static int wrong;

static void *many_calls(void *number) {
    clade_error error;
    unsigned draw = (unsigned)(uintptr_t)number * 7919u;
    for (int k = 0; k < CALLS; k++) {
        draw = draw * 1664525u + 1013904223u;
        int64_t batch = 1 + (int64_t)(draw >> 8) % BATCHES, first = (int64_t)(draw >> 16) % (MLP_MAX_BATCH - batch);
        if (!call(session, batch, first, &error))
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void call_from_threads(void) {
    pthread_t threads[THREADS];
    wrong = 0;
    for (uintptr_t k = 0; k < THREADS; k++)
        ck_assert_int_eq(pthread_create(&threads[k], NULL, many_calls, (void *)(k + 1)), 0);
    for (int k = 0; k < THREADS; k++)
        ck_assert_int_eq(pthread_join(threads[k], NULL), 0);
    ck_assert_int_eq(wrong, 0);
}

/* With a member for each thread, and with fewer. */
START_TEST(threads_get_their_own_answers) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_calls = (size_t)_i;
    start(&options);
    call_from_threads();
}
END_TEST

START_TEST(threads_stay_below_the_cap) {
    size_t cap;
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    clade_tensor input = mlp_input(6);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_required_bytes(session, &cap, &err), err);
    options.max_device_bytes = THREADS * cap; /* what the calls need at a time, but not six plans for each member */
    start(&options);
    call_from_threads();
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_le(stats.peak_bytes, THREADS * cap);
    ck_ok(clade_session_trim(session, &err), err);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_eq(stats.held_bytes, 0);
    ck_assert(call(session, 5, 9, &err));
}
END_TEST

/* Plans of some batches pack them, others read them as they are. */
START_TEST(members_share_the_weights) {
    clade_session_stats one = CLADE_SESSION_STATS_INIT, many = CLADE_SESSION_STATS_INIT;
    for (int64_t batch = 1; batch <= BATCHES; batch++)
        ck_assert(call(session, batch, 0, &err));
    ck_ok(clade_session_get_stats(session, &one, &err), err);
    call_from_threads();
    ck_ok(clade_session_get_stats(session, &many, &err), err);
    ck_assert_uint_gt(one.weight_bytes, 0);
    ck_assert_uint_eq(one.weight_bytes, many.weight_bytes);
}
END_TEST

/* ---- refusals -----------------------------------------------------------------------------------------------------
 */

static void refused(const clade_call_input *inputs, size_t n_inputs, clade_call_output *outputs, size_t n_outputs,
                    clade_status status, const char *part) {
    ck_refused(clade_session_call(session, inputs, n_inputs, outputs, n_outputs, NULL, &err), status, part, err);
    ck_assert(call(session, 4, 4, &err)); /* the session is none the worse */
}

START_TEST(refusals) {
    float y[2 * MLP_OUTPUTS];
    clade_call_input input = rows(2, 0), twice[2] = { input, input }, other = input, wide = input, whole = input;
    clade_call_output output = { "y", { 0 } }, small = { "y", { .data = y, .size_bytes = sizeof y - 4 } };
    clade_call_output two[2] = { output, small }, unknown = { "z", { 0 } };
    other.name = "w";
    wide.view.dims[1] = MLP_INPUTS - 1;
    whole.view.dtype = CLADE_INT32;
    refused(NULL, 1, &output, 1, CLADE_ERR_ARGUMENT, "session, inputs and outputs must not be NULL");
    refused(&input, 1, NULL, 1, CLADE_ERR_ARGUMENT, "session, inputs and outputs must not be NULL");
    refused(NULL, 0, &output, 1, CLADE_ERR_ARGUMENT, "input 'x' is not set");
    refused(twice, 2, &output, 1, CLADE_ERR_ARGUMENT, "input 'x' is given twice");
    refused(&other, 1, &output, 1, CLADE_ERR_NOT_FOUND, "the model has no input 'w'");
    refused(&wide, 1, &output, 1, CLADE_ERR_SHAPE, "input 'x' expects");
    refused(&whole, 1, &output, 1, CLADE_ERR_DTYPE, "input 'x' expects float32, the tensor is int32");
    refused(&input, 1, &unknown, 1, CLADE_ERR_NOT_FOUND, "the model has no output 'z'");
    refused(&input, 1, &small, 1, CLADE_ERR_ARGUMENT, "output 'y' is float32[2,4] and takes 32 bytes, 28 are given");
    refused(&input, 1, two, 2, CLADE_ERR_ARGUMENT, "takes 32 bytes, 28 are given");
    ck_assert_ptr_null(two[0].tensor.data); /* what was allocated is gone */
    clade_call_options none = { 0 };
    ck_refused(clade_session_call(session, &input, 1, &output, 1, &none, &err), CLADE_ERR_ARGUMENT,
               "clade_call_options", err);
    ck_refused(clade_session_call(NULL, &input, 1, &output, 1, NULL, &err), CLADE_ERR_ARGUMENT, "must not be NULL",
               err);
}
END_TEST

static int asked;
static int count(void *user, const char *what, size_t done, size_t total) {
    (void)what, (void)done, (void)total;
    asked++;
    return *(const int *)user;
}

START_TEST(progress_and_cancel) {
    int cancel = 0;
    clade_call_input input = rows(11, 0);
    clade_call_options options = CLADE_CALL_OPTIONS_INIT;
    options.progress = count;
    options.progress_user = &cancel;
    asked = 0;
    ck_ok(clade_session_call(session, &input, 1, NULL, 0, &options, &err), err);
    ck_assert_int_gt(asked, 0);
    cancel = 1;
    input = rows(12, 0);
    ck_refused(clade_session_call(session, &input, 1, NULL, 0, &options, &err), CLADE_ERR_CANCELLED, "cancelled", err);
    asked = 0;
    ck_ok(clade_session_call(session, &input, 1, NULL, 0, NULL, &err), err); /* that callback was the call's only */
    ck_assert_int_eq(asked, 0);
}
END_TEST

static clade_status inner;
static int call_again(void *user, const char *what, size_t done, size_t total) {
    (void)what, (void)done, (void)total;
    clade_call_input input = rows(2, 0);
    inner = clade_session_call(session, &input, 1, NULL, 0, NULL, user);
    return 1;
}

START_TEST(a_callback_does_not_wait_for_itself) {
    clade_error inside;
    clade_call_input input = rows(3, 0);
    clade_call_options options = CLADE_CALL_OPTIONS_INIT;
    clade_session_options one = CLADE_SESSION_OPTIONS_INIT;
    options.progress = call_again;
    options.progress_user = &inside;
    one.max_calls = 1;
    start(&one);
    ck_refused(clade_session_call(session, &input, 1, NULL, 0, &options, &err), CLADE_ERR_CANCELLED, "cancelled", err);
    ck_refused(inner, CLADE_ERR_ARGUMENT, "all 1 calls are under way, one of them this thread's", inside);
    one.max_calls = 2;
    start(&one);
    ck_refused(clade_session_call(session, &input, 1, NULL, 0, &options, &err), CLADE_ERR_CANCELLED, "cancelled", err);
    ck_ok(inner, inside);
}
END_TEST

static int free_it(void *user, const char *what, size_t done, size_t total) {
    (void)user, (void)what, (void)done, (void)total;
    clade_session_free(session);
    return 1;
}

/* As in a callback of a run: it takes effect when the call is over. */
START_TEST(freed_in_a_callback) {
    clade_call_input input = rows(3, 0);
    clade_call_options options = CLADE_CALL_OPTIONS_INIT;
    options.progress = free_it;
    ck_refused(clade_session_call(session, &input, 1, NULL, 0, &options, &err), CLADE_ERR_CANCELLED, "cancelled", err);
    session = NULL;
}
END_TEST

Suite *suite_session_call(void);
Suite *suite_session_call(void) {
    Suite *suite = suite_create("session/call");
    TCase *tcase = tcase_create("call");
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, one_call);
    tcase_add_test(tcase, the_session_keeps_its_own);
    tcase_add_loop_test(tcase, threads_get_their_own_answers, 0, 4);
    tcase_add_test(tcase, threads_stay_below_the_cap);
    tcase_add_test(tcase, members_share_the_weights);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, progress_and_cancel);
    tcase_add_test(tcase, a_callback_does_not_wait_for_itself);
    tcase_add_test(tcase, freed_in_a_callback);
    suite_add_tcase(suite, tcase);
    return suite;
}
