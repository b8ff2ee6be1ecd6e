/* SPDX-License-Identifier: Apache-2.0 */
/* Standard error: errors and the library's log. */
#include "cli.h"

/* What each status means for the exit code. */
static const struct {
    clade_status status;
    cli_exit exit;
} exits[] = {
    { CLADE_OK, CLI_OK },
    { CLADE_ERR_NO_DEVICE, CLI_DEVICE },
    { CLADE_ERR_DEVICE, CLI_DEVICE },
    { CLADE_ERR_DEVICE_LOST, CLI_DEVICE },
    { CLADE_ERR_BUILD, CLI_DEVICE },
    { CLADE_ERR_DEVICE_MEMORY, CLI_DEVICE },
    { CLADE_ERR_MEMORY, CLI_INTERNAL },
    { CLADE_ERR_CANCELLED, CLI_INTERNAL },
    { CLADE_ERR_INTERNAL, CLI_INTERNAL },
};

cli_exit cli_fail(const clade_error *err) {
    cli_progress_clear();
    fputs("clade: ", stderr);
    cli_print_clean(stderr, err->message[0] ? err->message : clade_status_meaning(err->status));
    fputc('\n', stderr);
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
        if (exits[i].status == err->status)
            return exits[i].exit;
    }
    return CLI_REFUSED;
}

static void print_log(void *user, clade_log_level level, const char *line) {
    static const char *const names[] = { "debug", "info", "warning" };
    static const clade_log_level least[] = { CLADE_LOG_WARNING, CLADE_LOG_INFO, CLADE_LOG_DEBUG };
    const int verbose = *(const int *)user;
    if (level < least[verbose > 2 ? 2 : verbose])
        return;
    cli_progress_hide();
    fprintf(stderr, "clade: %s: ", names[level]);
    cli_print_clean(stderr, line);
    fputc('\n', stderr);
    cli_progress_show();
}

void cli_log_install(int verbose) {
    static int level;
    level = verbose;
    clade_log_set(print_log, &level);
}
