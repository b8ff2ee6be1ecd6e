/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds a stream of rows through a session, `batch` windows a call, and measures each call as its caller sees it: set
 * the input, run, read the output.
 *
 * The last call of a stream is filled up with windows of earlier calls whose answers are dropped, so that every call
 * has the same shape and the session keeps one plan.
 */
#include "orderbook.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where a stream is: the windows collected for the next call, and what the calls took. */
typedef struct stream {
    clade_session *session;
    const row_feed *feed;
    const prediction_options *options;
    prediction_report *report;
    clade_tensor input, output;
    size_t *rows;  /* of each window collected: its last row */
    double *times; /* of each call but the first */
    size_t collected;
} stream;

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static void count_answers(stream *s) {
    const float *answers = s->output.data;
    for (size_t i = 0; i < s->collected; i++) {
        const size_t class = largest_class(answers + i * CLASSES);
        s->report->classes[class]++;
        if (s->feed->labels)
            confusion_add(&s->report->confusion,
                          s->feed->labels[s->rows[i] * s->feed->label_columns + s->options->label_column], class);
    }
}

static clade_status predict_collected(stream *s, clade_error *err) {
    prediction_report *report = s->report;
    const double start = now_ms();
    clade_status status = clade_session_set_input(s->session, NULL, &s->input, err);
    if (status == CLADE_OK)
        status = clade_session_run(s->session, err);
    if (status == CLADE_OK)
        status = clade_session_read_output_into(s->session, NULL, &s->output, err);
    const double took = now_ms() - start;
    if (status != CLADE_OK)
        return status;
    if (report->calls == 0)
        report->first_ms = took;
    else {
        s->times[report->calls - 1] = took;
        report->total_ms += took;
    }
    count_answers(s);
    report->calls++;
    report->predictions += s->collected;
    s->collected = 0;
    return CLADE_OK;
}

static clade_status pass_rows(stream *s, clade_error *err) {
    row_window window;
    window_init(&window, s->options->gap);
    clade_status status = CLADE_OK;
    size_t windows = 0;
    for (size_t row = 0; status == CLADE_OK && row < s->feed->rows; row++) {
        const float *full = window_push(&window, s->feed->features + row * FEATURES);
        if (full == NULL || windows++ % s->options->every)
            continue;
        memcpy((float *)s->input.data + s->collected * WINDOW * FEATURES, full, sizeof(float) * WINDOW * FEATURES);
        s->rows[s->collected++] = row;
        if (s->collected == s->options->batch)
            status = predict_collected(s, err);
    }
    return status == CLADE_OK && s->collected ? predict_collected(s, err) : status;
}

static void finish_report(stream *s, size_t first_predictions) {
    prediction_report *report = s->report;
    const size_t timed = report->calls ? report->calls - 1 : 0;
    if (timed)
        report->per_second = (double)(report->predictions - first_predictions) / report->total_ms * 1e3;
    report->p50_ms = percentile(s->times, timed, 50);
    report->p95_ms = percentile(s->times, timed, 95);
    report->p99_ms = percentile(s->times, timed, 99);
}

clade_status predict_stream(prediction_report *out, clade_session *session, const row_feed *feed,
                            const prediction_options *options, clade_error *err) {
    *out = (prediction_report){ .calls = 0 };
    stream s = { .session = session, .feed = feed, .options = options, .report = out };
    const int64_t batch = (int64_t)options->batch;
    const int64_t input_dims[] = { batch, 1, WINDOW, FEATURES }, output_dims[] = { batch, CLASSES };
    clade_status status = clade_tensor_alloc(&s.input, CLADE_FLOAT32, 4, input_dims, err);
    if (status == CLADE_OK)
        status = clade_tensor_alloc(&s.output, CLADE_FLOAT32, 2, output_dims, err);
    s.rows = calloc(options->batch, sizeof *s.rows);
    s.times = calloc(feed->rows / options->batch + 1, sizeof *s.times);
    if (status == CLADE_OK && (s.rows == NULL || s.times == NULL)) {
        *err = (clade_error){ CLADE_ERR_MEMORY, "no memory for the stream" };
        status = CLADE_ERR_MEMORY;
    }
    if (status == CLADE_OK)
        status = pass_rows(&s, err);
    if (status == CLADE_OK)
        finish_report(&s, out->calls > 1 ? options->batch : out->predictions);
    free(s.times);
    free(s.rows);
    clade_tensor_free(&s.output);
    clade_tensor_free(&s.input);
    return status;
}
