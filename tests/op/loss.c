/* SPDX-License-Identifier: Apache-2.0 */
/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss on the device against their definition in double: every
 * reduction, weights, ignored targets (also with infinite log-probabilities there), both dtypes of targets; refusals.
 */
#include <math.h>

#include "op/rig.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.atol = 2e-5;
}
static void teardown(void) { op_end(&rig); }

enum { N = 4, C = 5, D = 3, IGNORED = -7 };

static const struct {
    const char *reduction;                  /* NULL: the default, mean */
    bool entropy, weighted, ignoring, wide; /* wide: int64 targets */
} examples[] = {
    { NULL, false, false, false, true },   { "mean", false, true, true, false }, { "sum", false, true, false, true },
    { "none", false, false, true, false }, { "mean", false, false, true, true }, { NULL, true, false, false, false },
    { "mean", true, true, true, true },    { "sum", true, false, true, false },  { "none", true, true, false, true },
};

static const cld_type x_type = { CLADE_FLOAT32, 3, { N, C, D } }, each_type = { CLADE_FLOAT32, 2, { N, D } };

static const clade_tensor *targets(bool wide, bool ignoring) {
    clade_tensor *out = cld_tensor_new(rig.graph->arena, &(cld_type){ wide ? CLADE_INT64 : CLADE_INT32, 2, { N, D } });
    for (int64_t i = 0; i < N * D; i++)
        cld_tensor_set_int(out, i, ignoring && i % 4 == 1 ? IGNORED : (i * 3) % C);
    return out;
}

/* The definition, from log-probabilities in double. */
static double define(const double *logp, const clade_tensor *target, const clade_tensor *weight, double *each) {
    double total = 0, weights = 0;
    for (int64_t i = 0; i < N * D; i++) {
        const int64_t c = cld_tensor_get_int(target, i);
        const double w = c == IGNORED ? 0 : weight != NULL ? cld_tensor_get(weight, c) : 1;
        each[i] = c == IGNORED ? 0 : -logp[(i / D * C + c) * D + i % D] * w;
        total += each[i];
        weights += w;
    }
    return weights != 0 ? total / weights : NAN;
}

static void log_softmax(const clade_tensor *x, double *out) {
    for (int64_t i = 0; i < N * D; i++) {
        double sum = 0;
        for (int64_t c = 0; c < C; c++)
            sum += exp(cld_tensor_get(x, (i / D * C + c) * D + i % D));
        for (int64_t c = 0; c < C; c++) {
            const int64_t at = (i / D * C + c) * D + i % D;
            out[at] = cld_tensor_get(x, at) - log(sum);
        }
    }
}

START_TEST(against_the_definition) {
    const bool entropy = examples[_i].entropy;
    const char *reduction = examples[_i].reduction != NULL ? examples[_i].reduction : "mean";
    clade_tensor *x = op_reals(&rig, &x_type, 2);
    const clade_tensor *target = targets(examples[_i].wide, examples[_i].ignoring), *weight = NULL;
    op_node node = { .type = entropy ? "SoftmaxCrossEntropyLoss" : "NegativeLogLikelihoodLoss", .n_out = 1 + entropy };
    double logp[N * C * D], each[N * D];
    for (int64_t i = 0; i < N * C * D; i++)
        logp[i] = cld_tensor_get(x, i);
    if (entropy)
        log_softmax(x, logp);
    else if (examples[_i].ignoring)
        cld_tensor_set(x, 1, -INFINITY); /* class 0 at target 1, which is ignored: it must not become NaN */
    if (examples[_i].reduction != NULL)
        op_attr(&rig, &node, OP_TEXT("reduction", reduction));
    if (examples[_i].ignoring)
        op_attr(&rig, &node, OP_INT("ignore_index", IGNORED));
    op_in(&node, x, false);
    op_in(&node, target, false);
    if (examples[_i].weighted)
        op_in(&node, weight = op_reals(&rig, &(cld_type){ CLADE_FLOAT32, 1, { C } }, 1), true);
    double mean = define(logp, target, weight, each), sum = 0;
    for (int i = 0; i < N * D; i++)
        sum += each[i];
    const clade_tensor *want[2] = { op_given(&rig, &each_type, each), op_given(&rig, &x_type, logp) };
    if (strcmp(reduction, "none") != 0)
        want[0] = op_scalar(&rig, CLADE_FLOAT32, reduction[0] == 's' ? sum : mean);
    op_add_want(&rig, &node, want);
    op_run(&rig);
}
END_TEST

START_TEST(refuses) {
    static const struct {
        int64_t target[2], classes;
        const char *reduction, *part;
        clade_status status;
    } cases[] = {
        { { N, D + 1 }, C, "mean", "the target is int64[4,4], the input float32[4,5,3]", CLADE_ERR_SHAPE },
        { { N, D },
          C + 1,
          "mean",
          "the weight is float32[6], the input float32[4,5,3] has 5 classes",
          CLADE_ERR_SHAPE },
        { { N, D }, C, "median", "reduction 'median' is not supported", CLADE_ERR_UNSUPPORTED },
    };
    const cld_type target = { CLADE_INT64, 2, { cases[_i].target[0], cases[_i].target[1] } };
    op_node node = { .type = "NegativeLogLikelihoodLoss",
                     .attr = &OP_TEXT("reduction", cases[_i].reduction),
                     .n_attr = 1 };
    op_in(&node, op_reals(&rig, &x_type, 2), false);
    op_in(&node, op_tensor(&rig, &target), false);
    op_in(&node, op_reals(&rig, &(cld_type){ CLADE_FLOAT32, 1, { cases[_i].classes } }, 1), false);
    op_refused(&rig, &node, cases[_i].status, cases[_i].part);
}
END_TEST

Suite *suite_op_loss(void);
Suite *suite_op_loss(void) {
    Suite *suite = suite_create("op/loss");
    TCase *tcase = tcase_create("loss");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, against_the_definition, 0, CLD_COUNT(examples));
    tcase_add_loop_test(tcase, refuses, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
