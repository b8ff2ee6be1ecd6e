/* SPDX-License-Identifier: Apache-2.0 */
/* clade_session_tune: the graphs of a run to the tuner, then the whole run before and after, in turns. What is faster
 * alone need not be so in a model (caches, memory): where the whole is not, every record goes back to what it was.
 */
#include "clade/tune.h"

#include "session/session_internal.h"
#include "tune/tune.h"

/* A problem that was recorded, and its record from before (owned; NULL: none). */
typedef struct changed {
    char *problem;
    cld_record *before;
} changed;

typedef struct tuning {
    clade_session *session;
    clade_tune_options options;
    clade_tune_result result;
    cld_records *records;
    cld_arena *arena;
    changed *changes;
    int32_t n_changes, cap_changes;
} tuning;

/* ---- what the tuner tells -----------------------------------------------------------------------------------------
 */

/* Before the record is replaced. */
static clade_status remember(tuning *t, const char *problem, clade_error *err) {
    if (!cld_arena_grow(t->arena, (void **)&t->changes, &t->cap_changes, t->n_changes + 1, sizeof *t->changes))
        return cld_no_memory(err, "records");
    changed *now = &t->changes[t->n_changes];
    now->problem = cld_arena_text(t->arena, problem);
    if (!now->problem)
        return cld_no_memory(err, "records");
    CLD_RETURN(cld_records_get(t->records, t->session->device->records_key, problem, &now->before, err));
    t->n_changes++;
    return CLADE_OK;
}

static clade_status found(void *user, const cld_tuned *tuned, clade_error *err) {
    tuning *t = user;
    const clade_tuned what = { .size_bytes = sizeof what,
                               .operator_type = tuned->op,
                               .problem = tuned->problem,
                               .nodes = (size_t)tuned->nodes,
                               .before = tuned->before,
                               .after = tuned->after,
                               .before_seconds = tuned->before_s,
                               .after_seconds = tuned->after_s,
                               .error = tuned->error,
                               .tried = (size_t)tuned->tried,
                               .refused = (size_t)tuned->refused };
    t->result.problems++;
    t->result.changed += strcmp(tuned->before, tuned->after) != 0;
    if (t->options.found)
        t->options.found(t->options.user, &what);
    return remember(t, tuned->problem, err);
}

static void tried(void *user, const cld_tried *tried) {
    tuning *t = user;
    const clade_candidate what = {
        sizeof what, tried->problem, tried->choice, tried->why, tried->seconds, tried->error
    };
    if (t->options.tried)
        t->options.tried(t->options.user, &what);
}

/* ---- the whole run ------------------------------------------------------------------------------------------------
 */

/* Another session with the same inputs, which plans with what is recorded now. */
static clade_status make_twin(clade_session **out, const clade_session *session, clade_error *err) {
    clade_session_options options = session->options;
    clade_session *twin;
    options.prefer_impl = NULL; /* which would stand before any record */
    options.tune_seconds = 0;
    options.profile = 0;
    CLD_RETURN(clade_session_create(&twin, session->device, session->model, &options, err));
    for (int32_t k = 0; k < session->model->graph->n_inputs; k++) {
        if (!session->inputs[k].tensor.data)
            continue;
        const char *name = cld_session_input_name(session, k);
        clade_status status = clade_session_set_input(twin, name, &session->inputs[k].tensor, err);
        if (status != CLADE_OK) {
            clade_session_free(twin);
            return status;
        }
    }
    *out = twin;
    return CLADE_OK;
}

static clade_status sample(clade_session *session, int32_t runs, double *seconds, clade_error *err) {
    const double start = cld_tune_now();
    for (int32_t k = 0; k < runs; k++)
        CLD_RETURN(clade_session_run(session, err));
    *seconds = (cld_tune_now() - start) / runs;
    return CLADE_OK;
}

enum { ROUNDS = 15 };

/* Medians of both, in turns; *faster: and in how many of these `after` was. */
static clade_status compare(clade_session *before, clade_session *after, clade_tune_result *out, int32_t *faster,
                            clade_error *err) {
    const double least = 5e-3;
    double b[ROUNDS], a[ROUNDS], once;
    CLD_RETURN(sample(before, 1, &once, err));
    CLD_RETURN(sample(after, 1, &once, err));
    CLD_RETURN(sample(after, 1, &once, err)); /* the first one compiles */
    const int32_t runs = (int32_t)CLD_MIN(least / CLD_MAX(once, 1e-6) + 1, 1000);
    for (int32_t r = 0; r < ROUNDS; r++) {
        CLD_RETURN(sample(r % 2 ? after : before, runs, r % 2 ? &a[r] : &b[r], err));
        CLD_RETURN(sample(r % 2 ? before : after, runs, r % 2 ? &b[r] : &a[r], err));
    }
    *faster = 0;
    for (int32_t r = 0; r < ROUNDS; r++)
        *faster += a[r] < b[r];
    out->before_seconds = cld_median(b, ROUNDS);
    out->after_seconds = cld_median(a, ROUNDS);
    return CLADE_OK;
}

static clade_status revert(tuning *t, clade_error *err) {
    const char *device = t->session->device->records_key;
    for (int32_t k = 0; k < t->n_changes; k++) /* what the journal says stays so */
        CLD_RETURN(t->changes[k].before ? cld_records_put(t->records, t->changes[k].before, err)
                                        : cld_records_remove(t->records, device, t->changes[k].problem, err));
    t->result.reverted = 1;
    t->result.changed = 0;
    return CLADE_OK;
}

