/* SPDX-License-Identifier: Apache-2.0 */
/* Host tensors: allocation, conversion of single elements, comparison. */
#include <math.h>

#include "tensor/tensor.h"
#include "test.h"

START_TEST(allocation) {
    clade_error err;
    clade_tensor t = { 0 };
    ck_ok(clade_tensor_alloc(&t, CLADE_INT16, 2, (int64_t[]){ 3, 5 }, &err), err);
    ck_assert_uint_eq(t.size_bytes, 30);
    ck_assert_int_eq(clade_tensor_count(&t), 15);
    for (int64_t i = 0; i < 15; i++)
        ck_assert_int_eq(cld_tensor_get_int(&t, i), 0);
    clade_tensor_free(&t);
    ck_assert_ptr_null(t.data);
    clade_tensor_free(&t);
    clade_tensor_free(NULL);
    ck_ok(clade_tensor_alloc(&t, CLADE_FLOAT64, 0, NULL, &err), err);
    ck_assert_uint_eq(t.size_bytes, 8);
    clade_tensor_free(&t);
    ck_ok(clade_tensor_alloc(&t, CLADE_FLOAT64, 2, (int64_t[]){ 0, 4 }, &err), err);
    ck_assert_uint_eq(t.size_bytes, 0);
    clade_tensor_free(&t);
}
END_TEST

