/* SPDX-License-Identifier: Apache-2.0 */
#include "written.h"

#include "test.h"

cld_graph *written(const char *text) {
    clade_error err;
    char reason[200];
    cld_graph *graph = NULL;
    ck_ok(cld_graph_read(&graph, text, &err), err);
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        cld_node *node = &graph->nodes[n];
        if (node->opset == 0)
            node->opset = cld_op_newest(node->domain);
        node->op = cld_op_of(node, reason, sizeof reason);
        ck_assert_msg(node->op != NULL, "%s", reason);
    }
    return graph;
}

/* Without opsets: most tests do not say any. */
void check_written(const cld_graph *graph, const char *want) {
    cld_text text = { 0 };
    cld_graph *copy = cld_graph_copy(graph);
    ck_assert_ptr_nonnull(copy);
    for (int32_t n = 0; n < copy->n_nodes; n++)
        copy->nodes[n].opset = 0;
    cld_graph_text(copy, true, &text);
    ck_assert(!text.failed);
    ck_assert_str_eq(text.data, want);
    cld_text_free(&text);
}
