/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs in, stages enqueued one after the other, outputs out. */
#include "session/session_internal.h"

#include <stdlib.h>

/* ---- inputs ---- */

clade_status cld_session_find_input(const clade_session *session, const char *name, int32_t *index, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    if (!name) {
        if (graph->n_inputs != 1)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "the model has %d inputs, so an input must be named",
                            (int)graph->n_inputs);
        *index = 0;
        return CLADE_OK;
    }
    for (int32_t k = 0; k < graph->n_inputs; k++)
        if (strcmp(cld_graph_at(graph, graph->inputs[k])->name, name) == 0) {
            *index = k;
            return CLADE_OK;
        }
    return cld_fail(err, CLADE_ERR_NOT_FOUND, "the model has no input '%s'", name);
}

clade_status cld_session_check_input(const clade_session *session, int32_t index, const clade_tensor *tensor,
                                     clade_error *err) {
    const cld_graph *graph = session->model->graph;
    const cld_value *value = cld_graph_at(graph, graph->inputs[index]);
    if (!cld_dtype_valid(tensor->dtype) || tensor->rank < 0 || tensor->rank > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': the tensor's dtype or rank is not valid", value->name);
    cld_type type = cld_tensor_type(tensor);
    CLD_RETURN(cld_type_check(&type, value->name, err));
    if (value->type.dtype != CLADE_NONE && value->type.dtype != tensor->dtype)
        return cld_fail(err, CLADE_ERR_DTYPE, "input '%s' expects %s, the tensor is %s", value->name,
                        clade_dtype_name(value->type.dtype), clade_dtype_name(tensor->dtype));
    bool good = value->type.rank < 0 || value->type.rank == tensor->rank;
    for (int32_t d = 0; good && d < value->type.rank; d++)
        good = value->type.dims[d] < 0 || value->type.dims[d] == tensor->dims[d];
    if (!good)
        return cld_fail(err, CLADE_ERR_SHAPE, "input '%s' expects %s, the tensor is %s", value->name,
                        CLD_TYPE_TEXT(&value->type), CLD_TYPE_TEXT(&type));
    return CLADE_OK;
}

clade_status clade_session_set_input(clade_session *session, const char *name, const clade_tensor *tensor,
                                     clade_error *err) {
    int32_t index;
    if (!session || !tensor)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "session and tensor must not be NULL");
    CLD_RETURN(cld_session_find_input(session, name, &index, err));
    CLD_RETURN(cld_session_check_input(session, index, tensor, err));
    cld_input *input = &session->inputs[index];
    cld_type type = cld_tensor_type(tensor);
    size_t bytes = cld_type_bytes(&type);
    if (tensor->size_bytes != bytes || (bytes && !tensor->data))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': %s takes %zu bytes, the tensor has %zu", name ? name : "",
                        CLD_TYPE_TEXT(&type), bytes, tensor->data ? tensor->size_bytes : 0);
    if (!input->tensor.data || input->tensor.size_bytes != bytes) {
        clade_tensor fresh;
        CLD_RETURN(clade_tensor_alloc(&fresh, tensor->dtype, tensor->rank, tensor->dims, err));
        clade_tensor_free(&input->tensor);
        input->tensor = fresh;
    }
    void *data = input->tensor.data;
    input->tensor = *tensor;
    input->tensor.data = data;
    if (bytes)
        memcpy(data, tensor->data, bytes);
    cld_mem_free(input->buffer);
    input->buffer = NULL;
    input->version = ++session->clock;
    return CLADE_OK;
}

/* ---- running ---- */

clade_status cld_session_read_slot(clade_session *session, const cld_stage *stage, int32_t slot, clade_tensor *out,
                                   clade_error *err) {
    const cld_type *type;
    if (slot < session->model->graph->n_inputs && !session->inputs[slot].buffer) {
        const clade_tensor *host = &session->inputs[slot].tensor;
        CLD_RETURN(clade_tensor_alloc(out, host->dtype, host->rank, host->dims, err));
        if (host->size_bytes)
            memcpy(out->data, host->data, host->size_bytes);
        return CLADE_OK;
    }
    type = cld_walk_type(stage->walk, slot);
    CLD_RETURN(clade_tensor_alloc(out, type->dtype, type->rank, type->dims, err));
    clade_status status = CLADE_OK;
    if (slot < session->model->graph->n_inputs)
        status = cld_route_upload(session, session->route, slot, err);
    if (status == CLADE_OK)
        status = cld_mem_read(cld_exec_queue(session->exec), cld_route_locate(session->route, stage, slot), 0,
                              out->data, out->size_bytes, err);
    if (status != CLADE_OK)
        clade_tensor_free(out);
    return status;
}

static clade_status check_inputs_set(const clade_session *session, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    for (int32_t k = 0; k < graph->n_inputs; k++)
        if (session->inputs[k].version == 0)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s' is not set",
                            cld_graph_at(graph, graph->inputs[k])->name);
    return CLADE_OK;
}

/* The stage behind `stage`, whose work has been enqueued. */
static clade_status follow_cut(clade_session *session, cld_stage **stage, clade_error *err) {
    clade_tensor value;
    CLD_RETURN(cld_session_read_slot(session, *stage, (*stage)->segment.cut_slot, &value, err));
    return cld_route_follow(stage, session, *stage, &value, err);
}

