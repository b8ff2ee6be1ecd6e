/* SPDX-License-Identifier: Apache-2.0 */
/* Attention spelled out becomes one Attention node (op/matrix/attention.h), where the device wants that
 * (graph->linear_attention):
 *
 *     MatMul(Softmax(MatMul(q, k^T) [* or / a constant] [+ mask]), v)
 *
 * with or without a dimension of heads, in float32 or float16. What lies between has no other readers. Transposes of q,
 * k, v and of the result go into how the node reads and writes them. Only the last node is replaced; what nobody reads
 * after that is dropped as dead.
 */
#include "op/matrix/attention.h"
#include "pass/fuse.h"

enum { RANK = CLD_ATTENTION_RANK, OUT = 3 };

typedef struct match {
    cld_value_id in[CLD_ATTENTION_MASK + 1]; /* q, k, v, mask */
    int64_t axes[CLD_ATTENTION_OPERANDS][RANK];
    double scale;
    const cld_node *last;   /* the product with v, or the Transpose behind it */
    const cld_type *scores; /* as the product makes them */
} match;

static const cld_type *type_of(const cld_fuse *fuse, cld_value_id id) { return &cld_graph_at(fuse->graph, id)->type; }

/* The node of this operator that makes a value nobody else reads, or NULL. */
static const cld_node *inner(const cld_fuse *fuse, cld_value_id id, const cld_op *op) {
    const cld_node *node = cld_made_by(fuse->graph, id, op);
    return node && cld_readers_count(&fuse->readers, id) == 1 ? node : NULL;
}

/* Past one Mul or Div by a constant, if there is one. */
static const cld_node *scaled_product(const cld_fuse *fuse, cld_value_id id, double *scale) {
    const cld_graph *graph = fuse->graph;
    const cld_node *mul = inner(fuse, id, &cld_op_Mul), *div = inner(fuse, id, &cld_op_Div);
    *scale = 1;
    for (int32_t k = 0; mul && k < 2; k++)
        if (cld_fuse_is_scalar(fuse, mul->in[k])) {
            *scale = cld_tensor_get(cld_graph_at(graph, mul->in[k])->constant, 0);
            return inner(fuse, mul->in[1 - k], &cld_op_MatMul);
        }
    if (div && cld_fuse_is_scalar(fuse, div->in[1])) {
        *scale = 1 / cld_tensor_get(cld_graph_at(graph, div->in[1])->constant, 0);
        return inner(fuse, div->in[0], &cld_op_MatMul);
    }
    return inner(fuse, id, &cld_op_MatMul);
}

/* The product of q and k^T behind the scores, and the mask. */
static const cld_node *match_scores(const cld_fuse *fuse, cld_value_id scores, match *m) {
    const cld_node *add = inner(fuse, scores, &cld_op_Add), *product;
    m->in[CLD_ATTENTION_MASK] = CLD_ABSENT;
    for (int32_t k = 0; add && k < 2; k++)
        if ((product = scaled_product(fuse, add->in[k], &m->scale))) {
            m->in[CLD_ATTENTION_MASK] = add->in[1 - k];
            return product;
        }
    return scaled_product(fuse, scores, &m->scale);
}

/* The value as it lies before a Transpose, if it is one's result. `axes`: where what stood is now. */
static cld_value_id untransposed(const cld_fuse *fuse, cld_value_id id, int32_t rank, int64_t *axes) {
    const cld_node *transpose = cld_made_by(fuse->graph, id, &cld_op_Transpose);
    int32_t count;
    const int64_t *perm = transpose ? cld_attr_ints(transpose, "perm", &count) : NULL;
    if (!perm || count != rank)
        return id;
    for (int32_t d = 0; d < RANK; d++)
        axes[d] = axes[d] < 0 ? -1 : perm[axes[d]];
    return transpose->in[0];
}

/* The Transpose that alone reads the result is part of it. */
static void take_transpose(const cld_fuse *fuse, int32_t rank, match *m) {
    const cld_readers *readers = &fuse->readers;
    const cld_value_id id = m->last->out[0];
    int64_t *axes = m->axes[OUT];
    int32_t count;
    if (cld_readers_count(readers, id) != 1 || readers->is_output[id.i])
        return;
    const cld_node *reader = &fuse->graph->nodes[readers->reader[readers->first[id.i]]];
    const int64_t *perm = reader->op == &cld_op_Transpose ? cld_attr_ints(reader, "perm", &count) : NULL;
    if (!perm || count != rank)
        return;
    for (int32_t d = 0; d < RANK; d++) {
        int64_t at = 0;
        while (axes[d] >= 0 && perm[at] != axes[d])
            at++;
        axes[d] = axes[d] < 0 ? -1 : at;
    }
    m->last = reader;
}

