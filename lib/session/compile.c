/* SPDX-License-Identifier: Apache-2.0 */
/* The whole line on one page: model graph -> passes -> (per input shapes) static graph -> passes -> plan -> prepared
 * steps.
 *
 * In: a verified model graph. Out: stages that only have to be enqueued. A stage is one straight line of the model
 * between two cuts; see pass/specialise.c for what a cut is, and route.c for how a run finds its way through the
 * stages.
 */
#include "op/matrix/attention.h"
#include "session/session_internal.h"

/* ---- what a stage may cost ---- */

/* The device holds what every stage of the line leaves, and the largest arena; weights, which stages share, count once.
 */
static clade_status check_device(const clade_session *session, cld_stage *stage, clade_error *err) {
    const cld_caps *caps = cld_ocl_caps(session->device->ocl);
    const cld_plan *plan = stage->plan;
    size_t left = stage->parent ? stage->parent->left_bytes : 0, arena = stage->parent ? stage->parent->arena_bytes : 0;
    size_t need, cap = session->options.max_device_bytes;
    stage->left_bytes = left + plan->output_bytes;
    stage->arena_bytes = CLD_MAX(arena, plan->arena_bytes);
    if (!cld_add_size(left + stage->arena_bytes - plan->arena_bytes, cld_plan_bytes(plan), &need) ||
        (cap && need > cap))
        return cld_fail(err, CLADE_ERR_LIMIT, "the plan needs %zu bytes of device memory, the session may take %zu",
                        need, cap);
    if (caps->global_bytes && need > caps->global_bytes)
        return cld_fail(err, CLADE_ERR_DEVICE_MEMORY, "the plan needs %zu bytes of device memory, the device has %llu",
                        need, (unsigned long long)caps->global_bytes);
    return CLADE_OK;
}

static clade_status host_is_full(const clade_session *session, const cld_stage *stage, clade_error *err) {
    const cld_node *node = stage->parent ? stage->parent->segment.cut_node : NULL;
    return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': plans take more than %zu bytes of host memory",
                    node ? node->type : "model", node ? node->name : session->model->graph->name,
                    cld_session_host_limit(session));
}

/* Counts the stage's host memory, which cld_stage_free takes back. */
static clade_status check_host(clade_session *session, cld_stage *stage, clade_error *err) {
    session->host_bytes -= stage->host_bytes;
    stage->host_bytes = cld_arena_bytes(stage->segment.graph->arena) + cld_arena_bytes(stage->plan->arena) +
                        cld_walk_bytes(stage->walk);
    session->host_bytes += stage->host_bytes;
    return session->host_bytes <= cld_session_host_limit(session) ? CLADE_OK : host_is_full(session, stage, err);
}

/* ---- the line ---- */

const cld_graph *cld_compile_graph(const clade_session *session) {
    const clade_model *model = session->model;
    for (int32_t k = model->n_required; k < model->graph->n_inputs; k++)
        if (session->inputs[k].version)
            return model->open;
    return model->graph;
}

/* The device as it has shown itself: drivers may allow a kernel smaller groups than the device. */
static cld_caps shown_caps(const clade_session *session) {
    cld_caps caps = *cld_ocl_caps(session->device->ocl);
    size_t most = cld_exec_max_group(session->exec);
    for (int32_t d = 0; most && d < 3; d++)
        caps.max_group_dim[d] = CLD_MIN(caps.max_group_dim[d], most);
    if (most)
        caps.max_group = CLD_MIN(caps.max_group, most);
    return caps;
}

clade_status cld_compile_passes(const clade_session *session, cld_graph *graph, int32_t count, clade_error *err) {
    const cld_caps caps = shown_caps(session);
    graph->storage = session->options.precision;
    graph->linear_attention = cld_attention_suits(&caps);
    return cld_passes_run(cld_static_passes, count, graph, err);
}

static clade_status start_walk(clade_session *session, cld_stage *stage, clade_error *err) {
    size_t most = cld_session_host_limit(session), held = session->host_bytes;
    const cld_stage *parent = stage->parent;
    const cld_walk_limits limits = {
        .host_bytes = most > held ? most - held : 1,
        .watch = { session->options.progress, session->options.progress_user },
    };
    if (!parent)
        return cld_walk_new(&stage->walk, cld_compile_graph(session), stage->route->types, &limits, err);
    stage->cuts = parent->cuts + 1;
    stage->after = cld_turn_count(parent, &stage->fed);
    CLD_RETURN(cld_check_cuts(session, parent, stage->cuts, err));
    CLD_RETURN(cld_walk_copy(&stage->walk, parent->walk, &limits, err));
    if (stage->after)
        CLD_RETURN(cld_walk_skip(stage->walk, parent->parent->walk, &parent->segment, stage->after, err));
    return cld_walk_feed(stage->walk, &stage->fed, err);
}

