/* SPDX-License-Identifier: Apache-2.0 */
/* How a run finds its stages: by the types of the inputs first, then at each cut by the value read there.
 *
 * A line is the stages of one run, from a route's root to a leaf. At most options.max_plans lines are kept; the least
 * recently used goes first, with the stages that only it needs.
 */
#include "session/session_internal.h"

#include <stdlib.h>

cld_mem *cld_route_locate(const cld_route *route, const cld_slot *slot) {
    if (!slot->home)
        return slot->input >= 0 ? route->inputs[slot->input] : NULL;
    const cld_stage *stage = (const cld_stage *)((const char *)slot->home - offsetof(cld_stage, segment));
    return stage->prepared ? cld_prepared_output(stage->prepared, slot->output) : NULL;
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
    cld_stage_free(session, route->root);
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

/* ---- how many are kept ---- */

/* Depth first; not recursive, because a model with a long loop makes a deep tree. */
static cld_stage *next_stage(const cld_stage *stage) {
    if (stage->children)
        return stage->children;
    while (stage && !stage->sibling)
        stage = stage->parent;
    return stage ? stage->sibling : NULL;
}

size_t cld_route_lines(const clade_session *session, cld_stage **oldest) {
    size_t count = 0;
    *oldest = NULL;
    for (const cld_route *route = session->routes; route; route = route->next)
        for (cld_stage *stage = route->root; stage; stage = next_stage(stage)) {
            if (stage->children)
                continue;
            count++;
            if (!*oldest || stage->used < (*oldest)->used)
                *oldest = stage;
        }
    return count;
}

static void drop_route(clade_session *session, cld_route *route) {
    cld_route **link = &session->routes;
    while (*link != route)
        link = &(*link)->next;
    *link = route->next;
    cld_route_free(session, route);
}

static void drop_stage(clade_session *session, cld_stage *stage) {
    cld_stage **link = &stage->parent->children;
    while (*link != stage)
        link = &(*link)->sibling;
    *link = stage->sibling;
    cld_stage_free(session, stage);
}

/* Drops `gone`, the end of a line, with the stages that only it needs, `from` (if it is there) excepted. */
static void drop_line(clade_session *session, cld_stage *gone, const cld_stage *from) {
    if (session->last == gone)
        session->last = NULL;
    while (gone->parent && gone->parent != from && !gone->parent->children->sibling)
        gone = gone->parent;
    if (gone->parent)
        drop_stage(session, gone);
    else
        drop_route(session, gone->route);
}

/* Before a line is added that branches off at `from` (NULL: a new route), or `from` grows: so many lines are kept, and
 * as many as leave half of the host memory for what comes. */
static void make_room(clade_session *session, const cld_stage *from) {
    size_t most = session->options.max_plans ? session->options.max_plans : 16;
    for (;;) {
        bool crowded = session->host_bytes > cld_session_host_limit(session) / 2, grows = from && !from->children;
        cld_stage *gone;
        if (grows && !crowded)
            return;
        size_t lines = cld_route_lines(session, &gone);
        if (!gone || gone == from || (lines < most && !crowded))
            return;
        drop_line(session, gone, from);
    }
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
    route->inputs = calloc(n + 1, sizeof *route->inputs);
    route->uploaded = calloc(n + 1, sizeof *route->uploaded);
    if (!route->types || !route->inputs || !route->uploaded)
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
        make_room(session, NULL);
        CLD_RETURN(new_route(&route, session, err));
        route->next = session->routes;
        session->routes = route;
    }
    route->root->used = ++session->clock;
    *out = route;
    return CLADE_OK;
}

static bool same_tensor(const clade_tensor *a, const clade_tensor *b) {
    cld_type x = cld_tensor_type(a), y = cld_tensor_type(b);
    return cld_type_equal(&x, &y) && (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

clade_status cld_route_follow(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                              clade_error *err) {
    clade_status status = CLADE_OK;
    cld_stage *child = stage->children;
    while (child && !same_tensor(&child->fed, value))
        child = child->sibling;
    if (!child) {
        make_room(session, stage);
        CLD_TRY(cld_compile_stage(&child, session, stage->route, stage, value, err));
        child->sibling = stage->children;
        stage->children = child;
    }
    child->used = ++session->clock;
    *out = child;
fail:
    clade_tensor_free(value);
    return status;
}
