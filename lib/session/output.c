/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the last run left: constants the planner knew, or device buffers. */
#include "session/session_internal.h"

clade_status cld_session_find_output(const clade_session *session, const char *name, int32_t *index, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    if (!name && graph->n_outputs != 1)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the model has %d outputs, so an output must be named",
                        (int)graph->n_outputs);
    *index = name ? cld_names_get(&session->model->outputs, name) : 0;
    return *index >= 0 ? CLADE_OK : cld_fail(err, CLADE_ERR_NOT_FOUND, "the model has no output '%s'", name);
}

clade_status cld_session_result(const clade_session *session, const char *name, cld_result *out, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    int32_t k;
    CLD_RETURN(cld_session_own_run(session, err));
    CLD_RETURN(cld_session_find_output(session, name, &k, err));
    out->name = cld_graph_at(graph, graph->outputs[k])->name;
    const cld_slot *slot = session->last->segment.results[k];
    out->known = slot->value;
    out->type = slot->type;
    out->mem = out->known ? NULL : cld_value_locate(session, slot);
    return CLADE_OK;
}

/* `bytes` bytes of the result into `data`. */
static clade_status read_result(const clade_session *session, const cld_result *result, void *data, size_t bytes,
                                clade_error *err) {
    if (bytes == 0)
        return CLADE_OK;
    if (!result->known)
        return cld_mem_read(cld_exec_queue(session->exec), result->mem, 0, data, bytes, err);
    memcpy(data, result->known->data, bytes);
    return CLADE_OK;
}

static clade_status get_output(clade_session *session, const char *name, clade_tensor *out, clade_error *err) {
    cld_result result;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    *out = (clade_tensor){ 0 };
    CLD_RETURN(cld_session_result(session, name, &result, err));
    CLD_RETURN(clade_tensor_alloc(out, result.type.dtype, result.type.rank, result.type.dims, err));
    clade_status status = read_result(session, &result, out->data, out->size_bytes, err);
    if (status != CLADE_OK)
        clade_tensor_free(out);
    return status;
}

clade_status clade_session_get_output(clade_session *session, const char *name, clade_tensor *out, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, get_output(session, name, out, err));
}

static clade_status read_output(clade_session *session, const char *name, clade_tensor *tensor, clade_error *err) {
    cld_result result;
    if (!tensor)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor must not be NULL");
    CLD_RETURN(cld_session_result(session, name, &result, err));
    size_t bytes = cld_type_bytes(&result.type);
    if (tensor->size_bytes != bytes || (bytes && !tensor->data))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "output '%s' is %s and takes %zu bytes, %zu are given", result.name,
                        CLD_TYPE_TEXT(&result.type), bytes, tensor->data ? tensor->size_bytes : 0);
    CLD_RETURN(read_result(session, &result, tensor->data, bytes, err));
    tensor->dtype = result.type.dtype;
    tensor->rank = result.type.rank;
    memcpy(tensor->dims, result.type.dims, sizeof result.type.dims);
    return CLADE_OK;
}

clade_status clade_session_read_output_into(clade_session *session, const char *name, clade_tensor *tensor,
                                            clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, read_output(session, name, tensor, err));
}
