/* SPDX-License-Identifier: Apache-2.0 */
/* GraphProto -> cld_graph, the model's and every sub-graph alike.
 *
 * First everything the graph defines gets its value (initialisers, inputs, results of nodes), then the nodes look their
 * inputs up; so the order of nodes in the file does not matter, and a graph's own names hide outer ones.
 * Constant nodes become constants. A name found in an
 * outer graph is captured: an extra input of this graph, and of the node that holds it, level by level outwards. Not
 * here: dangling names, cycles and double producers beyond what the name table shows; cld_graph_verify finds them.
 */
#include "io/onnx.h"

static const char *text_or_empty(const char *text) { return text != NULL ? text : ""; }

/* ---- names ---------------------------------------------------------------------------------------------------- */

clade_status cld_onnx_new_name(const cld_scope *scope, const char *name, const char *what, clade_error *err) {
    if (name[0] == '\0')
        return cld_fail(err, CLADE_ERR_FORMAT, "graph '%s' has an %s without a name", scope->graph->name, what);
    if (cld_names_get(&scope->names, name) >= 0)
        return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' defines '%s' twice, the second time as %s",
                        scope->graph->name, name, what);
    return CLADE_OK;
}

clade_status cld_onnx_enter(cld_scope *scope, cld_value_id id, clade_error *err) {
    if (!cld_present(id) || !cld_names_put(&scope->names, cld_graph_at(scope->graph, id)->name, id.i))
        return cld_no_memory(err, "the graph");
    return CLADE_OK;
}

/* The value a name stands for; ABSENT: no graph outwards has it. Recursion: as deep as sub-graphs nest. */
static clade_status resolve(cld_onnx *onnx, cld_scope *scope, const char *name, cld_value_id *out, clade_error *err) {
    *out = (cld_value_id){ cld_names_get(&scope->names, name) };
    if (cld_present(*out) || scope->outer == NULL)
        return CLADE_OK;
    cld_value_id outer;
    CLD_RETURN(resolve(onnx, scope->outer, name, &outer, err));
    if (!cld_present(outer))
        return CLADE_OK;
    if (!cld_unpack_charge(&onnx->unpack, sizeof(cld_value)))
        return cld_fail(err, CLADE_ERR_LIMIT, "graph '%s' captures more values than a model of this size may",
                        scope->graph->name);
    if (!cld_arena_grow(onnx->scratch, (void **)&scope->captures, &scope->cap_captures, scope->n_captures + 1,
                        sizeof *scope->captures))
        return cld_no_memory(err, "the graph");
    scope->captures[scope->n_captures++] = outer;
    *out = cld_graph_input(scope->graph, name, &cld_graph_at(scope->outer->graph, outer)->type);
    return cld_onnx_enter(scope, *out, err);
}

static clade_status resolve_used(cld_onnx *onnx, cld_scope *scope, const char *name, const char *reader,
                                 cld_value_id *out, clade_error *err) {
    CLD_RETURN(resolve(onnx, scope, name, out, err));
    if (!cld_present(*out))
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' reads '%s', which nothing produces",
                        reader != NULL ? "node" : "graph", reader != NULL ? reader : scope->graph->name, name);
    return CLADE_OK;
}

/* ---- results of nodes ----------------------------------------------------------------------------------------- */

static bool is_constant(const CldOnnx__NodeProto *proto) {
    const char *domain = text_or_empty(proto->domain);
    return proto->op_type != NULL && strcmp(proto->op_type, "Constant") == 0 &&
           (domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0);
}

static clade_status add_results(cld_onnx *onnx, cld_scope *scope, const CldOnnx__NodeProto *proto, clade_error *err) {
    static const cld_type unknown = { .dtype = CLADE_NONE, .rank = -1 };
    const clade_tensor *tensor = NULL;
    if (is_constant(proto)) {
        if (proto->n_output != 1)
            return cld_fail(err, CLADE_ERR_GRAPH, "Constant '%s' has %zu outputs, needs 1", text_or_empty(proto->name),
                            proto->n_output);
        clade_error why;
        tensor = &cld_onnx_left_out;
        const clade_status status = cld_onnx_constant(onnx, proto, &tensor, &why);
        CLD_RETURN(cld_onnx_note(onnx, status, &why, err));
    }
    for (size_t k = 0; k < proto->n_output; k++) {
        const char *name = proto->output[k];
        if (name[0] == '\0')
            continue;
        CLD_RETURN(cld_onnx_new_name(scope, name, "output of a node", err));
        CLD_RETURN(cld_onnx_enter(scope,
                                  tensor != NULL ? cld_graph_constant(scope->graph, name, tensor)
                                                 : cld_graph_value(scope->graph, name, &unknown),
                                  err));
    }
    return CLADE_OK;
}

/* ---- nodes ---------------------------------------------------------------------------------------------------- */

static int32_t without_trailing_absent(const cld_value_id *ids, int32_t count) {
    while (count > 0 && !cld_present(ids[count - 1]))
        count--;
    return count;
}

