/* SPDX-License-Identifier: Apache-2.0 */
/* Static graph -> plan: buffers of values, a row and its steps for every node, places for all of it.
 *
 * In: a static graph. Out: steps in execution order; every buffer's place; the exact bytes, before anything is
 * allocated. Aliases share their input's buffer. Only what a step touches gets memory. Placement itself is in place.c.
 */
#include "plan/plan_internal.h"

enum { NODES_PER_CALL = 256 }; /* of the progress callback */

/* One buffer per value that is not an alias. Ids are value ids, so that scratch buffers may follow them. */
static clade_status assign_buffers(cld_plan *plan, clade_error *err) {
    const cld_graph *graph = plan->graph;
    plan->buf_of_value = cld_arena_calloc(plan->arena, (size_t)graph->n_values + 1, sizeof(int32_t));
    plan->buf_of_output = cld_arena_calloc(plan->arena, (size_t)graph->n_outputs + 1, sizeof(int32_t));
    if (!plan->buf_of_value || !plan->buf_of_output)
        return cld_no_memory(err, "a plan");
    for (int32_t v = 0; v < graph->n_values; v++)
        plan->buf_of_value[v] = v;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const cld_node *node = &graph->nodes[n];
        if (node->op->alias)
            plan->buf_of_value[node->out[0].i] = plan->buf_of_value[node->in[0].i];
        CLD_RETURN(cld_plan_update(plan, node, err));
    }
    return CLADE_OK;
}

/* The step computes with double. */
static bool is_double(const cld_step *step) {
    for (int32_t k = 0; k < step->n_defines; k++)
        if (strcmp(step->defines[k].text, cld_kern_type(CLADE_FLOAT64)) == 0)
            return true;
    return step->kind == CLD_STEP_GEMM ? step->u.gemm.dtype == CLADE_FLOAT64
                                       : step->kind == CLD_STEP_CONVGEMM && step->u.conv.dtype == CLADE_FLOAT64;
}

/* What the device, or the kernels, which count work-items with int, cannot do. */
static clade_status check_step(const cld_call *call, const cld_step *step, const cld_caps *caps, clade_error *err) {
    if (!caps->fp64 && is_double(step))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "this device has no float64 arithmetic");
    for (int d = 0; step->kind == CLD_STEP_KERNEL && d < 3; d++)
        if (step->global[d] > INT32_MAX)
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "it takes a launch of %zu work-items, %d are the most",
                                 step->global[d], INT32_MAX);
    return CLADE_OK;
}

/* The kernels index with int: a tensor they see leaves room for what they add, a work-item's share or a group. An empty
 * dimension counts as 1: kernels loop over the others. */
static clade_status check_sizes(const cld_call *call, clade_error *err) {
    enum { MOST = INT32_MAX / 4 * 3 };
    for (int32_t k = 0; k < call->n_in + call->n_out; k++) {
        const cld_type *type = k < call->n_in ? &call->in[k] : &call->out[k - call->n_in];
        int64_t count = type->dtype != CLADE_NONE;
        for (int32_t d = 0; count && d < type->rank; d++)
            count *= CLD_MAX(type->dims[d], 1);
        if (count > MOST)
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "a tensor of %s has more than %d elements",
                                 CLD_TYPE_TEXT(type), MOST);
    }
    return CLADE_OK;
}

static clade_status emit_node(cld_plan *plan, int32_t n, const cld_caps *caps, const cld_plan_options *options,
                              clade_error *err) {
    const cld_graph *graph = plan->graph;
    const cld_node *node = &graph->nodes[n];
    cld_call call;
    CLD_RETURN(cld_call_make(&call, graph, graph->arena, node, node->in, node->n_in, node->n_out, err));
    cld_buf *in = cld_arena_calloc(plan->arena, (size_t)node->n_in + 1, sizeof *in);
    cld_buf *out = cld_arena_calloc(plan->arena, (size_t)node->n_out + 1, sizeof *out);
    bool *constant = cld_arena_calloc(plan->arena, (size_t)node->n_in + 1, sizeof *constant);
    if (!in || !out || !constant)
        return cld_no_memory(err, "a plan");
    for (int32_t k = 0; k < node->n_in; k++) {
        in[k].i = cld_present(node->in[k]) ? plan->buf_of_value[node->in[k].i] : -1;
        constant[k] = in[k].i >= 0 && graph->values[in[k].i].constant;
    }
    for (int32_t k = 0; k < node->n_out; k++) {
        out[k].i = cld_present(node->out[k]) ? plan->buf_of_value[node->out[k].i] : -1;
        if (out[k].i >= 0)
            call.out[k] = cld_graph_at(graph, node->out[k])->type;
    }
    CLD_RETURN(check_sizes(&call, err));
    plan->steps.node = node->name;
    plan->steps.impl = plan->steps.problem = NULL;
    cld_emit emit = { .call = &call,
                      .caps = caps,
                      .in = in,
                      .out = out,
                      .constant = constant,
                      .steps = &plan->steps,
                      .measured = options->measured,
                      .observer = options->observer };
    const int32_t before = plan->steps.n_steps;
    CLD_RETURN(cld_choose_node(&emit, options->prefer_impl, err));
    for (int32_t k = before; k < plan->steps.n_steps; k++)
        CLD_RETURN(check_step(&call, &plan->steps.steps[k], caps, err));
    return plan->steps.failed ? cld_no_memory(err, "a plan") : CLADE_OK;
}

