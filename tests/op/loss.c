/* SPDX-License-Identifier: Apache-2.0 */
/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss on the device against their definition in double: every
 * reduction, weights, ignored targets (also with infinite log-probabilities there), both dtypes of targets; refusals.
 */
#include <math.h>

#include "node.h"
#include "test.h"

enum { N = 4, C = 5, D = 3, IGNORED = -7 };

static const struct {
    const char *reduction;                  /* NULL: the default, mean */
    bool entropy, weighted, ignoring, wide; /* wide: int64 targets */
} examples[] = {
    { NULL, false, false, false, true },   { "mean", false, true, true, false }, { "sum", false, true, false, true },
    { "none", false, false, true, false }, { "mean", false, false, true, true }, { NULL, true, false, false, false },
    { "mean", true, true, true, true },    { "sum", true, false, true, false },  { "none", true, true, false, true },
};

static clade_tensor targets(bool wide, bool ignoring) {
    clade_tensor out;
    clade_error err;
    ck_ok(clade_tensor_alloc(&out, wide ? CLADE_INT64 : CLADE_INT32, 2, (int64_t[]){ N, D }, &err), err);
    for (int64_t i = 0; i < N * D; i++)
        cld_tensor_set_int(&out, i, ignoring && i % 4 == 1 ? IGNORED : (i * 3) % C);
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
    clade_tensor x = node_random(CLADE_FLOAT32, 3, (int64_t[]){ N, C, D }, 3, 2), out[2] = { { 0 } };
    clade_tensor weight = node_random(CLADE_FLOAT32, 1, (int64_t[]){ C }, 4, 1);
    clade_tensor target = targets(examples[_i].wide, examples[_i].ignoring);
    double logp[N * C * D], each[N * D];
    for (int64_t i = 0; i < N * C * D; i++)
        logp[i] = cld_tensor_get(&x, i);
    if (entropy)
        log_softmax(&x, logp);
    else if (examples[_i].ignoring)
        cld_tensor_set(&x, 1, -INFINITY); /* class 0 at target 1, which is ignored: it must not become NaN */
    node_test t;
    node_begin(&t, entropy ? "SoftmaxCrossEntropyLoss" : "NegativeLogLikelihoodLoss");
    if (examples[_i].reduction != NULL)
        wire_attr_text(&t.attributes, "reduction", reduction);
    if (examples[_i].ignoring)
        wire_attr_int(&t.attributes, "ignore_index", IGNORED);
    node_input(&t, &x, false);
    node_input(&t, &target, false);
    if (examples[_i].weighted)
        node_input(&t, &weight, true);
    node_output(&t, CLADE_FLOAT32);
    if (entropy)
        node_output(&t, CLADE_FLOAT32);
    node_run(&t, NULL, out);
    const double mean = define(logp, &target, examples[_i].weighted ? &weight : NULL, each);
    double sum = 0;
    for (int i = 0; i < N * D; i++)
        sum += each[i];
    const bool none = strcmp(reduction, "none") == 0;
    ck_assert_int_eq(clade_tensor_count(&out[0]), none ? N * D : 1);
    ck_assert_int_eq(out[0].rank, none ? 2 : 0);
    for (int64_t i = 0; i < clade_tensor_count(&out[0]); i++)
        ck_assert_double_eq_tol(cld_tensor_get(&out[0], i), none ? each[i] : reduction[0] == 's' ? sum : mean, 2e-5);
    for (int64_t i = 0; entropy && i < N * C * D; i++)
        ck_assert_double_eq_tol(cld_tensor_get(&out[1], i), logp[i], 2e-5);
    clade_tensor *const all[] = { &x, &weight, &target, &out[0], &out[1] };
    for (size_t k = 0; k < CLD_COUNT(all); k++)
        clade_tensor_free(all[k]);
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
    clade_tensor x = node_random(CLADE_FLOAT32, 3, (int64_t[]){ N, C, D }, 3, 2);
    clade_tensor target = node_random(CLADE_INT64, 2, cases[_i].target, 5, 1);
    clade_tensor weight = node_random(CLADE_FLOAT32, 1, &cases[_i].classes, 4, 1);
    node_test t;
    node_begin(&t, "NegativeLogLikelihoodLoss");
    wire_attr_text(&t.attributes, "reduction", cases[_i].reduction);
    node_input(&t, &x, false);
    node_input(&t, &target, false);
    node_input(&t, &weight, false);
    node_output(&t, CLADE_FLOAT32);
    node_refused(&t, cases[_i].status, cases[_i].part);
    clade_tensor_free(&x);
    clade_tensor_free(&target);
    clade_tensor_free(&weight);
}
END_TEST

Suite *suite_op_loss(void);
Suite *suite_op_loss(void) {
    Suite *suite = suite_create("op/loss");
    TCase *tcase = tcase_create("loss");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, against_the_definition, 0, CLD_COUNT(examples));
    tcase_add_loop_test(tcase, refuses, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
