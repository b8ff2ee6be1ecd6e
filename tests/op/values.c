/* SPDX-License-Identifier: Apache-2.0 */
/* What pointwise operators and reductions give on the host, at the values where expressions go wrong: NaN, infinities,
 * halves, signs, wrap-around, division by zero.
 */
#include <math.h>

#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

typedef struct example {
    const char *type;
    clade_dtype dtype;
    double x, y, want; /* y is NOTHING for an operator of one input */
    const char *attr;  /* an integer attribute or NULL */
    int64_t value;
} example;

#define NOTHING 987654.0
#define MIN32 (-2147483648.0)

static const example examples[] = {
    { "Add", CLADE_INT32, 2147483647, 1, MIN32, NULL, 0 },
    { "Add", CLADE_UINT8, 250, 10, 4, NULL, 0 },
    { "Sub", CLADE_UINT16, 1, 2, 65535, NULL, 0 },
    { "Mul", CLADE_INT8, 100, 3, 44, NULL, 0 },
    { "Mul", CLADE_INT64, -3, 7, -21, NULL, 0 },
    { "Div", CLADE_INT32, -7, 2, -3, NULL, 0 },
    { "Div", CLADE_INT32, 7, 0, 0, NULL, 0 },
    { "Div", CLADE_INT32, MIN32, -1, MIN32, NULL, 0 },
    { "Div", CLADE_INT64, -9223372036854775808.0, -1, -9223372036854775808.0, NULL, 0 },
    { "Div", CLADE_UINT8, 200, 255, 0, NULL, 0 },
    { "Div", CLADE_UINT64, 200, 3, 66, NULL, 0 },
    { "Div", CLADE_FLOAT32, 1, 0, INFINITY, NULL, 0 },
    { "Mod", CLADE_INT32, -7, 3, 2, NULL, 0 },
    { "Mod", CLADE_INT32, 7, -3, -2, NULL, 0 },
    { "Mod", CLADE_INT32, -7, 3, -1, "fmod", 1 },
    { "Mod", CLADE_INT32, 5, 0, 0, NULL, 0 },
    { "Mod", CLADE_INT32, MIN32, -1, 0, NULL, 0 },
    { "Mod", CLADE_UINT8, 200, 150, 50, NULL, 0 },
    { "Mod", CLADE_FLOAT32, -7.5, 2, -1.5, "fmod", 1 },
    { "Pow", CLADE_INT32, 3, 4, 81, NULL, 0 },
    { "Pow", CLADE_INT32, -2, 3, -8, NULL, 0 },
    { "Pow", CLADE_INT32, 2, -1, 0, NULL, 0 },
    { "Pow", CLADE_INT32, -1, -3, -1, NULL, 0 },
    { "Pow", CLADE_FLOAT32, 2, 0.5, 1.41421356, NULL, 0 },
    { "Max", CLADE_FLOAT32, NAN, 1, NAN, NULL, 0 },
    { "Max", CLADE_FLOAT32, 1, NAN, NAN, NULL, 0 },
    { "Min", CLADE_FLOAT32, NAN, 1, NAN, NULL, 0 },
    { "Max", CLADE_UINT64, 3, 18446744073709551615.0, 18446744073709551615.0, NULL, 0 },
    { "Min", CLADE_INT8, -3, 2, -3, NULL, 0 },
    { "Less", CLADE_UINT32, 1, 4294967295.0, 1, NULL, 0 },
    { "Less", CLADE_INT32, 1, -1, 0, NULL, 0 },
    { "Equal", CLADE_FLOAT32, NAN, NAN, 0, NULL, 0 },
    { "BitwiseXor", CLADE_INT32, -1, 5, -6, NULL, 0 },
    { "Abs", CLADE_INT32, MIN32, NOTHING, MIN32, NULL, 0 },
    { "Abs", CLADE_UINT8, 200, NOTHING, 200, NULL, 0 },
    { "Neg", CLADE_INT8, -128, NOTHING, -128, NULL, 0 },
    { "Sign", CLADE_FLOAT32, -0.5, NOTHING, -1, NULL, 0 },
    { "Sign", CLADE_FLOAT32, NAN, NOTHING, NAN, NULL, 0 },
    { "Round", CLADE_FLOAT32, 2.5, NOTHING, 2, NULL, 0 },
    { "Round", CLADE_FLOAT32, -1.5, NOTHING, -2, NULL, 0 },
    { "Relu", CLADE_FLOAT32, -INFINITY, NOTHING, 0, NULL, 0 },
    { "Relu", CLADE_FLOAT32, NAN, NOTHING, NAN, NULL, 0 },
    { "Relu", CLADE_INT32, -4, NOTHING, 0, NULL, 0 },
    { "ThresholdedRelu", CLADE_FLOAT32, -INFINITY, NOTHING, 0, NULL, 0 },
    { "Sigmoid", CLADE_FLOAT32, -200, NOTHING, 0, NULL, 0 },
    { "Sigmoid", CLADE_FLOAT32, 0, NOTHING, 0.5, NULL, 0 },
    { "Softplus", CLADE_FLOAT32, 1000, NOTHING, 1000, NULL, 0 },
    { "Softplus", CLADE_FLOAT32, 0, NOTHING, 0.69314718, NULL, 0 },
    { "Elu", CLADE_FLOAT32, -1, NOTHING, -0.63212056, NULL, 0 },
    { "HardSwish", CLADE_FLOAT32, 1, NOTHING, 0.66666667, NULL, 0 },
    { "Mish", CLADE_FLOAT32, 1, NOTHING, 0.86509839, NULL, 0 },
    { "IsInf", CLADE_FLOAT32, -INFINITY, NOTHING, 1, NULL, 0 },
    { "IsInf", CLADE_FLOAT32, -INFINITY, NOTHING, 0, "detect_negative", 0 },
    { "IsNaN", CLADE_FLOAT32, NAN, NOTHING, 1, NULL, 0 },
    { "Not", CLADE_BOOL, 1, NOTHING, 0, NULL, 0 },
    { "Cast", CLADE_FLOAT32, -1.9, NOTHING, -1, "to", CLADE_INT32 },
    { "Cast", CLADE_FLOAT32, 1e10, NOTHING, 2147483647, "to", CLADE_INT32 },
    { "Cast", CLADE_INT32, 300, NOTHING, 44, "to", CLADE_UINT8 },
    { "Cast", CLADE_FLOAT32, 0.25, NOTHING, 1, "to", CLADE_BOOL },
    { "Cast", CLADE_FLOAT64, 0.1, NOTHING, 0.1f, "to", CLADE_FLOAT32 },
    { "Gelu", CLADE_FLOAT32, 1, NOTHING, 0.84134475, NULL, 0 },
    { "ReduceL2", CLADE_INT32, -5, NOTHING, 5, NULL, 0 },
    { "ReduceL2", CLADE_UINT64, 4294967295.0, NOTHING, 4294967295.0, NULL, 0 },
    { "ReduceLogSum", CLADE_INT64, 2981, NOTHING, 8, NULL, 0 },
    { "ReduceLogSum", CLADE_INT32, -1, NOTHING, 0, NULL, 0 },
    { "ReduceLogSumExp", CLADE_INT32, -7, NOTHING, -7, NULL, 0 },
    { "ReduceSum", CLADE_UINT8, 5, NOTHING, 5, NULL, 0 },
};

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-6 * fabs(b); }