/* Outputs get buffers of their own; one that is an input, a constant or another output is copied at the end. */
static clade_status claim_outputs(cld_plan *plan, clade_error *err) {
    const cld_graph *graph = plan->graph;
    bool *taken = cld_calloc((size_t)graph->n_values + 1, sizeof *taken);
    if (!taken)
        return cld_no_memory(err, "a plan");
    plan->steps.node = "output";
    plan->steps.impl = "copy";
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        int32_t buf = plan->buf_of_value[graph->outputs[k].i];
        bool own = graph->values[buf].state || (graph->values[buf].producer >= 0 && !taken[buf]);
        plan->buf_of_output[k] = buf;
        taken[buf] = true;
        if (!own) {
            size_t bytes = cld_type_bytes(&cld_graph_at(graph, graph->outputs[k])->type);
            cld_buf copy = cld_step_scratch(&plan->steps, bytes);
            cld_step_copy(&plan->steps, copy, 0, (cld_buf){ buf }, 0, bytes);
            plan->buf_of_output[k] = copy.i;
        }
    }
    cld_free(taken);
    return plan->steps.failed ? cld_no_memory(err, "a plan") : CLADE_OK;
}

static void note_checks(cld_plan *plan, const cld_caps *caps) {
    for (int32_t s = 0; s < plan->steps.n_steps && !plan->fault_bytes; s++)
        if (cld_step_checks(&plan->steps.steps[s]))
            plan->fault_bytes = cld_caps_round(caps, sizeof(cld_fault));
}

clade_status cld_plan_new(cld_plan **out, const cld_graph *graph, const cld_caps *caps, const cld_plan_options *options,
                          clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *arena = cld_arena_new();
    cld_plan *plan = arena ? cld_arena_alloc(arena, sizeof *plan) : NULL;
    if (!plan) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a plan");
    }
    cld_caps usable = *caps;
    usable.blas = caps->blas && !options->no_blas;
    *plan = (cld_plan){ .arena = arena, .graph = graph, .guard_bytes = options->guard_bytes };
    plan->steps.arena = arena;
    plan->steps.unchecked = options->unchecked_indices;
    plan->steps.first_scratch = graph->n_values;
    const int32_t *order;
    CLD_TRY(assign_buffers(plan, err));
    CLD_TRY(cld_plan_order(plan, &order, err));
    for (int32_t k = 0; k < graph->n_nodes; k++) {
        const int32_t n = order[k];
        if (n % NODES_PER_CALL == NODES_PER_CALL - 1)
            CLD_TRY(cld_watch_ask(&options->watch, "planning", (size_t)n, (size_t)graph->n_nodes, err));
        if (!graph->nodes[n].op->alias)
            CLD_TRY(emit_node(plan, n, &usable, options, err));
    }
    CLD_TRY(claim_outputs(plan, err));
    CLD_TRY(cld_plan_place(plan, caps, err));
    note_checks(plan, caps);
fail:
    /* A row that lacks memory says that it cannot run the node, and another one is taken or none is left. */
    if (cld_arena_failed(arena) || cld_arena_failed(graph->arena))
        status = cld_no_memory(err, "a plan");
    if (status == CLADE_OK)
        *out = plan;
    else
        cld_plan_free(plan);
    return status;
}

void cld_plan_free(cld_plan *plan) {
    if (plan)
        cld_arena_free(plan->arena);
}

size_t cld_plan_bytes(const cld_plan *plan) {
    return plan->arena_bytes + plan->input_bytes + plan->output_bytes + plan->state_bytes + plan->constant_bytes +
           plan->packed_bytes + plan->fault_bytes;
}
