/* SPDX-License-Identifier: Apache-2.0 */
/* The body of what is fused: a graph of its own, made of some nodes of another. */
#include "pass/fuse.h"

/* Value `id` is `made` in the body; false: that could not be made. */
static bool enter(int32_t *inside, cld_value_id id, cld_value_id made) {
    inside[id.i] = made.i;
    return cld_present(made);
}

cld_graph *cld_fuse_body(const cld_fuse *fuse, const int32_t *nodes, int32_t n, const cld_border *b) {
    const cld_graph *graph = fuse->graph;
    cld_graph *body = cld_graph_new(graph->arena, "body");
    int32_t *inside = fuse->inside;
    bool good = body != NULL;
    for (int32_t k = 0; good && k < b->n_in; k++)
        good = enter(inside, b->in[k], cld_graph_input(body, NULL, &cld_graph_at(graph, b->in[k])->type));
    for (int32_t k = 0; good && k < b->n_scalars; k++)
        good = enter(inside, b->scalar[k], cld_graph_constant(body, NULL, cld_graph_at(graph, b->scalar[k])->constant));
    if (!good)
        return NULL;
    for (int32_t m = 0; m < n; m++) {
        const cld_node *node = &graph->nodes[nodes[m]];
        cld_value_id in[CLD_MAP_INPUTS], out = cld_graph_value(body, NULL, &cld_graph_at(graph, node->out[0])->type);
        cld_node copy = *node;
        for (int32_t k = 0; k < node->n_in; k++)
            in[k] = cld_present(node->in[k]) ? (cld_value_id){ inside[node->in[k].i] } : CLD_ABSENT;
        copy.in = in;
        copy.out = &out;
        if (!enter(inside, node->out[0], out) || !cld_graph_node(body, &copy))
            return NULL;
    }
    for (int32_t k = 0; k < b->n_out; k++)
        if (!cld_graph_output(body, (cld_value_id){ inside[b->out[k].i] }))
            return NULL;
    return body;
}
