/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised operators against integer references: sums exact in int64, scaling and rounding in float as ONNX Runtime
 * does it, so results must be equal, not near.
 */
#include <math.h>

#include "windows.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

typedef struct scaling {
    float a, b[8], c; /* of the operands and the result; b for each filter or column */
    int64_t a_zero, b_zero[8], c_zero;
    bool is_signed; /* the result */
} scaling;

static int64_t byte_at(const clade_tensor *t, int64_t i) { return cld_tensor_get_int(t, i); }

static int64_t scaled(int64_t sum, float scale, const scaling *s) {
    const float zero = (float)s->c_zero, low = (s->is_signed ? -128.0f : 0.0f) - zero,
                high = (s->is_signed ? 127.0f : 255.0f) - zero;
    return (int64_t)(rintf(fminf(fmaxf((float)sum * scale, low), high)) + zero);
}

static void draw_scaling(scaling *s, bool a_signed, bool b_signed, bool c_signed) {
    s->a = (float)op_between(&rig, 1, 1000) / 4096;
    s->c = (float)op_between(&rig, 100, 1000) / 64;
    s->is_signed = c_signed;
    s->a_zero = a_signed ? op_between(&rig, -20, 20) : op_between(&rig, 100, 150);
    s->c_zero = c_signed ? op_between(&rig, -20, 20) : op_between(&rig, 100, 150);
    for (int m = 0; m < 8; m++) {
        s->b[m] = (float)op_between(&rig, 1, 1000) / 1024;
        s->b_zero[m] = b_signed ? op_between(&rig, -20, 20) : op_between(&rig, 100, 150);
    }
}

/* The next input: `count` numbers, or one, a scalar, when count is 0; a constant. */
static void given(op_node *node, clade_dtype dtype, int64_t count, const float *floats, const int64_t *integers) {
    double values[8];
    for (int64_t i = 0; i < CLD_MAX(count, 1); i++)
        values[i] = floats != NULL ? (double)floats[i] : (double)integers[i];
    op_in(node, op_given(&rig, &(cld_type){ dtype, count > 0, { count } }, values), true);
}

static const clade_dtype bytes[2] = { CLADE_UINT8, CLADE_INT8 };

/* ---- convolution --------------------------------------------------------------------------------------------------
 */

typedef struct sum_state {
    const clade_tensor *x, *w;
    int64_t x_at, w_at, x_zero, w_zero, sum;
} sum_state;

static void add_tap(void *state, int64_t position, int64_t tap) {
    sum_state *s = state;
    s->sum += (byte_at(s->x, s->x_at + position) - s->x_zero) * (byte_at(s->w, s->w_at + tap) - s->w_zero);
}

/* QLinearConv, 4 filters in 2 groups of 3 channels; scales and zero points for each filter or for all. */
static void add_qlinear_conv(bool biased) {
    scaling s;
    ref_windows w = { .groups = 2, .C = 3, .M = 2 };
    const int64_t filters = 4, bias[4] = { 100, -2000, 0, 31 };
    const bool x_signed = op_below(&rig, 2), w_signed = op_below(&rig, 2), each = op_below(&rig, 2);
    op_node node = { .type = "QLinearConv" };
    draw_scaling(&s, x_signed, w_signed, x_signed);
    windows_draw(&rig, &node, &w, 2, 9);
    op_attr(&rig, &node, OP_INT("group", w.groups));
    const cld_type x_type = windows_type(bytes[x_signed], w.images, 6, w.in, 2),
                   w_type = windows_type(bytes[w_signed], filters, w.C, w.kernel, 2),
                   y_type = windows_type(bytes[s.is_signed], w.images, filters, w.out, 2);
    const clade_tensor *x = op_bytes(&rig, &x_type), *weights = op_bytes(&rig, &w_type);
    op_in(&node, x, false);
    given(&node, CLADE_FLOAT32, 0, &s.a, NULL);
    given(&node, bytes[x_signed], 0, NULL, &s.a_zero);
    op_in(&node, weights, true);
    given(&node, CLADE_FLOAT32, each ? filters : 0, s.b, NULL);
    given(&node, bytes[w_signed], each ? filters : 0, NULL, s.b_zero);
    given(&node, CLADE_FLOAT32, 0, &s.c, NULL);
    given(&node, bytes[s.is_signed], 0, NULL, &s.c_zero);
    if (biased)
        given(&node, CLADE_INT32, filters, NULL, bias);
    clade_tensor *want = cld_tensor_new(rig.graph->arena, &y_type);
    const int64_t pixels = ref_span(w.out);
    for (int64_t i = 0; i < clade_tensor_count(want); i++) {
        const int64_t image = i / pixels / filters, m = i / pixels % filters, k = each ? m : 0;
        sum_state sum = { .x = x, .w = weights, .x_zero = s.a_zero, .w_zero = s.b_zero[k] };
        sum.sum = biased ? bias[m] : 0;
        for (int64_t c = 0; c < w.C; c++) {
            sum.x_at = (image * 6 + m / w.M * w.C + c) * ref_span(w.in);
            sum.w_at = (m * w.C + c) * ref_span(w.kernel);
            ref_visit_window(&w, i % pixels, add_tap, &sum);
        }
        cld_tensor_set_int(want, i, scaled(sum.sum, s.a * s.b[k] / s.c, &s));
    }
    op_add_want(&rig, &node, &(const clade_tensor *){ want });
}

