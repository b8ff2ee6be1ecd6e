/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as text, for a person and for read.c: one line per node.
 *
 *   graph net(x:float32[batch,3]) -> y:float32[batch,4]
 *     w:float32[3,4] = {...}
 *     y:float32[batch,4] = MatMul(x, w:float32[3,4])  @13  # name
 *
 * Constants that are read come first, small ones and uniform ones with their elements, others only if the text is
 * whole: else it cannot be read back. Doc texts and what is unsupported are left out. Values of one name (a loop that
 * was unrolled) are name, name@2, name@3, in the order of their lines. Sub-graphs follow their node, indented; their
 * inputs behind ';' are captures.
 */
#include "graph/words.h"

typedef struct writer {
    const cld_graph *graph;
    int32_t *nth; /* [values] among those of its name, from 1 on; 0: not met yet */
    bool *read;   /* [values] by a node or as an output */
    cld_names names;
    cld_arena *scratch;
    bool whole; /* with all elements of constants */
    cld_text *out;
} writer;

static void write_value(const writer *w, cld_value_id id, bool typed) {
    if (!cld_present(id)) {
        cld_text_add(w->out, "-");
        return;
    }
    const cld_value *value = cld_graph_at(w->graph, id);
    cld_write_word(value->name, w->out);
    if (w->nth[id.i] > 1)
        cld_text_printf(w->out, "@%d", (int)w->nth[id.i]);
    if (typed || value->constant != NULL)
        cld_write_type(value, w->out);
}

static void write_values(const writer *w, const cld_value_id *ids, int32_t from, int32_t to, bool typed) {
    for (int32_t k = from; k < to; k++) {
        cld_text_add(w->out, k > from ? ", " : "");
        write_value(w, ids[k], typed);
    }
}

/* A constant's line, or a state's. */
static void write_known(const writer *w, int32_t id, int indent) {
    const cld_value *value = &w->graph->values[id];
    const clade_tensor *tensor = value->constant != NULL ? value->constant : value->initial;
    const cld_value own = { .name = value->name, .type = cld_tensor_type(tensor) };
    cld_text_printf(w->out, "%*s", indent, "");
    cld_write_word(value->name, w->out);
    if (w->nth[id] > 1)
        cld_text_printf(w->out, "@%d", (int)w->nth[id]);
    cld_write_type(&own, w->out);
    cld_text_add(w->out, " = ");
    cld_write_data(tensor, w->whole, w->out);
    if (value->state != 0)
        cld_text_printf(w->out, " state=%d", (int)value->state);
    cld_text_add(w->out, "\n");
}

/* A domain or type with other characters than usual: both are quoted. */
static void write_type_of(const cld_node *node, cld_text *out) {
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    const bool plain = node->type[0] != '\0' && node->type[strspn(node->type, usual)] == '\0' &&
                       strchr(node->type, '.') == NULL && node->domain[strspn(node->domain, usual)] == '\0';
    if (plain) {
        cld_text_printf(out, "%s%s%s", node->domain, node->domain[0] != '\0' ? "." : "", node->type);
        return;
    }
    cld_write_quoted(node->domain, out);
    cld_text_add(out, ".");
    cld_write_quoted(node->type, out);
}

static void write_graph(const writer *outer, const cld_graph *graph, int indent);

static void write_node(const writer *w, const cld_node *node, int indent) {
    cld_text_printf(w->out, "%*s", indent, "");
    write_values(w, node->out, 0, node->n_out, true);
    cld_text_add(w->out, node->n_out > 0 ? " = " : "= ");
    write_type_of(node, w->out);
    cld_text_add(w->out, "(");
    write_values(w, node->in, 0, node->n_in, false);
    cld_text_add(w->out, ")");
    for (int32_t k = 0; k < node->n_attr; k++)
        cld_write_attr(&node->attr[k], w->whole, w->out);
    cld_text_printf(w->out, node->opset != 0 ? "  @%d  # " : "  # ", (int)node->opset);
    cld_write_word(node->name, w->out);
    cld_text_add(w->out, "\n");
    for (int32_t k = 0; k < node->n_attr; k++)
        if (node->attr[k].kind == CLD_ATTR_GRAPH)
            write_graph(w, node->attr[k].u.graph, indent + 2);
}

