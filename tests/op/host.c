/* SPDX-License-Identifier: Apache-2.0 */
/* What is computed on the host: shapes, tensors made from numbers, results whose shape is data; and what is refused. */
#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static clade_tensor *zeros(clade_dtype dtype, int32_t rank, const int64_t *dims) {
    cld_type type = { .dtype = dtype, .rank = rank };
    memcpy(type.dims, dims, (size_t)rank * sizeof *dims);
    return cld_tensor_new(rig.graph->arena, &type);
}

static clade_tensor *floats(int32_t rank, const int64_t *dims, const float *values) {
    clade_tensor *tensor = zeros(CLADE_FLOAT32, rank, dims);
    memcpy(tensor->data, values, tensor->size_bytes);
    return tensor;
}

#define DIMS(...)                                                                                                      \
    (int32_t)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (const int64_t[]) { __VA_ARGS__ }
#define LIST(...)                                                                                                      \
    op_ints(&rig, (const int64_t[]){ __VA_ARGS__ }, (int32_t)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)))

/* Output k of the node has these dimensions, and these elements unless `values` is NULL. */
static void expect(const op_node *node, int32_t k, int32_t rank, const int64_t *dims, const double *values) {
    const clade_tensor *out[OP_INPUTS];
    ck_ok(op_on_host(&rig, node, out), rig.err);
    ck_assert_ptr_nonnull(out[k]);
    ck_assert_int_eq(out[k]->rank, rank);
    for (int32_t d = 0; d < rank; d++)
        ck_assert_int_eq(out[k]->dims[d], dims[d]);
    for (int64_t i = 0; values && i < clade_tensor_count(out[k]); i++)
        ck_assert_double_eq_tol(cld_tensor_get(out[k], i), values[i], 1e-6);
}
#define VALUES(...) ((const double[]){ __VA_ARGS__ })

static void refuse(const op_node *node, clade_status status, const char *part) {
    const clade_tensor *out[OP_INPUTS];
    ck_refused(op_on_host(&rig, node, out), status, part, rig.err);
}

START_TEST(shape_and_size) {
    clade_tensor *x = zeros(CLADE_INT8, DIMS(2, 3, 4));
    op_node shape = { .type = "Shape", .in = { x }, .n_in = 1 };
    expect(&shape, 0, DIMS(3), VALUES(2, 3, 4));
    cld_attr bounds[] = { OP_INT("start", -2), OP_INT("end", 99) };
    shape.attr = bounds, shape.n_attr = 2;
    expect(&shape, 0, DIMS(2), VALUES(3, 4));
    expect(&(op_node){ .type = "Size", .in = { x }, .n_in = 1 }, 0, 0, NULL, VALUES(24));
}
END_TEST

/* Parameters are real; one that no integer holds is the nearest one. Shows in the sanitizer build. */
START_TEST(parameter_beyond_integers) {
    cld_attr wide = OP_INT("fmod", INT64_MAX);
    expect(&(op_node){ .type = "Mod", .in = { LIST(5, -7), LIST(3, 3) }, .n_in = 2, .attr = &wide, .n_attr = 1 }, 0,
           DIMS(2), VALUES(2, -1));
}
END_TEST

START_TEST(reshape) {
    op_node node = { .type = "Reshape", .in = { zeros(CLADE_FLOAT32, DIMS(2, 3, 4)), LIST(0, -1) }, .n_in = 2 };
    expect(&node, 0, DIMS(2, 12), NULL);
    node.in[1] = LIST(4, 0, -1);
    expect(&node, 0, DIMS(4, 3, 2), NULL);
    node.in[1] = LIST(5, -1);
    refuse(&node, CLADE_ERR_SHAPE, "has 24 elements");
    node.in[1] = LIST(-1, -1);
    refuse(&node, CLADE_ERR_SHAPE, "-1 at 0 and at 1");
    node.in[1] = LIST(INT64_MAX, INT64_MAX);
    refuse(&node, CLADE_ERR_LIMIT, "too large");
    node.in[1] = LIST(2, 3, 4, -7);
    refuse(&node, CLADE_ERR_LIMIT, "dimension 3 is -7");
    node.in[1] = LIST(1, 1, 1, 1, 1, 1, 1, 1, 24);
    refuse(&node, CLADE_ERR_UNSUPPORTED, "rank 9");
    cld_attr keep = OP_INT("allowzero", 1);
    expect(&(op_node){ .type = "Reshape",
                       .attr = &keep,
                       .n_attr = 1,
                       .in = { zeros(CLADE_FLOAT32, DIMS(0, 3)), LIST(3, 0) },
                       .n_in = 2 },
           0, DIMS(3, 0), NULL);
}
END_TEST

