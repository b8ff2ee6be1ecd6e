/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization folded into the Convs behind it: the new weights and bias give the same sums, and every case in
 * which the graph must stay as it is.
 */
#include <math.h>

#include "pass/pass.h"
#include "test.h"

enum { CHANNELS = 4, FILTERS = 6, GROUPS = 2, TAPS = 3 };

static const cld_type unknown = { CLADE_NONE, -1, { 0 } };

/* x -> Relu -> BatchNormalization -> Conv in two groups, with and without bias, twice -> y, z. */
typedef struct sample {
    cld_graph *graph;
    cld_node *norm, *conv[2];
    cld_value_id hidden, normed;
} sample;

static cld_value_id constant(cld_graph *graph, clade_dtype dtype, int32_t rank, const int64_t *dims, double first,
                             double step) {
    cld_type type = { .dtype = dtype, .rank = rank };
    for (int32_t i = 0; i < rank; i++)
        type.dims[i] = dims[i];
    clade_tensor *tensor = cld_tensor_new(graph->arena, &type);
    ck_assert_ptr_nonnull(tensor);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, first + step * (double)i);
    return cld_graph_constant(graph, NULL, tensor);
}

static cld_attr group = { .name = "group", .kind = CLD_ATTR_INT, .u.i = GROUPS };

static void add_node(cld_graph *graph, const char *type, const cld_value_id *in, int32_t n_in, cld_value_id out,
                     cld_attr *attr) {
    cld_node node = { .name = type,
                      .type = type,
                      .opset = 15,
                      .n_in = n_in,
                      .n_out = 1,
                      .n_attr = attr != NULL,
                      .in = (cld_value_id *)in,
                      .out = &out,
                      .attr = attr };
    ck_assert_ptr_nonnull(cld_graph_node(graph, &node));
}

static sample make(void) {
    const int64_t channels = CHANNELS, filters = FILTERS, dims[3] = { FILTERS, CHANNELS / GROUPS, TAPS };
    sample s = { .graph = cld_graph_new(NULL, "g") };
    cld_graph *g = s.graph;
    const cld_value_id x = cld_graph_input(g, "x", &unknown), y = cld_graph_value(g, "y", &unknown),
                       z = cld_graph_value(g, "z", &unknown);
    s.hidden = cld_graph_value(g, "hidden", &unknown);
    s.normed = cld_graph_value(g, "normed", &unknown);
    add_node(g, "Relu", &x, 1, s.hidden, NULL);
    const cld_value_id norm_in[5] = { s.hidden, constant(g, CLADE_FLOAT32, 1, &channels, 1, .5),
                                      constant(g, CLADE_FLOAT32, 1, &channels, -1, .125),
                                      constant(g, CLADE_FLOAT32, 1, &channels, 2, -.5),
                                      constant(g, CLADE_FLOAT32, 1, &channels, .25, 1) };
    add_node(g, "BatchNormalization", norm_in, 5, s.normed, NULL);
    const cld_value_id conv_in[3] = { s.normed, constant(g, CLADE_FLOAT32, 3, dims, -1, .05),
                                      constant(g, CLADE_FLOAT32, 1, &filters, .5, 1) };
    add_node(g, "Conv", conv_in, 3, y, &group);
    add_node(g, "Conv", conv_in, 2, z, &group);
    ck_assert(cld_graph_output(g, y) && cld_graph_output(g, z));
    s.norm = &g->nodes[1];
    s.conv[0] = &g->nodes[2];
    s.conv[1] = &g->nodes[3];
    return s;
}

static double normalised(const sample *s, double x, int64_t c) {
    double at[5];
    for (int k = 1; k < 5; k++)
        at[k] = cld_tensor_get(cld_graph_at(s->graph, s->norm->in[k])->constant, c);
    return (x - at[3]) / sqrt(at[4] + (double)1e-5f) * at[1] + at[2];
}

/* What filter m makes of a window that holds x(c, t) = 1 + c - t / 2. */
static double sum_of(const sample *s, const cld_node *conv, int64_t m, bool normalise) {
    const clade_tensor *weight = cld_graph_at(s->graph, conv->in[1])->constant;
    double sum = conv->n_in > 2 ? cld_tensor_get(cld_graph_at(s->graph, conv->in[2])->constant, m) : 0;
    for (int64_t i = 0; i < CHANNELS / GROUPS * TAPS; i++) {
        const int64_t c = m / (FILTERS / GROUPS) * (CHANNELS / GROUPS) + i / TAPS;
        const double x = 1 + (double)c - (double)(i % TAPS) / 2;
        sum += (normalise ? normalised(s, x, c) : x) * cld_tensor_get(weight, m * (CHANNELS / GROUPS) * TAPS + i);
    }
    return sum;
}