static clade_status check_arity(const cld_node *node, clade_error *err) {
    const cld_op *op = node->op;
    if (op == NULL)
        return CLADE_OK;
    if (node->n_in < op->min_in || (op->max_in >= 0 && node->n_in > op->max_in))
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' has %d inputs, the operator takes %d to %d", node->type,
                        node->name, (int)node->n_in, op->min_in, op->max_in);
    const int32_t n_out = without_trailing_absent(node->out, node->n_out);
    if (node->n_out < op->min_out || (op->max_out >= 0 && n_out > op->max_out))
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' has %d outputs, the operator gives %d to %d", node->type,
                        node->name, (int)node->n_out, op->min_out, op->max_out);
    return CLADE_OK;
}

/* Fills node->in and node->out, both in scratch: formal inputs, then captures. */
static clade_status connect(cld_onnx *onnx, cld_scope *scope, const CldOnnx__NodeProto *proto, cld_node *node,
                            const cld_captures *captures, clade_error *err) {
    if (proto->n_input > INT32_MAX / 2 || proto->n_output > INT32_MAX / 2 || captures->count > INT32_MAX / 2)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s' has too many inputs or outputs", node->type, node->name);
    node->in = cld_arena_calloc(onnx->scratch, proto->n_input + (size_t)captures->count, sizeof *node->in);
    node->out = cld_arena_calloc(onnx->scratch, proto->n_output, sizeof *node->out);
    if (node->in == NULL || node->out == NULL)
        return cld_no_memory(err, node->name);
    for (size_t k = 0; k < proto->n_input; k++) {
        node->in[k] = CLD_ABSENT;
        if (proto->input[k][0] != '\0')
            CLD_RETURN(resolve_used(onnx, scope, proto->input[k], node->name, &node->in[k], err));
    }
    for (size_t k = 0; k < proto->n_output; k++)
        node->out[k] =
            proto->output[k][0] == '\0' ? CLD_ABSENT : (cld_value_id){ cld_names_get(&scope->names, proto->output[k]) };
    node->n_in = without_trailing_absent(node->in, (int32_t)proto->n_input);
    node->n_out = (int32_t)proto->n_output;
    CLD_RETURN(check_arity(node, err));
    if (captures->count > 0)
        memcpy(node->in + node->n_in, captures->ids, (size_t)captures->count * sizeof *captures->ids);
    node->n_in += captures->count;
    return CLADE_OK;
}

static clade_status add_node(cld_onnx *onnx, cld_scope *scope, const CldOnnx__NodeProto *proto, size_t index,
                             clade_error *err) {
    const char *name = text_or_empty(proto->name), *domain = text_or_empty(proto->domain);
    const char *type = text_or_empty(proto->op_type);
    if (type[0] == '\0')
        return cld_fail(err, CLADE_ERR_FORMAT, "node %zu '%s' of graph '%s' has no operator type", index, name,
                        scope->graph->name);
    cld_node node = {
        .name = name[0] != '\0' ? name : cld_arena_printf(onnx->arena, "%s_%zu", type, index),
        .domain = strcmp(domain, "ai.onnx") == 0 ? "" : domain,
        .type = type,
    };
    if (node.name == NULL)
        return cld_no_memory(err, type);
    node.opset = cld_names_get(&onnx->opsets, node.domain);
    if (node.opset < 0)
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s' is of domain '%s', of which the model imports no version", type,
                        node.name, domain);
    if (onnx->options->any_opset)
        node.opset = CLD_MIN(node.opset, cld_op_newest(node.domain));
    char reason[200];
    node.op = cld_op_find(node.domain, type, node.opset, reason, sizeof reason);
    cld_captures captures = { 0 };
    CLD_RETURN(cld_onnx_attrs(onnx, scope, proto, &node, &captures, err));
    node.op = cld_op_of(&node, reason, sizeof reason);
    CLD_RETURN(connect(onnx, scope, proto, &node, &captures, err));
    return cld_graph_node(scope->graph, &node) != NULL ? CLADE_OK : cld_no_memory(err, node.name);
}

/* ---- outputs -------------------------------------------------------------------------------------------------- */

static clade_status add_outputs(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err) {
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = text_or_empty(proto->output[i]->name);
        cld_value declared;
        cld_value_id id;
        CLD_RETURN(cld_onnx_declared(onnx, proto->output[i], "output", &declared, err));
        CLD_RETURN(resolve_used(onnx, scope, name, NULL, &id, err));
        cld_value *value = cld_graph_at(scope->graph, id);
        if (value->type.dtype == CLADE_NONE) {
            value->type = declared.type;
            cld_onnx_keep_declared(value, &declared);
        }
        if (declared.doc != NULL)
            value->doc = declared.doc;
        if (!cld_graph_output(scope->graph, id))
            return cld_no_memory(err, name);
    }
    return CLADE_OK;
}

clade_status cld_onnx_graph(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err) {
    cld_names_init(&scope->names, onnx->scratch);
    scope->graph->name = text_or_empty(proto->name); /* messages live in the graph's arena */
    CLD_RETURN(cld_onnx_given(onnx, scope, proto, err));
    for (size_t i = 0; i < proto->n_node; i++)
        CLD_RETURN(add_results(onnx, scope, proto->node[i], err));
    for (size_t i = 0; i < proto->n_node; i++)
        if (!is_constant(proto->node[i]))
            CLD_RETURN(add_node(onnx, scope, proto->node[i], i, err));
    return add_outputs(onnx, scope, proto, err);
}
