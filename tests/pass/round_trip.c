/* SPDX-License-Identifier: Apache-2.0 */
/* The graphs of every shared model, as the file has them and behind each pass of its first segment: read back from
 * their text they write the same text.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/io.h"
#include "pass/pass.h"
#include "test.h"

enum { UNSPOKEN = 3 }; /* the size of what neither model nor data say */

static clade_error err;

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
    if (verify)
        ck_ok(cld_graph_verify(again, &err), err);
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

/* A model without test data is there to be refused. */
static void static_graphs_come_back(const cld_graph *graph, const char *directory) {
    char data[PATH_MAX + 400];
    snprintf(data, sizeof data, "%s/test_data_set_0", directory);
    const bool may_run = access(data, R_OK) == 0;
    cld_type *types = calloc((size_t)graph->n_inputs + 1, sizeof *types);
    cld_walk *walk = NULL;
    cld_segment segment = { 0 };
    ck_assert_ptr_nonnull(types);
    find_types(graph, directory, types);
    ck_ok(cld_walk_new(&walk, graph, types, NULL, &err), err);
    const clade_status status = cld_walk_next(walk, &segment, &err);
    ck_assert_msg(status == CLADE_OK || !may_run, "%s: %s", directory, err.message);
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

START_TEST(of_every_shared_model) {
    const char *models = test_shared("models");
    DIR *entries = models != NULL ? opendir(models) : NULL;
    int count = 0;
    if (entries == NULL) {
        test_skip("no shared models");
        return;
    }
    char root[PATH_MAX], directory[PATH_MAX + 300], path[PATH_MAX + 400];
    snprintf(root, sizeof root, "%s", models);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        cld_graph *graph = NULL;
        cld_model_facts facts;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(directory, sizeof directory, "%s/%s", root, entry->d_name);
        snprintf(path, sizeof path, "%s/model.onnx", directory);
        ck_ok(cld_onnx_read(&graph, &facts, path, &(cld_onnx_options){ .directory = directory }, &err), err);
        comes_back(graph, directory, "the file", true);
        ck_ok(cld_passes_run(cld_model_passes, -1, graph, &err), err);
        static_graphs_come_back(graph, directory);
        cld_graph_free(graph);
        count++;
    }
    closedir(entries);
    ck_assert_int_gt(count, 0);
}
END_TEST

Suite *suite_pass_round_trip(void);
Suite *suite_pass_round_trip(void) {
    Suite *suite = suite_create("pass/round_trip");
    TCase *tcase = tcase_create("round_trip");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, of_every_shared_model);
    suite_add_tcase(suite, tcase);
    return suite;
}
