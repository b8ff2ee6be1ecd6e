/* SPDX-License-Identifier: Apache-2.0 */
/* A node of a graph taken out of it, with inputs of its own: constants stay what they are, since rows pack them once;
 * what was computed is random. Not for nodes whose inputs mean something (indices, states).
 */
#include "tune/tune_internal.h"

static const cld_type *type_of(const cld_graph *graph, cld_value_id id) { return &cld_graph_at(graph, id)->type; }

static bool can_stand_alone(const cld_graph *graph, const cld_node *node) {
    bool can = node->op->impls && node->op->describe && !node->op->updates;
    for (int32_t k = 0; k < node->n_in && can; k++) {
        const cld_value *value = cld_present(node->in[k]) ? cld_graph_at(graph, node->in[k]) : NULL;
        can = !value || value->constant || (!value->state && cld_dtype_in(value->type.dtype, CLD_FLOATS));
    }
    for (int32_t k = 0; k < node->n_out && can; k++)
        can = !cld_present(node->out[k]) || cld_type_count(type_of(graph, node->out[k])) > 0;
    return can;
}

/* Value `id` of `from` in `graph`, which has it already where the node reads it twice. */
static cld_value_id take_value(cld_graph *graph, const cld_graph *from, const cld_node *node, const cld_value_id *taken,
                               int32_t k) {
    const cld_value_id id = node->in[k];
    for (int32_t e = 0; e < k; e++)
        if (node->in[e].i == id.i)
            return taken[e];
    const cld_value *value = cld_graph_at(from, id);
    return value->constant ? cld_graph_constant(graph, value->name, value->constant)
                           : cld_graph_input(graph, value->name, &value->type);
}

static clade_status extract(cld_graph **out, const cld_graph *from, const cld_node *node, clade_error *err) {
    cld_graph *graph = cld_graph_new(NULL, "tune");
    cld_value_id *ids = cld_calloc((size_t)(node->n_in + node->n_out) + 1, sizeof *ids);
    bool whole = graph && ids;
    cld_node proto = *node;
    proto.in = ids;
    proto.out = ids + node->n_in;
    for (int32_t k = 0; k < node->n_in && whole; k++) {
        ids[k] = CLD_ABSENT;
        if (cld_present(node->in[k]))
            whole = cld_present(ids[k] = take_value(graph, from, node, ids, k));
    }
    for (int32_t k = 0; k < node->n_out && whole; k++) {
        proto.out[k] = CLD_ABSENT;
        if (cld_present(node->out[k]))
            whole = cld_present(proto.out[k] = cld_graph_value(graph, NULL, type_of(from, node->out[k])));
    }
    whole = whole && cld_graph_node(graph, &proto);
    for (int32_t k = 0; k < node->n_out && whole; k++)
        whole = !cld_present(proto.out[k]) || cld_graph_output(graph, proto.out[k]);
    cld_free(ids);
    if (!whole) {
        cld_graph_free(graph);
        return cld_no_memory(err, "a graph to tune");
    }
    *out = graph;
    return CLADE_OK;
}

uint64_t cld_workbench_random(cld_workbench *bench) {
    bench->random ^= bench->random << 13; /* Marsaglia 2003, xorshift64 */
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random;
}

static clade_status fill_input(cld_workbench *bench, int32_t k, clade_error *err) {
    const cld_type *type = type_of(bench->graph, bench->graph->inputs[k]);
    clade_tensor host;
    clade_status status = CLADE_OK;
    CLD_RETURN(clade_tensor_alloc(&host, type->dtype, type->rank, type->dims, err));
    const int64_t count = cld_type_count(type);
    for (int64_t e = 0; e < count; e++)
        cld_tensor_set(&host, e, (double)(cld_workbench_random(bench) >> 11) * 0x1p-52 - 1);
    CLD_TRY(cld_exec_alloc(bench->exec, &bench->inputs[k], host.size_bytes, err));
    CLD_TRY(cld_mem_write(cld_exec_queue(bench->exec), bench->inputs[k], 0, host.data, host.size_bytes, true, err));
fail:
    clade_tensor_free(&host);
    return status;
}

