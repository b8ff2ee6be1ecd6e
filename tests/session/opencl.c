/* SPDX-License-Identifier: Apache-2.0 */
/* Bring your own: Clade on a context and queue of the caller, input and output in the caller's buffers. */
#include "clade/opencl.h"
#include "clade/tune.h"

#include <string.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

#define BATCH 6
#define X_OFFSET 64
#define Y_OFFSET 256

static cl_context context;
static cl_device_id id;
static cl_command_queue queue;
static clade_device *device;
static clade_model *model;
static clade_error err;
static cl_uint references; /* to the context before Clade saw it */

static cl_uint context_references(void) {
    cl_uint count = 0;
    cl_int status = clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL);
    ck_assert_int_eq(status, CL_SUCCESS);
    return count;
}

static void open_all(void) {
    cl_platform_id platform;
    cl_int status;
    ck_assert_int_eq(clGetPlatformIDs(1, &platform, NULL), CL_SUCCESS);
    ck_assert_int_eq(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &id, NULL), CL_SUCCESS);
    context = clCreateContext(NULL, 1, &id, NULL, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    queue = clCreateCommandQueue(context, id, 0, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    references = context_references();
    ck_ok(clade_device_open_opencl(&device, context, id, NULL, &err), err);
    model = mlp_load();
}

/* Whatever Clade retained it has released. */
static void close_all(void) {
    clade_model_free(model);
    clade_device_close(device);
    ck_assert_uint_eq(context_references(), references);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
}

static clade_session *on_my_queue(void) {
    clade_session *session;
    ck_ok(clade_session_create_opencl(&session, device, model, queue, NULL, &err), err);
    return session;
}

START_TEST(host_tensors_on_my_queue) {
    float want[BATCH * MLP_OUTPUTS], y[BATCH * MLP_OUTPUTS];
    clade_session *theirs = mlp_session(device, model, 0), *mine = on_my_queue();
    mlp_predict(theirs, BATCH, want);
    mlp_predict(mine, BATCH, y);
    ck_assert_mem_eq(y, want, sizeof y);
    clade_session_free(mine);
    clade_session_free(theirs);
}
END_TEST

START_TEST(buffers_at_an_offset) {
    float want[BATCH * MLP_OUTPUTS], y[BATCH * MLP_OUTPUTS];
    clade_tensor input = mlp_input(BATCH), shape = input, got;
    size_t y_bytes = sizeof y;
    cl_int status;
    clade_session *session = on_my_queue();
    mlp_predict(session, BATCH, want);

    cl_mem x_buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, X_OFFSET + input.size_bytes, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    cl_mem y_buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, Y_OFFSET + y_bytes, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    status = clEnqueueWriteBuffer(queue, x_buffer, CL_FALSE, X_OFFSET, input.size_bytes, input.data, 0, NULL, NULL);
    ck_assert_int_eq(status, CL_SUCCESS);
    shape.data = NULL;
    ck_ok(clade_session_set_input_buffer(session, "x", &shape, x_buffer, X_OFFSET, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output_buffer(session, "y", y_buffer, Y_OFFSET, &got, &err), err);
    ck_assert_int_eq(got.rank, 2);
    ck_assert_int_eq(got.dims[0], BATCH);
    ck_assert_uint_eq(got.size_bytes, y_bytes);
    status = clEnqueueReadBuffer(queue, y_buffer, CL_TRUE, Y_OFFSET, y_bytes, y, 0, NULL, NULL);
    ck_assert_int_eq(status, CL_SUCCESS);
    ck_assert_mem_eq(y, want, y_bytes);
    ck_refused(clade_session_tune(session, NULL, NULL, &err), CLADE_ERR_ARGUMENT, "input 'x' lies in a caller's buffer",
               err);

    clade_session_free(session);
    clReleaseMemObject(x_buffer);
    clReleaseMemObject(y_buffer);
}
END_TEST

START_TEST(buffer_too_small) {
    clade_tensor shape = mlp_input(BATCH);
    cl_int status;
    clade_session *session = on_my_queue();
    cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, shape.size_bytes, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    shape.data = NULL;
    ck_refused(clade_session_set_input_buffer(session, NULL, &shape, buffer, 4, &err), CLADE_ERR_ARGUMENT, "input 'x'",
               err);
    mlp_predict(session, BATCH, NULL);
    ck_refused(clade_session_get_output_buffer(session, NULL, buffer, shape.size_bytes, NULL, &err), CLADE_ERR_ARGUMENT,
               "output 'y'", err);
    clade_session_free(session);
    clReleaseMemObject(buffer);
}
END_TEST

/* A value in the caller's buffer decides what follows, so planning copies it. Where that does not fit beside what an
 * earlier run holds, other plans go, then the arena, but not the plan that is being made. */
START_TEST(planning_keeps_what_it_is_at) {
    enum { MANY = 2000, DECIDING = 2500, CAP = 25600 };
    static const int64_t any[] = { -1 }, result[] = { 1, -1 };
    static float values_of_all[DECIDING];
    wire graph = { 0 };
    cl_int status;
    clade_session *session;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    clade_tensor x = { CLADE_FLOAT32, 1, { MANY }, values_of_all, MANY * sizeof(float) }, b = x;
    options.max_device_bytes = CAP;
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, any);
    wire_value(&graph, GRAPH_INPUT, "b", CLADE_FLOAT32, 1, any);
    wire_node(&graph, "Softmax", "x", "t", NULL);
    wire_node(&graph, "Softmax", "t", "y", NULL);
    wire_node(&graph, "NonZero", "b", "z", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 1, any);
    wire_value(&graph, GRAPH_OUTPUT, "z", CLADE_INT64, 2, result);
    wire bytes = wire_model(&graph);
    clade_model_free(model);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    cl_mem buffer =
        clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof values_of_all, values_of_all, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    ck_ok(clade_session_create_opencl(&session, device, model, queue, &options, &err), err);
    b.dims[0] = 4;
    b.size_bytes = 4 * sizeof(float);
    ck_ok(clade_session_set_input(session, "x", &x, &err), err);
    ck_ok(clade_session_set_input(session, "b", &b, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    x.dims[0] = 4;
    x.size_bytes = 4 * sizeof(float);
    b.dims[0] = DECIDING;
    ck_ok(clade_session_set_input(session, "x", &x, &err), err);
    ck_ok(clade_session_set_input_buffer(session, "b", &b, buffer, 0, &err), err);
    ck_ok(clade_session_compile(session, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_le(stats.peak_bytes, CAP);
    clade_session_free(session);
    clReleaseMemObject(buffer);
}
END_TEST

START_TEST(objects_of_another_context) {
    clade_tensor shape = mlp_input(BATCH);
    cl_int status;
    cl_context other = clCreateContext(NULL, 1, &id, NULL, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    cl_command_queue other_queue = clCreateCommandQueue(other, id, 0, &status);
    ck_assert_int_eq(status, CL_SUCCESS);
    cl_mem buffer = clCreateBuffer(other, CL_MEM_READ_WRITE, shape.size_bytes, NULL, &status);
    ck_assert_int_eq(status, CL_SUCCESS);

    clade_session *session;
    ck_refused(clade_session_create_opencl(&session, device, model, other_queue, NULL, &err), CLADE_ERR_ARGUMENT, "",
               err);
    session = on_my_queue();
    shape.data = NULL;
    ck_refused(clade_session_set_input_buffer(session, "x", &shape, buffer, 0, &err), CLADE_ERR_ARGUMENT, "", err);
    clade_session_free(session);
    clReleaseMemObject(buffer);
    clReleaseCommandQueue(other_queue);
    clReleaseContext(other);
}
END_TEST

Suite *suite_session_opencl(void);
Suite *suite_session_opencl(void) {
    Suite *suite = suite_create("session/opencl");
    TCase *tcase = tcase_create("interoperation");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, host_tensors_on_my_queue);
    tcase_add_test(tcase, buffers_at_an_offset);
    tcase_add_test(tcase, buffer_too_small);
    tcase_add_test(tcase, planning_keeps_what_it_is_at);
    tcase_add_test(tcase, objects_of_another_context);
    suite_add_tcase(suite, tcase);
    return suite;
}