START_TEST(same_sums) {
    clade_error err;
    sample s = make();
    double want[2][FILTERS];
    for (int k = 0; k < 2; k++)
        for (int64_t m = 0; m < FILTERS; m++)
            want[k][m] = sum_of(&s, s.conv[k], m, true);
    ck_ok(cld_pass_fold_batchnorm_next(s.graph, &err), err);
    ck_ok(cld_graph_verify(s.graph, &err), err);
    ck_assert_int_eq(s.graph->n_nodes, 3);
    for (int k = 0; k < 2; k++) {
        const cld_node *conv = &s.graph->nodes[1 + k];
        ck_assert_int_eq(conv->in[0].i, s.hidden.i);
        for (int64_t m = 0; m < FILTERS; m++)
            ck_assert_double_eq_tol(sum_of(&s, conv, m, false), want[k][m], 1e-5);
    }
    cld_graph_free(s.graph);
}
END_TEST

/* ---- left alone ------------------------------------------------------------------------------------------------ */

static const int64_t one_before[2] = { 1, 0 };
static cld_attr pads[2] = { { .name = "group", .kind = CLD_ATTR_INT, .u.i = GROUPS },
                            { .name = "pads", .kind = CLD_ATTR_INTS, .count = 2, .u.ints = one_before } };
static cld_attr same[2] = { { .name = "group", .kind = CLD_ATTR_INT, .u.i = GROUPS },
                            { .name = "auto_pad", .kind = CLD_ATTR_STRING, .u.s = "SAME_UPPER" } };

static void padded(sample *s) {
    s->conv[1]->attr = pads;
    s->conv[1]->n_attr = 2;
}
static void padded_by_name(sample *s) {
    s->conv[0]->attr = same;
    s->conv[0]->n_attr = 2;
}
static void is_output(sample *s) { cld_graph_output(s->graph, s->normed); }
static void other_reader(sample *s) { s->conv[1]->type = "Relu"; }
static void read_as_weights(sample *s) { s->conv[1]->in[1] = s->normed; }
static void weight_is_no_constant(sample *s) { s->conv[0]->in[1] = cld_graph_input(s->graph, "w", &unknown); }
static void bias_is_no_constant(sample *s) { s->conv[0]->in[2] = cld_graph_input(s->graph, "b", &unknown); }
static void mean_is_no_constant(sample *s) { s->norm->in[3] = cld_graph_input(s->graph, "mean", &unknown); }
static void other_channels(sample *s) { s->conv[0]->n_attr = 0; }
static void other_dtype(sample *s) {
    const int64_t dims[3] = { FILTERS, CHANNELS / GROUPS, TAPS };
    s->conv[0]->in[1] = constant(s->graph, CLADE_FLOAT64, 3, dims, 1, 1);
}

static void (*const changes[])(sample *s) = { padded,
                                              padded_by_name,
                                              is_output,
                                              other_reader,
                                              read_as_weights,
                                              weight_is_no_constant,
                                              bias_is_no_constant,
                                              mean_is_no_constant,
                                              other_channels,
                                              other_dtype };

START_TEST(left_alone) {
    clade_error err;
    sample s = make();
    changes[_i](&s);
    ck_ok(cld_pass_fold_batchnorm_next(s.graph, &err), err);
    ck_assert_int_eq(s.graph->n_nodes, 4);
    ck_assert_int_eq(s.graph->nodes[2].in[0].i, s.normed.i);
    cld_graph_free(s.graph);
}
END_TEST

Suite *suite_pass_fold_batchnorm_next(void);
Suite *suite_pass_fold_batchnorm_next(void) {
    Suite *suite = suite_create("pass/fold_batchnorm_next");
    TCase *tcase = tcase_create("fold");
    tcase_add_test(tcase, same_sums);
    tcase_add_loop_test(tcase, left_alone, 0, (int)(sizeof changes / sizeof changes[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
