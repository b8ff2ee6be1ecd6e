/* SPDX-License-Identifier: Apache-2.0 */
/* The pointwise operators of op/map/pointwise.def: rows, descriptors, inference, expression text.
 *
 * All broadcast as NumPy does; opsets before 7 had rules of their own (op/map/pointwise_legacy.c).
 */
#include "op/map/pointwise.h"

#include <math.h>

/* ---- inference --------------------------------------------------------------------------------------------------- */

clade_status cld_pointwise_shape(cld_call *call, clade_dtype dtype, clade_error *err) {
    cld_type shape = { .dtype = dtype };
    for (int32_t k = 0; k < call->n_in; k++) {
        if (cld_call_has(call, k) && !cld_shape_broadcast(&shape, &call->in[k]))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d is %s, which does not broadcast with the others",
                                 (int)k, CLD_TYPE_TEXT(&call->in[k]));
    }
    call->out[0] = shape;
    return CLADE_OK;
}

static clade_status check_dtypes(const cld_call *call, int32_t first, clade_error *err) {
    cld_dtypes allowed = cld_pointwise_row(call->node->op)->dtypes;
    for (int32_t k = first; k < call->n_in; k++) {
        CLD_RETURN(cld_call_dtype(call, k, allowed, err));
        if (call->in[k].dtype != call->in[first].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input %d is %s, input %d is %s", (int)first,
                                 clade_dtype_name(call->in[first].dtype), (int)k, clade_dtype_name(call->in[k].dtype));
    }
    return CLADE_OK;
}

static clade_status infer_same(cld_call *call, clade_error *err) {
    CLD_RETURN(check_dtypes(call, 0, err));
    return cld_pointwise_shape(call, call->in[0].dtype, err);
}

static clade_status infer_predicate(cld_call *call, clade_error *err) {
    CLD_RETURN(check_dtypes(call, 0, err));
    return cld_pointwise_shape(call, CLADE_BOOL, err);
}

static clade_status infer_where(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_BIT(BOOL), err));
    CLD_RETURN(check_dtypes(call, 1, err));
    return cld_pointwise_shape(call, call->in[1].dtype, err);
}

static clade_status infer_mod(cld_call *call, clade_error *err) {
    CLD_RETURN(infer_same(call, err));
    if (cld_dtype_in(call->in[0].dtype, CLD_FLOATS) && !cld_attr_int(call->node, "fmod", 0))
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "%s inputs need fmod = 1",
                             clade_dtype_name(call->in[0].dtype));
    return CLADE_OK;
}

#define POINTWISE(symbol, ...) extern const cld_op cld_op_##symbol;
#include "op/map/pointwise.def"

/* ---- expression text --------------------------------------------------------------------------------------------- */

double cld_pointwise_attr(const cld_call *call, const cld_pointwise_with *with) {
    cld_attr_rule rule;
    const char *text = with->rule;
    if (!cld_attr_rule_next(&rule, &text))
        return 0;
    const cld_attr *attr = cld_attr_find(call->node, rule.name, rule.kind);
    if (!attr)
        return (double)with->otherwise;
    return attr->kind == CLD_ATTR_INT     ? (double)attr->u.i
           : attr->kind == CLD_ATTR_FLOAT ? (double)attr->u.f
                                          : (double)cld_attr_rule_choice(&rule, attr->u.s);
}

/* Max and Min of an input and a known number: y is the number, so only x can be NaN. */
static const char *bound_text(const cld_call *call) {
    for (int32_t k = 0; call->n_in == 2 && k < 2; k++) {
        const clade_tensor *value = call->value[k];
        if (!value || clade_tensor_count(value) != 1 || !cld_dtype_in(value->dtype, CLD_FLOATS) ||
            isnan(cld_tensor_get(value, 0)))
            continue;
        if (call->node->op == &cld_op_Max)
            return k ? "select(fmax(x, y), x, x != x)" : "select(fmax(y, x), y, y != y)";
        if (call->node->op == &cld_op_Min)
            return k ? "select(fmin(x, y), x, x != x)" : "select(fmin(y, x), y, y != y)";
    }
    return NULL;
}

/* The literal of p or q: on integers a flag. */
static const char *parameter(const cld_call *call, int32_t which) {
    clade_dtype dtype = call->in[call->n_in - 1].dtype;
    double value = cld_pointwise_attr(call, &cld_pointwise_row(call->node->op)->with[which]);
    return cld_dtype_in(dtype, CLD_FLOATS) ? cld_pointwise_literal(call->arena, dtype, value)
                                           : cld_pointwise_literal(call->arena, CLADE_INT32, value != 0);
}

static const char *converted(const cld_call *call, const char *type, const char *text) {
    return text ? cld_arena_printf(call->arena, "((%s)%s)", type, text) : NULL;
}

