/* SPDX-License-Identifier: Apache-2.0 */
/* Drops nodes whose results nobody uses, and the optional results nobody uses of those that stay.
 *
 * Needs: nodes in topological order. Keeps: the order, value ids, inputs and outputs. Values of dropped nodes stay in
 * the table without a producer. Sub-graphs are left as they are: they are inlined before it would pay.
 */
#include "pass/pass.h"

/* Reverse order, so that every reader of a value has been seen before its producer. */
static void mark_live(cld_graph *graph, bool *used, bool *live) {
    for (int32_t k = 0; k < graph->n_outputs; k++)
        used[graph->outputs[k].i] = true;
    for (int32_t i = graph->n_nodes - 1; i >= 0; i--) {
        const cld_node *node = &graph->nodes[i];
        live[i] = node->op != NULL && node->op->updates != 0; /* read or not */
        for (int32_t k = 0; k < node->n_out; k++)
            live[i] |= cld_present(node->out[k]) && used[node->out[k].i];
        for (int32_t k = 0; live[i] && k < node->n_in; k++)
            if (cld_present(node->in[k]))
                used[node->in[k].i] = true;
    }
}

static void drop_unused_outputs(cld_graph *graph, cld_node *node, const bool *used) {
    const int32_t required = node->op != NULL ? node->op->min_out : node->n_out;
    for (int32_t k = required; k < node->n_out; k++) {
        if (!cld_present(node->out[k]) || used[node->out[k].i])
            continue;
        cld_graph_at(graph, node->out[k])->producer = -1;
        node->out[k] = CLD_ABSENT;
    }
}

static void set_producer(cld_graph *graph, const cld_node *node, int32_t index) {
    for (int32_t k = 0; k < node->n_out; k++)
        if (cld_present(node->out[k]))
            cld_graph_at(graph, node->out[k])->producer = index;
}

clade_status cld_pass_dead(cld_graph *graph, clade_error *err) {
    cld_arena *scratch = cld_arena_new();
    bool *used = scratch != NULL ? cld_arena_calloc(scratch, (size_t)graph->n_values, sizeof *used) : NULL;
    bool *live = scratch != NULL ? cld_arena_calloc(scratch, (size_t)graph->n_nodes, sizeof *live) : NULL;
    if (used == NULL || live == NULL) {
        cld_arena_free(scratch);
        return cld_no_memory(err, "dropping dead nodes");
    }
    mark_live(graph, used, live);
    int32_t kept = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        if (!live[i]) {
            set_producer(graph, &graph->nodes[i], -1);
            continue;
        }
        drop_unused_outputs(graph, &graph->nodes[i], used);
        set_producer(graph, &graph->nodes[i], kept);
        graph->nodes[kept++] = graph->nodes[i];
    }
    graph->n_nodes = kept;
    cld_arena_free(scratch);
    return CLADE_OK;
}
