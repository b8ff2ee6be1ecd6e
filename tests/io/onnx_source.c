/* SPDX-License-Identifier: Apache-2.0 */
/* Where a model comes from and what it says of itself: borrowed memory, external data from a callback, the file's name
 * in errors, metadata, defaults of inputs. */
#include <stdio.h>
#include <stdlib.h>

#include "test.h"
#include "wire.h"

static const int64_t two[] = { 2 };
static const float values[] = { 1.5f, -2.f };
static clade_error err;
static cld_model_facts facts;

static const cld_value *named(const cld_graph *graph, const char *name) {
    for (int32_t i = 0; i < graph->n_values; i++)
        if (strcmp(graph->values[i].name, name) == 0)
            return &graph->values[i];
    ck_abort_msg("no value '%s'", name);
    return NULL;
}

/* ---- borrowed memory ---- */

/* w: raw floats; b: raw bools, of which one is 2; l: floats in a list. */
static wire three_weights(void) {
    wire graph = { 0 }, list = { 0 };
    wire w = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire b = wire_tensor("b", CLADE_BOOL, 1, two, "\1\2", 2);
    wire_int(&list, 1, 2);
    wire_int(&list, 2, CLADE_FLOAT32);
    wire_bytes(&list, 4, values, sizeof values);
    wire_text(&list, 8, "l");
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire_message(&graph, GRAPH_INITIALISER, &b);
    wire_message(&graph, GRAPH_INITIALISER, &list);
    return wire_model(&graph);
}

START_TEST(borrowed) {
    const int shift = _i; /* every way the floats can lie */
    cld_graph *graph;
    wire model = three_weights();
    char *const memory = malloc(model.size + 8), *const at = memory + shift;
    memcpy(at, model.data, model.size);
    ck_ok(cld_onnx_parse(&graph, &facts, at, model.size, &(cld_onnx_options){ .borrow = true }, &err), err);
    ck_assert_mem_eq(at, model.data, model.size); /* nothing was written there */
    const char *w = named(graph, "w")->constant->data, *found = NULL;
    for (size_t k = 0; k + sizeof values <= model.size && !found; k++)
        if (memcmp(at + k, values, sizeof values) == 0)
            found = at + k;
    ck_assert_ptr_nonnull(found);
    ck_assert_ptr_eq(w, found);
    ck_assert_mem_eq(w, values, sizeof values);
    ck_assert_mem_eq(named(graph, "b")->constant->data, "\1\1", 2);
    ck_assert_mem_eq(named(graph, "l")->constant->data, values, sizeof values);
    cld_graph_free(graph);
    free(memory);
    cld_text_free(&model);
}
END_TEST

/* ---- files that are mapped ---- */

enum { MANY = 40000 };
static const int64_t many[] = { MANY };

static bool is_mapped(const cld_graph *graph, const void *data) { return cld_mappings_hold(graph->maps, data, 1); }

/* w and e: many floats, in the model and `offset` bytes into a file beside it; ids: many integers; small: two floats.
 */