START_TEST(one_element) {
    const example *e = &examples[_i];
    const clade_tensor *out[OP_INPUTS];
    cld_attr attr = OP_INT(e->attr ? e->attr : "", e->value);
    op_node node = { .type = e->type, .opset = 20, .attr = &attr, .n_attr = e->attr ? 1 : 0, .n_in = 1 };
    node.in[0] = op_scalar(&rig, e->dtype, e->x);
    if (e->y != NOTHING)
        node.in[node.n_in++] = op_scalar(&rig, e->dtype, e->y);
    ck_ok(op_on_host(&rig, &node, out), rig.err);
    double got = cld_tensor_get(out[0], 0);
    ck_assert_msg(same(got, e->want), "%s(%g, %g) of %s is %.9g, not %.9g", e->type, e->x, e->y,
                  clade_dtype_name(e->dtype), got, e->want);
}
END_TEST

START_TEST(shifts_beyond_the_width_give_zero) {
    for (int64_t by = 0; by < 70; by++) {
        const clade_tensor *out[OP_INPUTS];
        for (int right = 0; right < 2; right++) {
            cld_attr attr = OP_TEXT("direction", right ? "RIGHT" : "LEFT");
            op_node node = { .type = "BitShift", .attr = &attr, .n_attr = 1, .n_in = 2 };
            node.in[0] = op_scalar(&rig, CLADE_UINT8, 0x91);
            node.in[1] = op_scalar(&rig, CLADE_UINT8, (double)by);
            ck_ok(op_on_host(&rig, &node, out), rig.err);
            int64_t want = by >= 8 ? 0 : right ? 0x91 >> by : (0x91 << by) & 0xff;
            ck_assert_int_eq(cld_tensor_get_int(out[0], 0), want);
        }
    }
}
END_TEST

