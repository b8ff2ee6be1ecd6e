/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization folded: the new weights and bias against the formula for every layout, and every case in which the
 * graph must stay as it is.
 */
#include <math.h>
#include <stdio.h>

#include "pass/pass.h"
#include "test.h"

static const cld_type unknown = { CLADE_NONE, -1, { 0 } };

/* One graph: x -> linear(w, b) -> BatchNormalization -> y, with the pieces a test may change. */
typedef struct sample {
    cld_graph *graph;
    cld_node *linear, *norm;
    cld_value_id x, w, hidden, y;
    double scale[8], shift[8], mean[8], variance[8], bias[8];
    int64_t channels;
} sample;

static cld_value_id constant(cld_graph *graph, clade_dtype dtype, int32_t rank, const int64_t *dims, double first,
                             double step, double *copy) {
    cld_type type = { .dtype = dtype, .rank = rank };
    for (int32_t i = 0; i < rank; i++)
        type.dims[i] = dims[i];
    clade_tensor *tensor = cld_tensor_new(graph->arena, &type);
    ck_assert_ptr_nonnull(tensor);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++) {
        cld_tensor_set(tensor, i, first + step * (double)i);
        if (copy != NULL)
            copy[i] = cld_tensor_get(tensor, i);
    }
    return cld_graph_constant(graph, NULL, tensor);
}

static sample make(const char *type, clade_dtype dtype, int32_t rank, const int64_t *dims, int64_t channels,
                   bool with_bias, cld_attr *attrs, int32_t n_attrs) {
    sample s = { .graph = cld_graph_new(NULL, "g"), .channels = channels };
    s.x = cld_graph_input(s.graph, "x", &unknown);
    s.w = constant(s.graph, dtype, rank, dims, -1, .25, NULL);
    s.hidden = cld_graph_value(s.graph, "hidden", &unknown);
    s.y = cld_graph_value(s.graph, "y", &unknown);
    cld_value_id in[] = { s.x, s.w, CLD_ABSENT };
    if (with_bias)
        in[2] = constant(s.graph, dtype, 1, &channels, .5, 1, s.bias);
    cld_node linear = { .name = "linear",
                        .type = type,
                        .opset = 15,
                        .n_in = with_bias ? 3 : 2,
                        .n_out = 1,
                        .n_attr = n_attrs,
                        .in = in,
                        .out = &s.hidden,
                        .attr = attrs };
    cld_value_id norm_in[] = {
        s.hidden,
        constant(s.graph, dtype, 1, &channels, 1, .5, s.scale),
        constant(s.graph, dtype, 1, &channels, -1, .125, s.shift),
        constant(s.graph, dtype, 1, &channels, 2, -.5, s.mean),
        constant(s.graph, dtype, 1, &channels, .25, 1, s.variance),
    };
    cld_attr epsilon = { .name = "epsilon", .kind = CLD_ATTR_FLOAT, .u.f = 1e-3f };
    cld_node norm = { .name = "norm",
                      .type = "BatchNormalization",
                      .opset = 15,
                      .n_in = 5,
                      .n_out = 1,
                      .n_attr = 1,
                      .in = norm_in,
                      .out = &s.y,
                      .attr = &epsilon };
    cld_graph_node(s.graph, &linear);
    s.norm = cld_graph_node(s.graph, &norm);
    s.linear = &s.graph->nodes[0];
    ck_assert(s.norm != NULL && cld_graph_output(s.graph, s.y));
    return s;
}

static double factor(const sample *s, int64_t c) { return s->scale[c] / sqrt(s->variance[c] + (double)1e-3f); }

/* channel_of(i): the output channel that element i of the weights belongs to. */
static void check_folded(sample *s, int64_t (*channel_of)(int64_t i), double tolerance) {
    clade_error err;
    const clade_tensor *old = cld_graph_at(s->graph, s->w)->constant;
    ck_ok(cld_pass_fold_batchnorm(s->graph, &err), err);
    ck_ok(cld_graph_verify(s->graph, &err), err);
    ck_assert_int_eq(s->graph->n_nodes, 1);
    const cld_node *node = &s->graph->nodes[0];
    ck_assert_int_eq(node->n_in, 3);
    ck_assert_int_eq(node->out[0].i, s->y.i);
    const clade_tensor *w = cld_graph_at(s->graph, node->in[1])->constant;
    const clade_tensor *b = cld_graph_at(s->graph, node->in[2])->constant;
    ck_assert(w != NULL && b != NULL && w != old && w->dtype == old->dtype && b->dtype == old->dtype);
    for (int64_t i = 0; i < clade_tensor_count(old); i++)
        ck_assert_double_eq_tol(cld_tensor_get(w, i), cld_tensor_get(old, i) * factor(s, channel_of(i)), tolerance);
    ck_assert(b->rank == 1 && b->dims[0] == s->channels);
    for (int64_t c = 0; c < s->channels; c++)
        ck_assert_double_eq_tol(cld_tensor_get(b, c), (s->bias[c] - s->mean[c]) * factor(s, c) + s->shift[c],
                                tolerance);
    cld_graph_free(s->graph);
}

