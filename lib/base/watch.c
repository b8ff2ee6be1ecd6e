/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of long work, and cancelling it. */
#include "base/base.h"

clade_status cld_watch_ask(const cld_watch *watch, const char *what, size_t done, size_t total, clade_error *err) {
    if (!watch->progress || !watch->progress(watch->user, what, done, total))
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled while %s", what);
}