START_TEST(qlinear_conv) {
    rig.prefer = _i == 0 ? "QLinearConv=rows" : "QLinearConv=reference";
    for (int i = 0; i < 6; i++)
        add_qlinear_conv(i % 2 == 0);
    op_run(&rig);
    op_took(&rig, 6);
}
END_TEST

/* ---- matrix product -----------------------------------------------------------------------------------------------
 */

static void add_qlinear_matmul(bool each) {
    const int64_t m = 5, n = 8, k = 70;
    const cld_type a_type = { CLADE_UINT8, 3, { 2, m, k } }, b_type = { CLADE_INT8, 2, { k, n } },
                   c_type = { CLADE_UINT8, 3, { 2, m, n } };
    scaling s;
    op_node node = { .type = "QLinearMatMul" };
    draw_scaling(&s, false, true, false);
    const clade_tensor *a = op_bytes(&rig, &a_type), *b = op_bytes(&rig, &b_type);
    op_in(&node, a, false);
    given(&node, CLADE_FLOAT32, 0, &s.a, NULL);
    given(&node, CLADE_UINT8, 0, NULL, &s.a_zero);
    op_in(&node, b, true);
    given(&node, CLADE_FLOAT32, each ? n : 0, s.b, NULL);
    given(&node, CLADE_INT8, each ? n : 0, NULL, s.b_zero);
    given(&node, CLADE_FLOAT32, 0, &s.c, NULL);
    given(&node, CLADE_UINT8, 0, NULL, &s.c_zero);
    clade_tensor *want = cld_tensor_new(rig.graph->arena, &c_type);
    for (int64_t i = 0; i < 2 * m * n; i++) {
        const int64_t j = i % n, q = each ? j : 0;
        int64_t sum = 0;
        for (int64_t t = 0; t < k; t++)
            sum += (byte_at(a, i / n * k + t) - s.a_zero) * (byte_at(b, t * n + j) - s.b_zero[q]);
        cld_tensor_set_int(want, i, scaled(sum, s.a * s.b[q] / s.c, &s));
    }
    op_add_want(&rig, &node, &(const clade_tensor *){ want });
}

START_TEST(qlinear_matmul) {
    for (int i = 0; i < 4; i++)
        add_qlinear_matmul(i % 2 == 0);
    op_run(&rig);
}
END_TEST

/* ---- to integers and back -----------------------------------------------------------------------------------------
 */

/* Halves go to the even neighbour; what does not fit saturates. */
START_TEST(quantize) {
    static const double x[] = { 0.5, 1.5, 2.5, -0.5, -1.5, 300, -300, 1e30, -1e30, INFINITY, -INFINITY, 126.6 };
    static const double want[] = { 10, 12, 12, 10, 8, 255, 0, 255, 0, 255, 0, 137 };
    const cld_type from = { CLADE_FLOAT32, 1, { CLD_COUNT(x) } }, to = { CLADE_UINT8, 1, { CLD_COUNT(x) } };
    op_node node = { .type = "QuantizeLinear" };
    op_in(&node, op_given(&rig, &from, x), _i == 1); /* constant: on the host */
    op_in(&node, op_scalar(&rig, CLADE_FLOAT32, 1), true);
    op_in(&node, op_scalar(&rig, CLADE_UINT8, 10), true);
    op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &to, want) });
    op_run(&rig);
}
END_TEST

/* One scale for each index of axis 1. */
START_TEST(dequantize_along_an_axis) {
    static const double x[] = { -128, 127, 1, 2, 3, 4, 5, 6 }, zeros[] = { 0, 1 }, scales[] = { 0.5, 2 };
    static const double want[] = { -64, 63.5, 0, 2, 1.5, 2, 8, 10 };
    const cld_type from = { CLADE_INT8, 3, { 2, 2, 2 } }, to = { CLADE_FLOAT32, 3, { 2, 2, 2 } };
    op_node node = { .type = "DequantizeLinear", .attr = &OP_INT("axis", 1), .n_attr = 1 };
    op_in(&node, op_given(&rig, &from, x), _i == 1); /* constant: on the host */
    op_in(&node, op_given(&rig, &(cld_type){ CLADE_FLOAT32, 1, { 2 } }, scales), true);
    op_in(&node, op_given(&rig, &(cld_type){ CLADE_INT8, 1, { 2 } }, zeros), true);
    op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &to, want) });
    op_run(&rig);
}
END_TEST

Suite *suite_op_quantised(void);
Suite *suite_op_quantised(void) {
    Suite *suite = suite_create("op/quantised");
    TCase *tcase = tcase_create("quantised");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, qlinear_conv, 0, 2);
    tcase_add_test(tcase, qlinear_matmul);
    tcase_add_loop_test(tcase, quantize, 0, 2);
    tcase_add_loop_test(tcase, dequantize_along_an_axis, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
