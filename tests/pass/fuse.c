/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuse pass joins, and what it must leave alone. */
#include "op/pointwise.h"
#include "test.h"
#include "written.h"

static clade_error err;

#define S ":float32[4,4]"
#define ROW ":float32[4]"
#define G "graph g(a" S ", b" S ") -> y" S "\n"

static const struct {
    const char *before, *after;
} joined[] = {
    /* A chain into the epilogue. */
    { G "  half:float32[] = {0.5}\n"
        "  x" S " = MatMul(a, b)  # m\n"
        "  h" S " = Mul(x, half)\n"
        "  y" S " = Relu(h)\n",
      G "  y" S " = MatMul(a, b) clade_epilogue=\"(select(fmax((x * 5.00000000e-01f), 0.0f), (x * 5.00000000e-01f), "
        "(x * 5.00000000e-01f) != (x * 5.00000000e-01f)))\"  # m\n" },
    /* Gelu reads its x twice. */
    { G "  root:float32[] = {1.41421}\n"
        "  one:float32[] = {1.0}\n"
        "  half:float32[] = {0.5}\n"
        "  x" S " = MatMul(a, b)  # m\n"
        "  d" S " = Div(x, root)\n"
        "  e" S " = Erf(d)\n"
        "  t" S " = Add(e, one)\n"
        "  u" S " = Mul(x, t)\n"
        "  y" S " = Mul(u, half)\n",
      G "  y" S " = MatMul(a, b) clade_epilogue=\"((x * ((fast_erf((x / 1.41420996e+00f))) + 1.00000000e+00f)) * "
        "5.00000000e-01f)\"  # m\n" },
    /* An epilogue ends where others read. */
    { G "  x" S " = MatMul(a, b)  # m\n"
        "  t" S " = Tanh(x)\n"
        "  y" S " = Add(t, a)  # add\n",
      G "  t" S " = MatMul(a, b) clade_epilogue=\"(fast_tanh(x))\"  # m\n"
        "  y" S " = Add(t, a)  # add\n" },
    /* A choice needs its constant as wide as x. */
    { G "  slope:float32[] = {0.25}\n"
        "  x" S " = MatMul(a, b)  # m\n"
        "  y" S " = PRelu(x, slope)\n",
      G "  y" S " = MatMul(a, b) clade_epilogue=\"(select(x, x * clamp(x, 2.50000000e-01f, 2.50000000e-01f), x < "
        "0.0f))\"  # m\n" },
    /* A group with two results. */
    { "graph g(a" S ", b" ROW ") -> y" S ", e" S "\n"
      "  s" S " = Add(a, b)  # s\n"
      "  e" S " = Exp(s)  # e\n"
      "  y" S " = Mul(s, e)  # y\n",
      "graph g(a" S ", b" ROW ") -> y" S ", e" S "\n"
      "  e" S ", y" S " = clade.Fused(a, b) clade_body=graph(body)  # y\n"
      "    graph body(; %0" S ", %1" ROW ") -> %3" S ", %4" S "\n"
      "      %2" S " = Add(%0, %1)  # s\n"
      "      %3" S " = Exp(%2)  # e\n"
      "      %4" S " = Mul(%2, %3)  # y\n" },
    /* Shapes and types do not mix: Exp runs on fewer elements, Sqrt on others than Mul. */
    { "graph g(a" ROW ", b" S ", n:int64[4,4]) -> y" S ", z" S "\n"
      "  e" ROW " = Exp(a)  # e\n"
      "  y" S " = Add(e, b)  # y\n"
      "  q:int64[4,4] = Mul(n, n)  # q\n"
      "  f" S " = Cast(q) to=1  # f\n"
      "  z" S " = Sqrt(f)  # z\n",
      "graph g(a" ROW ", b" S ", n:int64[4,4]) -> y" S ", z" S "\n"
      "  e" ROW " = Exp(a)  # e\n"
      "  y" S " = Add(e, b)  # y\n"
      "  f" S " = clade.Fused(n) clade_body=graph(body)  # f\n"
      "    graph body(; %0:int64[4,4]) -> %2" S "\n"
      "      %1:int64[4,4] = Mul(%0, %0)  # q\n"
      "      %2" S " = Cast(%1) to=1  # f\n"
      "  z" S " = Sqrt(f)  # z\n" },
};

START_TEST(joins) { check_pass(cld_pass_fuse, joined[_i].before, joined[_i].after); }
END_TEST

static const char *const left[] = {
    /* What updates a state: where it stands is the planner's business. */
    "graph g(a" S ", b" S ") -> y" S "\n"
    "  p" S " = {1.0 ...} state=1\n"
    "  rate:float32[] = {0.5}\n"
    "  e" S " = Exp(a)  # e\n"
    "  y" S " = clade.SgdStep(p, e, rate)  # y\n",
    /* A result that is needed twice. */
    "graph g(a" S ", b" S ") -> x" S ", y" S "\n"
    "  x" S " = MatMul(a, b)  # x\n"
    "  y" S " = Tanh(x)  # y\n",
    /* What would come between members: joining Add with Exp would close a cycle. */
    G "  e" S " = Exp(a)  # e\n"
      "  m" S " = MatMul(e, b)  # m\n"
      "  y" S " = Add(e, m)  # y\n",
};

