/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier: after it, a graph can be walked without another check of its structure.
 *
 * In: any graph, also one made from a hostile file. Out: ERR_GRAPH, or a graph in which ids are in range, names are
 * unique, every value that is used comes from exactly one place (an input, a constant, a state or one node), sub-graphs
 * have their captures, and nodes stand in topological order. The sort is stable: an order that is already valid stays.
 * Not here: types and operator arity (op/), which need the descriptors of a higher floor.
 */
#include "graph/graph.h"

enum { MAX_DEPTH = 64 }; /* nested sub-graphs; the recursion below uses little stack per level */

static clade_status check_id(const cld_graph *graph, cld_value_id id, const char *what, clade_error *err) {
    if (id.i < graph->n_values)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_GRAPH, "%s refers to value %d, graph '%s' has %d", what, (int)id.i, graph->name,
                    (int)graph->n_values);
}

static clade_status check_names(const cld_graph *graph, cld_arena *scratch, clade_error *err) {
    cld_names names;
    cld_names_init(&names, scratch);
    for (int32_t i = 0; i < graph->n_values; i++) {
        const char *name = graph->values[i].name;
        if (cld_names_get(&names, name) >= 0)
            return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' has two values named '%s'", graph->name, name);
        if (!cld_names_put(&names, name, i))
            return cld_no_memory(err, "the table of value names");
    }
    return CLADE_OK;
}

/* What is known of a value so far. */
enum { INPUT = 1, WRITTEN = 2 };

/* Marks the graph's inputs, each of which must be a plain value. */
static clade_status check_inputs(const cld_graph *graph, uint8_t *marks, clade_error *err) {
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        const cld_value_id id = graph->inputs[k];
        if (!cld_present(id))
            return cld_fail(err, CLADE_ERR_GRAPH, "input %d of graph '%s' is absent", (int)k, graph->name);
        CLD_RETURN(check_id(graph, id, "a graph input", err));
        const cld_value *value = cld_graph_at(graph, id);
        if (marks[id.i] & INPUT)
            return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' lists input '%s' twice", graph->name, value->name);
        if (value->constant != NULL && !value->is_default)
            return cld_fail(err, CLADE_ERR_GRAPH, "value '%s' is both an input and a constant", value->name);
        marks[id.i] |= INPUT;
    }
    if (graph->n_formal < 0 || graph->n_formal > graph->n_inputs)
        return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' has %d formal inputs of %d", graph->name,
                        (int)graph->n_formal, (int)graph->n_inputs);
    return CLADE_OK;
}

/* Every output has this node as its one producer. */
static clade_status check_outputs(const cld_graph *graph, int32_t index, uint8_t *marks, clade_error *err) {
    const cld_node *node = &graph->nodes[index];
    for (int32_t k = 0; k < node->n_out; k++) {
        if (!cld_present(node->out[k]))
            continue;
        CLD_RETURN(check_id(graph, node->out[k], node->name, err));
        const cld_value *value = cld_graph_at(graph, node->out[k]);
        uint8_t *mark = &marks[node->out[k].i];
        if ((*mark & INPUT) != 0 || value->constant != NULL || value->state != 0)
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' writes '%s', which is %s of the graph", node->type,
                            node->name, value->name,
                            value->constant != NULL ? "a constant"
                            : value->state != 0     ? "a state"
                                                    : "an input");
        if (value->producer != index || (*mark & WRITTEN) != 0)
            return cld_fail(err, CLADE_ERR_GRAPH, "value '%s' is written by node '%s' and once more by '%s'",
                            value->name, node->name, graph->nodes[value->producer].name);
        *mark |= WRITTEN;
    }
    return CLADE_OK;
}

static bool has_source(const cld_graph *graph, const uint8_t *marks, cld_value_id id) {
    const cld_value *value = cld_graph_at(graph, id);
    return value->producer >= 0 || value->constant != NULL || value->state != 0 || (marks[id.i] & INPUT) != 0;
}

static clade_status check_uses(const cld_graph *graph, const uint8_t *marks, clade_error *err) {
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        for (int32_t k = 0; k < node->n_in; k++) {
            if (!cld_present(node->in[k]))
                continue;
            CLD_RETURN(check_id(graph, node->in[k], node->name, err));
            if (!has_source(graph, marks, node->in[k]))
                return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' reads '%s', which nothing produces", node->type,
                                node->name, cld_graph_at(graph, node->in[k])->name);
        }
    }
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        if (!cld_present(graph->outputs[k]))
            return cld_fail(err, CLADE_ERR_GRAPH, "output %d of graph '%s' is absent", (int)k, graph->name);
        CLD_RETURN(check_id(graph, graph->outputs[k], "a graph output", err));
        if (!has_source(graph, marks, graph->outputs[k]))
            return cld_fail(err, CLADE_ERR_GRAPH, "graph output '%s' is produced by nothing",
                            cld_graph_at(graph, graph->outputs[k])->name);
    }
    return CLADE_OK;
}

