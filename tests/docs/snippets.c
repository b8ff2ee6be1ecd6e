/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the C of README.md and docs/guide.md as it stands there. snippets.sh writes the blocks of a page to PAGE.NUMBER
 * and compiles this file around them; each function gives its block the names that the text speaks of. model.onnx, in
 * the working directory, is tests/data/mlp.onnx.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clade.h"
#include "clade/opencl.h"

static float values[32 * 8];

static void check(const clade_error *err, int good, const char *where) {
    if (err->status == CLADE_OK && good)
        return;
    fprintf(stderr, "%s: %s\n", where, err->status == CLADE_OK ? "not what the text says" : err->message);
    exit(1);
}

/* The quick tour: everything from the device to the output. Gives session and device to what follows. */
static void readme_1(clade_device **device_out, clade_model **model_out, clade_session **session_out) {
    clade_error err = { .status = CLADE_OK };
    clade_device *device = NULL;
    clade_model *model = NULL;
    clade_session *session = NULL;
    clade_tensor input = { CLADE_FLOAT32, 2, { 32, 8 }, values, sizeof values }, output = { .data = NULL };
#include "README.md.1"
    check(&err, output.rank == 2 && output.dims[0] == 32 && output.dims[1] == 4, "README.md.1");
    clade_tensor_free(&output);
    *device_out = device;
    *model_out = model;
    *session_out = session;
}

static void a_run(clade_session *session) {
    clade_error err = { .status = CLADE_OK };
    clade_tensor output = { .data = NULL };
#include "guide.md.1"
    check(&err, output.rank == 2 && output.dims[0] == 32, "guide.md.1");
    clade_tensor_free(&output);
}

static int read_weights(void *user, const char *location, uint64_t offset_bytes, void *data, size_t size_bytes) {
    (void)user, (void)location, (void)offset_bytes, (void)data, (void)size_bytes;
    return 1; /* this model has none elsewhere */
}

static void a_model_in_memory(void) {
    static char bytes[1 << 16];
    clade_error err = { .status = CLADE_OK };
    clade_model *model = NULL;
    FILE *file = fopen("model.onnx", "rb");
    const size_t size_bytes = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
#include "guide.md.2"
    check(&err, model != NULL, "guide.md.2");
    clade_model_free(model);
}

static char reported[600];
static void report(const char *name, const char *message) {
    snprintf(reported, sizeof reported, "%s %s", name, message);
}

/* A new session has no input yet, so the block has something to report. */
static void an_error(clade_device *device, clade_model *model) {
    const clade_error none = { .status = CLADE_OK };
    clade_session *session = NULL;
    check(&none, clade_session_create(&session, device, model, NULL, NULL) == CLADE_OK, "guide.md.3");
#include "guide.md.3"
    check(&none, strcmp(reported, "ERR_ARGUMENT input 'x' is not set") == 0, "guide.md.3");
    clade_session_free(session);
}

static void sized_structs(clade_device *device, clade_model *model, clade_session *session) {
    clade_error err = { .status = CLADE_OK };
#include "guide.md.4"
    check(&err, stats.plans == 1 && options.size_bytes == sizeof options, "guide.md.4");
    clade_session *capped = NULL;
    check(&err, clade_session_create(&capped, device, model, &options, &err) == CLADE_OK, "guide.md.4");
    clade_session_free(capped);
}

static void a_call(clade_session *session) {
    clade_error err = { .status = CLADE_OK };
    float row[8] = { 1 }, scores[4] = { 0 };
#include "guide.md.5"
    const float sum = scores[0] + scores[1] + scores[2] + scores[3];
    check(&err, sum > 0.999f && sum < 1.001f && out.tensor.rank == 2, "guide.md.5");
}

/* OpenCL of the caller's: one device, one queue, two buffers of the size of x and y. */
static void with_opencl(void) {
    clade_error err = { .status = CLADE_OK };
    cl_platform_id platform;
    cl_device_id device_id;
    cl_int codes[4];
    clade_device *device = NULL;
    clade_model *model = NULL;
    clade_session *session = NULL;
    clade_tensor shape = { .dtype = CLADE_FLOAT32, .rank = 2, .dims = { 32, 8 } };
    const size_t offset = 128;
    int found = clGetPlatformIDs(1, &platform, NULL) == CL_SUCCESS &&
                clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device_id, NULL) == CL_SUCCESS;
    check(&err, found, "an OpenCL device");
    cl_context context = clCreateContext(NULL, 1, &device_id, NULL, NULL, &codes[0]);
    cl_command_queue queue = clCreateCommandQueue(context, device_id, 0, &codes[1]);
    cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, offset + sizeof values, NULL, &codes[2]);
    cl_mem result = clCreateBuffer(context, CL_MEM_READ_WRITE, 32 * 4 * sizeof(float), NULL, &codes[3]);
    check(&err, !codes[0] && !codes[1] && !codes[2] && !codes[3], "OpenCL objects");
    const cl_int written = clEnqueueWriteBuffer(queue, buffer, CL_TRUE, offset, sizeof values, values, 0, NULL, NULL);
    check(&err, written == CL_SUCCESS && clade_model_load(&model, "model.onnx", NULL, &err) == CLADE_OK, "a model");
#include "guide.md.6"
    float y[4] = { 0 };
    const cl_int got = clEnqueueReadBuffer(queue, result, CL_TRUE, 0, sizeof y, y, 0, NULL, NULL);
    const float sum = y[0] + y[1] + y[2] + y[3];
    check(&err, got == CL_SUCCESS && sum > 0.999f && sum < 1.001f, "guide.md.6");
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    clReleaseMemObject(result);
    clReleaseMemObject(buffer);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
}

int main(void) {
    clade_device *device;
    clade_model *model;
    clade_session *session;
    readme_1(&device, &model, &session);
    a_run(session);
    a_model_in_memory();
    an_error(device, model);
    sized_structs(device, model, session);
    a_call(session);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    with_opencl();
    return 0;
}
