/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions on the device against the host, softmax and normalisation against a reference in double: every row, random
 * shapes, axes and types.
 */
#include <math.h>

#include "op/rig.h"
#include "ref/lines.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.rtol = 1e-4, rig.atol = 1e-4;
}
static void teardown(void) { op_end(&rig); }

/* ---- reductions -------------------------------------------------------------------------------------------------- */

static const char *const reductions[] = { "ReduceSum",  "ReduceMean",   "ReduceSumSquare", "ReduceL1", "ReduceL2",
                                          "ReduceProd", "ReduceLogSum", "ReduceMax",       "ReduceMin" };

/* Values near 1, so that products stay finite; positive for the logarithm. */
static clade_tensor *material(const cld_type *type) {
    clade_tensor *tensor = op_tensor(&rig, type);
    bool is_float = cld_dtype_in(type->dtype, CLD_FLOATS);
    for (int64_t i = 0; is_float && i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, 1 + cld_tensor_get(tensor, i) / 256);
    return tensor;
}

static void add_reduction(const char *type, cld_dtypes dtypes, int64_t longest) {
    int32_t rank = (int32_t)op_between(&rig, 1, 5), n_axes = 0;
    cld_type in = op_type(&rig, op_dtype(&rig, dtypes), rank, 4);
    in.dims[rank - 1] = op_between(&rig, 1, longest);
    int64_t axes[5];
    for (int32_t d = 0; d < rank; d++)
        if (op_below(&rig, 2))
            axes[n_axes++] = op_below(&rig, 2) ? d : d - rank;
    cld_attr attr = OP_INT("keepdims", op_below(&rig, 2));
    op_add(&rig, &(op_node){ .type = type,
                             .opset = 18,
                             .attr = &attr,
                             .n_attr = 1,
                             .in = { material(&in), op_ints(&rig, axes, n_axes) },
                             .n_in = 2,
                             .known = 2 });
}

/* Of the middle of three dimensions. */
static void add_columns(const char *type, clade_dtype dtype, int64_t n, int64_t inner) {
    cld_type in = { dtype, 3, { op_between(&rig, 1, 3), n, inner } };
    op_add(&rig, &(op_node){ .type = type,
                             .opset = 18,
                             .in = { material(&in), op_ints(&rig, &(int64_t){ 1 }, 1) },
                             .n_in = 2,
                             .known = 2 });
}

static void run_reductions(const char *row, cld_dtypes dtypes, int64_t longest, int rounds) {
    cld_text prefer = { 0 };
    for (size_t k = 0; k < CLD_COUNT(reductions); k++) {
        for (int i = 0; i < rounds; i++)
            add_reduction(reductions[k], dtypes, longest);
        cld_text_printf(&prefer, "%s%s=%s", k ? "," : "", reductions[k], row);
    }
    rig.prefer = prefer.data;
    op_run(&rig);
    cld_text_free(&prefer);
}

