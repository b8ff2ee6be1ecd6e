/* SPDX-License-Identifier: Apache-2.0 */
/* What scales and shifts channels folded into the weights before it: BatchNormalization, and Mul, Add, Sub, Div by
 * constants: the new weights and bias for every layout, and every case in which the graph must stay as it is. The
 * numbers are such that nothing is rounded: the channels' factors are 3, 5, 7 and 9.
 */
#include "test.h"
#include "written.h"

static clade_error err;

#define G "graph g(x) -> y\n"
#define STATISTICS                                                                                                     \
    "  scale:float32[3] = {3.0,10.0,28.0}\n"                                                                           \
    "  shift:float32[3] = {0.25,0.5,1.0}\n"                                                                            \
    "  mean:float32[3] = {0.5,1.0,1.5}\n"                                                                              \
    "  variance:float32[3] = {0.25,3.25,15.25}\n"
#define NORM "  y = BatchNormalization(hidden, scale, shift, mean, variance) epsilon=0.75  # norm\n"
#define BIAS "  b:float32[3] = {1.0,2.0,3.0}\n"

static const char conv[] = G STATISTICS BIAS "  w:float32[3,2,1] = {1.0,-1.0,1.0,-1.0,1.0,-1.0}\n"
                                             "  hidden = Conv(x, w, b)  # linear\n" NORM;

/* What has become of the weights, of the bias, and of the node. */
#define AFTER(y, weight, elements, bias, channels, node)                                                               \
    "graph g(x) -> " y "\n"                                                                                            \
    "  " y "/folded_weight:" weight " = {" elements "}\n"                                                              \
    "  " y "/folded_bias:" bias " = {" channels "}\n"                                                                  \
    "  " y " = " node "  # linear\n"
#define CONV(y, elements, channels)                                                                                    \
    AFTER(y, "float32[3,2,1]", elements, "float32[3]", channels,                                                       \
          "Conv(x, " y "/folded_weight:float32[3,2,1], " y "/folded_bias:float32[3])")
#define GEMM(type, elements, attr)                                                                                     \
    AFTER("y", type, elements, "float32[3]", "1.75,5.5,11.5",                                                          \
          "Gemm(x, y/folded_weight:" type ", y/folded_bias:float32[3])" attr)

