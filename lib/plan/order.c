/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a plan's nodes where some update state in place: updates, and what reads their results, come behind all
 * that reads a state as it was. Where that cannot be, the node is refused: nothing is copied in silence.
 *
 * In: a static graph and the buffer of each value. Out: the nodes in an order in which no step reads a buffer that was
 * meant before an update.
 */
#include "plan/plan_internal.h"

static bool updates(const cld_node *node, int32_t k) { return k < 32 && (node->op->updates >> k & 1) != 0; }

clade_status cld_plan_update(cld_plan *plan, const cld_node *node, clade_error *err) {
    for (int32_t k = 0; k < node->n_out; k++) {
        if (!updates(node, k) || !cld_present(node->out[k]))
            continue;
        const int32_t buf = plan->buf_of_value[node->in[k].i];
        if (!plan->graph->values[buf].state)
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': input %d is to be updated and is no state", node->type,
                            node->name, (int)k);
        plan->buf_of_value[node->out[k].i] = buf;
    }
    return CLADE_OK;
}

/* The node updates, or reads what an update gives. */
static bool is_late(const cld_graph *graph, const bool *late, const cld_node *node) {
    bool found = node->op->updates != 0;
    for (int32_t k = 0; k < node->n_in && !found; k++) {
        const int32_t producer = cld_present(node->in[k]) ? cld_graph_at(graph, node->in[k])->producer : -1;
        found = producer >= 0 && late[producer];
    }
    return found;
}

/* Every input is meant as its buffer is by then; what the node gives is of the same time, or of a new one. */
static clade_status pass_time(const cld_plan *plan, const cld_node *node, int32_t *time_of, int32_t *now,
                              clade_error *err) {
    int32_t time = 0;
    for (int32_t k = 0; k < node->n_in; k++) {
        if (!cld_present(node->in[k]))
            continue;
        const int32_t v = node->in[k].i, buf = plan->buf_of_value[v];
        if (time_of[v] != now[buf])
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': reads '%s' as it was before an update that it depends on",
                            node->type, node->name, plan->graph->values[buf].name);
        time = k == 0 ? time_of[v] : time;
    }
    for (int32_t k = 0; k < node->n_out; k++) {
        if (!cld_present(node->out[k]))
            continue;
        if (updates(node, k))
            time_of[node->out[k].i] = ++now[plan->buf_of_value[node->out[k].i]];
        else if (node->op->alias && k == 0)
            time_of[node->out[k].i] = time;
    }
    return CLADE_OK;
}

static clade_status arrange(const cld_plan *plan, int32_t *order, bool *late, int32_t *time_of, int32_t *now,
                            clade_error *err) {
    const cld_graph *graph = plan->graph;
    int32_t count = 0;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        late[n] = is_late(graph, late, &graph->nodes[n]);
    for (int turn = 0; turn < 2; turn++)
        for (int32_t n = 0; n < graph->n_nodes; n++)
            if (late[n] == (turn == 1))
                order[count++] = n;
    for (int32_t k = 0; k < count; k++)
        CLD_RETURN(pass_time(plan, &graph->nodes[order[k]], time_of, now, err));
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        const int32_t v = graph->outputs[k].i, buf = plan->buf_of_value[v];
        if (time_of[v] != now[buf])
            return cld_fail(err, CLADE_ERR_GRAPH, "output '%s' is state '%s' as it was before it was updated",
                            graph->values[v].name, graph->values[buf].name);
    }
    return CLADE_OK;
}

clade_status cld_plan_order(const cld_plan *plan, const int32_t **out, clade_error *err) {
    const cld_graph *graph = plan->graph;
    const size_t n_nodes = (size_t)graph->n_nodes, n_values = (size_t)graph->n_values;
    int32_t *order = cld_arena_calloc(plan->arena, n_nodes + 1, sizeof *order);
    cld_arena *scratch = cld_arena_new();
    bool *late = scratch ? cld_arena_calloc(scratch, n_nodes + 1, sizeof *late) : NULL;
    int32_t *time_of = scratch ? cld_arena_calloc(scratch, n_values + 1, sizeof *time_of) : NULL;
    int32_t *now = scratch ? cld_arena_calloc(scratch, n_values + 1, sizeof *now) : NULL;
    clade_status status =
        order && late && time_of && now ? arrange(plan, order, late, time_of, now, err) : cld_no_memory(err, "a plan");
    cld_arena_free(scratch);
    *out = order;
    return status;
}
