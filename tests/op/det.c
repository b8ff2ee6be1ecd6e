/* SPDX-License-Identifier: Apache-2.0 */
/* Det: determinants known beforehand, and random matrices on the device against the host. */
#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static const struct {
    int64_t n;
    double det, a[9];
} known[] = {
    { 1, -3, { -3 } },
    { 2, -2, { 1, 2, 3, 4 } },
    { 2, -1, { 0, 1, 1, 0 } },               /* needs a pivot */
    { 3, 0, { 1, 2, 3, 4, 5, 6, 5, 7, 9 } }, /* row 2 = row 0 + row 1 */
    { 3, 6, { 0, 0, 1, 2, 0, 5, 7, 3, 9 } },
    { 0, 1, { 0 } },
};

static void add(const cld_type *type, const clade_tensor *want, const double *values) {
    clade_tensor *in = op_tensor(&rig, type);
    for (int64_t i = 0; i < cld_type_count(type) && values; i++)
        cld_tensor_set(in, i, values[i]);
    const op_node node = { .type = "Det", .in = { in }, .n_in = 1, .n_out = 1 };
    if (want)
        op_add_want(&rig, &node, &want);
    else
        op_add(&rig, &node);
}

START_TEST(known_determinants) {
    rig.atol = 1e-6;
    for (size_t k = 0; k < CLD_COUNT(known); k++)
        for (int wide = 0; wide < 2; wide++) {
            clade_dtype dtype = wide ? CLADE_FLOAT64 : CLADE_FLOAT32;
            const cld_type type = { dtype, 2, { known[k].n, known[k].n } };
            add(&type, op_scalar(&rig, dtype, known[k].det), known[k].a);
            add(&type, NULL, known[k].a);
        }
    op_run(&rig);
}
END_TEST

START_TEST(random_matrices) {
    static const clade_dtype dtypes[] = { CLADE_FLOAT32, CLADE_FLOAT64, CLADE_FLOAT16 };
    rig.rtol = 2e-3;
    rig.atol = 2e-3;
    for (int i = 0; i < 12; i++) {
        int64_t n = op_between(&rig, 1, i % 3 == 2 ? 3 : 9), batch = op_between(&rig, 1, 5);
        cld_type type = { dtypes[i % 3], i % 2 ? 3 : 4, { batch, i % 2 ? n : 2, n, n } };
        add(&type, NULL, NULL);
    }
    op_run(&rig);
}
END_TEST

Suite *suite_op_det(void);
Suite *suite_op_det(void) {
    Suite *suite = suite_create("op_det");
    TCase *tcase = tcase_create("det");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, known_determinants);
    tcase_add_test(tcase, random_matrices);
    suite_add_tcase(suite, tcase);
    return suite;
}
