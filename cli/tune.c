/* SPDX-License-Identifier: Apache-2.0 */
/* clade tune: measures a model's problems on the device, and keeps the records of it.
 *
 * A candidate can end the process that runs it. So the tuning is done by a child, which notes each on disk before it
 * runs; when the child dies, another goes on without that one. What they share lies in memory of both, so that what
 * several of them report is one document.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct tune_job {
    cli_common common;
    double seconds;
    int explain;
    const char *model;
    cli_json json;
    int ended; /* the child, by itself */
} tune_job;

/* ---- the report ---- */

static void print_ms(const char *what, const char *choice, double seconds) {
    printf("  %-7s %10.4f ms  %s\n", what, seconds * 1e3, choice);
}

static void print_found(void *user, const clade_tuned *t) {
    tune_job *job = user;
    cli_json *json = &job->json;
    if (!job->common.json) {
        printf("%s x %zu, %s: %zu tried, %zu refused\n", t->operator_type, t->nodes, t->problem, t->tried, t->refused);
        print_ms("before", t->before, t->before_seconds);
        if (strcmp(t->before, t->after) != 0)
            print_ms("after", t->after, t->after_seconds);
        fflush(stdout); /* the next candidate may end the process */
        return;
    }
    cli_json_open(json, NULL, '{');
    cli_json_text(json, "operator", t->operator_type);
    cli_json_text(json, "problem", t->problem);
    cli_json_integer(json, "nodes", (int64_t)t->nodes);
    cli_json_text(json, "before", t->before);
    cli_json_text(json, "after", t->after);
    cli_json_real(json, "before_seconds", t->before_seconds);
    cli_json_real(json, "after_seconds", t->after_seconds);
    cli_json_real(json, "error", t->error);
    cli_json_integer(json, "tried", (int64_t)t->tried);
    cli_json_integer(json, "refused", (int64_t)t->refused);
    cli_json_close(json, '}');
    fflush(stdout);
}

static void print_tried(void *user, const clade_candidate *c) {
    const tune_job *job = user;
    if (!job->explain || job->common.json)
        return;
    if (c->why)
        printf("    refused        %s: %s\n", c->choice, c->why);
    else
        printf("    %10.4f ms  %s, error %.1e\n", c->seconds * 1e3, c->choice, c->error);
}

static void print_result(tune_job *job, const clade_tune_result *r) {
    if (job->common.json) {
        cli_json_close(&job->json, ']');
        cli_json_integer(&job->json, "changed", (int64_t)r->changed);
        cli_json_real(&job->json, "before_seconds", r->before_seconds);
        cli_json_real(&job->json, "after_seconds", r->after_seconds);
        cli_json_bool(&job->json, "reverted", r->reverted);
        cli_json_close(&job->json, '}');
        return;
    }
    printf("%zu problems, %zu changed", r->problems, r->changed);
    if (r->problems)
        printf("; the model: %.4f ms before, %.4f ms after%s", r->before_seconds * 1e3, r->after_seconds * 1e3,
               r->reverted ? ", which is no gain: everything is as it was" : "");
    puts(r->problems ? "" : ": there is nothing to tune, or no time for it");
}

/* ---- one tuning ---- */

static cli_exit tune(tune_job *job) {
    cli_engine engine;
    clade_error err = { .status = CLADE_OK };
    clade_tune_result result = CLADE_TUNE_RESULT_INIT;
    clade_tune_options options = CLADE_TUNE_OPTIONS_INIT;
    const clade_session_options session = cli_session_options(&job->common);
    options.seconds = job->seconds;
    options.progress = cli_progress;
    options.found = print_found;
    options.tried = print_tried;
    options.user = job;
    clade_status status = cli_engine_open(&engine, job->model, &job->common, &session, &err);
    if (status == CLADE_OK)
        status = cli_inputs_set(&job->common.inputs, engine.session, engine.model, 1, &err);
    if (status == CLADE_OK && job->common.json && job->json.depth == 0) { /* else a child before this one has */
        cli_json_open(&job->json, NULL, '{');
        cli_json_text(&job->json, "model", job->model);
        cli_json_open(&job->json, "problems", '[');
        fflush(stdout);
    }
    if (status == CLADE_OK)
        status = clade_session_tune(engine.session, &options, &result, &err);
    cli_progress_clear();
    if (status == CLADE_OK)
        print_result(job, &result);
    cli_engine_close(&engine);
    return status == CLADE_OK ? CLI_OK : cli_fail(&err);
}

static void say_ended(int code) {
    const int signalled = WIFSIGNALED(code);
    fprintf(stderr, "clade tune: a candidate ended its process (%s %d); going on without it\n",
            signalled ? "signal" : "exit code", signalled ? WTERMSIG(code) : WEXITSTATUS(code));
}

/* In children, one after the other, until one ends by itself. */
static cli_exit tune_apart(tune_job *job) {
    enum { MOST = 16 };
    const double end = job->seconds + cli_now_ms() / 1e3;
    for (int k = 0; k < MOST; k++) {
        int code;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const cli_exit own = tune(job);
            const int told = fflush(stdout) == 0;
            job->ended = 1;
            _exit(told ? (int)own : CLI_REFUSED);
        }
        if (child < 0 || waitpid(child, &code, 0) != child)
            break;
        if (WIFEXITED(code) && job->ended)
            return (cli_exit)WEXITSTATUS(code);
        say_ended(code);
        const double left = end - cli_now_ms() / 1e3;
        job->seconds = left > 1 ? left : 1;
    }
    fputs("clade tune: too many candidates ended their process, or there can be no further one\n", stderr);
    return CLI_DEVICE;
}

