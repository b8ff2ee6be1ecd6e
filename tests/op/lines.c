/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that work along lines of an axis, in random cases: device against host. */
#include "op/rig.h"

enum { CASES = 16 };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static void add_topk(int64_t shortest, int64_t longest, int64_t most) {
    int32_t rank = (int32_t)op_between(&rig, 1, 3), axis = (int32_t)op_below(&rig, rank);
    cld_type type = op_type(&rig, op_dtype(&rig, CLD_NUMBERS), rank, 5);
    type.dims[axis] = op_between(&rig, shortest, longest); /* values repeat: ties go by index */
    cld_attr attr[] = { OP_INT("axis", axis), OP_INT("largest", op_below(&rig, 2)) };
    const int64_t k = op_between(&rig, 1, CLD_MIN(most, type.dims[axis]));
    op_add(&rig, &(op_node){ .type = "TopK",
                             .attr = attr,
                             .n_attr = 2,
                             .in = { op_tensor(&rig, &type), op_ints(&rig, &k, 1) },
                             .n_in = 2,
                             .n_out = 2,
                             .known = 2 });
}

START_TEST(topk_short_lines) {
    for (int i = 0; i < CASES; i++)
        add_topk(1, 20, 20);
    op_run(&rig);
}
END_TEST

START_TEST(topk_by_sorting) {
    rig.prefer = "TopK=merge";
    for (int i = 0; i < CASES; i++)
        add_topk(1, 300, 300);
    op_run(&rig);
}
END_TEST

START_TEST(topk_by_selection) {
    rig.prefer = "TopK=select";
    for (int i = 0; i < CASES; i++)
        add_topk(i % 2 ? 3000 : 8, i % 2 ? 9000 : 200, i % 2 ? 140 : 16);
    op_run(&rig);
}
END_TEST

static void add_cumsum(const cld_type *type, int64_t axis, int i) {
    cld_attr attr[] = { OP_INT("exclusive", i & 1), OP_INT("reverse", i >> 1 & 1) };
    op_add(&rig, &(op_node){ .type = "CumSum",
                             .attr = attr,
                             .n_attr = 2,
                             .in = { op_tensor(&rig, type), op_scalar(&rig, CLADE_INT32, (double)axis) },
                             .n_in = 2,
                             .known = 2 });
}

START_TEST(cumsum) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 4);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_NUMBERS), rank, 6);
        add_cumsum(&type, op_between(&rig, -rank, rank - 1), i);
    }
    op_run(&rig);
}
END_TEST

/* Lines shorter and longer than what a group takes at once. */
START_TEST(cumsum_in_groups) {
    static const int64_t lengths[] = { 32, 33, 257, 2048, 2049, 5000 };
    rig.prefer = "CumSum=group";
    for (int i = 0; i < CASES; i++) {
        cld_type type = { op_dtype(&rig, CLD_NUMBERS & ~CLD_BIT(FLOAT16)), 2, { 2, 3 } };
        type.dims[i / 6 % 2] = lengths[i % 6];
        add_cumsum(&type, i / 6 % 2, i);
    }
    op_run(&rig);
}
END_TEST

START_TEST(reverse_sequence) {
    for (int i = 0; i < CASES; i++) {
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), (int32_t)op_between(&rig, 2, 4), 6);
        int64_t time = i % 2, lengths[6];
        for (int64_t b = 0; b < type.dims[1 - time]; b++)
            lengths[b] = op_between(&rig, 0, type.dims[time]);
        cld_attr attr[] = { OP_INT("time_axis", time), OP_INT("batch_axis", 1 - time) };
        op_add(&rig, &(op_node){ .type = "ReverseSequence",
                                 .attr = attr,
                                 .n_attr = 2,
                                 .in = { op_tensor(&rig, &type), op_ints(&rig, lengths, (int32_t)type.dims[1 - time]) },
                                 .n_in = 2 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(triangle) {
    for (int i = 0; i < CASES; i++) {
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), (int32_t)op_between(&rig, 2, 4), 7);
        cld_attr attr = OP_INT("upper", i % 2);
        op_add(&rig, &(op_node){ .type = "Trilu",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_tensor(&rig, &type),
                                         op_scalar(&rig, CLADE_INT64, (double)op_between(&rig, -9, 9)) },
                                 .n_in = 2,
                                 .known = 2 });
    }
    op_run(&rig);
}
END_TEST

/* Interpolation: tables are made on the host either way; what is compared is their use. */
START_TEST(resize) {
    static const char *const modes[] = { "nearest", "linear", "cubic" };
    static const char *const coordinates[] = { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric" };
    rig.rtol = 1e-5, rig.atol = 1e-4;
    rig.prefer = _i ? "Resample=items" : NULL;
    for (int i = 0; i < CASES; i++) {
        cld_type type = op_type(&rig, i % 3 == 0 ? CLADE_INT16 : i % 3 == 1 ? CLADE_FLOAT32 : CLADE_FLOAT64, 4, 6);
        int64_t sizes[4] = { type.dims[0], type.dims[1], op_between(&rig, 7, 13), op_between(&rig, 1, 13) };
        cld_attr attr[] = { OP_TEXT("mode", modes[i % 3]),
                            OP_TEXT("coordinate_transformation_mode", coordinates[op_below(&rig, 4)]) };
        op_add(&rig, &(op_node){ .type = "Resize",
                                 .attr = attr,
                                 .n_attr = 2,
                                 .in = { op_tensor(&rig, &type), NULL, NULL, op_ints(&rig, sizes, 4) },
                                 .n_in = 4,
                                 .known = 8 });
    }
    op_run(&rig);
}
END_TEST

Suite *suite_op_lines(void);
Suite *suite_op_lines(void) {
    Suite *suite = suite_create("op/lines");
    TCase *tcase = tcase_create("op_lines");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, topk_short_lines);
    tcase_add_test(tcase, topk_by_sorting);
    tcase_add_test(tcase, topk_by_selection);
    tcase_add_test(tcase, cumsum);
    tcase_add_test(tcase, cumsum_in_groups);
    tcase_add_test(tcase, reverse_sequence);
    tcase_add_test(tcase, triangle);
    tcase_add_loop_test(tcase, resize, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
