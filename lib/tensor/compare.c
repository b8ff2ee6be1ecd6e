/* SPDX-License-Identifier: Apache-2.0 */
/* How two tensors differ: tolerance for floating point, exactly for everything else. */
#include "tensor/tensor.h"

#include <math.h>

/* |got - want|: 0 for two NaNs or the same infinity, infinity when only one of them is not finite. */
static double float_error(double got, double want) {
    if (isfinite(got) && isfinite(want))
        return fabs(got - want);
    return got == want || (isnan(got) && isnan(want)) ? 0 : INFINITY;
}

/* In integers, because 64-bit values may differ where their doubles do not; the difference of two is below 2^64. */
static double integer_error(const clade_tensor *got, const clade_tensor *want, int64_t i) {
    int64_t a = cld_tensor_get_int(got, i), b = cld_tensor_get_int(want, i);
    bool less = got->dtype == CLADE_UINT64 ? (uint64_t)a < (uint64_t)b : a < b;
    return (double)(less ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b);
}

/* The struct is the caller's own work: it must be what it claims. */
static bool complete(const clade_tensor *tensor) {
    if (!cld_dtype_valid(tensor->dtype))
        return false;
    cld_type type = cld_tensor_type(tensor);
    return cld_type_check(&type, "", NULL) == CLADE_OK && tensor->size_bytes == cld_type_bytes(&type) &&
           (tensor->data || !tensor->size_bytes);
}

static void compare(clade_comparison *out, const clade_tensor *got, const clade_tensor *want, double rtol,
                    double atol) {
    *out = (clade_comparison){ .worst_index = -1 };
    if (!complete(got) || !complete(want))
        return;
    cld_type type = cld_tensor_type(got), other = cld_tensor_type(want);
    if (!cld_type_equal(&type, &other))
        return;
    bool floats = cld_dtype_in(type.dtype, CLD_FLOATS);
    double worst = -1; /* error in units of the tolerance there */
    for (int64_t i = 0, n = cld_type_count(&type); i < n; i++) {
        double g = cld_tensor_get(got, i), w = cld_tensor_get(want, i);
        double error = floats ? float_error(g, w) : integer_error(got, want, i);
        double tolerance = floats && isfinite(w) ? atol + rtol * fabs(w) : 0;
        if (error > tolerance)
            out->mismatches++;
        double ratio = error == 0 ? 0 : error / tolerance; /* infinite where nothing is tolerated */
        if (ratio > worst || (ratio == worst && error > out->worst_error)) {
            worst = ratio;
            out->worst_index = i;
            out->worst_error = error;
            out->got = g;
            out->want = w;
        }
    }
    out->equal = out->mismatches == 0;
}

clade_status clade_tensor_compare(clade_comparison *out, const clade_tensor *got, const clade_tensor *want, double rtol,
                                  double atol, clade_error *err) {
    clade_comparison comparison;
    if (!out || !got || !want)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out, got and want must not be NULL");
    compare(&comparison, got, want, rtol, atol);
    return cld_sized_write(out, &comparison, sizeof comparison, "clade_comparison", err);
}
