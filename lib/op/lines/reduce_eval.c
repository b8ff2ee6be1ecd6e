/* SPDX-License-Identifier: Apache-2.0 */
/* Host evaluation of the reductions: the expressions of op/lines/reduce.def compiled as C, on double and on 64-bit
 * integers (which wrap, and are truncated when stored).
 */
#include "op/lines/reduce.h"

#include <math.h>

#define larger(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#define smaller(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))

#if defined __GNUC__
#pragma GCC diagnostic ignored "-Wtype-limits" /* one expression serves signed and unsigned */
#endif

/* The result at the reduction's kept place `base`. */
#define FUNCTION(type, get, name, start, each, combine, finish)                                                        \
    static type name(const clade_tensor *in, const cld_reduction *g, int64_t base) {                                   \
        const type n = (type)g->lines.n;                                                                               \
        type a = (start);                                                                                              \
        for (int64_t r = 0; r < g->lines.n; r++) {                                                                     \
            const type x = (type)get(in, base + cld_reduction_place(g->reduced_n, g->reduced_s, r)), b = (each);       \
            a = (combine);                                                                                             \
        }                                                                                                              \
        (void)n;                                                                                                       \
        return (type)(finish);                                                                                         \
    }

#define plus(a, b) ((a) + (b))
#define times(a, b) ((a) * (b))
#define ratio(a, n) ((a) / (n))
#define absolute(x) fabs(x)
#define root(x) sqrt(x)
#define natural_log(x) log(x)
#define LEAST (-INFINITY)
#define GREATEST INFINITY
#define REDUCE(symbol, dtypes, start, each, combine, finish, doc)                                                      \
    FUNCTION(double, cld_tensor_get, float_##symbol, start, each, combine, finish)
#include "op/lines/reduce.def"
#undef plus
#undef times
#undef ratio
#undef absolute
#undef root
#undef natural_log
#undef LEAST
#undef GREATEST

/* Whole part of the root, and of the logarithm, as cl/reduce.cl computes them. */
static uint64_t whole_root(uint64_t x) {
    uint64_t r = (uint64_t)sqrt((double)x);
    while (r > UINT32_MAX || r * r > x)
        r--;
    while (r < UINT32_MAX && (r + 1) * (r + 1) <= x)
        r++;
    return r;
}
#define root(x) ((x) > 0 ? whole_root((uint64_t)(x)) : 0)
#define natural_log(x) ((x) > 0 ? (uint64_t)log((double)(x)) : 0)

/* Wrapping arithmetic is unsigned arithmetic. */
#define ratio(a, n) ((n) == 0 ? 0 : (a) / (n))
#define plus(a, b) ((int64_t)((uint64_t)(a) + (uint64_t)(b)))
#define times(a, b) ((int64_t)((uint64_t)(a) * (uint64_t)(b)))
#define absolute(x) ((x) < 0 ? (int64_t)(0 - (uint64_t)(x)) : (x))
#define LEAST INT64_MIN
#define GREATEST INT64_MAX
#define REDUCE(symbol, dtypes, start, each, combine, finish, doc)                                                      \
    FUNCTION(int64_t, cld_tensor_get_int, signed_##symbol, start, each, combine, finish)
#include "op/lines/reduce.def"
#undef plus
#undef times
#undef absolute
#undef LEAST
#undef GREATEST

#define plus(a, b) ((a) + (b))
#define times(a, b) ((a) * (b))
#define absolute(x) (x)
#define LEAST 0
#define GREATEST UINT64_MAX
#define REDUCE(symbol, dtypes, start, each, combine, finish, doc)                                                      \
    FUNCTION(uint64_t, cld_tensor_get_int, unsigned_##symbol, start, each, combine, finish)
#include "op/lines/reduce.def"

static const struct {
    const char *name;
    double (*on_float)(const clade_tensor *, const cld_reduction *, int64_t);
    int64_t (*on_signed)(const clade_tensor *, const cld_reduction *, int64_t);
    uint64_t (*on_unsigned)(const clade_tensor *, const cld_reduction *, int64_t);
} functions[] = {
#define REDUCE(symbol, dtypes, start, each, combine, finish, doc)                                                      \
    { #symbol, float_##symbol, signed_##symbol, unsigned_##symbol },
#include "op/lines/reduce.def"
};

clade_status cld_reduce_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const clade_tensor *in = call->value[0];
    cld_call copy = *call;
    uint32_t mask;
    bool nothing;
    size_t f = 0;
    CLD_RETURN(cld_reduce_axes(&copy, &mask, &nothing, err));
    while (strcmp(functions[f].name, call->node->type) != 0)
        f++;
    cld_reduction g = cld_reduction_of(&call->in[0], mask);
    for (int64_t k = 0; k < g.lines.count; k++) {
        int64_t base = cld_reduction_place(g.kept_n, g.kept_s, k);
        if (nothing && cld_dtype_in(in->dtype, CLD_FLOATS))
            cld_tensor_set(out[0], k, cld_tensor_get(in, base));
        else if (nothing)
            cld_tensor_set_int(out[0], k, cld_tensor_get_int(in, base));
        else if (cld_dtype_in(in->dtype, CLD_FLOATS))
            cld_tensor_set(out[0], k, functions[f].on_float(in, &g, base));
        else if (cld_dtype_in(in->dtype, CLD_SIGNED))
            cld_tensor_set_int(out[0], k, functions[f].on_signed(in, &g, base));
        else
            cld_tensor_set_int(out[0], k, (int64_t)functions[f].on_unsigned(in, &g, base));
    }
    return CLADE_OK;
}
