/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool (with Indices), AveragePool and LpPool: both rows on random windows against folds over the reference's
 * windows; rounding up; integers.
 */
#include <math.h>
#include <stdio.h>

#include "windows.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.rtol = rig.atol = 1e-6;
}
static void teardown(void) { op_end(&rig); }

typedef struct fold {
    const float *x;
    int64_t taps, best;
    double value;
} fold;

static void take_max(void *state, int64_t position, int64_t tap) {
    fold *f = state;
    (void)tap;
    if (f->taps++ == 0 || (double)f->x[position] > f->value) {
        f->value = (double)f->x[position];
        f->best = position;
    }
}
static void take_sum(void *state, int64_t position, int64_t tap) {
    fold *f = state;
    (void)tap;
    f->taps++;
    f->value += (double)f->x[position];
}
static void take_cubes(void *state, int64_t position, int64_t tap) {
    fold *f = state;
    (void)tap;
    f->value += pow(fabs((double)f->x[position]), 3);
}

typedef struct pool_kind {
    const char *type;
    ref_visit take;
    bool pad_counts;
} pool_kind;
static const pool_kind kinds[] = { { "MaxPool", take_max, false },
                                   { "AveragePool", take_sum, false },
                                   { "AveragePool", take_sum, true },
                                   { "LpPool", take_cubes, false } };
static const char *const rows[] = { "rows", "reference" };

typedef struct want {
    const ref_windows *w;
    const pool_kind *kind;
    const float *x;
    int64_t channels;
} want;

static fold fold_of(const want *p, int64_t image, int64_t channel, int64_t o) {
    fold f = { .x = p->x + (image * p->channels + channel) * ref_span(p->w->in) };
    ref_visit_window(p->w, o, p->kind->take, &f);
    return f;
}

static ref_value expected(const void *context, int64_t image, int64_t channel, int64_t o) {
    const want *p = context;
    const fold f = fold_of(p, image, channel, o);
    double value = f.value;
    if (p->kind->take == take_sum)
        value /= (double)(p->kind->pad_counts ? ref_span(p->w->kernel) : f.taps);
    if (p->kind->take == take_cubes)
        value = cbrt(value);
    return (ref_value){ value, fabs(value) };
}

static void count_tap(void *state, int64_t position, int64_t tap) {
    (void)position;
    (void)tap;
    ++*(int64_t *)state;
}

/* A window wholly in the padding has no answer. */
static bool has_answers(const ref_windows *w) {
    for (int64_t o = 0; o < ref_span(w->out); o++) {
        int64_t taps = 0;
        ref_visit_window(w, o, count_tap, &taps);
        if (taps == 0)
            return false;
    }
    return true;
}

/* False: it has no answer, and was not added. */
static bool add_pool(const pool_kind *kind, int axes, bool indices) {
    ref_windows w = { .groups = 1 };
    const int64_t channels = 3;
    op_node node = { .type = kind->type, .n_out = 1 + indices };
    windows_draw(&rig, &node, &w, axes, axes == 1 ? 300 : 20 / axes);
    if (!has_answers(&w))
        return false;
    if (kind->pad_counts)
        op_attr(&rig, &node, OP_INT("count_include_pad", 1));
    if (kind->take == take_cubes)
        op_attr(&rig, &node, OP_INT("p", 3));
    const cld_type type = windows_type(CLADE_FLOAT32, w.images, channels, w.in, axes);
    op_in(&node, op_reals(&rig, &type, 1), false);
    const want wanted = { &w, kind, node.in[0]->data, channels };
    const double *size[2] = { NULL, NULL };
    const clade_tensor *out[2] = { windows_fill(&rig, &w, channels, axes, expected, &wanted, &size[0]) };
    cld_type places = windows_type(CLADE_INT64, w.images, channels, w.out, axes);
    clade_tensor *best = cld_tensor_new(rig.graph->arena, &places);
    for (int64_t i = 0; indices && i < clade_tensor_count(best); i++) {
        const int64_t pixels = ref_span(w.out), plane = i / pixels;
        cld_tensor_set_int(
            best, i, plane * ref_span(w.in) + fold_of(&wanted, plane / channels, plane % channels, i % pixels).best);
    }
    out[1] = best;
    op_add_near(&rig, &node, out, size);
    return true;
}

