/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised operators against integer references: sums exact in int64, scaling and rounding in float as ONNX Runtime
 * does it, so results must be equal, not near.
 */
#include <math.h>
#include <stdio.h>

#include "test.h"
#include "windows.h"

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

static void draw_scaling(drawn *d, scaling *s, bool a_signed, bool b_signed, bool c_signed) {
    s->a = (float)drawn_number(d, 1, 1000) / 4096;
    s->c = (float)drawn_number(d, 100, 1000) / 64;
    s->is_signed = c_signed;
    s->a_zero = a_signed ? drawn_number(d, -20, 20) : drawn_number(d, 100, 150);
    s->c_zero = c_signed ? drawn_number(d, -20, 20) : drawn_number(d, 100, 150);
    for (int m = 0; m < 8; m++) {
        s->b[m] = (float)drawn_number(d, 1, 1000) / 1024;
        s->b_zero[m] = b_signed ? drawn_number(d, -20, 20) : drawn_number(d, 100, 150);
    }
}

static void given(drawn *d, clade_dtype dtype, int64_t count, const float *floats, const int64_t *integers) {
    double values[8];
    for (int64_t i = 0; i < CLD_MAX(count, 1); i++)
        values[i] = floats != NULL ? (double)floats[i] : (double)integers[i];
    drawn_given(d, dtype, count, values);
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
static void run_qlinear_conv(const char *row, uint32_t seed) {
    drawn d;
    scaling s;
    ref_windows w = { .groups = 2, .C = 3, .M = 2 };
    int64_t dims[5];
    const int64_t filters = 4;
    clade_tensor out;
    drawn_begin(&d, "QLinearConv", seed);
    const bool x_signed = drawn_number(&d, 0, 1), w_signed = drawn_number(&d, 0, 1), each = drawn_number(&d, 0, 1);
    draw_scaling(&d, &s, x_signed, w_signed, x_signed);
    windows_draw(&d, &w, 2, 9);
    wire_attr_int(&d.node.attributes, "group", w.groups);
    const clade_tensor *x = drawn_input(&d, bytes[x_signed], windows_dims(dims, w.images, 6, w.in, 2), dims, false);
    given(&d, CLADE_FLOAT32, 0, &s.a, NULL);
    given(&d, bytes[x_signed], 0, NULL, &s.a_zero);
    const clade_tensor *weights =
        drawn_input(&d, bytes[w_signed], windows_dims(dims, filters, w.C, w.kernel, 2), dims, true);
    given(&d, CLADE_FLOAT32, each ? filters : 0, s.b, NULL);
    given(&d, bytes[w_signed], each ? filters : 0, NULL, s.b_zero);
    given(&d, CLADE_FLOAT32, 0, &s.c, NULL);
    given(&d, bytes[s.is_signed], 0, NULL, &s.c_zero);
    const int64_t bias[4] = { 100, -2000, 0, 31 };
    if (seed % 2 == 0)
        given(&d, CLADE_INT32, filters, NULL, bias);
    ck_assert(drawn_run(&d, row, bytes[s.is_signed], &out));
    const int64_t pixels = ref_span(w.out);
    ck_assert_int_eq(clade_tensor_count(&out), w.images * filters * pixels);
    for (int64_t i = 0; i < clade_tensor_count(&out); i++) {
        const int64_t image = i / pixels / filters, m = i / pixels % filters, k = each ? m : 0;
        sum_state sum = { .x = x, .w = weights, .x_zero = s.a_zero, .w_zero = s.b_zero[k] };
        sum.sum = seed % 2 == 0 ? bias[m] : 0;
        for (int64_t c = 0; c < w.C; c++) {
            sum.x_at = (image * 6 + m / w.M * w.C + c) * ref_span(w.in);
            sum.w_at = (m * w.C + c) * ref_span(w.kernel);
            ref_visit_window(&w, i % pixels, add_tap, &sum);
        }
        ck_assert_int_eq(byte_at(&out, i), scaled(sum.sum, s.a * s.b[k] / s.c, &s));
    }
    clade_tensor_free(&out);
    drawn_free(&d);
}

START_TEST(qlinear_conv) {
    for (uint32_t seed = 0; seed < 6; seed++)
        run_qlinear_conv(_i == 0 ? "rows" : "reference", seed);
}
END_TEST

/* ---- matrix product -----------------------------------------------------------------------------------------------
 */

START_TEST(qlinear_matmul) {
    const int64_t m = 5, n = 8, k = 70;
    for (uint32_t seed = 0; seed < 4; seed++) {
        drawn d;
        scaling s;
        clade_tensor out;
        drawn_begin(&d, "QLinearMatMul", seed);
        const bool each = seed % 2 == 0;
        draw_scaling(&d, &s, false, true, false);
        const clade_tensor *a = drawn_input(&d, CLADE_UINT8, 3, (int64_t[]){ 2, m, k }, false);
        given(&d, CLADE_FLOAT32, 0, &s.a, NULL);
        given(&d, CLADE_UINT8, 0, NULL, &s.a_zero);
        const clade_tensor *b = drawn_input(&d, CLADE_INT8, 2, (int64_t[]){ k, n }, true);
        given(&d, CLADE_FLOAT32, each ? n : 0, s.b, NULL);
        given(&d, CLADE_INT8, each ? n : 0, NULL, s.b_zero);
        given(&d, CLADE_FLOAT32, 0, &s.c, NULL);
        given(&d, CLADE_UINT8, 0, NULL, &s.c_zero);
        ck_assert(drawn_run(&d, NULL, CLADE_UINT8, &out));
        ck_assert_int_eq(clade_tensor_count(&out), 2 * m * n);
        for (int64_t i = 0; i < 2 * m * n; i++) {
            const int64_t j = i % n, q = each ? j : 0;
            int64_t sum = 0;
            for (int64_t t = 0; t < k; t++)
                sum += (byte_at(a, i / n * k + t) - s.a_zero) * (byte_at(b, t * n + j) - s.b_zero[q]);
            ck_assert_int_eq(byte_at(&out, i), scaled(sum, s.a * s.b[q] / s.c, &s));
        }
        clade_tensor_free(&out);
        drawn_free(&d);
    }
}
END_TEST

/* ---- to integers and back -----------------------------------------------------------------------------------------
 */

/* Halves go to the even neighbour; what does not fit saturates. */
START_TEST(quantize) {
    static float x[] = { 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 300, -300, 1e30f, -1e30f, INFINITY, -INFINITY, 126.6f };
    static const uint8_t want[] = { 10, 12, 12, 10, 8, 255, 0, 255, 0, 255, 0, 137 };
    const clade_tensor in = { CLADE_FLOAT32, 1, { 12 }, x, sizeof x };
    static float one = 1;
    static uint8_t ten = 10;
    const clade_tensor scale = { CLADE_FLOAT32, 0, { 0 }, &one, sizeof one }, zero = { CLADE_UINT8, 0, { 0 }, &ten, 1 };
    node_test test;
    clade_tensor out;
    node_begin(&test, "QuantizeLinear");
    node_input(&test, &in, _i == 1); /* constant: on the host */
    node_input(&test, &scale, true);
    node_input(&test, &zero, true);
    node_output(&test, CLADE_UINT8);
    node_run(&test, NULL, &out);
    ck_assert_mem_eq(out.data, want, sizeof want);
    clade_tensor_free(&out);
}
END_TEST

/* One scale for each index of axis 1. */
START_TEST(dequantize_along_an_axis) {
    static int8_t x[] = { -128, 127, 1, 2, 3, 4, 5, 6 }, zeros[] = { 0, 1 };
    static float scales[] = { 0.5f, 2 };
    static const float want[] = { -64, 63.5f, 0, 2, 1.5f, 2, 8, 10 };
    const clade_tensor in = { CLADE_INT8, 3, { 2, 2, 2 }, x, sizeof x };
    const clade_tensor scale = { CLADE_FLOAT32, 1, { 2 }, scales, sizeof scales };
    const clade_tensor zero = { CLADE_INT8, 1, { 2 }, zeros, sizeof zeros };
    node_test test;
    clade_tensor out;
    node_begin(&test, "DequantizeLinear");
    wire_attr_int(&test.attributes, "axis", 1);
    node_input(&test, &in, _i == 1); /* constant: on the host */
    node_input(&test, &scale, true);
    node_input(&test, &zero, true);
    node_output(&test, CLADE_FLOAT32);
    node_run(&test, NULL, &out);
    ck_assert_mem_eq(out.data, want, sizeof want);
    clade_tensor_free(&out);
}
END_TEST

Suite *suite_op_quantised(void);
Suite *suite_op_quantised(void) {
    Suite *suite = suite_create("op/quantised");
    TCase *tcase = tcase_create("quantised");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, qlinear_conv, 0, 2);
    tcase_add_test(tcase, qlinear_matmul);
    tcase_add_loop_test(tcase, quantize, 0, 2);
    tcase_add_loop_test(tcase, dequantize_along_an_axis, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
