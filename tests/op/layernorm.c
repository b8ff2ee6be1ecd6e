/* SPDX-License-Identifier: Apache-2.0 */
/* LayerNormalization whose scale and bias broadcast in every way the standard allows, on the device, against the
 * formula in double.
 */
#include <math.h>

#include "op/rig.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.rtol = rig.atol = 1e-4;
}
static void teardown(void) { op_end(&rig); }

enum { RANK = 3 };
static const int64_t dims[RANK] = { 2, 4, 4 };
static const cld_type x_type = { CLADE_FLOAT32, RANK, { 2, 4, 4 } };

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

static const clade_tensor *random_of(const shape *s) {
    cld_type type = { CLADE_FLOAT32, s->rank, { 0 } };
    memcpy(type.dims, s->dims, sizeof s->dims);
    return op_reals(&rig, &type, 2);
}

START_TEST(scale_and_bias_broadcast) {
    const bool biased = cases[_i].bias.rank >= 0;
    op_node node = { .type = "LayerNormalization", .attr = &OP_INT("axis", cases[_i].axis), .n_attr = 1, .n_out = 3 };
    op_in(&node, op_reals(&rig, &x_type, 2), false);
    op_in(&node, random_of(&cases[_i].scale), false);
    if (biased)
        op_in(&node, random_of(&cases[_i].bias), false);
    double mean[32], inv[32], y[32];
    int64_t n;
    normalise(node.in[0], cases[_i].axis, mean, inv, &n);
    for (int64_t i = 0; i < cld_type_count(&x_type); i++)
        y[i] = (cld_tensor_get(node.in[0], i) - mean[i / n]) * inv[i / n] * at(node.in[1], i) +
               (biased ? at(node.in[2], i) : 0);
    cld_type stats = x_type;
    for (int64_t d = cases[_i].axis < 0 ? cases[_i].axis + RANK : cases[_i].axis; d < RANK; d++)
        stats.dims[d] = 1;
    op_add_want(&rig, &node,
                (const clade_tensor *[]){ op_given(&rig, &x_type, y), op_given(&rig, &stats, mean),
                                          op_given(&rig, &stats, inv) });
    op_run(&rig);
}
END_TEST

Suite *suite_op_layernorm(void);
Suite *suite_op_layernorm(void) {
    Suite *suite = suite_create("op/layernorm");
    TCase *tcase = tcase_create("op/layernorm");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, scale_and_bias_broadcast, 0, CLD_COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