START_TEST(along) { run_reductions("along", CLD_BIT(FLOAT32), 200, 8); }
END_TEST
START_TEST(across) { run_reductions("across", CLD_BIT(FLOAT32), 70, 8); }
END_TEST
START_TEST(in_groups) { run_reductions("group", CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64), 500, 8); }
END_TEST
/* Lengths and numbers of neighbouring lines that fill the groups, and that do not. */
START_TEST(in_columns) {
    static const int64_t lengths[] = { 32, 33, 97, 257, 1000 }, neighbours[] = { 8, 13, 32, 33, 67, 257 };
    rig.prefer = "ReduceSum=columns,ReduceMax=columns,ReduceL2=columns(group 64,columns 8),ReduceMean=columns(group 32,"
                 "columns 32)";
    for (size_t n = 0; n < CLD_COUNT(lengths); n++)
        for (size_t k = 0; k < CLD_COUNT(neighbours); k++) {
            add_columns((n + k) % 3 ? "ReduceSum" : "ReduceMax", k % 2 ? CLADE_INT32 : CLADE_FLOAT32, lengths[n],
                        neighbours[k]);
            add_columns(n % 2 ? "ReduceL2" : "ReduceMean", CLADE_FLOAT32, lengths[n], neighbours[k]);
        }
    op_run(&rig);
}
END_TEST
/* Few long lines, alone and side by side. */
START_TEST(in_stages) {
    static const struct {
        int64_t n, inner;
    } sizes[] = { { 10007, 1 }, { 8192, 1 }, { 20011, 3 }, { 9001, 13 }, { 3000, 40 }, { 8193, 33 } };
    rig.prefer = "ReduceSum=stages(stages 7),ReduceMax=stages,ReduceL2=stages(group 64,stages 256),"
                 "ReduceMean=stages(group 128,columns 1,stages 3)";
    for (size_t k = 0; k < CLD_COUNT(sizes); k++) {
        add_columns("ReduceSum", k % 2 ? CLADE_INT32 : CLADE_FLOAT32, sizes[k].n, sizes[k].inner);
        add_columns("ReduceMax", k % 2 ? CLADE_FLOAT32 : CLADE_UINT8, sizes[k].n, sizes[k].inner);
        add_columns("ReduceL2", CLADE_FLOAT64, sizes[k].n, sizes[k].inner);
        add_columns("ReduceMean", CLADE_FLOAT32, sizes[k].n, sizes[k].inner);
    }
    op_run(&rig);
}
END_TEST
/* Long lines that do not lie side by side: a wish that they share a group is not obeyed, it went out of bounds once. */
START_TEST(in_stages_apart) {
    const cld_type in = { CLADE_FLOAT32, 2, { 2, 9001 } };
    op_add(&rig, &(op_node){ .type = "ReduceSum",
                             .opset = 18,
                             .in = { material(&in), op_ints(&rig, &(int64_t){ 1 }, 1) },
                             .n_in = 2,
                             .known = 2 });
    rig.prefer = "ReduceSum=stages(group 128, columns 8, stages 4)";
    op_run(&rig);
    ck_assert(rig.took[OP_CPU] <= 0 && rig.took[OP_GPU] <= 0);
    rig.prefer = "ReduceSum=stages(group 128, columns 1, stages 4)";
    op_run(&rig);
    op_took(&rig, 1);
}
END_TEST

START_TEST(one_by_one) { run_reductions("reference", CLD_NUMBERS & ~CLD_BIT(FLOAT16), 9, 10); }
END_TEST
START_TEST(halves) {
    rig.rtol = 5e-3, rig.atol = 5e-3;
    run_reductions("along", CLD_BIT(FLOAT16), 60, 3);
}
END_TEST

static const struct {
    const char *prefer;
    int64_t longest, neighbours;
} extremes[] = { { NULL, 9, 9 },
                 { "ArgMax=group,ArgMin=group", 700, 9 },
                 { "ArgMax=group(group 32),ArgMin=group(group 64)", 40, 3 },
                 { "ArgMax=columns,ArgMin=columns", 300, 70 } };

/* By comparing one after the other: a NaN takes the place of what is none. */
static int64_t best_of(const clade_tensor *x, int64_t first, int64_t inner, int64_t n, bool max, bool last) {
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++) {
        double a = cld_tensor_get(x, first + k * inner), b = cld_tensor_get(x, first + best * inner);
        if ((max ? a > b : a < b) || (a == b && last) || (a != a && b == b))
            best = k;
    }
    return best;
}

static void add_extreme(int64_t longest, int64_t neighbours, int i) {
    cld_type in = op_type(&rig, op_dtype(&rig, CLD_NUMBERS), 3, 9);
    int32_t axis = i % 3, last = i / 3 % 2, max = i / 6 % 2;
    in.dims[2] = op_between(&rig, CLD_MIN(8, neighbours), neighbours);
    in.dims[axis] = op_between(&rig, 1, longest);
    cld_attr attr[] = { OP_INT("axis", axis), OP_INT("select_last_index", last), OP_INT("keepdims", 1) };
    clade_tensor *x = op_tensor(&rig, &in), *want;
    for (int k = 0; cld_dtype_in(in.dtype, CLD_FLOATS) && k < i % 4; k++)
        cld_tensor_set(x, op_below(&rig, clade_tensor_count(x)), NAN);
    cld_type out = { CLADE_INT64, 3, { in.dims[0], in.dims[1], in.dims[2] } };
    out.dims[axis] = 1;
    want = cld_tensor_new(rig.graph->arena, &out);
    int64_t inner = cld_type_span(&in, axis + 1, 3), n = in.dims[axis];
    for (int64_t e = 0; e < clade_tensor_count(want); e++)
        cld_tensor_set_int(want, e, best_of(x, e / inner * n * inner + e % inner, inner, n, max, last));
    op_add_want(&rig,
                &(op_node){ .type = max ? "ArgMax" : "ArgMin", .attr = attr, .n_attr = 3, .in = { x }, .n_in = 1 },
                (const clade_tensor *[]){ want });
}

