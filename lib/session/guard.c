/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a session: calls do not overlap, and no thread gets another's answer.
 *
 * A call holds the session from enter to leave; a second one is refused, whoever makes it. Calls of several threads may
 * also interleave between the setting of inputs and the reading of outputs. So an input that several threads have set
 * is run only by the one that set it last, and once there is such an input, a run is read only by the thread that made
 * it. A session whose inputs only one thread sets may run and be read anywhere, one call after the other. */
#include "session/session_internal.h"

clade_status cld_session_enter(clade_session *session, clade_error *err) {
    uintptr_t holder = 0, me = cld_thread_id();
    if (!session)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "session must not be NULL");
    if (__atomic_compare_exchange_n(&session->in_use, &holder, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_ARGUMENT,
                    holder == me ? "the session is in use by this thread: a callback may not call it"
                                 : "the session is in use by another thread");
}

clade_status cld_session_leave(clade_session *session, clade_status status) {
    bool dropped = session->dropped;
    session->keep = NULL;
    __atomic_store_n(&session->in_use, 0, __ATOMIC_RELEASE);
    if (dropped)
        clade_session_free(session);
    return status;
}

bool cld_session_holds(const clade_session *session) {
    return __atomic_load_n(&session->in_use, __ATOMIC_RELAXED) == cld_thread_id();
}

void cld_session_input_set(clade_session *session, int32_t index, bool given) {
    cld_input *input = &session->inputs[index];
    uintptr_t me = cld_thread_id();
    input->shared |= input->set_by && input->set_by != me;
    session->shared |= input->shared;
    input->set_by = me;
    input->version = given ? ++session->clock : 0;
}

clade_status cld_session_own_inputs(const clade_session *session, clade_error *err) {
    for (int32_t k = 0; session->shared && k < session->model->graph->n_inputs; k++)
        if (session->inputs[k].shared && session->inputs[k].set_by != cld_thread_id())
            return cld_fail(err, CLADE_ERR_ARGUMENT,
                            "another thread has set input '%s': of several threads, each runs what it has set itself",
                            cld_session_input_name(session, k));
    return CLADE_OK;
}

clade_status cld_session_own_run(const clade_session *session, clade_error *err) {
    if (session->shared && session->run_by != cld_thread_id())
        return cld_fail(err, CLADE_ERR_ARGUMENT,
                        "the last run is another thread's: of several threads, each reads what it has run itself");
    if (!session->last)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "there is no finished run to read from");
    return CLADE_OK;
}
