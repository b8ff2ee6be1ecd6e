/* SPDX-License-Identifier: Apache-2.0 */
/* Appending a node to a static graph: infer, then fold, expand or keep.
 *
 * In: values of the static graph, so every type is known. Out: values of it. A node whose inputs are known on the host
 * becomes constants; one that has an expansion becomes other nodes; what is left has rows to run (or is an alias).
 */
#include "op/core/op.h"

#include <stdio.h>

enum { MAX_EXPAND_DEPTH = 16, NEWEST = 21 /* opset of what expand makes */ };
/* Host memory and work that folding may take, so that a small hostile file cannot ask for all there is. Work is counted
 * in elements; those of operators that only the host has (Unique sorts) count more. Results as small as shapes are
 * folded whatever was folded before: planning needs them. */
static const size_t max_folded_bytes = (size_t)1 << 30, always_folded_bytes = 4096;
static const uint64_t max_evaluated = (uint64_t)1 << 29;
enum { HOST_ONLY = 16 };

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

static bool runs_on_device(const cld_op *op) { return op->alias || op->expand || op->impls; }

/* Elements that evaluating the call reads and writes, weighted. */
static uint64_t work_of(const cld_call *call) {
    uint64_t elements = 0;
    for (int32_t k = 0; k < call->n_in; k++)
        if (cld_call_has(call, k) && !call->node->op->lazy)
            elements += (uint64_t)cld_type_count(&call->in[k]);
    for (int32_t k = 0; k < call->n_out; k++)
        elements += (uint64_t)cld_type_count(&call->out[k]);
    return runs_on_device(call->node->op) ? elements : elements * HOST_ONLY;
}

static size_t most_folded(const cld_graph *graph) {
    return graph->max_folded_bytes ? CLD_MIN(graph->max_folded_bytes, max_folded_bytes) : max_folded_bytes;
}

/* The call's results, and the work they take, are within what is left; they are counted then. */
static bool may_fold(const cld_build *build, const cld_call *call) {
    cld_graph *graph = build->graph;
    size_t bytes = 0, most = most_folded(graph);
    uint64_t work = work_of(call);
    for (int32_t k = 0; k < call->n_out; k++)
        if (!cld_add_size(bytes, cld_type_bytes(&call->out[k]), &bytes))
            return false;
    bool small = bytes <= always_folded_bytes && work <= always_folded_bytes * HOST_ONLY;
    if (!small && (graph->folded_bytes > most || bytes > most - graph->folded_bytes ||
                   graph->evaluated > max_evaluated || work > max_evaluated - graph->evaluated))
        return false;
    graph->folded_bytes += small ? 0 : bytes;
    graph->evaluated += work;
    return true;
}

static bool holds_anything(const cld_call *call) {
    for (int32_t k = 0; k < call->n_out; k++)
        if (cld_type_count(&call->out[k]) > 0)
            return true;
    return false;
}

static clade_status fold(const cld_build *build, const cld_call *call, cld_value_id *out, clade_error *err) {
    cld_graph *graph = build->graph;
    clade_tensor **results = cld_arena_calloc(graph->arena, (size_t)call->n_out + 1, sizeof *results);
    if (!results)
        return cld_no_memory(err, call->node->name);
    for (int32_t k = 0; k < call->n_out; k++)
        if (!(results[k] = cld_tensor_new(graph->arena, &call->out[k])))
            return cld_no_memory(err, call->node->name);
    if (holds_anything(call)) /* else `eval` may go round for long over dimensions of which one is 0 */
        CLD_RETURN(call->node->op->eval(call, results, err));
    for (int32_t k = 0; k < call->n_out; k++) {
        out[k] = cld_graph_constant(graph, NULL, results[k]);
        if (!cld_present(out[k]))
            return cld_no_memory(err, call->node->name);
    }
    return CLADE_OK;
}

