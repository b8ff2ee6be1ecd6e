/* SPDX-License-Identifier: Apache-2.0 */
/* Running: stages enqueued one after the other; at a cut, the value is read and the walk goes on. */
#include "session/session_internal.h"

static clade_status check_inputs_set(const clade_session *session, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    for (int32_t k = 0; k < session->model->n_required; k++)
        if (session->inputs[k].version == 0)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s' is not set",
                            cld_graph_at(graph, graph->inputs[k])->name);
    return cld_session_own_inputs(session, err);
}

/* The value that `stage` stopped for, as the caller gave it or read from the device; the caller owns it. */
static clade_status read_cut(clade_session *session, const cld_stage *stage, clade_tensor *out, clade_error *err) {
    const cld_slot *slot = stage->segment.cut_slot;
    CLD_RETURN(clade_tensor_alloc(out, slot->type.dtype, slot->type.rank, slot->type.dims, err));
    clade_status status = CLADE_OK;
    if (slot->input >= 0 && session->inputs[slot->input].tensor.data) {
        memcpy(out->data, session->inputs[slot->input].tensor.data, out->size_bytes);
        return CLADE_OK;
    }
    if (slot->input >= 0)
        CLD_TRY(cld_value_upload(session, slot->input, err));
    CLD_TRY(cld_mem_read(cld_exec_queue(session->exec), cld_value_locate(session, slot), 0, out->data, out->size_bytes,
                         err));
    return CLADE_OK;
fail:
    clade_tensor_free(out);
    return status;
}

/* Has a step of the line that ends at `last` met an index out of range? Once the device has been waited for. */
static clade_status check_faults(const clade_session *session, const cld_stage *last, clade_error *err) {
    const cld_fault *fault = cld_faults_seen(session->exec);
    const cld_step *step = NULL;
    if (!fault)
        return CLADE_OK;
    for (const cld_stage *stage = last; stage && !step; stage = stage->parent) {
        step = cld_prepared_checker(stage->prepared, fault);
        if (!step && stage->turns.other)
            step = cld_prepared_checker(stage->turns.other, fault);
    }
    if (!step)
        return cld_fail(err, CLADE_ERR_INTERNAL, "no step has number %d", (int)fault->step);
    return cld_fail(err, CLADE_ERR_ARGUMENT, "node '%s': " CLD_FAULT_FORMAT, step->node, cld_step_checks(step),
                    (long long)((uint64_t)(uint32_t)fault->high << 32 | (uint32_t)fault->low), (long long)fault->size);
}

/* The stage behind `stage`, whose work has been enqueued. A value that the device computed does not lead on when an
 * index was out of range. */
static clade_status follow_cut(clade_session *session, cld_stage **stage, clade_error *err) {
    clade_tensor value;
    bool computed = (*stage)->segment.cut_slot->input < 0;
    session->keep = *stage;
    if (computed)
        CLD_RETURN(cld_faults_fetch(session->exec, err));
    CLD_RETURN(read_cut(session, *stage, &value, err));
    clade_status status = computed ? check_faults(session, *stage, err) : CLADE_OK;
    if (status != CLADE_OK)
        clade_tensor_free(&value);
    return status == CLADE_OK ? cld_route_follow(stage, session, *stage, &value, err) : status;
}

clade_status cld_session_plan(clade_session *session, cld_stage **out, clade_error *err) {
    cld_route *route;
    CLD_RETURN(check_inputs_set(session, err));
    CLD_RETURN(cld_route_find(&route, session, err));
    *out = route->root;
    /* A value the caller gave decides what follows: no need to run for it. */
    while ((*out)->segment.cut_slot && (*out)->segment.cut_slot->input >= 0)
        CLD_RETURN(follow_cut(session, out, err));
    return CLADE_OK;
}

static clade_status compile(clade_session *session, clade_error *err) {
    cld_stage *last;
    CLD_RETURN(cld_session_plan(session, &last, err));
    while (!last->prepared) { /* parents first: a stage takes its inputs from them */
        cld_stage *stage = last;
        while (stage->parent && !stage->parent->prepared)
            stage = stage->parent;
        CLD_RETURN(cld_prepare_stage(session, stage, err));
    }
    return CLADE_OK;
}

clade_status clade_session_compile(clade_session *session, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, compile(session, err));
}

static void mark_inputs(bool *taken, const cld_slot *const *slots, int32_t count) {
    for (int32_t k = 0; k < count; k++)
        if (slots[k]->input >= 0 && !slots[k]->value)
            taken[slots[k]->input] = true;
}