/* A sum or product of the ring, as the element type. One compiler (lib/ocl/quirks.c) takes -(-32768) of a short for
 * 32768 when it widens it, but not when the short was cut out by shifts. */
static const char *wrapped(const cld_call *call, const char *text) {
    clade_dtype dtype = call->out[0].dtype;
    if (dtype != CLADE_INT16)
        return converted(call, cld_kern_type(dtype), text);
    return text ? cld_arena_printf(call->arena, "convert_short((int)(%s) << 16 >> 16)", text) : NULL;
}

static const char *pointwise(const cld_call *call, const char *const *operands) {
    const cld_pointwise *row = cld_pointwise_row(call->node->op);
    clade_dtype dtype = call->in[call->n_in - 1].dtype; /* the last input's, for the sake of Where */
    bool is_float = cld_dtype_in(dtype, CLD_FLOATS);
    const char *names[5] = { operands[0], NULL, NULL, parameter(call, 0), parameter(call, 1) };
    const char *bound = bound_text(call), *text = bound ? bound : is_float ? row->float_text : row->int_text;
    bool ring = row->domain == CLD_RING && cld_dtype_in(dtype, CLD_INTEGERS);
    if (row->op->max_in >= 0 || bound) {
        for (int32_t k = 0; k < call->n_in; k++)
            names[k] = ring ? converted(call, cld_kern_ring(dtype), operands[k]) : operands[k];
        text = cld_pointwise_text(call->arena, text, dtype, names);
        return ring ? wrapped(call, text) : text;
    }
    for (int32_t k = 1; names[0] && k < call->n_in; k++) {
        names[1] = operands[k];
        names[0] = cld_pointwise_text(call->arena, text, dtype, names);
    }
    return names[0];
}

/* ---- many inputs ------------------------------------------------------------------------------------------------- */

/* A variadic operator with many inputs becomes a chain, which the fuse pass makes one kernel again: folding doubles or
 * trebles the text with each operand that an expression names twice or three times. */
static clade_status expand_many(const cld_call *call, cld_build *build, clade_error *err) {
    enum { AT_ONCE = 3 };
    cld_value_id in[AT_ONCE] = { build->in[0] };
    if (call->n_in <= AT_ONCE)
        return CLADE_ERR_UNSUPPORTED; /* as it is, then */
    for (int32_t k = 1; k < call->n_in;) {
        int32_t n = CLD_MIN(call->n_in - k, AT_ONCE - 1);
        memcpy(&in[1], &build->in[k], (size_t)n * sizeof in[0]);
        CLD_RETURN(cld_build_op(build, call->node->type, in, n + 1, NULL, 0, &in[0], err));
        k += n;
    }
    build->out[0] = in[0];
    return CLADE_OK;
}

/* ---- host functions, rows, descriptors --------------------------------------------------------------------------- */

#define WITH(p, p_default, q, q_default) p " " q

#define POINTWISE(symbol, from, least, most, infers, dtypes, on_float, order, on_int, attributes, sentence)            \
    double cld_on_float_##symbol(double, double, double, double, double);                                              \
    int64_t cld_on_signed_##symbol(int64_t, int64_t, int64_t, int64_t, int64_t);                                       \
    uint64_t cld_on_unsigned_##symbol(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);                               \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = sentence,                                                                                               \
        .since = from,                                                                                                 \
        .attrs = attributes,                                                                                           \
        .min_in = least,                                                                                               \
        .max_in = most,                                                                                                \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .pointwise = pointwise,                                                                                        \
        .infer = infer_##infers,                                                                                       \
        .expand = (most) < 0 ? expand_many : NULL,                                                                     \
        .eval = cld_pointwise_eval,                                                                                    \
        .impls = cld_map_impls + !((dtypes)&CLD_MAP_WIDE),                                                             \
    };
#include "op/map/pointwise.def"

#define POINTWISE(symbol, from, least, most, infers, dtypes, on_float, order, on_int, attributes, sentence)            \
    { &cld_op_##symbol,                                                                                                \
      dtypes,                                                                                                          \
      #on_float,                                                                                                       \
      #on_int,                                                                                                         \
      CLD_##order,                                                                                                     \
      attributes,                                                                                                      \
      cld_on_float_##symbol,                                                                                           \
      cld_on_signed_##symbol,                                                                                          \
      cld_on_unsigned_##symbol },
#define WITH(p, p_default, q, q_default)                                                                               \
    {                                                                                                                  \
        { p, p_default }, { q, q_default }                                                                             \
    }
static const cld_pointwise rows[] = {
#include "op/map/pointwise.def"
};

const cld_pointwise *cld_pointwise_row(const cld_op *op) {
    for (size_t k = 0; k < CLD_COUNT(rows); k++)
        if (rows[k].op == op)
            return &rows[k];
    return NULL;
}
