/* SPDX-License-Identifier: Apache-2.0 */
/* One call: inputs into a member of the pool, a run, outputs out of it. The member keeps its plans, and nothing else.
 */
#include "clade/call.h"

#include "session/session_internal.h"

/* As if nothing had been set, by any thread. Device copies stay: what is set has a new version. */
static void forget(clade_session *member) {
    member->shared = false;
    for (int32_t k = 0; k < member->model->graph->n_inputs; k++) {
        member->inputs[k].version = 0;
        member->inputs[k].set_by = 0;
        member->inputs[k].shared = false;
    }
}

static clade_status give(clade_session *member, const clade_call_input *inputs, size_t n_inputs, clade_error *err) {
    for (size_t k = 0; k < n_inputs; k++) {
        int32_t index;
        CLD_RETURN(cld_session_find_input(member, inputs[k].name, &index, err));
        if (member->inputs[index].version)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s' is given twice",
                            cld_session_input_name(member, index));
        CLD_RETURN(clade_session_set_input_view(member, inputs[k].name, &inputs[k].view, err));
    }
    return CLADE_OK;
}

/* The names, before anything runs for them. */
static clade_status check_outputs(const clade_session *member, const clade_call_output *outputs, size_t n_outputs,
                                  clade_error *err) {
    int32_t index;
    for (size_t k = 0; k < n_outputs; k++)
        CLD_RETURN(cld_session_find_output(member, outputs[k].name, &index, err));
    return CLADE_OK;
}

static clade_status take(clade_session *member, clade_call_output *outputs, size_t n_outputs, clade_error *err) {
    for (size_t k = 0; k < n_outputs; k++) {
        clade_call_output *out = &outputs[k];
        if (out->tensor.data)
            CLD_RETURN(clade_session_read_output_into(member, out->name, &out->tensor, err));
        else
            CLD_RETURN(clade_session_get_output(member, out->name, &out->tensor, err));
    }
    return CLADE_OK;
}

static clade_status call(clade_session *member, const clade_call_input *inputs, size_t n_inputs,
                         clade_call_output *outputs, size_t n_outputs, clade_error *err) {
    CLD_RETURN(check_outputs(member, outputs, n_outputs, err));
    forget(member);
    CLD_RETURN(give(member, inputs, n_inputs, err));
    CLD_RETURN(clade_session_run(member, err));
    clade_status status = take(member, outputs, n_outputs, err);
    member->last = NULL; /* nobody reads it again, so it need not be kept */
    return status;
}

/* Which outputs are the caller's memory is noted, since those that were allocated go when a later one fails. */
static clade_status call_cleanly(clade_session *member, const clade_call_input *inputs, size_t n_inputs,
                                 clade_call_output *outputs, size_t n_outputs, clade_error *err) {
    bool *mine = cld_calloc(n_outputs + 1, sizeof *mine);
    clade_status status = mine ? CLADE_OK : cld_no_memory(err, "a call");
    for (size_t k = 0; k < n_outputs && mine; k++)
        mine[k] = outputs[k].tensor.data == NULL;
    if (status == CLADE_OK)
        status = call(member, inputs, n_inputs, outputs, n_outputs, err);
    for (size_t k = 0; k < n_outputs && mine && status != CLADE_OK; k++)
        if (mine[k])
            clade_tensor_free(&outputs[k].tensor);
    cld_free(mine);
    return status;
}

clade_status clade_session_call(clade_session *session, const clade_call_input *inputs, size_t n_inputs,
                                clade_call_output *outputs, size_t n_outputs, const clade_call_options *options,
                                clade_error *err) {
    clade_call_options known = CLADE_CALL_OPTIONS_INIT;
    clade_session *member;
    if (!session || (!inputs && n_inputs) || (!outputs && n_outputs))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "session, inputs and outputs must not be NULL");
    CLD_RETURN(cld_sized_read(&known, sizeof known, options, "clade_call_options", err));
    if (!known.progress) {
        known.progress = session->options.progress;
        known.progress_user = session->options.progress_user;
    }
    CLD_RETURN(cld_pool_take(&member, session, err));
    member->options.progress = known.progress;
    member->options.progress_user = known.progress_user;
    cld_exec_watch(member->exec, known.progress, known.progress_user);
    clade_status status = call_cleanly(member, inputs, n_inputs, outputs, n_outputs, err);
    cld_pool_give(session, member);
    if (session->dropped && !cld_pool_busy(session->pool, false)) /* in a callback of a call */
        clade_session_free(session);
    return status;
}
