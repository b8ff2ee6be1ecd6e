/* SPDX-License-Identifier: Apache-2.0 */
/* Conv by minimal filtering, against the double reference within the bound that lib/op/matrix/conv_winograd.c states;
 * within what other rows keep to, where the chooser may take it; and what it does not do.
 */
#include "../ref/winograd.h"

#include <math.h>
#include <stdio.h>

#include "op/samples.h"
#include "plan/plan.h"
#include "windows.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* ---- within its bound -------------------------------------------------------------------------------------------- */

typedef struct shape {
    int64_t images, C, M, height, width;
    int64_t pads[4]; /* before and behind: top, left, bottom, right */
} shape;

static const shape shapes[] = {
    { 1, 1, 1, 3, 3, { 0 } },             /* one output */
    { 2, 1, 3, 6, 9, { 1, 1, 1, 1 } },    /* one channel */
    { 1, 3, 1, 4, 70, { 0, 1, 0, 0 } },   /* one filter; tiles of more than a vector side by side */
    { 3, 5, 17, 7, 5, { 1, 1, 1, 1 } },   /* nothing divides anything */
    { 1, 8, 33, 13, 21, { 2, 0, 0, 2 } }, /* padding unlike before and behind */
    { 2, 9, 16, 1, 2, { 1, 1, 1, 1 } },   /* less than a tile */
    { 1, 2, 18, 2, 150, { 2, 2, 2, 2 } }, /* few rows, long ones */
    { 1, 6, 5, 40, 2, { 0, 5, 3, 4 } },   /* padding wider than the kernel: tiles of nothing but zeros */
    { 5, 20, 40, 8, 8, { 1, 1, 1, 1 } },
};

/* Uniform; or some elements a thousand times as large as others, whose tiles they share. */
static clade_tensor *input(const cld_type *type, bool uneven) {
    clade_tensor *x = op_reals(&rig, type, 1);
    for (int64_t i = 0; uneven && i < clade_tensor_count(x); i++)
        if (op_below(&rig, 3))
            cld_tensor_set(x, i, cld_tensor_get(x, i) / 1024);
    return x;
}

typedef struct want {
    const ref_windows *w;
    const op_node *node;
    int m; /* 0: the size of an error is sum |x| |w| */
} want;

static ref_value expected(const void *context, int64_t image, int64_t filter, int64_t o) {
    const want *p = context;
    const clade_tensor *const *in = p->node->in;
    const double bias = in[2] ? cld_tensor_get(in[2], filter) : 0, n = (double)p->w->C + 32, u = 0x1p-24;
    ref_value r = ref_conv(p->w, in[0]->data, in[1]->data, image, filter, o);
    r.value += bias;
    if (p->m)
        r.magnitude = n * u / (1 - n * u) *
                      (fabs(bias) + ref_winograd_magnitude(p->w, in[0]->data, in[1]->data, image, filter, o, p->m));
    return r;
}

static void add(const shape *s, int m, bool uneven, bool constant, bool bias) {
    ref_windows w = { .images = s->images,
                      .groups = 1,
                      .C = s->C,
                      .M = s->M,
                      .in = { 1, s->height, s->width },
                      .kernel = { 1, 3, 3 },
                      .stride = { 1, 1, 1 },
                      .dilation = { 1, 1, 1 },
                      .before = { 0, s->pads[0], s->pads[1] },
                      .after = { 0, s->pads[2], s->pads[3] } };
    const double *size;
    op_node node = { .type = "Conv", .opset = 11 };
    ref_windows_size(&w);
    op_attr(&rig, &node, OP_INTS("pads", 4, op_ints(&rig, s->pads, 4)->data));
    const cld_type x = windows_type(CLADE_FLOAT32, s->images, s->C, w.in, 2),
                   weights = windows_type(CLADE_FLOAT32, s->M, s->C, w.kernel, 2);
    op_in(&node, input(&x, uneven), false);
    op_in(&node, op_reals(&rig, &weights, 1), constant);
    if (bias)
        op_in(&node, op_reals(&rig, &(cld_type){ CLADE_FLOAT32, 1, { s->M } }, 1), false);
    const clade_tensor *out = windows_fill(&rig, &w, s->M, 2, expected, &(want){ &w, &node, m }, &size);
    op_add_near(&rig, &node, &out, &size);
}