static const struct {
    const char *before, *after;
} folded[] = {
    { conv, CONV("y", "3.0,-3.0,5.0,-5.0,7.0,-7.0", "1.75,5.5,11.5") },
    { G STATISTICS "  w:float32[3,2,1] = {1.0 ...}\n"
                   "  hidden = Conv(x, w)  # linear\n" NORM,
      CONV("y", "3.0,3.0,5.0,5.0,7.0,7.0", "-1.25,-4.5,-9.5") },
    { G STATISTICS BIAS "  w:float32[2,3] = {1.0 ...}\n"
                        "  hidden = Gemm(x, w, b)  # linear\n" NORM,
      GEMM("float32[2,3]", "3.0,5.0,7.0,3.0,5.0,7.0", "") },
    { G STATISTICS BIAS "  w:float32[3,2] = {1.0 ...}\n"
                        "  hidden = Gemm(x, w, b) transB=1  # linear\n" NORM,
      GEMM("float32[3,2]", "3.0,3.0,5.0,5.0,7.0,7.0", " transB=1") },
    /* Two groups, each to two channels. */
    { G "  scale:float64[4] = {3.0,10.0,28.0,9.0}\n"
        "  shift:float64[4] = {0.25,0.5,1.0,2.0}\n"
        "  mean:float64[4] = {0.5,1.0,1.5,2.0}\n"
        "  variance:float64[4] = {0.25,3.25,15.25,0.25}\n"
        "  w:float64[4,2,1] = {1.0 ...}\n"
        "  hidden = ConvTranspose(x, w) group=2  # linear\n" NORM,
      AFTER("y", "float64[4,2,1]", "3.0,5.0,3.0,5.0,7.0,9.0,7.0,9.0", "float64[4]", "-1.25,-4.5,-9.5,-16.0",
            "ConvTranspose(x, y/folded_weight:float64[4,2,1], y/folded_bias:float64[4]) group=2") },
    /* Statistics that old opsets give, and nobody reads. */
    { G STATISTICS "  w:float32[3,2,1] = {1.0 ...}\n"
                   "  hidden = Conv(x, w)  # linear\n"
                   "  y, m, v, sm, sv = BatchNormalization(hidden, scale, shift, mean, variance) epsilon=0.75  @9\n",
      CONV("y", "3.0,3.0,5.0,5.0,7.0,7.0", "-1.25,-4.5,-9.5") },
    /* Two in a row. */
    { "graph g(x) -> z\n" STATISTICS "  w:float32[3,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n" NORM
      "  z = BatchNormalization(y, scale, shift, mean, variance) epsilon=0.75\n",
      CONV("z", "9.0,9.0,25.0,25.0,49.0,49.0", "-5.0,-27.0,-76.0") },
    /* Spelled out: a scale leaves no bias behind, a shift leaves the weights as they are. */
    { G "  c:float32[3,1] = {3.0,5.0,7.0}\n"
        "  d:float32[1,3,1] = {1.0,2.0,3.0}\n"
        "  w:float32[3,2,1] = {1.0 ...}\n"
        "  hidden = Conv(x, w)  # linear\n"
        "  t = Mul(hidden, c)\n"
        "  y = Add(d, t)\n",
      "graph g(x) -> y\n"
      "  t/folded_weight:float32[3,2,1] = {3.0,3.0,5.0,5.0,7.0,7.0}\n"
      "  y/folded_bias:float32[3] = {1.0,2.0,3.0}\n"
      "  y = Conv(x, t/folded_weight:float32[3,2,1], y/folded_bias:float32[3])  # linear\n" },
    { G BIAS "  c:float32[3,1] = {4.0,2.0,8.0}\n"
             "  w:float32[3,2,1] = {1.0 ...}\n"
             "  hidden = Conv(x, w, b)  # linear\n"
             "  t = Div(hidden, c)\n"
             "  y = Sub(c, t)\n",
      "graph g(x) -> y\n"
      "  y/folded_weight:float32[3,2,1] = {-0.25,-0.25,-0.5,-0.5,-0.125,-0.125}\n"
      "  y/folded_bias:float32[3] = {3.75,1.0,7.625}\n"
      "  y = Conv(x, y/folded_weight:float32[3,2,1], y/folded_bias:float32[3])  # linear\n" },
    { G BIAS "  w:float32[2,3] = {1.0 ...}\n"
             "  hidden = Gemm(x, w, b)  # linear\n"
             "  y = Sub(hidden, b)\n",
      "graph g(x) -> y\n"
      "  w:float32[2,3] = {1.0 ...}\n"
      "  y/folded_bias:float32[3] = {0.0 ...}\n"
      "  y = Gemm(x, w:float32[2,3], y/folded_bias:float32[3])  # linear\n" },
    { G BIAS "  w:float32[2,3] = {1.0 ...}\n"
             "  hidden = MatMul(x, w)  # linear\n"
             "  y = Mul(b, hidden)\n",
      "graph g(x) -> y\n"
      "  y/folded_weight:float32[2,3] = {1.0,2.0,3.0,1.0,2.0,3.0}\n"
      "  y = MatMul(x, y/folded_weight:float32[2,3])  # linear\n" },
};

START_TEST(folds) { check_pass(cld_pass_fold_scale, folded[_i].before, folded[_i].after); }
END_TEST

/* From what to what, once or twice. */
static const char *const changes[][4] = {
    { "-> y", "-> y, hidden" }, /* a second reader */
    { "epsilon=0.75", "epsilon=0.75 training_mode=1" },
    { "epsilon=0.75", "epsilon=0.75 spatial=0  @8" },
    { "-> y", "-> y, m", "  y = ", "  y, m = " },                                     /* statistics that are used */
    { "g(x)", "g(x, w)", "  w:float32[3,2,1] = {1.0,-1.0,1.0,-1.0,1.0,-1.0}\n", "" }, /* no constants */
    { "g(x)", "g(x, mean)", "  mean:float32[3] = {0.5,1.0,1.5}\n", "" },
    { "scale:float32[3] = {3.0,10.0,28.0}", "scale:float32[4] = {1.0 ...}" }, /* another count, or type */
    { "scale:float32[3] = {3.0,10.0,28.0}", "scale:float64[3] = {3.0,10.0,28.0}" },
    { "Conv(", "Resize(" },
    { "Conv(", "com.example.Conv(" },
    { "{0.25,3.25,15.25}", "{-1.0 ...}" }, /* variances without a root, or a reciprocal */
    { "{0.25,3.25,15.25}", "{0.0 ...}", "epsilon=0.75", "epsilon=0.0" },
};

START_TEST(left_alone) {
    const char *text = replaced(conv, changes[_i][0], changes[_i][1]);
    if (changes[_i][2] != NULL)
        text = replaced(text, changes[_i][2], changes[_i][3]);
    check_left(cld_pass_fold_scale, text);
}
END_TEST

