/* SPDX-License-Identifier: Apache-2.0 */
/* The whole line on one page: model graph -> passes -> (per input shapes) static graph -> passes -> plan -> prepared
 * steps.
 *
 * In: a verified model graph. Out: stages that only have to be enqueued. A stage is one straight line of the model
 * between two cuts; see pass/specialise.c for what a cut is, and route.c for how a run finds its way through the
 * stages.
 */
#include "session/session_internal.h"

#include <stdlib.h>

/* Once per model: what needs no shapes. */
clade_status cld_compile_model(cld_graph *graph, clade_error *err) {
    CLD_RETURN(cld_pass_fold_batchnorm(graph, err));
    CLD_RETURN(cld_pass_fold_batchnorm_next(graph, err));
    return cld_pass_dead(graph, err);
}

static clade_status check_memory(const clade_session *session, const cld_plan *plan, clade_error *err) {
    const cld_caps *caps = cld_ocl_caps(session->device->ocl);
    size_t need = cld_plan_bytes(plan), cap = session->options.max_device_bytes;
    if (cap && need > cap)
        return cld_fail(err, CLADE_ERR_LIMIT, "the plan needs %zu bytes of device memory, the session may take %zu",
                        need, cap);
    if (caps->global_bytes && need > caps->global_bytes)
        return cld_fail(err, CLADE_ERR_DEVICE_MEMORY, "the plan needs %zu bytes of device memory, the device has %llu",
                        need, (unsigned long long)caps->global_bytes);
    return CLADE_OK;
}

/* Once per straight line: from a walk to a plan. */
clade_status cld_compile_stage(cld_stage **out, clade_session *session, cld_route *route, cld_walk *walk,
                               cld_stage *parent, clade_tensor *fed, clade_error *err) {
    const cld_caps *caps = cld_ocl_caps(session->device->ocl);
    cld_plan_options options = { .no_blas = session->options.no_blas != 0,
                                 .unchecked_indices = session->options.unchecked_indices != 0,
                                 .prefer_impl = session->prefer_impl };
    clade_status status = CLADE_OK;
    cld_stage *stage = calloc(1, sizeof *stage);
    if (!stage) {
        cld_walk_free(walk);
        return cld_no_memory(err, "a stage");
    }
    stage->walk = walk;
    stage->parent = parent;
    stage->route = route;
    if (fed) {
        stage->fed = *fed; /* the walk borrows it from the stage, which outlives what follows */
        *fed = (clade_tensor){ 0 };
        CLD_TRY(cld_walk_feed(walk, &stage->fed, err));
    }
    CLD_TRY(cld_walk_next(walk, &stage->segment, err));
    CLD_TRY(cld_pass_fold_pad(stage->segment.graph, err));
    CLD_TRY(cld_pass_dead(stage->segment.graph, err));
    CLD_TRY(cld_pass_fuse(stage->segment.graph, err));
    CLD_TRY(cld_plan_new(&stage->plan, stage->segment.graph, caps, &options, err));
    CLD_TRY(check_memory(session, stage->plan, err));
    cld_log(parent ? CLADE_LOG_DEBUG : CLADE_LOG_INFO, "planned: %d steps, %zu bytes on the device",
            (int)stage->plan->steps.n_steps, cld_plan_bytes(stage->plan));
    *out = stage;
    return CLADE_OK;
fail:
    cld_stage_free(stage);
    return status;
}

/* Once per plan, when it is about to run: memory, programs, arguments. */
clade_status cld_prepare_stage(clade_session *session, cld_stage *stage, clade_error *err) {
    clade_status status = CLADE_OK;
    const cld_graph *graph = stage->segment.graph;
    int32_t n_model_inputs = session->model->graph->n_inputs;
    if (stage->prepared)
        return CLADE_OK;
    cld_mem **inputs = calloc((size_t)graph->n_inputs + 1, sizeof *inputs);
    if (!inputs)
        CLD_TRY(cld_no_memory(err, "a stage"));
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        int32_t slot = stage->segment.carried_in[k];
        if (slot < n_model_inputs)
            CLD_TRY(cld_route_upload(session, stage->route, slot, err));
        inputs[k] = cld_route_locate(stage, slot);
        if (!inputs[k])
            CLD_TRY(cld_fail(err, CLADE_ERR_INTERNAL, "value '%s' is not on the device",
                             cld_graph_at(graph, graph->inputs[k])->name));
    }
    CLD_TRY(cld_prepared_new(&stage->prepared, session->exec, stage->plan, inputs, err));
fail:
    free(inputs);
    return status;
}

static void free_leaf(cld_stage *stage) {
    cld_prepared_free(stage->prepared);
    cld_plan_free(stage->plan);
    cld_graph_free(stage->segment.graph);
    cld_walk_free(stage->walk);
    clade_tensor_free(&stage->fed);
    free(stage);
}

/* Children first, and not recursive: a model with a long loop makes a deep tree. */
void cld_stage_free(cld_stage *stage) {
    for (cld_stage *at = stage; at;) {
        while (at->children)
            at = at->children;
        cld_stage *parent = at != stage ? at->parent : NULL;
        if (parent)
            parent->children = at->sibling;
        free_leaf(at);
        at = parent;
    }
}
