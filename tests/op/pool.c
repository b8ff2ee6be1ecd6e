/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool (with Indices), AveragePool and LpPool: both rows on random windows against folds over the reference's
 * windows; rounding up; integers.
 */
#include <math.h>
#include <stdio.h>

#include "test.h"
#include "windows.h"

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

/* True when the row ran. */
static bool run_pool(const char *row, const pool_kind *kind, int axes, uint32_t seed) {
    drawn d;
    ref_windows w = { .groups = 1 };
    int64_t dims[5];
    const int64_t channels = 3;
    const bool indices = kind->take == take_max && seed % 2 == 0;
    char what[96], prefer[64];
    clade_tensor out[2];
    drawn_begin(&d, kind->type, seed);
    windows_draw(&d, &w, axes, axes == 1 ? 300 : 20 / axes);
    if (!has_answers(&w)) {
        cld_text_free(&d.node.attributes);
        return false;
    }
    if (kind->pad_counts)
        wire_attr_int(&d.node.attributes, "count_include_pad", 1);
    if (kind->take == take_cubes)
        wire_attr_int(&d.node.attributes, "p", 3);
    const float *x =
        drawn_input(&d, CLADE_FLOAT32, windows_dims(dims, w.images, channels, w.in, axes), dims, false)->data;
    snprintf(prefer, sizeof prefer, "%s=%s", kind->type, row);
    snprintf(what, sizeof what, "%s seed %u", prefer, seed);
    node_output(&d.node, CLADE_FLOAT32);
    if (indices)
        node_output(&d.node, CLADE_INT64);
    const bool ran = node_run(&d.node, prefer, out);
    const want wanted = { &w, kind, x, channels };
    windows_check(&out[0], &w, channels, expected, &wanted, what);
    for (int64_t i = 0; indices && i < clade_tensor_count(&out[1]); i++) {
        const int64_t pixels = ref_span(w.out), plane = i / pixels;
        const int64_t best = fold_of(&wanted, plane / channels, plane % channels, i % pixels).best;
        ck_assert_int_eq(((int64_t *)out[1].data)[i], plane * ref_span(w.in) + best);
    }
    for (int k = 0; k < 1 + indices; k++)
        clade_tensor_free(&out[k]);
    drawn_free(&d);
    return ran;
}

START_TEST(row_agrees) {
    const pool_kind *kind = &kinds[_i / 2];
    int ran = 0;
    for (uint32_t seed = 0; seed < 12; seed++)
        ran += run_pool(rows[_i % 2], kind, 1 + (int)seed % 3, seed);
    ck_assert_msg(ran >= 8, "%s=%s ran in %d cases", kind->type, rows[_i % 2], ran);
}
END_TEST

/* One axis of 5, stride 2, rounded up: the last window of 2 has one element, the only one of 6 has five; what lies
 * behind the padding never counts. */
static const struct {
    const char *type;
    int64_t kernel, n;
    float result[3];
} roundings[] = { { "MaxPool", 2, 3, { 2, 4, 5 } },
                  { "AveragePool", 2, 3, { 1.5f, 3.5f, 5 } },
                  { "MaxPool", 6, 1, { 5 } },
                  { "AveragePool", 6, 1, { 3 } } };

START_TEST(rounded_up) {
    static float x[] = { 1, 2, 3, 4, 5 };
    const clade_tensor in = { CLADE_FLOAT32, 3, { 1, 1, 5 }, x, sizeof x };
    const int64_t two = 2;
    node_test test;
    clade_tensor out;
    node_begin(&test, roundings[_i].type);
    wire_attr_ints(&test.attributes, "kernel_shape", 1, &roundings[_i].kernel);
    wire_attr_ints(&test.attributes, "strides", 1, &two);
    wire_attr_int(&test.attributes, "ceil_mode", 1);
    if (_i % 2)
        wire_attr_int(&test.attributes, "count_include_pad", 1);
    node_input(&test, &in, false);
    node_output(&test, CLADE_FLOAT32);
    node_run(&test, NULL, &out);
    ck_assert_int_eq(out.dims[2], roundings[_i].n);
    for (int64_t i = 0; i < roundings[_i].n; i++)
        ck_assert_float_eq(((float *)out.data)[i], roundings[_i].result[i]);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(bytes) {
    static uint8_t x[] = { 3, 200, 7, 1 };
    const clade_tensor in = { CLADE_UINT8, 3, { 1, 1, 4 }, x, sizeof x };
    const int64_t two = 2;
    node_test test;
    clade_tensor out;
    node_begin(&test, "MaxPool");
    wire_attr_ints(&test.attributes, "kernel_shape", 1, &two);
    node_input(&test, &in, false);
    node_output(&test, CLADE_UINT8);
    node_run(&test, NULL, &out);
    ck_assert_mem_eq(out.data, ((uint8_t[]){ 200, 200, 7 }), 3);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(window_too_large) {
    static float x[] = { 1, 2 };
    const clade_tensor in = { CLADE_FLOAT32, 3, { 1, 1, 2 }, x, sizeof x };
    const int64_t three = 3;
    node_test test;
    node_begin(&test, "MaxPool");
    wire_attr_ints(&test.attributes, "kernel_shape", 1, &three);
    node_input(&test, &in, false);
    node_output(&test, CLADE_FLOAT32);
    node_refused(&test, CLADE_ERR_SHAPE, "a window of 3 does not fit in 2");
}
END_TEST

Suite *suite_op_pool(void);
Suite *suite_op_pool(void) {
    Suite *suite = suite_create("op/pool");
    TCase *tcase = tcase_create("pool");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, row_agrees, 0, 2 * (int)(sizeof kinds / sizeof kinds[0]));
    tcase_add_loop_test(tcase, rounded_up, 0, (int)CLD_COUNT(roundings));
    tcase_add_test(tcase, bytes);
    tcase_add_test(tcase, window_too_large);
    suite_add_tcase(suite, tcase);
    return suite;
}
