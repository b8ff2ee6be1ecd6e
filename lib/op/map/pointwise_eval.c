/* SPDX-License-Identifier: Apache-2.0 */
/* Host evaluation of the pointwise operators: the table's expressions compiled as C.
 *
 * Floats are computed in double and rounded once, when stored. Integers are computed in 64 bits and truncated when
 * stored, which gives wrap-around in every width. What the expressions call beyond <math.h> stands here for the host
 * and in cl/map.cl for devices.
 */
#include "op/map/pointwise.h"

#include <math.h>

#define select(otherwise, taken, condition) ((condition) != 0 ? (taken) : (otherwise))
#define clamp(x, low, high) fmin(fmax(x, low), high)
#define fast_tanh(x) tanh(x)
#define fast_erf(x) erf(x)
#define fast_sin(x) sin(x)
#define fast_cos(x) cos(x)
#define fast_tan(x) tan(x)
#define sign(x) (((x) > 0) - ((x) < 0))
/* Division that cannot trap: by zero gives zero, the least integer by -1 wraps. */
#define negated(x) (0 - (uint64_t)(x))
#define magnitude(x) ((x) < 0 ? negated(x) : (uint64_t)(x))
#define quotient(x, y) ((y) == 0 ? 0 : (y) < 0 && (y) + 1 == 0 ? negated(x) : (uint64_t)((x) / (y)))
#define remains(x, y) ((y) == 0 || ((y) < 0 && (y) + 1 == 0) ? 0 : (x) % (y))
#define modulo(x, y) (remains(x, y) != 0 && (remains(x, y) < 0) != ((y) < 0) ? remains(x, y) + (y) : remains(x, y))

#if defined __GNUC__
#pragma GCC diagnostic ignored "-Wtype-limits" /* one expression serves signed and unsigned */
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif

#define FUNCTION(type, name, expression)                                                                               \
    type name(type x, type y, type z, type p, type q);                                                                 \
    type name(type x, type y, type z, type p, type q) {                                                                \
        (void)x, (void)y, (void)z, (void)p, (void)q;                                                                   \
        return (type)(expression);                                                                                     \
    }
#define POINTWISE(symbol, since, least, most, infers, dtypes, on_float, domain, on_int, attributes, doc)               \
    FUNCTION(double, cld_on_float_##symbol, on_float)                                                                  \
    FUNCTION(int64_t, cld_on_signed_##symbol, on_int)                                                                  \
    FUNCTION(uint64_t, cld_on_unsigned_##symbol, on_int)
#include "op/map/pointwise.def"

/* ---- walking broadcast operands ---------------------------------------------------------------------------------- */

void cld_elements_start(cld_elements *walk, const cld_type *shape, const cld_type *operands, int32_t n) {
    *walk = (cld_elements){ .rank = shape->rank, .n = n };
    memcpy(walk->dims, shape->dims, sizeof walk->dims);
    for (int32_t k = 0; k < n; k++)
        if (operands[k].dtype != CLADE_NONE)
            cld_strides_broadcast(&operands[k], shape, walk->strides[k]);
}

void cld_elements_next(cld_elements *walk) {
    for (int32_t d = walk->rank - 1; d >= 0; d--) {
        bool carry = ++walk->at[d] == walk->dims[d];
        for (int32_t k = 0; k < walk->n; k++)
            walk->index[k] += walk->strides[k][d] * (carry ? 1 - walk->dims[d] : 1);
        if (!carry)
            return;
        walk->at[d] = 0;
    }
}

/* ---- one node ---------------------------------------------------------------------------------------------------- */

typedef struct evaluation {
    const cld_call *call;
    const cld_pointwise *row;
    double p, q;
    cld_elements walk;
    bool folds; /* variadic: two operands at a time */
} evaluation;

static double float_at(const evaluation *e, int32_t k) {
    return k < e->call->n_in ? cld_tensor_get(e->call->value[k], e->walk.index[k]) : 0;
}

static uint64_t int_at(const evaluation *e, int32_t k) {
    return k < e->call->n_in ? (uint64_t)cld_tensor_get_int(e->call->value[k], e->walk.index[k]) : 0;
}

static double one_float(const evaluation *e) {
    double result = float_at(e, 0);
    if (!e->folds)
        return e->row->on_float(result, float_at(e, 1), float_at(e, 2), e->p, e->q);
    for (int32_t k = 1; k < e->call->n_in; k++)
        result = e->row->on_float(result, float_at(e, k), 0, e->p, e->q);
    return result;
}

static uint64_t apply(const evaluation *e, bool is_signed, uint64_t x, uint64_t y, uint64_t z) {
    if (is_signed)
        return (uint64_t)e->row->on_signed((int64_t)x, (int64_t)y, (int64_t)z, e->p != 0, e->q != 0);
    return e->row->on_unsigned(x, y, z, e->p != 0, e->q != 0);
}

static uint64_t one_int(const evaluation *e, bool is_signed) {
    uint64_t result = int_at(e, 0);
    if (!e->folds)
        return apply(e, is_signed, result, int_at(e, 1), int_at(e, 2));
    for (int32_t k = 1; k < e->call->n_in; k++)
        result = apply(e, is_signed, result, int_at(e, k), 0);
    return result;
}

clade_status cld_pointwise_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const cld_pointwise *row = cld_pointwise_row(call->node->op);
    evaluation e = { .call = call, .row = row, .folds = row->op->max_in < 0 };
    if (call->n_in > CLD_WALK_MAX)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "more than %d inputs", CLD_WALK_MAX);
    e.p = cld_pointwise_attr(call, &row->with[0]);
    e.q = cld_pointwise_attr(call, &row->with[1]);
    clade_dtype dtype = call->in[call->n_in - 1].dtype;
    bool is_float = cld_dtype_in(dtype, CLD_FLOATS);
    bool is_signed = row->domain == CLD_ORDER && cld_dtype_in(dtype, CLD_SIGNED);
    int64_t count = clade_tensor_count(out[0]);
    cld_elements_start(&e.walk, &call->out[0], call->in, call->n_in);
    for (int64_t i = 0; i < count; i++, cld_elements_next(&e.walk)) {
        if (is_float)
            cld_tensor_set(out[0], i, one_float(&e));
        else
            cld_tensor_set_int(out[0], i, (int64_t)one_int(&e, is_signed));
    }
    return CLADE_OK;
}