/* Bytes of the inputs that a stage of the line that ends at `last` reads, or that are results as they stand. */
static clade_status input_bytes(const clade_session *session, const cld_stage *last, size_t *out, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    bool *taken = cld_calloc((size_t)graph->n_inputs + 1, sizeof *taken);
    if (!taken)
        return cld_no_memory(err, "a sum of bytes");
    if (last->segment.results)
        mark_inputs(taken, last->segment.results, graph->n_outputs);
    for (const cld_stage *stage = last; stage; stage = stage->parent)
        mark_inputs(taken, stage->segment.carried_in, stage->segment.graph->n_inputs);
    *out = 0;
    for (int32_t k = 0; k < graph->n_inputs; k++)
        if (taken[k])
            *out += cld_caps_round(cld_ocl_caps(session->device->ocl), cld_type_bytes(&last->route->types[k]));
    cld_free(taken);
    return CLADE_OK;
}

static clade_status required_bytes(clade_session *session, size_t *out, clade_error *err) {
    cld_stage *last;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    CLD_RETURN(cld_session_plan(session, &last, err));
    CLD_RETURN(input_bytes(session, last, out, err));
    size_t faults = 0, slabs[CLD_MAX_SLABS] = { 0 }; /* one record and one arena serve all stages */
    for (const cld_stage *stage = last; stage; stage = stage->parent) {
        const cld_plan *plan = stage->plan;
        /* what a stage takes, the one before has */
        *out += cld_plan_bytes(plan) - plan->input_bytes - plan->fault_bytes - plan->arena_bytes;
        faults = CLD_MAX(faults, plan->fault_bytes);
        for (int32_t s = 0; s < plan->n_slabs; s++)
            slabs[s] = CLD_MAX(slabs[s], plan->slab_bytes[s]);
    }
    for (int32_t s = 0; s < CLD_MAX_SLABS; s++)
        *out += slabs[s];
    *out += faults;
    return CLADE_OK;
}

clade_status clade_session_required_bytes(clade_session *session, size_t *out, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, required_bytes(session, out, err));
}

static clade_status upload(clade_session *session, const cld_slot *const *slots, int32_t count, clade_error *err) {
    for (int32_t k = 0; k < count; k++)
        if (slots[k]->input >= 0 && !slots[k]->value)
            CLD_RETURN(cld_value_upload(session, slots[k]->input, err));
    return CLADE_OK;
}

static clade_status run_stage(clade_session *session, cld_stage *stage, clade_error *err) {
    const cld_segment *segment = &stage->segment;
    session->keep = stage;
    CLD_RETURN(upload(session, segment->carried_in, segment->graph->n_inputs, err));
    CLD_RETURN(cld_prepare_stage(session, stage, err));
    for (int32_t k = 0; k < segment->graph->n_inputs; k++)
        CLD_RETURN(cld_prepared_take(stage->prepared, k, cld_value_input(session, stage, k), err));
    return cld_prepared_run(stage->prepared, err);
}

static clade_status run(clade_session *session, clade_error *err) {
    cld_route *route;
    CLD_RETURN(check_inputs_set(session, err));
    session->last = NULL;
    session->run_by = cld_thread_id();
    CLD_RETURN(cld_route_find(&route, session, err));
    CLD_RETURN(cld_faults_clear(session->exec, err));
    cld_queue_clear_timings(cld_exec_queue(session->exec));
    cld_exec_stats_of(session->exec)->launches = 0;
    cld_stage *stage = route->root;
    CLD_RETURN(run_stage(session, stage, err));
    while (stage->segment.cut_slot) {
        CLD_RETURN(follow_cut(session, &stage, err));
        CLD_RETURN(run_stage(session, stage, err));
    }
    /* A result that is an input as it stands is read from the device like the others. */
    CLD_RETURN(upload(session, stage->segment.results, session->model->graph->n_outputs, err));
    CLD_RETURN(cld_faults_fetch(session->exec, err));
    CLD_RETURN(cld_queue_finish(cld_exec_queue(session->exec), err));
    CLD_RETURN(check_faults(session, stage, err));
    for (cld_stage *ran = stage; ran; ran = ran->parent) {
        CLD_RETURN(cld_prepared_ran(ran->prepared, err));
        if (ran->turns.other)
            CLD_RETURN(cld_prepared_ran(ran->turns.other, err));
    }
    session->last = stage;
    return CLADE_OK;
}

clade_status clade_session_run(clade_session *session, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, run(session, err));
}
