/* SPDX-License-Identifier: Apache-2.0 */
/* A graph for a person: one line per node, or Graphviz input. Constants appear where they are read, with their type,
 * and never with their data. Sub-graphs follow their node, indented (text) or as a cluster (dot).
 */
#include "graph/graph.h"

enum { LIST_SHOWN = 8 }; /* elements of a list attribute that are written out */

/* ---- one line per node ---------------------------------------------------------------------------------------- */

static void write_type(const cld_value *value, cld_text *out) {
    const cld_type *type = &value->type;
    if (type->dtype == CLADE_NONE)
        return; /* not declared, and not inferred yet */
    cld_text_add(out, ":");
    if (type->rank < 0) {
        cld_text_printf(out, "%s[...]", clade_dtype_name(type->dtype));
        return;
    }
    cld_text_printf(out, "%s[", clade_dtype_name(type->dtype));
    for (int32_t i = 0; i < type->rank; i++) {
        cld_text_add(out, i > 0 ? "," : "");
        if (type->dims[i] >= 0)
            cld_text_printf(out, "%lld", (long long)type->dims[i]);
        else
            cld_text_add(out, value->dim_names[i] != NULL ? value->dim_names[i] : "?");
    }
    cld_text_add(out, "]");
}

static void write_value(const cld_graph *graph, cld_value_id id, bool typed, cld_text *out) {
    if (!cld_present(id)) {
        cld_text_add(out, "-");
        return;
    }
    const cld_value *value = cld_graph_at(graph, id);
    cld_text_add(out, value->name);
    if (!typed && value->constant == NULL)
        return;
    write_type(value, out);
}

static void write_values(const cld_graph *graph, const cld_value_id *ids, int32_t count, bool typed, cld_text *out) {
    for (int32_t k = 0; k < count; k++) {
        cld_text_add(out, k > 0 ? ", " : "");
        write_value(graph, ids[k], typed, out);
    }
}

static void write_element(const cld_attr *attr, int32_t i, cld_text *out) {
    if (attr->kind == CLD_ATTR_INTS)
        cld_text_printf(out, "%lld", (long long)attr->u.ints[i]);
    else if (attr->kind == CLD_ATTR_FLOATS)
        cld_text_printf(out, "%g", (double)attr->u.floats[i]);
    else
        cld_text_json(out, attr->u.strings[i]);
}

static void write_attr(const cld_attr *attr, cld_text *out) {
    cld_text_printf(out, " %s=", attr->name);
    switch (attr->kind) {
    case CLD_ATTR_INT:
        cld_text_printf(out, "%lld", (long long)attr->u.i);
        break;
    case CLD_ATTR_FLOAT:
        cld_text_printf(out, "%g", (double)attr->u.f);
        break;
    case CLD_ATTR_STRING:
        cld_text_json(out, attr->u.s);
        break;
    case CLD_ATTR_TENSOR: {
        const cld_type type = cld_tensor_type(attr->u.tensor);
        cld_text_add(out, CLD_TYPE_TEXT(&type));
        break;
    }
    case CLD_ATTR_GRAPH:
        cld_text_printf(out, "graph(%s)", attr->u.graph->name);
        break;
    case CLD_ATTR_INTS:
    case CLD_ATTR_FLOATS:
    case CLD_ATTR_STRINGS:
        cld_text_add(out, "[");
        for (int32_t i = 0; i < CLD_MIN(attr->count, LIST_SHOWN); i++) {
            cld_text_add(out, i > 0 ? "," : "");
            write_element(attr, i, out);
        }
        cld_text_add(out, attr->count > LIST_SHOWN ? ",...]" : "]");
        break;
    }
}

static void write_graph(const cld_graph *graph, int indent, cld_text *out) {
    cld_text_printf(out, "%*sgraph %s(", indent, "", graph->name);
    write_values(graph, graph->inputs, graph->n_inputs, true, out);
    cld_text_add(out, ") -> ");
    write_values(graph, graph->outputs, graph->n_outputs, true, out);
    cld_text_add(out, "\n");
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const cld_node *node = &graph->nodes[i];
        cld_text_printf(out, "%*s", indent + 2, "");
        write_values(graph, node->out, node->n_out, true, out);
        cld_text_printf(out, " = %s%s%s(", node->domain, node->domain[0] != '\0' ? "." : "", node->type);
        write_values(graph, node->in, node->n_in, false, out);
        cld_text_add(out, ")");
        for (int32_t k = 0; k < node->n_attr; k++)
            write_attr(&node->attr[k], out);
        cld_text_printf(out, "  # %s\n", node->name);
        for (int32_t k = 0; k < node->n_attr; k++)
            if (node->attr[k].kind == CLD_ATTR_GRAPH)
                write_graph(node->attr[k].u.graph, indent + 4, out);
    }
}

void cld_graph_text(const cld_graph *graph, cld_text *out) { write_graph(graph, 0, out); }

/* ---- Graphviz -------------------------------------------------------------------------------------------------- */

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
    write_value(graph, from, true, &label);
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
