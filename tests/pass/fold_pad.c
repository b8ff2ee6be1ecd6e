/* SPDX-License-Identifier: Apache-2.0 */
/* Pad into Conv: folded where it is zeros on spatial axes, left alone everywhere else. */
#include "pass/pass.h"
#include "test.h"

static clade_error err;
static cld_graph *graph;

static void begin(void) { graph = cld_graph_new(NULL, "pad"); }
static void end(void) { cld_graph_free(graph); }

/* Pad then Conv on [1,2,8,8]; the Conv has padding of its own. Gives the Conv's node after the pass. */
static const cld_node *after_pass(const char *mode, const int64_t pads[8], double value) {
    cld_build build = { .graph = graph, .node = "test" };
    cld_type image = { CLADE_FLOAT32, 4, { 1, 2, 8, 8 } }, filter = { CLADE_FLOAT32, 4, { 3, 2, 3, 3 } };
    cld_value_id in[3] = { cld_graph_input(graph, "x", &image) }, conv[2], y;
    static const int64_t own[] = { 1, 0, 0, 1 };
    cld_attr how = { .name = "mode", .kind = CLD_ATTR_STRING, .u.s = mode };
    cld_attr attr = { .name = "pads", .kind = CLD_ATTR_INTS, .count = 4, .u.ints = own };
    ck_ok(cld_build_ints(&build, pads, 8, &in[1], &err), err);
    ck_ok(cld_build_scalar(&build, CLADE_FLOAT32, value, &in[2], &err), err);
    ck_ok(cld_build_op(&build, "Pad", in, 3, &how, 1, &conv[0], &err), err);
    conv[1] = cld_graph_input(graph, "w", &filter);
    ck_ok(cld_build_op(&build, "Conv", conv, 2, &attr, 1, &y, &err), err);
    ck_assert(cld_graph_output(graph, y));
    ck_ok(cld_pass_fold_pad(graph, &err), err);
    ck_ok(cld_pass_dead(graph, &err), err);
    return &graph->nodes[graph->n_nodes - 1];
}

START_TEST(zeros_on_spatial_axes_fold) {
    static const int64_t pads[8] = { 0, 0, 2, 0, 0, 0, 1, 3 }, want[4] = { 3, 0, 1, 4 };
    const cld_node *conv = after_pass("constant", pads, 0.0);
    int32_t count;
    ck_assert_int_eq(graph->n_nodes, 1);
    ck_assert_str_eq(cld_graph_at(graph, conv->in[0])->name, "x");
    const int64_t *got = cld_attr_ints(conv, "pads", &count);
    ck_assert_int_eq(count, 4);
    ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

static const struct {
    const char *mode;
    int64_t pads[8];
    double value;
} left_alone[] = {
    { "constant", { 0, 0, 2, 0, 0, 0, 1, 3 }, 0.5 }, /* not zeros */
    { "edge", { 0, 0, 2, 0, 0, 0, 1, 3 }, 0.0 },
    { "constant", { 1, 0, 0, 0, 0, 0, 0, 0 }, 0.0 },  /* the batch */
    { "constant", { 0, 0, -1, 0, 0, 0, 0, 0 }, 0.0 }, /* crops */
};

START_TEST(others_stay) {
    after_pass(left_alone[_i].mode, left_alone[_i].pads, left_alone[_i].value);
    ck_assert_int_eq(graph->n_nodes, 2);
    ck_assert_str_eq(graph->nodes[0].type, "Pad");
}
END_TEST

Suite *suite_pass_fold_pad(void);
Suite *suite_pass_fold_pad(void) {
    Suite *suite = suite_create("pass_fold_pad");
    TCase *tcase = tcase_create("fold_pad");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, zeros_on_spatial_axes_fold);
    tcase_add_loop_test(tcase, others_stay, 0, CLD_COUNT(left_alone));
    suite_add_tcase(suite, tcase);
    return suite;
}
