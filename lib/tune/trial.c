/* SPDX-License-Identifier: Apache-2.0 */
/* A candidate on the device: run and compared, then timed. */
#include "tune/tune_internal.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

double cld_tune_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double cld_median(double *values, int32_t count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* ---- one run ------------------------------------------------------------------------------------------------------
 */

/* Bytes that are a NaN of every float type, and what a step leaves behind its outputs must be. */
enum { UNTOUCHED = 0xff };

static clade_status run_once(cld_workbench *bench, cld_prepared *prepared, clade_error *err) {
    const unsigned char pattern = UNTOUCHED;
    cld_queue *queue = cld_exec_queue(bench->exec);
    for (int32_t k = 0; k < bench->graph->n_outputs; k++) {
        cld_mem *mem = cld_prepared_output(prepared, k);
        CLD_RETURN(cld_mem_fill(queue, mem, 0, &pattern, 1, cld_mem_bytes(mem), NULL, err));
    }
    CLD_RETURN(cld_prepared_run(prepared, err));
    return cld_queue_finish(queue, err);
}

/* Output k with what lies behind it. */
static clade_status read_output(void **bytes, size_t *size, cld_workbench *bench, const cld_prepared *prepared,
                                int32_t k, clade_error *err) {
    cld_mem *mem = cld_prepared_output(prepared, k);
    *size = cld_mem_bytes(mem);
    *bytes = cld_calloc(*size, 1);
    return *bytes ? cld_mem_read(cld_exec_queue(bench->exec), mem, 0, *bytes, *size, err)
                  : cld_no_memory(err, "an output");
}

clade_status cld_trial_outputs(clade_tensor *out, cld_workbench *bench, const cld_plan *plan, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_prepared *prepared = NULL;
    CLD_TRY(cld_prepared_new(&prepared, bench->exec, plan, bench->inputs, err));
    CLD_TRY(run_once(bench, prepared, err));
    for (int32_t k = 0; k < bench->graph->n_outputs; k++) {
        const cld_type *type = &cld_graph_at(bench->graph, bench->graph->outputs[k])->type;
        CLD_TRY(clade_tensor_alloc(&out[k], type->dtype, type->rank, type->dims, err));
        CLD_TRY(cld_mem_read(cld_exec_queue(bench->exec), cld_prepared_output(prepared, k), 0, out[k].data,
                             out[k].size_bytes, err));
    }
fail:
    cld_prepared_free(prepared);
    return status;
}

/* ---- right or wrong -----------------------------------------------------------------------------------------------
 */

/* What two orders of summing may differ by, relative to the root mean square. */
static double tolerance(clade_dtype dtype) {
    static const struct {
        clade_dtype dtype;
        double most;
    } rows[] = { { CLADE_FLOAT64, 1e-10 }, { CLADE_FLOAT32, 1e-4 }, { CLADE_FLOAT16, 1e-2 } };
    for (size_t k = 0; k < CLD_COUNT(rows); k++)
        if (rows[k].dtype == dtype)
            return rows[k].most;
    return 0;
}

static double root_mean_square(const clade_tensor *tensor) {
    const int64_t count = clade_tensor_count(tensor);
    double sum = 0;
    for (int64_t e = 0; e < count; e++) {
        const double value = cld_tensor_get(tensor, e);
        sum += isfinite(value) ? value * value : 0;
    }
    return sum > 0 ? sqrt(sum / (double)count) : 1;
}

/* The largest difference; INFINITY where one is finite and the other not. */
static double difference(const clade_tensor *got, const clade_tensor *want) {
    const int64_t count = clade_tensor_count(want);
    const double scale = root_mean_square(want);
    double most = 0;
    for (int64_t e = 0; e < count; e++) {
        const double a = cld_tensor_get(got, e), b = cld_tensor_get(want, e);
        if (a == b || (isnan(a) && isnan(b)))
            continue;
        const double by = fabs(a - b) / scale;
        most = by > most || isnan(by) ? (isfinite(by) ? by : INFINITY) : most;
    }
    return most;
}

static clade_status compare(cld_trial *trial, int32_t k, clade_error *err) {
    cld_workbench *bench = trial->bench;
    const clade_tensor *want = &bench->want[k];
    clade_status status = CLADE_OK;
    void *bytes = NULL;
    size_t size;
    CLD_TRY(read_output(&bytes, &size, bench, trial->prepared, k, err));
    for (size_t b = want->size_bytes; b < size; b++)
        if (((unsigned char *)bytes)[b] != UNTOUCHED)
            CLD_TRY(cld_fail(err, CLADE_ERR_ARGUMENT, "writes byte %zu of an output of %zu", b, want->size_bytes));
    clade_tensor got = *want;
    got.data = bytes;
    const double by = difference(&got, want);
    trial->error = CLD_MAX(trial->error, by);
    if (!(by <= tolerance(want->dtype)))
        CLD_TRY(cld_fail(err, CLADE_ERR_ARGUMENT, "an output is off by %.3g of its root mean square", by));
fail:
    cld_free(bytes);
    return status;
}

static double handicap(const cld_plan *plan) {
    const double of_blas = 1.1;
    double found = 1;
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        if (plan->steps.steps[s].kind == CLD_STEP_GEMM || plan->steps.steps[s].kind == CLD_STEP_CONVGEMM)
            found = of_blas;
    return found;
}

clade_status cld_trial_new(cld_trial **out, cld_workbench *bench, cld_plan *plan, const char *text, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_trial *trial = cld_calloc(1, sizeof *trial);
    if (!trial) {
        cld_plan_free(plan);
        return cld_no_memory(err, "a candidate");
    }
    *trial = (cld_trial){ .bench = bench, .plan = plan, .text = text, .handicap = handicap(plan) };
    CLD_TRY(cld_prepared_new(&trial->prepared, bench->exec, plan, bench->inputs, err));
    CLD_TRY(run_once(bench, trial->prepared, err));
    for (int32_t k = 0; k < bench->graph->n_outputs; k++)
        CLD_TRY(compare(trial, k, err));
    *out = trial;
    return CLADE_OK;
fail:
    cld_trial_free(trial);
    return status;
}

void cld_trial_free(cld_trial *trial) {
    if (!trial)
        return;
    cld_prepared_free(trial->prepared);
    cld_plan_free(trial->plan);
    cld_free(trial);
}

/* ---- time ---------------------------------------------------------------------------------------------------------
 */

clade_status cld_trial_sample(cld_trial *trial, double *seconds, clade_error *err) {
    cld_queue *queue = cld_exec_queue(trial->bench->exec);
    const double start = cld_tune_now();
    for (int32_t k = 0; k < trial->repeats; k++)
        CLD_RETURN(cld_prepared_run(trial->prepared, err));
    CLD_RETURN(cld_queue_finish(queue, err));
    *seconds = (cld_tune_now() - start) / trial->repeats;
    return CLADE_OK;
}

/* So many runs that a sample is longer than what the clock, and a launch, add to it. */
static clade_status find_repeats(cld_trial *trial, clade_error *err) {
    const double least = 2e-3;
    const int32_t most = 256;
    double seconds = 0;
    trial->repeats = 1;
    CLD_RETURN(cld_trial_sample(trial, &seconds, err));
    CLD_RETURN(cld_trial_sample(trial, &seconds, err)); /* the second is warm */
    if (seconds < least)
        trial->repeats = (int32_t)CLD_MIN(least / CLD_MAX(seconds, 1e-6) + 1, most);
    return CLADE_OK;
}

clade_status cld_trial_time(cld_trial *trial, int32_t samples, clade_error *err) {
    enum { MOST = 15 };
    double seconds[MOST];
    samples = CLD_MIN(samples, MOST);
    if (!trial->repeats)
        CLD_RETURN(find_repeats(trial, err));
    for (int32_t k = 0; k < samples; k++)
        CLD_RETURN(cld_trial_sample(trial, &seconds[k], err));
    trial->seconds = cld_median(seconds, samples);
    return CLADE_OK;
}
