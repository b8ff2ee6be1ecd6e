/* SPDX-License-Identifier: Apache-2.0 */
#include "written.h"

#include <stdio.h>

#include "test.h"

static const cld_op *find(const cld_node *node, char *reason, size_t reason_size) {
    int32_t count;
    const cld_op *const *internal = cld_op_internal(&count);
    for (int32_t k = 0; k < count; k++)
        if (strcmp(node->domain, CLD_INTERNAL) == 0 && strcmp(node->type, internal[k]->name) == 0)
            return internal[k];
    return cld_op_of(node, reason, reason_size);
}

static void find_operators(cld_graph *graph) {
    char reason[200];
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        cld_node *node = &graph->nodes[n];
        if (node->opset == 0)
            node->opset = cld_op_newest(node->domain);
        node->op = find(node, reason, sizeof reason);
        ck_assert_msg(node->op != NULL || strncmp(node->domain, "com.", 4) == 0, "%s", reason);
        for (int32_t k = 0; k < node->n_attr; k++)
            if (node->attr[k].kind == CLD_ATTR_GRAPH)
                find_operators(node->attr[k].u.graph);
    }
}

cld_graph *written(const char *text) {
    clade_error err;
    cld_graph *graph = NULL;
    ck_ok(cld_graph_read(&graph, text, &err), err);
    find_operators(graph);
    return graph;
}

static void drop_opsets(char *text) {
    for (char *at = text; (at = strstr(at, "  @")) != NULL;) {
        const char *rest = at + 3 + strspn(at + 3, "0123456789");
        memmove(at, rest, strlen(rest) + 1);
    }
}

void check_written(const cld_graph *graph, const char *want) {
    cld_text text = { 0 };
    cld_graph_text(graph, true, &text);
    ck_assert(!text.failed);
    drop_opsets(text.data);
    ck_assert_str_eq(text.data, want);
    cld_text_free(&text);
}

void check_pass(clade_status (*pass)(cld_graph *graph, clade_error *err), const char *before, const char *after) {
    clade_error err;
    cld_graph *graph = written(before);
    ck_ok(pass(graph, &err), err);
    check_written(graph, after);
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}

void check_left(clade_status (*pass)(cld_graph *graph, clade_error *err), const char *text) {
    cld_text same = { 0 };
    cld_graph *graph = written(text);
    cld_graph_text(graph, true, &same);
    ck_assert(!same.failed);
    drop_opsets(same.data);
    check_pass(pass, text, same.data);
    cld_text_free(&same);
    cld_graph_free(graph);
}

const char *replaced(const char *text, const char *from, const char *to) {
    static char results[2][4096];
    static int turn;
    char *result = results[turn++ % 2];
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL && strstr(at + 1, from) == NULL, "'%s' does not stand there once", from);
    const int size = snprintf(result, sizeof results[0], "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    ck_assert_int_lt(size, (int)sizeof results[0]);
    return result;
}