/* Where entry k of a padded axis of n entries lies, k counted from the first one. */
static int64_t source(bool reflect, int64_t k, int64_t n) {
    int64_t period = !reflect ? n : n > 1 ? 2 * (n - 1) : 1, at = (k % period + period) % period;
    return at < n ? at : period - at;
}

START_TEST(pads_that_go_round) {
    enum { MOST = 11 };
    for (int reflect = 0; reflect < 2; reflect++)
        for (int64_t n = 1; n <= 4; n++)
            for (int64_t before = -1; before <= MOST; before++)
                for (int64_t after = before < 0 ? 0 : -1; after <= MOST; after++) {
                    double want[2 * MOST + 4];
                    float values[4] = { 0, 1, 2, 3 };
                    int64_t first = before < 0, kept = n - first - (after < 0), count = 0;
                    cld_attr mode = OP_TEXT("mode", reflect ? "reflect" : "wrap");
                    clade_tensor *x = floats(DIMS(n), values);
                    if (kept < 1)
                        continue;
                    for (int64_t k = -CLD_MAX(before, 0); k < kept + CLD_MAX(after, 0); k++)
                        want[count++] = (double)(first + source(reflect, k, kept));
                    op_node node = { .type = "Pad", .attr = &mode, .n_attr = 1, .n_in = 2 };
                    node.in[0] = x;
                    node.in[1] = LIST(before, after);
                    expect(&node, 0, DIMS(count), want);
                }
}
END_TEST

/* Axes without entries that are not padded, beside one that goes round. */
START_TEST(pads_of_nothing) {
    for (int reflect = 0; reflect < 2; reflect++) {
        cld_attr mode = OP_TEXT("mode", reflect ? "reflect" : "wrap");
        op_node node = { .type = "Pad", .attr = &mode, .n_attr = 1, .n_in = 2 };
        node.in[0] = zeros(CLADE_FLOAT32, DIMS(0, 0, 2));
        node.in[1] = LIST(0, 0, 5, 0, 0, 1);
        expect(&node, 0, DIMS(0, 0, 8), NULL);
    }
}
END_TEST

/* 2^40 lines of nothing to sort: found by fuzzing. */
START_TEST(what_is_empty_takes_no_time) {
    op_node node = { .type = "TopK", .opset = 17, .n_in = 2, .n_out = 2 };
    cld_attr axis = OP_INT("axis", 1);
    node.attr = &axis;
    node.n_attr = 1;
    node.in[0] = zeros(CLADE_FLOAT32, DIMS(1 << 20, 0, 1 << 20));
    node.in[1] = LIST(0);
    expect(&node, 0, DIMS(1 << 20, 0, 1 << 20), NULL);
}
END_TEST

