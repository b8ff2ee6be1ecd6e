/* SPDX-License-Identifier: Apache-2.0 */
/* RNN, GRU and LSTM on the device against the reference in double: every option, every row, shapes that fill no vector
 * and no tile; and what must be refused.
 */
#include <strings.h>

#include "op/rig.h"
#include "ref/rnn.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

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
    { "LSTM=resident", REF_LSTM, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0 | C0 | PEEP },
    { "LSTM=resident(slices 4)", REF_LSTM, 5, 2, 6, 35, "reverse", .given = BIAS, .coupled = true, .clip = 0.4f },
    { "LSTM=resident(slices 2)", REF_LSTM, 5, 2, 6, 9, "forward", .given = VARIABLE | NO_Y, .batch_first = true },
    { "GRU=resident", REF_GRU, 5, 7, 6, 35, "bidirectional", .given = BIAS | LENS | H0, .linear_before_reset = true },
    { "GRU=resident(slices 1)", REF_GRU, 4, 2, 3, 1, "forward", .given = H0, .linear_before_reset = true },
    { "RNN=resident", REF_RNN, 5, 3, 6, 35, "bidirectional", .given = BIAS | LENS | H0 },
    { "LSTM=resident", REF_LSTM, 5, 3, 6, 18, "bidirectional", .given = BIAS | LENS | C0, .dtype = CLADE_FLOAT64 },
    { "LSTM=resident", REF_LSTM, 5, 3, 6, 18, "forward", .given = BIAS | C0, .dtype = CLADE_FLOAT16 },
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

static void set_attributes(const example *e, const ref_rnn *n, op_node *to) {
    int count = cells[e->cell].activations * n->directions, alphas = 0, betas = 0;
    op_attr(&rig, to, OP_INT("hidden_size", e->hidden));
    op_attr(&rig, to, OP_TEXT("direction", e->direction));
    if (e->batch_first)
        op_attr(&rig, to, OP_INT("layout", 1));
    if (e->coupled)
        op_attr(&rig, to, OP_INT("input_forget", 1));
    if (e->linear_before_reset)
        op_attr(&rig, to, OP_INT("linear_before_reset", 1));
    if (e->clip > 0)
        op_attr(&rig, to, OP_FLOAT("clip", e->clip));
    while (alphas < 6 && e->alpha[alphas] != 0)
        alphas++;
    while (betas < 6 && e->beta[betas] != 0)
        betas++;
    if (e->activations[0])
        op_attr(&rig, to, OP_TEXTS("activations", count, e->activations));
    if (alphas)
        op_attr(&rig, to, OP_FLOATS("activation_alpha", alphas, e->alpha));
    if (betas)
        op_attr(&rig, to, OP_FLOATS("activation_beta", betas, e->beta));
}

static double *zeros(int64_t count) {
    double *data = cld_arena_calloc(rig.graph->arena, (size_t)count + 1, sizeof *data);
    ck_assert_ptr_nonnull(data);
    return data;
}