START_TEST(row_agrees) {
    const pool_kind *kind = &kinds[_i / 2];
    char prefer[64];
    int added = 0;
    snprintf(prefer, sizeof prefer, "%s=%s", kind->type, rows[_i % 2]);
    rig.prefer = prefer;
    for (int i = 0; i < 12; i++)
        added += add_pool(kind, 1 + i % 3, kind->take == take_max && i % 2 == 0);
    ck_assert_int_ge(added, 8);
    op_run(&rig);
    op_took(&rig, added);
}
END_TEST

/* One axis of 5, stride 2, rounded up: the last window of 2 has one element, the only one of 6 has five; what lies
 * behind the padding never counts. */
static const struct {
    const char *type;
    int64_t kernel, n;
    double result[3];
} roundings[] = { { "MaxPool", 2, 3, { 2, 4, 5 } },
                  { "AveragePool", 2, 3, { 1.5, 3.5, 5 } },
                  { "MaxPool", 6, 1, { 5 } },
                  { "AveragePool", 6, 1, { 3 } } };

/* A node on one line of `n` numbers with windows of `kernel`. */
static op_node pool_of(const char *type, clade_dtype dtype, int64_t n, const double *x, int64_t kernel) {
    op_node node = { .type = type };
    op_attr(&rig, &node, OP_INTS("kernel_shape", 1, op_ints(&rig, &kernel, 1)->data));
    op_in(&node, op_given(&rig, &(cld_type){ dtype, 3, { 1, 1, n } }, x), false);
    return node;
}

START_TEST(rounded_up) {
    static const int64_t two = 2;
    op_node node =
        pool_of(roundings[_i].type, CLADE_FLOAT32, 5, (const double[]){ 1, 2, 3, 4, 5 }, roundings[_i].kernel);
    op_attr(&rig, &node, OP_INTS("strides", 1, &two));
    op_attr(&rig, &node, OP_INT("ceil_mode", 1));
    if (_i % 2)
        op_attr(&rig, &node, OP_INT("count_include_pad", 1));
    const cld_type type = { CLADE_FLOAT32, 3, { 1, 1, roundings[_i].n } };
    op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &type, roundings[_i].result) });
    rig.rtol = rig.atol = 0;
    op_run(&rig);
}
END_TEST

START_TEST(bytes) {
    const op_node node = pool_of("MaxPool", CLADE_UINT8, 4, (const double[]){ 3, 200, 7, 1 }, 2);
    const cld_type type = { CLADE_UINT8, 3, { 1, 1, 3 } };
    op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &type, (const double[]){ 200, 200, 7 }) });
    op_run(&rig);
}
END_TEST

START_TEST(window_too_large) {
    const op_node node = pool_of("MaxPool", CLADE_FLOAT32, 2, (const double[]){ 1, 2 }, 3);
    op_refused(&rig, &node, CLADE_ERR_SHAPE, "a window of 3 does not fit in 2");
}
END_TEST

Suite *suite_op_pool(void);
Suite *suite_op_pool(void) {
    Suite *suite = suite_create("op/pool");
    TCase *tcase = tcase_create("pool");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, row_agrees, 0, 2 * (int)CLD_COUNT(kinds));
    tcase_add_loop_test(tcase, rounded_up, 0, (int)CLD_COUNT(roundings));
    tcase_add_test(tcase, bytes);
    tcase_add_test(tcase, window_too_large);
    suite_add_tcase(suite, tcase);
    return suite;
}
