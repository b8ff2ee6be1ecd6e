/* SPDX-License-Identifier: Apache-2.0 */
/* What a session keeps, and what goes when there is no room.
 *
 * A line is the stages of one run, from a route's root to a leaf. At most options.max_plans lines are kept; the least
 * recently used goes first, with the stages that only it needs. Memory on the device is counted as it is allocated
 * (exec/exec.c); where it does not suffice, or options.max_device_bytes forbids it, lines go likewise.
 */
#include "session/session_internal.h"

/* Depth first; not recursive, because a model with a long loop makes a deep tree. */
static cld_stage *next_stage(const cld_stage *stage) {
    if (stage->children)
        return stage->children;
    while (stage && !stage->sibling)
        stage = stage->parent;
    return stage ? stage->sibling : NULL;
}

/* How many lines are kept; *oldest: the end of the one used longest ago that is not `except`, or NULL. */
static size_t lines(const clade_session *session, const cld_stage *except, cld_stage **oldest) {
    size_t count = 0;
    *oldest = NULL;
    for (const cld_route *route = session->routes; route; route = route->next)
        for (cld_stage *stage = route->root; stage; stage = next_stage(stage)) {
            if (stage->children)
                continue;
            count++;
            if (stage != except && (!*oldest || stage->used < (*oldest)->used))
                *oldest = stage;
        }
    return count;
}

size_t cld_room_lines(const clade_session *session) {
    cld_stage *oldest;
    return lines(session, NULL, &oldest);
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

/* So many lines are kept, and as many as leave half of the host memory for what comes. */
void cld_room_make(clade_session *session, const cld_stage *from) {
    size_t most = session->options.max_plans ? session->options.max_plans : 16;
    for (;;) {
        bool crowded = session->host_bytes > cld_session_host_limit(session) / 2, grows = from && !from->children;
        cld_stage *gone;
        if (grows && !crowded)
            return;
        size_t count = lines(session, from, &gone);
        if (!gone || (count < most && !crowded))
            return;
        drop_line(session, gone, from);
    }
}

bool cld_room_spare(void *user) {
    clade_session *session = user;
    cld_stage *gone;
    lines(session, session->keep, &gone);
    if (!gone)
        return cld_exec_drop_arena(session->exec) || cld_pool_spare(session->owner ? session->owner : session);
    drop_line(session, gone, session->keep);
    return true;
}

/* ---- given back when asked ---- */

bool cld_room_empty(clade_session *session) {
    cld_stage *gone;
    bool any = false;
    for (lines(session, session->last, &gone); gone; lines(session, session->last, &gone)) {
        drop_line(session, gone, session->last);
        any = true;
    }
    any |= cld_exec_drop_arena(session->exec);
    for (int32_t k = 0; k < session->model->graph->n_inputs; k++) {
        cld_input *in = &session->inputs[k];
        if (!in->mem || cld_value_is_result(session, k))
            continue;
        cld_exec_release(session->exec, in->mem);
        in->mem = NULL;
        in->uploaded = 0;
        any = true;
    }
    return any;
}

clade_status clade_session_trim(clade_session *session, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    cld_room_empty(session);
    while (cld_pool_spare(session)) {
    }
    return cld_session_leave(session, CLADE_OK);
}