START_TEST(allocation_refused) {
    clade_error err;
    clade_tensor t;
    const int64_t one[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    ck_refused(clade_tensor_alloc(&t, CLADE_NONE, 1, one, &err), CLADE_ERR_ARGUMENT, "element type", err);
    ck_refused(clade_tensor_alloc(&t, (clade_dtype)8, 1, one, &err), CLADE_ERR_ARGUMENT, "element type", err);
    ck_refused(clade_tensor_alloc(&t, CLADE_INT8, 9, one, &err), CLADE_ERR_ARGUMENT, "rank 9", err);
    ck_refused(clade_tensor_alloc(&t, CLADE_INT8, -1, one, &err), CLADE_ERR_ARGUMENT, "rank -1", err);
    ck_refused(clade_tensor_alloc(&t, CLADE_INT8, 1, (int64_t[]){ -3 }, &err), CLADE_ERR_ARGUMENT, "is -3", err);
    ck_refused(clade_tensor_alloc(&t, CLADE_FLOAT64, 2, (int64_t[]){ INT64_MAX, 2 }, &err), CLADE_ERR_MEMORY, "large",
               err);
}
END_TEST

/* What one element of `dtype` reads back after set (double) and set_int. */
static const struct {
    clade_dtype dtype;
    double set, get;
    int64_t set_int, get_int;
} elements[] = {
    { CLADE_FLOAT32, 0.1, 0.1f, 16777217, 16777216 },
    { CLADE_FLOAT64, 0.1, 0.1, -5, -5 },
    { CLADE_FLOAT16, 1e9, INFINITY, 2049, 2048 },
    { CLADE_INT8, 1000, 127, 300, 44 }, /* doubles saturate, integers wrap */
    { CLADE_INT8, -1000, -128, -129, 127 },
    { CLADE_INT16, NAN, 0, 32768, -32768 },
    { CLADE_INT32, -INFINITY, INT32_MIN, INT64_C(1) << 32, 0 },
    { CLADE_INT32, -1.9, -1, 7, 7 },
    { CLADE_INT64, 0x1p63, 0x1p63, INT64_MIN, INT64_MIN },
    { CLADE_INT64, -0x1p63, -0x1p63, INT64_MAX, INT64_MAX },
    { CLADE_UINT8, -1, 0, -1, 255 },
    { CLADE_UINT16, 70000, 65535, 65537, 1 },
    { CLADE_UINT32, 5e9, 4294967295.0, -1, 4294967295 },
    { CLADE_UINT64, 0x1p63, 0x1p63, -1, -1 },
    { CLADE_UINT64, INFINITY, 0x1p64, 3, 3 },
    { CLADE_UINT64, -4, 0, 3, 3 },
    { CLADE_BOOL, 0.5, 1, 4, 1 },
    { CLADE_BOOL, 0, 0, 0, 0 },
};

START_TEST(conversion) {
    cld_arena *arena = cld_arena_new();
    cld_type type = { elements[_i].dtype, 1, { 3 } };
    clade_tensor *t = cld_tensor_new(arena, &type);
    ck_assert_ptr_nonnull(t);
    cld_tensor_set(t, 1, elements[_i].set);
    ck_assert_double_eq(cld_tensor_get(t, 1), elements[_i].get);
    cld_tensor_set_int(t, 1, elements[_i].set_int);
    ck_assert_int_eq(cld_tensor_get_int(t, 1), elements[_i].get_int);
    ck_assert_int_eq(cld_tensor_get_int(t, 0), 0);
    ck_assert_int_eq(cld_tensor_get_int(t, 2), 0);
    cld_arena_free(arena);
}
END_TEST

static clade_tensor tensor_of(clade_dtype dtype, int64_t count, void *data) {
    return (clade_tensor){ dtype, 1, { count }, data, (size_t)count * clade_dtype_size(dtype) };
}

static clade_comparison compare(clade_dtype dtype, int64_t count, void *got, void *want, double rtol, double atol) {
    clade_tensor g = tensor_of(dtype, count, got), w = tensor_of(dtype, count, want);
    clade_error err = { .status = CLADE_OK };
    clade_comparison c = CLADE_COMPARISON_INIT;
    ck_ok(clade_tensor_compare(&c, &g, &w, rtol, atol, &err), err);
    return c;
}

START_TEST(compare_floats) {
    float want[] = { 1, 1000, 0, NAN, INFINITY, -INFINITY };
    float got[] = { 1, 1000.5f, 0, NAN, INFINITY, -INFINITY };
    clade_comparison c = compare(CLADE_FLOAT32, 6, got, want, 1e-3, 0);
    ck_assert(c.equal && c.mismatches == 0 && c.worst_index == 1);
    ck_assert_double_eq(c.worst_error, 0.5);
    got[2] = 1e-3f; /* smaller than the error at 1, but outside what is tolerated at 0 */
    c = compare(CLADE_FLOAT32, 6, got, want, 1e-3, 1e-5);
    ck_assert(!c.equal && c.mismatches == 1 && c.worst_index == 2);
    got[5] = INFINITY;
    got[3] = 0;
    c = compare(CLADE_FLOAT32, 6, got, want, 1e-3, 1e-5);
    ck_assert_int_eq(c.mismatches, 3);
    ck_assert_int_eq(c.worst_index, 3);
    ck_assert(isinf(c.worst_error));
    c = compare(CLADE_FLOAT32, 0, NULL, NULL, 0, 0);
    ck_assert(c.equal && c.worst_index == -1);
}
END_TEST

START_TEST(compare_integers) {
    int64_t want[] = { INT64_MAX, INT64_MIN, 5 }, got[] = { INT64_MAX - 1, INT64_MAX, 5 };
    clade_comparison c = compare(CLADE_INT64, 3, got, want, 1, 1); /* tolerances are not for integers */
    ck_assert(!c.equal && c.mismatches == 2 && c.worst_index == 1);
    ck_assert_double_eq(c.worst_error, 0x1p64);
    uint64_t uwant[] = { UINT64_MAX, 1 }, ugot[] = { UINT64_MAX, 0 };
    c = compare(CLADE_UINT64, 2, ugot, uwant, 0, 0);
    ck_assert(!c.equal && c.mismatches == 1 && c.worst_index == 1);
    ck_assert_double_eq(c.worst_error, 1);
}
END_TEST

START_TEST(compare_types) {
    float data[4] = { 0 };
    clade_tensor a = tensor_of(CLADE_FLOAT32, 4, data), b = a;
    b.rank = 2;
    b.dims[0] = b.dims[1] = 2;
    clade_error err = { .status = CLADE_OK };
    clade_comparison c = CLADE_COMPARISON_INIT;
    ck_ok(clade_tensor_compare(&c, &a, &b, 0, 0, &err), err);
    ck_assert(!c.equal && c.worst_index == -1);
    b = a;
    b.dtype = CLADE_INT32;
    ck_ok(clade_tensor_compare(&c, &a, &b, 0, 0, &err), err);
    ck_assert(!c.equal && c.worst_index == -1);
    ck_ok(clade_tensor_compare(&c, &a, &a, 0, 0, &err), err);
    ck_assert(c.equal && c.worst_index == 0);
}
END_TEST

Suite *suite_tensor_host(void);
Suite *suite_tensor_host(void) {
    Suite *suite = suite_create("tensor/host");
    TCase *tcase = tcase_create("host");
    tcase_add_test(tcase, allocation);
    tcase_add_test(tcase, allocation_refused);
    tcase_add_loop_test(tcase, conversion, 0, CLD_COUNT(elements));
    tcase_add_test(tcase, compare_floats);
    tcase_add_test(tcase, compare_integers);
    tcase_add_test(tcase, compare_types);
    suite_add_tcase(suite, tcase);
    return suite;
}