/* Depth-first over producers with a stack of its own: each node is placed behind what it reads, in the given order. */
static clade_status order_nodes(const cld_graph *graph, cld_arena *scratch, int32_t *order, clade_error *err) {
    const size_t n = (size_t)graph->n_nodes;
    enum { NEW, OPEN, PLACED };
    uint8_t *state = cld_arena_calloc(scratch, n, 1);
    int32_t *stack = cld_arena_calloc(scratch, n, sizeof *stack);
    int32_t *next_in = cld_arena_calloc(scratch, n, sizeof *next_in);
    if (state == NULL || stack == NULL || next_in == NULL)
        return cld_no_memory(err, "the topological sort");
    int32_t placed = 0;
    for (int32_t root = 0; root < graph->n_nodes; root++) {
        int32_t depth = 0;
        if (state[root] == NEW)
            stack[depth++] = root;
        while (depth > 0) {
            const int32_t at = stack[depth - 1];
            const cld_node *node = &graph->nodes[at];
            state[at] = OPEN;
            if (next_in[at] == node->n_in) {
                state[at] = PLACED;
                order[placed++] = at;
                depth--;
                continue;
            }
            const cld_value_id in = node->in[next_in[at]++];
            const int32_t producer = cld_present(in) ? cld_graph_at(graph, in)->producer : -1;
            if (producer < 0 || state[producer] == PLACED)
                continue;
            if (state[producer] == OPEN)
                return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' has a cycle through node '%s'", graph->name,
                                graph->nodes[producer].name);
            stack[depth++] = producer;
        }
    }
    return CLADE_OK;
}

static clade_status sort_nodes(cld_graph *graph, cld_arena *scratch, clade_error *err) {
    int32_t *order = cld_arena_calloc(scratch, (size_t)graph->n_nodes, sizeof *order);
    cld_node *sorted = cld_arena_calloc(scratch, (size_t)graph->n_nodes, sizeof *sorted);
    if (order == NULL || sorted == NULL)
        return cld_no_memory(err, "the topological sort");
    CLD_RETURN(order_nodes(graph, scratch, order, err));
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        sorted[i] = graph->nodes[order[i]];
        for (int32_t k = 0; k < sorted[i].n_out; k++)
            if (cld_present(sorted[i].out[k]))
                cld_graph_at(graph, sorted[i].out[k])->producer = i;
    }
    if (graph->n_nodes > 0)
        memcpy(graph->nodes, sorted, (size_t)graph->n_nodes * sizeof *sorted);
    return CLADE_OK;
}

static clade_status verify_at(cld_graph *graph, int32_t depth, clade_error *err);

/* The node's last inputs are what its sub-graphs capture. */
static clade_status check_subgraphs(const cld_graph *graph, int32_t depth, clade_error *err) {
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        int64_t captures = 0;
        for (int32_t k = 0; k < node->n_attr; k++) {
            if (node->attr[k].kind != CLD_ATTR_GRAPH)
                continue;
            CLD_RETURN(verify_at(node->attr[k].u.graph, depth + 1, err));
            captures += node->attr[k].u.graph->n_inputs - node->attr[k].u.graph->n_formal;
        }
        if (captures > node->n_in)
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' has %d inputs, its sub-graphs capture %lld", node->type,
                            node->name, (int)node->n_in, (long long)captures);
    }
    return CLADE_OK;
}

static clade_status verify_at(cld_graph *graph, int32_t depth, clade_error *err) {
    if (depth > MAX_DEPTH)
        return cld_fail(err, CLADE_ERR_LIMIT, "graph '%s' lies more than %d sub-graphs deep", graph->name, MAX_DEPTH);
    clade_status status = CLADE_OK;
    cld_arena *scratch = cld_arena_new();
    uint8_t *marks = scratch != NULL ? cld_arena_calloc(scratch, (size_t)graph->n_values, sizeof *marks) : NULL;
    if (marks == NULL) {
        status = cld_no_memory(err, "verifying the graph");
        goto fail;
    }
    CLD_TRY(check_names(graph, scratch, err));
    CLD_TRY(check_inputs(graph, marks, err));
    for (int32_t i = 0; i < graph->n_nodes; i++)
        CLD_TRY(check_outputs(graph, i, marks, err));
    CLD_TRY(check_uses(graph, marks, err));
    CLD_TRY(sort_nodes(graph, scratch, err));
    CLD_TRY(check_subgraphs(graph, depth, err));
fail:
    cld_arena_free(scratch);
    return status;
}

clade_status cld_graph_verify(cld_graph *graph, clade_error *err) { return verify_at(graph, 0, err); }
