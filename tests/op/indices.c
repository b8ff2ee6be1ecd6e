/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that go through indices, in random cases: device against host; and indices out of range, which kernels take
 * into range (tests/op/faults.c sees to it that a session then says so). */
#include "op/rig.h"

enum { CASES = 16 };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static clade_dtype index_dtype(void) { return op_below(&rig, 2) ? CLADE_INT32 : CLADE_INT64; }

START_TEST(gather) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 4), axis = (int32_t)op_below(&rig, rank);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), rank, 6);
        cld_type index = op_type(&rig, index_dtype(), (int32_t)op_below(&rig, 3), 5);
        cld_attr attr = OP_INT("axis", axis);
        op_add(&rig, &(op_node){ .type = "Gather",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_tensor(&rig, &type), op_indices(&rig, &index, type.dims[axis]) },
                                 .n_in = 2 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(gather_elements) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 5), axis = (int32_t)op_below(&rig, rank);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_ALL_DTYPES), rank, 5), index = type;
        index.dtype = index_dtype();
        for (int32_t d = 0; d < rank; d++)
            index.dims[d] = op_between(&rig, 1, d == axis ? 7 : type.dims[d]);
        cld_attr attr = OP_INT("axis", axis);
        op_add(&rig, &(op_node){ .type = "GatherElements",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_tensor(&rig, &type), op_indices(&rig, &index, type.dims[axis]) },
                                 .n_in = 2 });
    }
    op_run(&rig);
}
END_TEST

/* Data, tuples into its dimensions from `batch` on, and the shape of what they select. */
static void tuples(int32_t batch, cld_type *data, cld_type *index, cld_type *selected) {
    int32_t depth = (int32_t)op_between(&rig, 1, 2), rank = batch + depth + (int32_t)op_below(&rig, 3);
    *data = op_type(&rig, op_dtype(&rig, CLD_NUMBERS), rank, 4);
    for (int32_t d = batch; d < rank; d++) /* one bound for all entries of a tuple */
        data->dims[d] = d < batch + depth ? 5 : data->dims[d];
    *index = op_type(&rig, CLADE_INT64, batch + 2, 6);
    memcpy(index->dims, data->dims, (size_t)batch * sizeof *index->dims);
    index->dims[batch + 1] = depth;
    *selected = (cld_type){ .dtype = data->dtype, .rank = batch + 1 + rank - batch - depth };
    memcpy(selected->dims, index->dims, (size_t)(batch + 1) * sizeof *index->dims);
    memcpy(selected->dims + batch + 1, data->dims + batch + depth,
           (size_t)(rank - batch - depth) * sizeof *index->dims);
}

START_TEST(gather_nd) {
    for (int i = 0; i < CASES; i++) {
        int32_t batch = (int32_t)op_below(&rig, 3);
        cld_type data, index, selected;
        tuples(batch, &data, &index, &selected);
        cld_attr attr = OP_INT("batch_dims", batch);
        op_add(&rig, &(op_node){ .type = "GatherND",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_tensor(&rig, &data), op_indices(&rig, &index, 5) },
                                 .n_in = 2 });
    }
    op_run(&rig);
}
END_TEST

static const char *const reductions[] = { "none", "add", "mul", "max", "min" };

START_TEST(scatter_nd) {
    for (int i = 0; i < CASES; i++) {
        cld_type data, index, selected;
        tuples(0, &data, &index, &selected);
        cld_attr attr = OP_TEXT("reduction", reductions[i % 5]);
        op_add(&rig,
               &(op_node){ .type = "ScatterND",
                           .attr = &attr,
                           .n_attr = 1,
                           .in = { op_tensor(&rig, &data), op_indices(&rig, &index, 5), op_tensor(&rig, &selected) },
                           .n_in = 3 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(scatter_elements) {
    for (int i = 0; i < CASES; i++) {
        int32_t rank = (int32_t)op_between(&rig, 1, 4), axis = (int32_t)op_below(&rig, rank);
        cld_type type = op_type(&rig, op_dtype(&rig, CLD_NUMBERS), rank, 6), index = type, updates;
        index.dtype = index_dtype();
        for (int32_t d = 0; d < rank; d++)
            index.dims[d] = op_between(&rig, 1, d == axis ? 8 : type.dims[d]);
        updates = index;
        updates.dtype = type.dtype;
        cld_attr attr[] = { OP_TEXT("reduction", reductions[i % 5]), OP_INT("axis", axis) };
        op_add(&rig, &(op_node){ .type = "ScatterElements",
                                 .attr = attr,
                                 .n_attr = 2,
                                 .in = { op_tensor(&rig, &type), op_indices(&rig, &index, type.dims[axis]),
                                         op_tensor(&rig, &updates) },
                                 .n_in = 3 });
    }
    op_run(&rig);
}
END_TEST

START_TEST(one_hot) {
    for (int i = 0; i < CASES; i++) {
        cld_type index = op_type(&rig, op_dtype(&rig, CLD_SIGNED | CLD_FLOATS), (int32_t)op_below(&rig, 4), 5);
        cld_type values = { op_dtype(&rig, CLD_ALL_DTYPES), 1, { 2 } };
        int64_t depth = op_between(&rig, 1, 6);
        cld_attr attr = OP_INT("axis", op_between(&rig, -1, index.rank));
        op_add(&rig, &(op_node){ .type = "OneHot",
                                 .attr = &attr,
                                 .n_attr = 1,
                                 .in = { op_indices(&rig, &index, depth + 2),
                                         op_scalar(&rig, CLADE_INT64, (double)depth), op_tensor(&rig, &values) },
                                 .n_in = 3,
                                 .known = 2 });
    }
    op_run(&rig);
}
END_TEST

/* Index 7 and -9 into 4 entries: taken for 3 and 0 where only the device sees them. */
START_TEST(out_of_range) {
    const int64_t bad[] = { 7, -9, 1 }, taken[] = { 3, 0, 1 };
    cld_type type = { CLADE_FLOAT32, 1, { 4 } };
    clade_tensor *data = op_tensor(&rig, &type);
    const clade_tensor *want, *nothing;
    op_node node = { .type = "Gather", .in = { data, op_ints(&rig, taken, 3) }, .n_in = 2 };
    ck_ok(op_on_host(&rig, &node, &want), rig.err);
    node.in[1] = op_ints(&rig, bad, 3);
    ck_refused(op_on_host(&rig, &node, &nothing), CLADE_ERR_ARGUMENT, "index 7 is out of range for an axis of 4",
               rig.err);
    op_add_want(&rig, &node, &want);
    type.dims[0] = 3;
    op_node scatter = { .type = "ScatterElements",
                        .in = { data, op_ints(&rig, taken, 3), op_tensor(&rig, &type) },
                        .n_in = 3 };
    ck_ok(op_on_host(&rig, &scatter, &want), rig.err);
    scatter.in[1] = node.in[1];
    op_add_want(&rig, &scatter, &want);
    op_run(&rig);
}
END_TEST

Suite *suite_op_indices(void);
Suite *suite_op_indices(void) {
    Suite *suite = suite_create("op/indices");
    TCase *tcase = tcase_create("op_indices");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, gather);
    tcase_add_test(tcase, gather_elements);
    tcase_add_test(tcase, gather_nd);
    tcase_add_test(tcase, scatter_nd);
    tcase_add_test(tcase, scatter_elements);
    tcase_add_test(tcase, one_hot);
    tcase_add_test(tcase, out_of_range);
    suite_add_tcase(suite, tcase);
    return suite;
}
