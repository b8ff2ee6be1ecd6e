/* SPDX-License-Identifier: Apache-2.0 */
/* clade bench: how long loading and running take, and what they hold on the device.
 *
 * open_ms is the device, load_ms the model, the session and everything that can be planned and compiled before running,
 * first_ms the first run. The run times are those of `runs` further runs, inputs staying where they are; outputs are
 * not read. Percentiles are nearest-rank.
 */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

typedef struct timing {
    double open_ms, load_ms, first_ms, min_ms, median_ms, p95_ms, p99_ms;
    size_t runs, required_bytes;
} timing;

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest of `count` sorted samples that at least `percent` per cent of them do not exceed. */
static double percentile(const double *sorted, size_t count, double percent) {
    const size_t rank = (size_t)ceil(percent / 100 * (double)count);
    return sorted[rank > 0 ? rank - 1 : 0];
}

static clade_status measure(cli_engine *engine, const cli_common *common, timing *out, double *samples,
                            clade_error *err) {
    clade_status status = cli_inputs_set(&common->inputs, engine->session, engine->model, 1, err);
    double start = cli_now_ms();
    if (status == CLADE_OK)
        status = clade_session_compile(engine->session, err);
    out->open_ms = engine->open_ms;
    out->load_ms = engine->load_ms + cli_now_ms() - start;
    if (status == CLADE_OK)
        status = clade_session_required_bytes(engine->session, &out->required_bytes, err);
    start = cli_now_ms();
    if (status == CLADE_OK)
        status = clade_session_run(engine->session, err);
    out->first_ms = cli_now_ms() - start;
    cli_stage("timed runs");
    for (size_t i = 0; status == CLADE_OK && i < out->runs; i++) {
        start = cli_now_ms();
        status = clade_session_run(engine->session, err);
        samples[i] = cli_now_ms() - start;
    }
    if (status != CLADE_OK)
        return status;
    qsort(samples, out->runs, sizeof *samples, compare_doubles);
    out->min_ms = samples[0];
    out->median_ms = percentile(samples, out->runs, 50);
    out->p95_ms = percentile(samples, out->runs, 95);
    out->p99_ms = percentile(samples, out->runs, 99);
    return CLADE_OK;
}

static void print_text(const char *model, const char *device, const timing *t, const clade_session_stats *stats) {
    char peak[32], weights[32], required[32];
    printf("model    ");
    cli_print_clean(stdout, model);
    printf("\ndevice   %s\n", device);
    printf("start    open %.1f ms, load %.1f ms, first run %.1f ms\n", t->open_ms, t->load_ms, t->first_ms);
    printf("run      min %.3f ms, median %.3f ms, p95 %.3f ms, p99 %.3f ms over %zu runs, %zu launches each\n",
           t->min_ms, t->median_ms, t->p95_ms, t->p99_ms, t->runs, stats->launches);
    printf("memory   peak %s, weights %s, plan %s\n", cli_bytes_text(peak, stats->peak_bytes),
           cli_bytes_text(weights, stats->weight_bytes), cli_bytes_text(required, t->required_bytes));
    printf("programs %zu from the cache, %zu built\n", stats->program_cache_hits, stats->program_builds);
}

static void print_json(const char *model, const char *device, const timing *t, const clade_session_stats *stats) {
    cli_json json = { .depth = 0 };
    cli_json_open(&json, NULL, '{');
    cli_json_text(&json, "model", model);
    cli_json_text(&json, "device", device);
    cli_json_real(&json, "open_ms", t->open_ms);
    cli_json_real(&json, "load_ms", t->load_ms);
    cli_json_real(&json, "first_ms", t->first_ms);
    cli_json_real(&json, "min_ms", t->min_ms);
    cli_json_real(&json, "median_ms", t->median_ms);
    cli_json_real(&json, "p95_ms", t->p95_ms);
    cli_json_real(&json, "p99_ms", t->p99_ms);
    cli_json_integer(&json, "runs", (int64_t)t->runs);
    cli_json_integer(&json, "launches", (int64_t)stats->launches);
    cli_json_integer(&json, "peak_bytes", (int64_t)stats->peak_bytes);
    cli_json_integer(&json, "weight_bytes", (int64_t)stats->weight_bytes);
    cli_json_integer(&json, "required_bytes", (int64_t)t->required_bytes);
    cli_json_integer(&json, "program_cache_hits", (int64_t)stats->program_cache_hits);
    cli_json_integer(&json, "program_builds", (int64_t)stats->program_builds);
    cli_json_close(&json, '}');
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    timing times = { .runs = 50 };
    const cli_option own[] = { { "runs", 'n', CLI_COUNT, "N", "number of timed runs (default 50)", &times.runs },
                               { .name = NULL } };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_JSON | CLI_HAS_DEVICE | CLI_HAS_SESSION | CLI_HAS_FILES | CLI_HAS_SHAPES | CLI_HAS_SEED;
    if (!cli_parse(self, own, &common, mask, 1, 1, &arguments, argc, argv, &exit))
        return exit;
    double *samples = calloc(times.runs, sizeof *samples);
    if (samples == NULL)
        return cli_usage(self, "no memory for %zu runs", times.runs);

    cli_engine engine;
    clade_error err = { .status = CLADE_OK };
    const clade_session_options session = cli_session_options(&common);
    clade_status status = cli_engine_open(&engine, arguments.items[0], &common, &session, &err);
    if (status == CLADE_OK)
        status = measure(&engine, &common, &times, samples, &err);
    cli_progress_clear();
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    clade_device_info device = CLADE_DEVICE_INFO_INIT;
    if (status == CLADE_OK)
        status = clade_session_get_stats(engine.session, &stats, &err);
    if (status == CLADE_OK)
        status = clade_device_get_info(engine.device, &device, &err);
    if (status == CLADE_OK)
        (common.json ? print_json : print_text)(arguments.items[0], device.name, &times, &stats);
    cli_engine_close(&engine);
    free(samples);
    return status == CLADE_OK ? CLI_OK : cli_fail(&err);
}

const cli_command cli_bench = {
    "bench", "MODEL", "measures loading, running and device memory",
    "Free dimensions are 1 unless --shape or --dim says otherwise; inputs without a file are seeded noise.\n"
    "load_ms is the model, the session and its compilation; opening the device is open_ms.\n",
    run
};
