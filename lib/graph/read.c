/* SPDX-License-Identifier: Apache-2.0 */
/* A graph from its text, as text.c writes it.
 *
 * In: any text, also a hostile one. Out: ERR_FORMAT, ERR_GRAPH or ERR_LIMIT with the line, or a graph in which every
 * name is met before it is read and comes from one place. Blank lines, and lines that begin with '#', are left out.
 * Not here: node->op, which a higher floor knows; cld_graph_verify's other checks.
 */
#include "graph/words.h"

enum { MAX_DEPTH = 64 }; /* nested sub-graphs */

/* ---- lines ---------------------------------------------------------------------------------------------------- */

static void skip_empty(cld_scan *scan) {
    for (;;) {
        const char *at = scan->at + strspn(scan->at, " ");
        if (*at == '#')
            at += strcspn(at, "\n");
        if (*at != '\n') {
            if (*at == '\0')
                scan->at = at;
            return;
        }
        scan->at = at + 1;
        scan->line += scan->line < INT32_MAX;
    }
}

static clade_status end_line(cld_scan *scan) {
    cld_scan_take(scan, "");
    if (*scan->at != '\n' && *scan->at != '\0')
        return cld_scan_fail(scan, "the end of the line");
    skip_empty(scan);
    return CLADE_OK;
}

static bool is_indented(const cld_scan *scan, size_t by) { return strspn(scan->at, " ") == by && scan->at[by] != '\0'; }

/* ---- nodes ---------------------------------------------------------------------------------------------------- */

/* "domain.Type", or both quoted. */
static clade_status scan_operator(const cld_scope *s, cld_node *node) {
    const char *word;
    const bool quoted = *s->scan->at == '"';
    CLD_RETURN(cld_scan_word(s->scan, &word));
    node->domain = word;
    if (quoted) {
        CLD_RETURN(cld_scan_want(s->scan, "."));
        return cld_scan_quoted(s->scan, &node->type);
    }
    char *dot = strrchr(word, '.');
    node->domain = dot != NULL ? word : "";
    node->type = dot != NULL ? dot + 1 : word;
    if (dot != NULL)
        *dot = '\0'; /* the word is the scan's copy */
    return CLADE_OK;
}

static clade_status scan_attrs(const cld_scope *s, cld_node *node) {
    int32_t capacity = 0;
    cld_scan_take(s->scan, "");
    while (strchr("@#\n", *s->scan->at) == NULL) { /* which finds the NUL too */
        if (!cld_arena_grow(s->scan->arena, (void **)&node->attr, &capacity, node->n_attr + 1, sizeof *node->attr))
            return cld_scope_no_memory(s);
        cld_attr *attr = &node->attr[node->n_attr];
        CLD_RETURN(cld_scan_attr(s->scan, attr));
        for (int32_t k = 0; k < node->n_attr; k++)
            if (strcmp(node->attr[k].name, attr->name) == 0)
                return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: attribute '%s' stands there twice",
                                (int)s->scan->line, attr->name);
        node->n_attr++;
        cld_scan_take(s->scan, "");
    }
    return CLADE_OK;
}

/* "@opset", "# name" and the end of the line. */
static clade_status scan_rest(const cld_scope *s, cld_node *node) {
    int64_t opset = 0;
    if (cld_scan_take(s->scan, "@"))
        CLD_RETURN(cld_scan_int(s->scan, false, &opset));
    if (opset < 0 || opset > INT32_MAX)
        return cld_scan_fail(s->scan, "an opset before this");
    node->opset = (int32_t)opset;
    if (cld_scan_take(s->scan, "#"))
        CLD_RETURN(cld_scan_word(s->scan, &node->name));
    return end_line(s->scan);
}

static clade_status scan_graph(cld_scan *scan, cld_arena *arena, size_t indent, cld_graph **out);

static clade_status scan_subgraphs(const cld_scope *s, cld_node *node, size_t indent) {
    for (int32_t k = 0; k < node->n_attr; k++) {
        cld_attr *attr = &node->attr[k];
        if (attr->kind != CLD_ATTR_GRAPH)
            continue;
        const char *name = attr->u.s;
        if (!is_indented(s->scan, indent))
            return cld_scan_fail(s->scan, "a sub-graph, four spaces further in than its node's graph,");
        CLD_RETURN(scan_graph(s->scan, s->graph->arena, indent, &attr->u.graph));
        if (strcmp(name, attr->u.graph->name) != 0)
            return cld_fail(s->scan->err, CLADE_ERR_GRAPH,
                            "before line %d: the sub-graph is called '%s', and '%s' by its node", (int)s->scan->line,
                            attr->u.graph->name, name);
    }
    return CLADE_OK;
}