/* Attribute names of opset 6: y lies along x from `axis` on. */
START_TEST(broadcast_before_opset_7) {
    const clade_tensor *out[OP_INPUTS];
    cld_type x = { CLADE_FLOAT32, 3, { 2, 3, 4 } }, y = { CLADE_FLOAT32, 1, { 3 } };
    cld_attr attr[] = { OP_INT("broadcast", 1), OP_INT("axis", 1) };
    op_node node = { .type = "Sub", .opset = 6, .attr = attr, .n_attr = 2, .n_in = 2 };
    const clade_tensor *a = node.in[0] = op_tensor(&rig, &x), *b = node.in[1] = op_tensor(&rig, &y);
    ck_ok(op_on_host(&rig, &node, out), rig.err);
    for (int64_t i = 0; i < 24; i++)
        ck_assert_double_eq(cld_tensor_get(out[0], i), cld_tensor_get(a, i) - cld_tensor_get(b, i / 4 % 3));
    node.n_attr = 0;
    ck_refused(op_on_host(&rig, &node, out), CLADE_ERR_SHAPE, "before opset 7", rig.err);
}
END_TEST

static void refuse(const op_node *node, clade_status status, const char *part) {
    const clade_tensor *out[OP_INPUTS];
    ck_refused(op_on_host(&rig, node, out), status, part, rig.err);
}

START_TEST(refusals) {
    cld_type three = { CLADE_FLOAT32, 1, { 3 } }, four = { CLADE_FLOAT32, 1, { 4 } };
    clade_tensor *a = op_tensor(&rig, &three), *b = op_tensor(&rig, &four), *i = op_scalar(&rig, CLADE_INT32, 1);
    cld_attr axis = OP_INT("axis", 1), string = OP_INT("to", 8);
    refuse(&(op_node){ .type = "Add", .in = { a, b }, .n_in = 2 }, CLADE_ERR_SHAPE, "does not broadcast");
    refuse(&(op_node){ .type = "Add", .in = { a, i }, .n_in = 2 }, CLADE_ERR_DTYPE, "input 0 is float32");
    refuse(&(op_node){ .type = "Mod", .in = { a, a }, .n_in = 2 }, CLADE_ERR_DTYPE, "fmod = 1");
    refuse(&(op_node){ .type = "Exp", .in = { i }, .n_in = 1 }, CLADE_ERR_DTYPE, "int32");
    refuse(&(op_node){ .type = "ArgMax", .attr = &axis, .n_attr = 1, .in = { a }, .n_in = 1 }, CLADE_ERR_SHAPE,
           "out of range");
    refuse(&(op_node){ .type = "Cast", .attr = &string, .n_attr = 1, .in = { a }, .n_in = 1 }, CLADE_ERR_UNSUPPORTED,
           "type 8");
}
END_TEST

Suite *suite_op_values(void);
Suite *suite_op_values(void) {
    Suite *suite = suite_create("op_values");
    TCase *tcase = tcase_create("host");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, one_element, 0, (int)CLD_COUNT(examples));
    tcase_add_test(tcase, shifts_beyond_the_width_give_zero);
    tcase_add_test(tcase, broadcast_before_opset_7);
    tcase_add_test(tcase, refusals);
    suite_add_tcase(suite, tcase);
    return suite;
}
