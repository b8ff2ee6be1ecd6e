/* SPDX-License-Identifier: Apache-2.0 */
/* The log hook. A message of several lines (a driver's build log) reaches the hook line by line. */
#include "base/base.h"

static struct {
    clade_log_fn fn;
    void *user;
} hook;

void clade_log_set(clade_log_fn fn, void *user) {
    hook.fn = fn;
    hook.user = user;
}

void cld_log(clade_log_level level, const char *format, ...) {
    if (!hook.fn)
        return;
    cld_text text = { 0 };
    va_list args;
    va_start(args, format);
    cld_text_vprintf(&text, format, args);
    va_end(args);
    if (text.failed)
        hook.fn(hook.user, level, "a log message was lost: no memory");
    for (char *line = text.failed ? NULL : text.data, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (*line)
            hook.fn(hook.user, level, line);
    }
    cld_text_free(&text);
}
