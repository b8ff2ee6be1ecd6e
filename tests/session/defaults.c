/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs with a default: used when nobody sets them, replaced when somebody does, also where passes made other
 * constants of them; and what a model says of them. */
#include <pthread.h>

#include "io/wire.h"
#include "mlp.h"
#include "test.h"

static const int64_t two[] = { 2 }, image[] = { 1, 2, 1, 1 }, filter[] = { 2, 2, 1, 1 };
static clade_error err;
static clade_device *device;
static clade_model *model;
static clade_session *session;

/* y = BatchNormalization(Conv(x, f), scale, shift, mean, var): 2 channels, the statistics being defaults, 0 and 1. */
static wire normalised(void) {
    static const float identity[] = { 1, 0, 0, 1 }, zeros[] = { 0, 0 }, ones[] = { 1, 1 };
    static const struct {
        const char *name;
        const float *data;
    } statistics[] = { { "scale", ones }, { "shift", zeros }, { "mean", zeros }, { "var", ones } };
    wire graph = { 0 }, attributes = { 0 };
    wire f = wire_tensor("f", CLADE_FLOAT32, 4, filter, identity, sizeof identity);
    wire_message(&graph, GRAPH_INITIALISER, &f);
    for (size_t k = 0; k < CLD_COUNT(statistics); k++) {
        wire tensor = wire_tensor(statistics[k].name, CLADE_FLOAT32, 1, two, statistics[k].data, sizeof zeros);
        wire_message(&graph, GRAPH_INITIALISER, &tensor);
        wire_value(&graph, GRAPH_INPUT, statistics[k].name, CLADE_FLOAT32, 1, two);
    }
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 4, image);
    wire_attr_float(&attributes, "epsilon", 0);
    wire_node(&graph, "Conv", "x f", "c", NULL);
    wire_node(&graph, "BatchNormalization", "c scale shift mean var", "y", &attributes);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 4, image);
    return wire_model(&graph);
}

/* The only output is an input that has a default. */
static wire handed_through(void) {
    static const float values[] = { 5, 6 };
    wire graph = { 0 };
    wire tensor = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_message(&graph, GRAPH_INITIALISER, &tensor);
    wire_value(&graph, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, (int64_t[]){ -1 });
    wire_value(&graph, GRAPH_OUTPUT, "w", CLADE_FLOAT32, 1, (int64_t[]){ -1 });
    return wire_model(&graph);
}

static void open_model(wire bytes) {
    device = mlp_device(NULL);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    cld_text_free(&bytes);
}

static void close_model(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

static void set(const char *name, int32_t rank, const int64_t *dims, float a, float b) {
    const float data[] = { a, b };
    clade_view view = { .dtype = CLADE_FLOAT32, .rank = rank, .data = data, .size_bytes = sizeof data };
    memcpy(view.dims, dims, (size_t)rank * sizeof *dims);
    ck_ok(clade_session_set_input_view(session, name, &view, &err), err);
}

static void expect(float a, float b) {
    const float want[] = { a, b };
    float got[2];
    clade_tensor output = { .data = got, .size_bytes = sizeof got };
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_read_output_into(session, NULL, &output, &err), err);
    ck_assert_msg(memcmp(got, want, sizeof want) == 0, "%g %g, want %g %g", (double)got[0], (double)got[1], (double)a,
                  (double)b);
}

START_TEST(overridden) {
    size_t bytes;
    open_model(normalised());
    set(NULL, 4, image, 3, 4); /* the only input that must be set needs no name */
    expect(3, 4);
    set("scale", 1, two, 10, 100);
    ck_ok(clade_session_required_bytes(session, &bytes, &err), err);
    expect(30, 400);
    set("shift", 1, two, 1, 2);
    expect(31, 402);
    set("scale", 1, two, 1, 1);
    expect(4, 6);
    ck_ok(clade_session_reset_input(session, "shift", &err), err);
    expect(3, 4);
    ck_ok(clade_session_reset_input(session, "scale", &err), err);
    expect(3, 4);
    ck_refused(clade_session_reset_input(session, "x", &err), CLADE_ERR_ARGUMENT, "input 'x' has no default", err);
    ck_refused(clade_session_reset_input(NULL, "x", &err), CLADE_ERR_ARGUMENT, "NULL", err);
    ck_refused(clade_session_reset_input(session, "q", &err), CLADE_ERR_NOT_FOUND, "'q'", err);
    close_model();
}
END_TEST

static void *reset_scale(void *unused) {
    (void)unused;
    ck_ok(clade_session_reset_input(session, "scale", &err), err);
    return NULL;
}

