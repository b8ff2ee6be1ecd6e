/* SPDX-License-Identifier: Apache-2.0 */
/* orderbook MODEL: predicts the mid price from a stream of order-book rows, event by event and in batches, and says how
 * fast and, where labels are given, how well. Options, see usage(). Exit status: 0 done, 1 failed, 2 wrong command
 * line.
 */
#include "orderbook.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCHES_MAX = 8, BATCH_MAX = 4096 };

/* The label columns of FI-2010: events ahead. */
static const int horizons[] = { 10, 20, 30, 50, 100 };
enum { HORIZONS = sizeof horizons / sizeof *horizons };

typedef struct options {
    const char *model, *device, *features, *labels;
    size_t events, seed, every, horizon, batches[BATCHES_MAX], batch_count;
    double gap;
} options;

static int usage(FILE *to) {
    fputs("usage: orderbook [OPTION...] MODEL\n"
          "  MODEL takes windows [N,1,100,40] and gives [N,3]: up, stationary, down\n"
          "  --features FILE  rows to read, .npy float32 [T,40]; without it: a simulated book\n"
          "  --labels FILE    what came after each row, .npy int64 [T,5]: 0 up, 1 stationary, 2 down\n"
          "  --horizon K      events ahead that the labels are for: 10, 20, 30, 50 or 100 (default)\n"
          "  --every N        predict every Nth window (default 1)\n"
          "  --gap X          a step of the best ask by more than X begins another instrument; 0: never (default\n"
          "                   0.1 for files, 0 for the simulator)\n"
          "  --batch N,...    windows a call, one pass over the stream for each (default 1,32)\n"
          "  --events N       rows to simulate (default 2000)\n"
          "  --seed N         of the simulator (default 1)\n"
          "  --device DEVICE  as for the command clade\n",
          to);
    return to == stdout ? 0 : 2;
}

/* A whole number in [1, max] that ends at *end; 0 when it is not. */
static size_t parse_number(const char *text, size_t max, char **end) {
    if (*text < '0' || *text > '9')
        return 0;
    const unsigned long long value = strtoull(text, end, 10);
    return value >= 1 && value <= max ? (size_t)value : 0;
}

static int parse_whole(const char *text, size_t max, size_t *out) {
    char *end;
    *out = parse_number(text, max, &end);
    return *out && *end == '\0';
}

static int parse_batches(const char *text, options *out) {
    for (out->batch_count = 0; out->batch_count < BATCHES_MAX; text++) {
        char *end;
        const size_t batch = parse_number(text, BATCH_MAX, &end);
        if (batch == 0 || (*end != ',' && *end != '\0'))
            return 0;
        out->batches[out->batch_count++] = batch;
        if (*end == '\0')
            return 1;
        text = end;
    }
    return 0;
}