static void write_model(const char *path, const char *beside, int offset, const float *floats) {
    wire graph = { 0 }, e = { 0 }, entry = { 0 };
    int64_t *ids = calloc(MANY, sizeof *ids);
    char *padded = calloc(1, MANY * sizeof *floats + (size_t)offset), text[20];
    ck_assert(ids && padded);
    memcpy(padded + offset, floats, MANY * sizeof *floats);
    ck_ok(cld_file_write(beside, padded, MANY * sizeof *floats + (size_t)offset, &err), err);
    wire w = wire_tensor("w", CLADE_FLOAT32, 1, many, floats, MANY * sizeof *floats);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire i = wire_tensor("ids", CLADE_INT64, 1, many, ids, MANY * sizeof *ids);
    wire_message(&graph, GRAPH_INITIALISER, &i);
    wire small = wire_tensor("small", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_message(&graph, GRAPH_INITIALISER, &small);
    wire_int(&e, 1, MANY);
    wire_int(&e, 2, CLADE_FLOAT32);
    wire_text(&e, 8, "e");
    wire_text(&entry, 1, "location");
    wire_text(&entry, 2, strrchr(beside, '/') + 1);
    wire_message(&e, 13, &entry);
    snprintf(text, sizeof text, "%d", offset);
    wire_text(&entry, 1, "offset");
    wire_text(&entry, 2, text);
    wire_message(&e, 13, &entry);
    wire_int(&e, 14, 1); /* external */
    wire_message(&graph, GRAPH_INITIALISER, &e);
    wire model = wire_model(&graph);
    ck_ok(cld_file_write(path, model.data, model.size, &err), err);
    cld_text_free(&model);
    free(ids);
    free(padded);
}

START_TEST(mapped) {
    cld_graph *graph;
    char *path = strdup(test_scratch("mapped.onnx")), *beside = strdup(test_scratch("mapped.bin"));
    float *floats = calloc(MANY, sizeof *floats);
    const bool map = _i % 2;
    for (int k = 0; k < MANY; k++)
        floats[k] = (float)k;
    write_model(path, beside, 4093 + _i / 2, floats);
    ck_ok(cld_onnx_read(&graph, &facts, path, &(cld_onnx_options){ .map = map }, &err), err);
    const clade_tensor *w = named(graph, "w")->constant, *e = named(graph, "e")->constant;
    ck_assert_int_eq(is_mapped(graph, w->data), map);
    ck_assert_int_eq(is_mapped(graph, e->data), map);
    ck_assert(!is_mapped(graph, named(graph, "ids")->constant->data)); /* they may decide, and a file may change */
    ck_assert(!is_mapped(graph, named(graph, "small")->constant->data));
    for (int round = 0; round < 2; round++) {
        ck_assert_mem_eq(w->data, floats, w->size_bytes);
        ck_assert_mem_eq(e->data, floats, e->size_bytes);
        ck_assert_double_eq(cld_tensor_get(e, MANY - 1), MANY - 1); /* aligned or not */
        cld_mappings_release(graph->maps, w->data, w->size_bytes);
        cld_mappings_release(graph->maps, values, sizeof values); /* none of theirs */
        cld_mappings_release(graph->maps, NULL, 0);
        write_model(path, beside, 8, floats); /* renamed into place: the old files stay as they are for us */
    }
    cld_graph_free(graph);
    free(path);
    free(beside);
    free(floats);
}
END_TEST

/* Only files can be: what the caller gave is the caller's. */
START_TEST(memory_is_not_mapped) {
    cld_graph *graph;
    wire nodes = { 0 };
    float *floats = calloc(MANY, sizeof *floats);
    wire w = wire_tensor("w", CLADE_FLOAT32, 1, many, floats, MANY * sizeof *floats);
    wire_message(&nodes, GRAPH_INITIALISER, &w);
    wire model = wire_model(&nodes);
    ck_ok(cld_onnx_parse(&graph, &facts, model.data, model.size, &(cld_onnx_options){ .map = true }, &err), err);
    const uintptr_t at = (uintptr_t)named(graph, "w")->constant->data, begin = (uintptr_t)model.data;
    ck_assert(at < begin || at >= begin + model.size);
    cld_graph_free(graph);
    cld_text_free(&model);
    free(floats);
}
END_TEST

/* Whatever the bytes, borrowing changes neither the verdict nor the graph. */
START_TEST(borrowed_and_damaged) {
    wire model = three_weights();
    for (size_t k = 0; k < model.size; k++) {
        cld_graph *graph[2] = { NULL, NULL };
        clade_error errors[2] = { { .status = CLADE_OK }, { .status = CLADE_OK } };
        cld_text texts[2] = { { 0 }, { 0 } };
        const char was = model.data[k];
        model.data[k] = (char)(was ^ (1 << (k % 8)));
        for (int borrow = 0; borrow < 2; borrow++) {
            const cld_onnx_options options = { .max_bytes = 1 << 20, .borrow = borrow };
            if (cld_onnx_parse(&graph[borrow], &facts, model.data, model.size, &options, &errors[borrow]) == CLADE_OK)
                cld_graph_text(graph[borrow], true, &texts[borrow]);
        }
        ck_assert_msg(errors[0].status == errors[1].status, "byte %zu: %s, %s", k, errors[0].message,
                      errors[1].message);
        ck_assert_uint_eq(texts[0].size, texts[1].size);
        ck_assert(texts[0].size == 0 || strcmp(texts[0].data, texts[1].data) == 0);
        for (int borrow = 0; borrow < 2; borrow++) {
            cld_graph_free(graph[borrow]);
            cld_text_free(&texts[borrow]);
        }
        model.data[k] = was;
    }
    cld_text_free(&model);
}
END_TEST

/* ---- external data ---- */

static void entry(wire *tensor, const char *key, const char *value) {
    wire message = { 0 };
    wire_text(&message, 1, key);
    wire_text(&message, 2, value);
    wire_message(tensor, 13, &message);
}

static int read_values(void *user, const char *location, uint64_t offset, void *data, size_t size_bytes) {
    int *calls = user;
    ++*calls;
    if (strcmp(location, "weights/w.bin") != 0 || offset != 64 || size_bytes != sizeof values)
        return -1;
    memcpy(data, values, size_bytes);
    return 0;
}

static clade_status load_external(cld_graph **out, const char *location, int *calls, bool with_reader) {
    wire tensor = { 0 }, graph = { 0 };
    wire_int(&tensor, 1, 2);
    wire_int(&tensor, 2, CLADE_FLOAT32);
    wire_text(&tensor, 8, "w");
    wire_int(&tensor, 14, 1);
    entry(&tensor, "location", location);
    entry(&tensor, "offset", "64");
    wire_message(&graph, GRAPH_INITIALISER, &tensor);
    wire model = wire_model(&graph);
    const cld_onnx_options options = { .read_external = with_reader ? read_values : NULL, .read_external_user = calls };
    const clade_status status = cld_onnx_parse(out, &facts, model.data, model.size, &options, &err);
    cld_text_free(&model);
    return status;
}

START_TEST(external_from_a_callback) {
    cld_graph *graph;
    int calls = 0;
    ck_ok(load_external(&graph, "weights/w.bin", &calls, true), err);
    ck_assert_mem_eq(named(graph, "w")->constant->data, values, sizeof values);
    cld_graph_free(graph);
    ck_refused(load_external(&graph, "other.bin", &calls, true), CLADE_ERR_IO,
               "tensor 'w': read_external gives no 8 bytes at offset 64 of 'other.bin'", err);
    ck_assert_int_eq(calls, 2);
    ck_refused(load_external(&graph, "../w.bin", &calls, true), CLADE_ERR_FORMAT, "leaves the model's folder", err);
    ck_assert_int_eq(calls, 2);
    ck_refused(load_external(&graph, "weights/w.bin", &calls, false), CLADE_ERR_UNSUPPORTED,
               "a model in memory has no folder, and no read_external is given", err);
}
END_TEST

START_TEST(the_file_is_named) {
    cld_graph *graph;
    char path[4096];
    snprintf(path, sizeof path, "%s", test_scratch("no_model.onnx"));
    ck_ok(cld_file_write(path, "root:x:0", 8, &err), err);
    ck_refused(cld_onnx_read(&graph, &facts, path, &(cld_onnx_options){ 0 }, &err), CLADE_ERR_FORMAT,
               "no_model.onnx: the model: 8 bytes are no valid ONNX message", err);
    ck_assert_int_eq(cld_onnx_read(&graph, &facts, path, &(cld_onnx_options){ 0 }, NULL), CLADE_ERR_FORMAT);
}
END_TEST

/* ---- what it says of itself ---- */

static void property(wire *model, const char *key, const char *value) {
    wire message = { 0 };
    wire_text(&message, 1, key);
    wire_text(&message, 2, value);
    wire_message(model, 14, &message);
}

START_TEST(metadata) {
    cld_graph *out;
    wire graph = { 0 }, opset = { 0 }, nothing = { 0 };
    wire_text(&graph, 10, "of the graph");
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, two);
    wire model = wire_model(&graph);
    wire_text(&model, 3, "9.1");
    wire_text(&model, 4, "com.example");
    wire_int(&model, 5, 42);
    wire_text(&model, 6, "scores\n\033[2J");
    wire_text(&opset, 1, "com.example");
    wire_int(&opset, 2, 3);
    wire_message(&model, 8, &opset);
    property(&model, "features", "a,b");
    wire_message(&model, 14, &nothing);
    ck_ok(cld_onnx_parse(&out, &facts, model.data, model.size, &(cld_onnx_options){ 0 }, &err), err);
    ck_assert_str_eq(facts.producer_version, "9.1");
    ck_assert_str_eq(facts.domain, "com.example");
    ck_assert_int_eq(facts.model_version, 42);
    ck_assert_str_eq(facts.description, "scores\n\033[2J");
    ck_assert_str_eq(facts.graph_description, "of the graph");
    ck_assert(facts.n_opsets == 2 && facts.opsets[0].version == 17 && facts.opsets[1].version == 3);
    ck_assert_str_eq(facts.opsets[1].domain, "com.example");
    ck_assert_uint_eq(facts.n_properties, 2);
    ck_assert_str_eq(facts.properties[0].key, "features");
    ck_assert_str_eq(facts.properties[0].value, "a,b");
    ck_assert_str_eq(facts.properties[1].value, "");
    cld_graph_free(out);
    cld_text_free(&model);
}
END_TEST

