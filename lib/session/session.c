/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, freeing and describing sessions. */
#include "session/session_internal.h"

clade_status cld_session_new(clade_session **out, clade_device *device, clade_model *model, cld_queue *queue,
                             const clade_session_options *options, clade_session *owner, clade_error *err) {
    clade_session_options known = CLADE_SESSION_OPTIONS_INIT;
    clade_status status = cld_sized_read(&known, sizeof known, options, "clade_session_options", err);
    if (status == CLADE_OK && !(known.tune_seconds >= 0))
        status = cld_fail(err, CLADE_ERR_ARGUMENT, "tune_seconds is %g", known.tune_seconds);
    if (status == CLADE_OK && known.precision != CLADE_NONE && known.precision != CLADE_FLOAT32 &&
        known.precision != CLADE_FLOAT16)
        status = cld_fail(err, CLADE_ERR_ARGUMENT, "precision is %s, it may be float32 or float16",
                          clade_dtype_name(known.precision));
    if (status == CLADE_OK)
        status = cld_wish_check(known.prefer_impl, err);
    clade_session *session = status == CLADE_OK ? cld_calloc(1, sizeof *session) : NULL;
    if (!session) {
        cld_queue_free(queue);
        return status != CLADE_OK ? status : cld_no_memory(err, "a session");
    }
    session->options = known;
    session->device = cld_device_retain(device);
    session->model = cld_model_retain(model);
    session->inputs = cld_calloc((size_t)model->graph->n_inputs + 1, sizeof *session->inputs);
    if (session->options.prefer_impl)
        session->prefer_impl = cld_strndup(session->options.prefer_impl, strlen(session->options.prefer_impl));
    if (!session->inputs || (session->options.prefer_impl && !session->prefer_impl))
        status = cld_no_memory(err, "a session");
    if (status == CLADE_OK)
        status = cld_device_weights(&session->weights, device, model, err);
    if (status != CLADE_OK) {
        cld_queue_free(queue);
        goto fail;
    }
    if (!queue)
        CLD_TRY(cld_queue_new(&queue, device->ocl, session->options.profile != 0, err));
    session->owner = owner;
    session->own.cap = known.max_device_bytes;
    session->account = owner ? owner->account : &session->own;
    const cld_exec_options exec = { .progress = known.progress,
                                    .progress_user = known.progress_user,
                                    .account = session->account,
                                    .weights = session->weights,
                                    .spare = cld_room_spare,
                                    .spare_user = session };
    CLD_TRY(cld_exec_new(&session->exec, device->ocl, queue, &exec, err));
    if (!owner)
        CLD_TRY(cld_pool_new(&session->pool, known.max_calls, err));
    CLD_TRY(cld_model_check_supported(model, err));
    *out = session;
    return CLADE_OK;
fail:
    clade_session_free(session);
    return status;
}

clade_status clade_session_create(clade_session **out, clade_device *device, clade_model *model,
                                  const clade_session_options *options, clade_error *err) {
    if (!out || !device || !model)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out, device and model must not be NULL");
    *out = NULL;
    return cld_session_new(out, device, model, NULL, options, NULL, err);
}

void clade_session_free(clade_session *session) {
    if (!session)
        return;
    bool calls = session->pool && cld_pool_busy(session->pool, true);
    if (calls || cld_session_holds(session)) { /* a callback: the call under way needs it still */
        session->dropped = true;
        return;
    }
    cld_pool_free(session->pool);
    for (cld_route *route = session->routes, *next; route; route = next) {
        next = route->next;
        cld_route_free(session, route);
    }
    for (int32_t k = 0; session->inputs && k < session->model->graph->n_inputs; k++) {
        cld_input_clear(&session->inputs[k]);
        cld_exec_release(session->exec, session->inputs[k].mem);
    }
    cld_free(session->inputs);
    cld_free(session->prefer_impl);
    cld_exec_free(session->exec);
    if (session->weights)
        cld_device_weights_drop(session->device, session->model);
    clade_model_free(session->model);
    clade_device_close(session->device);
    cld_free(session);
}

static clade_status get_stats(const clade_session *session, clade_session_stats *out, clade_error *err) {
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    const cld_exec_stats *stats = cld_exec_stats_of(session->exec);
    clade_session_stats known = { .plans = cld_room_lines(session),
                                  .program_cache_hits = stats->cache_hits,
                                  .program_builds = stats->builds,
                                  .weight_bytes = cld_weights_bytes(session->weights),
                                  .peak_bytes = session->account->peak,
                                  .launches = stats->launches,
                                  .held_bytes = session->account->held + cld_weights_bytes(session->weights) };
    return cld_sized_write(out, &known, sizeof known, "clade_session_stats", err);
}

clade_status clade_session_get_stats(const clade_session *session, clade_session_stats *out, clade_error *err) {
    clade_session *held = (clade_session *)session; /* only its guard changes */
    CLD_RETURN(cld_session_enter(held, err));
    return cld_session_leave(held, get_stats(session, out, err));
}
