/* SPDX-License-Identifier: Apache-2.0 */
/* Fusing into epilogues: float32 nodes that hang on one producer's result, and whose last one is all that anybody else
 * reads, become a map that the producer applies before it stores (op/map/epilogue.h). What they read besides are scalar
 * constants and up to CLD_EPILOGUE_INPUTS operands: a residual, a scale or shift for each channel. The producer then
 * stands where the last of them stood, since the operands may be made after it.
 */
#include "op/map/epilogue.h"
#include "pass/fuse.h"

#include <math.h>

enum { MAX_NODES = 16 };

typedef struct chain {
    cld_fuse *fuse;
    const cld_op *op;   /* the producer's */
    cld_value_id start; /* its result */
    int32_t n;
    int32_t node[MAX_NODES];
    cld_border border[MAX_NODES]; /* of the nodes up to this one, but for its out */
} chain;

/* The value is the producer's result or one of the chain's. */
static bool is_inside(const chain *c, cld_value_id id) {
    bool inside = id.i == c->start.i;
    for (int32_t k = 0; k < c->n; k++)
        inside |= c->fuse->graph->nodes[c->node[k]].out[0].i == id.i;
    return inside;
}

static bool is_float32(const cld_type *type) { return type->dtype == CLADE_FLOAT32; }

/* Adds a value to a list of at most `most` unless it is there. */
static bool add_once(cld_value_id *list, int32_t *n, int32_t most, cld_value_id id) {
    for (int32_t k = 0; k < *n; k++)
        if (list[k].i == id.i)
            return true;
    if (*n >= most)
        return false;
    list[(*n)++] = id;
    return true;
}

/* Takes a value from outside into the border, as a scalar or an operand. */
static bool take(const chain *c, cld_border *border, cld_value_id id) {
    const cld_graph *graph = c->fuse->graph;
    const cld_value *value = cld_graph_at(graph, id);
    cld_run run;
    if (cld_fuse_is_scalar(c->fuse, id))
        return !isnan(cld_tensor_get(value->constant, 0)) &&
               add_once(border->scalar, &border->n_scalars, CLD_BORDER_INPUTS, id);
    return cld_epilogue_run(c->op, &value->type, &cld_graph_at(graph, c->start)->type, &run) &&
           add_once(border->in, &border->n_in, 1 + CLD_EPILOGUE_INPUTS, id);
}

/* Node i belongs to the chain; then what the chain takes with it. */
static bool extend(const chain *c, int32_t i, cld_border *border) {
    const cld_type *shape = &cld_graph_at(c->fuse->graph, c->start)->type;
    bool connected = false;
    cld_call call;
    if (c->fuse->gone[i] || !cld_fuse_pointwise(c->fuse, i, &call) || !cld_type_equal(&call.out[0], shape))
        return false;
    *border = c->n > 0 ? c->border[c->n - 1] : (cld_border){ .n_in = 1, .in = { c->start } };
    for (int32_t k = 0; k < call.n_in; k++) {
        if (!cld_call_has(&call, k))
            continue;
        const bool inside = is_inside(c, call.node->in[k]);
        connected |= inside;
        if (!is_float32(&call.in[k]) || (!inside && !take(c, border, call.node->in[k])))
            return false;
    }
    return connected;
}

/* Nobody outside the first n nodes of the chain reads anything of it but the last one's result. */
static bool is_closed(const chain *c, int32_t n) {
    const cld_fuse *fuse = c->fuse;
    for (int32_t m = -1; m < n - 1; m++) {
        int32_t v = m < 0 ? c->start.i : fuse->graph->nodes[c->node[m]].out[0].i;
        if (fuse->readers.is_output[v])
            return false;
        for (int32_t r = fuse->readers.first[v]; r < fuse->readers.first[v + 1]; r++) {
            bool inside = false;
            for (int32_t k = 0; k < n; k++)
                inside |= c->node[k] == fuse->readers.reader[r];
            if (!inside)
                return false;
        }
    }
    return true;
}

/* The first node after `after` that reads anything of the chain; n_nodes: none. */
static int32_t next_reader(const chain *c, int32_t after) {
    const cld_fuse *fuse = c->fuse;
    int32_t next = fuse->graph->n_nodes;
    for (int32_t m = -1; m < c->n; m++) {
        int32_t v = m < 0 ? c->start.i : fuse->graph->nodes[c->node[m]].out[0].i;
        for (int32_t r = fuse->readers.first[v]; r < fuse->readers.first[v + 1]; r++)
            if (fuse->readers.reader[r] > after)
                next = CLD_MIN(next, fuse->readers.reader[r]);
    }
    return next;
}

/* Collects what hangs on the start, in order; returns the longest closed beginning. */
static int32_t grow(chain *c, int32_t producer) {
    int32_t closed = 0, n_nodes = c->fuse->graph->n_nodes;
    for (int32_t i = next_reader(c, producer); i < n_nodes && c->n < MAX_NODES; i = next_reader(c, i)) {
        if (!extend(c, i, &c->border[c->n]))
            break; /* it reads the chain and is not of it, so nothing beyond is closed */
        c->node[c->n++] = i;
        if (is_closed(c, c->n))
            closed = c->n;
    }
    return closed;
}

/* The producer with the first n nodes of the chain for its epilogue, in the place of the last of them. */
static clade_status set_epilogue(const chain *c, int32_t producer, int32_t n, clade_error *err) {
    cld_graph *graph = c->fuse->graph;
    cld_node node = graph->nodes[producer];
    cld_border border = c->border[n - 1];
    const int32_t last = c->node[n - 1], formal = c->op->max_in;
    border.out[border.n_out++] = graph->nodes[last].out[0];
    cld_graph *body = cld_fuse_body(c->fuse, c->node, n, &border);
    cld_attr *attrs = cld_arena_calloc(graph->arena, (size_t)node.n_attr + 1, sizeof *attrs);
    cld_value_id *in = cld_arena_calloc(graph->arena, (size_t)(formal + border.n_in), sizeof *in);
    if (!body || !attrs || !in)
        return cld_no_memory(err, "an epilogue");
    for (int32_t k = 0; k < formal; k++)
        in[k] = k < node.n_in ? node.in[k] : CLD_ABSENT;
    for (int32_t k = 1; k < border.n_in; k++)
        in[formal + k - 1] = border.in[k];
    memcpy(attrs, node.attr, (size_t)node.n_attr * sizeof *attrs);
    attrs[node.n_attr++] = (cld_attr){ .name = CLD_EPILOGUE, .kind = CLD_ATTR_GRAPH, .u.graph = body };
    node.attr = attrs;
    node.in = in;
    node.n_in = border.n_in > 1 ? formal + border.n_in - 1 : node.n_in;
    node.out = graph->nodes[last].out;
    graph->nodes[last] = node;
    c->fuse->gone[producer] = true;
    for (int32_t k = 0; k + 1 < n; k++)
        c->fuse->gone[c->node[k]] = true;
    return CLADE_OK;
}

clade_status cld_fuse_epilogues(cld_fuse *fuse, clade_error *err) {
    const cld_graph *graph = fuse->graph;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        if (fuse->gone[i] || !node->op || !node->op->epilogue || cld_attr_find(node, CLD_EPILOGUE, CLD_ATTR_GRAPH) ||
            !is_float32(&cld_graph_at(graph, node->out[0])->type))
            continue;
        chain c = { .fuse = fuse, .op = node->op, .start = node->out[0] };
        int32_t n = grow(&c, i);
        if (n > 0)
            CLD_RETURN(set_epilogue(&c, i, n, err));
    }
    return CLADE_OK;
}
