/* SPDX-License-Identifier: Apache-2.0 */
/* Setting inputs: found by name, checked against the model, copied. */
#include "session/session_internal.h"

clade_status cld_session_find_input(const clade_session *session, const char *name, int32_t *index, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    if (!name) {
        if (graph->n_inputs != 1)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "the model has %d inputs, so an input must be named",
                            (int)graph->n_inputs);
        *index = 0;
        return CLADE_OK;
    }
    *index = cld_names_get(&session->model->inputs, name);
    return *index >= 0 ? CLADE_OK : cld_fail(err, CLADE_ERR_NOT_FOUND, "the model has no input '%s'", name);
}

const char *cld_session_input_name(const clade_session *session, int32_t index) {
    const cld_graph *graph = session->model->graph;
    return cld_graph_at(graph, graph->inputs[index])->name;
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

static clade_status set_input(clade_session *session, const char *name, const clade_tensor *tensor, clade_error *err) {
    int32_t index;
    if (!tensor)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor must not be NULL");
    CLD_RETURN(cld_session_find_input(session, name, &index, err));
    CLD_RETURN(cld_session_check_input(session, index, tensor, err));
    cld_input *input = &session->inputs[index];
    cld_type type = cld_tensor_type(tensor);
    size_t bytes = cld_type_bytes(&type);
    if (tensor->size_bytes != bytes || (bytes && !tensor->data))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': %s takes %zu bytes, the tensor has %zu",
                        cld_session_input_name(session, index), CLD_TYPE_TEXT(&type), bytes,
                        tensor->data ? tensor->size_bytes : 0);
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
    cld_session_input_set(session, index);
    return CLADE_OK;
}

clade_status clade_session_set_input(clade_session *session, const char *name, const clade_tensor *tensor,
                                     clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, set_input(session, name, tensor, err));
}
