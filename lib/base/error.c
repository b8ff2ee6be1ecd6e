/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an error record, and the texts of the status codes. */
#include "base/base.h"

#include <stdio.h>

clade_status cld_fail(clade_error *err, clade_status status, const char *format, ...) {
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    /* Names from a model file end up here: whatever they hold, the message stays one printable line. */
    for (char *p = err->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return status;
}

clade_status cld_fail_in(clade_error *err, clade_status status, const char *where) {
    if (!err)
        return status;
    const clade_error inner = *err;
    return cld_fail(err, status, "%.250s: %s", where, inner.message);
}

static const struct {
    clade_status status;
    const char *name, *meaning;
} statuses[] = {
#define X(name, value, meaning) { CLADE_##name, #name, meaning },
    CLADE_STATUS_LIST(X)
#undef X
};

const char *clade_status_name(clade_status status) {
    for (size_t i = 0; i < CLD_COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].name;
    return "ERR_UNKNOWN";
}

const char *clade_status_meaning(clade_status status) {
    for (size_t i = 0; i < CLD_COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].meaning;
    return "no such status";
}
