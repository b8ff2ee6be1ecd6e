/* SPDX-License-Identifier: Apache-2.0 */
/* Where the values of a run lie on the device: what stages leave, and the session's copies of its inputs. */
#include "session/session_internal.h"

cld_mem *cld_value_locate(const clade_session *session, const cld_slot *slot) {
    if (!slot->home)
        return slot->input >= 0 ? session->inputs[slot->input].mem : NULL;
    const void *stage = (const char *)slot->home - offsetof(cld_stage, segment);
    return cld_turn_output(stage, slot->output);
}

cld_mem *cld_value_input(const clade_session *session, const cld_stage *stage, int32_t k) {
    const cld_turns *turns = &stage->turns;
    if (turns->done > 0 && turns->repeat.turn[k] >= 0)
        return cld_prepared_output(turns->other, turns->repeat.turn[k]);
    return cld_value_locate(session, stage->segment.carried_in[k]);
}

/* ---- inputs ---- */

bool cld_value_is_result(const clade_session *session, int32_t k) {
    for (int32_t r = 0; session->last && r < session->model->graph->n_outputs; r++) {
        const cld_slot *slot = session->last->segment.results[r];
        if (!slot->value && !slot->home && slot->input == k)
            return true;
    }
    return false;
}

static void forget_result(clade_session *session, int32_t input) {
    if (session->last && cld_value_is_result(session, input))
        session->last = NULL;
}

/* It grows with what is set; plans take the new one when they run. */
clade_status cld_value_reserve(clade_session *session, int32_t input, clade_error *err) {
    cld_input *in = &session->inputs[input];
    if (in->mem && cld_mem_bytes(in->mem) >= in->tensor.size_bytes)
        return CLADE_OK;
    forget_result(session, input);
    cld_exec_release(session->exec, in->mem);
    in->mem = NULL;
    in->uploaded = 0;
    return cld_exec_alloc(session->exec, &in->mem, in->tensor.size_bytes, err);
}

clade_status cld_value_upload(clade_session *session, int32_t input, clade_error *err) {
    cld_input *in = &session->inputs[input];
    cld_queue *queue = cld_exec_queue(session->exec);
    size_t bytes = in->tensor.size_bytes;
    CLD_RETURN(cld_value_reserve(session, input, err));
    /* A caller's buffer may have changed since, so it is copied for every run. */
    if (in->uploaded == in->version && !in->buffer)
        return CLADE_OK;
    forget_result(session, input);
    if (in->buffer)
        CLD_RETURN(cld_mem_copy(queue, in->mem, 0, in->buffer, in->buffer_offset, bytes, NULL, err));
    else
        CLD_RETURN(cld_mem_write(queue, in->mem, 0, in->tensor.data, bytes, true, err));
    in->uploaded = in->version;
    return CLADE_OK;
}
