/* SPDX-License-Identifier: Apache-2.0 */
/* Appending a node to a static graph: infer, then fold, expand or keep.
 *
 * In: values of the static graph, so every type is known. Out: values of it. A node whose inputs are known on the host
 * becomes constants; one that has an expansion becomes other nodes; what is left has rows to run (or is an alias).
 */
#include "op/op.h"

#include <stdio.h>

enum { MAX_EXPAND_DEPTH = 16, NEWEST = 21 /* opset of what expand makes */ };
/* Host memory that folding may take in one static graph, so that a small hostile file cannot ask for all there is.
 * Results as small as shapes are folded whatever was folded before: planning needs them. */
static const size_t max_folded_bytes = (size_t)1 << 30, always_folded_bytes = 4096;

static clade_status check_arity(const cld_op *op, const cld_node *node, const cld_value_id *in, int32_t n_in,
                                int32_t n_out, clade_error *err) {
    if (n_in < op->min_in || (op->max_in >= 0 && n_in > op->max_in))
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': takes %d to %d inputs, it has %d", node->type, node->name,
                        op->min_in, op->max_in, (int)n_in);
    if (n_out < op->min_out || (op->max_out >= 0 && n_out > op->max_out))
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': gives %d to %d outputs, %d are asked for", node->type,
                        node->name, op->min_out, op->max_out, (int)n_out);
    for (int32_t k = 0; k < op->min_in; k++)
        if (!cld_present(in[k]))
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': input %d is not optional, it is absent", node->type,
                            node->name, (int)k);
    return CLADE_OK;
}

static bool all_known(const cld_call *call) {
    for (int32_t k = 0; k < call->n_in; k++)
        if (cld_call_has(call, k) && !call->value[k])
            return false;
    return true;
}

static bool may_fold(const cld_build *build, const cld_call *call) {
    size_t bytes = 0;
    for (int32_t k = 0; k < call->n_out; k++)
        if (!cld_add_size(bytes, cld_type_bytes(&call->out[k]), &bytes))
            return false;
    if (bytes <= always_folded_bytes)
        return true;
    if (bytes > max_folded_bytes - build->graph->folded_bytes)
        return false;
    build->graph->folded_bytes += bytes;
    return true;
}

static clade_status fold(const cld_build *build, const cld_call *call, cld_value_id *out, clade_error *err) {
    cld_graph *graph = build->graph;
    clade_tensor **results = cld_arena_calloc(graph->arena, (size_t)call->n_out + 1, sizeof *results);
    if (!results)
        return cld_no_memory(err, call->node->name);
    for (int32_t k = 0; k < call->n_out; k++)
        if (!(results[k] = cld_tensor_new(graph->arena, &call->out[k])))
            return cld_no_memory(err, call->node->name);
    CLD_RETURN(call->node->op->eval(call, results, err));
    for (int32_t k = 0; k < call->n_out; k++) {
        out[k] = cld_graph_constant(graph, NULL, results[k]);
        if (!cld_present(out[k]))
            return cld_no_memory(err, call->node->name);
    }
    return CLADE_OK;
}

static clade_status keep(const cld_build *build, const cld_call *call, cld_value_id *in, cld_value_id *out,
                         clade_error *err) {
    cld_node node = *call->node;
    for (int32_t k = 0; k < call->n_out; k++) {
        out[k] = cld_call_wants(call, k) ? cld_graph_value(build->graph, NULL, &call->out[k]) : CLD_ABSENT;
        if (cld_call_wants(call, k) && !cld_present(out[k]))
            return cld_no_memory(err, node.name);
    }
    node.in = in;
    node.n_in = call->n_in;
    node.out = out;
    node.n_out = call->n_out;
    return cld_graph_node(build->graph, &node) ? CLADE_OK : cld_no_memory(err, node.name);
}

static clade_status expand(cld_build *build, const cld_call *call, const cld_value_id *in, cld_value_id *out,
                           clade_error *err) {
    if (build->depth >= MAX_EXPAND_DEPTH)
        return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "its expansion does not end");
    cld_build inner = *build;
    inner.node = call->node->name;
    inner.opset = call->node->opset;
    inner.depth++;
    inner.in = in;
    inner.out = out;
    for (int32_t k = 0; k < call->n_out; k++)
        out[k] = CLD_ABSENT;
    clade_status status = call->node->op->expand(call, &inner, err);
    if (status == CLD_PENDING)
        return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "its expansion needs a value that infer did not ask for");
    CLD_RETURN(status);
    for (int32_t k = 0; k < call->n_out; k++)
        if (cld_call_wants(call, k) && !cld_present(out[k]))
            return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "its expansion leaves output %d out", (int)k);
    return CLADE_OK;
}