clade_status cld_session_plan(clade_session *session, cld_stage **out, clade_error *err) {
    CLD_RETURN(check_inputs_set(session, err));
    session->last = NULL;
    CLD_RETURN(cld_route_find(&session->route, session, err));
    cld_stage *stage = session->route->root;
    /* A value the caller gave decides what follows: no need to run for it. */
    while (stage->segment.cut_slot >= 0 && stage->segment.cut_slot < session->model->graph->n_inputs)
        CLD_RETURN(follow_cut(session, &stage, err));
    *out = stage;
    return CLADE_OK;
}

clade_status clade_session_compile(clade_session *session, clade_error *err) {
    cld_stage *last;
    CLD_RETURN(cld_session_plan(session, &last, err));
    /* Parents first: a stage takes its inputs from them. */
    for (cld_stage *stage; !last->prepared;) {
        for (stage = last; stage->parent && !stage->parent->prepared;)
            stage = stage->parent;
        CLD_RETURN(cld_prepare_stage(session, session->route, stage, err));
    }
    return CLADE_OK;
}

clade_status clade_session_required_bytes(clade_session *session, size_t *out, clade_error *err) {
    cld_stage *last;
    CLD_RETURN(cld_session_plan(session, &last, err));
    *out = 0;
    for (const cld_stage *stage = last; stage; stage = stage->parent)
        *out += cld_plan_bytes(stage->plan);
    return CLADE_OK;
}

static clade_status run_stage(clade_session *session, cld_stage *stage, clade_error *err) {
    CLD_RETURN(cld_prepare_stage(session, session->route, stage, err));
    for (int32_t k = 0; k < stage->segment.graph->n_inputs; k++)
        if (stage->segment.carried_in[k] < session->model->graph->n_inputs)
            CLD_RETURN(cld_route_upload(session, session->route, stage->segment.carried_in[k], err));
    return cld_prepared_run(stage->prepared, err);
}

clade_status clade_session_run(clade_session *session, clade_error *err) {
    CLD_RETURN(check_inputs_set(session, err));
    session->last = NULL;
    CLD_RETURN(cld_route_find(&session->route, session, err));
    cld_queue_clear_timings(cld_exec_queue(session->exec));
    cld_exec_stats_of(session->exec)->launches = 0;
    cld_stage *stage = session->route->root;
    CLD_RETURN(run_stage(session, stage, err));
    while (stage->segment.cut_slot >= 0) {
        CLD_RETURN(follow_cut(session, &stage, err));
        CLD_RETURN(run_stage(session, stage, err));
    }
    CLD_RETURN(cld_queue_finish(cld_exec_queue(session->exec), err));
    session->last = stage;
    for (; stage; stage = stage->parent)
        cld_prepared_ran(stage->prepared);
    return CLADE_OK;
}

/* ---- outputs ---- */

clade_status cld_session_find_output(const clade_session *session, const char *name, int32_t *index, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    if (!session->last)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "there is no finished run to read outputs from");
    if (!name && graph->n_outputs != 1)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the model has %d outputs, so an output must be named",
                        (int)graph->n_outputs);
    for (*index = 0; *index < graph->n_outputs; ++*index)
        if (!name || strcmp(cld_graph_at(graph, graph->outputs[*index])->name, name) == 0)
            return CLADE_OK;
    return cld_fail(err, CLADE_ERR_NOT_FOUND, "the model has no output '%s'", name);
}

clade_status clade_session_get_output(clade_session *session, const char *name, clade_tensor *out, clade_error *err) {
    int32_t index;
    if (!session || !out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "session and out must not be NULL");
    *out = (clade_tensor){ 0 };
    CLD_RETURN(cld_session_find_output(session, name, &index, err));
    const clade_tensor *known = session->last->segment.known[index];
    if (!known)
        return cld_session_read_slot(session, session->last, session->last->segment.results[index], out, err);
    CLD_RETURN(clade_tensor_alloc(out, known->dtype, known->rank, known->dims, err));
    if (known->size_bytes)
        memcpy(out->data, known->data, known->size_bytes);
    return CLADE_OK;
}

clade_status clade_session_read_output_into(clade_session *session, const char *name, clade_tensor *tensor,
                                            clade_error *err) {
    int32_t index;
    if (!session || !tensor)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "session and tensor must not be NULL");
    CLD_RETURN(cld_session_find_output(session, name, &index, err));
    const cld_stage *stage = session->last;
    int32_t slot = stage->segment.results[index];
    const clade_tensor *known = stage->segment.known[index];
    if (slot < session->model->graph->n_inputs && !known)
        known = &session->inputs[slot].tensor;
    cld_type type = known ? cld_tensor_type(known) : *cld_walk_type(stage->walk, slot);
    size_t bytes = cld_type_bytes(&type);
    if (tensor->size_bytes != bytes || (bytes && !tensor->data))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "output '%s' is %s and takes %zu bytes, %zu are given",
                        name ? name : "", CLD_TYPE_TEXT(&type), bytes, tensor->data ? tensor->size_bytes : 0);
    tensor->dtype = type.dtype;
    tensor->rank = type.rank;
    memcpy(tensor->dims, type.dims, sizeof type.dims);
    if (known && known->data) {
        memcpy(tensor->data, known->data, bytes);
        return CLADE_OK;
    }
    return cld_mem_read(cld_exec_queue(session->exec), cld_route_locate(session->route, stage, slot), 0, tensor->data,
                        bytes, err);
}
