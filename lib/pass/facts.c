/* SPDX-License-Identifier: Apache-2.0 */
/* What passes ask of a graph. */
#include "pass/facts.h"

const clade_tensor *cld_constant_in(const cld_graph *graph, const cld_node *node, int32_t k) {
    return k < node->n_in && cld_present(node->in[k]) ? cld_graph_at(graph, node->in[k])->constant : NULL;
}

cld_node *cld_made_by(const cld_graph *graph, cld_value_id id, const cld_op *op) {
    const int32_t producer = cld_present(id) ? cld_graph_at(graph, id)->producer : -1;
    return producer >= 0 && graph->nodes[producer].op == op ? &graph->nodes[producer] : NULL;
}

int32_t cld_readers_count(const cld_readers *readers, cld_value_id id) {
    return readers->first[id.i + 1] - readers->first[id.i] + readers->is_output[id.i];
}

clade_status cld_readers_gather(cld_readers *out, const cld_graph *graph, cld_arena *arena, clade_error *err) {
    size_t n_values = (size_t)graph->n_values, n_reads = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        n_reads += (size_t)graph->nodes[i].n_in;
    out->is_output = cld_arena_calloc(arena, n_values + 1, sizeof *out->is_output);
    out->first = cld_arena_calloc(arena, n_values + 2, sizeof *out->first);
    out->reader = cld_arena_calloc(arena, n_reads + 1, sizeof *out->reader);
    if (!out->is_output || !out->first || !out->reader)
        return cld_no_memory(err, "a pass");
    for (int32_t k = 0; k < graph->n_outputs; k++)
        out->is_output[graph->outputs[k].i] = true;
    /* Counting sort by value: first[v + 1] counts, then runs ahead while the readers are written, and ends as v + 1's.
     */
    int32_t *next = out->first + 1;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (cld_present(graph->nodes[i].in[k]))
                next[graph->nodes[i].in[k].i + 1]++;
    for (size_t v = 0; v < n_values; v++)
        next[v + 1] += next[v];
    for (int32_t i = 0; i < graph->n_nodes; i++)
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (cld_present(graph->nodes[i].in[k]))
                out->reader[next[graph->nodes[i].in[k].i]++] = i;
    return CLADE_OK;
}
