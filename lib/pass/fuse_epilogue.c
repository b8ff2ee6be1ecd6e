/* SPDX-License-Identifier: Apache-2.0 */
/* Fusing into epilogues: float32 nodes that depend on nothing but one producer's result and scalar constants, and whose
 * last one is all that anybody else reads, become an expression in x that the producer applies before it stores.
 *
 * The expression holds for a float and for a vector of them, so constants are literals where the operators accept a
 * scalar beside a vector, and clamp(x, c, c) elsewhere.
 */
#include "pass/fuse.h"

#include <math.h>

enum { MAX_NODES = 16, MAX_TEXT = 1024 };

typedef struct chain {
    cld_fuse *fuse;
    cld_value_id start; /* the producer's result */
    int32_t n;
    int32_t node[MAX_NODES];
    const char *text[MAX_NODES]; /* what each node gives, in x */
} chain;

/* The expression of a value inside the chain; NULL: it comes from elsewhere. */
static const char *text_of(const chain *c, cld_value_id id) {
    if (id.i == c->start.i)
        return "x";
    for (int32_t k = 0; k < c->n; k++)
        if (c->fuse->graph->nodes[c->node[k]].out[0].i == id.i)
            return c->text[k];
    return NULL;
}

static bool is_float32(const cld_type *type) { return type->dtype == CLADE_FLOAT32; }

static const char *literal(const chain *c, const cld_call *call, int32_t k) {
    const char *text = cld_pointwise_literal(call->arena, CLADE_FLOAT32, cld_tensor_get(call->value[k], 0));
    if (!text || cld_pointwise_takes_literal(call))
        return text;
    return cld_arena_printf(c->fuse->scratch, "clamp(x, %s, %s)", text, text);
}

/* The expression node i gives when it belongs to the chain; NULL: it does not. */
static const char *extend(const chain *c, int32_t i) {
    const cld_fuse *fuse = c->fuse;
    const cld_type *shape = &cld_graph_at(fuse->graph, c->start)->type;
    const char *operands[CLD_MAP_INPUTS] = { NULL };
    bool connected = false;
    cld_call call;
    if (!cld_fuse_pointwise(fuse, i, &call) || !cld_type_equal(&call.out[0], shape))
        return NULL;
    for (int32_t k = 0; k < call.n_in; k++) {
        if (!cld_call_has(&call, k))
            continue;
        operands[k] = text_of(c, call.node->in[k]);
        connected |= operands[k] != NULL;
        if (!operands[k] && cld_fuse_is_scalar(fuse, call.node->in[k]) && !isnan(cld_tensor_get(call.value[k], 0)))
            operands[k] = literal(c, &call, k);
        if (!operands[k] || !is_float32(&call.in[k]))
            return NULL;
    }
    const char *text = connected ? call.node->op->pointwise(&call, operands) : NULL;
    return text && strlen(text) <= MAX_TEXT ? text : NULL;
}

/* Nobody outside the first n nodes of the chain reads anything of it but the last one's result. */
static bool is_closed(const chain *c, int32_t n) {
    const cld_fuse *fuse = c->fuse;
    for (int32_t m = -1; m < n - 1; m++) {
        int32_t v = m < 0 ? c->start.i : fuse->graph->nodes[c->node[m]].out[0].i;
        if (fuse->is_output[v])
            return false;
        for (int32_t r = fuse->first[v]; r < fuse->first[v + 1]; r++) {
            bool inside = false;
            for (int32_t k = 0; k < n; k++)
                inside |= c->node[k] == fuse->reader[r];
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
        for (int32_t r = fuse->first[v]; r < fuse->first[v + 1]; r++)
            if (fuse->reader[r] > after)
                next = CLD_MIN(next, fuse->reader[r]);
    }
    return next;
}

/* Collects what hangs on the start, in order; returns the longest closed beginning. */
static int32_t grow(chain *c, int32_t producer) {
    int32_t closed = 0, n_nodes = c->fuse->graph->n_nodes;
    for (int32_t i = next_reader(c, producer); i < n_nodes && c->n < MAX_NODES; i = next_reader(c, i)) {
        if (!(c->text[c->n] = extend(c, i)))
            break; /* it reads the chain and is not of it, so nothing beyond is closed */
        c->node[c->n++] = i;
        if (is_closed(c, c->n))
            closed = c->n;
    }
    return closed;
}

static clade_status set_epilogue(const chain *c, int32_t producer, int32_t n, clade_error *err) {
    cld_graph *graph = c->fuse->graph;
    cld_node *node = &graph->nodes[producer];
    cld_attr *attrs = cld_arena_calloc(graph->arena, (size_t)node->n_attr + 1, sizeof *attrs);
    char *text = cld_arena_text(graph->arena, c->text[n - 1]);
    if (!attrs || !text)
        return cld_no_memory(err, "an epilogue");
    memcpy(attrs, node->attr, (size_t)node->n_attr * sizeof *attrs);
    attrs[node->n_attr] = (cld_attr){ .name = CLD_EPILOGUE, .kind = CLD_ATTR_STRING, .u.s = text };
    node->attr = attrs;
    node->n_attr++;
    for (int32_t k = 0; k < n; k++)
        c->fuse->gone[c->node[k]] = true;
    cld_graph_at(graph, node->out[0])->producer = -1;
    node->out[0] = graph->nodes[c->node[n - 1]].out[0];
    cld_graph_at(graph, node->out[0])->producer = producer;
    return CLADE_OK;
}

clade_status cld_fuse_epilogues(cld_fuse *fuse, clade_error *err) {
    const cld_graph *graph = fuse->graph;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        if (!node->op || !node->op->takes_epilogue || cld_attr_find(node, CLD_EPILOGUE, CLD_ATTR_STRING) ||
            !is_float32(&cld_graph_at(graph, node->out[0])->type))
            continue;
        chain c = { .fuse = fuse, .start = node->out[0] };
        int32_t n = grow(&c, i);
        if (n > 0)
            CLD_RETURN(set_epilogue(&c, i, n, err));
    }
    return CLADE_OK;
}
