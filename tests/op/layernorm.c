/* SPDX-License-Identifier: Apache-2.0 */
/* LayerNormalization whose scale and bias broadcast in every way the standard allows, on the device, against the
 * formula in double.
 */
#include <math.h>

#include "node.h"
#include "test.h"

enum { RANK = 3 };
static const int64_t dims[RANK] = { 2, 4, 4 };

typedef struct shape {
    int32_t rank;
    int64_t dims[RANK];
} shape;

static const struct {
    int64_t axis;
    shape scale, bias; /* rank -1: no bias */
} cases[] = {
    { -1, { 1, { 4 } }, { 1, { 4 } } },          { -1, { 0, { 0 } }, { 0, { 0 } } },
    { -1, { 1, { 4 } }, { 1, { 1 } } },          { -1, { 1, { 1 } }, { 1, { 4 } } },
    { -1, { 2, { 4, 1 } }, { -1, { 0 } } },      { -1, { 2, { 4, 4 } }, { 2, { 1, 4 } } },
    { 1, { 2, { 4, 4 } }, { 1, { 4 } } },        { 1, { 1, { 4 } }, { 2, { 4, 1 } } },
    { 1, { 3, { 2, 1, 1 } }, { -1, { 0 } } },    { -1, { 3, { 2, 4, 4 } }, { 3, { 2, 4, 4 } } },
    { -1, { 3, { 1, 1, 4 } }, { 2, { 1, 4 } } }, { 0, { 1, { 4 } }, { 3, { 2, 1, 4 } } },
};

/* Element `i` of x's shape in a tensor that broadcasts to it. */
static double at(const clade_tensor *t, int64_t i) {
    int64_t place = 0, span = 1;
    for (int32_t d = RANK - 1, e = t->rank - 1; d >= 0; i /= dims[d--], e--) {
        if (e < 0)
            continue;
        place += t->dims[e] == 1 ? 0 : i % dims[d] * span;
        span *= t->dims[e];
    }
    return cld_tensor_get(t, place);
}

static void normalise(const clade_tensor *x, int64_t axis, double *mean, double *inv, int64_t *n) {
    *n = 1;
    for (int64_t d = axis < 0 ? axis + RANK : axis; d < RANK; d++)
        *n *= dims[d];
    for (int64_t line = 0; line < clade_tensor_count(x) / *n; line++) {
        double sum = 0, squares = 0;
        for (int64_t c = 0; c < *n; c++)
            sum += cld_tensor_get(x, line * *n + c);
        mean[line] = sum / (double)*n;
        for (int64_t c = 0; c < *n; c++)
            squares += pow(cld_tensor_get(x, line * *n + c) - mean[line], 2);
        inv[line] = 1 / sqrt(squares / (double)*n + 1e-5);
    }
}

static bool close_to(double got, double want) { return fabs(got - want) <= 1e-4 + 1e-4 * fabs(want); }

START_TEST(scale_and_bias_broadcast) {
    const shape *s = &cases[_i].scale, *b = &cases[_i].bias;
    clade_tensor out[3], x = node_random(CLADE_FLOAT32, RANK, dims, 1, 2);
    clade_tensor scale = node_random(CLADE_FLOAT32, s->rank, s->dims, 2, 2), bias = { .dtype = CLADE_NONE };
    node_test t;
    node_begin(&t, "LayerNormalization");
    wire_attr_int(&t.attributes, "axis", cases[_i].axis);
    node_input(&t, &x, false);
    node_input(&t, &scale, false);
    if (b->rank >= 0) {
        bias = node_random(CLADE_FLOAT32, b->rank, b->dims, 3, 2);
        node_input(&t, &bias, false);
    }
    for (int k = 0; k < 3; k++)
        node_output(&t, CLADE_FLOAT32);
    node_run(&t, NULL, out);
    double mean[32], inv[32];
    int64_t n;
    normalise(&x, cases[_i].axis, mean, inv, &n);
    for (int64_t i = 0; i < clade_tensor_count(&x); i++) {
        double want = (cld_tensor_get(&x, i) - mean[i / n]) * inv[i / n] * at(&scale, i);
        want += b->rank >= 0 ? at(&bias, i) : 0;
        ck_assert_msg(close_to(cld_tensor_get(&out[0], i), want), "case %d, element %lld: %g, want %g", _i,
                      (long long)i, cld_tensor_get(&out[0], i), want);
        ck_assert(close_to(cld_tensor_get(&out[1], i / n), mean[i / n]));
        ck_assert(close_to(cld_tensor_get(&out[2], i / n), inv[i / n]));
    }
    for (int k = 0; k < 3; k++)
        clade_tensor_free(&out[k]);
    clade_tensor_free(&x);
    clade_tensor_free(&scale);
    clade_tensor_free(&bias);
}
END_TEST

Suite *suite_op_layernorm(void);
Suite *suite_op_layernorm(void) {
    Suite *suite = suite_create("op/layernorm");
    TCase *tcase = tcase_create("op/layernorm");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, scale_and_bias_broadcast, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tcase);
    return suite;
}