START_TEST(defaults_stand_behind) {
    cld_graph *out;
    wire graph = { 0 };
    wire w = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire v = wire_tensor("v", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire_message(&graph, GRAPH_INITIALISER, &v);
    wire_value(&graph, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, (int64_t[]){ -1 });
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, two);
    wire_value(&graph, GRAPH_INPUT, "v", CLADE_INT8, 0, NULL); /* declared as what it is not */
    wire model = wire_model(&graph);
    ck_ok(wire_parse(&out, &model, &err), err);
    ck_assert_int_eq(out->n_inputs, 3);
    ck_assert_str_eq(cld_graph_at(out, out->inputs[0])->name, "x");
    const cld_value *first = cld_graph_at(out, out->inputs[1]), *second = cld_graph_at(out, out->inputs[2]);
    ck_assert_str_eq(first->name, "w");
    ck_assert(first->is_default && first->constant != NULL && first->type.dims[0] == -1);
    ck_assert_str_eq(first->dim_names[0], "n");
    ck_assert(second->is_default && second->type.dtype == CLADE_FLOAT32 && second->type.rank == 1);
    cld_graph_free(out);
}
END_TEST

START_TEST(a_default_listed_twice) {
    cld_graph *out;
    wire graph = { 0 };
    wire w = wire_tensor("w", CLADE_FLOAT32, 1, two, values, sizeof values);
    wire_text(&graph, GRAPH_NAME, "g");
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire_value(&graph, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, two);
    wire_value(&graph, GRAPH_INPUT, "w", CLADE_FLOAT32, 1, two);
    wire model = wire_model(&graph);
    ck_refused(wire_parse(&out, &model, &err), CLADE_ERR_GRAPH, "graph 'g' lists input 'w' twice", err);
}
END_TEST

Suite *suite_io_onnx_source(void);
Suite *suite_io_onnx_source(void) {
    Suite *suite = suite_create("io/onnx_source");
    TCase *tcase = tcase_create("sources");
    tcase_add_loop_test(tcase, borrowed, 0, 8);
    tcase_add_loop_test(tcase, mapped, 0, 8);
    tcase_add_test(tcase, memory_is_not_mapped);
    tcase_add_test(tcase, borrowed_and_damaged);
    tcase_add_test(tcase, external_from_a_callback);
    tcase_add_test(tcase, the_file_is_named);
    tcase_add_test(tcase, metadata);
    tcase_add_test(tcase, defaults_stand_behind);
    tcase_add_test(tcase, a_default_listed_twice);
    suite_add_tcase(suite, tcase);
    return suite;
}