static const struct {
    int m, images;
    const char *inner;
    uint32_t lanes;
} rows[] = {
    { 2, 1, "", 0 },
    { 4, 1, "", 0 },
    { 2, 1, " > reference", 4 },
    { 4, 1, " > reference", 4 },
    { 2, 1, "", 8 },
    { 4, 1, "", 8 },
    { 2, 2, " > tiles", 0 },
    { 4, 64, " > tiles", 0 },
    { 2, 3, " > reference", 0 },
    { 4, 2, " > reference", 0 },
    { 2, 2, " > panels(mr 5, nv 1, kb 7, mb 10, nb 48)", 0 },
    { 4, 3, " > panels(mr 12, nv 2, kb 9, mb 12, nb 32)", 0 },
    { 4, 1, " > clblast_direct", 0 },
};

START_TEST(within_its_bound) {
    char prefer[96];
    snprintf(prefer, sizeof prefer, "Conv=winograd(m %d, images %d)%s", rows[_i].m, rows[_i].images, rows[_i].inner);
    rig.prefer = prefer;
    rig.lanes = rows[_i].lanes;
    rig.rtol = 1, rig.atol = 0;
    for (size_t s = 0; s < CLD_COUNT(shapes); s++)
        for (int k = 0; k < 2; k++)
            add(&shapes[s], rows[_i].m, k, op_below(&rig, 2), op_below(&rig, 2));
    op_run(&rig);
    op_took(&rig, 2 * (int32_t)CLD_COUNT(shapes));
}
END_TEST

/* What the chooser may take without being asked keeps to what other rows keep to (op/conv.c): m 2, and m 4 from 32
 * channels on. */
START_TEST(as_good_as_others) {
    static const shape wide = { 2, 32, 24, 9, 14, { 1, 1, 1, 1 } }, deep = { 1, 200, 16, 7, 7, { 1, 1, 1, 1 } };
    rig.rtol = rig.atol = 1e-6;
    rig.prefer = _i ? "Conv=winograd(m 4, images 2)" : "Conv=winograd(m 2, images 2)";
    for (size_t s = 0; s < CLD_COUNT(shapes) && !_i; s++)
        add(&shapes[s], 0, false, true, true);
    add(&wide, 0, false, true, true);
    add(&deep, 0, false, false, false);
    op_run(&rig);
    op_took(&rig, _i ? 2 : 2 + (int32_t)CLD_COUNT(shapes));
}
END_TEST

/* ---- what it does not do ----------------------------------------------------------------------------------------- */

static const struct {
    const char *x, *w, *attributes;
    bool taken;
} calls[] = {
    { "f1x4x9x9", "f6x4x3x3", "", true },
    { "f1x4x9x9", "f6x4x3x3", "pads=3,0,1,2", true },
    { "f1x4x9x9", "f6x4x3x3", "auto_pad=SAME_LOWER", true },
    { "f1x4x9x9", "f6x4x3x3", "strides=1,1 dilations=1,1", true },
    { "f1x4x9x9", "f6x4x3x3", "strides=2,2", false },
    { "f1x4x9x9", "f6x4x3x3", "strides=1,2", false },
    { "f1x4x9x9", "f6x4x3x3", "dilations=2,2", false },
    { "f1x4x9x9", "f6x4x3x3", "dilations=1,2", false },
    { "f1x4x9x9", "f6x2x3x3", "group=2", false },
    { "f1x4x9x9", "f6x4x5x5", "", false },
    { "f1x4x9x9", "f6x4x3x5", "", false },
    { "f1x4x9x9", "f6x4x3x1", "", false },
    { "f1x4x9x9", "f6x4x1x1", "", false },
    { "f1x4x9", "f6x4x3", "", false },
    { "f1x4x5x9x9", "f6x4x3x3x3", "", false },
    { "f1x4x5x9x9", "f6x4x1x3x3", "", false },
    { "h1x4x9x9", "h6x4x3x3", "", false },
    { "f1x4x9x9", "f0x4x3x3", "", false },
    { "f0x4x9x9", "f6x4x3x3", "", false },
    { "f1x0x9x9", "f6x0x3x3", "", false },
};

