/* SPDX-License-Identifier: Apache-2.0 */
/* Pass: operators that have an expansion become what they are made of.
 *
 * Needs: a static graph. Keeps: its inputs, the number and order of its outputs, the names of values. Makes: a graph of
 * operators that have rows, or are aliases; what an expansion makes is folded and expanded in turn (op/core/build.c).
 * It comes behind whatever wants to see an operator as the file had it.
 */
#include "pass/pass.h"

static bool has_work(const cld_graph *graph) {
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (graph->nodes[n].op->expand)
            return true;
    return false;
}

/* The values that stand for the node's outputs from here on. */
static clade_status expand(cld_graph *graph, const cld_node *node, cld_value_id *now, clade_error *err) {
    cld_build build = { .graph = graph, .node = node->name, .opset = node->opset };
    cld_value_id *out = cld_arena_copy(graph->arena, node->out, (size_t)node->n_out * sizeof *out);
    if (!out)
        return cld_no_memory(err, node->name);
    clade_status status = cld_build_node(&build, node, node->in, node->n_in, out, node->n_out, err);
    if (status == CLD_PENDING)
        return cld_fail(err, CLADE_ERR_INTERNAL, "%s '%s': needs a value when it is expanded", node->type, node->name);
    for (int32_t k = 0; k < node->n_out && status == CLADE_OK; k++) {
        if (!cld_present(node->out[k]))
            continue;
        cld_value *was = cld_graph_at(graph, node->out[k]), *is = cld_graph_at(graph, out[k]);
        if (!cld_type_equal(&was->type, &is->type))
            return cld_fail(err, CLADE_ERR_INTERNAL, "%s '%s': output %d is %s, its expansion gives %s", node->type,
                            node->name, (int)k, CLD_TYPE_TEXT(&was->type), CLD_TYPE_TEXT(&is->type));
        const char *name = is->name;
        if (is->producer >= 0) { /* an exchange, so that names stay unique */
            is->name = was->name;
            was->name = name;
        }
        was->producer = -1;
        now[node->out[k].i] = out[k];
    }
    return status;
}

static clade_status rebuild(cld_graph *graph, const cld_node *nodes, int32_t n_nodes, cld_value_id *now,
                            clade_error *err) {
    for (int32_t n = 0; n < n_nodes; n++) {
        cld_node node = nodes[n];
        for (int32_t k = 0; k < node.n_in; k++)
            if (cld_present(node.in[k]))
                node.in[k] = now[node.in[k].i];
        if (node.op->expand)
            CLD_RETURN(expand(graph, &node, now, err));
        else if (!cld_graph_node(graph, &node))
            return cld_no_memory(err, node.name);
    }
    for (int32_t k = 0; k < graph->n_outputs; k++)
        graph->outputs[k] = now[graph->outputs[k].i];
    return CLADE_OK;
}

clade_status cld_pass_lower(cld_graph *graph, clade_error *err) {
    const cld_node *nodes = graph->nodes;
    const int32_t n_nodes = graph->n_nodes;
    if (!has_work(graph))
        return CLADE_OK;
    cld_value_id *now = cld_calloc((size_t)graph->n_values + 1, sizeof *now); /* what a value has become */
    if (!now)
        return cld_no_memory(err, "a static graph");
    for (int32_t v = 0; v < graph->n_values; v++)
        now[v].i = v;
    graph->nodes = NULL;
    graph->n_nodes = graph->cap_nodes = 0;
    clade_status status = rebuild(graph, nodes, n_nodes, now, err);
    cld_free(now);
    return status;
}
