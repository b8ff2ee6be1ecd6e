/* SPDX-License-Identifier: Apache-2.0 */
/* Layer normalisation spelled out, as exporters do below opset 17, becomes one LayerNormalization node:
 *
 *     d = x - ReduceMean(x); y = d / Sqrt(ReduceMean(d^2) + epsilon) * scale [+ bias]
 *
 * over the last axes, in float32. Only the last node is replaced; what nobody reads after that is dropped as dead. The
 * square may be Pow(d, 2) or Mul(d, d), and d may be computed twice.
 */
#include "op/lines/reduce.h"
#include "pass/fuse.h"

/* The input of a two-input node that a node of `op` makes (*maker), and the other one. */
static bool split(const cld_graph *graph, const cld_node *node, const cld_op *op, const cld_node **maker,
                  cld_value_id *other) {
    for (int32_t k = 0; node && node->n_in == 2 && k < 2; k++) {
        *other = node->in[1 - k];
        if ((*maker = cld_made_by(graph, node->in[k], op)))
            return true;
    }
    return false;
}

/* The mean over the last *axes axes, kept as ones; the value it is the mean of, or absent. */
static cld_value_id mean_of(const cld_fuse *fuse, cld_value_id id, int32_t *axes) {
    const cld_node *node = cld_made_by(fuse->graph, id, &cld_op_ReduceMean);
    cld_call call;
    uint32_t mask;
    bool nothing;
    if (!node || !cld_attr_int(node, "keepdims", 1) ||
        cld_call_make(&call, fuse->graph, fuse->graph->arena, node, node->in, node->n_in, 1, NULL) != CLADE_OK ||
        cld_reduce_axes(&call, &mask, &nothing, NULL) != CLADE_OK || nothing)
        return CLD_ABSENT;
    int32_t rank = call.in[0].rank;
    for (*axes = 1; *axes <= rank; ++*axes)
        if (mask == ((1u << rank) - 1) - ((1u << (rank - *axes)) - 1))
            return node->in[0];
    return CLD_ABSENT;
}

/* x - ReduceMean(x) over the last axes; x, or absent. */
static cld_value_id centred(const cld_fuse *fuse, cld_value_id id, int32_t *axes) {
    const cld_node *sub = cld_made_by(fuse->graph, id, &cld_op_Sub);
    cld_value_id x = sub ? mean_of(fuse, sub->in[1], axes) : CLD_ABSENT;
    return cld_present(x) && x.i == sub->in[0].i ? x : CLD_ABSENT;
}

/* What is squared, or absent. */
static cld_value_id root_of_square(const cld_fuse *fuse, cld_value_id id) {
    const cld_node *pow = cld_made_by(fuse->graph, id, &cld_op_Pow), *mul = cld_made_by(fuse->graph, id, &cld_op_Mul);
    if (pow && cld_fuse_is_scalar(fuse, pow->in[1]) &&
        cld_tensor_get(cld_graph_at(fuse->graph, pow->in[1])->constant, 0) == 2)
        return pow->in[0];
    return mul && mul->in[0].i == mul->in[1].i ? mul->in[0] : CLD_ABSENT;
}

typedef struct match {
    cld_value_id x, scale, bias;
    int32_t axes;
    float epsilon;
} match;

/* d / Sqrt(ReduceMean(d^2) + epsilon) */
static bool match_quotient(const cld_fuse *fuse, const cld_node *div, match *m) {
    const cld_graph *graph = fuse->graph;
    const cld_node *root = cld_made_by(graph, div->in[1], &cld_op_Sqrt), *reduce;
    const cld_node *sum = root ? cld_made_by(graph, root->in[0], &cld_op_Add) : NULL;
    cld_value_id epsilon;
    int32_t axes, axes_of_square;
    if (!split(graph, sum, &cld_op_ReduceMean, &reduce, &epsilon) || !cld_fuse_is_scalar(fuse, epsilon))
        return false;
    m->x = centred(fuse, div->in[0], &m->axes);
    cld_value_id square = mean_of(fuse, reduce->out[0], &axes_of_square);
    cld_value_id again = cld_present(square) ? centred(fuse, root_of_square(fuse, square), &axes) : CLD_ABSENT;
    m->epsilon = (float)cld_tensor_get(cld_graph_at(graph, epsilon)->constant, 0);
    return cld_present(m->x) && again.i == m->x.i && axes == m->axes && axes_of_square == m->axes;
}

/* A value that lies along the last axes of x and nothing else. */
static bool fits(const cld_fuse *fuse, const match *m, cld_value_id id) {
    const cld_type *x = &cld_graph_at(fuse->graph, m->x)->type, *type = &cld_graph_at(fuse->graph, id)->type;
    bool same = type->dtype == CLADE_FLOAT32 && type->rank >= m->axes && type->rank <= x->rank;
    for (int32_t d = 1; same && d <= type->rank; d++)
        same = type->dims[type->rank - d] == (d <= m->axes ? x->dims[x->rank - d] : 1);
    return same;
}

static bool match_scaled(const cld_fuse *fuse, const cld_node *mul, match *m) {
    const cld_node *div;
    return split(fuse->graph, mul, &cld_op_Div, &div, &m->scale) && match_quotient(fuse, div, m) &&
           cld_graph_at(fuse->graph, m->x)->type.dtype == CLADE_FLOAT32 && fits(fuse, m, m->scale);
}

/* Ends at this node? With a bias where it is an Add, without where it is a Mul that no such Add reads. */
static bool match_at(const cld_fuse *fuse, int32_t i, match *m) {
    const cld_node *node = &fuse->graph->nodes[i], *mul;
    *m = (match){ .bias = CLD_ABSENT };
    if (node->domain[0])
        return false;
    if (node->op == &cld_op_Add)
        return split(fuse->graph, node, &cld_op_Mul, &mul, &m->bias) && match_scaled(fuse, mul, m) &&
               fits(fuse, m, m->bias);
    return node->op == &cld_op_Mul && match_scaled(fuse, node, m);
}

static clade_status replace(cld_fuse *fuse, int32_t i, const match *m, clade_error *err) {
    cld_graph *graph = fuse->graph;
    char reason[160];
    const cld_attr attrs[] = { { .name = "axis", .kind = CLD_ATTR_INT, .u.i = -m->axes },
                               { .name = "epsilon", .kind = CLD_ATTR_FLOAT, .u.f = m->epsilon } };
    const cld_value_id in[] = { m->x, m->scale, m->bias };
    cld_node node = { .name = graph->nodes[i].name, .domain = "", .type = "LayerNormalization", .opset = 17 };
    node.op = cld_op_find("", node.type, node.opset, reason, sizeof reason);
    node.n_in = cld_present(m->bias) ? 3 : 2;
    node.in = cld_arena_copy(graph->arena, in, sizeof in);
    node.out = graph->nodes[i].out;
    node.n_out = 1;
    node.n_attr = (int32_t)CLD_COUNT(attrs);
    node.attr = cld_arena_copy(graph->arena, attrs, sizeof attrs);
    if (!node.op || !node.in || !node.attr)
        return cld_no_memory(err, "a fused node");
    graph->nodes[i] = node;
    return CLADE_OK;
}

clade_status cld_fuse_layernorm(cld_fuse *fuse, clade_error *err) {
    match m;
    for (int32_t i = fuse->graph->n_nodes - 1; i >= 0; i--) /* backwards: an Add before the Mul it reads */
        if (match_at(fuse, i, &m))
            CLD_RETURN(replace(fuse, i, &m, err));
    return cld_pass_dead(fuse->graph, err);
}