static const char *row_of(const cld_caps *caps, const char *prefer) {
    static char label[96];
    cld_plan *plan;
    const cld_plan_options options = { .prefer_impl = prefer };
    label[0] = '\0';
    ck_ok(cld_plan_new(&plan, rig.graph, caps, &options, &rig.err), rig.err);
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        if (strncmp(plan->steps.steps[s].impl, "winograd", 8) == 0)
            snprintf(label, sizeof label, "%s", plan->steps.steps[s].impl);
    cld_plan_free(plan);
    return label;
}

START_TEST(what_it_takes) {
    char in[64];
    const clade_tensor *none[OP_INPUTS] = { NULL };
    snprintf(in, sizeof in, "%s %s", calls[_i].x, calls[_i].w);
    rig.learn = true;
    const op_node node = sample_read(&rig, &cld_op_Conv, in, calls[_i].attributes);
    op_add_want(&rig, &node, none);
    for (int machine = 0; machine < OP_MACHINES; machine++) {
        const cld_caps caps = op_machine(machine == OP_CPU);
        ck_assert_int_eq(row_of(&caps, "Conv=winograd")[0] != '\0', calls[_i].taken);
        ck_assert_str_eq(row_of(&caps, "Conv=winograd(m 3)"), "");
        ck_assert_str_eq(row_of(&caps, "Conv=winograd(m 6)"), "");
    }
}
END_TEST

/* Where it is thought to be fastest, and does not lose digits: never m 4 for less than 32 channels. */
static const struct {
    const char *in;
    bool cpu;
    const char *label;
} chosen[] = {
    { "f1x64x58x58 f64x64x3x3!", true, "winograd(m 4, images 1)" },
    { "f8x64x58x58 f64x64x3x3!", true, "winograd(m 4, images 2)" },
    { "f1x256x16x16 f256x256x3x3!", true, "winograd(m 4, images 1)" },
    { "f1x256x16x16 f256x256x3x3", true, "" },
    { "f1x512x9x9 f512x512x3x3!", true, "winograd(m 2, images 1)" },
    { "f1x31x130x130 f256x31x3x3!", true, "winograd(m 2, images 1)" },
    { "f1x16x34x34 f16x16x3x3!", true, "" },
    { "f1x8x30x30 f8x8x3x3!", true, "" },
    { "f1x3x226x226 f64x3x3x3!", true, "" },
    { "f8x256x16x16 f256x256x3x3!", false, "winograd(m 4, images 8)" },
    { "f1x16x34x34 f16x16x3x3!", false, "" },
    { "f1x64x9x9 f64x64x3x3!", false, "" },
};

START_TEST(by_cost) {
    const clade_tensor *none[OP_INPUTS] = { NULL };
    const op_node node = sample_read(&rig, &cld_op_Conv, chosen[_i].in, "");
    const cld_caps caps = op_machine(chosen[_i].cpu);
    rig.learn = true;
    op_add_want(&rig, &node, none);
    ck_assert_str_eq(row_of(&caps, NULL), chosen[_i].label);
}
END_TEST

/* A buffer that cannot be had: the largest are sums of m 2, of 16 x 6 x 25 elements and one more. */
START_TEST(what_fits) {
    const clade_tensor *none[OP_INPUTS] = { NULL };
    const op_node node = sample_read(&rig, &cld_op_Conv, "f1x4x12x12 f6x4x3x3", "");
    rig.learn = true;
    op_add_want(&rig, &node, none);
    cld_caps caps = op_machine(false);
    caps.max_alloc_bytes = cld_caps_round(&caps, sizeof(float) * (16 * 6 * 25 + 1));
    ck_assert_str_ne(row_of(&caps, "Conv=winograd"), "");
    caps.max_alloc_bytes--;
    ck_assert_str_eq(row_of(&caps, "Conv=winograd"), "");
}
END_TEST

Suite *suite_op_winograd(void);
Suite *suite_op_winograd(void) {
    Suite *suite = suite_create("op/winograd");
    TCase *tcase = tcase_create("winograd");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, within_its_bound, 0, (int)CLD_COUNT(rows));
    tcase_add_loop_test(tcase, as_good_as_others, 0, 2);
    tcase_add_loop_test(tcase, what_it_takes, 0, (int)CLD_COUNT(calls));
    tcase_add_loop_test(tcase, by_cost, 0, (int)CLD_COUNT(chosen));
    tcase_add_test(tcase, what_fits);
    suite_add_tcase(suite, tcase);
    return suite;
}
