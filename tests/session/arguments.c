/* SPDX-License-Identifier: Apache-2.0 */
/* NULL where a public call needs an object: ERR_ARGUMENT and a line that says so. */
#include <string.h>

#include "clade/opencl.h"
#include "mlp.h"
#include "test.h"

static clade_error err;

#define ck_null(call) ck_refused(call, CLADE_ERR_ARGUMENT, "NULL", err)

START_TEST(tensors) {
    const int64_t dims[] = { 2 };
    float x[] = { 1, 2 };
    clade_tensor tensor = { CLADE_FLOAT32, 1, { 2 }, x, sizeof x }, short_of_data = tensor;
    clade_comparison comparison = CLADE_COMPARISON_INIT;
    ck_null(clade_tensor_alloc(NULL, CLADE_FLOAT32, 1, dims, &err));
    ck_null(clade_tensor_alloc(&tensor, CLADE_FLOAT32, 1, NULL, &err));
    ck_null(clade_tensor_read(NULL, "x.npy", &err));
    ck_null(clade_tensor_read(&tensor, NULL, &err));
    ck_null(clade_tensor_read_named(&tensor, NULL, 0, NULL, &err));
    ck_null(clade_tensor_write(NULL, "x.npy", &err));
    ck_null(clade_tensor_write(&tensor, NULL, &err));
    ck_assert_int_eq(clade_tensor_count(NULL), 0);
    ck_null(clade_tensor_compare(NULL, &tensor, &tensor, 0, 0, &err));
    ck_null(clade_tensor_compare(&comparison, NULL, &tensor, 0, 0, &err));
    ck_null(clade_tensor_compare(&comparison, &tensor, NULL, 0, 0, &err));
    short_of_data.data = NULL;
    ck_ok(clade_tensor_compare(&comparison, &tensor, &short_of_data, 0, 0, &err), err);
    ck_assert_int_eq(comparison.equal, 0);
    ck_ok(clade_tensor_compare(&comparison, &tensor, &tensor, 0, 0, &err), err);
    ck_assert_int_eq(comparison.equal, 1);
    tensor.rank = CLADE_MAX_RANK + 1;
    ck_assert_int_eq(clade_tensor_count(&tensor), 0);
    clade_tensor_free(NULL);
    clade_string_free(NULL);
}
END_TEST

START_TEST(models) {
    clade_model *model = mlp_load(), *none;
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    clade_value_info value = CLADE_VALUE_INFO_INIT;
    clade_operator_info operator= CLADE_OPERATOR_INFO_INIT;
    char *text;
    ck_null(clade_model_load(NULL, "x.onnx", NULL, &err));
    ck_null(clade_model_load(&none, NULL, NULL, &err));
    ck_null(clade_model_load_memory(NULL, "", 0, NULL, &err));
    ck_null(clade_model_load_memory(&none, NULL, 1, NULL, &err));
    ck_null(clade_model_input(NULL, 0, &value, &err));
    ck_null(clade_model_input(model, 0, NULL, &err));
    ck_null(clade_model_output(NULL, 0, &value, &err));
    ck_null(clade_model_output(model, 0, NULL, &err));
    ck_null(clade_model_infer_output(NULL, 0, &text, &err));
    ck_null(clade_model_infer_output(model, 0, NULL, &err));
    ck_null(clade_model_operator(NULL, 0, &operator, & err));
    ck_null(clade_model_operator(model, 0, NULL, &err));
    ck_refused(clade_model_input(model, 1, &value, &err), CLADE_ERR_ARGUMENT, "1 inputs", err);
    ck_null(clade_model_get_info(model, NULL, &err));
    ck_null(clade_model_get_info(NULL, &info, &err));
    clade_model_free(model);
    clade_model_free(NULL);
}
END_TEST

