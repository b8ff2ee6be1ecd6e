/* SPDX-License-Identifier: Apache-2.0 */
/* Lets a Conv do the zero padding of a Pad in front of it: causal and asymmetric padding, as exported models write it.
 *
 * Needs: a static graph. Keeps: inputs, outputs, order. Only where the Pad puts zeros on spatial axes by known,
 * non-negative amounts and the Conv says its padding explicitly. The Pad stays for other readers; without any it is
 * dead.
 */
#include "pass/facts.h"

typedef struct padding {
    int64_t before[CLADE_MAX_RANK], after[CLADE_MAX_RANK];
} padding;

/* Entry k of the pads, from the input (opset 11 and later) or the attribute. */
static bool read_pads(const cld_graph *graph, const cld_node *pad, int32_t rank, padding *out) {
    int32_t count;
    const int64_t *list = cld_attr_ints(pad, "pads", &count);
    const clade_tensor *input = cld_constant_in(graph, pad, 1);
    if (input ? clade_tensor_count(input) != 2 * rank : count != 2 * rank)
        return false;
    for (int32_t d = 0; d < rank; d++) {
        out->before[d] = input ? cld_tensor_get_int(input, d) : list[d];
        out->after[d] = input ? cld_tensor_get_int(input, rank + d) : list[rank + d];
        if (out->before[d] < 0 || out->after[d] < 0 || (d < 2 && (out->before[d] || out->after[d])))
            return false;
    }
    return true;
}

/* The node pads spatial axes with zeros and does nothing else. */
static bool pads_zeros(const cld_graph *graph, const cld_node *pad, padding *out) {
    const cld_type *x = &cld_graph_at(graph, pad->in[0])->type;
    bool has_value = pad->n_in > 2 && cld_present(pad->in[2]), has_axes = pad->n_in > 3 && cld_present(pad->in[3]);
    const clade_tensor *value = cld_constant_in(graph, pad, 2);
    if (strcmp(cld_attr_string(pad, "mode", "constant"), "constant") != 0 || has_axes || x->rank < 3)
        return false;
    if (has_value ? !value || cld_tensor_get(value, 0) != 0.0 : cld_attr_float(pad, "value", 0.0f) != 0.0f)
        return false;
    return read_pads(graph, pad, x->rank, out);
}

/* The Conv's attributes with `extra` added to its pads; NULL: no memory. */
static cld_attr *with_pads(cld_graph *graph, const cld_node *conv, int32_t spatial, const padding *extra,
                           int32_t *n_attr) {
    int32_t count, n = 0;
    const int64_t *own = cld_attr_ints(conv, "pads", &count);
    cld_attr *attr = cld_arena_calloc(graph->arena, (size_t)conv->n_attr + 1, sizeof *attr);
    int64_t *pads = cld_arena_calloc(graph->arena, 2 * (size_t)spatial, sizeof *pads);
    if (!attr || !pads)
        return NULL;
    for (int32_t d = 0; d < spatial; d++) {
        pads[d] = extra->before[2 + d] + (count == 2 * spatial ? own[d] : 0);
        pads[spatial + d] = extra->after[2 + d] + (count == 2 * spatial ? own[spatial + d] : 0);
    }
    for (int32_t k = 0; k < conv->n_attr; k++)
        if (strcmp(conv->attr[k].name, "pads") != 0)
            attr[n++] = conv->attr[k];
    attr[n++] = (cld_attr){ .name = "pads", .kind = CLD_ATTR_INTS, .count = 2 * spatial, .u.ints = pads };
    *n_attr = n;
    return attr;
}

clade_status cld_pass_fold_pad(cld_graph *graph, clade_error *err) {
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        cld_node *conv = &graph->nodes[n];
        padding extra = { 0 };
        if (conv->op != &cld_op_Conv || strcmp(cld_attr_string(conv, "auto_pad", "NOTSET"), "NOTSET") != 0)
            continue;
        const cld_node *pad = cld_made_by(graph, conv->in[0], &cld_op_Pad);
        if (!pad || !pads_zeros(graph, pad, &extra))
            continue;
        conv->attr = with_pads(graph, conv, cld_graph_at(graph, pad->in[0])->type.rank - 2, &extra, &conv->n_attr);
        if (!conv->attr)
            return cld_no_memory(err, conv->name);
        conv->in[0] = pad->in[0];
    }
    return CLADE_OK;
}
