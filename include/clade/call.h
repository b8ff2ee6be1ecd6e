/* SPDX-License-Identifier: Apache-2.0 */
/* Calls without state: inputs in, outputs out, from any number of threads on one session.
 *
 * A call takes a private member of the session's pool (inputs, arena, prepared plans) and gives it back, so no call
 * sees another's values. Weights are shared by all of them: a further call at a time costs what its plans compute.
 * Members plan for themselves; a shape that comes again on the same member costs nothing. What clade_session_set_input,
 * _run and _get_output keep in the session plays no part here.
 */
#ifndef CLADE_CALL_H
#define CLADE_CALL_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clade_call_input {
    const char *name; /* NULL: the only input */
    clade_view view;  /* borrowed during the call */
} clade_call_input;

typedef struct clade_call_output {
    const char *name; /* NULL: the only output */
    /* data NULL: the call allocates, and the caller owns it (clade_tensor_free). Else data and size_bytes are the
     * caller's memory, of exactly the size; dtype, rank and dims are filled in. */
    clade_tensor tensor;
} clade_call_output;

typedef struct clade_call_options {
    size_t size_bytes;          /* sizeof(clade_call_options): start from CLADE_CALL_OPTIONS_INIT */
    clade_progress_fn progress; /* as in clade_session_options, for this call; NULL: the session's */
    void *progress_user;
} clade_call_options;
#define CLADE_CALL_OPTIONS_INIT CLADE_SIZED_INIT(clade_call_options)

/* Runs the model once. Every input without a default must be given, once; `outputs` names those that are wanted.
 * `options` may be NULL. Thread-safe on one session, also beside its other functions; it waits while max_calls of
 * clade_session_options are under way.
 * ERR_NOT_FOUND, ERR_DTYPE, ERR_SHAPE as clade_session_set_input; ERR_ARGUMENT: an input is missing or given twice, an
 * output's memory has another size (the line says which it needs), or a callback of a call would wait for that call;
 * what clade_session_run returns. After an error no output is allocated. */
CLADE_API CLADE_NODISCARD clade_status clade_session_call(clade_session *session, const clade_call_input *inputs,
                                                          size_t n_inputs, clade_call_output *outputs, size_t n_outputs,
                                                          const clade_call_options *options, clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