static int64_t conv_channel(int64_t i) { return i / 6; }                       /* [3, 2, 3] */
static int64_t transpose_channel(int64_t i) { return i / 16 * 2 + i / 4 % 2; } /* [4, 2, 2, 2], 2 groups */
static int64_t gemm_channel(int64_t i) { return i % 3; }                       /* [2, 3] */
static int64_t gemm_transposed_channel(int64_t i) { return i / 2; }            /* [3, 2] */

START_TEST(conv) {
    sample s = make("Conv", CLADE_FLOAT32, 3, (int64_t[]){ 3, 2, 3 }, 3, _i != 0, NULL, 0);
    check_folded(&s, conv_channel, 1e-6);
}
END_TEST

START_TEST(conv_transpose_with_groups) {
    cld_attr group = { .name = "group", .kind = CLD_ATTR_INT, .u.i = 2 };
    sample s = make("ConvTranspose", CLADE_FLOAT64, 4, (int64_t[]){ 4, 2, 2, 2 }, 4, true, &group, 1);
    check_folded(&s, transpose_channel, 1e-15);
}
END_TEST

START_TEST(gemm) {
    cld_attr transposed = { .name = "transB", .kind = CLD_ATTR_INT, .u.i = _i };
    sample s =
        make("Gemm", CLADE_FLOAT32, 2, _i != 0 ? (int64_t[]){ 3, 2 } : (int64_t[]){ 2, 3 }, 3, true, &transposed, 1);
    check_folded(&s, _i != 0 ? gemm_transposed_channel : gemm_channel, 1e-6);
}
END_TEST

START_TEST(unused_statistics_of_old_opsets) {
    sample s = make("Conv", CLADE_FLOAT32, 3, (int64_t[]){ 3, 2, 3 }, 3, true, NULL, 0);
    cld_value_id out[5] = { s.y };
    for (int k = 1; k < 5; k++)
        out[k] = cld_graph_value(s.graph, NULL, &unknown);
    s.norm->out = out;
    s.norm->n_out = 5;
    s.norm->opset = 9;
    check_folded(&s, conv_channel, 1e-6);
}
END_TEST

