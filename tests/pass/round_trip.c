/* SPDX-License-Identifier: Apache-2.0 */
/* The graphs of every shared model and of ONNX's own cases, as the file has them and behind each pass of their first
 * segment: read back from their text they write the same text, and a file's constants have the same bytes.
 */
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "pass/pass.h"
#include "test.h"

enum { UNSPOKEN = 3 }; /* the size of what neither model nor data say */

static clade_error err;

/* Names are unique in what a file has. */
static void constants_are_the_same(const cld_graph *graph, const cld_graph *again, const char *model) {
    cld_names names;
    cld_arena *arena = cld_arena_new();
    cld_names_init(&names, arena);
    for (int32_t k = 0; k < graph->n_values; k++)
        ck_assert(cld_names_put(&names, graph->values[k].name, k));
    for (int32_t k = 0; k < again->n_values; k++) {
        const clade_tensor *read = again->values[k].constant, *was;
        if (read == NULL)
            continue;
        was = graph->values[cld_names_get(&names, again->values[k].name)].constant;
        ck_assert_msg(was->dtype == read->dtype && was->size_bytes == read->size_bytes &&
                          (read->size_bytes == 0 || memcmp(was->data, read->data, read->size_bytes) == 0),
                      "%s: '%s' has other elements", model, again->values[k].name);
    }
    cld_arena_free(arena);
}

static void comes_back(const cld_graph *graph, const char *model, const char *pass, bool verify) {
    cld_text first = { 0 }, second = { 0 };
    cld_graph *again = NULL;
    cld_graph_text(graph, true, &first);
    ck_assert(!first.failed);
    const clade_status status = cld_graph_read(&again, first.data, &err);
    ck_assert_msg(status == CLADE_OK, "%s, %s: %s", model, pass, err.message);
    cld_graph_text(again, true, &second);
    size_t same = 0;
    while (first.data[same] != '\0' && first.data[same] == second.data[same])
        same++;
    ck_assert_msg(first.data[same] == second.data[same], "%s, %s: \"%.60s\" has become \"%.60s\"", model, pass,
                  first.data + same, second.data + same);
    ck_assert_int_eq(again->n_nodes, graph->n_nodes);
    ck_assert_int_eq(again->n_inputs, graph->n_inputs);
    ck_assert_int_eq(again->n_outputs, graph->n_outputs);
    if (verify) {
        ck_ok(cld_graph_verify(again, &err), err);
        constants_are_the_same(graph, again, model);
    }
    cld_text_free(&first);
    cld_text_free(&second);
    cld_graph_free(again);
}

/* What the first set of test data has; the defaults of others; some size for what is free then. */
static void find_types(const cld_graph *graph, const char *directory, cld_type *types) {
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        const cld_value *value = cld_graph_at(graph, graph->inputs[k]);
        types[k] = value->is_default ? (cld_type){ 0 } : value->type;
        for (int32_t d = 0; d < types[k].rank; d++)
            types[k].dims[d] = types[k].dims[d] < 0 ? UNSPOKEN : types[k].dims[d];
    }
    for (int32_t i = 0; i < graph->n_inputs; i++) {
        char path[PATH_MAX + 400], name[200];
        clade_tensor tensor;
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", directory, (int)i);
        if (clade_tensor_read_named(&tensor, name, sizeof name, path, &err) != CLADE_OK)
            break;
        for (int32_t k = 0; k < graph->n_inputs; k++)
            if (strcmp(cld_graph_at(graph, graph->inputs[k])->name, name) == 0 || (name[0] == '\0' && k == i))
                types[k] = cld_tensor_type(&tensor);
        clade_tensor_free(&tensor);
    }
}

static void static_graphs_come_back(const cld_graph *graph, const char *directory) {
    cld_type *types = calloc((size_t)graph->n_inputs + 1, sizeof *types);
    cld_walk *walk = NULL;
    cld_segment segment = { 0 };
    ck_assert_ptr_nonnull(types);
    find_types(graph, directory, types);
    ck_ok(cld_walk_new(&walk, graph, types, NULL, &err), err);
    const clade_status status = cld_walk_next(walk, &segment, &err); /* what is not supported ends here */
    if (status == CLADE_OK)
        comes_back(segment.graph, directory, "specialise", false);
    for (int32_t k = 0; status == CLADE_OK && cld_static_passes[k].name != NULL; k++) {
        ck_ok(cld_static_passes[k].run(segment.graph, &err), err);
        comes_back(segment.graph, directory, cld_static_passes[k].name, false);
    }
    cld_graph_free(segment.graph);
    cld_walk_free(walk);
    free(types);
}

/* How many models could be read. */
static int models_come_back(const char *pattern) {
    int count = 0;
    glob_t found = { 0 };
    glob(pattern, 0, NULL, &found);
    for (size_t k = 0; k < found.gl_pathc; k++) {
        cld_graph *graph = NULL;
        cld_model_facts facts;
        char directory[PATH_MAX];
        snprintf(directory, sizeof directory, "%s", found.gl_pathv[k]);
        const cld_onnx_options options = { .directory = dirname(directory) };
        if (cld_onnx_read(&graph, &facts, found.gl_pathv[k], &options, &err) != CLADE_OK)
            continue;
        comes_back(graph, directory, "the file", true);
        ck_ok(cld_passes_run(cld_model_passes, -1, graph, &err), err);
        static_graphs_come_back(graph, directory);
        cld_graph_free(graph);
        count++;
    }
    globfree(&found);
    return count;
}

START_TEST(of_every_shared_model) {
    char pattern[PATH_MAX + 20];
    const char *models = test_shared("models");
    if (models == NULL) {
        test_skip("no shared models");
        return;
    }
    snprintf(pattern, sizeof pattern, "%s/*/model.onnx", models);
    ck_assert_int_ge(models_come_back(pattern), 20);
}
END_TEST

START_TEST(of_onnx_cases) {
    char pattern[PATH_MAX];
    const char *data = getenv("CLADE_ONNX_DATA");
    snprintf(pattern, sizeof pattern, "%s/*/*/model.onnx", data != NULL ? data : "/usr/share/libonnx-testdata/data");
    if (models_come_back(pattern) == 0)
        test_skip("ONNX's test data are not installed");
}
END_TEST

Suite *suite_pass_round_trip(void);
Suite *suite_pass_round_trip(void) {
    Suite *suite = suite_create("pass/round_trip");
    TCase *tcase = tcase_create("round_trip");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, of_every_shared_model);
    tcase_add_test(tcase, of_onnx_cases);
    suite_add_tcase(suite, tcase);
    return suite;
}
