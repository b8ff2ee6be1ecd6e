/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions of a model hold: resident memory of the process as they come, and the library's own count.
 *     cc -O2 bench/memory.c -lclade -lpthread -o memory && ./memory MODEL.onnx [BATCHES [SESSIONS]]
 * The model has one input of float32. The first session runs it with its free dimensions at 1, 2, ... BATCHES in turn,
 * each further one at BATCHES, and last THREADS calls at a time on the first one. bench/memory.py sets the figures
 * beside ONNX Runtime's.
 */
#include <clade.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, MAX_SESSIONS = 64, CALLS = 5 };
static clade_value_info input, output;
static clade_session *sessions[MAX_SESSIONS];
static clade_tensor x;

static void must(clade_status status, const clade_error *err) {
    if (status != CLADE_OK) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

/* A figure of the kernel's about this process, in KiB. */
static long resident(const char *which) {
    char line[200];
    long found = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && found < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, which, strlen(which)) == 0)
            found = atol(line + strlen(which) + 1);
    if (file)
        fclose(file);
    return found;
}

static void tell(const char *what, const clade_session *session) {
    clade_error err;
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    if (session)
        must(clade_session_get_stats(session, &stats, &err), &err);
    printf("%-12s %10ld %10ld %10zu %10zu %10zu\n", what, resident("VmRSS"), resident("VmHWM"), stats.held_bytes >> 10,
           stats.peak_bytes >> 10, stats.weight_bytes >> 10);
}

static void make_input(int batch) {
    clade_error err;
    int64_t dims[CLADE_MAX_RANK];
    for (int d = 0; d < input.rank; d++)
        dims[d] = input.dims[d] < 0 ? batch : input.dims[d];
    clade_tensor_free(&x);
    must(clade_tensor_alloc(&x, CLADE_FLOAT32, input.rank, dims, &err), &err);
}

/* The bytes that its plan needs. */
static size_t run(clade_session *session) {
    clade_error err;
    clade_tensor y;
    size_t need;
    must(clade_session_set_input(session, input.name, &x, &err), &err);
    must(clade_session_required_bytes(session, &need, &err), &err);
    must(clade_session_run(session, &err), &err);
    must(clade_session_get_output(session, output.name, &y, &err), &err);
    clade_tensor_free(&y);
    return need;
}

static void *call(void *unused) {
    clade_error err;
    clade_call_input in = { input.name,
                            { .dtype = x.dtype, .rank = x.rank, .data = x.data, .size_bytes = x.size_bytes } };
    memcpy(in.view.dims, x.dims, sizeof x.dims);
    for (int k = 0; k < CALLS; k++) {
        clade_call_output out = { output.name, { 0 } };
        must(clade_session_call(sessions[0], &in, 1, &out, 1, NULL, &err), &err);
        clade_tensor_free(&out.tensor);
    }
    return unused;
}

static void call_from_threads(void) {
    pthread_t ids[THREADS];
    for (int k = 0; k < THREADS; k++)
        if (pthread_create(&ids[k], NULL, call, NULL))
            exit(1);
    for (int k = 0; k < THREADS; k++)
        pthread_join(ids[k], NULL);
}

int main(int argc, char **argv) {
    clade_error err;
    clade_device *device;
    clade_model *model;
    size_t need, most = 0;
    int batches = argc > 2 ? atoi(argv[2]) : 1, count = argc > 3 ? atoi(argv[3]) : 4;
    if (argc < 2 || batches < 1 || count < 1 || count > MAX_SESSIONS) {
        fprintf(stderr, "usage: memory MODEL.onnx [BATCHES [SESSIONS]]\n");
        return 2;
    }
    input = output = (clade_value_info)CLADE_VALUE_INFO_INIT;
    must(clade_device_open(&device, NULL, NULL, &err), &err);
    printf("%-12s %10s %10s %10s %10s %10s\n", "KiB", "rss", "peak rss", "held", "peak", "weights");
    tell("device", NULL);
    must(clade_model_load(&model, argv[1], NULL, &err), &err);
    must(clade_model_input(model, 0, &input, &err), &err);
    must(clade_model_output(model, 0, &output, &err), &err);
    tell("model", NULL);
    for (int k = 0; k < count; k++) {
        char name[40];
        must(clade_session_create(&sessions[k], device, model, NULL, &err), &err);
        for (int batch = k ? batches : 1; batch <= batches; batch++) {
            make_input(batch);
            need = run(sessions[k]);
            most = need > most ? need : most;
        }
        snprintf(name, sizeof name, "sessions %d", k + 1);
        tell(name, sessions[k]);
    }
    call_from_threads();
    tell("calls", sessions[0]);
    printf("%-12s %32zu\n", "largest plan", most >> 10);
    clade_tensor_free(&x);
    for (int k = 0; k < count; k++)
        clade_session_free(sessions[k]);
    clade_model_free(model);
    clade_device_close(device);
    return 0;
}
