/* SPDX-License-Identifier: Apache-2.0 */
/* The order-book example: a trained DeepLOB (Zhang, Zohren, Roberts 2019) predicts where the mid price goes. Sectioned
 * by source file. Rows are in the layout of FI-2010 (Ntakaris et al. 2018): ask price, ask volume, bid price, bid
 * volume for levels 1 ... 10, z-scored per column.
 */
#ifndef ORDERBOOK_H
#define ORDERBOOK_H

#include <stddef.h>
#include <stdint.h>

#include <clade.h>

enum { LEVELS = 10, FEATURES = 4 * LEVELS, WINDOW = 100, CLASSES = 3 };

/* ---- feed.c: a stream of rows, from files or simulated ---- */

typedef struct row_feed {
    size_t rows, label_columns;
    const float *features;                     /* rows x FEATURES */
    const int64_t *labels;                     /* rows x label_columns of 0 up, 1 stationary, 2 down; NULL: none */
    clade_tensor feature_tensor, label_tensor; /* hold the two */
} row_feed;
/* Reads .npy files: features float32 [T,40], labels (NULL: none) int64 [T,H]. The caller frees *out with feed_free,
 * also after a failure. */
clade_status feed_read(row_feed *out, const char *features_path, const char *labels_path, clade_error *err);
clade_status feed_simulate(row_feed *out, size_t rows, uint64_t seed, clade_error *err);
void feed_free(row_feed *feed);

/* ---- simulator.c ---- */

/* Writes `rows` z-scored rows of a simulated book, one after each event. The same seed gives the same rows. */
void simulate_book(float *features, size_t rows, uint64_t seed);

/* ---- window.c: the last WINDOW rows ---- */

typedef struct row_window {
    float rows[2 * WINDOW][FEATURES]; /* the window is contiguous: rows[end - WINDOW ... end - 1] */
    size_t end, filled;
    double gap; /* a larger step of the best ask between two rows begins a new instrument; 0: never */
} row_window;
void window_init(row_window *w, double gap);
/* Takes the next row. Returns the window that ends with it, WINDOW x FEATURES, or NULL while there are not enough rows.
 */
const float *window_push(row_window *w, const float *row);

/* ---- metrics.c ---- */

typedef struct confusion {
    uint64_t count[CLASSES][CLASSES]; /* [label][prediction] */
} confusion;
void confusion_add(confusion *c, int64_t label, size_t prediction); /* labels that are no class are left out */
uint64_t confusion_total(const confusion *c);
double confusion_accuracy(const confusion *c);
/* The mean over classes of 2TP / (2TP + FP + FN); a class that never occurs counts 0. */
double confusion_macro_f1(const confusion *c);
size_t largest_class(const float *probabilities);
/* Sorts `samples` and gives the nearest-rank percentile; 0 when there are none. */
double percentile(double *samples, size_t count, double percent);

/* ---- predict.c: the stream through a session ---- */

typedef struct prediction_options {
    size_t batch;
    size_t every;        /* predict each window whose number is a multiple of this */
    double gap;          /* see window */
    size_t label_column; /* of feed->labels */
} prediction_options;

typedef struct prediction_report {
    size_t predictions, calls;
    double first_ms;               /* the first call: it plans and compiles, and is in no other figure */
    double total_ms;               /* set input, run, read output; the first call left out */
    double p50_ms, p95_ms, p99_ms; /* of one call */
    double per_second;
    uint64_t classes[CLASSES];
    confusion confusion;
} prediction_report;
clade_status predict_stream(prediction_report *out, clade_session *session, const row_feed *feed,
                            const prediction_options *options, clade_error *err);

/* ---- report.c ---- */

void print_report(const prediction_report *report, size_t batch, size_t horizon);
/* What a prediction takes at each batch size, where there are several. */
void print_comparison(const prediction_report *reports, const size_t *batches, size_t count, clade_device_kind kind);

#endif
