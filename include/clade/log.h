/* SPDX-License-Identifier: Apache-2.0 */
/* The log hook, the only process-wide setting, and the progress callback of long calls. */
#ifndef CLADE_LOG_H
#define CLADE_LOG_H

#include <stddef.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum clade_log_level { CLADE_LOG_DEBUG, CLADE_LOG_INFO, CLADE_LOG_WARNING } clade_log_level;

/* Receives one line, without newline, valid during the call only. May be called from any thread inside Clade. */
typedef void (*clade_log_fn)(void *user, clade_log_level level, const char *line);
/* Installs the hook; NULL (the initial state) drops every line. Not thread-safe: call it first. */
CLADE_API void clade_log_set(clade_log_fn fn, void *user);

/* Reports how far long work has come; `done` of `total` (total 0: unknown). Return non-zero to cancel: the call that is
 * under way then returns CLADE_ERR_CANCELLED. `what` is valid during the call only. */
typedef int (*clade_progress_fn)(void *user, const char *what, size_t done, size_t total);

#ifdef __cplusplus
}
#endif
#endif
