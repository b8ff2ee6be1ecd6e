/* SPDX-License-Identifier: Apache-2.0 */
/* Making a map from a call: its inputs, scalars and expressions, and the output's dimensions collapsed.
 *
 * Adjacent dimensions are merged where every input walks through them with one stride, so most maps end with one or
 * two.
 */
#include "op/map/pointwise.h"

static const char *variable(const cld_map *map, int32_t index) {
    return cld_arena_printf(map->arena, "v%d", (int)index);
}

/* Returns the variable, or -1. */
static int32_t add_variable(cld_map *map, clade_dtype dtype, const char *text) {
    if (map->n_vars == CLD_MAP_VARIABLES)
        return -1;
    map->dtype[map->n_vars] = dtype;
    map->text[map->n_vars] = text;
    return map->n_vars++;
}

static int32_t add_input(cld_map *map, const cld_type *type, int32_t index, const clade_tensor *value) {
    if (map->n_in == CLD_MAP_INPUTS)
        return -1;
    bool scalar = value && clade_tensor_count(value) == 1;
    map->in[map->n_in] =
        (cld_map_input){ .type = *type, .index = scalar ? -1 : index, .scalar = scalar ? value : NULL };
    map->n_in++;
    return add_variable(map, type->dtype, NULL);
}

/* The expression of one call over variables `in`; -1 where absent. Returns its variable, or -1. */
static int32_t add_expression(cld_map *map, const cld_call *call, const int32_t *in) {
    const char **operands = cld_arena_calloc(map->arena, (size_t)call->n_in + 1, sizeof *operands);
    for (int32_t k = 0; operands && k < call->n_in; k++)
        if (in[k] >= 0 && !(operands[k] = variable(map, in[k])))
            return -1;
    const char *text = operands ? call->node->op->pointwise(call, operands) : NULL;
    return text ? add_variable(map, call->out[0].dtype, text) : -1;
}

static bool make_single(cld_map *map, const cld_call *call) {
    int32_t in[CLD_MAP_INPUTS];
    if (call->n_in > CLD_MAP_INPUTS)
        return false;
    for (int32_t k = 0; k < call->n_in; k++) {
        in[k] = -1;
        if (cld_call_has(call, k) && (in[k] = add_input(map, &call->in[k], k, call->value[k])) < 0)
            return false;
    }
    map->n_out = 1;
    map->out[0] = add_expression(map, call, in);
    return map->out[0] >= 0;
}

static bool add_body_node(cld_map *map, const cld_graph *body, const cld_node *node, int32_t *of_value) {
    cld_call call;
    int32_t in[CLD_MAP_INPUTS];
    if (node->n_in > CLD_MAP_INPUTS ||
        cld_call_make(&call, body, body->arena, node, node->in, node->n_in, 1, NULL) != CLADE_OK)
        return false;
    call.out[0] = cld_graph_at(body, node->out[0])->type;
    for (int32_t k = 0; k < node->n_in; k++)
        in[k] = cld_present(node->in[k]) ? of_value[node->in[k].i] : -1;
    of_value[node->out[0].i] = add_expression(map, &call, in);
    return of_value[node->out[0].i] >= 0;
}

static bool make_body(cld_map *map, const cld_call *call, const cld_graph *body) {
    int32_t *of_value = cld_arena_calloc(map->arena, (size_t)body->n_values, sizeof *of_value);
    if (!of_value || body->n_inputs > call->n_in || body->n_outputs > CLD_MAP_OUTPUTS)
        return false;
    for (int32_t k = 0; k < body->n_inputs; k++)
        if ((of_value[body->inputs[k].i] = add_input(map, &call->in[k], k, call->value[k])) < 0)
            return false;
    for (int32_t k = 0; k < body->n_values; k++) {
        const cld_value *value = &body->values[k];
        if (value->constant && (of_value[k] = add_input(map, &value->type, -1, value->constant)) < 0)
            return false;
    }
    for (int32_t k = 0; k < body->n_nodes; k++)
        if (!add_body_node(map, body, &body->nodes[k], of_value))
            return false;
    map->n_out = body->n_outputs;
    for (int32_t k = 0; k < body->n_outputs; k++)
        map->out[k] = of_value[body->outputs[k].i];
    return true;
}

static bool mergeable(const cld_map *map, int32_t outer, int64_t inner_dim) {
    for (int32_t k = 0; k < map->n_in; k++)
        if (map->in[k].strides[outer] != map->in[k].strides[outer + 1] * inner_dim)
            return false;
    return true;
}

/* Drops dimension d + 1 after folding it into d, or simply d. */
static void drop(cld_map *map, int32_t d) {
    for (int32_t k = d; k + 1 < map->rank; k++) {
        map->dims[k] = map->dims[k + 1];
        for (int32_t i = 0; i < map->n_in; i++)
            map->in[i].strides[k] = map->in[i].strides[k + 1];
    }
    map->rank--;
}

static void collapse(cld_map *map) {
    map->rank = map->shape.rank;
    memcpy(map->dims, map->shape.dims, sizeof map->dims);
    for (int32_t k = 0; k < map->n_in; k++)
        cld_strides_broadcast(&map->in[k].type, &map->shape, map->in[k].strides);
    for (int32_t d = map->rank - 1; d >= 0; d--)
        if (map->dims[d] == 1)
            drop(map, d);
    for (int32_t d = map->rank - 2; d >= 0; d--) {
        if (!mergeable(map, d, map->dims[d + 1]))
            continue;
        map->dims[d + 1] *= map->dims[d];
        drop(map, d);
    }
    if (map->rank == 0) {
        map->rank = 1;
        map->dims[0] = 1;
        for (int32_t k = 0; k < map->n_in; k++)
            map->in[k].strides[0] = 0;
    }
}

bool cld_map_make(cld_map *map, const cld_call *call) {
    const cld_attr *body =
        call->node->op == &cld_op_Fused ? cld_attr_find(call->node, CLD_FUSED_BODY, CLD_ATTR_GRAPH) : NULL;
    *map = (cld_map){ .arena = call->arena, .shape = call->out[0] };
    if (!(body ? make_body(map, call, body->u.graph) : make_single(map, call)))
        return false;
    collapse(map);
    return true;
}
