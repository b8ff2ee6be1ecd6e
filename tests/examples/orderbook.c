/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the order-book example: figures of merit, the sliding window, the simulator. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/orderbook/orderbook.h"
#include "test.h"

START_TEST(perfect_predictions) {
    confusion c = { 0 };
    for (int i = 0; i < 30; i++)
        confusion_add(&c, i % CLASSES, (size_t)(i % CLASSES));
    ck_assert_uint_eq(confusion_total(&c), 30);
    ck_assert_double_eq_tol(confusion_accuracy(&c), 1, 1e-12);
    ck_assert_double_eq_tol(confusion_macro_f1(&c), 1, 1e-12);
}
END_TEST

/* Labels 0 0 0 0 1 1 2, predictions 0 0 1 2 1 0 2. Class 0: TP 2, FP 1, FN 2; class 1: TP 1, FP 1, FN 1;
 * class 2: TP 1, FP 1, FN 0. F1 = 4/7, 1/2, 2/3. */
START_TEST(mixed_predictions) {
    static const int labels[] = { 0, 0, 0, 0, 1, 1, 2 }, predictions[] = { 0, 0, 1, 2, 1, 0, 2 };
    confusion c = { 0 };
    for (int i = 0; i < 7; i++)
        confusion_add(&c, labels[i], (size_t)predictions[i]);
    ck_assert_double_eq_tol(confusion_accuracy(&c), 4.0 / 7, 1e-12);
    ck_assert_double_eq_tol(confusion_macro_f1(&c), (4.0 / 7 + 1.0 / 2 + 2.0 / 3) / 3, 1e-12);
}
END_TEST

START_TEST(no_predictions_and_strange_labels) {
    confusion c = { 0 };
    ck_assert_double_eq_tol(confusion_accuracy(&c), 0, 1e-12);
    ck_assert_double_eq_tol(confusion_macro_f1(&c), 0, 1e-12);
    confusion_add(&c, -1, 0);
    confusion_add(&c, CLASSES, 0);
    ck_assert_uint_eq(confusion_total(&c), 0);
    /* Classes 1 and 2 never occur: they count 0, as the mean is over all classes. */
    confusion_add(&c, 0, 0);
    ck_assert_double_eq_tol(confusion_macro_f1(&c), 1.0 / 3, 1e-12);
}
END_TEST

START_TEST(percentiles_are_nearest_rank) {
    double samples[100];
    for (int i = 0; i < 100; i++)
        samples[i] = 100 - i;
    ck_assert_double_eq_tol(percentile(samples, 100, 50), 50, 1e-12);
    ck_assert_double_eq_tol(percentile(samples, 100, 95), 95, 1e-12);
    ck_assert_double_eq_tol(percentile(samples, 100, 100), 100, 1e-12);
    ck_assert_double_eq_tol(percentile(samples, 1, 99), 1, 1e-12);
    ck_assert_double_eq_tol(percentile(samples, 0, 50), 0, 1e-12);
}
END_TEST

START_TEST(largest_class_takes_the_first_of_equals) {
    ck_assert_uint_eq(largest_class((const float[]){ 0.2f, 0.5f, 0.3f }), 1);
    ck_assert_uint_eq(largest_class((const float[]){ 0.4f, 0.2f, 0.4f }), 0);
}
END_TEST

/* The best ask of row i of a stream without seams. */
static void make_row(float *row, size_t i) {
    for (int f = 0; f < FEATURES; f++)
        row[f] = (float)i * 0.01f + (float)f;
}

START_TEST(window_holds_the_last_rows_in_order) {
    static row_window w;
    float row[FEATURES], want[FEATURES];
    window_init(&w, 0.1);
    for (size_t i = 0; i < 5 * WINDOW; i++) {
        make_row(row, i);
        const float *full = window_push(&w, row);
        ck_assert(i + 1 < WINDOW ? full == NULL : full != NULL);
        for (size_t r = 0; full && r < WINDOW; r++) {
            make_row(want, i + 1 - WINDOW + r);
            ck_assert_mem_eq(full + r * FEATURES, want, sizeof want);
        }
    }
}
END_TEST

/* 150 rows, a step of 2, 150 rows: the first window behind the step holds no row from before it. */
static size_t count_windows(double gap) {
    static row_window w;
    float row[FEATURES];
    size_t windows = 0;
    window_init(&w, gap);
    for (size_t i = 0; i < 300; i++) {
        make_row(row, i);
        row[0] += i < 150 ? 0.0f : 2.0f;
        const float *full = window_push(&w, row);
        windows += full != NULL;
        if (full && gap > 0)
            ck_assert(fabsf(full[0] - full[(WINDOW - 1) * FEATURES]) < 2);
    }
    return windows;
}

START_TEST(window_does_not_cross_a_gap) {
    ck_assert_uint_eq(count_windows(1), 2 * (150 - WINDOW + 1));
    ck_assert_uint_eq(count_windows(0), 300 - WINDOW + 1);
}
END_TEST

enum { ROWS = 3000 };

START_TEST(simulator_repeats_itself) {
    float *first = calloc(ROWS, sizeof(float) * FEATURES), *second = calloc(ROWS, sizeof(float) * FEATURES);
    ck_assert(first != NULL && second != NULL);
    simulate_book(first, ROWS, 7);
    simulate_book(second, ROWS, 7);
    ck_assert_mem_eq(first, second, ROWS * sizeof(float) * FEATURES);
    simulate_book(second, ROWS, 8);
    ck_assert(memcmp(first, second, ROWS * sizeof(float) * FEATURES) != 0);
    free(first);
    free(second);
}
END_TEST

START_TEST(simulator_standardises) {
    float *rows = calloc(ROWS, sizeof(float) * FEATURES);
    ck_assert(rows != NULL);
    simulate_book(rows, ROWS, 1);
    for (size_t f = 0; f < FEATURES; f++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < ROWS; r++) {
            sum += rows[r * FEATURES + f];
            squares += pow(rows[r * FEATURES + f], 2);
        }
        ck_assert_double_eq_tol(sum / ROWS, 0, 1e-3);
        ck_assert_double_eq_tol(squares / ROWS, 1, 1e-2);
    }
    free(rows);
}
END_TEST

/* The price must move, and neither side may be favoured: over 20 seeds it goes up about as often as down. */
START_TEST(simulator_has_no_drift) {
    float *rows = calloc(ROWS, sizeof(float) * FEATURES);
    ck_assert(rows != NULL);
    int ups = 0, downs = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        simulate_book(rows, ROWS, seed);
        const float change = rows[(ROWS - 1) * FEATURES] - rows[0];
        ups += change > 0;
        downs += change < 0;
    }
    ck_assert_int_ge(ups, 4);
    ck_assert_int_ge(downs, 4);
    free(rows);
}
END_TEST

Suite *suite_examples_orderbook(void);
Suite *suite_examples_orderbook(void) {
    Suite *suite = suite_create("examples/orderbook");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, perfect_predictions);
    tcase_add_test(tcase, mixed_predictions);
    tcase_add_test(tcase, no_predictions_and_strange_labels);
    tcase_add_test(tcase, percentiles_are_nearest_rank);
    tcase_add_test(tcase, largest_class_takes_the_first_of_equals);
    tcase_add_test(tcase, window_holds_the_last_rows_in_order);
    tcase_add_test(tcase, window_does_not_cross_a_gap);
    tcase_add_test(tcase, simulator_repeats_itself);
    tcase_add_test(tcase, simulator_standardises);
    tcase_add_test(tcase, simulator_has_no_drift);
    suite_add_tcase(suite, tcase);
    return suite;
}