static const double *widen(const clade_tensor *tensor) {
    double *data = zeros(clade_tensor_count(tensor));
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        data[i] = cld_tensor_get(tensor, i);
    return data;
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
        cld_type type;
        const double **to;
    } inputs[8] = {
        { true, false, { dtype, 3, { e->batch_first ? b : e->steps, e->batch_first ? e->steps : b, e->input } }, &n.x },
        { true, true, { dtype, 3, { d, g * h, e->input } }, &n.w },
        { true, true, { dtype, 3, { d, g * h, h } }, &n.r },
        { e->given & BIAS, true, { dtype, 2, { d, 2 * g * h } }, &n.b },
        { e->given & LENS, false, { CLADE_INT32, 1, { b } }, NULL },
        { e->given & H0, false, { dtype, 3, { state[0], state[1], state[2] } }, &n.h_0 },
        { e->given & C0, false, { dtype, 3, { state[0], state[1], state[2] } }, &n.c_0 },
        { e->given & PEEP, true, { dtype, 2, { d, 3 * h } }, &n.p },
    };
    const int n_out = e->cell == REF_LSTM ? 3 : 2;
    op_node node = { .type = cells[e->cell].name, .n_out = n_out };
    node.unread = (e->given & NO_Y ? 1u : 0) | (e->given & NO_Y_H ? 2u : 0);
    int32_t lens[64];
    set_attributes(e, &n, &node);
    for (int k = 0; k < cells[e->cell].inputs; k++) {
        clade_tensor *tensor = NULL;
        if (inputs[k].given)
            tensor = op_reals(&rig, &inputs[k].type, k == 0 ? 1.5 : 0.6);
        if (inputs[k].given && inputs[k].to) {
            *inputs[k].to = widen(tensor);
        } else if (inputs[k].given) {
            for (int64_t i = 0; i < b; i++) /* from a full sequence down to an empty one */
                cld_tensor_set_int(tensor, i, lens[i] = (int32_t)(e->steps - i % (e->steps + 1)));
            n.lens = lens;
        }
        op_in(&node, tensor, inputs[k].weight && !(e->given & VARIABLE));
    }
    double *want[3];
    const clade_tensor *out[3];
    for (int k = 0; k < 3; k++)
        want[k] = zeros(d * b * h * (k ? 1 : e->steps));
    ref_rnn_run(&n, want[0], want[1], want[2]);
    for (int k = 0; k < n_out; k++) {
        const cld_type states = { CLADE_FLOAT64, 3, { state[0], state[1], state[2] } },
                       first = { CLADE_FLOAT64, 4, { b, e->steps, d, h } },
                       all = { CLADE_FLOAT64, 4, { e->steps, d, b, h } };
        out[k] = op_given(&rig, k ? &states : e->batch_first ? &first : &all, want[k]);
    }
    rig.atol = dtype == CLADE_FLOAT16 ? 4e-3 : dtype == CLADE_FLOAT64 ? 1e-12 : 4e-6;
    rig.prefer = e->prefer;
    op_add_want(&rig, &node, out);
    op_run(&rig);
    if (e->prefer)
        op_took(&rig, 1);
}
END_TEST

/* A sound LSTM of 2 steps, batch 3, input 4, hidden 5, but for what `spoil` does. */
static void refused(const char *type, void (*spoil)(op_node *, int64_t dims[3][3]), clade_status status,
                    const char *part) {
    int64_t dims[3][3] = { { 2, 3, 4 }, { 1, 20, 4 }, { 1, 20, 5 } };
    op_node node = { .type = type };
    spoil(&node, dims);
    for (int k = 0; k < 3; k++) {
        const cld_type in = { CLADE_FLOAT32, 3, { dims[k][0], dims[k][1], dims[k][2] } };
        op_in(&node, op_reals(&rig, &in, 1), k > 0);
    }
    op_refused(&rig, &node, status, part);
}

static void odd_weights(op_node *to, int64_t dims[3][3]) { (void)to, dims[1][2] = 6; }
static void odd_hidden(op_node *to, int64_t dims[3][3]) { (void)dims, op_attr(&rig, to, OP_INT("hidden_size", 7)); }
static void odd_direction(op_node *to, int64_t dims[3][3]) {
    (void)dims, op_attr(&rig, to, OP_TEXT("direction", "sideways"));
}
static void two_ways(op_node *to, int64_t dims[3][3]) {
    (void)dims, op_attr(&rig, to, OP_TEXT("direction", "bidirectional"));
}
static void no_clip(op_node *to, int64_t dims[3][3]) { (void)dims, op_attr(&rig, to, OP_FLOAT("clip", -1)); }
static void few(op_node *to, int64_t dims[3][3]) {
    static const char *const names[] = { "Tanh" };
    (void)dims, op_attr(&rig, to, OP_TEXTS("activations", 1, names));
}
static void unknown(op_node *to, int64_t dims[3][3]) {
    static const char *const names[] = { "Tanh", "Gauss", "Tanh" };
    (void)dims, op_attr(&rig, to, OP_TEXTS("activations", 3, names));
}
static void no_alpha(op_node *to, int64_t dims[3][3]) {
    static const char *const names[] = { "Tanh", "ScaledTanh", "Tanh" };
    (void)dims, op_attr(&rig, to, OP_TEXTS("activations", 3, names));
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
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, against_reference, 0, CLD_COUNT(examples));
    tcase_add_test(tcase, refusals);
    suite_add_tcase(suite, tcase);
    return suite;
}