static const char *const others[] = {
    /* A product that has no bias keeps what shifts it; an epilogue takes that. */
    G BIAS "  w:float32[2,3] = {1.0 ...}\n"
           "  hidden = MatMul(x, w)  # linear\n"
           "  y = Add(hidden, b)  # y\n",
    /* One value for all, one for each element of a line, one for each of several channels but the filters'. */
    G "  c:float32[] = {3.0}\n"
      "  w:float32[3,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n"
      "  y = Mul(hidden, c)  # y\n",
    G BIAS "  w:float32[3,2,1] = {1.0 ...}\n"
           "  hidden = Conv(x, w)  # linear\n"
           "  y = Mul(hidden, b)  # y\n",
    G "  c:float32[4,1] = {1.0,2.0,3.0,4.0}\n"
      "  w:float32[1,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n"
      "  y = Mul(hidden, c)  # y\n",
    /* A constant of more dimensions than the result. */
    "graph g(x:float32[1,2,5]) -> y:float32[1,1,3,5]\n"
    "  c:float32[1,1,3,1] = {1.0,2.0,3.0}\n"
    "  w:float32[3,2,1] = {1.0 ...}\n"
    "  hidden:float32[1,3,5] = Conv(x, w)  # linear\n"
    "  y:float32[1,1,3,5] = Mul(hidden, c)  # y\n",
    /* What is divided by the result, or by nothing. */
    G "  c:float32[3,1] = {1.0,2.0,3.0}\n"
      "  w:float32[3,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n"
      "  y = Div(c, hidden)  # y\n",
    G "  c:float32[3,1] = {1.0,0.0,3.0}\n"
      "  w:float32[3,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n"
      "  y = Div(hidden, c)  # y\n",
    /* Another type. */
    G "  c:float64[3,1] = {1.0,2.0,3.0}\n"
      "  w:float32[3,2,1] = {1.0 ...}\n"
      "  hidden = Conv(x, w)  # linear\n"
      "  y = Mul(hidden, c)  # y\n",
    /* Two results, neither a constant. */
    "graph g(x, z) -> y\n"
    "  w:float32[3,2,1] = {1.0 ...}\n"
    "  hidden = Conv(x, w)  # linear\n"
    "  y = Mul(hidden, z)  # y\n",
};

START_TEST(others_left_alone) { check_left(cld_pass_fold_scale, others[_i]); }
END_TEST

/* The weights that the pass makes for `graph`, a static graph of the model that `derived` is of. */
static const clade_tensor *weights_of(const cld_graph *original, cld_derived *derived) {
    cld_graph *graph = cld_graph_copy(original); /* in the same arena */
    graph->derived = derived;
    ck_ok(cld_pass_fold_scale(graph, &err), err);
    ck_assert_int_eq(graph->n_nodes, 1);
    return cld_graph_at(graph, graph->nodes[0].in[1])->constant;
}

/* What is made of the model's constants alone is made once; with a constant of one static graph it is that graph's, or
 * what is kept with the model would grow with every run. */
START_TEST(static_graphs_share_what_is_the_models) {
    for (int32_t missing = -1; missing < 5; missing++) {
        cld_graph *graph = written(conv), *model = cld_graph_new(NULL, "model");
        const cld_value_id *in = graph->nodes[1].in;
        const cld_value_id ids[] = { graph->nodes[0].in[1], in[1], in[2], in[3], in[4] };
        for (int32_t k = 0; k < 5; k++)
            if (k != missing)
                ck_assert(cld_present(cld_graph_constant(model, NULL, cld_graph_at(graph, ids[k])->constant)));
        cld_derived *derived = cld_derived_new(model);
        ck_assert_ptr_nonnull(derived);
        const clade_tensor *first = weights_of(graph, derived), *second = weights_of(graph, derived);
        ck_assert_int_eq(first == second, missing < 0);
        ck_assert_int_eq(clade_tensor_count(first), 6);
        cld_derived_free(derived);
        cld_graph_free(model);
        cld_graph_free(graph);
    }
}
END_TEST

Suite *suite_pass_fold_scale(void);
Suite *suite_pass_fold_scale(void) {
    Suite *suite = suite_create("pass/fold_scale");
    TCase *tcase = tcase_create("fold");
    tcase_add_loop_test(tcase, folds, 0, CLD_COUNT(folded));
    tcase_add_loop_test(tcase, left_alone, 0, CLD_COUNT(changes));
    tcase_add_loop_test(tcase, others_left_alone, 0, CLD_COUNT(others));
    tcase_add_test(tcase, static_graphs_share_what_is_the_models);
    suite_add_tcase(suite, tcase);
    return suite;
}
