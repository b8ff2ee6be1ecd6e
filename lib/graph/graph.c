/* SPDX-License-Identifier: Apache-2.0 */
/* Building a graph: values, inputs, outputs, constants and nodes, appended to arrays in the graph's arena.
 *
 * Nothing is checked here beyond memory and what keeps the arrays consistent; cld_graph_verify judges the result. A
 * value that two nodes produce keeps the last one as producer, which is how the verifier finds it.
 */
#include "graph/graph.h"

cld_graph *cld_graph_new(cld_arena *arena, const char *name) {
    cld_arena *home = arena != NULL ? arena : cld_arena_new();
    if (home == NULL)
        return NULL;
    cld_graph *graph = cld_arena_alloc(home, sizeof *graph);
    const char *copy = cld_arena_text(home, name != NULL ? name : "");
    if (graph == NULL || copy == NULL) {
        if (arena == NULL)
            cld_arena_free(home);
        return NULL;
    }
    graph->arena = home;
    graph->name = copy;
    return graph;
}

cld_graph *cld_graph_copy(const cld_graph *graph) {
    cld_arena *arena = graph->arena;
    cld_graph *copy = cld_arena_copy(arena, graph, sizeof *graph);
    if (copy == NULL)
        return NULL;
    copy->values = cld_arena_copy(arena, graph->values, (size_t)graph->n_values * sizeof *graph->values);
    copy->nodes = cld_arena_copy(arena, graph->nodes, (size_t)graph->n_nodes * sizeof *graph->nodes);
    copy->inputs = cld_arena_copy(arena, graph->inputs, (size_t)graph->n_inputs * sizeof *graph->inputs);
    copy->outputs = cld_arena_copy(arena, graph->outputs, (size_t)graph->n_outputs * sizeof *graph->outputs);
    bool good = copy->values != NULL && copy->nodes != NULL && copy->inputs != NULL && copy->outputs != NULL;
    copy->maps = NULL; /* the original's */
    copy->cap_values = graph->n_values;
    copy->cap_nodes = graph->n_nodes;
    copy->cap_inputs = graph->n_inputs;
    copy->cap_outputs = graph->n_outputs;
    for (int32_t n = 0; good && n < copy->n_nodes; n++) {
        cld_node *node = &copy->nodes[n];
        node->in = cld_arena_copy(arena, node->in, (size_t)node->n_in * sizeof *node->in);
        node->out = cld_arena_copy(arena, node->out, (size_t)node->n_out * sizeof *node->out);
        good = node->in != NULL && node->out != NULL;
    }
    return good ? copy : NULL;
}

void cld_graph_free(cld_graph *graph) {
    if (graph == NULL)
        return;
    cld_mappings_free(graph->maps);
    cld_arena_free(graph->arena);
}

/* A typed view of cld_arena_grow, which knows arrays as void pointers only. */
#define GROW(graph, array, capacity, count)                                                                            \
    cld_arena_grow((graph)->arena, (void **)&(graph)->array, &(graph)->capacity, (graph)->count + 1,                   \
                   sizeof *(graph)->array)

cld_value_id cld_graph_value(cld_graph *graph, const char *name, const cld_type *type) {
    if (graph->n_values == INT32_MAX || !GROW(graph, values, cap_values, n_values))
        return CLD_ABSENT;
    const char *copy = name != NULL ? cld_arena_text(graph->arena, name)
                                    : cld_arena_printf(graph->arena, "%%%d", (int)graph->n_values);
    if (copy == NULL)
        return CLD_ABSENT;
    graph->values[graph->n_values] = (cld_value){ .name = copy, .type = *type, .producer = -1 };
    return (cld_value_id){ graph->n_values++ };
}

cld_value_id cld_graph_state(cld_graph *graph, const char *name, int32_t number, const clade_tensor *initial) {
    const cld_type type = cld_tensor_type(initial);
    cld_value_id id = cld_graph_value(graph, name, &type);
    if (cld_present(id)) {
        graph->values[id.i].state = number;
        graph->values[id.i].initial = initial;
    }
    return id;
}

cld_value_id cld_graph_input(cld_graph *graph, const char *name, const cld_type *type) {
    if (!GROW(graph, inputs, cap_inputs, n_inputs))
        return CLD_ABSENT;
    cld_value_id id = cld_graph_value(graph, name, type);
    if (cld_present(id))
        graph->inputs[graph->n_inputs++] = id;
    return id;
}

cld_value_id cld_graph_constant(cld_graph *graph, const char *name, const clade_tensor *tensor) {
    const cld_type type = cld_tensor_type(tensor);
    cld_value_id id = cld_graph_value(graph, name, &type);
    if (cld_present(id))
        cld_graph_at(graph, id)->constant = tensor;
    return id;
}

bool cld_graph_default(cld_graph *graph, cld_value_id constant) {
    if (!GROW(graph, inputs, cap_inputs, n_inputs))
        return false;
    graph->inputs[graph->n_inputs++] = constant;
    cld_graph_at(graph, constant)->is_default = true;
    return true;
}

bool cld_graph_output(cld_graph *graph, cld_value_id value) {
    if (!GROW(graph, outputs, cap_outputs, n_outputs))
        return false;
    graph->outputs[graph->n_outputs++] = value;
    return true;
}

cld_node *cld_graph_node(cld_graph *graph, const cld_node *proto) {
    cld_arena *arena = graph->arena;
    if (graph->n_nodes == INT32_MAX || !GROW(graph, nodes, cap_nodes, n_nodes))
        return NULL;
    cld_node node = *proto;
    node.name = proto->name != NULL ? cld_arena_text(arena, proto->name)
                                    : cld_arena_printf(arena, "%s_%d", proto->type, (int)graph->n_nodes);
    node.type = cld_arena_text(arena, proto->type);
    node.domain = cld_arena_text(arena, proto->domain != NULL ? proto->domain : "");
    node.in = cld_arena_copy(arena, proto->in, (size_t)proto->n_in * sizeof *proto->in);
    node.out = cld_arena_copy(arena, proto->out, (size_t)proto->n_out * sizeof *proto->out);
    node.attr = cld_arena_copy(arena, proto->attr, (size_t)proto->n_attr * sizeof *proto->attr);
    if (node.name == NULL || node.type == NULL || node.domain == NULL || node.in == NULL || node.out == NULL ||
        node.attr == NULL)
        return NULL;
    for (int32_t k = 0; k < node.n_out; k++)
        if (cld_present(node.out[k]) && node.out[k].i < graph->n_values)
            cld_graph_at(graph, node.out[k])->producer = graph->n_nodes;
    graph->nodes[graph->n_nodes] = node;
    return &graph->nodes[graph->n_nodes++];
}