START_TEST(devices) {
    clade_device *device = mlp_device(NULL), *none;
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    ck_null(clade_device_count(NULL, &err));
    ck_null(clade_device_describe(NULL, 0, &err));
    ck_null(clade_device_open(NULL, NULL, NULL, &err));
    ck_null(clade_device_open_opencl(NULL, NULL, NULL, NULL, &err));
    ck_null(clade_device_open_opencl(&none, NULL, NULL, NULL, &err));
    ck_null(clade_device_get_info(device, NULL, &err));
    ck_null(clade_device_get_info(NULL, &info, &err));
    clade_device_close(device);
    clade_device_close(NULL);
}
END_TEST

START_TEST(no_session) {
    clade_device *device = mlp_device(NULL);
    clade_model *model = mlp_load();
    clade_tensor tensor = mlp_input(1);
    clade_session *none;
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    char *text;
    size_t bytes;
    ck_null(clade_session_create(NULL, device, model, NULL, &err));
    ck_null(clade_session_create(&none, NULL, model, NULL, &err));
    ck_null(clade_session_create(&none, device, NULL, NULL, &err));
    ck_null(clade_session_create_opencl(&none, NULL, model, NULL, NULL, &err));
    ck_refused(clade_session_create_opencl(&none, device, model, NULL, NULL, &err), CLADE_ERR_ARGUMENT, "queue", err);
    ck_null(clade_session_set_input(NULL, "x", &tensor, &err));
    ck_null(clade_session_set_input_view(NULL, "x", &(clade_view){ 0 }, &err));
    ck_null(clade_session_set_input_buffer(NULL, "x", &tensor, NULL, 0, &err));
    ck_null(clade_session_compile(NULL, &err));
    ck_null(clade_session_required_bytes(NULL, &bytes, &err));
    ck_null(clade_session_run(NULL, &err));
    ck_null(clade_session_get_output(NULL, "y", &tensor, &err));
    ck_null(clade_session_read_output_into(NULL, "y", &tensor, &err));
    ck_null(clade_session_get_output_buffer(NULL, "y", NULL, 0, NULL, &err));
    ck_null(clade_session_dump(NULL, CLADE_DUMP_TEXT, &text, &err));
    ck_null(clade_session_write_programs(NULL, ".", &err));
    ck_null(clade_session_write_trace(NULL, "trace.json", &err));
    ck_null(clade_session_get_stats(NULL, &stats, &err));
    clade_session_free(NULL);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

START_TEST(a_session_and_nothing_else) {
    clade_device *device = mlp_device(NULL);
    clade_model *model = mlp_load();
    clade_session *session = mlp_session(device, model, 0);
    clade_tensor tensor = mlp_input(1);
    ck_null(clade_session_set_input(session, NULL, NULL, &err));
    ck_null(clade_session_set_input_buffer(session, NULL, NULL, NULL, 0, &err));
    ck_refused(clade_session_set_input_buffer(session, NULL, &tensor, NULL, 0, &err), CLADE_ERR_ARGUMENT, "cl_mem",
               err);
    mlp_predict(session, 1, NULL);
    ck_null(clade_session_required_bytes(session, NULL, &err));
    ck_null(clade_session_get_output(session, NULL, NULL, &err));
    ck_null(clade_session_read_output_into(session, NULL, NULL, &err));
    ck_refused(clade_session_get_output_buffer(session, NULL, NULL, 0, NULL, &err), CLADE_ERR_ARGUMENT, "cl_mem", err);
    ck_null(clade_session_dump(session, CLADE_DUMP_TEXT, NULL, &err));
    ck_null(clade_session_write_programs(session, NULL, &err));
    ck_null(clade_session_write_trace(session, NULL, &err));
    ck_null(clade_session_get_stats(session, NULL, &err));
    ck_assert_int_eq(clade_session_set_input(session, "prices", &tensor, NULL), CLADE_ERR_NOT_FOUND);
    mlp_predict(session, 1, NULL);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

Suite *suite_session_arguments(void);
Suite *suite_session_arguments(void) {
    Suite *suite = suite_create("session/arguments");
    TCase *tcase = tcase_create("NULL");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, tensors);
    tcase_add_test(tcase, models);
    tcase_add_test(tcase, devices);
    tcase_add_test(tcase, no_session);
    tcase_add_test(tcase, a_session_and_nothing_else);
    suite_add_tcase(suite, tcase);
    return suite;
}
