/* SPDX-License-Identifier: Apache-2.0 */
/* Fusing, in four steps: layer normalisations spelled out become one node (fuse_layernorm.c), and so does attention
 * (fuse_attention.c); expressions of one
 * producer's result go into its epilogue (fuse_epilogue.c); groups that are left become Fused nodes (fuse_group.c).
 *
 * Needs: a static graph, nodes in topological order. Keeps: the order, value ids, inputs, outputs, and every result:
 * a map rounds each value to its element type (cl/map.cl), and epilogues are of float32 alone.
 */
#include "pass/fuse.h"

static void drop_gone(cld_fuse *fuse) {
    cld_graph *graph = fuse->graph;
    int32_t kept = 0;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        for (int32_t k = 0; fuse->gone[i] && k < node->n_out; k++)
            if (cld_present(node->out[k]) && cld_graph_at(graph, node->out[k])->producer == i)
                cld_graph_at(graph, node->out[k])->producer = -1;
    }
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        if (fuse->gone[i])
            continue;
        graph->nodes[kept] = graph->nodes[i];
        for (int32_t k = 0; k < graph->nodes[kept].n_out; k++)
            if (cld_present(graph->nodes[kept].out[k]))
                cld_graph_at(graph, graph->nodes[kept].out[k])->producer = kept;
        kept++;
    }
    graph->n_nodes = kept;
}

clade_status cld_pass_fuse(cld_graph *graph, clade_error *err) {
    static clade_status (*const steps[])(cld_fuse *, clade_error *) = { cld_fuse_layernorm, cld_fuse_attention,
                                                                        cld_fuse_epilogues, cld_fuse_groups };
    cld_fuse fuse = { .graph = graph, .scratch = cld_arena_new() };
    clade_status status = CLADE_OK;
    if (!fuse.scratch)
        return cld_no_memory(err, "fusing nodes");
    for (size_t k = 0; k < CLD_COUNT(steps); k++) {
        CLD_TRY(cld_fuse_gather(&fuse, err));
        CLD_TRY(steps[k](&fuse, err));
        drop_gone(&fuse);
    }
fail:
    cld_arena_free(fuse.scratch);
    return status;
}
