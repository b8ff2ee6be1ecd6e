/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and ConvTranspose: every row on random shapes against the double reference, and auto_pad against explicit
 * padding. */
#include <stdio.h>

#include "windows.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.rtol = rig.atol = 1e-6;
}
static void teardown(void) { op_end(&rig); }

typedef struct want {
    const ref_windows *w;
    const op_node *node;
    bool transposed;
} want;

static ref_value expected(const void *context, int64_t image, int64_t m, int64_t o) {
    const want *p = context;
    const clade_tensor *const *in = p->node->in;
    ref_value r = (p->transposed ? ref_conv_transposed : ref_conv)(p->w, in[0]->data, in[1]->data, image, m, o);
    r.value += in[2] != NULL ? cld_tensor_get(in[2], m) : 0;
    return r;
}

typedef struct shape {
    int axes;
    int64_t groups, C, M, most; /* of one group; positions an axis */
} shape;

/* Adds one random convolution of that shape. */
static void add_conv(const shape *s, bool transposed) {
    ref_windows w = { .groups = s->groups, .C = s->C, .M = s->M };
    const int64_t channels = s->groups * s->C, filters = s->groups * s->M;
    op_node node = { .type = transposed ? "ConvTranspose" : "Conv" };
    windows_draw(&rig, &node, &w, s->axes, s->most);
    op_attr(&rig, &node, OP_INT("group", s->groups));
    if (transposed)
        for (int d = 3 - s->axes; d < 3; d++) {
            w.out[d] = (w.in[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1 - w.before[d] - w.after[d];
            ck_assert_int_gt(w.out[d], 0); /* padding is less than the kernel */
        }
    const cld_type x = windows_type(CLADE_FLOAT32, w.images, channels, w.in, s->axes);
    const cld_type weights = transposed ? windows_type(CLADE_FLOAT32, channels, s->M, w.kernel, s->axes)
                                        : windows_type(CLADE_FLOAT32, filters, s->C, w.kernel, s->axes);
    op_in(&node, op_reals(&rig, &x, 1), false);
    op_in(&node, op_reals(&rig, &weights, 1), op_below(&rig, 2));
    if (op_below(&rig, 3))
        op_in(&node, op_reals(&rig, &(cld_type){ CLADE_FLOAT32, 1, { filters } }, 1), false);
    const double *size;
    const clade_tensor *out =
        windows_fill(&rig, &w, filters, s->axes, expected, &(want){ &w, &node, transposed }, &size);
    op_add_near(&rig, &node, &out, &size);
}

static const shape shapes[] = {
    { 1, 1, 3, 5, 40 },  { 1, 1, 1, 12, 70 }, { 1, 4, 1, 1, 150 }, { 1, 2, 3, 4, 9 },   { 2, 1, 3, 9, 12 },
    { 2, 1, 70, 13, 7 }, { 2, 1, 8, 33, 10 }, { 2, 6, 1, 1, 20 },  { 2, 3, 2, 5, 8 },   { 2, 1, 1, 1, 15 },
    { 2, 1, 40, 8, 3 },  { 3, 1, 2, 3, 5 },   { 3, 2, 1, 4, 4 },   { 3, 1, 10, 12, 3 }, { 3, 5, 1, 1, 6 },
};
static const struct {
    const char *row;
    bool transposed;
    int at_least; /* cases in which the row can run */
} rows[] = {
    { "implicit", false, 15 },
    { "rows", false, 30 },
    { "convgemm", false, 5 },
    { "im2col", false, 30 },
    { "reference", false, 30 },
    { "col2im", true, 15 },
    { "reference", true, 15 },
    /* tiles and blocks that divide nothing evenly, and the products within */
    { "implicit(mr 5, nv 1, kb 7, mb 10)", false, 15 },
    { "implicit(mr 10, nv 3, kb 30, mb 20)", false, 15 },
    { "implicit(mr 1, nv 2, kb 1, mb 1)", false, 15 },
    { "rows(chunk 3)", false, 30 },
    { "im2col > panels(mr 4, nv 1, kb 9, mb 8, nb 32)", false, 30 },
    { "im2col > tiles", false, 30 },
    { "tiles", false, 30 },
    { "tiles(tm 32, tn 64, mi 2, ni 8, kb 8, ks 3)", false, 30 },
    { "tiles(tm 64, tn 32, mi 4, ni 2, kb 16, ks 1)", false, 30 },
    { "strips", false, 30 },
    { "strips(outs 1)", false, 30 },
    { "strips(outs 3)", false, 30 },
    { "strips(outs 8)", false, 30 },
    { "im2col > reference", false, 30 },
    { "col2im > tiles", true, 15 },
    { "col2im > reference", true, 15 },
};

START_TEST(row_agrees) {
    char prefer[96];
    snprintf(prefer, sizeof prefer, "%s=%s", rows[_i].transposed ? "ConvTranspose" : "Conv", rows[_i].row);
    rig.prefer = prefer;
    for (int round = 0; round < 2; round++)
        for (size_t s = 0; s < CLD_COUNT(shapes); s++)
            add_conv(&shapes[s], rows[_i].transposed);
    op_run(&rig);
    op_took(&rig, rows[_i].at_least);
}
END_TEST

/* SAME_UPPER and SAME_LOWER put the odd element of padding behind and before. */
START_TEST(auto_pad) {
    static const char *const names[] = { "SAME_UPPER", "SAME_LOWER" };
    static const double results[][4] = { { 21, 32, 43, 4 }, { 10, 21, 32, 43 } };
    const cld_type x = { CLADE_FLOAT32, 3, { 1, 1, 4 } }, w = { CLADE_FLOAT32, 3, { 1, 1, 2 } };
    op_node node = { .type = "Conv", .attr = &OP_TEXT("auto_pad", names[_i]), .n_attr = 1 };
    op_in(&node, op_given(&rig, &x, (const double[]){ 1, 2, 3, 4 }), false);
    op_in(&node, op_given(&rig, &w, (const double[]){ 1, 10 }), true);
    op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &x, results[_i]) });
    rig.rtol = rig.atol = 0;
    op_run(&rig);
}
END_TEST

Suite *suite_op_conv(void);
Suite *suite_op_conv(void) {
    Suite *suite = suite_create("op/conv");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, row_agrees, 0, (int)CLD_COUNT(rows));
    tcase_add_loop_test(tcase, auto_pad, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