static int parse_gap(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(options *out, int argc, char **argv) {
    static const struct option table[] = {
        { "features", required_argument, NULL, 'f' },
        { "labels", required_argument, NULL, 'l' },
        { "horizon", required_argument, NULL, 'k' },
        { "every", required_argument, NULL, 'e' },
        { "gap", required_argument, NULL, 'g' },
        { "batch", required_argument, NULL, 'b' },
        { "events", required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 's' },
        { "device", required_argument, NULL, 'd' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    *out = (options){
        .events = 2000, .seed = 1, .every = 1, .horizon = 100, .batches = { 1, 32 }, .batch_count = 2, .gap = -1
    };
    for (int letter; (letter = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        int good = 1;
        switch (letter) {
        case 'f':
            out->features = optarg;
            break;
        case 'l':
            out->labels = optarg;
            break;
        case 'd':
            out->device = optarg;
            break;
        case 'k':
            good = parse_whole(optarg, 100, &out->horizon);
            break;
        case 'e':
            good = parse_whole(optarg, SIZE_MAX / 2, &out->every);
            break;
        case 'n':
            good = parse_whole(optarg, 100000000, &out->events);
            break;
        case 's':
            good = parse_whole(optarg, SIZE_MAX / 2, &out->seed);
            break;
        case 'b':
            good = parse_batches(optarg, out);
            break;
        case 'g':
            good = parse_gap(optarg, &out->gap);
            break;
        case 'h':
            return usage(stdout);
        default:
            return usage(stderr);
        }
        if (!good) {
            fprintf(stderr, "orderbook: '%s' is no such value\n", optarg);
            return 2;
        }
    }
    if (optind + 1 != argc || (out->labels && !out->features))
        return usage(stderr);
    out->model = argv[optind];
    if (out->gap < 0)
        out->gap = out->features ? 0.1 : 0;
    return -1;
}

/* The label column of a horizon, or HORIZONS. */
static size_t find_column(size_t horizon) {
    size_t column = 0;
    while (column < HORIZONS && (size_t)horizons[column] != horizon)
        column++;
    return column;
}

static clade_status open_feed(row_feed *out, const options *o, clade_error *err) {
    if (o->features == NULL) {
        printf("input   a SIMULATED order book, no market data: %zu events, seed %zu, %d levels, z-scored\n", o->events,
               o->seed, LEVELS);
        return feed_simulate(out, o->events, o->seed, err);
    }
    const clade_status status = feed_read(out, o->features, o->labels, err);
    if (status == CLADE_OK)
        printf("input   %s: %zu rows%s\n", o->features, out->rows, o->labels ? ", with labels" : "");
    return status;
}

/* A first call takes seconds where nothing is in the cache: a line that moves, for a person. */
static int show_progress(void *user, const char *what, size_t done, size_t total) {
    (void)user;
    fprintf(stderr, "\r\033[K");
    if (done < total)
        fprintf(stderr, "%s %zu/%zu", what, done, total);
    fflush(stderr);
    return 0;
}

static clade_status run(const options *o, const row_feed *feed, size_t column, clade_error *err) {
    clade_device *device = NULL;
    clade_model *model = NULL;
    clade_session *session = NULL;
    clade_session_options session_options = CLADE_SESSION_OPTIONS_INIT;
    if (isatty(STDERR_FILENO))
        session_options.progress = show_progress;
    clade_status status = clade_device_open(&device, o->device, NULL, err);
    if (status == CLADE_OK)
        status = clade_model_load(&model, o->model, NULL, err);
    if (status == CLADE_OK)
        status = clade_session_create(&session, device, model, &session_options, err);
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    if (status == CLADE_OK)
        status = clade_device_get_info(device, &info, err);
    if (status == CLADE_OK)
        printf("model   %s on %s\n", o->model, info.name);
    prediction_report reports[BATCHES_MAX];
    for (size_t i = 0; status == CLADE_OK && i < o->batch_count; i++) {
        const prediction_options p = { o->batches[i], o->every, o->gap, column };
        status = predict_stream(&reports[i], session, feed, &p, err);
        if (status == CLADE_OK)
            print_report(&reports[i], p.batch, o->horizon);
    }
    if (status == CLADE_OK)
        print_comparison(reports, o->batches, o->batch_count, info.kind);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    return status;
}

int main(int argc, char **argv) {
    options o;
    const int stop = parse_options(&o, argc, argv);
    if (stop >= 0)
        return stop;
    row_feed feed;
    clade_error err = { .status = CLADE_OK };
    clade_status status = open_feed(&feed, &o, &err);
    const size_t column = find_column(o.horizon);
    if (status == CLADE_OK && (feed.labels ? column >= feed.label_columns : column == HORIZONS)) {
        fprintf(stderr, "orderbook: there are no labels %zu events ahead\n", o.horizon);
        feed_free(&feed);
        return 2;
    }
    if (status == CLADE_OK)
        status = run(&o, &feed, column, &err);
    feed_free(&feed);
    if (status != CLADE_OK)
        fprintf(stderr, "orderbook: %s\n", err.message);
    return status == CLADE_OK ? 0 : 1;
}
