/* SPDX-License-Identifier: Apache-2.0 */
/* How a run finds its stages: by the types of the inputs first, then at each cut by the value read there. */
#include "session/session_internal.h"

static bool fits(const clade_session *session, const cld_route *route) {
    for (int32_t k = 0; k < session->model->graph->n_inputs; k++) {
        cld_type type = cld_tensor_type(&session->inputs[k].tensor);
        if (!cld_type_equal(&type, &route->types[k]))
            return false;
    }
    return true;
}

static clade_status new_route(cld_route **out, clade_session *session, clade_error *err) {
    clade_status status = CLADE_OK;
    size_t n = (size_t)session->model->graph->n_inputs;
    cld_route *route = cld_calloc(1, sizeof *route);
    if (!route)
        return cld_no_memory(err, "a plan");
    route->types = cld_calloc(n + 1, sizeof *route->types);
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

/* The child that a value leads to, made if need be. */
static clade_status find_child(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                               clade_error *err) {
    int64_t after = cld_turn_count(stage, value);
    cld_stage *child = stage->children;
    while (child && (child->after != after || !cld_stage_same(&child->fed, value)))
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