/* The stage's plan, in place of the one it has. */
static clade_status plan_stage(clade_session *session, cld_stage *stage, clade_error *err) {
    const cld_measured measured = cld_device_measured(session->device);
    const cld_caps caps = shown_caps(session);
    const cld_plan_options options = { .no_blas = session->options.no_blas != 0,
                                       .unchecked_indices = session->options.unchecked_indices != 0,
                                       .prefer_impl = session->prefer_impl,
                                       .measured = session->options.no_records ? NULL : &measured,
                                       .watch = { session->options.progress, session->options.progress_user } };
    cld_plan_free(stage->plan);
    stage->plan = NULL;
    CLD_RETURN(cld_plan_new(&stage->plan, stage->segment.graph, &caps, &options, err));
    CLD_RETURN(check_device(session, stage, err));
    CLD_RETURN(check_host(session, stage, err));
    cld_log(stage->parent ? CLADE_LOG_DEBUG : CLADE_LOG_INFO, "planned: %d steps, %zu bytes on the device",
            (int)stage->plan->steps.n_steps, cld_plan_bytes(stage->plan));
    return CLADE_OK;
}

/* Once per straight line: from a walk to a plan. */
clade_status cld_compile_stage(cld_stage **out, clade_session *session, cld_route *route, cld_stage *parent,
                               clade_tensor *fed, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_stage *stage = cld_calloc(1, sizeof *stage);
    if (!stage)
        return cld_no_memory(err, "a stage");
    stage->parent = parent;
    stage->route = route;
    if (fed) {
        stage->fed = *fed; /* the walk borrows it from the stage, which outlives what follows */
        *fed = (clade_tensor){ 0 };
    }
    CLD_TRY(start_walk(session, stage, err));
    CLD_TRY(cld_walk_next(stage->walk, &stage->segment, err));
    CLD_TRY(cld_compile_passes(session, stage->segment.graph, -1, err));
    if (session->options.tune_seconds > 0 && !session->options.no_records)
        CLD_TRY(cld_session_tune_new(session, stage->segment.graph, err));
    CLD_TRY(plan_stage(session, stage, err));
    *out = stage;
    return CLADE_OK;
fail:
    cld_stage_free(session, stage);
    return status;
}

/* The buffers of the stage's inputs, for the caller to free. */
static clade_status find_inputs(cld_mem ***out, clade_session *session, const cld_stage *stage, clade_error *err) {
    const cld_graph *graph = stage->segment.graph;
    clade_status status = CLADE_OK;
    cld_mem **inputs = cld_calloc((size_t)graph->n_inputs + 1, sizeof(cld_mem *));
    if (!inputs)
        return cld_no_memory(err, "a stage");
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        const cld_slot *slot = stage->segment.carried_in[k];
        if (slot->input >= 0)
            CLD_TRY(cld_value_reserve(session, slot->input, err));
        inputs[k] = cld_value_input(session, stage, k);
        if (!inputs[k])
            CLD_TRY(cld_fail(err, CLADE_ERR_INTERNAL, "value '%s' is not on the device",
                             cld_graph_at(graph, graph->inputs[k])->name));
    }
    *out = inputs;
    return CLADE_OK;
fail:
    cld_free(inputs);
    return status;
}

/* Once per plan, when it is about to run: memory, programs, arguments. Where the driver allows a kernel smaller groups
 * only, the stage is planned again for those; each time for smaller ones, so this ends. */
clade_status cld_prepare_stage(clade_session *session, cld_stage *stage, clade_error *err) {
    cld_mem **inputs = NULL;
    if (stage->prepared)
        return CLADE_OK;
    session->keep = stage;
    CLD_RETURN(find_inputs(&inputs, session, stage, err));
    clade_status status;
    size_t most;
    do {
        most = cld_exec_max_group(session->exec);
        status = cld_prepared_new(&stage->prepared, session->exec, stage->plan, inputs, err);
    } while (status == CLADE_ERR_UNSUPPORTED && cld_exec_max_group(session->exec) != most &&
             (status = plan_stage(session, stage, err)) == CLADE_OK);
    cld_free(inputs);
    return status;
}