static clade_status scan_line(cld_scope *s, size_t indent) {
    cld_node node = { 0 };
    cld_ids out = { 0 }, in = { 0 };
    bool known;
    CLD_RETURN(cld_scope_known(s, &known));
    if (known)
        return end_line(s->scan);
    CLD_RETURN(cld_scope_values(s, "=", cld_graph_value, &out));
    cld_scan_take(s->scan, "");
    CLD_RETURN(scan_operator(s, &node));
    CLD_RETURN(cld_scan_want(s->scan, "("));
    CLD_RETURN(cld_scope_values(s, ")", NULL, &in));
    CLD_RETURN(scan_attrs(s, &node));
    CLD_RETURN(scan_rest(s, &node));
    CLD_RETURN(scan_subgraphs(s, &node, indent + 2));
    node.in = in.list;
    node.n_in = in.count;
    node.out = out.list;
    node.n_out = out.count;
    return cld_graph_node(s->graph, &node) != NULL ? CLADE_OK : cld_scope_no_memory(s);
}

/* ---- graphs --------------------------------------------------------------------------------------------------- */

static clade_status scan_inputs(cld_scope *s, bool inner) {
    CLD_RETURN(cld_scan_want(s->scan, "("));
    bool captures = false, first = true;
    while (!cld_scan_take(s->scan, ")")) {
        cld_value_id id;
        if (inner && !captures && cld_scan_take(s->scan, ";")) {
            captures = first = true;
            continue;
        }
        if (!first)
            CLD_RETURN(cld_scan_want(s->scan, ","));
        CLD_RETURN(cld_scope_define(s, cld_graph_input, &id));
        s->graph->n_formal += !captures;
        first = false;
    }
    return CLADE_OK;
}

/* The outputs stand in the first line, and refer to what comes after it. */
static clade_status scan_outputs(const cld_scope *s, cld_scan at) {
    const cld_scope first = { .scan = &at, .graph = s->graph, .names = s->names };
    cld_scan_take(&at, "");
    while (*at.at != '\n' && *at.at != '\0') {
        cld_value_id id;
        if (s->graph->n_outputs > 0)
            CLD_RETURN(cld_scan_want(&at, ","));
        CLD_RETURN(cld_scope_refer(&first, &id));
        if (!cld_graph_output(s->graph, id))
            return cld_scope_no_memory(s);
        cld_scan_take(&at, "");
    }
    return CLADE_OK;
}

static clade_status check_defaults(const cld_scope *s) {
    for (int32_t k = 1; k < s->graph->n_formal; k++) {
        const cld_value *input = cld_graph_at(s->graph, s->graph->inputs[k]);
        if (!input->is_default && cld_graph_at(s->graph, s->graph->inputs[k - 1])->is_default)
            return cld_fail(s->scan->err, CLADE_ERR_GRAPH,
                            "before line %d: input '%s' stands behind one with a default", (int)s->scan->line,
                            input->name);
    }
    return CLADE_OK;
}

static clade_status scan_graph(cld_scan *scan, cld_arena *arena, size_t indent, cld_graph **out) {
    const char *name;
    cld_scope s = { .scan = scan };
    if (indent > 4 * (size_t)MAX_DEPTH)
        return cld_fail(scan->err, CLADE_ERR_LIMIT, "line %d: more than %d sub-graphs deep", (int)scan->line,
                        MAX_DEPTH);
    CLD_RETURN(cld_scan_want(scan, "graph "));
    CLD_RETURN(cld_scan_word(scan, &name));
    *out = s.graph = cld_graph_new(arena, name);
    if (s.graph == NULL)
        return cld_scope_no_memory(&s);
    cld_names_init(&s.names, arena);
    CLD_RETURN(scan_inputs(&s, indent > 0));
    CLD_RETURN(cld_scan_want(scan, "->"));
    const cld_scan outputs = *scan;
    scan->at += strcspn(scan->at, "\n");
    CLD_RETURN(end_line(scan));
    while (is_indented(scan, indent + 2))
        CLD_RETURN(scan_line(&s, indent + 2));
    CLD_RETURN(check_defaults(&s));
    return scan_outputs(&s, outputs);
}

clade_status cld_graph_read(cld_graph **out, const char *text, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_graph *graph = NULL;
    cld_locale locale = { 0 };
    cld_scan scan = { .at = text, .line = 1, .arena = cld_arena_new(), .err = err };
    if (scan.arena == NULL || !cld_locale_enter(&locale)) {
        cld_arena_free(scan.arena);
        return cld_no_memory(err, "a graph from its text");
    }
    skip_empty(&scan);
    CLD_TRY(scan_graph(&scan, scan.arena, 0, &graph));
    if (*scan.at != '\0')
        CLD_TRY(cld_scan_fail(&scan, "a line of the graph, two spaces in,"));
    *out = graph;
fail:
    cld_locale_leave(&locale);
    if (status != CLADE_OK)
        cld_arena_free(scan.arena);
    return status;
}
