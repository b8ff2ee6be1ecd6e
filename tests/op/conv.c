/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and ConvTranspose: every row on random shapes against the double reference, and auto_pad against explicit
 * padding. */
#include "test.h"
#include "windows.h"

#include <stdio.h>

typedef struct want {
    const ref_windows *w;
    const drawn *c;
    bool transposed;
} want;

static ref_value expected(const void *context, int64_t image, int64_t m, int64_t o) {
    const want *p = context;
    const float *bias = p->c->count > 2 ? p->c->in[2].data : NULL;
    ref_value r =
        (p->transposed ? ref_conv_transposed : ref_conv)(p->w, p->c->in[0].data, p->c->in[1].data, image, m, o);
    r.value += bias != NULL ? (double)bias[m] : 0;
    return r;
}

typedef struct shape {
    int axes;
    int64_t groups, C, M, most; /* of one group; positions an axis */
} shape;

/* Runs one random convolution of that shape; true when the row ran. */
static bool run_conv(const char *row, const shape *s, uint32_t seed, bool transposed) {
    drawn c;
    ref_windows w = { .groups = s->groups, .C = s->C, .M = s->M };
    const int64_t channels = s->groups * s->C, filters = s->groups * s->M;
    int64_t dims[5];
    clade_tensor out;
    char what[96];
    drawn_begin(&c, transposed ? "ConvTranspose" : "Conv", seed);
    windows_draw(&c, &w, s->axes, s->most);
    wire_attr_int(&c.node.attributes, "group", s->groups);
    if (transposed)
        for (int d = 3 - s->axes; d < 3; d++) {
            w.out[d] = (w.in[d] - 1) * w.stride[d] + (w.kernel[d] - 1) * w.dilation[d] + 1 - w.before[d] - w.after[d];
            ck_assert_int_gt(w.out[d], 0); /* padding is less than the kernel */
        }
    drawn_input(&c, CLADE_FLOAT32, windows_dims(dims, w.images, channels, w.in, s->axes), dims, false);
    const int32_t rank = transposed ? windows_dims(dims, channels, s->M, w.kernel, s->axes)
                                    : windows_dims(dims, filters, s->C, w.kernel, s->axes);
    drawn_input(&c, CLADE_FLOAT32, rank, dims, drawn_number(&c, 0, 1) == 0);
    if (drawn_number(&c, 0, 2) > 0)
        drawn_input(&c, CLADE_FLOAT32, 1, &filters, false);
    const bool forced = drawn_run(&c, row, CLADE_FLOAT32, &out);
    snprintf(what, sizeof what, "%s=%s seed %u", c.node.type, row, seed);
    windows_check(&out, &w, filters, expected, &(want){ &w, &c, transposed }, what);
    clade_tensor_free(&out);
    drawn_free(&c);
    return forced;
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
    { "implicit(mr 12, nv 3, kb 30, mb 24)", false, 15 },
    { "implicit(mr 1, nv 2, kb 1, mb 1)", false, 15 },
    { "rows(chunk 3)", false, 30 },
    { "im2col > panels(mr 4, nv 1, kb 9, mb 8, nb 32)", false, 30 },
    { "im2col > tiles", false, 30 },
    { "tiles", false, 30 },
    { "tiles(tm 32, tn 64, mi 2, ni 8, kb 8, ks 3)", false, 30 },
    { "tiles(tm 64, tn 32, mi 4, ni 2, kb 16, ks 1)", false, 30 },
    { "im2col > reference", false, 30 },
    { "col2im > tiles", true, 15 },
};

START_TEST(row_agrees) {
    int ran = 0;
    for (uint32_t seed = 1; seed <= 2; seed++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            ran += run_conv(rows[_i].row, &shapes[s], seed * 1000 + (uint32_t)s, rows[_i].transposed);
    ck_assert_msg(ran >= rows[_i].at_least, "%s ran in %d cases", rows[_i].row, ran);
}
END_TEST

/* SAME_UPPER and SAME_LOWER put the odd element of padding behind and before. */
START_TEST(auto_pad) {
    static const char *const names[] = { "SAME_UPPER", "SAME_LOWER" };
    static float x[] = { 1, 2, 3, 4 }, w[] = { 1, 10 };
    static const float want_first[] = { 21, 10 }, want_last[] = { 4, 43 };
    const clade_tensor in = { CLADE_FLOAT32, 3, { 1, 1, 4 }, x, sizeof x };
    const clade_tensor weights = { CLADE_FLOAT32, 3, { 1, 1, 2 }, w, sizeof w };
    node_test test;
    clade_tensor out;
    node_begin(&test, "Conv");
    wire_attr_text(&test.attributes, "auto_pad", names[_i]);
    node_input(&test, &in, false);
    node_input(&test, &weights, true);
    node_output(&test, CLADE_FLOAT32);
    node_run(&test, NULL, &out);
    ck_assert_int_eq(out.dims[2], 4);
    ck_assert_float_eq(((float *)out.data)[0], want_first[_i]);
    ck_assert_float_eq(((float *)out.data)[3], want_last[_i]);
    clade_tensor_free(&out);
}
END_TEST

Suite *suite_op_conv(void);
Suite *suite_op_conv(void) {
    Suite *suite = suite_create("op/conv");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, row_agrees, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_loop_test(tcase, auto_pad, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