/* The weights that the pass makes for `graph`, a static graph of the model that `derived` is of. */
static const clade_tensor *weights_of(const sample *s, cld_derived *derived) {
    clade_error err;
    cld_graph *graph = cld_graph_copy(s->graph); /* in the same arena */
    graph->derived = derived;
    ck_ok(cld_pass_fold_batchnorm(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, 1);
    return cld_graph_at(graph, graph->nodes[0].in[1])->constant;
}

/* What is made of the model's constants alone is made once; with a constant of one static graph it is that graph's, or
 * what is kept with the model would grow with every run. */
START_TEST(static_graphs_share_what_is_the_models) {
    for (int32_t missing = -1; missing < 5; missing++) {
        sample s = make("Conv", CLADE_FLOAT32, 3, (int64_t[]){ 3, 2, 3 }, 3, true, NULL, 0);
        cld_graph *model = cld_graph_new(NULL, "model");
        const cld_value_id ids[] = { s.w, s.norm->in[1], s.norm->in[2], s.norm->in[3], s.norm->in[4] };
        for (int32_t k = 0; k < 5; k++)
            if (k != missing)
                ck_assert(cld_present(cld_graph_constant(model, NULL, cld_graph_at(s.graph, ids[k])->constant)));
        cld_derived *derived = cld_derived_new(model);
        ck_assert_ptr_nonnull(derived);
        const clade_tensor *first = weights_of(&s, derived), *second = weights_of(&s, derived);
        ck_assert_int_eq(first == second, missing < 0);
        ck_assert_int_eq(clade_tensor_count(first), 18);
        cld_derived_free(derived);
        cld_graph_free(model);
        cld_graph_free(s.graph);
    }
}
END_TEST

START_TEST(two_in_a_row) {
    clade_error err;
    sample s = make("Conv", CLADE_FLOAT32, 3, (int64_t[]){ 3, 2, 3 }, 3, true, NULL, 0);
    cld_value_id in[5], z = cld_graph_value(s.graph, "z", &unknown);
    memcpy(in, s.norm->in, sizeof in);
    in[0] = s.y;
    cld_node again = *s.norm;
    again.in = in;
    again.out = &z;
    cld_graph_node(s.graph, &again);
    s.graph->outputs[0] = z;
    ck_ok(cld_pass_fold_batchnorm(s.graph, &err), err);
    ck_ok(cld_graph_verify(s.graph, &err), err);
    ck_assert_int_eq(s.graph->n_nodes, 1);
    const clade_tensor *b = cld_graph_at(s.graph, s.graph->nodes[0].in[2])->constant;
    for (int64_t c = 0; c < 3; c++) {
        const double once = (s.bias[c] - s.mean[c]) * factor(&s, c) + s.shift[c];
        ck_assert_double_eq_tol(cld_tensor_get(b, c), (once - s.mean[c]) * factor(&s, c) + s.shift[c], 1e-5);
    }
    cld_graph_free(s.graph);
}
END_TEST

/* ---- left alone ------------------------------------------------------------------------------------------------ */

static cld_attr training = { .name = "training_mode", .kind = CLD_ATTR_INT, .u.i = 1 };
static cld_attr not_spatial = { .name = "spatial", .kind = CLD_ATTR_INT, .u.i = 0 };

static void second_reader(sample *s) { cld_graph_output(s->graph, s->hidden); }
static void in_training(sample *s) { s->norm->attr = &training; }
static void per_element(sample *s) { s->norm->attr = &not_spatial; }
static void statistics_used(sample *s) {
    cld_value_id *out = cld_arena_calloc(s->graph->arena, 2, sizeof *out);
    out[0] = s->y;
    out[1] = cld_graph_value(s->graph, "mean", &unknown);
    s->norm->out = out;
    s->norm->n_out = 2;
    cld_graph_at(s->graph, out[1])->producer = 1;
    cld_graph_output(s->graph, out[1]);
}
static void weight_is_no_constant(sample *s) { s->linear->in[1] = cld_graph_input(s->graph, "w", &unknown); }
static void mean_is_no_constant(sample *s) { s->norm->in[3] = cld_graph_input(s->graph, "mean", &unknown); }
static void wrong_count(sample *s) {
    s->norm->in[1] = constant(s->graph, CLADE_FLOAT32, 1, (int64_t[]){ 4 }, 1, 1, NULL);
}
static void other_dtype(sample *s) {
    s->norm->in[1] = constant(s->graph, CLADE_FLOAT64, 1, (int64_t[]){ 3 }, 1, 1, NULL);
}
static void other_operator(sample *s) { s->linear->type = "Resize"; }
static void other_domain(sample *s) { s->linear->domain = "com.example"; }
static void negative_variance(sample *s) {
    s->norm->in[4] = constant(s->graph, CLADE_FLOAT32, 1, (int64_t[]){ 3 }, -1, 0, NULL);
}
static void zero_variance_with_epsilon_0(sample *s) {
    s->norm->in[4] = constant(s->graph, CLADE_FLOAT32, 1, (int64_t[]){ 3 }, 0, 0, NULL);
    s->norm->attr[0].u.f = 0;
}

static void (*const changes[])(sample *s) = {
    second_reader, in_training, per_element,    statistics_used, weight_is_no_constant, mean_is_no_constant,
    wrong_count,   other_dtype, other_operator, other_domain,    negative_variance,     zero_variance_with_epsilon_0,
};

START_TEST(left_alone) {
    clade_error err;
    sample s = make("Conv", CLADE_FLOAT32, 3, (int64_t[]){ 3, 2, 3 }, 3, true, NULL, 0);
    changes[_i](&s);
    ck_ok(cld_graph_verify(s.graph, &err), err);
    ck_ok(cld_pass_fold_batchnorm(s.graph, &err), err);
    ck_assert_int_eq(s.graph->n_nodes, 2);
    ck_assert_int_eq(s.graph->nodes[0].out[0].i, s.hidden.i);
    cld_graph_free(s.graph);
}
END_TEST

Suite *suite_pass_fold_batchnorm(void);
Suite *suite_pass_fold_batchnorm(void) {
    Suite *suite = suite_create("pass/fold_batchnorm");
    TCase *tcase = tcase_create("fold");
    tcase_add_loop_test(tcase, conv, 0, 2);
    tcase_add_test(tcase, conv_transpose_with_groups);
    tcase_add_loop_test(tcase, gemm, 0, 2);
    tcase_add_test(tcase, unused_statistics_of_old_opsets);
    tcase_add_test(tcase, static_graphs_share_what_is_the_models);
    tcase_add_test(tcase, two_in_a_row);
    tcase_add_loop_test(tcase, left_alone, 0, CLD_COUNT(changes));
    suite_add_tcase(suite, tcase);
    return suite;
}
