/* SPDX-License-Identifier: Apache-2.0 */
/* RNN, GRU and LSTM on the device against the reference in double: every option, every row, shapes that fill no vector
 * and no tile; and what must be refused.
 */
#include <math.h>
#include <stdlib.h>

#include "node.h"
#include "ref/rnn.h"
#include "test.h"

enum { BIAS = 1, LENS = 2, H0 = 4, C0 = 8, PEEP = 16, VARIABLE = 32, NO_Y = 64, NO_Y_H = 128 };

typedef struct example {
    const char *prefer; /* row; NULL: the first that suits */
    ref_cell cell;
    int64_t steps, batch, input, hidden;
    const char *direction;
    int given; /* optional inputs; VARIABLE: weights are inputs of the graph; outputs that are not wanted */
    bool batch_first, coupled, linear_before_reset;
    float clip;
    const char *activations[6]; /* none: the defaults */
    float alpha[6], beta[6];    /* in the order ONNX deals them out */
    clade_dtype dtype;          /* 0: float32 */
} example;

static const example examples[] = {
    { NULL, REF_LSTM, 7, 9, 12, 24, "forward", .given = BIAS },
    { NULL, REF_LSTM, 1, 1, 1, 1, "forward", .given = 0 },
    { NULL, REF_LSTM, 5, 3, 6, 17, "bidirectional", .given = BIAS | LENS | H0 | C0 | PEEP, .batch_first = true },
    { NULL, REF_LSTM, 6, 5, 4, 33, "reverse", .given = BIAS | LENS | C0 | VARIABLE | NO_Y, .clip = 0.4f },
    { NULL, REF_LSTM, 4, 2, 3, 16, "forward", .given = H0 | PEEP | NO_Y_H, .coupled = true },
    { NULL, REF_LSTM, 4, 2, 3, 20, "bidirectional", .given = BIAS,
      .activations = { "HardSigmoid", "softsign", "ScaledTanh", "Sigmoid", "Elu", "Affine" },
      .alpha = { 0.3f, 1.1f, 0.7f, 0.9f }, .beta = { 0.4f, 0.8f, 0.1f } },
    { NULL, REF_GRU, 7, 9, 12, 24, "forward", .given = BIAS },
    { NULL, REF_GRU, 5, 4, 6, 19, "bidirectional", .given = BIAS | LENS | H0, .linear_before_reset = true },
    { NULL, REF_GRU, 5, 1, 6, 16, "reverse", .given = LENS | VARIABLE, .clip = 0.5f,
      .activations = { "Softplus", "LeakyRelu" } },
    { NULL, REF_RNN, 9, 11, 5, 21, "bidirectional", .given = BIAS | LENS | H0 },
    { NULL, REF_RNN, 3, 2, 5, 40, "forward", .given = 0, .batch_first = true, .activations = { "Relu" } },
    { NULL, REF_RNN, 3, 2, 5, 8, "reverse", .given = BIAS, .activations = { "ThresholdedRelu" }, .alpha = { 0.2f } },
    { "LSTM=groups", REF_LSTM, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 | C0 | PEEP },
    { "GRU=groups", REF_GRU, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 },
    { "GRU=groups", REF_GRU, 5, 7, 6, 35, "forward", .given = BIAS, .linear_before_reset = true },
    { "GRU=groups(mr 3, group 33)", REF_GRU, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 },
    { "GRU=panels(mr 3)", REF_GRU, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 },
    { "LSTM=panels(mr 1) > tiles", REF_LSTM, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 | C0 | PEEP },
    { "LSTM=reference", REF_LSTM, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 | C0 | PEEP },
    { "GRU=reference", REF_GRU, 5, 3, 6, 35, "reverse", .given = BIAS | LENS | H0 },
    { NULL, REF_LSTM, 5, 3, 6, 18, "bidirectional", .given = BIAS | LENS | C0, .dtype = CLADE_FLOAT64 },
    { NULL, REF_GRU, 5, 3, 6, 18, "forward", .given = BIAS, .dtype = CLADE_FLOAT16 },
};

static const struct {
    const char *name;
    int gates, activations, inputs;
    const char *defaults[3];
} cells[] = { [REF_RNN] = { "RNN", 1, 1, 6, { "Tanh" } },
              [REF_GRU] = { "GRU", 3, 2, 6, { "Sigmoid", "Tanh" } },
              [REF_LSTM] = { "LSTM", 4, 3, 8, { "Sigmoid", "Tanh", "Tanh" } } };

static bool named(const char *name, const char *const *list) {
    for (; *list; list++)
        if (!strcasecmp(name, *list))
            return true;
    return false;
}

