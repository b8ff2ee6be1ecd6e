/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuse pass joins, and what it must leave alone. */
#include "op/map/pointwise.h"
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
        "  h" S " = Mul(x, half)  # h\n"
        "  y" S " = Relu(h)  # y\n",
      G "  y" S " = MatMul(a, b) clade_epilogue=graph(body)  # m\n"
        "    graph body(; %0" S ") -> %3" S "\n"
        "      %1:float32[] = {0.5}\n"
        "      %2" S " = Mul(%0, %1:float32[])  # h\n"
        "      %3" S " = Relu(%2)  # y\n" },
    /* Its x read twice; operands: a whole one, one for each column; the same one twice. */
    { "graph g(a" S ", b" S ", c" ROW ") -> y" S "\n"
      "  x" S " = MatMul(a, b)  # m\n"
      "  s" S " = Add(x, c)  # s\n"
      "  t" S " = Mul(x, s)  # t\n"
      "  u" S " = Sub(a, t)  # u\n"
      "  y" S " = Max(u, a)  # y\n",
      "graph g(a" S ", b" S ", c" ROW ") -> y" S "\n"
      "  y" S " = MatMul(a, b, c, a) clade_epilogue=graph(body)  # m\n"
      "    graph body(; %0" S ", %1" ROW ", %2" S ") -> %6" S "\n"
      "      %3" S " = Add(%0, %1)  # s\n"
      "      %4" S " = Mul(%0, %3)  # t\n"
      "      %5" S " = Sub(%2, %4)  # u\n"
      "      %6" S " = Max(%5, %2)  # y\n" },
    /* An operand made behind the product, by another product: the first takes the sum and stands in its place; the
     * second keeps what it had, though what reads it is gone. Formal inputs that are not there keep their places. */
    { G "  x" S " = MatMul(a, b)  # m\n"
        "  z" S " = Gemm(b, a)  # n\n"
        "  s" S " = Add(x, z)  # s\n"
        "  t" S " = Relu(s)  # t\n"
        "  v" S " = Gemm(t, t)  # v\n"
        "  y" S " = Add(t, v)  # y\n",
      G "  z" S " = Gemm(b, a)  # n\n"
        "  t" S " = MatMul(a, b, z) clade_epilogue=graph(body)  # m\n"
        "    graph body(; %0" S ", %1" S ") -> %3" S "\n"
        "      %2" S " = Add(%0, %1)  # s\n"
        "      %3" S " = Relu(%2)  # t\n"
        "  y" S " = Gemm(t, t, -, t) clade_epilogue=graph(body)  # v\n"
        "    graph body(; %0" S ", %1" S ") -> %2" S "\n"
        "      %2" S " = Add(%1, %0)  # y\n" },
    /* An epilogue ends where others read. */
    { "graph g(a" S ", b" S ") -> y" S ", t" S "\n"
      "  x" S " = MatMul(a, b)  # m\n"
      "  t" S " = Tanh(x)  # t\n"
      "  y" S " = Add(t, a)  # add\n",
      "graph g(a" S ", b" S ") -> y" S ", t" S "\n"
      "  t" S " = MatMul(a, b) clade_epilogue=graph(body)  # m\n"
      "    graph body(; %0" S ") -> %1" S "\n"
      "      %1" S " = Tanh(%0)  # t\n"
      "  y" S " = Add(t, a)  # add\n" },
    /* And where an operand lies otherwise: one for each row of the product, rows of several images at once. */
    { "graph g(a:float32[2,4,4], b" S ", c:float32[4,1], d:float32[2,1,4]) -> y:float32[2,4,4]\n"
      "  x:float32[2,4,4] = MatMul(a, b)  # m\n"
      "  s:float32[2,4,4] = Add(x, c)  # s\n"
      "  y:float32[2,4,4] = Mul(s, d)  # y\n",
      "graph g(a:float32[2,4,4], b" S ", c:float32[4,1], d:float32[2,1,4]) -> y:float32[2,4,4]\n"
      "  s:float32[2,4,4] = MatMul(a, b, c) clade_epilogue=graph(body)  # m\n"
      "    graph body(; %0:float32[2,4,4], %1:float32[4,1]) -> %2:float32[2,4,4]\n"
      "      %2:float32[2,4,4] = Add(%0, %1)  # s\n"
      "  y:float32[2,4,4] = Mul(s, d)  # y\n" },
    /* Of a convolution's planes: one for each channel is good, one for each line is not. */
    { "graph g(a:float32[1,2,4,4], w:float32[2,2,1,1], c:float32[2,1,1], d:float32[4,1]) -> y:float32[1,2,4,4]\n"
      "  x:float32[1,2,4,4] = Conv(a, w)  # m\n"
      "  s:float32[1,2,4,4] = Mul(x, c)  # s\n"
      "  y:float32[1,2,4,4] = Mul(s, d)  # y\n",
      "graph g(a:float32[1,2,4,4], w:float32[2,2,1,1], c:float32[2,1,1], d:float32[4,1]) -> y:float32[1,2,4,4]\n"
      "  s:float32[1,2,4,4] = Conv(a, w, -, c) clade_epilogue=graph(body)  # m\n"
      "    graph body(; %0:float32[1,2,4,4], %1:float32[2,1,1]) -> %2:float32[1,2,4,4]\n"
      "      %2:float32[1,2,4,4] = Mul(%0, %1)  # s\n"
      "  y:float32[1,2,4,4] = Mul(s, d)  # y\n" },
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
      "  m" S " = Softmax(e)  # m\n"
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
