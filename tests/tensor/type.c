/* SPDX-License-Identifier: Apache-2.0 */
/* Types: comparing, counting, limits, broadcasting, printing. */
#include "tensor/tensor.h"
#include "test.h"

static cld_type shape(int32_t rank, int64_t a, int64_t b, int64_t c, int64_t d) {
    return (cld_type){ CLADE_FLOAT32, rank, { a, b, c, d } };
}

START_TEST(counting) {
    cld_type t = shape(3, 2, 3, 4, 99), u = shape(3, 2, 3, 4, 98), scalar = shape(0, 0, 0, 0, 0);
    ck_assert_int_eq(cld_type_count(&t), 24);
    ck_assert_uint_eq(cld_type_bytes(&t), 96);
    ck_assert_int_eq(cld_type_span(&t, 1, 3), 12);
    ck_assert_int_eq(cld_type_span(&t, 3, 3), 1);
    ck_assert_int_eq(cld_type_count(&scalar), 1);
    ck_assert(cld_type_equal(&t, &u));
    u.dtype = CLADE_INT8;
    ck_assert(!cld_type_equal(&t, &u) && cld_shape_equal(&t, &u));
    u.dims[2] = 5;
    ck_assert(!cld_shape_equal(&t, &u) && !cld_shape_equal(&t, &scalar));
    ck_assert(cld_type_static(&t) && cld_type_static(&scalar));
    t.dims[1] = -1;
    ck_assert(!cld_type_static(&t));
    scalar.rank = -1;
    ck_assert(!cld_type_static(&scalar));
    ck_assert(!cld_type_static(&(cld_type){ 0 }));
}
END_TEST

START_TEST(limits) {
    clade_error err;
    cld_type ok = shape(2, INT64_C(1) << 30, (INT64_C(1) << 30), 0, 0), empty = shape(3, 0, 5, 0, 0);
    ck_ok(cld_type_check(&ok, "x", &err), err);
    ck_ok(cld_type_check(&empty, "x", &err), err);
    cld_type wrong[] = { shape(2, INT64_C(1) << 31, INT64_C(1) << 31, 0, 0),
                         shape(2, INT64_MAX, INT64_MAX, 0, 0),
                         shape(4, INT64_MAX, 2, 0, 1),
                         shape(1, -1, 0, 0, 0),
                         shape(9, 1, 1, 1, 1),
                         shape(-1, 1, 1, 1, 1) };
    for (size_t i = 0; i < CLD_COUNT(wrong); i++)
        ck_refused(cld_type_check(&wrong[i], "the value", &err), CLADE_ERR_LIMIT, "the value: ", err);
}
END_TEST

static const struct {
    bool fits;
    cld_type a, b, out;
} broadcasts[] = {
    { true, { 1, 2, { 2, 3 } }, { 1, 2, { 2, 3 } }, { 1, 2, { 2, 3 } } },
    { true, { 1, 2, { 2, 1 } }, { 1, 3, { 4, 1, 5 } }, { 1, 3, { 4, 2, 5 } } },
    { true, { 1, 3, { 4, 1, 5 } }, { 1, 2, { 2, 1 } }, { 1, 3, { 4, 2, 5 } } },
    { true, { 1, 0, { 0 } }, { 1, 2, { 7, 8 } }, { 1, 2, { 7, 8 } } },
    { true, { 1, 2, { 0, 3 } }, { 1, 1, { 1 } }, { 1, 2, { 0, 3 } } },
    { true, { 1, 1, { 1 } }, { 1, 1, { 0 } }, { 1, 1, { 0 } } },
    { false, { 1, 1, { 2 } }, { 1, 1, { 3 } }, { 0 } },
    { false, { 1, 2, { 3, 2 } }, { 1, 2, { 2, 2 } }, { 0 } },
    { false, { 1, 1, { 0 } }, { 1, 1, { 2 } }, { 0 } },
};

START_TEST(broadcasting) {
    cld_type out = broadcasts[_i].a;
    ck_assert_int_eq(cld_shape_broadcast(&out, &broadcasts[_i].b), broadcasts[_i].fits);
    if (broadcasts[_i].fits)
        ck_assert(cld_type_equal(&out, &broadcasts[_i].out));
}
END_TEST

START_TEST(printing) {
    cld_type t = shape(3, 2, -1, 4, 0), scalar = shape(0, 0, 0, 0, 0), unknown = shape(-1, 0, 0, 0, 0);
    ck_assert_str_eq(CLD_TYPE_TEXT(&t), "float32[2,?,4]");
    ck_assert_str_eq(CLD_TYPE_TEXT(&scalar), "float32[]");
    ck_assert_str_eq(CLD_TYPE_TEXT(&unknown), "float32[...]");
    cld_type longest = { CLADE_FLOAT32, 8, { 0 } };
    for (int d = 0; d < 8; d++)
        longest.dims[d] = INT64_MAX;
    char small[12];
    ck_assert_str_eq(cld_type_text(&longest, small, sizeof small), "float32[922");
    ck_assert_uint_eq(strlen(CLD_TYPE_TEXT(&longest)), 159); /* one cell of eight 19-digit numbers is cut */
}
END_TEST

Suite *suite_tensor_type(void);
Suite *suite_tensor_type(void) {
    Suite *suite = suite_create("tensor/type");
    TCase *tcase = tcase_create("type");
    tcase_add_test(tcase, counting);
    tcase_add_test(tcase, limits);
    tcase_add_loop_test(tcase, broadcasting, 0, CLD_COUNT(broadcasts));
    tcase_add_test(tcase, printing);
    suite_add_tcase(suite, tcase);
    return suite;
}
