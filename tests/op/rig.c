/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and random material, and what nodes give on the host: see rig.h. */
#include "op/rig.h"

void op_begin(op_rig *rig) {
    *rig = (op_rig){ .random = UINT64_C(0x9e3779b97f4a7c15) };
    rig->graph = cld_graph_new(NULL, "nodes");
    rig->host = cld_graph_new(NULL, "host");
    ck_assert(rig->graph && rig->host);
}

void op_end(op_rig *rig) {
    cld_graph_free(rig->graph);
    cld_graph_free(rig->host);
}

/* ---- random material --------------------------------------------------------------------------------------------- */

int64_t op_below(op_rig *rig, int64_t n) {
    rig->random ^= rig->random << 13;
    rig->random ^= rig->random >> 7;
    rig->random ^= rig->random << 17;
    return (int64_t)((rig->random >> 11) % (uint64_t)n);
}

int64_t op_between(op_rig *rig, int64_t a, int64_t b) { return a + op_below(rig, b - a + 1); }

clade_dtype op_dtype(op_rig *rig, cld_dtypes set) {
    for (;;) {
        int64_t dtype = op_below(rig, 32);
        if (cld_dtype_valid(dtype) && cld_dtype_in((clade_dtype)dtype, set))
            return (clade_dtype)dtype;
    }
}

cld_type op_type(op_rig *rig, clade_dtype dtype, int32_t rank, int64_t largest) {
    cld_type type = { .dtype = dtype, .rank = rank };
    for (int32_t d = 0; d < rank; d++)
        type.dims[d] = op_between(rig, 1, largest);
    return type;
}

static clade_tensor *empty(op_rig *rig, const cld_type *type) {
    clade_tensor *tensor = cld_tensor_new(rig->graph->arena, type);
    ck_assert_ptr_nonnull(tensor);
    return tensor;
}

clade_tensor *op_tensor(op_rig *rig, const cld_type *type) {
    clade_tensor *tensor = empty(rig, type);
    bool can_be_negative = cld_dtype_in(type->dtype, CLD_FLOATS | CLD_SIGNED);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set_int(tensor, i, op_below(rig, 100) - (can_be_negative ? 50 : 0));
    return tensor;
}

clade_tensor *op_indices(op_rig *rig, const cld_type *type, int64_t n) {
    clade_tensor *tensor = empty(rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set_int(tensor, i, op_between(rig, -n, n - 1));
    return tensor;
}

clade_tensor *op_ints(op_rig *rig, const int64_t *values, int32_t count) {
    cld_type type = { CLADE_INT64, 1, { count } };
    clade_tensor *tensor = empty(rig, &type);
    for (int32_t i = 0; i < count; i++)
        cld_tensor_set_int(tensor, i, values[i]);
    return tensor;
}

clade_tensor *op_scalar(op_rig *rig, clade_dtype dtype, double value) {
    cld_type type = { .dtype = dtype, .rank = 0 };
    clade_tensor *tensor = empty(rig, &type);
    cld_tensor_set(tensor, 0, value);
    return tensor;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

static clade_status build(op_rig *rig, cld_graph *graph, const op_node *node, const cld_value_id *in,
                          cld_value_id *out) {
    char reason[160];
    cld_value_id wanted[OP_INPUTS] = { { 0 } };
    cld_node proto = { .name = node->type,
                       .domain = "",
                       .type = node->type,
                       .opset = node->opset ? node->opset : 17,
                       .n_in = node->n_in,
                       .n_out = node->n_out ? node->n_out : 1,
                       .out = wanted };
    proto.n_attr = node->n_attr;
    proto.attr = cld_arena_copy(graph->arena, node->attr, (size_t)node->n_attr * sizeof *node->attr);
    proto.op = cld_op_find("", node->type, proto.opset, reason, sizeof reason);
    ck_assert_msg(proto.op != NULL, "%s", reason);
    cld_build to = { .graph = graph, .node = node->type, .opset = proto.opset };
    return cld_build_node(&to, &proto, in, node->n_in, out, proto.n_out, &rig->err);
}

clade_status op_on_host(op_rig *rig, const op_node *node, const clade_tensor **out) {
    cld_value_id in[OP_INPUTS], results[OP_INPUTS];
    for (int32_t k = 0; k < node->n_in; k++)
        in[k] = node->in[k] ? cld_graph_constant(rig->host, NULL, node->in[k]) : CLD_ABSENT;
    CLD_RETURN(build(rig, rig->host, node, in, results));
    for (int32_t k = 0; k < CLD_MAX(node->n_out, 1); k++)
        out[k] = cld_graph_at(rig->host, results[k])->constant;
    return CLADE_OK;
}

void op_add_want(op_rig *rig, const op_node *node, const clade_tensor *const *want) {
    cld_value_id in[OP_INPUTS], results[OP_INPUTS];
    for (int32_t k = 0; k < node->n_in; k++) {
        in[k] = CLD_ABSENT;
        if (node->in[k] && (node->known >> k & 1)) {
            in[k] = cld_graph_constant(rig->graph, NULL, node->in[k]);
        } else if (node->in[k]) {
            cld_type type = cld_tensor_type(node->in[k]);
            rig->inputs[rig->graph->n_inputs] = node->in[k];
            in[k] = cld_graph_input(rig->graph, NULL, &type);
        }
    }
    ck_ok(build(rig, rig->graph, node, in, results), rig->err);
    for (int32_t k = 0; k < CLD_MAX(node->n_out, 1); k++) {
        ck_assert_msg(want[k] != NULL, "%s is not evaluated on the host", node->type);
        rig->want[rig->graph->n_outputs] = want[k];
        ck_assert(cld_graph_output(rig->graph, results[k]));
    }
}

void op_add(op_rig *rig, const op_node *node) {
    const clade_tensor *want[OP_INPUTS];
    ck_ok(op_on_host(rig, node, want), rig->err);
    op_add_want(rig, node, want);
}
