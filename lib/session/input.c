/* SPDX-License-Identifier: Apache-2.0 */
/* Setting inputs: found by name, checked against the model, copied. */
#include "session/session_internal.h"

clade_status cld_session_find_input(const clade_session *session, const char *name, int32_t *index, clade_error *err) {
    const cld_graph *graph = session->model->graph;
    if (!name) {
        if (graph->n_inputs != 1 && session->model->n_required != 1)
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

clade_status cld_session_check_input(const clade_session *session, int32_t index, const cld_type *type,
                                     clade_error *err) {
    const cld_graph *graph = session->model->graph;
    const cld_value *value = cld_graph_at(graph, graph->inputs[index]);
    if (!cld_dtype_valid(type->dtype) || type->rank < 0 || type->rank > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': the tensor's dtype or rank is not valid", value->name);
    CLD_RETURN(cld_type_check(type, value->name, err));
    if (value->type.dtype != CLADE_NONE && value->type.dtype != type->dtype)
        return cld_fail(err, CLADE_ERR_DTYPE, "input '%s' expects %s, the tensor is %s", value->name,
                        clade_dtype_name(value->type.dtype), clade_dtype_name(type->dtype));
    bool good = value->type.rank < 0 || value->type.rank == type->rank;
    for (int32_t d = 0; good && d < value->type.rank; d++)
        good = value->type.dims[d] < 0 || value->type.dims[d] == type->dims[d];
    if (!good)
        return cld_fail(err, CLADE_ERR_SHAPE, "input '%s' expects %s, the tensor is %s", value->name,
                        CLD_TYPE_TEXT(&value->type), CLD_TYPE_TEXT(type));
    return CLADE_OK;
}

static cld_type type_of(const clade_view *view) {
    cld_type type = { .dtype = view->dtype, .rank = view->rank };
    memcpy(type.dims, view->dims, sizeof type.dims);
    return type;
}

void cld_input_clear(cld_input *input) {
    if (input->tensor.data)
        cld_pages_free(input->tensor.data, input->room);
    cld_mem_free(input->buffer);
    input->tensor = (clade_tensor){ 0 };
    input->buffer = NULL;
    input->room = 0;
}

/* It grows with what is set, by half at least. Pages, not heap: what many sizes in turn leave there are holes. */
static clade_status reserve(cld_input *input, size_t bytes, clade_error *err) {
    const size_t room = CLD_MAX(CLD_MAX(bytes, (size_t)1), input->room + input->room / 2);
    if (input->tensor.data && input->room >= bytes)
        return CLADE_OK;
    void *pages = cld_pages_new(room);
    if (!pages)
        return cld_no_memory(err, "an input");
    cld_input_clear(input);
    input->tensor.data = pages;
    input->room = room;
    return CLADE_OK;
}

/* Copies a view that was checked. */
static clade_status take(clade_session *session, int32_t index, const clade_view *view, size_t bytes,
                         clade_error *err) {
    cld_input *input = &session->inputs[index];
    CLD_RETURN(reserve(input, bytes, err));
    input->tensor.dtype = view->dtype;
    input->tensor.rank = view->rank;
    input->tensor.size_bytes = bytes;
    memcpy(input->tensor.dims, view->dims, sizeof view->dims);
    cld_view_copy(input->tensor.data, view, bytes);
    cld_mem_free(input->buffer);
    input->buffer = NULL;
    cld_session_input_set(session, index, true);
    return CLADE_OK;
}

/* `exact`: the view's bytes are the elements and nothing else. */
static clade_status set(clade_session *session, const char *name, const clade_view *view, bool exact,
                        clade_error *err) {
    int32_t index;
    const cld_type type = type_of(view);
    CLD_RETURN(cld_session_find_input(session, name, &index, err));
    CLD_RETURN(cld_session_check_input(session, index, &type, err));
    const size_t bytes = cld_type_bytes(&type), have = view->data ? view->size_bytes : 0;
    const char *title = cld_session_input_name(session, index);
    if (exact && have != bytes)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': %s takes %zu bytes, the tensor has %zu", title,
                        CLD_TYPE_TEXT(&type), bytes, have);
    CLD_RETURN(cld_view_check(view, &type, title, err));
    return take(session, index, view, bytes, err);
}

clade_status clade_session_set_input(clade_session *session, const char *name, const clade_tensor *tensor,
                                     clade_error *err) {
    if (!tensor)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor must not be NULL");
    CLD_RETURN(cld_session_enter(session, err));
    clade_view view = {
        .dtype = tensor->dtype, .rank = tensor->rank, .data = tensor->data, .size_bytes = tensor->size_bytes
    };
    memcpy(view.dims, tensor->dims, sizeof view.dims);
    return cld_session_leave(session, set(session, name, &view, true, err));
}

static clade_status reset(clade_session *session, const char *name, clade_error *err) {
    int32_t index;
    CLD_RETURN(cld_session_find_input(session, name, &index, err));
    if (index < session->model->n_required)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s' has no default", cld_session_input_name(session, index));
    cld_input_clear(&session->inputs[index]);
    cld_session_input_set(session, index, false);
    return CLADE_OK;
}

clade_status clade_session_reset_input(clade_session *session, const char *name, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, reset(session, name, err));
}

clade_status clade_session_set_input_view(clade_session *session, const char *name, const clade_view *view,
                                          clade_error *err) {
    if (!view)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "view must not be NULL");
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, set(session, name, view, false, err));
}
