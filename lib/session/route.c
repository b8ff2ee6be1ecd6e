/* SPDX-License-Identifier: Apache-2.0 */
/* How a run finds its stages: by the types of the inputs first, then at each cut by the value read there.
 *
 * Both levels keep at most options.max_plans entries and drop the least recently used.
 */
#include "session/session_internal.h"

#include <stdlib.h>

static size_t max_plans(const clade_session *session) {
    return session->options.max_plans ? session->options.max_plans : 16;
}

cld_mem *cld_route_locate(const cld_stage *stage, int32_t slot) {
    const cld_route *route = stage->route;
    for (; stage; stage = stage->parent)
        for (int32_t k = 0; stage->prepared && k < stage->segment.graph->n_outputs; k++)
            if (stage->segment.carried_out[k] == slot)
                return cld_prepared_output(stage->prepared, k);
    return route->inputs[slot];
}

clade_status cld_route_upload(clade_session *session, cld_route *route, int32_t input, clade_error *err) {
    const cld_input *in = &session->inputs[input];
    cld_queue *queue = cld_exec_queue(session->exec);
    size_t bytes = cld_type_bytes(&route->types[input]);
    if (!route->inputs[input])
        CLD_RETURN(cld_exec_alloc(session->exec, &route->inputs[input], bytes, err));
    /* A caller's buffer may have changed since, so it is copied for every run. */
    if (route->uploaded[input] == in->version && !in->buffer)
        return CLADE_OK;
    if (in->buffer)
        CLD_RETURN(cld_mem_copy(queue, route->inputs[input], 0, in->buffer, in->buffer_offset, bytes, NULL, err));
    else
        CLD_RETURN(cld_mem_write(queue, route->inputs[input], 0, in->tensor.data, bytes, true, err));
    route->uploaded[input] = in->version;
    return CLADE_OK;
}

void cld_route_free(clade_session *session, cld_route *route) {
    if (!route)
        return;
    cld_stage_free(route->root);
    for (int32_t k = 0; route->inputs && k < session->model->graph->n_inputs; k++)
        cld_exec_release(session->exec, route->inputs[k]);
    free(route->types);
    free(route->inputs);
    free(route->uploaded);
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

static void drop_oldest_route(clade_session *session) {
    size_t count = 0;
    cld_route **oldest = NULL;
    for (cld_route **link = &session->routes; *link; link = &(*link)->next, count++)
        if (!oldest || (*link)->used < (*oldest)->used)
            oldest = link;
    if (count < max_plans(session))
        return;
    cld_route *gone = *oldest;
    *oldest = gone->next;
    session->last = NULL; /* it may have been on that route */
    cld_route_free(session, gone);
}

static clade_status new_route(cld_route **out, clade_session *session, clade_error *err) {
    clade_status status = CLADE_OK;
    size_t n = (size_t)session->model->graph->n_inputs;
    cld_walk *walk = NULL;
    cld_route *route = calloc(1, sizeof *route);
    if (!route)
        return cld_no_memory(err, "a plan");
    route->types = calloc(n + 1, sizeof *route->types);
    route->inputs = calloc(n + 1, sizeof *route->inputs);
    route->uploaded = calloc(n + 1, sizeof *route->uploaded);
    if (!route->types || !route->inputs || !route->uploaded)
        CLD_TRY(cld_no_memory(err, "a plan"));
    for (size_t k = 0; k < n; k++)
        route->types[k] = cld_tensor_type(&session->inputs[k].tensor);
    CLD_TRY(cld_walk_new(&walk, session->model->graph, route->types, err));
    CLD_TRY(cld_compile_stage(&route->root, session, route, walk, NULL, NULL, err));
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
        drop_oldest_route(session);
        CLD_RETURN(new_route(&route, session, err));
        route->next = session->routes;
        session->routes = route;
    }
    route->used = ++session->clock;
    *out = route;
    return CLADE_OK;
}

static bool same_tensor(const clade_tensor *a, const clade_tensor *b) {
    cld_type x = cld_tensor_type(a), y = cld_tensor_type(b);
    return cld_type_equal(&x, &y) && (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

static void drop_oldest_child(clade_session *session, cld_stage *stage) {
    size_t count = 0;
    cld_stage **oldest = NULL;
    for (cld_stage **link = &stage->children; *link; link = &(*link)->sibling, count++)
        if (!oldest || (*link)->used < (*oldest)->used)
            oldest = link;
    if (count < max_plans(session))
        return;
    cld_stage *gone = *oldest;
    *oldest = gone->sibling;
    session->last = NULL; /* it may have been behind that cut */
    cld_stage_free(gone);
}

clade_status cld_route_follow(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                              clade_error *err) {
    clade_status status = CLADE_OK;
    cld_walk *walk = NULL;
    cld_stage *child = stage->children;
    while (child && !same_tensor(&child->fed, value))
        child = child->sibling;
    if (!child) {
        drop_oldest_child(session, stage);
        CLD_TRY(cld_walk_copy(&walk, stage->walk, err));
        CLD_TRY(cld_compile_stage(&child, session, stage->route, walk, stage, value, err));
        child->sibling = stage->children;
        stage->children = child;
    }
    child->used = ++session->clock;
    *out = child;
fail:
    clade_tensor_free(value);
    return status;
}
