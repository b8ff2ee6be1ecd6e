/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong calls of a session get a status and one line that names both facts, and leave the session usable. */
#include <string.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

static clade_device *device;
static clade_model *model;
static clade_session *session;
static clade_error err;

static void open_all(void) {
    device = mlp_device(NULL);
    model = mlp_load();
    session = mlp_session(device, model, 0);
}

static void close_all(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

START_TEST(unknown_name) {
    clade_tensor input = mlp_input(1);
    ck_refused(clade_session_set_input(session, "prices", &input, &err), CLADE_ERR_NOT_FOUND, "prices", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(wrong_dtype) {
    clade_tensor input = mlp_input(1);
    input.dtype = CLADE_INT32;
    ck_refused(clade_session_set_input(session, "x", &input, &err), CLADE_ERR_DTYPE, "int32", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(wrong_rank) {
    clade_tensor input = mlp_input(1);
    input.rank = 1;
    input.dims[0] = MLP_INPUTS;
    ck_refused(clade_session_set_input(session, "x", &input, &err), CLADE_ERR_SHAPE, "x", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(wrong_dimension) {
    clade_tensor input = mlp_input(2);
    input.dims[0] = 4;
    input.dims[1] = MLP_INPUTS / 2;
    ck_refused(clade_session_set_input(session, "x", &input, &err), CLADE_ERR_SHAPE, "8", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

/* Rows of another table, the other way round: no copy and no cast is the caller's business. */
START_TEST(a_constant_view) {
    enum { ROWS = 3, WIDTH = MLP_INPUTS + 1 };
    float table[ROWS * WIDTH] = { 0 }, want[ROWS * MLP_OUTPUTS], got[ROWS * MLP_OUTPUTS];
    const clade_tensor input = mlp_input(ROWS);
    const int64_t strides[] = { -(int64_t)sizeof(float) * WIDTH, sizeof(float) };
    for (int r = 0; r < ROWS; r++)
        memcpy(table + (ROWS - 1 - r) * WIDTH, (const float *)input.data + r * MLP_INPUTS, MLP_INPUTS * sizeof *table);
    const float *constant = table;
    clade_view view = { CLADE_FLOAT32, 2, { ROWS, MLP_INPUTS }, constant, sizeof table, strides, 0 };
    clade_tensor output = { .data = got, .size_bytes = sizeof got };
    mlp_predict(session, ROWS, want);
    ck_refused(clade_session_set_input_view(session, "x", &view, &err), CLADE_ERR_ARGUMENT, "reaches from byte -72",
               err);
    view.offset_bytes = (ROWS - 1) * WIDTH * sizeof(float);
    ck_ok(clade_session_set_input_view(session, NULL, &view, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_read_output_into(session, NULL, &output, &err), err);
    ck_assert_mem_eq(got, want, sizeof want);
    view.dims[1] = MLP_INPUTS - 1;
    ck_refused(clade_session_set_input_view(session, "x", &view, &err), CLADE_ERR_SHAPE, "[3,7]", err);
    ck_refused(clade_session_set_input_view(session, "x", NULL, &err), CLADE_ERR_ARGUMENT, "NULL", err);
}
END_TEST

/* The session's copy grows, and then holds smaller ones; values of the larger do not show. */
START_TEST(sizes_in_turn) {
    enum { MOST = 4 };
    const int sizes[] = { 1, 3, MOST, 2, 1, MOST };
    float want[MOST * MLP_OUTPUTS], got[MOST * MLP_OUTPUTS];
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        clade_session *fresh = mlp_session(device, model, 0);
        mlp_predict(session, sizes[k], got);
        mlp_predict(fresh, sizes[k], want);
        ck_assert_mem_eq(got, want, (size_t)sizes[k] * MLP_OUTPUTS * sizeof *got);
        clade_session_free(fresh);
    }
}
END_TEST

START_TEST(size_that_contradicts_dims) {
    clade_tensor input = mlp_input(2);
    input.size_bytes -= 4;
    ck_refused(clade_session_set_input(session, "x", &input, &err), CLADE_ERR_ARGUMENT, "input 'x'", err);
    ck_refused(clade_session_set_input(session, NULL, &input, &err), CLADE_ERR_ARGUMENT, "input 'x'", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(run_without_input) {
    ck_refused(clade_session_run(session, &err), CLADE_ERR_ARGUMENT, "x", err);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(output_before_run) {
    clade_tensor output;
    ck_assert_int_ne(clade_session_get_output(session, "y", &output, &err), CLADE_OK);
    mlp_predict(session, 1, NULL);
}
END_TEST

START_TEST(unknown_output) {
    clade_tensor output;
    mlp_predict(session, 1, NULL);
    ck_refused(clade_session_get_output(session, "z", &output, &err), CLADE_ERR_NOT_FOUND, "z", err);
}
END_TEST

START_TEST(output_memory_of_another_size) {
    float y[MLP_OUTPUTS + 1];
    clade_tensor output = { .data = y, .size_bytes = sizeof y };
    mlp_predict(session, 1, NULL);
    ck_refused(clade_session_read_output_into(session, "y", &output, &err), CLADE_ERR_ARGUMENT, "output 'y'", err);
    ck_refused(clade_session_read_output_into(session, NULL, &output, &err), CLADE_ERR_ARGUMENT, "output 'y'", err);
}
END_TEST

START_TEST(required_bytes_are_exact) {
    clade_tensor input = mlp_input(MLP_MAX_BATCH);
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    size_t required = 0;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_required_bytes(session, &required, &err), err);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_eq(stats.peak_bytes, 0);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    ck_assert_uint_eq(stats.peak_bytes, required);
}
END_TEST

START_TEST(statistics) {
    clade_tensor input = mlp_input(1);
    clade_session_stats compiled = CLADE_SESSION_STATS_INIT, first = CLADE_SESSION_STATS_INIT,
                        second = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_compile(session, &err), err);
    ck_ok(clade_session_get_stats(session, &compiled, &err), err);
    ck_assert_uint_eq(compiled.plans, 1);
    ck_assert_uint_eq(compiled.program_builds + compiled.program_cache_hits, 1);
    ck_assert_uint_gt(compiled.weight_bytes, 0);
    ck_assert_uint_eq(compiled.launches, 0);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_stats(session, &first, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_stats(session, &second, &err), err);
    ck_assert_uint_gt(first.launches, 0);
    ck_assert_mem_eq(&first, &second, sizeof first);
}
END_TEST

START_TEST(refuses_more_than_the_cap) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_device_bytes = 64;
    clade_session *capped;
    clade_tensor input = mlp_input(MLP_MAX_BATCH);
    ck_ok(clade_session_create(&capped, device, model, &options, &err), err);
    ck_ok(clade_session_set_input(capped, "x", &input, &err), err);
    ck_refused(clade_session_run(capped, &err), CLADE_ERR_LIMIT, "64", err);
    clade_session_free(capped);
}
END_TEST

/* A model with a string can be looked at, on request; nothing else. */
START_TEST(a_model_to_look_at) {
    enum { STRING = 8 };
    clade_model *strings;
    clade_session *none;
    clade_model_options options = CLADE_MODEL_OPTIONS_INIT;
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    clade_value_info value = CLADE_VALUE_INFO_INIT;
    char *text;
    wire graph = { 0 };
    wire_value(&graph, GRAPH_INPUT, "s", STRING, 1, (int64_t[]){ 3 });
    wire_node(&graph, "Identity", "s", "y", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", STRING, -1, NULL);
    wire bytes = wire_model(&graph);
    ck_refused(clade_model_load_memory(&strings, bytes.data, bytes.size, NULL, &err), CLADE_ERR_UNSUPPORTED,
               "input 's' has element type string", err);
    options.describe = 1;
    ck_ok(clade_model_load_memory(&strings, bytes.data, bytes.size, &options, &err), err);
    cld_text_free(&bytes);
    ck_ok(clade_model_get_info(strings, &info, &err), err);
    ck_assert(strstr(info.unsupported, "input 's' has element type string") != NULL);
    ck_ok(clade_model_input(strings, 0, &value, &err), err);
    ck_assert_str_eq(value.declared, "string");
    ck_assert_int_eq(value.dims[0], 3);
    ck_refused(clade_model_infer_output(strings, 0, &text, &err), CLADE_ERR_UNSUPPORTED, "string", err);
    ck_refused(clade_session_create(&none, device, strings, NULL, &err), CLADE_ERR_UNSUPPORTED, "input 's'", err);
    clade_model_free(strings);
}
END_TEST

static const struct {
    const char *prefer, *part;
    clade_status want;
} wishes[] = {
    { NULL, NULL, CLADE_OK },
    { "", NULL, CLADE_OK },
    { "Gemm=reference,Conv=im2col,Fused=elements", NULL, CLADE_OK },
    { "Conv=zzz",
      "'Conv=zzz': Conv has no such row; it has: implicit, rows, tiles, convgemm, winograd, strips, im2col, reference",
      CLADE_ERR_NOT_FOUND },
    { "Gemm=reference,Cnov=rows", "'Cnov=rows': there is no operator 'Cnov'", CLADE_ERR_NOT_FOUND },
    { "Gemm=referenc", "Gemm has no such row", CLADE_ERR_NOT_FOUND },
    { "Shape=rows", "Shape has no such row; it has: none", CLADE_ERR_NOT_FOUND },
    { "Conv", "'Conv' is not of the form Op=row", CLADE_ERR_ARGUMENT },
    { "Conv=rows,,Gemm=reference", "'' is not of the form Op=row", CLADE_ERR_ARGUMENT },
};

START_TEST(a_row_that_is_preferred_exists) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    clade_session *choosy;
    options.prefer_impl = wishes[_i].prefer;
    clade_status status = clade_session_create(&choosy, device, model, &options, &err);
    if (wishes[_i].want == CLADE_OK)
        ck_ok(status, err);
    else
        ck_refused(status, wishes[_i].want, wishes[_i].part, err);
    clade_session_free(choosy);
}
END_TEST

Suite *suite_session_inputs(void);
Suite *suite_session_inputs(void) {
    Suite *suite = suite_create("session/inputs");
    TCase *tcase = tcase_create("wrong calls");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_all, close_all);
    tcase_add_test(tcase, unknown_name);
    tcase_add_test(tcase, wrong_dtype);
    tcase_add_test(tcase, wrong_rank);
    tcase_add_test(tcase, wrong_dimension);
    tcase_add_test(tcase, a_constant_view);
    tcase_add_test(tcase, sizes_in_turn);
    tcase_add_test(tcase, size_that_contradicts_dims);
    tcase_add_test(tcase, run_without_input);
    tcase_add_test(tcase, output_before_run);
    tcase_add_test(tcase, unknown_output);
    tcase_add_test(tcase, output_memory_of_another_size);
    tcase_add_test(tcase, required_bytes_are_exact);
    tcase_add_test(tcase, statistics);
    tcase_add_test(tcase, refuses_more_than_the_cap);
    tcase_add_test(tcase, a_model_to_look_at);
    tcase_add_loop_test(tcase, a_row_that_is_preferred_exists, 0, sizeof wishes / sizeof *wishes);
    suite_add_tcase(suite, tcase);
    return suite;
}