/* Deals alphas and betas out, and gives the reference the names as it spells them. */
static void choose_activations(const example *e, ref_rnn *n) {
    static const char *const alphas[] = { "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid",
                                          "Elu",    NULL };
    static const char *const betas[] = { "Affine", "ScaledTanh", "HardSigmoid", NULL };
    const int each = cells[e->cell].activations;
    int a = 0, b = 0;
    for (int i = 0; i < each * n->directions; i++) {
        const char *name = e->activations[0] ? e->activations[i] : cells[e->cell].defaults[i % each];
        ref_activation *to = &n->activation[i / each][i % each];
        to->name = strcmp(name, "softsign") ? name : "Softsign";
        to->alpha = !named(name, alphas) ? 0
                    : e->alpha[0] != 0   ? (double)e->alpha[a++]
                                         : (double)0.01f; /* LeakyRelu's */
        to->beta = named(name, betas) ? (double)e->beta[b++] : 0;
    }
}

static void set_attributes(const example *e, const ref_rnn *n, wire *to) {
    int count = cells[e->cell].activations * n->directions, alphas = 0, betas = 0;
    wire_attr_int(to, "hidden_size", e->hidden);
    wire_attr_text(to, "direction", e->direction);
    if (e->batch_first)
        wire_attr_int(to, "layout", 1);
    if (e->coupled)
        wire_attr_int(to, "input_forget", 1);
    if (e->linear_before_reset)
        wire_attr_int(to, "linear_before_reset", 1);
    if (e->clip > 0)
        wire_attr_float(to, "clip", e->clip);
    while (alphas < 6 && e->alpha[alphas] != 0)
        alphas++;
    while (betas < 6 && e->beta[betas] != 0)
        betas++;
    if (e->activations[0])
        wire_attr_texts(to, "activations", count, e->activations);
    if (alphas)
        wire_attr_floats(to, "activation_alpha", alphas, e->alpha);
    if (betas)
        wire_attr_floats(to, "activation_beta", betas, e->beta);
}

static double *widen(const clade_tensor *tensor) {
    int64_t count = clade_tensor_count(tensor);
    double *data = calloc((size_t)count + 1, sizeof *data);
    for (int64_t i = 0; i < count; i++)
        data[i] = cld_tensor_get(tensor, i);
    return data;
}

static void check(const clade_tensor *got, const double *want, double tolerance) {
    for (int64_t i = 0; got->data && i < clade_tensor_count(got); i++) {
        double value = cld_tensor_get(got, i);
        ck_assert_msg(
            fabs(value - want[i]) <= tolerance, "element %lld of %s is %.9g, not %.9g", (long long)i,
            CLD_TYPE_TEXT((&(cld_type){ got->dtype, got->rank, { got->dims[0], got->dims[1], got->dims[2] } })), value,
            want[i]);
    }
}

START_TEST(against_reference) {
    const example *e = &examples[_i];
    const clade_dtype dtype = e->dtype ? e->dtype : CLADE_FLOAT32;
    const int64_t d = strcmp(e->direction, "bidirectional") ? 1 : 2, g = cells[e->cell].gates, h = e->hidden,
                  b = e->batch;
    const int64_t state[3] = { e->batch_first ? b : d, e->batch_first ? d : b, h };
    ref_rnn n = { .cell = e->cell,
                  .steps = e->steps,
                  .batch = b,
                  .input = e->input,
                  .hidden = h,
                  .directions = (int)d,
                  .reverse = d == 2 ? 2u : strcmp(e->direction, "reverse") == 0,
                  .batch_first = e->batch_first,
                  .coupled = e->coupled,
                  .linear_before_reset = e->linear_before_reset,
                  .clip = (double)e->clip };
    choose_activations(e, &n);

    const struct {
        bool given, weight;
        int32_t rank;
        int64_t dims[3];
        const double **to;
    } inputs[8] = {
        { true, false, 3, { e->batch_first ? b : e->steps, e->batch_first ? e->steps : b, e->input }, &n.x },
        { true, true, 3, { d, g * h, e->input }, &n.w },
        { true, true, 3, { d, g * h, h }, &n.r },
        { e->given & BIAS, true, 2, { d, 2 * g * h }, &n.b },
        { e->given & LENS, false, 1, { b }, NULL },
        { e->given & H0, false, 3, { state[0], state[1], state[2] }, &n.h_0 },
        { e->given & C0, false, 3, { state[0], state[1], state[2] }, &n.c_0 },
        { e->given & PEEP, true, 2, { d, 3 * h }, &n.p },
    };
    node_test test;
    clade_tensor tensors[8] = { 0 }, out[3] = { 0 };
    int32_t lens[64];
    node_begin(&test, cells[e->cell].name);
    set_attributes(e, &n, &test.attributes);
    for (int k = 0; k < cells[e->cell].inputs; k++) {
        if (inputs[k].given && inputs[k].to) {
            tensors[k] = node_random(dtype, inputs[k].rank, inputs[k].dims, (uint64_t)(_i * 8 + k), k == 0 ? 1.5 : 0.6);
            *inputs[k].to = widen(&tensors[k]);
        } else if (inputs[k].given) {
            clade_error err;
            ck_ok(clade_tensor_alloc(&tensors[k], CLADE_INT32, 1, &b, &err), err);
            for (int64_t i = 0; i < b; i++) /* from a full sequence down to an empty one */
                cld_tensor_set_int(&tensors[k], i, lens[i] = (int32_t)(e->steps - i % (e->steps + 1)));
            n.lens = lens;
        }
        node_input(&test, inputs[k].given ? &tensors[k] : NULL, inputs[k].weight && !(e->given & VARIABLE));
    }
    node_output(&test, e->given & NO_Y ? CLADE_NONE : dtype);
    node_output(&test, e->given & NO_Y_H ? CLADE_NONE : dtype);
    if (e->cell == REF_LSTM)
        node_output(&test, dtype);
    node_run(&test, e->prefer, out);

    double *want[3];
    for (int k = 0; k < 3; k++)
        want[k] = calloc((size_t)(d * b * h * (k ? 1 : e->steps)), sizeof **want);
    ref_rnn_run(&n, want[0], want[1], want[2]);
    for (int k = 0; k < 3; k++) {
        check(&out[k], want[k], dtype == CLADE_FLOAT16 ? 4e-3 : dtype == CLADE_FLOAT64 ? 1e-12 : 4e-6);
        if (out[k].data)
            ck_assert_int_eq(clade_tensor_count(&out[k]), d * b * h * (k ? 1 : e->steps));
        clade_tensor_free(&out[k]);
        free(want[k]);
    }
    for (int k = 0; k < 8; k++) {
        clade_tensor_free(&tensors[k]);
        if (inputs[k].to)
            free((void *)*inputs[k].to);
    }
}
END_TEST