/* What the candidates are compared with: the last row, or, where that would take too long, what is chosen now. */
static clade_status make_reference(cld_workbench *bench, clade_error *err) {
    const double longest = 3;
    const cld_impl *last = bench->op->impls;
    cld_candidate candidate;
    cld_plan *plan;
    cld_arena *arena = cld_arena_new();
    if (!arena)
        return cld_no_memory(err, "a reference");
    while (last[1].name)
        last++;
    clade_status status = cld_candidate_plan(&candidate, &plan, arena, bench, last->name, err);
    if (status == CLADE_OK && candidate.cost > longest) {
        cld_plan_free(plan);
        status = cld_candidate_plan(&candidate, &plan, arena, bench, NULL, err);
    }
    if (status == CLADE_OK) {
        status = cld_trial_outputs(bench->want, bench, plan, err);
        cld_plan_free(plan);
    }
    cld_arena_free(arena);
    return status;
}

clade_status cld_workbench_problem(const char **problem, cld_arena *arena, const cld_tune_order *order,
                                   const cld_graph *graph, int32_t node, clade_error *err) {
    cld_workbench bench = { .order = order, .op = graph->nodes[node].op };
    cld_candidate candidate;
    *problem = NULL;
    if (!can_stand_alone(graph, &graph->nodes[node]))
        return CLADE_OK;
    CLD_RETURN(extract(&bench.graph, graph, &graph->nodes[node], err));
    clade_status status = cld_candidate_plan(&candidate, NULL, arena, &bench, NULL, err);
    cld_graph_free(bench.graph);
    if (status == CLADE_OK)
        *problem = candidate.problem;
    return status;
}

clade_status cld_workbench_new(cld_workbench **out, const cld_tune_order *order, const cld_graph *graph, int32_t node,
                               clade_error *err) {
    clade_status status = CLADE_OK;
    cld_queue *queue;
    cld_workbench *bench = cld_calloc(1, sizeof *bench);
    if (!bench)
        return cld_no_memory(err, "a node to tune");
    *bench = (cld_workbench){ .order = order, .op = graph->nodes[node].op, .random = 0x9e3779b97f4a7c15 };
    CLD_TRY(extract(&bench->graph, graph, &graph->nodes[node], err));
    bench->inputs = cld_calloc((size_t)bench->graph->n_inputs + 1, sizeof *bench->inputs);
    bench->want = cld_calloc((size_t)bench->graph->n_outputs + 1, sizeof *bench->want);
    if (!bench->inputs || !bench->want)
        CLD_TRY(cld_no_memory(err, "a node to tune"));
    CLD_TRY(cld_queue_new(&queue, order->ocl, false, err));
    CLD_TRY(cld_exec_new(&bench->exec, order->ocl, queue, &(cld_exec_options){ .weights = order->weights }, err));
    for (int32_t k = 0; k < bench->graph->n_inputs; k++)
        CLD_TRY(fill_input(bench, k, err));
    CLD_TRY(make_reference(bench, err));
    *out = bench;
    return CLADE_OK;
fail:
    cld_workbench_free(bench);
    return status;
}

void cld_workbench_free(cld_workbench *bench) {
    if (!bench)
        return;
    for (int32_t k = 0; bench->want && k < bench->graph->n_outputs; k++)
        clade_tensor_free(&bench->want[k]);
    for (int32_t k = 0; bench->inputs && k < bench->graph->n_inputs; k++)
        cld_exec_release(bench->exec, bench->inputs[k]);
    cld_exec_free(bench->exec);
    cld_graph_free(bench->graph);
    cld_free(bench->inputs);
    cld_free(bench->want);
    cld_free(bench);
}