/* `before` has its plan from before. */
static clade_status judge(tuning *t, clade_session *before, clade_error *err) {
    clade_session *after = NULL;
    clade_status status = CLADE_OK;
    int32_t faster;
    if (!t->result.changed) { /* one plan, one time */
        CLD_RETURN(compare(before, before, &t->result, &faster, err));
        t->result.after_seconds = t->result.before_seconds;
        return CLADE_OK;
    }
    CLD_TRY(make_twin(&after, t->session, err));
    CLD_TRY(compare(before, after, &t->result, &faster, err));
    if (t->result.after_seconds > t->result.before_seconds || 2 * faster < ROUNDS)
        CLD_TRY(revert(t, err));
fail:
    clade_session_free(after);
    return status;
}

/* ---- the graphs ---------------------------------------------------------------------------------------------------
 */

/* What every tuning on the device has in common. `driver`: of so many bytes. */
static cld_tune_order order_for(const clade_session *session, const cld_measured *measured, clade_device_info *info) {
    clade_device *device = session->device;
    cld_ocl_info(device->ocl, info);
    return (cld_tune_order){ .ocl = device->ocl,
                             .weights = session->weights,
                             .device = device->records_key,
                             .driver = info->driver,
                             .measured = session->options.no_records ? NULL : measured,
                             .no_blas = session->options.no_blas != 0 };
}

static clade_status tune_graphs(tuning *t, const clade_session *ran, clade_error *err) {
    clade_device_info info;
    const cld_graph **graphs;
    int32_t count = 0, left;
    const cld_measured measured = cld_device_measured(t->session->device);
    for (const cld_stage *stage = ran->last; stage; stage = stage->parent)
        count++;
    if (!(graphs = cld_arena_calloc(t->arena, (size_t)count + 1, sizeof *graphs)))
        return cld_no_memory(err, "graphs to tune");
    left = count;
    for (const cld_stage *stage = ran->last; stage; stage = stage->parent)
        graphs[--left] = stage->segment.graph;
    cld_tune_order order = order_for(t->session, &measured, &info);
    order.records = t->records;
    order.prefer = t->session->prefer_impl;
    order.seconds = t->options.seconds > 0 ? t->options.seconds : 60;
    order.watch = (cld_watch){ t->options.progress, t->options.progress_user };
    order.found = found;
    order.tried = tried;
    order.user = t;
    return cld_tune(&order, graphs, count, err);
}

/* Lightly: what is new, and no CLBlast, whose candidates take seconds each. */
clade_status cld_session_tune_new(clade_session *session, const cld_graph *graph, clade_error *err) {
    clade_device_info info;
    const cld_measured measured = cld_device_measured(session->device);
    cld_tune_order order = order_for(session, &measured, &info);
    CLD_RETURN(cld_device_records(&order.records, session->device, err));
    order.no_blas = order.only_new = true;
    order.seconds = session->options.tune_seconds;
    order.watch = (cld_watch){ session->options.progress, session->options.progress_user };
    return cld_tune(&order, &graph, 1, err);
}

static clade_status check(const clade_session *session, double seconds, clade_error *err) {
    if (!(seconds >= 0))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "seconds is %g", seconds);
    for (int32_t k = 0; k < session->model->graph->n_inputs; k++)
        if (session->inputs[k].buffer)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s' lies in a caller's buffer: set it from host memory",
                            cld_session_input_name(session, k));
    return CLADE_OK;
}

static clade_status tune(tuning *t, clade_error *err) {
    clade_session *before = NULL;
    clade_status status = CLADE_OK;
    CLD_RETURN(check(t->session, t->options.seconds, err));
    CLD_RETURN(cld_device_records(&t->records, t->session->device, err));
    CLD_TRY(make_twin(&before, t->session, err));
    CLD_TRY(clade_session_run(before, err));
    CLD_TRY(tune_graphs(t, before, err));
    if (t->result.problems)
        CLD_TRY(judge(t, before, err));
fail:
    for (int32_t k = 0; k < t->n_changes; k++)
        cld_free(t->changes[k].before);
    clade_session_free(before);
    t->session->last = NULL; /* its plans are those from before */
    cld_room_empty(t->session);
    while (cld_pool_spare(t->session)) {
    }
    return status;
}

static clade_status tune_as(clade_session *session, const clade_tune_options *options, clade_tune_result *out,
                            clade_error *err) {
    tuning t = { .session = session,
                 .options = CLADE_TUNE_OPTIONS_INIT,
                 .result = CLADE_TUNE_RESULT_INIT,
                 .arena = cld_arena_new() };
    clade_status status = CLADE_OK;
    if (!t.arena)
        return cld_no_memory(err, "the tuner");
    CLD_TRY(cld_sized_read(&t.options, sizeof t.options, options, "clade_tune_options", err));
    if (out) /* before minutes are spent */
        CLD_TRY(cld_sized_write(out, &t.result, sizeof t.result, "clade_tune_result", err));
    CLD_TRY(tune(&t, err));
    if (out)
        CLD_TRY(cld_sized_write(out, &t.result, sizeof t.result, "clade_tune_result", err));
fail:
    cld_arena_free(t.arena);
    return status;
}

clade_status clade_session_tune(clade_session *session, const clade_tune_options *options, clade_tune_result *out,
                                clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, tune_as(session, options, out, err));
}
