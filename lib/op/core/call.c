/* SPDX-License-Identifier: Apache-2.0 */
/* What descriptors use to look at a call: known values, checks with the node's name in the message, strides. */
#include "op/core/op.h"

#include <stdio.h>

clade_status cld_call_make(cld_call *call, const cld_graph *graph, cld_arena *arena, const cld_node *node,
                           const cld_value_id *in, int32_t n_in, int32_t n_out, clade_error *err) {
    cld_type *types = cld_arena_calloc(arena, (size_t)n_in + 1, sizeof *types);
    const clade_tensor **values = cld_arena_calloc(arena, (size_t)n_in + 1, sizeof *values);
    cld_type *out = cld_arena_calloc(arena, (size_t)n_out + 1, sizeof *out);
    if (!types || !values || !out)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < n_in; k++) {
        if (!cld_present(in[k]))
            continue;
        types[k] = cld_graph_at(graph, in[k])->type;
        values[k] = cld_graph_at(graph, in[k])->constant;
    }
    *call = (cld_call){
        .node = node, .n_in = n_in, .n_out = n_out, .in = types, .value = values, .out = out, .need = -1, .arena = arena
    };
    return CLADE_OK;
}

const clade_tensor *cld_call_value(cld_call *call, int32_t k) {
    call->need = -1;
    if (!cld_call_has(call, k))
        return NULL;
    if (!call->value[k])
        call->need = k;
    return call->value[k];
}

clade_status cld_call_fail(const cld_call *call, clade_error *err, clade_status status, const char *format, ...) {
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return cld_fail(err, status, "%s '%s': %s", call->node->type, call->node->name, text);
}

clade_status cld_call_dtype(const cld_call *call, int32_t k, cld_dtypes set, clade_error *err) {
    if (!cld_call_has(call, k))
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "input %d is missing", (int)k);
    if (!cld_dtype_in(call->in[k].dtype, set))
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input %d is %s, which is not supported there", (int)k,
                             clade_dtype_name(call->in[k].dtype));
    return CLADE_OK;
}

clade_status cld_call_check(const cld_call *call, const cld_type *type, clade_error *err) {
    char what[160];
    snprintf(what, sizeof what, "%s '%s'", call->node->type, call->node->name);
    return cld_type_check(type, what, err);
}

clade_status cld_call_axis(const cld_call *call, int64_t axis, int32_t rank, int32_t *out, clade_error *err) {
    if (axis < -(int64_t)rank || axis >= rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %lld is out of range for rank %d", (long long)axis,
                             (int)rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return CLADE_OK;
}

clade_status cld_call_ints(cld_call *call, const char *attr, int32_t k, const int64_t **values, int32_t *count,
                           clade_error *err) {
    *values = NULL;
    *count = -1;
    if (k >= 0 && cld_call_has(call, k)) {
        const clade_tensor *tensor = cld_call_value(call, k);
        if (!tensor)
            return CLD_PENDING;
        CLD_RETURN(cld_call_dtype(call, k, CLD_INTEGERS, err));
        int64_t n = clade_tensor_count(tensor);
        if (tensor->rank > 1 || n > INT32_MAX)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d must be a list of integers, it is %s", (int)k,
                                 CLD_TYPE_TEXT(&call->in[k]));
        int64_t *list = cld_arena_calloc(call->arena, (size_t)n, sizeof *list);
        if (!list)
            return cld_no_memory(err, "a list of integers");
        for (int64_t i = 0; i < n; i++)
            list[i] = cld_tensor_get_int(tensor, i);
        *values = list;
        *count = (int32_t)n;
    } else if (attr) {
        int32_t n;
        const int64_t *list = cld_attr_ints(call->node, attr, &n);
        if (cld_attr_find(call->node, attr, CLD_ATTR_INTS)) {
            *values = list;
            *count = n;
        }
    }
    return CLADE_OK;
}

clade_status cld_call_number(cld_call *call, int32_t k, const char *name, cld_dtypes set, const clade_tensor **out,
                             clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, k, set, err));
    if (cld_type_count(&call->in[k]) != 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s is %s, not one number", name, CLD_TYPE_TEXT(&call->in[k]));
    return (*out = cld_call_value(call, k)) ? CLADE_OK : CLD_PENDING;
}

clade_status cld_infer_same(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

void cld_strides(const cld_type *type, int64_t strides[CLADE_MAX_RANK]) {
    int64_t span = 1;
    for (int32_t k = type->rank - 1; k >= 0; k--) {
        strides[k] = span;
        span *= type->dims[k];
    }
}

void cld_strides_broadcast(const cld_type *type, const cld_type *shape, int64_t strides[CLADE_MAX_RANK]) {
    int64_t own[CLADE_MAX_RANK];
    int32_t lead = shape->rank - type->rank;
    cld_strides(type, own);
    for (int32_t k = 0; k < shape->rank; k++)
        strides[k] = k < lead || type->dims[k - lead] == 1 ? 0 : own[k - lead];
}