/* Of several children. */
static cli_exit tune_shared(const tune_job *job) {
    tune_job *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        fputs("clade tune: there is no memory to share with a child\n", stderr);
        return CLI_INTERNAL;
    }
    *shared = *job;
    const cli_exit exit = tune_apart(shared);
    munmap(shared, sizeof *shared);
    return exit;
}

/* ---- the records ---- */

static cli_exit export_to(FILE *to, const char *cache_dir, clade_error *err) {
    char *text;
    if (clade_records_export(&text, cache_dir, err) != CLADE_OK)
        return cli_fail(err);
    const int wrong = fputs(text, to) < 0 || fflush(to) != 0;
    clade_string_free(text);
    if (wrong)
        fputs("clade tune: the records cannot be written\n", stderr);
    return wrong ? CLI_REFUSED : CLI_OK;
}

static cli_exit list_or_export(const char *path, const char *cache_dir) {
    clade_error err = { .status = CLADE_OK };
    FILE *to = path ? fopen(path, "w") : stdout;
    if (!to) {
        fprintf(stderr, "clade tune: '%s' cannot be written\n", path);
        return CLI_REFUSED;
    }
    cli_exit exit = export_to(to, cache_dir, &err);
    if (path && fclose(to) != 0)
        exit = CLI_REFUSED;
    return exit;
}

/* All of a file, or of a pipe; the caller frees it. NULL: it cannot be read, or is longer than records can be. */
static char *read_file(const char *path, size_t *size) {
    enum { FIRST = 1 << 16, MOST = 1 << 28 };
    FILE *file = fopen(path, "rb");
    size_t room = FIRST;
    char *text = file ? malloc(room) : NULL;
    *size = 0;
    while (text && (*size += fread(text + *size, 1, room - *size, file)) == room) {
        char *larger = room < MOST ? realloc(text, room *= 2) : NULL;
        if (!larger)
            free(text);
        text = larger;
    }
    if (text && ferror(file)) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static cli_exit import_from(const char *path, int merge, const char *cache_dir) {
    clade_error err = { .status = CLADE_OK };
    size_t size = 0, count = 0;
    char *text = read_file(path, &size);
    if (!text) {
        fprintf(stderr, "clade tune: '%s' cannot be read\n", path);
        return CLI_REFUSED;
    }
    clade_status status = clade_records_import(cache_dir, text, size, merge, &count, &err);
    free(text);
    if (status != CLADE_OK)
        return cli_fail(&err);
    printf("%zu records taken\n", count);
    return CLI_OK;
}

static cli_exit forget(const char *device, const char *problem, const char *cache_dir) {
    clade_error err = { .status = CLADE_OK };
    size_t count;
    if (clade_records_forget(cache_dir, device, problem, &count, &err) != CLADE_OK)
        return cli_fail(&err);
    printf("%zu records forgotten\n", count);
    return CLI_OK;
}

/* ---- the command ---- */

static cli_exit run(const cli_command *self, int argc, char **argv) {
    tune_job job = { .seconds = 60 };
    const char *out = NULL, *in = NULL, *merged = NULL, *gone = NULL, *problem = NULL;
    int list = 0;
    const cli_option own[] = {
        { "budget", 'b', CLI_REAL, "SECONDS", "time to take, about (default 60)", &job.seconds },
        { "explain", 'x', CLI_FLAG, NULL, "show every candidate that is tried", &job.explain },
        { "list", 'l', CLI_FLAG, NULL, "print all records", &list },
        { "export", 0, CLI_TEXT, "FILE", "write all records to FILE", &out },
        { "import", 0, CLI_TEXT, "FILE", "take the records in FILE, in place of those there are", &in },
        { "merge", 0, CLI_TEXT, "FILE", "take those in FILE that are faster or younger", &merged },
        { "forget", 0, CLI_TEXT, "DEVICE", "remove the records of a device, as --list names it", &gone },
        { "problem", 0, CLI_TEXT, "PROBLEM", "with --forget: only the record of this problem", &problem },
        { .name = NULL },
    };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_JSON | CLI_HAS_DEVICE | CLI_HAS_SESSION | CLI_HAS_FILES | CLI_HAS_SHAPES | CLI_HAS_SEED;
    if (!cli_parse(self, own, &job.common, mask, 0, 1, &arguments, argc, argv, &exit))
        return exit;
    const int jobs = arguments.count + (list > 0) + (out != NULL) + (in != NULL) + (merged != NULL) + (gone != NULL);
    if (jobs != 1)
        return cli_usage(self, "one of MODEL, --list, --export, --import, --merge, --forget");
    if (problem && !gone)
        return cli_usage(self, "--problem goes with --forget");
    if (job.explain && job.common.json)
        return cli_usage(self, "--explain and --json: one of them");
    if (job.seconds == 0)
        return cli_usage(self, "--budget 0 leaves no time for anything");
    const char *cache_dir = job.common.no_cache ? "" : NULL;
    if (list || out)
        return list_or_export(out, cache_dir);
    if (in || merged)
        return import_from(in ? in : merged, merged != NULL, cache_dir);
    if (gone)
        return forget(gone, problem, cache_dir);
    job.model = arguments.items[0];
    return tune_shared(&job);
}

const cli_command cli_tune = {
    "tune", "[MODEL]", "measures what is fastest on the device, and records it",
    "Tunes the model for the given shapes, or works on the records there are (without a MODEL).\n"
    "Sessions on this device take what was recorded; --no-records does without.\n",
    run
};