START_TEST(leaves_alone) { check_left(cld_pass_fuse, left[_i]); }
END_TEST

/* What builds the graph sees through them, so that no pass has to. */
START_TEST(identities_are_seen_through) {
    cld_graph *graph = cld_graph_new(NULL, "g");
    cld_build build = { .graph = graph, .node = "n", .opset = 17 };
    cld_value_id x = cld_graph_input(graph, "x", &(cld_type){ CLADE_FLOAT32, 1, { 4 } }), y;
    ck_ok(cld_build_op(&build, "Identity", &x, 1, NULL, 0, &y, &err), err);
    ck_assert_int_eq(y.i, x.i);
    cld_graph_free(graph);
}
END_TEST

/* ---- layer normalisation spelled out ---------------------------------------------------------------------------- */

/* The variance is the mean of the squares over `axis`, and so of type `thin`; `end` makes y of q. */
#define HEAD(scale) "graph g(x" S ", scale" scale ", bias" scale ") -> y" S "\n"
#define NORM(axis, thin, scale, end)                                                                                   \
    HEAD(scale)                                                                                                        \
    "  last:int64[1] = {-1}\n"                                                                                         \
    "  axis:int64[1] = {" axis "}\n"                                                                                   \
    "  two:float32[] = {2.0}\n"                                                                                        \
    "  small:float32[] = {1e-05}\n"                                                                                    \
    "  mean:float32[4,1] = ReduceMean(x, last)\n"                                                                      \
    "  d" S " = Sub(x, mean)\n"                                                                                        \
    "  squares" S " = Pow(d, two)\n"                                                                                   \
    "  variance" thin " = ReduceMean(squares, axis)\n"                                                                 \
    "  more" thin " = Add(variance, small)\n"                                                                          \
    "  deviation" thin " = Sqrt(more)\n"                                                                               \
    "  q" S " = Div(d, deviation)\n" end
#define SCALED "  y" S " = Mul(q, scale)  # y\n"
#define SHIFTED "  m" S " = Mul(q, scale)\n  y" S " = Add(m, bias)  # y\n"

START_TEST(layer_normalization) {
    check_pass(cld_pass_fuse, NORM("-1", ":float32[4,1]", ROW, SCALED),
               HEAD(ROW) "  y" S " = LayerNormalization(x, scale) axis=-1 epsilon=1e-05  # y\n");
    check_pass(cld_pass_fuse, NORM("-1", ":float32[4,1]", ROW, SHIFTED),
               HEAD(ROW) "  y" S " = LayerNormalization(x, scale, bias) axis=-1 epsilon=1e-05  # y\n");
}
END_TEST

static const char *const others[] = {
    NORM("-2", ":float32[1,4]", ROW, SHIFTED),             /* mean and variance over different axes */
    NORM("-1", ":float32[4,1]", ":float32[4,1]", SHIFTED), /* a scale per row */
};

START_TEST(what_only_looks_like_layer_normalization) {
    cld_graph *graph = written(others[_i]);
    ck_ok(cld_pass_fuse(graph, &err), err);
    for (int32_t n = 0; n < graph->n_nodes; n++)
        ck_assert_str_ne(graph->nodes[n].type, "LayerNormalization");
    cld_graph_free(graph);
}
END_TEST

/* ---- bounds ----------------------------------------------------------------------------------------------------- */

START_TEST(groups_are_bounded) {
    cld_text inputs = { 0 }, nodes = { 0 };
    for (int k = 0; k < 101; k++)
        cld_text_printf(&inputs, k > 0 ? ", x%d" S : "x%d" S, k);
    for (int k = 0; k < 100; k++)
        cld_text_printf(&nodes, "  y%d" S " = Add(%c%d, x%d)\n", k, k > 0 ? 'y' : 'x', k > 0 ? k - 1 : 100, k);
    cld_text text = { 0 };
    cld_text_printf(&text, "graph g(%s) -> y99\n%s", inputs.data, nodes.data);
    cld_graph *graph = written(text.data);
    ck_ok(cld_pass_fuse(graph, &err), err);
    ck_ok(cld_graph_verify(graph, &err), err);
    ck_assert_int_lt(graph->n_nodes, 12);
    for (int32_t i = 0; i < graph->n_nodes; i++)
        ck_assert_int_le(graph->nodes[i].n_in, CLD_MAP_INPUTS);
    cld_graph_free(graph);
    cld_text_free(&inputs);
    cld_text_free(&nodes);
    cld_text_free(&text);
}
END_TEST

Suite *suite_pass_fuse(void);
Suite *suite_pass_fuse(void) {
    Suite *suite = suite_create("pass/fuse");
    TCase *tcase = tcase_create("structure");
    tcase_add_loop_test(tcase, joins, 0, CLD_COUNT(joined));
    tcase_add_loop_test(tcase, leaves_alone, 0, CLD_COUNT(left));
    tcase_add_test(tcase, identities_are_seen_through);
    tcase_add_test(tcase, layer_normalization);
    tcase_add_loop_test(tcase, what_only_looks_like_layer_normalization, 0, CLD_COUNT(others));
    tcase_add_test(tcase, groups_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