/* ---- what is written, and under which name --------------------------------------------------------------------- */

static bool meet(writer *w, cld_value_id id) {
    if (!cld_present(id) || w->nth[id.i] > 0)
        return true;
    const char *name = cld_graph_at(w->graph, id)->name;
    w->nth[id.i] = CLD_MAX(cld_names_get(&w->names, name), 0) + 1;
    return cld_names_put(&w->names, name, w->nth[id.i]);
}

/* Defaults of inputs stand before these. */
static bool is_known(const writer *w, int32_t id) {
    const cld_value *value = &w->graph->values[id];
    return !value->is_default && w->read[id] && (value->constant != NULL || value->initial != NULL);
}

/* In the order of the lines. */
static bool meet_all(writer *w) {
    const cld_graph *graph = w->graph;
    bool good = true;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int32_t k = 0; k < graph->nodes[n].n_in; k++)
            if (cld_present(graph->nodes[n].in[k]))
                w->read[graph->nodes[n].in[k].i] = true;
    for (int32_t k = 0; k < graph->n_outputs; k++)
        if (cld_present(graph->outputs[k]))
            w->read[graph->outputs[k].i] = true;
    for (int32_t k = 0; k < graph->n_inputs; k++)
        good = good && meet(w, graph->inputs[k]);
    for (int32_t id = 0; id < graph->n_values; id++)
        good = good && (!is_known(w, id) || meet(w, (cld_value_id){ id }));
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int32_t k = 0; k < graph->nodes[n].n_out; k++)
            good = good && meet(w, graph->nodes[n].out[k]);
    return good;
}

static void write_graph(const writer *outer, const cld_graph *graph, int indent) {
    cld_text *out = outer->out;
    writer w = { .graph = graph, .scratch = outer->scratch, .whole = outer->whole, .out = out };
    w.nth = cld_arena_calloc(w.scratch, (size_t)graph->n_values, sizeof *w.nth);
    w.read = cld_arena_calloc(w.scratch, (size_t)graph->n_values, sizeof *w.read);
    cld_names_init(&w.names, w.scratch);
    if (w.nth == NULL || w.read == NULL || !meet_all(&w)) {
        out->failed = true;
        return;
    }
    const int32_t formal = indent > 0 ? graph->n_formal : graph->n_inputs;
    cld_text_printf(out, "%*sgraph ", indent, "");
    cld_write_word(graph->name, out);
    cld_text_add(out, "(");
    write_values(&w, graph->inputs, 0, formal, true);
    cld_text_add(out, formal < graph->n_inputs ? "; " : "");
    write_values(&w, graph->inputs, formal, graph->n_inputs, true);
    cld_text_add(out, ") -> ");
    write_values(&w, graph->outputs, 0, graph->n_outputs, true);
    cld_text_add(out, "\n");
    for (int32_t k = 0; k < graph->n_inputs; k++)
        if (cld_graph_at(graph, graph->inputs[k])->is_default)
            write_known(&w, graph->inputs[k].i, indent + 2);
    for (int32_t id = 0; id < graph->n_values; id++)
        if (is_known(&w, id))
            write_known(&w, id, indent + 2);
    for (int32_t n = 0; n < graph->n_nodes; n++)
        write_node(&w, &graph->nodes[n], indent + 2);
}

void cld_graph_text(const cld_graph *graph, bool whole, cld_text *out) {
    const writer root = { .scratch = cld_arena_new(), .whole = whole, .out = out };
    cld_locale locale;
    if (root.scratch != NULL && cld_locale_enter(&locale)) {
        write_graph(&root, graph, 0);
        cld_locale_leave(&locale);
    } else
        out->failed = true;
    cld_arena_free(root.scratch);
}
