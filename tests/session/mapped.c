/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in a file that is mapped: packed or read in place, wherever in the file they begin, by one session or
 * several. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clade/session.h"
#include "io/wire.h"
#include "mlp.h"
#include "test.h"

/* y[4,128] = x[4,256] w[256,128], which CPUs pack; z[64,4,256] = x + c[64,4,256], which nobody packs. */
enum { ROWS = 4, DEPTH = 256, COLUMNS = 128, STACK = 64, W = DEPTH * COLUMNS, C = STACK * ROWS * DEPTH };
static clade_error err;
static float w[W], c[C], x[ROWS * DEPTH], y[ROWS * COLUMNS], z[C];

static void add_external(wire *graph, const char *name, int32_t rank, const int64_t *dims, size_t offset) {
    wire tensor = { 0 };
    char text[20];
    snprintf(text, sizeof text, "%zu", offset);
    const char *const entries[][2] = { { "location", "weights.bin" }, { "offset", text } };
    for (int32_t d = 0; d < rank; d++)
        wire_int(&tensor, 1, dims[d]);
    wire_int(&tensor, 2, CLADE_FLOAT32);
    wire_text(&tensor, 8, name);
    for (size_t k = 0; k < CLD_COUNT(entries); k++) {
        wire entry = { 0 };
        wire_text(&entry, 1, entries[k][0]);
        wire_text(&entry, 2, entries[k][1]);
        wire_message(&tensor, 13, &entry);
    }
    wire_int(&tensor, 14, 1); /* external */
    wire_message(graph, GRAPH_INITIALISER, &tensor);
}

/* Both files; the weights begin at `offset`. */
static clade_model *load(size_t offset, const clade_model_options *options) {
    static const int64_t x_dims[] = { ROWS, DEPTH }, w_dims[] = { DEPTH, COLUMNS }, y_dims[] = { ROWS, COLUMNS },
                         c_dims[] = { STACK, ROWS, DEPTH };
    clade_model *model;
    wire graph = { 0 };
    char *file = calloc(1, offset + sizeof w + sizeof c), *path = strdup(test_scratch("mapped.onnx"));
    ck_assert(file && path);
    memcpy(file + offset, w, sizeof w);
    memcpy(file + offset + sizeof w, c, sizeof c);
    ck_ok(cld_file_write(test_scratch("weights.bin"), file, offset + sizeof w + sizeof c, &err), err);
    add_external(&graph, "w", 2, w_dims, offset);
    add_external(&graph, "c", 3, c_dims, offset + sizeof w);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 2, x_dims);
    wire_node(&graph, "MatMul", "x w", "y", NULL);
    wire_node(&graph, "Add", "x c", "z", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, 2, y_dims);
    wire_value(&graph, GRAPH_OUTPUT, "z", CLADE_FLOAT32, 3, c_dims);
    wire bytes = wire_model(&graph);
    ck_ok(cld_file_write(path, bytes.data, bytes.size, &err), err);
    ck_ok(clade_model_load(&model, path, options, &err), err);
    cld_text_free(&bytes);
    free(file);
    free(path);
    return model;
}

static void fill(float *values, int count, int period) {
    for (int i = 0; i < count; i++)
        values[i] = (float)(i % period - period / 2); /* sums of products are exact */
}

static void check_run(clade_session *session) {
    clade_tensor in = { CLADE_FLOAT32, 2, { ROWS, DEPTH }, x, sizeof x };
    clade_tensor out_y = { .data = y, .size_bytes = sizeof y }, out_z = { .data = z, .size_bytes = sizeof z };
    ck_ok(clade_session_set_input(session, NULL, &in, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_read_output_into(session, "y", &out_y, &err), err);
    ck_ok(clade_session_read_output_into(session, "z", &out_z, &err), err);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        float want = 0;
        for (int k = 0; k < DEPTH; k++)
            want += x[i / COLUMNS * DEPTH + k] * w[k * COLUMNS + i % COLUMNS];
        ck_assert_float_eq(y[i], want);
    }
    for (int i = 0; i < C; i++)
        ck_assert_float_eq(z[i], x[i % (ROWS * DEPTH)] + c[i]);
}

static clade_session *new_session(clade_device *device, clade_model *model) {
    clade_session *session;
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    return session;
}

static clade_session_stats stats_of(clade_session *session) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    return stats;
}

static const size_t offsets[] = { 0, 64, 4, 3, 4096, 12289 }; /* of the file: what a device can use in place, or not */

START_TEST(weights_in_a_file) {
    clade_device *device = mlp_device(NULL);
    fill(w, W, 13);
    fill(c, C, 1021);
    fill(x, ROWS * DEPTH, 7);
    clade_model *model = load(offsets[_i], NULL);
    clade_session *first = new_session(device, model), *second;
    check_run(first);
    second = new_session(device, model);
    clade_model_free(model);
    check_run(second);
    ck_assert_uint_eq(stats_of(first).weight_bytes, stats_of(second).weight_bytes);
    ck_assert_uint_ge(stats_of(second).weight_bytes, sizeof w + sizeof c); /* in place or not, they count */
    ck_assert_uint_lt(stats_of(second).weight_bytes, sizeof w + sizeof c + 8192);
    clade_session_free(first);
    check_run(second);
    clade_session_free(second);
    clade_device_close(device);
}
END_TEST

/* Files that are read may be cut short afterwards; mapped ones may not. */
START_TEST(read_into_memory) {
    clade_device *device = mlp_device(NULL);
    clade_model_options options = CLADE_MODEL_OPTIONS_INIT;
    options.in_memory = 1;
    fill(w, W, 13);
    fill(c, C, 1021);
    fill(x, ROWS * DEPTH, 7);
    clade_model *model = load(4096, &options);
    ck_assert_int_eq(truncate(test_scratch("weights.bin"), 0), 0);
    ck_assert_int_eq(truncate(test_scratch("mapped.onnx"), 0), 0);
    clade_session *session = new_session(device, model);
    check_run(session);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

Suite *suite_session_mapped(void);
Suite *suite_session_mapped(void) {
    Suite *suite = suite_create("session/mapped");
    TCase *tcase = tcase_create("files");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, weights_in_a_file, 0, CLD_COUNT(offsets));
    tcase_add_test(tcase, read_into_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