/* A default that another thread has put back is a value of that thread's. */
START_TEST(reset_by_another_thread) {
    pthread_t other;
    open_model(normalised());
    set(NULL, 4, image, 3, 4);
    set("scale", 1, two, 10, 100);
    ck_assert_int_eq(pthread_create(&other, NULL, reset_scale, NULL), 0);
    pthread_join(other, NULL);
    ck_refused(clade_session_run(session, &err), CLADE_ERR_ARGUMENT, "another thread has set input 'scale'", err);
    ck_ok(clade_session_reset_input(session, "scale", &err), err);
    expect(3, 4);
    close_model();
}
END_TEST

START_TEST(an_output_itself) {
    const float three[] = { 7, 8, 9 };
    clade_view view = { CLADE_FLOAT32, 1, { 3 }, three, sizeof three, NULL, 0 };
    clade_tensor output;
    size_t bytes;
    open_model(handed_through());
    ck_ok(clade_session_required_bytes(session, &bytes, &err), err);
    ck_assert_uint_eq(bytes, 0);
    expect(5, 6);
    ck_ok(clade_session_set_input_view(session, "w", &view, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "w", &output, &err), err);
    ck_assert_uint_eq(output.size_bytes, sizeof three);
    ck_assert_mem_eq(output.data, three, sizeof three);
    clade_tensor_free(&output);
    ck_ok(clade_session_reset_input(session, "w", &err), err);
    expect(5, 6);
    close_model();
}
END_TEST

START_TEST(described) {
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    clade_value_info value = CLADE_VALUE_INFO_INIT;
    const char *key, *text;
    int64_t version;
    wire bytes = normalised(), property = { 0 };
    wire_text(&property, 1, "features");
    wire_text(&property, 2, "a,b");
    wire_message(&bytes, 14, &property);
    open_model(bytes);
    ck_ok(clade_model_get_info(model, &info, &err), err);
    ck_assert(info.input_count == 1 && info.optional_input_count == 4 && info.opset_count == 1);
    ck_ok(clade_model_input(model, 0, &value, &err), err);
    ck_assert_str_eq(value.name, "x");
    ck_assert(!value.is_optional);
    ck_assert_str_eq(value.description, "");
    ck_ok(clade_model_input(model, 4, &value, &err), err);
    ck_assert_str_eq(value.name, "var");
    ck_assert(value.is_optional);
    ck_refused(clade_model_input(model, 5, &value, &err), CLADE_ERR_ARGUMENT, "5 inputs", err);
    ck_ok(clade_model_opset(model, 0, &key, &version, &err), err);
    ck_assert_int_eq(version, 17);
    ck_assert_str_eq(key, "");
    ck_refused(clade_model_opset(model, 1, &key, &version, &err), CLADE_ERR_ARGUMENT, "1 operator sets", err);
    ck_refused(clade_model_opset(model, 0, NULL, &version, &err), CLADE_ERR_ARGUMENT, "NULL", err);
    ck_ok(clade_model_metadata(model, 0, &key, &text, &err), err);
    ck_assert_str_eq(key, "features");
    ck_assert_str_eq(text, "a,b");
    ck_refused(clade_model_metadata(model, 1, &key, &text, &err), CLADE_ERR_ARGUMENT, "1 metadata entries", err);
    ck_refused(clade_model_metadata(model, 0, &key, NULL, &err), CLADE_ERR_ARGUMENT, "NULL", err);
    text = NULL;
    ck_ok(clade_model_find_metadata(model, "features", &text, &err), err);
    ck_assert_str_eq(text, "a,b");
    ck_refused(clade_model_find_metadata(model, "labels", &text, &err), CLADE_ERR_NOT_FOUND, "'labels'", err);
    ck_refused(clade_model_find_metadata(model, NULL, &text, &err), CLADE_ERR_ARGUMENT, "NULL", err);
    close_model();
}
END_TEST

/* The weights stay where the caller has them; a model from a file has no such place. */
START_TEST(borrowed) {
    clade_model_options options = CLADE_MODEL_OPTIONS_INIT;
    wire bytes = normalised();
    options.borrow = 1;
    device = mlp_device(NULL);
    ck_refused(clade_model_load(&model, "x.onnx", &options, &err), CLADE_ERR_ARGUMENT, "x.onnx: only a model in memory",
               err);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, &options, &err), err);
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    set("x", 4, image, 3, 4);
    set("mean", 1, two, 1, 1);
    expect(2, 3);
    close_model();
    cld_text_free(&bytes);
}
END_TEST

Suite *suite_session_defaults(void);
Suite *suite_session_defaults(void) {
    Suite *suite = suite_create("session/defaults");
    TCase *tcase = tcase_create("inputs with a default");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, overridden);
    tcase_add_test(tcase, reset_by_another_thread);
    tcase_add_test(tcase, an_output_itself);
    tcase_add_test(tcase, described);
    tcase_add_test(tcase, borrowed);
    suite_add_tcase(suite, tcase);
    return suite;
}
