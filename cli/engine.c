/* SPDX-License-Identifier: Apache-2.0 */
/* From the common options to an open device, a loaded model and a session. */
#include "cli.h"

#include <time.h>
#include <unistd.h>

double cli_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

clade_status cli_device_open(clade_device **out, const cli_common *common, clade_error *err) {
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    if (common->no_cache)
        options.cache_dir = "";
    options.as = common->as;
    return clade_device_open(out, common->device, &options, err);
}

clade_session_options cli_session_options(const cli_common *common) {
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.no_blas = common->no_blas;
    options.no_records = common->no_records;
    options.precision = common->float16 ? CLADE_FLOAT16 : CLADE_NONE;
    options.tune_seconds = common->tune_seconds;
    options.unchecked_indices = common->unchecked_indices;
    options.prefer_impl = common->prefer_impl;
    if (isatty(STDERR_FILENO)) /* counting costs a wait a step: not where nobody sees it */
        options.progress = cli_progress;
    return options;
}

clade_model_options cli_model_options(const cli_common *common) {
    clade_model_options options = CLADE_MODEL_OPTIONS_INIT;
    options.any_opset = common->any_opset;
    return options;
}

clade_status cli_engine_open(cli_engine *out, const char *path, const cli_common *common,
                             const clade_session_options *options, clade_error *err) {
    *out = (cli_engine){ .device = NULL };
    const clade_model_options loading = cli_model_options(common);
    const double start = cli_now_ms();
    cli_stage("opening the device");
    clade_status status = cli_device_open(&out->device, common, err);
    const double opened = cli_now_ms();
    cli_stage("loading the model");
    if (status == CLADE_OK)
        status = clade_model_load(&out->model, path, &loading, err);
    if (status == CLADE_OK)
        status = clade_session_create(&out->session, out->device, out->model, options, err);
    out->open_ms = opened - start;
    out->load_ms = cli_now_ms() - opened;
    cli_stage("reading inputs, planning");
    if (status != CLADE_OK)
        cli_engine_close(out);
    return status;
}

void cli_engine_close(cli_engine *engine) {
    clade_session_free(engine->session);
    clade_model_free(engine->model);
    clade_device_close(engine->device);
    *engine = (cli_engine){ .device = NULL };
}