START_TEST(space_to_depth_and_back) {
    static const char *const modes[] = { "DCR", "CRD" };
    static const double want[][8] = { { 0, 4, 1, 5, 2, 6, 3, 7 }, { 0, 1, 2, 3, 4, 5, 6, 7 } };
    clade_tensor *x = floats(DIMS(1, 2, 2, 2), (const float[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
    for (size_t k = 0; k < CLD_COUNT(modes); k++) {
        cld_attr attr[] = { OP_INT("blocksize", 2), OP_TEXT("mode", modes[k]) };
        op_node node = { .type = "SpaceToDepth", .opset = 28, .attr = attr, .n_attr = 2, .in = { x }, .n_in = 1 };
        expect(&node, 0, DIMS(1, 8, 1, 1), want[k]);
    }
}
END_TEST

START_TEST(dropout_in_training) {
    clade_tensor *x = zeros(CLADE_FLOAT32, DIMS(2, 3));
    cld_attr is_test = OP_INT("is_test", 1);
    op_node old = { .type = "Dropout", .opset = 6, .in = { x }, .n_in = 1 };
    refuse(&old, CLADE_ERR_UNSUPPORTED, "training mode");
    old.attr = &is_test, old.n_attr = 1;
    expect(&old, 0, DIMS(2, 3), VALUES(0, 0, 0, 0, 0, 0));
    expect(&(op_node){ .type = "Dropout", .opset = 7, .in = { x }, .n_in = 1 }, 0, DIMS(2, 3), NULL);
}
END_TEST

START_TEST(squeeze_unsqueeze_flatten) {
    clade_tensor *x = zeros(CLADE_FLOAT32, DIMS(1, 3, 1, 5));
    expect(&(op_node){ .type = "Squeeze", .in = { x }, .n_in = 1 }, 0, DIMS(3, 5), NULL);
    expect(&(op_node){ .type = "Squeeze", .in = { x, LIST(-2) }, .n_in = 2 }, 0, DIMS(1, 3, 5), NULL);
    refuse(&(op_node){ .type = "Squeeze", .in = { x, LIST(1) }, .n_in = 2 }, CLADE_ERR_SHAPE, "dimension 1");
    expect(&(op_node){ .type = "Unsqueeze", .in = { x, LIST(-1, 0) }, .n_in = 2 }, 0, DIMS(1, 1, 3, 1, 5, 1), NULL);
    refuse(&(op_node){ .type = "Unsqueeze", .in = { x, LIST(1, 1) }, .n_in = 2 }, CLADE_ERR_SHAPE, "twice");
    cld_attr old = OP_INTS("axes", 1, (const int64_t[]){ 2 });
    expect(&(op_node){ .type = "Squeeze", .opset = 11, .attr = &old, .n_attr = 1, .in = { x }, .n_in = 1 }, 0,
           DIMS(1, 3, 5), NULL);
    cld_attr axis = OP_INT("axis", -1);
    expect(&(op_node){ .type = "Flatten", .attr = &axis, .n_attr = 1, .in = { x }, .n_in = 1 }, 0, DIMS(3, 5), NULL);
}
END_TEST

START_TEST(made_from_numbers) {
    op_node range = { .type = "Range", .n_in = 3 };
    for (int k = 0; k < 3; k++)
        range.in[k] = op_scalar(&rig, CLADE_INT32, (const double[]){ 10, 3, -3 }[k]);
    expect(&range, 0, DIMS(3), VALUES(10, 7, 4));
    range.in[2] = op_scalar(&rig, CLADE_INT32, 0);
    refuse(&range, CLADE_ERR_LIMIT, "not a range");
    for (int k = 0; k < 3; k++)
        range.in[k] = op_scalar(&rig, CLADE_FLOAT32, (const double[]){ 0, 1, 0.4 }[k]);
    expect(&range, 0, DIMS(3), VALUES(0, 0.4, 0.8));
    cld_attr value = { .name = "value", .kind = CLD_ATTR_TENSOR, .u.tensor = LIST(7) };
    expect(&(op_node){ .type = "ConstantOfShape", .attr = &value, .n_attr = 1, .in = { LIST(2, 1) }, .n_in = 1 }, 0,
           DIMS(2, 1), VALUES(7, 7));
    refuse(&(op_node){ .type = "ConstantOfShape", .in = { LIST(INT64_C(1) << 40, INT64_C(1) << 40) }, .n_in = 1 },
           CLADE_ERR_LIMIT, "too large");
    cld_attr k = OP_INT("k", -1);
    expect(&(op_node){ .type = "EyeLike", .attr = &k, .n_attr = 1, .in = { zeros(CLADE_INT8, DIMS(3, 2)) }, .n_in = 1 },
           0, DIMS(3, 2), VALUES(0, 0, 1, 0, 0, 1));
    expect(&(op_node){ .type = "HannWindow", .in = { op_scalar(&rig, CLADE_INT32, 4) }, .n_in = 1 }, 0, DIMS(4),
           VALUES(0, 0.5, 1, 0.5));
}
END_TEST

START_TEST(shape_is_data) {
    clade_tensor *x = floats(DIMS(2, 3), (const float[]){ 0, 5, 0, 7, 0, 5 });
    expect(&(op_node){ .type = "NonZero", .in = { x }, .n_in = 1 }, 0, DIMS(2, 3), VALUES(0, 1, 1, 1, 0, 2));
    clade_tensor *condition = zeros(CLADE_BOOL, DIMS(3));
    ((uint8_t *)condition->data)[1] = 1;
    cld_attr axis = OP_INT("axis", 1);
    expect(&(op_node){ .type = "Compress", .attr = &axis, .n_attr = 1, .in = { x, condition }, .n_in = 2 }, 0,
           DIMS(2, 1), VALUES(5, 0));
    expect(&(op_node){ .type = "Compress", .in = { x, condition }, .n_in = 2 }, 0, DIMS(1), VALUES(5));
    op_node unique = { .type = "Unique", .in = { x }, .n_in = 1, .n_out = 4 };
    expect(&unique, 0, DIMS(3), VALUES(0, 5, 7));
    expect(&unique, 1, DIMS(3), VALUES(0, 1, 3));
    expect(&unique, 2, DIMS(6), VALUES(0, 1, 0, 2, 0, 1));
    expect(&unique, 3, DIMS(3), VALUES(3, 2, 1));
    cld_attr unsorted = OP_INT("sorted", 0);
    clade_tensor *late = floats(DIMS(4), (const float[]){ 3, 1, 3, 2 });
    expect(&(op_node){ .type = "Unique", .attr = &unsorted, .n_attr = 1, .in = { late }, .n_in = 1 }, 0, DIMS(3),
           VALUES(3, 1, 2));
}
END_TEST

START_TEST(suppression) {
    clade_tensor *boxes = floats(DIMS(1, 3, 4), (const float[]){ 0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 5, 1, 6 });
    clade_tensor *scores = floats(DIMS(1, 1, 3), (const float[]){ 0.7f, 0.9f, 0.2f });
    op_node node = { .type = "NonMaxSuppression",
                     .in = { boxes, scores, op_scalar(&rig, CLADE_INT64, 5), op_scalar(&rig, CLADE_FLOAT32, 0.5) },
                     .n_in = 4 };
    expect(&node, 0, DIMS(2, 3), VALUES(0, 0, 1, 0, 0, 2));
    node.in[4] = op_scalar(&rig, CLADE_FLOAT32, 0.5), node.n_in = 5;
    expect(&node, 0, DIMS(1, 3), VALUES(0, 0, 1));
    node.n_in = 2; /* no box is asked for */
    expect(&node, 0, DIMS(0, 3), NULL);
    node.in[2] = op_scalar(&rig, CLADE_FLOAT32, 1.25), node.n_in = 3; /* wrote behind its list once: found by fuzzing */
    refuse(&node, CLADE_ERR_DTYPE, "input 2 is float32");
}
END_TEST

/* An axis that is not to be resized may be of any length, and there may be nothing along it: found by fuzzing. */
START_TEST(resized_beside_a_long_axis) {
    static const int64_t axes[] = { 1 };
    cld_attr attrs[] = { { .name = "axes", .kind = CLD_ATTR_INTS, .count = 1, .u.ints = axes },
                         OP_TEXT("mode", _i ? "nearest" : "linear") };
    op_node node = { .type = "Resize", .opset = 18, .attr = attrs, .n_attr = 2, .n_in = 4 };
    node.in[0] = zeros(CLADE_FLOAT32, DIMS(1 << 30, 2, 0));
    node.in[3] = LIST(4);
    const clade_tensor *out[OP_INPUTS];
    ck_ok(op_on_host(&rig, &node, out), rig.err);
    ck_assert_uint_le(cld_arena_bytes(rig.host->arena), 1 << 20);
}
END_TEST

/* An expansion may see another shape of it, in which a 0 stands elsewhere. */
START_TEST(hardmax_of_nothing) {
    cld_attr axis = OP_INT("axis", 2);
    op_node node = { .type = "Hardmax", .opset = 13, .attr = &axis, .n_attr = 1, .n_in = 1 };
    const clade_tensor *out[OP_INPUTS];
    node.in[0] = zeros(CLADE_FLOAT32, DIMS(2, 5, 3, 0));
    ck_ok(op_on_host(&rig, &node, out), rig.err);
}
END_TEST

START_TEST(refusals) {
    clade_tensor *x = zeros(CLADE_FLOAT32, DIMS(2, 3)), *y = zeros(CLADE_FLOAT32, DIMS(3, 3));
    cld_attr axis = OP_INT("axis", 1), outside = OP_INT("axis", 2), reflect = OP_TEXT("mode", "reflect");
    const int64_t twice[] = { 1, 1 };
    cld_attr perm = OP_INTS("perm", 2, twice), block = OP_INT("blocksize", INT64_MAX);
    cld_attr antialias = OP_INT("antialias", 1);
    refuse(&(op_node){ .type = "Concat", .attr = &axis, .n_attr = 1, .in = { x, y }, .n_in = 2 }, CLADE_ERR_SHAPE,
           "differ beside axis 1");
    refuse(&(op_node){ .type = "Concat", .attr = &outside, .n_attr = 1, .in = { x, x }, .n_in = 2 }, CLADE_ERR_SHAPE,
           "axis 2");
    refuse(&(op_node){ .type = "Transpose", .attr = &perm, .n_attr = 1, .in = { x }, .n_in = 1 }, CLADE_ERR_SHAPE,
           "twice");
    refuse(&(op_node){ .type = "DepthToSpace",
                       .attr = &block,
                       .n_attr = 1,
                       .in = { zeros(CLADE_INT8, DIMS(1, 4, 1, 1)) },
                       .n_in = 1 },
           CLADE_ERR_SHAPE, "blocksize");
    refuse(&(op_node){ .type = "Split", .attr = &axis, .n_attr = 1, .in = { x, LIST(1, 1) }, .n_in = 2, .n_out = 2 },
           CLADE_ERR_SHAPE, "add up to 2");
    refuse(&(op_node){ .type = "Split", .attr = &axis, .n_attr = 1, .in = { x, LIST(-1, 4) }, .n_in = 2, .n_out = 2 },
           CLADE_ERR_SHAPE, "part 0 has size -1; 3 entries are left");
    refuse(&(op_node){ .type = "Slice", .in = { x, LIST(0), LIST(1), LIST(0), LIST(0) }, .n_in = 5 }, CLADE_ERR_SHAPE,
           "step on axis 0 is 0");
    refuse(&(op_node){ .type = "Pad",
                       .attr = &reflect,
                       .n_attr = 1,
                       .in = { zeros(CLADE_FLOAT32, DIMS(0)), LIST(2, 0) },
                       .n_in = 2 },
           CLADE_ERR_SHAPE, "reflect pad of 2 on axis 0, which has no entries");
    refuse(&(op_node){ .type = "QuantizeLinear", .opset = 21, .in = { x, x }, .n_in = 2 }, CLADE_ERR_UNSUPPORTED,
           "blocked quantisation (a scale of float32[2,3] for float32[2,3]) is not supported");
    refuse(&(op_node){ .type = "LayerNormalization", .in = { x, zeros(CLADE_FLOAT32, DIMS(2)) }, .n_in = 2 },
           CLADE_ERR_SHAPE, "scale is float32[2], which does not broadcast to the input float32[2,3]");
    refuse(&(op_node){ .type = "Pad", .in = { x, LIST(-1, 0, -2, 0) }, .n_in = 2 }, CLADE_ERR_SHAPE, "remove more");
    refuse(&(op_node){ .type = "Expand", .in = { x, LIST(4, 3) }, .n_in = 2 }, CLADE_ERR_SHAPE, "does not broadcast");
    refuse(&(op_node){ .type = "Tile", .in = { x, LIST(INT64_MAX, 1) }, .n_in = 2 }, CLADE_ERR_LIMIT, "repeats");
    refuse(&(op_node){ .type = "TopK", .in = { x, LIST(4) }, .n_in = 2 }, CLADE_ERR_SHAPE, "k is 4");
    refuse(&(op_node){ .type = "Resize",
                       .opset = 18,
                       .attr = &antialias,
                       .n_attr = 1,
                       .in = { x, NULL, NULL, LIST(4, 6) },
                       .n_in = 4 },
           CLADE_ERR_UNSUPPORTED, "antialias");
    refuse(&(op_node){ .type = "Gather", .in = { zeros(CLADE_FLOAT32, DIMS(0, 3)), LIST(0) }, .n_in = 2 },
           CLADE_ERR_SHAPE, "without entries");
}
END_TEST

Suite *suite_op_host(void);
Suite *suite_op_host(void) {
    Suite *suite = suite_create("op/host");
    TCase *tcase = tcase_create("op/host");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, shape_and_size);
    tcase_add_test(tcase, parameter_beyond_integers);
    tcase_add_test(tcase, reshape);
    tcase_add_test(tcase, pads_that_go_round);
    tcase_add_test(tcase, pads_of_nothing);
    tcase_add_test(tcase, what_is_empty_takes_no_time);
    tcase_add_test(tcase, space_to_depth_and_back);
    tcase_add_test(tcase, dropout_in_training);
    tcase_add_test(tcase, squeeze_unsqueeze_flatten);
    tcase_add_test(tcase, made_from_numbers);
    tcase_add_test(tcase, shape_is_data);
    tcase_add_test(tcase, suppression);
    tcase_add_loop_test(tcase, resized_beside_a_long_axis, 0, 2);
    tcase_add_test(tcase, hardmax_of_nothing);
    tcase_add_test(tcase, refusals);
    suite_add_tcase(suite, tcase);
    return suite;
}
