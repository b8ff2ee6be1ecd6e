/* SPDX-License-Identifier: Apache-2.0 */
/* Fusing groups: pointwise nodes of one output shape that feed one another become one clade.Fused node, which stands
 * where the last of them stood.
 *
 * A node joins the groups of its producers when nothing outside that reads them comes before it: then nothing can lie
 * between two members of a group, and all that a group reads is there when it runs. Nodes on float32, float16 and bool,
 * which CPUs run in vectors, do not mix with others.
 */
#include "pass/fuse.h"

enum { MAX_NODES = 32, MAX_INPUTS = CLD_BORDER_INPUTS, MAX_OUTPUTS = CLD_BORDER_OUTPUTS };

typedef struct group {
    int32_t n;
    int32_t node[MAX_NODES]; /* ascending */
    bool vector;             /* float32, float16, bool only */
    const cld_type *shape;
} group;

typedef struct grouping {
    cld_fuse *fuse;
    group **of_node; /* [n_nodes] the group a node is in; NULL: none */
} grouping;

static bool holds(const group *g, int32_t node) {
    for (int32_t k = 0; k < g->n; k++)
        if (g->node[k] == node)
            return true;
    return false;
}

/* ---- what a group takes and leaves ------------------------------------------------------------------------------- */

/* Adds to a list unless there; a list that is full grows by one beyond its bound, which fits() sees. */
static void add_once(cld_value_id *list, int32_t *n, int32_t most, cld_value_id id) {
    for (int32_t k = 0; k < *n; k++)
        if (list[k].i == id.i)
            return;
    if (*n <= most)
        list[(*n)++] = id;
}

static cld_border border_of(const cld_fuse *fuse, const group *g) {
    const cld_graph *graph = fuse->graph;
    cld_border b = { 0 };
    for (int32_t m = 0; m < g->n; m++) {
        const cld_node *node = &graph->nodes[g->node[m]];
        cld_value_id out = node->out[0];
        bool leaves = fuse->readers.is_output[out.i];
        for (int32_t r = fuse->readers.first[out.i]; r < fuse->readers.first[out.i + 1]; r++)
            leaves |= !holds(g, fuse->readers.reader[r]);
        if (leaves)
            add_once(b.out, &b.n_out, MAX_OUTPUTS, out);
        for (int32_t k = 0; k < node->n_in; k++) {
            if (!cld_present(node->in[k]) || holds(g, cld_graph_at(graph, node->in[k])->producer))
                continue;
            if (cld_fuse_is_scalar(fuse, node->in[k]))
                add_once(b.scalar, &b.n_scalars, MAX_INPUTS, node->in[k]);
            else
                add_once(b.in, &b.n_in, MAX_INPUTS, node->in[k]);
        }
    }
    return b;
}

/* ---- growing ----------------------------------------------------------------------------------------------------- */

static bool in_vectors(const cld_call *call) {
    const cld_dtypes set = CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16) | CLD_BIT(BOOL);
    bool all = cld_dtype_in(call->out[0].dtype, set);
    for (int32_t k = 0; k < call->n_in; k++)
        all &= !cld_call_has(call, k) || cld_dtype_in(call->in[k].dtype, set);
    return all;
}

/* No reader of group g outside it (and outside `with`, which it is to join) stands before node i. */
static bool reaches(const grouping *all, const group *g, const group *with, int32_t i) {
    const cld_fuse *fuse = all->fuse;
    for (int32_t m = 0; m < g->n; m++) {
        int32_t v = fuse->graph->nodes[g->node[m]].out[0].i;
        for (int32_t r = fuse->readers.first[v]; r < fuse->readers.first[v + 1]; r++)
            if (fuse->readers.reader[r] < i && !holds(g, fuse->readers.reader[r]) &&
                !holds(with, fuse->readers.reader[r]))
                return false;
    }
    return true;
}

static void merge(group *into, const group *from) {
    group both = *into;
    int32_t a = 0, b = 0;
    for (both.n = 0; a < into->n || b < from->n; both.n++) {
        bool first = b == from->n || (a < into->n && into->node[a] < from->node[b]);
        both.node[both.n] = first ? into->node[a++] : from->node[b++];
    }
    *into = both;
}

