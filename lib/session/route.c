/* SPDX-License-Identifier: Apache-2.0 */
/* How a run finds its stages: by the types of the inputs first, then at each cut by the value read there. */
#include "session/session_internal.h"

#include <stdlib.h>

cld_mem *cld_route_locate(const clade_session *session, const cld_slot *slot) {
    if (!slot->home)
        return slot->input >= 0 ? session->inputs[slot->input].mem : NULL;
    const cld_stage *stage = (const cld_stage *)((const char *)slot->home - offsetof(cld_stage, segment));
    return cld_turn_output(stage, slot->output);
}

cld_mem *cld_route_input(const clade_session *session, const cld_stage *stage, int32_t k) {
    const cld_turns *turns = &stage->turns;
    if (turns->done > 0 && turns->repeat.turn[k] >= 0)
        return cld_prepared_output(turns->other, turns->repeat.turn[k]);
    return cld_route_locate(session, stage->segment.carried_in[k]);
}

static void forget_result(clade_session *session, int32_t input) {
    if (session->last && cld_room_is_result(session, input))
        session->last = NULL;
}

/* It grows with what is set; plans take the new one when they run. */
clade_status cld_route_reserve(clade_session *session, int32_t input, clade_error *err) {
    cld_input *in = &session->inputs[input];
    if (in->mem && cld_mem_bytes(in->mem) >= in->tensor.size_bytes)
        return CLADE_OK;
    forget_result(session, input);
    cld_exec_release(session->exec, in->mem);
    in->mem = NULL;
    in->uploaded = 0;
    return cld_exec_alloc(session->exec, &in->mem, in->tensor.size_bytes, err);
}

clade_status cld_route_upload(clade_session *session, int32_t input, clade_error *err) {
    cld_input *in = &session->inputs[input];
    cld_queue *queue = cld_exec_queue(session->exec);
    size_t bytes = in->tensor.size_bytes;
    CLD_RETURN(cld_route_reserve(session, input, err));
    /* A caller's buffer may have changed since, so it is copied for every run. */
    if (in->uploaded == in->version && !in->buffer)
        return CLADE_OK;
    forget_result(session, input);
    if (in->buffer)
        CLD_RETURN(cld_mem_copy(queue, in->mem, 0, in->buffer, in->buffer_offset, bytes, NULL, err));
    else
        CLD_RETURN(cld_mem_write(queue, in->mem, 0, in->tensor.data, bytes, true, err));
    in->uploaded = in->version;
    return CLADE_OK;
}

void cld_route_free(clade_session *session, cld_route *route) {
    if (!route)
        return;
    cld_stage_free(session, route->root);
    free(route->types);
    free(route);
}

static bool fits(const clade_session *session, const cld_route *route) {
    for (int32_t k = 0; k < session->model->graph->n_inputs; k++) {
        cld_type type = cld_tensor_type(&session->inputs[k].tensor);
        if (!cld_type_equal(&type, &route->types[k]))
            return false;
    }
    return true;
}

/* ---- finding ---- */

const cld_graph *cld_route_graph(const clade_session *session) {
    const clade_model *model = session->model;
    for (int32_t k = model->n_required; k < model->graph->n_inputs; k++)
        if (session->inputs[k].version)
            return model->open;
    return model->graph;
}

static clade_status new_route(cld_route **out, clade_session *session, clade_error *err) {
    clade_status status = CLADE_OK;
    size_t n = (size_t)session->model->graph->n_inputs;
    cld_route *route = calloc(1, sizeof *route);
    if (!route)
        return cld_no_memory(err, "a plan");
    route->types = calloc(n + 1, sizeof *route->types);
    if (!route->types)
        CLD_TRY(cld_no_memory(err, "a plan"));
    for (size_t k = 0; k < n; k++)
        route->types[k] = cld_tensor_type(&session->inputs[k].tensor);
    CLD_TRY(cld_compile_stage(&route->root, session, route, NULL, NULL, err));
    *out = route;
    return CLADE_OK;
fail:
    cld_route_free(session, route);
    return status;
}

clade_status cld_route_find(cld_route **out, clade_session *session, clade_error *err) {
    cld_route *route = session->routes;
    while (route && !fits(session, route))
        route = route->next;
    if (!route) {
        cld_room_make(session, NULL);
        CLD_RETURN(new_route(&route, session, err));
        route->next = session->routes;
        session->routes = route;
    }
    route->root->used = ++session->clock;
    *out = route;
    return CLADE_OK;
}

bool cld_route_same(const clade_tensor *a, const clade_tensor *b) {
    cld_type x = cld_tensor_type(a), y = cld_tensor_type(b);
    return cld_type_equal(&x, &y) && (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

/* The child that a value leads to, made if need be. */
static clade_status find_child(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                               clade_error *err) {
    int64_t after = cld_turn_count(stage, value);
    cld_stage *child = stage->children;
    while (child && (child->after != after || !cld_route_same(&child->fed, value)))
        child = child->sibling;
    if (!child) {
        cld_room_make(session, stage);
        CLD_RETURN(cld_compile_stage(&child, session, stage->route, stage, value, err));
        child->sibling = stage->children;
        stage->children = child;
    }
    child->turns.done = 0;
    *out = child;
    return CLADE_OK;
}

clade_status cld_route_follow(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                              clade_error *err) {
    clade_status status = CLADE_OK;
    *out = stage;
    if (cld_turn_comes(stage, value))
        CLD_TRY(cld_turn(session, stage, err));
    else
        CLD_TRY(find_child(out, session, stage, value, err));
    (*out)->used = ++session->clock;
fail:
    clade_tensor_free(value);
    return status;
}