clade_status cld_build_node(cld_build *build, const cld_node *proto, const cld_value_id *given, int32_t n_in,
                            cld_value_id *out, int32_t n_out, clade_error *err) {
    const cld_op *op = proto->op;
    cld_call call;
    /* A copy, because a caller may give one array for inputs and outputs. */
    cld_value_id *in = cld_arena_copy(build->graph->arena, given, (size_t)n_in * sizeof *given);
    if (!in)
        return cld_no_memory(err, proto->name);
    if (!op) {
        char reason[160];
        cld_op_of(proto, reason, sizeof reason);
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "node '%s': %s", proto->name, reason);
    }
    if (op->control != CLD_CONTROL_NONE)
        return cld_fail(err, CLADE_ERR_INTERNAL, "%s '%s' reached a static graph", proto->type, proto->name);
    CLD_RETURN(check_arity(op, proto, in, n_in, n_out, err));
    CLD_RETURN(cld_call_make(&call, build->graph, proto, in, n_in, n_out, err));
    clade_status status = op->infer(&call, err);
    if (status == CLD_PENDING)
        build->need_value = call.need;
    if (status != CLADE_OK)
        return status;
    for (int32_t k = 0; k < n_out; k++) {
        if (!cld_call_wants(&call, k) && call.out[k].dtype == CLADE_NONE)
            call.out[k] = (cld_type){ .dtype = CLADE_FLOAT32, .rank = 1 }; /* unused: an empty tensor */
        if (!cld_type_static(&call.out[k]))
            return cld_call_fail(&call, err, CLADE_ERR_INTERNAL, "the type of output %d was not inferred", (int)k);
        CLD_RETURN(cld_type_check(&call.out[k], proto->name, err));
    }
    bool on_device = op->alias || op->expand || op->impls;
    bool known = op->eval && (op->lazy || all_known(&call));
    if (known && may_fold(build, &call))
        return fold(build, &call, out, err);
    if (known && !on_device)
        return cld_call_fail(&call, err, CLADE_ERR_LIMIT,
                             "its result takes more host memory than a plan may (%zu bytes in all)", max_folded_bytes);
    if (!on_device)
        return cld_call_fail(&call, err, CLADE_ERR_INTERNAL,
                             "it runs on the host only, but did not ask for its inputs");
    if (op->expand) {
        clade_error why = {
            .status = CLADE_OK
        }; /* only told when nothing else helps: a call that succeeds leaves the caller's alone */
        status = expand(build, &call, in, out, &why);
        if (status != CLADE_ERR_UNSUPPORTED || !op->impls) {
            if (status != CLADE_OK && err)
                *err = why;
            return status;
        }
    }
    return keep(build, &call, in, out, err);
}

clade_status cld_build_with(cld_build *build, const cld_op *op, const cld_value_id *in, int32_t n_in,
                            const cld_attr *attrs, int32_t n_attrs, cld_value_id *out, clade_error *err) {
    cld_value_id wanted = { 0 }; /* marks the output as used while the descriptor looks at it */
    cld_node node = { .domain = op->domain, .type = op->name, .opset = NEWEST, .op = op, .n_in = n_in, .n_out = 1 };
    node.name = cld_arena_printf(build->graph->arena, "%s/%s_%d", build->node, op->name, (int)build->graph->n_values);
    node.attr = n_attrs ? cld_arena_copy(build->graph->arena, attrs, (size_t)n_attrs * sizeof *attrs) : NULL;
    node.n_attr = n_attrs;
    node.out = cld_arena_copy(build->graph->arena, &wanted, sizeof wanted);
    if (!node.name || (n_attrs && !node.attr) || !node.out)
        return cld_no_memory(err, build->node);
    return cld_build_node(build, &node, in, n_in, out, 1, err);
}

clade_status cld_build_op(cld_build *build, const char *type, const cld_value_id *in, int32_t n_in,
                          const cld_attr *attrs, int32_t n_attrs, cld_value_id *out, clade_error *err) {
    char reason[160];
    const cld_op *op = cld_op_find("", type, NEWEST, reason, sizeof reason);
    if (!op)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "node '%s': %s", build->node, reason);
    return cld_build_with(build, op, in, n_in, attrs, n_attrs, out, err);
}

clade_status cld_build_scalar(cld_build *build, clade_dtype dtype, double value, cld_value_id *out, clade_error *err) {
    cld_type type = { .dtype = dtype, .rank = 0 };
    clade_tensor *tensor = cld_tensor_new(build->graph->arena, &type);
    if (!tensor)
        return cld_no_memory(err, build->node);
    cld_tensor_set(tensor, 0, value);
    *out = cld_graph_constant(build->graph, NULL, tensor);
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, build->node);
}

clade_status cld_build_ints(cld_build *build, const int64_t *values, int32_t count, cld_value_id *out,
                            clade_error *err) {
    cld_type type = { .dtype = CLADE_INT64, .rank = 1, .dims = { count } };
    clade_tensor *tensor = cld_tensor_new(build->graph->arena, &type);
    if (!tensor)
        return cld_no_memory(err, build->node);
    for (int32_t k = 0; k < count; k++)
        cld_tensor_set_int(tensor, k, values[k]);
    *out = cld_graph_constant(build->graph, NULL, tensor);
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, build->node);
}