START_TEST(arguments_of_extremes) {
    rig.prefer = extremes[_i].prefer;
    for (int i = 0; i < 24; i++)
        add_extreme(extremes[_i].longest, extremes[_i].neighbours, i);
    op_run(&rig);
}
END_TEST

/* ---- against the reference --------------------------------------------------------------------------------------- */

static double *doubles(const clade_tensor *tensor) {
    int64_t count = clade_tensor_count(tensor);
    double *values = cld_arena_calloc(rig.graph->arena, (size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; i++)
        values[i] = cld_tensor_get(tensor, i);
    return values;
}

static clade_tensor *tensor_of(const cld_type *type, const double *values) {
    clade_tensor *tensor = cld_tensor_new(rig.graph->arena, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, values[i]);
    return tensor;
}

static void add_softmax(clade_dtype dtype, int64_t longest, bool last_axis, int i) {
    cld_type type = op_type(&rig, dtype, 3, 5);
    int32_t axis = last_axis ? 2 : i % 3;
    int64_t opset = i % 2 ? 11 : 13;
    type.dims[axis] = op_between(&rig, 1, longest);
    if (axis < 2 && i % 8 > 3)
        type.dims[2] = op_between(&rig, 16, 40); /* neighbouring lines fill vectors */
    clade_tensor *x = op_tensor(&rig, &type);
    for (int64_t k = 0; k < clade_tensor_count(x); k++)
        cld_tensor_set(x, k, cld_tensor_get(x, k) / 8);
    double *y = doubles(x);
    bool matrix = opset < 13;
    int64_t n = cld_type_span(&type, axis, matrix ? 3 : axis + 1);
    ref_softmax(doubles(x), y, cld_type_span(&type, 0, axis), n, matrix ? 1 : cld_type_span(&type, axis + 1, 3),
                i % 4 / 2);
    cld_attr attr = OP_INT("axis", axis);
    op_node node = { .type = i % 4 / 2 ? "LogSoftmax" : "Softmax", .opset = (int32_t)opset, .in = { x }, .n_in = 1 };
    node.attr = &attr;
    node.n_attr = 1;
    op_add_want(&rig, &node, (const clade_tensor *[]){ tensor_of(&type, y) });
}

static const char *const softmax_rows[] = {
    "Softmax=along,LogSoftmax=along",     "Softmax=across,LogSoftmax=across", "Softmax=group,LogSoftmax=group",
    "Softmax=columns,LogSoftmax=columns", "Softmax=each,LogSoftmax=each",     "Softmax=reference,LogSoftmax=reference"
};

START_TEST(softmax) {
    rig.prefer = softmax_rows[_i];
    for (int i = 0; i < 24; i++)
        add_softmax(_i >= 4 && i % 3 == 0 ? CLADE_FLOAT64 : CLADE_FLOAT32, _i ? 300 : 70, _i == 0, i);
    op_run(&rig);
}
END_TEST

typedef struct kind {
    const char *type;
    int32_t opset;
    int scales; /* as many as: 0 elements of a line, 1 groups, 2 channels */
} kind;

static const kind kinds[] = { { "LayerNormalization", 17, 0 },
                              { "InstanceNormalization", 17, 2 },
                              { "GroupNormalization", 18, 1 },
                              { "GroupNormalization", 21, 2 } };

static void add_normalization(const kind *of, clade_dtype dtype, int i) {
    const int64_t groups = of->scales == 1 || of->opset == 21 ? 2 : 0;
    cld_type type = { dtype, 3, { op_between(&rig, 1, 4), 2 * op_between(&rig, 1, 3), op_between(&rig, 1, 90) } };
    const bool layer = of->scales == 0, statistics = layer && i % 2;
    const int64_t axis = layer ? 1 + i / 2 % 2 : 0, count = cld_type_span(&type, 0, 3);
    const int64_t lines = layer    ? cld_type_span(&type, 0, (int32_t)axis)
                          : groups ? type.dims[0] * groups
                                   : type.dims[0] * type.dims[1];
    const int64_t n = count / lines, scales = layer ? n : of->scales == 1 ? groups : type.dims[1];
    cld_type list = { dtype, 1, { scales } }, stats = { CLADE_FLOAT32, 3, { type.dims[0], 1, 1 } };
    if (layer && axis == 1)
        list = (cld_type){ dtype, 2, { type.dims[1], type.dims[2] } };
    if (axis == 2)
        stats.dims[1] = type.dims[1];
    clade_tensor *x = op_tensor(&rig, &type), *scale = op_tensor(&rig, &list), *bias = op_tensor(&rig, &list);
    double *y = doubles(x), *s = doubles(scale), *b = doubles(bias), *mean = doubles(x), *inverse = doubles(x);
    ref_normalize(doubles(x), y, mean, inverse, lines, n, (double)1e-3f);
    for (int64_t e = 0; e < count; e++) {
        int64_t channel = e / type.dims[2] % type.dims[1];
        int64_t at = layer ? e % n : of->scales == 1 ? e / n % groups : channel;
        y[e] = y[e] * s[at] + b[at];
    }
    cld_attr attr[] = { { .name = "epsilon", .kind = CLD_ATTR_FLOAT, .u.f = 1e-3f },
                        OP_INT("axis", axis),
                        OP_INT("num_groups", groups) };
    op_node node = { .type = of->type, .opset = of->opset, .attr = attr, .n_attr = 3 };
    node.in[0] = x, node.in[1] = scale, node.in[2] = bias, node.n_in = 3, node.n_out = statistics ? 3 : 1;
    const clade_tensor *want[3] = { tensor_of(&type, y), NULL, NULL };
    if (statistics)
        want[1] = tensor_of(&stats, mean), want[2] = tensor_of(&stats, inverse);
    op_add_want(&rig, &node, want);
}

static const char *const normalization_rows[] = { "along", "group", "each", "reference" };

START_TEST(normalization) {
    cld_text prefer = { 0 };
    for (size_t k = 0; k < CLD_COUNT(kinds); k++) {
        for (int i = 0; i < 6; i++)
            add_normalization(&kinds[k], _i >= 2 && i % 3 == 0 ? CLADE_FLOAT64 : CLADE_FLOAT32, i);
        cld_text_printf(&prefer, "%s%s=%s", k ? "," : "", kinds[k].type, normalization_rows[_i]);
    }
    rig.prefer = prefer.data;
    op_run(&rig);
    cld_text_free(&prefer);
}
END_TEST

static TCase *part(Suite *suite, const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *suite_op_reduce(void);
Suite *suite_op_reduce(void) {
    Suite *suite = suite_create("op_reduce");
    TCase *tcase = part(suite, "reductions");
    tcase_add_test(tcase, along);
    tcase_add_test(tcase, across);
    tcase_add_test(tcase, in_groups);
    tcase_add_test(tcase, in_columns);
    tcase_add_test(tcase, in_stages);
    tcase_add_test(tcase, in_stages_apart);
    tcase_add_test(tcase, one_by_one);
    tcase_add_test(tcase, halves);
    tcase_add_loop_test(part(suite, "extremes"), arguments_of_extremes, 0, (int)CLD_COUNT(extremes));
    tcase = part(suite, "normalisations");
    tcase_add_loop_test(tcase, softmax, 0, (int)CLD_COUNT(softmax_rows));
    tcase_add_loop_test(tcase, normalization, 0, (int)CLD_COUNT(normalization_rows));
    return suite;
}
