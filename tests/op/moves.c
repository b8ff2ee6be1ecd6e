/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that only move elements, in random cases of every dtype: the kernels of cl/copy.cl against the host. */
#include "op/rig.h"

enum { CASES = 24 };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static clade_tensor *any(int32_t rank, int64_t largest) {
    cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), rank, largest);
    return op_tensor(&rig, &type);
}

START_TEST(transpose) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, i % 4 == 0 ? 8 : 4);
        int64_t perm[CLADE_MAX_RANK];
        for (int32_t d = 0; d < rank; d++) { /* inserts d at a random place */
            int32_t at = (int32_t)op_below(&rig, d + 1);
            memmove(perm + at + 1, perm + at, (size_t)(d - at) * sizeof *perm);
            perm[at] = d;
        }
        cld_attr attr = OP_INTS("perm", rank, op_ints(&rig, perm, rank)->data);
        op_add(&rig, &(op_node){ .type = "Transpose",
                                 .attr = &attr,
                                 .n_attr = i % 5 != 0,
                                 .in = { any(rank, rank > 4    ? 3
                                                   : rank == 2 ? 70
                                                               : 20) },
                                 .n_in = 1 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(blocks_of_pixels) {
    static const char *const modes[] = { "DCR", "CRD" };
    for (int i = 0; i < CASES; i++) {
        int64_t block = op_between(&rig, 1, 3);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), 4, 4);
        bool to_space = i % 2 == 0;
        type.dims[1] *= to_space ? block * block : 1;
        type.dims[2] *= to_space ? 1 : block;
        type.dims[3] *= to_space ? 1 : block;
        cld_attr attr[] = { OP_INT("blocksize", block), OP_TEXT("mode", modes[op_below(&rig, 2)]) };
        op_add(&rig, &(op_node){ .type = to_space ? "DepthToSpace" : "SpaceToDepth",
                                 .attr = attr,
                                 .n_attr = 2,
                                 .in = { op_tensor(&rig, &type) },
                                 .n_in = 1 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(concat) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 5), axis = (int32_t)op_below(&rig, rank);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), rank, 6);
        cld_attr attr = OP_INT("axis", i % 2 ? axis : axis - rank);
        op_node node = { .type = "Concat", .attr = &attr, .n_attr = 1, .n_in = (int32_t)op_between(&rig, 1, 4) };
        for (int32_t k = 0; k < node.n_in; k++) {
            type.dims[axis] = op_between(&rig, k == 0, 9);
            node.in[k] = op_tensor(&rig, &type);
        }
        op_add(&rig, &node);
    }
    op_run(&rig);
}
END_TEST

START_TEST(split) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 5), axis = (int32_t)op_below(&rig, rank);
        int64_t parts[4], sum = 0;
        int32_t count = (int32_t)op_between(&rig, 1, 4);
        for (int32_t k = 0; k < count; k++)
            sum += parts[k] = op_between(&rig, 1, 5);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), rank, 6);
        type.dims[axis] = sum;
        cld_attr attr = OP_INT("axis", axis);
        op_add(&rig, &(op_node){ .type = "Split",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_tensor(&rig, &type), op_ints(&rig, parts, count) },
                                 .n_in = 2,
                                 .n_out = count,
                                 .known = 2 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(slice) {
    enum { AXES = 2 };
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, AXES, 5);
        clade_tensor *in = any(rank, 9);
        int64_t start[AXES], end[AXES], step[AXES], axes[AXES] = { i % 2, -1 };
        for (int32_t k = 0; k < AXES; k++) {
            step[k] = op_between(&rig, 1, 3) * (op_below(&rig, 2) ? 1 : -1);
            start[k] = step[k] > 0 ? op_between(&rig, -9, 2) : op_between(&rig, 4, 12);
            end[k] = step[k] > 0 ? (op_below(&rig, 2) ? INT64_MAX : 7) : INT64_MIN;
        }
        if (axes[0] == rank - 1)
            axes[1] = 0;
        op_add(&rig, &(op_node){ .type = "Slice",
                                 .in = { in, op_ints(&rig, start, AXES), op_ints(&rig, end, AXES),
                                         op_ints(&rig, axes, AXES), op_ints(&rig, step, AXES) },
                                 .n_in = 5,
                                 .known = 30 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(pad) {
    static const char *const modes[] = { "constant", "edge", "reflect", "wrap" };
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 4);
        clade_tensor *in = any(rank, 7);
        int64_t pads[2 * CLADE_MAX_RANK];
        for (int32_t d = 0; d < rank; d++) {
            int64_t crop = op_below(&rig, in->dims[d] + 1) / 2, left = in->dims[d] - crop; /* crop before, pad behind */
            int64_t rounds = i % 4 < 2 || i % 3 == 1 || rank > 2 ? 1 : 4; /* reflect and wrap may go round */
            pads[d] = i % 3 == 0 ? -crop : op_between(&rig, 0, rounds * in->dims[d] - 1);
            pads[rank + d] = op_between(&rig, 0, rounds * (i % 3 == 0 ? left : in->dims[d]) - 1);
        }
        cld_attr attr = OP_TEXT("mode", modes[i % 4]);
        op_add(&rig, &(op_node){ .type = "Pad",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { in, op_ints(&rig, pads, 2 * rank), op_scalar(&rig, in->dtype, 1) },
                                 .n_in = 3,
                                 .known = 6 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(tile_and_expand) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, i % 3 == 0 ? 6 : 4);
        clade_tensor *in = any(rank, 4);
        int64_t times[CLADE_MAX_RANK], shape[CLADE_MAX_RANK];
        for (int32_t d = 0; d < rank; d++) {
            times[d] = op_between(&rig, 1, 3);
            shape[d] = in->dims[d] == 1 ? op_between(&rig, 1, 5) : op_below(&rig, 2) ? 1 : in->dims[d];
        }
        op_add(&rig, &(op_node){ .type = "Tile", .in = { in, op_ints(&rig, times, rank) }, .n_in = 2, .known = 2 });
        op_add(&rig, &(op_node){ .type = "Expand", .in = { in, op_ints(&rig, shape, rank) }, .n_in = 2, .known = 2 });
    }
    op_run(&rig);
}
END_TEST

Suite *suite_op_moves(void);
Suite *suite_op_moves(void) {
    Suite *suite = suite_create("op/moves");
    TCase *tcase = tcase_create("op_moves");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, transpose);
    tcase_add_test(tcase, blocks_of_pixels);
    tcase_add_test(tcase, concat);
    tcase_add_test(tcase, split);
    tcase_add_test(tcase, slice);
    tcase_add_test(tcase, pad);
    tcase_add_test(tcase, tile_and_expand);
    suite_add_tcase(suite, tcase);
    return suite;
}
