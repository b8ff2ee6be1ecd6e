/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on a terminal: one line on standard error that says what is being done and for how long.
 *
 * A driver may be silent for many seconds inside one call, so a thread repaints the line; it lives as long as the
 * process and touches nothing but `line`, under its lock. Where standard error is no terminal nothing is ever shown.
 */
#include "cli.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

/* Quick work is not worth a flicker: nothing is painted before the first tick. */
static const struct timespec tick = { 0, 250 * 1000 * 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int ticking, active, painted;
    double since_ms; /* the first stage */
    char what[200];
    size_t done, total; /* total 0: unknown */
} line;

static void erase(void) {
    if (line.painted)
        fputs("\r\033[K", stderr);
    line.painted = 0;
}

static void paint(void) {
    erase();
    cli_print_clean(stderr, line.what);
    if (line.total && line.done)
        fprintf(stderr, " %zu/%zu", line.done, line.total);
    else if (line.total)
        fprintf(stderr, ": %zu", line.total);
    fprintf(stderr, ", %.1f s", (cli_now_ms() - line.since_ms) / 1e3);
    fflush(stderr);
    line.painted = 1;
}

static void *repaint(void *unused) {
    for (;;) {
        nanosleep(&tick, NULL);
        pthread_mutex_lock(&lock);
        if (line.active)
            paint();
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

/* With the lock held. Without a thread the line only moves when the library calls. */
static void start_ticking(void) {
    pthread_t thread;
    line.since_ms = cli_now_ms();
    line.ticking = 1;
    if (pthread_create(&thread, NULL, repaint, NULL) == 0)
        pthread_detach(thread);
}

int cli_progress(void *user, const char *what, size_t done, size_t total) {
    (void)user;
    if (!isatty(STDERR_FILENO))
        return 0;
    pthread_mutex_lock(&lock);
    if (!line.ticking)
        start_ticking();
    snprintf(line.what, sizeof line.what, "%s", what);
    line.done = done;
    line.total = total;
    line.active = 1;
    pthread_mutex_unlock(&lock);
    return 0;
}

void cli_stage(const char *what) { (void)cli_progress(NULL, what, 0, 0); }

void cli_progress_hide(void) {
    pthread_mutex_lock(&lock);
    erase();
}

void cli_progress_show(void) { pthread_mutex_unlock(&lock); }

void cli_progress_clear(void) {
    cli_progress_hide();
    line.active = 0;
    cli_progress_show();
}