/* A sound LSTM of 2 steps, batch 3, input 4, hidden 5, but for what `spoil` does. */
static void refused(const char *type, void (*spoil)(wire *, int64_t dims[3][3]), clade_status status,
                    const char *part) {
    int64_t dims[3][3] = { { 2, 3, 4 }, { 1, 20, 4 }, { 1, 20, 5 } };
    node_test test;
    clade_tensor tensors[3];
    node_begin(&test, type);
    spoil(&test.attributes, dims);
    for (int k = 0; k < 3; k++) {
        tensors[k] = node_random(CLADE_FLOAT32, 3, dims[k], (uint64_t)k, 1);
        node_input(&test, &tensors[k], k > 0);
    }
    node_output(&test, CLADE_FLOAT32);
    node_refused(&test, status, part);
    for (int k = 0; k < 3; k++)
        clade_tensor_free(&tensors[k]);
}

static void odd_weights(wire *to, int64_t dims[3][3]) { (void)to, dims[1][2] = 6; }
static void odd_hidden(wire *to, int64_t dims[3][3]) { (void)dims, wire_attr_int(to, "hidden_size", 7); }
static void odd_direction(wire *to, int64_t dims[3][3]) { (void)dims, wire_attr_text(to, "direction", "sideways"); }
static void two_ways(wire *to, int64_t dims[3][3]) { (void)dims, wire_attr_text(to, "direction", "bidirectional"); }
static void no_clip(wire *to, int64_t dims[3][3]) { (void)dims, wire_attr_float(to, "clip", -1); }
static void few(wire *to, int64_t dims[3][3]) {
    (void)dims, wire_attr_texts(to, "activations", 1, (const char *[]){ "Tanh" });
}
static void unknown(wire *to, int64_t dims[3][3]) {
    (void)dims, wire_attr_texts(to, "activations", 3, (const char *[]){ "Tanh", "Gauss", "Tanh" });
}
static void no_alpha(wire *to, int64_t dims[3][3]) {
    (void)dims, wire_attr_texts(to, "activations", 3, (const char *[]){ "Tanh", "ScaledTanh", "Tanh" });
}

START_TEST(refusals) {
    refused("LSTM", odd_weights, CLADE_ERR_SHAPE, "input 1 is float32[1,20,6], it must be float32[1,20,4]");
    refused("GRU", odd_hidden, CLADE_ERR_SHAPE, "hidden_size is 7");
    refused("LSTM", odd_direction, CLADE_ERR_GRAPH, "sideways");
    refused("LSTM", two_ways, CLADE_ERR_SHAPE, "must be float32[2,20,4]");
    refused("LSTM", no_clip, CLADE_ERR_GRAPH, "clip is -1");
    refused("LSTM", few, CLADE_ERR_GRAPH, "activations has 1 entries, 3");
    refused("LSTM", unknown, CLADE_ERR_UNSUPPORTED, "Gauss");
    refused("LSTM", no_alpha, CLADE_ERR_GRAPH, "ScaledTanh has no default activation_alpha");
}
END_TEST

Suite *suite_op_rnn(void);
Suite *suite_op_rnn(void) {
    Suite *suite = suite_create("op_rnn");
    TCase *tcase = tcase_create("rnn");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, against_reference, 0, CLD_COUNT(examples));
    tcase_add_test(tcase, refusals);
    suite_add_tcase(suite, tcase);
    return suite;
}
