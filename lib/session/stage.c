/* SPDX-License-Identifier: Apache-2.0 */
/* Stages and routes: what a session may hold of them, when two values lead to the same one, and how they go. What makes
 * them is compile.c, what finds them route.c.
 */
#include "session/session_internal.h"

enum { DEFAULT_CUTS = 20000 };
static const size_t default_host_bytes = (size_t)2 << 30;

size_t cld_session_host_limit(const clade_session *session) {
    return session->options.max_host_bytes ? session->options.max_host_bytes : default_host_bytes;
}

clade_status cld_check_cuts(const clade_session *session, const cld_stage *cut, size_t cuts, clade_error *err) {
    size_t most = session->options.max_cuts ? session->options.max_cuts : DEFAULT_CUTS;
    const cld_node *node = cut->segment.cut_node;
    if (cuts <= most)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': a run reads more than %zu values that decide what follows",
                    node->type, node->name, most);
}

bool cld_stage_same(const clade_tensor *a, const clade_tensor *b) {
    cld_type x = cld_tensor_type(a), y = cld_tensor_type(b);
    return cld_type_equal(&x, &y) && (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

/* ---- freeing ---- */

static void free_turns(clade_session *session, cld_stage *stage) {
    cld_prepared_free(stage->turns.other);
    for (int32_t r = 0; stage->turns.stack && r < stage->turns.repeat.n_rows; r++)
        cld_exec_release(session->exec, stage->turns.stack[r]);
    cld_free(stage->turns.stack);
}

static void free_leaf(clade_session *session, cld_stage *stage) {
    session->host_bytes -= stage->host_bytes;
    cld_prepared_free(stage->prepared);
    free_turns(session, stage);
    cld_plan_free(stage->plan);
    cld_graph_free(stage->segment.graph);
    cld_walk_free(stage->walk);
    clade_tensor_free(&stage->fed);
    cld_free(stage);
}

/* Children first, and not recursive: a model with a long loop makes a deep tree. */
void cld_stage_free(clade_session *session, cld_stage *stage) {
    for (cld_stage *at = stage; at;) {
        while (at->children)
            at = at->children;
        cld_stage *parent = at != stage ? at->parent : NULL;
        if (parent)
            parent->children = at->sibling;
        free_leaf(session, at);
        at = parent;
    }
}

void cld_route_free(clade_session *session, cld_route *route) {
    if (!route)
        return;
    cld_stage_free(session, route->root);
    cld_free(route->types);
    cld_free(route);
}
