/* SPDX-License-Identifier: Apache-2.0 */
/* One session for all threads against one session per thread: right answers, calls per second.
 *     cc -O2 bench/calls.c -lclade -lpthread -o calls && ./calls MODEL.onnx [THREADS [CALLS]]
 * The model has one input of float32, whose free dimensions are 1 here, and any outputs, of which the first is
 * compared.
 */
#include <clade.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 64, PATTERNS = 16 };
static clade_session *sessions[MAX_THREADS];
static clade_value_info input, output;
static clade_tensor in[PATTERNS], want[PATTERNS];
static int calls = 10000, shared, wrong;

static void must(clade_status status, const clade_error *err) {
    if (status != CLADE_OK) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

static void *work(void *number) {
    size_t me = (size_t)number;
    clade_error err;
    for (int k = 0; k < calls; k++) {
        int p = (int)(me * 7 + (size_t)k) % PATTERNS;
        clade_call_output out = { output.name, { 0 } };
        clade_session *session = sessions[shared ? 0 : me];
        if (shared) {
            clade_call_input given = {
                input.name,
                { .dtype = in[p].dtype, .rank = in[p].rank, .data = in[p].data, .size_bytes = in[p].size_bytes }
            };
            memcpy(given.view.dims, in[p].dims, sizeof in[p].dims);
            must(clade_session_call(session, &given, 1, &out, 1, NULL, &err), &err);
        } else {
            must(clade_session_set_input(session, input.name, &in[p], &err), &err);
            must(clade_session_run(session, &err), &err);
            must(clade_session_get_output(session, output.name, &out.tensor, &err), &err);
        }
        if (out.tensor.size_bytes != want[p].size_bytes ||
            memcmp(out.tensor.data, want[p].data, want[p].size_bytes) != 0)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        clade_tensor_free(&out.tensor);
    }
    return NULL;
}

static double seconds(int threads) {
    struct timespec begin, end;
    pthread_t ids[MAX_THREADS];
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t k = 0; k < (size_t)threads; k++)
        if (pthread_create(&ids[k], NULL, work, (void *)k))
            exit(1);
    for (int k = 0; k < threads; k++)
        pthread_join(ids[k], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

int main(int argc, char **argv) {
    clade_error err;
    clade_device *device;
    clade_model *model;
    int threads = argc > 2 ? atoi(argv[2]) : 8;
    calls = argc > 3 ? atoi(argv[3]) : calls;
    if (argc < 2 || threads < 1 || threads > MAX_THREADS || calls < 1) {
        fprintf(stderr, "usage: calls MODEL.onnx [THREADS [CALLS]]\n");
        return 2;
    }
    input = output = (clade_value_info)CLADE_VALUE_INFO_INIT;
    must(clade_device_open(&device, NULL, NULL, &err), &err);
    must(clade_model_load(&model, argv[1], NULL, &err), &err);
    must(clade_model_input(model, 0, &input, &err), &err);
    must(clade_model_output(model, 0, &output, &err), &err);
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_calls = (size_t)threads;
    for (int k = 0; k < threads; k++)
        must(clade_session_create(&sessions[k], device, model, &options, &err), &err);
    for (int d = 0; d < input.rank; d++)
        input.dims[d] = input.dims[d] < 0 ? 1 : input.dims[d];
    for (int p = 0; p < PATTERNS; p++) {
        must(clade_tensor_alloc(&in[p], CLADE_FLOAT32, input.rank, input.dims, &err), &err);
        for (int64_t i = 0; i < clade_tensor_count(&in[p]); i++)
            ((float *)in[p].data)[i] = (float)((i * 31 + p * 17) % 23) / 11.0f - 1.0f;
        must(clade_session_set_input(sessions[0], input.name, &in[p], &err), &err);
        must(clade_session_run(sessions[0], &err), &err);
        must(clade_session_get_output(sessions[0], output.name, &want[p], &err), &err);
    }
    for (int round = 0; round < 4; round++) { /* the first of each warms up */
        shared = round % 2;
        double took = seconds(threads);
        if (round > 1)
            printf("%-24s %d threads x %d calls: %.0f calls/s, %d wrong\n",
                   shared ? "one session" : "a session per thread", threads, calls, threads * (double)calls / took,
                   wrong);
    }
    for (int k = 0; k < threads; k++)
        clade_session_free(sessions[k]);
    clade_model_free(model);
    clade_device_close(device);
    return wrong != 0;
}