/* Merges the group of `producer` into g (which ends with node i) if that is allowed. */
static void try_join(grouping *all, group *g, int32_t producer, int32_t i) {
    group *other = producer >= 0 ? all->of_node[producer] : NULL, both = *g;
    if (!other || other->n + g->n > MAX_NODES || holds(g, producer) || other->vector != g->vector ||
        !cld_shape_equal(other->shape, g->shape) || !reaches(all, other, g, i))
        return;
    merge(&both, other);
    cld_border b = border_of(all->fuse, &both);
    if (b.n_in + b.n_scalars > MAX_INPUTS || b.n_out > MAX_OUTPUTS)
        return;
    *g = both;
    for (int32_t k = 0; k < g->n; k++)
        all->of_node[g->node[k]] = g;
}

static clade_status grow(grouping *all, int32_t i, clade_error *err) {
    cld_fuse *fuse = all->fuse;
    const cld_node *node = &fuse->graph->nodes[i];
    cld_call call;
    if (!cld_fuse_pointwise(fuse, i, &call))
        return CLADE_OK;
    group *g = cld_arena_calloc(fuse->scratch, 1, sizeof *g);
    if (!g)
        return cld_no_memory(err, "a group of nodes");
    *g = (group){
        .n = 1, .node = { i }, .vector = in_vectors(&call), .shape = &cld_graph_at(fuse->graph, node->out[0])->type
    };
    all->of_node[i] = g;
    for (int32_t k = 0; k < node->n_in; k++)
        if (cld_present(node->in[k]))
            try_join(all, g, cld_graph_at(fuse->graph, node->in[k])->producer, i);
    return CLADE_OK;
}

/* ---- the Fused node ---------------------------------------------------------------------------------------------- */

static clade_status replace(const grouping *all, const group *g, clade_error *err) {
    cld_fuse *fuse = all->fuse;
    cld_graph *graph = fuse->graph;
    cld_border b = border_of(fuse, g);
    int32_t last = g->node[g->n - 1];
    cld_attr *attr = cld_arena_calloc(graph->arena, 1, sizeof *attr);
    cld_value_id *in = cld_arena_copy(graph->arena, b.in, (size_t)b.n_in * sizeof *in);
    cld_value_id *out = cld_arena_copy(graph->arena, b.out, (size_t)b.n_out * sizeof *out);
    cld_graph *body = cld_fuse_body(fuse, g->node, g->n, &b);
    const cld_op *op = &cld_op_Fused;
    if (!attr || !in || !out || !body)
        return cld_no_memory(err, "a fused node");
    *attr = (cld_attr){ .name = CLD_FUSED_BODY, .kind = CLD_ATTR_GRAPH, .u.graph = body };
    graph->nodes[last] = (cld_node){ .name = graph->nodes[last].name,
                                     .domain = op->domain,
                                     .type = op->name,
                                     .opset = 1,
                                     .op = op,
                                     .n_in = b.n_in,
                                     .n_out = b.n_out,
                                     .n_attr = 1,
                                     .in = in,
                                     .out = out,
                                     .attr = attr };
    for (int32_t m = 0; m + 1 < g->n; m++)
        fuse->gone[g->node[m]] = true;
    return CLADE_OK;
}

clade_status cld_fuse_groups(cld_fuse *fuse, clade_error *err) {
    grouping all = { .fuse = fuse };
    int32_t n_nodes = fuse->graph->n_nodes;
    all.of_node = cld_arena_calloc(fuse->scratch, (size_t)n_nodes + 1, sizeof(group *));
    if (!all.of_node)
        return cld_no_memory(err, "groups of nodes");
    for (int32_t i = 0; i < n_nodes; i++)
        CLD_RETURN(grow(&all, i, err));
    for (int32_t i = 0; i < n_nodes; i++) {
        const group *g = all.of_node[i];
        if (g && g->n > 1 && g->node[g->n - 1] == i)
            CLD_RETURN(replace(&all, g, err));
    }
    return CLADE_OK;
}
