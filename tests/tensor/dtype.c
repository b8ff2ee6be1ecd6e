/* SPDX-License-Identifier: Apache-2.0 */
/* Element types, and binary16 over all of its values. */
#include <math.h>

#include "tensor/tensor.h"
#include "test.h"

START_TEST(names_and_sizes) {
#define X(name, value, bytes)                                                                                          \
    ck_assert(cld_dtype_valid(value));                                                                                 \
    ck_assert_uint_eq(clade_dtype_size(CLADE_##name), bytes);                                                          \
    ck_assert_int_eq(strcasecmp(clade_dtype_name(CLADE_##name), #name), 0);
    CLADE_DTYPE_LIST(X)
#undef X
    static const int64_t wrong[] = { 0, 8, 14, 16, -1, INT64_C(1) << 40 | 1 };
    for (size_t i = 0; i < CLD_COUNT(wrong); i++)
        ck_assert(!cld_dtype_valid(wrong[i]));
    ck_assert_str_eq(clade_dtype_name(CLADE_NONE), "none");
    ck_assert_uint_eq(clade_dtype_size((clade_dtype)99), 0);
    ck_assert(cld_dtype_in(CLADE_FLOAT16, CLD_FLOATS) && !cld_dtype_in(CLADE_BOOL, CLD_NUMBERS));
}
END_TEST

/* The definition of binary16, sign * 2^e * m, against the bit tricks. */
static double half_by_definition(unsigned bits) {
    double sign = bits & 0x8000 ? -1 : 1;
    int exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
    if (exponent == 31)
        return mantissa ? NAN : sign * INFINITY;
    return exponent ? sign * ldexp(1024 + mantissa, exponent - 25) : sign * ldexp(mantissa, -24);
}

START_TEST(half_every_value) {
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        double want = half_by_definition(bits);
        float got = cld_half_to_float((uint16_t)bits);
        ck_assert(isnan(want) ? isnan(got) : got == (float)want && !signbit(got) == !signbit(want));
        if (isnan(want))
            ck_assert(isnan(cld_half_to_float(cld_float_to_half(got))));
        else
            ck_assert_uint_eq(cld_float_to_half(got), bits);
    }
}
END_TEST

/* Between two neighbours: the middle goes to the even one, anything else to the nearer. */
START_TEST(half_rounding) {
    for (unsigned bits = 0; bits < 0x7bff; bits++) {
        double low = half_by_definition(bits), high = half_by_definition(bits + 1);
        float middle = (float)((low + high) / 2); /* exact: one bit more than binary16 has */
        unsigned even = bits & 1 ? bits + 1 : bits;
        ck_assert_uint_eq(cld_float_to_half(middle), even);
        ck_assert_uint_eq(cld_float_to_half(-middle), even | 0x8000);
        ck_assert_uint_eq(cld_float_to_half(nextafterf(middle, INFINITY)), bits + 1);
        ck_assert_uint_eq(cld_float_to_half(nextafterf(middle, 0)), bits);
    }
    ck_assert_uint_eq(cld_float_to_half(65504), 0x7bff);
    ck_assert_uint_eq(cld_float_to_half(65519.996f), 0x7bff);
    ck_assert_uint_eq(cld_float_to_half(65520), 0x7c00);
    ck_assert_uint_eq(cld_float_to_half(-1e30f), 0xfc00);
    ck_assert_uint_eq(cld_float_to_half(1e-30f), 0);
    ck_assert_uint_eq(cld_float_to_half(-0.0f), 0x8000);
}
END_TEST

Suite *suite_tensor_dtype(void);
Suite *suite_tensor_dtype(void) {
    Suite *suite = suite_create("tensor/dtype");
    TCase *tcase = tcase_create("dtype");
    tcase_add_test(tcase, names_and_sizes);
    tcase_add_test(tcase, half_every_value);
    tcase_add_test(tcase, half_rounding);
    suite_add_tcase(suite, tcase);
    return suite;
}
