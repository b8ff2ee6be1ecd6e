/* SPDX-License-Identifier: Apache-2.0 */
/* Pow: y = x0 ^ x1, where the exponent may have another element type than the base and the result.
 *
 * Integers to integral powers are exact modulo 2^n; to a negative power they give 0 unless the base is 1 or -1. Common
 * constant exponents become products and roots.
 */
#include "op/map/pointwise.h"

#include <math.h>

static clade_status pow_infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(cld_call_dtype(call, 1, CLD_NUMBERS, err));
    return cld_pointwise_shape(call, call->in[0].dtype, err);
}

/* Expressions in x for exponents that many networks use; NULL: none. */
static const char *constant_power(const clade_tensor *exponent) {
    static const struct {
        double exponent;
        const char *text;
    } table[] = { { 1, "x" }, { 2, "x * x" }, { 3, "x * x * x" }, { 0.5, "sqrt(x)" }, { -1, "1.0 / x" } };
    if (!exponent || clade_tensor_count(exponent) != 1)
        return NULL;
    for (size_t k = 0; k < CLD_COUNT(table); k++)
        if (cld_tensor_get(exponent, 0) == table[k].exponent)
            return table[k].text;
    return NULL;
}

static const char *pow_text(const cld_call *call, const char *const *operands) {
    clade_dtype base = call->in[0].dtype, exponent = call->in[1].dtype;
    const char *names[5] = { operands[0], operands[1] }, *text = constant_power(call->value[1]);
    if (!cld_dtype_in(base, CLD_FLOATS))
        text = cld_dtype_in(exponent, CLD_FLOATS) ? "real_power(x, y)" : "power(x, y)";
    else if (!text)
        text = "pow(x, y)";
    if (cld_dtype_in(base, CLD_FLOATS) && strcmp(cld_kern_type(base), cld_kern_type(exponent)) != 0)
        names[1] = cld_arena_printf(call->arena, "((%s)(%s))", cld_kern_type(base), operands[1]);
    return names[1] ? cld_pointwise_text(call->arena, text, base, names) : NULL;
}

/* x^y modulo 2^64; for y < 0 the quotient 1 / x^-y truncated, with 1 / 0 = 0. */
static uint64_t power(uint64_t x, int64_t y) {
    uint64_t result = 1;
    if (y < 0)
        return x == 1 || (x + 1 == 0 && y % 2 == 0) ? 1 : x + 1 == 0 ? x : 0;
    for (; y > 0; y /= 2, x *= x)
        result *= y % 2 ? x : 1;
    return result;
}

static clade_status pow_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const clade_tensor *x = call->value[0], *y = call->value[1];
    bool float_base = cld_dtype_in(x->dtype, CLD_FLOATS), float_exponent = cld_dtype_in(y->dtype, CLD_FLOATS);
    int64_t count = clade_tensor_count(out[0]);
    cld_elements walk;
    (void)err;
    cld_elements_start(&walk, &call->out[0], call->in, 2);
    for (int64_t i = 0; i < count; i++, cld_elements_next(&walk)) {
        double exponent = cld_tensor_get(y, walk.index[1]);
        bool integral = !float_exponent || (rint(exponent) == exponent && fabs(exponent) < 0x1p62);
        if (float_base || !integral)
            cld_tensor_set(out[0], i, pow(cld_tensor_get(x, walk.index[0]), exponent));
        else
            cld_tensor_set_int(
                out[0], i,
                (int64_t)power((uint64_t)cld_tensor_get_int(x, walk.index[0]),
                               float_exponent ? (int64_t)exponent : cld_tensor_get_int(y, walk.index[1])));
    }
    return CLADE_OK;
}

const cld_op cld_op_Pow = {
    .domain = "",
    .name = "Pow",
    .doc = "y = x0 ^ x1",
    .since = 7,
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .pointwise = pow_text,
    .infer = pow_infer,
    .eval = pow_eval,
    .impls = cld_map_impls,
};
