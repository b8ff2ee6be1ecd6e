/* SPDX-License-Identifier: Apache-2.0 */
/* Attention spelled out: one node where it is, with what transposes it; left alone where something else reads or
 * differs. That the node computes the same: tests/op/attention.c.
 */
#include <stdlib.h>

#include "test.h"
#include "written.h"

static clade_error err;

static clade_status fuse(cld_graph *graph, clade_error *out) {
    graph->linear_attention = true;
    CLD_RETURN(cld_pass_fuse(graph, out));
    return cld_pass_dead(graph, out);
}

static const char spelled[] =
    "graph g(x:float32[1,5,2,4], y:float32[1,2,4,6], v:float32[1,2,6,3], m:float32[5,6]) -> o:float32[1,2,5,3]\n"
    "  f:float32[] = {0.5}\n"
    "  q:float32[1,2,5,4] = Transpose(x) perm=[0,2,1,3]  # q\n"
    "  s:float32[1,2,5,6] = MatMul(q, y)  # scores\n"
    "  t:float32[1,2,5,6] = Mul(s, f:float32[])  # scaled\n"
    "  u:float32[1,2,5,6] = Add(m, t)  # masked\n"
    "  p:float32[1,2,5,6] = Softmax(u) axis=3  # weights\n"
    "  o:float32[1,2,5,3] = MatMul(p, v)  # sum\n";

START_TEST(becomes_one_node) {
    check_pass(fuse, spelled,
               "graph g(x:float32[1,5,2,4], y:float32[1,2,4,6], v:float32[1,2,6,3], m:float32[5,6]) -> "
               "o:float32[1,2,5,3]\n"
               "  o:float32[1,2,5,3] = clade.Attention(x, y, v, m) clade_axes=[0,2,1,3,0,1,3,2,0,1,2,3,0,1,2,3] "
               "clade_scale=0.5  # sum\n");
}
END_TEST

static int32_t count(const char *text, clade_status (*pass)(cld_graph *, clade_error *)) {
    cld_graph *graph = written(text);
    int32_t found = 0;
    ck_ok(pass(graph, &err), err);
    for (int32_t n = 0; n < graph->n_nodes; n++)
        found += graph->nodes[n].op == &cld_op_Attention;
    cld_graph_free(graph);
    return found;
}

static const struct {
    const char *from, *to;
} others[] = {
    { "-> o:float32[1,2,5,3]", "-> o:float32[1,2,5,3], p:float32[1,2,5,6]" }, /* the weights are wanted too */
    { "-> o:float32[1,2,5,3]", "-> o:float32[1,2,5,3], s:float32[1,2,5,6]" },
    { "axis=3", "axis=2" },
    { "Mul(s, f:float32[])", "Mul(s, m)" }, /* not one number */
    { "m:float32[5,6]", "m:float32[1,1,2,5,6]" },
    { "Mul(s, f:float32[])", "Sub(s, f:float32[])" },
    { "Add(m, t)", "Sub(m, t)" },
};

/* Each change makes something else of it; those of types go through the whole text. */
static char *changed(const char *from, const char *to) {
    cld_text out = { 0 };
    const char *at = spelled, *found;
    while ((found = strstr(at, from)) != NULL) {
        cld_text_addn(&out, at, (size_t)(found - at));
        cld_text_add(&out, to);
        at = found + strlen(from);
    }
    cld_text_add(&out, at);
    ck_assert(!out.failed && at != spelled);
    return out.data;
}

START_TEST(others_stay) {
    char *text = changed(others[_i].from, others[_i].to);
    ck_assert_int_eq(count(text, fuse), 0);
    cld_free(text);
}
END_TEST

/* What is added or scales makes more scores than q and k do: in number, or in dimensions. */
static const char *const widened[] = {
    "graph g(q:float32[1,1,5,4], k:float32[1,1,4,6], v:float32[1,1,6,3], m:float32[1,2,5,6]) -> o:float32[1,2,5,3]\n"
    "  s:float32[1,1,5,6] = MatMul(q, k)\n"
    "  u:float32[1,2,5,6] = Add(s, m)\n"
    "  p:float32[1,2,5,6] = Softmax(u) axis=3\n"
    "  o:float32[1,2,5,3] = MatMul(p, v)\n",
    "graph g(q:float32[1,2,5,4], k:float32[1,2,4,1], v:float32[1,2,6,3], m:float32[5,6]) -> o:float32[1,2,5,3]\n"
    "  s:float32[1,2,5,1] = MatMul(q, k)\n"
    "  u:float32[1,2,5,6] = Add(s, m)\n"
    "  p:float32[1,2,5,6] = Softmax(u) axis=3\n"
    "  o:float32[1,2,5,3] = MatMul(p, v)\n",
    "graph g(q:float32[2,5,4], k:float32[2,4,6], v:float32[2,6,3], m:float32[1,2,5,6]) -> o:float32[1,2,5,3]\n"
    "  s:float32[2,5,6] = MatMul(q, k)\n"
    "  u:float32[1,2,5,6] = Add(s, m)\n"
    "  p:float32[1,2,5,6] = Softmax(u) axis=3\n"
    "  o:float32[1,2,5,3] = MatMul(p, v)\n",
    "graph g(q:float32[1,2,5,4], k:float32[1,2,4,6], v:float32[1,2,6,3]) -> o:float32[1,1,2,5,3]\n"
    "  f:float32[1,1,1,1,1] = {0.5}\n"
    "  s:float32[1,2,5,6] = MatMul(q, k)\n"
    "  u:float32[1,1,2,5,6] = Mul(s, f:float32[1,1,1,1,1])\n"
    "  p:float32[1,1,2,5,6] = Softmax(u) axis=4\n"
    "  o:float32[1,1,2,5,3] = MatMul(p, v)\n",
};

START_TEST(wider_scores_stay) { ck_assert_int_eq(count(widened[_i], fuse), 0); }
END_TEST

/* More columns than registers hold. */
START_TEST(wide_heads_stay) {
    char *text = changed(",3]", ",129]");
    ck_assert_int_eq(count(text, fuse), 0);
    cld_free(text);
    text = changed(",3]", ",128]");
    ck_assert_int_eq(count(text, fuse), 1);
    cld_free(text);
}
END_TEST

START_TEST(unless_wanted) { ck_assert_int_eq(count(spelled, cld_pass_fuse), 0); }
END_TEST

Suite *suite_pass_attention(void);
Suite *suite_pass_attention(void) {
    Suite *suite = suite_create("pass/attention");
    TCase *tcase = tcase_create("attention");
    tcase_add_test(tcase, becomes_one_node);
    tcase_add_loop_test(tcase, others_stay, 0, CLD_COUNT(others));
    tcase_add_loop_test(tcase, wider_scores_stay, 0, CLD_COUNT(widened));
    tcase_add_test(tcase, wide_heads_stay);
    tcase_add_test(tcase, unless_wanted);
    suite_add_tcase(suite, tcase);
    return suite;
}