static bool same_leads(const cld_type *a, const cld_type *b) {
    bool same = a->rank == b->rank && a->dtype == b->dtype;
    for (int32_t d = 0; same && d < a->rank - 2; d++)
        same = a->dims[d] == b->dims[d];
    return same;
}

/* The mask broadcasts to the scores, and not the other way. */
static bool fits_mask(const cld_fuse *fuse, const match *m) {
    if (!cld_present(m->in[CLD_ATTENTION_MASK]))
        return true;
    const cld_type *mask = type_of(fuse, m->in[CLD_ATTENTION_MASK]);
    bool fits = mask->dtype == m->scores->dtype && mask->rank <= m->scores->rank;
    for (int32_t d = 1; fits && d <= mask->rank; d++)
        fits = mask->dims[mask->rank - d] == 1 || mask->dims[mask->rank - d] == m->scores->dims[m->scores->rank - d];
    return fits;
}

static bool is_last_axis(const cld_node *softmax, int32_t rank) {
    const int64_t axis = cld_attr_int(softmax, "axis", softmax->opset < 13 ? 1 : -1);
    return axis == -1 || axis == rank - 1;
}

static bool match_at(const cld_fuse *fuse, const cld_node *product, match *m) {
    const cld_node *softmax = product->op == &cld_op_MatMul ? inner(fuse, product->in[0], &cld_op_Softmax) : NULL;
    const cld_node *scores = softmax ? match_scores(fuse, softmax->in[0], m) : NULL;
    if (!scores)
        return false;
    const cld_type *q = type_of(fuse, scores->in[0]), *k = type_of(fuse, scores->in[1]),
                   *v = type_of(fuse, product->in[1]);
    const int32_t rank = q->rank, heads = rank == RANK ? 1 : -1;
    m->scores = type_of(fuse, scores->out[0]);
    if ((rank != RANK && rank != RANK - 1) || !cld_dtype_in(q->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16)) ||
        !same_leads(q, k) || !same_leads(q, v) || !is_last_axis(softmax, rank) || !fits_mask(fuse, m) ||
        !cld_type_equal(type_of(fuse, softmax->in[0]), m->scores) || /* one of more dimensions scales */
        q->dims[rank - 1] < 1 || q->dims[rank - 1] > CLD_ATTENTION_MOST || v->dims[rank - 1] > CLD_ATTENTION_MOST ||
        v->dims[rank - 2] < 1)
        return false;
    const int64_t rows_first[] = { 0, heads, rank - 2, rank - 1 }, columns_first[] = { 0, heads, rank - 1, rank - 2 };
    for (int32_t operand = 0; operand < CLD_ATTENTION_OPERANDS; operand++)
        memcpy(m->axes[operand], operand == CLD_ATTENTION_K ? columns_first : rows_first, sizeof rows_first);
    const cld_value_id in[] = { scores->in[0], scores->in[1], product->in[1] };
    for (int32_t operand = 0; operand < OUT; operand++)
        m->in[operand] = untransposed(fuse, in[operand], rank, m->axes[operand]);
    m->last = product;
    take_transpose(fuse, rank, m);
    return true;
}

static clade_status replace(cld_fuse *fuse, const match *m, clade_error *err) {
    cld_graph *graph = fuse->graph;
    const bool masked = cld_present(m->in[CLD_ATTENTION_MASK]);
    int64_t *axes = cld_arena_copy(graph->arena, m->axes, sizeof m->axes);
    const cld_attr attrs[] = {
        { .name = CLD_ATTENTION_AXES, .kind = CLD_ATTR_INTS, .count = CLD_ATTENTION_OPERANDS * RANK, .u.ints = axes },
        { .name = CLD_ATTENTION_SCALE, .kind = CLD_ATTR_FLOAT, .u.f = (float)m->scale }
    };
    cld_node node = { .name = m->last->name,
                      .domain = cld_op_Attention.domain,
                      .type = cld_op_Attention.name,
                      .opset = 1,
                      .op = &cld_op_Attention,
                      .n_in = CLD_ATTENTION_MASK + masked,
                      .n_out = 1,
                      .n_attr = (int32_t)CLD_COUNT(attrs),
                      .out = m->last->out };
    node.in = cld_arena_copy(graph->arena, m->in, sizeof m->in);
    node.attr = cld_arena_copy(graph->arena, attrs, sizeof attrs);
    if (!axes || !node.in || !node.attr)
        return cld_no_memory(err, "a fused node");
    graph->nodes[m->last - graph->nodes] = node;
    return CLADE_OK;
}

clade_status cld_fuse_attention(cld_fuse *fuse, clade_error *err) {
    match m;
    if (!fuse->graph->linear_attention)
        return CLADE_OK;
    for (int32_t i = 0; i < fuse->graph->n_nodes; i++)
        if (match_at(fuse, &fuse->graph->nodes[i], &m))
            CLD_RETURN(replace(fuse, &m, err));
    return cld_pass_dead(fuse->graph, err);
}