/* Rows write every output that must be there, named or not. */
static clade_status keep(const cld_build *build, const cld_call *call, cld_value_id *in, cld_value_id *out,
                         clade_error *err) {
    cld_node node = *call->node;
    for (int32_t k = 0; k < call->n_out; k++) {
        const bool is_made = cld_call_wants(call, k) || k < node.op->min_out;
        out[k] = is_made ? cld_graph_value(build->graph, NULL, &call->out[k]) : CLD_ABSENT;
        if (is_made && !cld_present(out[k]))
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
    inner.whole = false;
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

/* What became of the call's types: every one static, and none too large. */
static clade_status check_types(cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < call->n_out; k++) {
        if (!cld_call_wants(call, k) && call->out[k].dtype == CLADE_NONE)
            call->out[k] = (cld_type){ .dtype = CLADE_FLOAT32, .rank = 1 }; /* unused: an empty tensor */
        if (!cld_type_static(&call->out[k]))
            return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "the type of output %d was not inferred", (int)k);
        CLD_RETURN(cld_call_check(call, &call->out[k], err));
    }
    return CLADE_OK;
}

/* In terms of others; or as it is, where it has rows and the expansion says that it does not serve. */
static clade_status expand_or_keep(cld_build *build, cld_call *call, cld_value_id *in, cld_value_id *out,
                                   clade_error *err) {
    clade_error why = {
        .status = CLADE_OK
    }; /* told when nothing else helps: a call that succeeds leaves the caller's alone */
    clade_status status = expand(build, call, in, out, &why);
    if (status == CLADE_ERR_UNSUPPORTED && call->node->op->impls)
        return keep(build, call, in, out, err);
    if (status != CLADE_OK && err)
        *err = why;
    return status;
}

/* A call whose types are known becomes constants, other nodes, or a node. */
static clade_status settle(cld_build *build, cld_call *call, cld_value_id *in, cld_value_id *out, clade_error *err) {
    const cld_op *op = call->node->op;
    bool on_device = runs_on_device(op), fixed = all_known(call), known = op->eval && (op->lazy || fixed);
    if (op->same) {
        out[0] = in[0];
        return CLADE_OK;
    }
    if (known && may_fold(build, call))
        return fold(build, call, out, err);
    if (known && !on_device)
        return cld_call_fail(call, err, CLADE_ERR_LIMIT,
                             "folding takes more host memory or work than a plan may (%zu bytes, %llu elements)",
                             most_folded(build->graph), (unsigned long long)max_evaluated);
    if (!on_device)
        return cld_call_fail(call, err, CLADE_ERR_INTERNAL, "it runs on the host only, but did not ask for its inputs");
    call->arena = build->graph->arena; /* what becomes part of the graph may hold what is made from here on */
    if (op->expand && (fixed || !build->whole))
        return expand_or_keep(build, call, in, out, err);
    return keep(build, call, in, out, err);
}

clade_status cld_build_node(cld_build *build, const cld_node *proto, const cld_value_id *given, int32_t n_in,
                            cld_value_id *out, int32_t n_out, clade_error *err) {
    const cld_op *op = proto->op;
    clade_status status = CLADE_OK;
    cld_call call;
    if (!op) {
        char reason[160];
        cld_op_of(proto, reason, sizeof reason);
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "node '%s': %s", proto->name, reason);
    }
    if (op->control != CLD_CONTROL_NONE)
        return cld_fail(err, CLADE_ERR_INTERNAL, "%s '%s' reached a static graph", proto->type, proto->name);
    cld_arena *scratch = cld_arena_new();
    /* A copy, because a caller may give one array for inputs and outputs. */
    cld_value_id *in = scratch ? cld_arena_copy(scratch, given, (size_t)n_in * sizeof *given) : NULL;
    if (!in)
        CLD_TRY(cld_no_memory(err, proto->name));
    CLD_TRY(check_arity(op, proto, in, n_in, n_out, err));
    CLD_TRY(cld_call_make(&call, build->graph, scratch, proto, in, n_in, n_out, err));
    status = op->infer(&call, err);
    if (status == CLD_PENDING)
        build->need_value = call.need;
    CLD_TRY(status);
    CLD_TRY(check_types(&call, err));
    CLD_TRY(settle(build, &call, in, out, err));
fail:
    cld_arena_free(scratch);
    return status;
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
