/* SPDX-License-Identifier: Apache-2.0 */
/* clade.Fused: a graph of pointwise nodes (attribute CLD_FUSED_BODY) run as one map. The fuse pass makes it; no file
 * holds one. */
#include "op/map/pointwise.h"

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_attr *attr = cld_attr_find(call->node, CLD_FUSED_BODY, CLD_ATTR_GRAPH);
    if (!attr || attr->u.graph->n_outputs != call->n_out)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "it has no body with %d outputs", (int)call->n_out);
    for (int32_t k = 0; k < call->n_out; k++)
        call->out[k] = cld_graph_at(attr->u.graph, attr->u.graph->outputs[k])->type;
    return CLADE_OK;
}

const cld_op cld_op_Fused = {
    .domain = CLD_INTERNAL,
    .name = "Fused",
    .doc = "y = a pointwise expression of several inputs",
    .since = 1,
    .min_in = 0,
    .max_in = -1,
    .min_out = 1,
    .max_out = -1,
    .infer = infer,
    .impls = cld_map_impls,
};
