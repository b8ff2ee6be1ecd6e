/* SPDX-License-Identifier: Apache-2.0 */
/* Every pointwise operator on the device against the host, in random shapes that broadcast, random types and both rows.
 */
#include <math.h>

#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* Sixteenths around zero: exact in every floating type, and inside and outside every function's domain. */
static clade_tensor *material(const cld_type *type) {
    clade_tensor *tensor = op_tensor(&rig, type);
    bool is_float = cld_dtype_in(type->dtype, CLD_FLOATS);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++) {
        if (is_float)
            cld_tensor_set(tensor, i, cld_tensor_get(tensor, i) / 16);
        else if (type->dtype == CLADE_BOOL)
            cld_tensor_set_int(tensor, i, cld_tensor_get_int(tensor, i) % 2);
    }
    return tensor;
}

/* `shape` with some dimensions taken away or made 1. */
static cld_type broadcast(cld_type shape, clade_dtype dtype) {
    int32_t drop = (int32_t)op_below(&rig, shape.rank + 1);
    cld_type type = { .dtype = dtype, .rank = shape.rank - (op_below(&rig, 3) ? 0 : drop) };
    for (int32_t d = 0; d < type.rank; d++)
        type.dims[d] = op_below(&rig, 4) ? shape.dims[d + shape.rank - type.rank] : 1;
    return type;
}

static bool has_dtype(const cld_op *op, clade_dtype dtype, const cld_attr *attr) {
    const clade_tensor *out[OP_INPUTS];
    op_node node = { .type = op->name, .opset = 20, .attr = attr, .n_attr = 1, .n_in = op->min_in };
    for (int32_t k = 0; k < node.n_in; k++)
        node.in[k] = op_scalar(&rig, k == 0 && strcmp(op->name, "Where") == 0 ? CLADE_BOOL : dtype, 1);
    return op_on_host(&rig, &node, out) == CLADE_OK;
}

static void add_case(const cld_op *op, cld_dtypes dtypes) {
    cld_attr attr = OP_INT("fmod", 1);
    if (strcmp(op->name, "Cast") == 0)
        attr = OP_INT("to", op_dtype(&rig, CLD_ALL_DTYPES));
    cld_dtypes fit = 0;
    for (int dtype = 1; dtype < 14; dtype++)
        if (cld_dtype_valid(dtype) && cld_dtype_in((clade_dtype)dtype, dtypes) &&
            has_dtype(op, (clade_dtype)dtype, &attr))
            fit |= 1u << dtype;
    if (!fit)
        return;
    clade_dtype dtype = op_dtype(&rig, fit);
    op_node node = { .type = op->name, .opset = 20, .attr = &attr, .n_attr = 1 };
    node.n_in = op->max_in < 0 ? (int32_t)op_between(&rig, 1, 4) : op->max_in;
    cld_type shape = op_type(&rig, dtype, (int32_t)op_between(&rig, 1, 4), op_below(&rig, 2) ? 4 : 9);
    shape.dims[shape.rank - 1] = op_between(&rig, 1, 70); /* with whole vectors, and ends of them */
    for (int32_t k = 0; k < node.n_in; k++) {
        cld_type type = broadcast(shape, k == 0 && strcmp(op->name, "Where") == 0 ? CLADE_BOOL : dtype);
        node.in[k] = material(&type);
        node.known |= (k > 0 && clade_tensor_count(node.in[k]) == 1 ? 1u : 0u) << k;
    }
    op_add(&rig, &node);
}

/* One case of every operator whose types are among `dtypes`; `row` is preferred. */
static void run_all(cld_dtypes dtypes, const char *row) {
    int32_t count;
    const cld_op *const *ops = cld_op_all(&count);
    cld_text prefer = { 0 };
    for (int32_t i = 0; i < count; i++) {
        if (!ops[i]->pointwise || ops[i]->domain[0])
            continue;
        add_case(ops[i], dtypes);
        cld_text_printf(&prefer, "%s%s=%s", prefer.size ? "," : "", ops[i]->name, row);
    }
    rig.prefer = prefer.data;
    op_run(&rig);
    cld_text_free(&prefer);
}

START_TEST(float32_in_vectors) {
    rig.rtol = 1e-4, rig.atol = 1e-5;
    run_all(CLD_BIT(FLOAT32) | CLD_BIT(BOOL), "rows");
}
END_TEST

START_TEST(float32_one_by_one) {
    rig.rtol = 1e-4, rig.atol = 1e-5;
    run_all(CLD_BIT(FLOAT32) | CLD_BIT(BOOL), "elements");
}
END_TEST

START_TEST(float16_in_vectors) {
    rig.rtol = 2e-3, rig.atol = 2e-3;
    run_all(CLD_BIT(FLOAT16) | CLD_BIT(BOOL), "rows");
}
END_TEST

START_TEST(float64) {
    rig.rtol = 1e-9, rig.atol = 1e-9;
    run_all(CLD_BIT(FLOAT64), "elements");
}
END_TEST

START_TEST(integers) { run_all(CLD_INTEGERS, "elements"); }
END_TEST

/* cl/common.clh's own tanh and erf: over their range and beyond, to a few units in the last place. */
START_TEST(fast_functions) {
    static const float special[] = { 0.0f, -0.0f, 1e-30f, -1e-5f, 3e38f, -INFINITY, INFINITY, NAN };
    cld_type type = { CLADE_FLOAT32, 1, { 40000 } };
    clade_tensor *x = op_tensor(&rig, &type);
    for (int64_t i = 0; i < 40000; i++)
        cld_tensor_set(x, i, i < (int64_t)CLD_COUNT(special) ? (double)special[i] : ((double)i - 20000) / 1999);
    rig.rtol = 8e-7, rig.atol = 1e-37;
    op_add(&rig, &(op_node){ .type = "Tanh", .in = { x }, .n_in = 1 });
    op_add(&rig, &(op_node){ .type = "Erf", .in = { x }, .n_in = 1 });
    op_run(&rig);
}
END_TEST

Suite *suite_op_pointwise(void);
Suite *suite_op_pointwise(void) {
    Suite *suite = suite_create("op_pointwise");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, float32_in_vectors);
    tcase_add_test(tcase, float32_one_by_one);
    tcase_add_test(tcase, float16_in_vectors);
    tcase_add_test(tcase, float64);
    tcase_add_test(tcase, integers);
    tcase_add_test(tcase, fast_functions);
    suite_add_tcase(suite, tcase);
    return suite;
}
