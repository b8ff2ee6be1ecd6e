/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as Graphviz input. Sub-graphs are clusters; constants are left out. */
#include "graph/words.h"

static void dot_edge(const cld_graph *graph, cld_value_id from, int32_t serial, const char *kind, int32_t to,
                     cld_text *out) {
    if (!cld_present(from) || cld_graph_at(graph, from)->constant != NULL)
        return;
    const cld_value *value = cld_graph_at(graph, from);
    if (value->producer >= 0)
        cld_text_printf(out, "  g%dn%d", (int)serial, (int)value->producer);
    else
        cld_text_printf(out, "  g%dv%d", (int)serial, (int)from.i);
    cld_text_printf(out, " -> g%d%s%d [label=", (int)serial, kind, (int)to);
    cld_text label = { 0 };
    cld_text_add(&label, value->name);
    cld_write_type(value, &label);
    cld_text_json(out, label.data != NULL ? label.data : "");
    cld_text_free(&label);
    cld_text_add(out, "];\n");
}

static void dot_box(int32_t serial, const char *kind, int32_t index, const char *shape, const char *label,
                    cld_text *out) {
    cld_text_printf(out, "  g%d%s%d [shape=%s,label=", (int)serial, kind, (int)index, shape);
    cld_text_json(out, label);
    cld_text_add(out, "];\n");
}

/* `serial` numbers the graphs, so that ids of sub-graphs differ from their parent's. */
static void dot_graph(const cld_graph *graph, int32_t *next_serial, cld_text *out) {
    const int32_t serial = (*next_serial)++;
    for (int32_t k = 0; k < graph->n_inputs; k++)
        dot_box(serial, "v", graph->inputs[k].i, "ellipse", cld_graph_at(graph, graph->inputs[k])->name, out);
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        dot_box(serial, "n", i, "box", node->type, out);
        for (int32_t k = 0; k < node->n_in; k++)
            dot_edge(graph, node->in[k], serial, "n", i, out);
        for (int32_t k = 0; k < node->n_attr; k++) {
            if (node->attr[k].kind != CLD_ATTR_GRAPH)
                continue;
            cld_text_printf(out, "  subgraph cluster%d {\n  label=", (int)*next_serial);
            cld_text_json(out, node->name);
            cld_text_add(out, ";\n");
            dot_graph(node->attr[k].u.graph, next_serial, out);
            cld_text_add(out, "  }\n");
        }
    }
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        dot_box(serial, "o", k, "ellipse", cld_graph_at(graph, graph->outputs[k])->name, out);
        dot_edge(graph, graph->outputs[k], serial, "o", k, out);
    }
}

void cld_graph_dot(const cld_graph *graph, cld_text *out) {
    int32_t serial = 0;
    cld_text_add(out, "digraph clade {\n  rankdir=TB;\n  node [fontsize=10];\n  edge [fontsize=8];\n");
    dot_graph(graph, &serial, out);
    cld_text_add(out, "}\n");
}
