/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of the fuse pass ask of the graph. */
#include "pass/fuse.h"

bool cld_fuse_is_scalar(const cld_fuse *fuse, cld_value_id id) {
    const clade_tensor *value = cld_present(id) ? cld_graph_at(fuse->graph, id)->constant : NULL;
    return value && clade_tensor_count(value) == 1;
}

bool cld_fuse_pointwise(const cld_fuse *fuse, int32_t i, cld_call *call) {
    const cld_graph *graph = fuse->graph;
    const cld_node *node = &graph->nodes[i];
    static const char *const names[CLD_MAP_INPUTS] = { "x", "x", "x", "x", "x", "x", "x", "x",
                                                       "x", "x", "x", "x", "x", "x", "x", "x" };
    if (!node->op || !node->op->pointwise || node->op->updates || node->n_out != 1 || node->n_in > CLD_MAP_INPUTS ||
        cld_call_make(call, graph, graph->arena, node, node->in, node->n_in, 1, NULL) != CLADE_OK)
        return false;
    call->out[0] = cld_graph_at(graph, node->out[0])->type;
    return cld_type_count(&call->out[0]) > 0 && node->op->pointwise(call, names) != NULL;
}

clade_status cld_fuse_gather(cld_fuse *fuse, clade_error *err) {
    const cld_graph *graph = fuse->graph;
    fuse->gone = cld_arena_calloc(fuse->scratch, (size_t)graph->n_nodes + 1, sizeof *fuse->gone);
    fuse->inside = cld_arena_calloc(fuse->scratch, (size_t)graph->n_values + 1, sizeof *fuse->inside);
    if (!fuse->gone || !fuse->inside)
        return cld_no_memory(err, "fusing nodes");
    return cld_readers_gather(&fuse->readers, graph, fuse->scratch, err);
}
