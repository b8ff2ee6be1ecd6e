/* SPDX-License-Identifier: Apache-2.0 */
/* The command `clade`: what its files share. Sectioned by source file.
 *
 * Built on public headers only: everything the command does, a program that embeds the library can do. Reports go to
 * standard output, everything else (errors, warnings, progress) to standard error.
 */
#ifndef CLI_H
#define CLI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <clade.h>

/* ---- main.c: the table of commands ---- */

/* Exit codes, documented in clade(1). */
typedef enum cli_exit {
    CLI_OK = 0,
    CLI_MISMATCH = 1, /* clade test: a case failed */
    CLI_USAGE = 2,    /* wrong command line */
    CLI_REFUSED = 3,  /* a file, model or input is missing, malformed, unsupported or does not fit */
    CLI_DEVICE = 4,   /* no device, or the device failed */
    CLI_INTERNAL = 5  /* host memory, or a defect */
} cli_exit;

typedef struct cli_command {
    const char *name, *arguments;
    const char *summary; /* one line */
    const char *help;    /* what the option list does not say; ends in a newline */
    cli_exit (*run)(const struct cli_command *self, int argc, char **argv);
} cli_command;

extern const cli_command cli_devices, cli_info, cli_run, cli_test, cli_bench, cli_dump, cli_tune;

/* ---- options.c: the command line ---- */

#define CLI_LIST_MAX 256

/* The values of an option that may be repeated; borrowed from argv. */
typedef struct cli_list {
    size_t count;
    const char *items[CLI_LIST_MAX];
} cli_list;

typedef enum cli_option_kind {
    CLI_FLAG,   /* int: how often it was given */
    CLI_TEXT,   /* const char * */
    CLI_REPEAT, /* cli_list */
    CLI_COUNT,  /* size_t, at least 1 */
    CLI_REAL    /* double, finite and >= 0 */
} cli_option_kind;

typedef struct cli_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* the short form, or 0 */
    cli_option_kind kind;
    const char *value; /* what the value is called in the help; NULL for a flag */
    const char *help;
    void *to;
} cli_option;

/* Where a model's inputs come from. */
typedef struct cli_inputs {
    cli_list files;  /* NAME=FILE, or FILE when the model has one input */
    cli_list shapes; /* NAME=1x3x224x224; reshapes what a file holds */
    cli_list dims;   /* NAME=N: free dimensions by their name; others are 1 */
    size_t seed;     /* of random inputs */
} cli_inputs;

/* Options that mean the same in every command that has them. */
typedef struct cli_common {
    const char *device, *as, *prefer_impl;
    int json, no_cache, no_blas, no_records, float16, unchecked_indices, any_opset, verbose;
    double tune_seconds;
    cli_inputs inputs;
} cli_common;
/* Which groups of them a command has: a mask. */
enum {
    CLI_HAS_JSON = 1,
    CLI_HAS_DEVICE = 2,
    CLI_HAS_SESSION = 4,
    CLI_HAS_FILES = 8,
    CLI_HAS_SHAPES = 16,
    CLI_HAS_SEED = 32
};

typedef struct cli_arguments {
    int count;    /* what is left in argv when options are taken out: items[0 ... count - 1] */
    char **items; /* borrowed: argv, reordered */
} cli_arguments;

/* Parses argv[1...] against `options` and the common options in `mask`; checks that `min` to `max` arguments are left.
 * Returns 1 to go on, else 0 with *exit set (help was printed, or a usage error). Installs the log hook. */
int cli_parse(const cli_command *command, const cli_option *options, cli_common *common, int mask, int min, int max,
              cli_arguments *arguments, int argc, char **argv, cli_exit *exit);
/* Prints one usage error for `command` and returns CLI_USAGE. */
cli_exit cli_usage(const cli_command *command, const char *format, ...) CLADE_PRINTF(2, 3);

/* ---- report.c: errors and log on standard error ---- */

/* Prints the error's line and returns the exit code that its status means. */
cli_exit cli_fail(const clade_error *err);
/* Routes the library's log to standard error: warnings, and with `verbose` 1 information, with 2 everything. */
void cli_log_install(int verbose);

/* ---- progress.c: what is being done, on a terminal ---- */

/* A clade_progress_fn: one line on standard error that rewrites itself, until the next stage or the end of stages. */
int cli_progress(void *user, const char *what, size_t done, size_t total);
void cli_stage(const char *what); /* a stage without a count */
void cli_progress_clear(void);    /* before a report: no stage is under way */
/* Around output to standard error while a stage is under way. */
void cli_progress_hide(void);
void cli_progress_show(void);

/* ---- engine.c: a device, a model and a session from the common options ---- */

clade_status cli_device_open(clade_device **out, const cli_common *common, clade_error *err);
clade_session_options cli_session_options(const cli_common *common);
clade_model_options cli_model_options(const cli_common *common);

typedef struct cli_engine {
    clade_device *device;
    clade_model *model;
    clade_session *session;
    double open_ms, load_ms; /* the device; the model and the session */
} cli_engine;
/* Opens the device, loads the model and creates the session. On failure nothing is left open. */
clade_status cli_engine_open(cli_engine *out, const char *path, const cli_common *common,
                             const clade_session_options *options, clade_error *err);
void cli_engine_close(cli_engine *engine);
/* Milliseconds of a clock that only goes forward. */
double cli_now_ms(void);

/* ---- inputs.c: what a model is fed ---- */

/* Sets the inputs of `session`. With `random`, those without a file get seeded noise, free dimensions being 1. */
clade_status cli_inputs_set(const cli_inputs *inputs, clade_session *session, const clade_model *model, int random,
                            clade_error *err);

/* ---- random.c: seeded noise ---- */

/* Fills a tensor: floats uniform in (-1, 1), integers and bool 0 or 1 (so that they are valid as indices). */
void cli_random_fill(clade_tensor *tensor, uint64_t seed);

/* ---- case.c: one ONNX test case ---- */

typedef enum cli_verdict { CLI_PASS, CLI_FAIL, CLI_REFUSE, CLI_SKIP, CLI_VERDICTS } cli_verdict;
typedef struct cli_tolerance {
    double rtol, atol;
} cli_tolerance;
typedef struct cli_case_result {
    cli_verdict verdict;
    double worst_error; /* over every output that was compared */
    char detail[900];   /* one line: why not passed; empty for a pass */
} cli_case_result;
/* Runs the case in `directory` on `device`. */
void cli_case_run(cli_case_result *out, const char *directory, clade_device *device, const clade_model_options *loading,
                  const clade_session_options *options, const cli_tolerance *tolerance);

/* ---- text.c ---- */

enum { CLI_SHAPE_TEXT = 512 };
/* "[N,1,100,40]", free dimensions by name or "?", into `to` (CLI_SHAPE_TEXT bytes); "[...]" for rank -1. Returns `to`.
 */
const char *cli_shape_text(char *to, int32_t rank, const int64_t *dims, const char *const *names);
/* "1.5 MiB" into `to` (32 bytes). Returns `to`. */
const char *cli_bytes_text(char *to, uint64_t bytes);
/* Prints text that came from a file: control characters, which could drive a terminal, become '?'. */
void cli_print_clean(FILE *to, const char *text);
/* The same with a newline behind it, and cut: a file's text may be as long as the file. */
void cli_print_line(const char *text);
const char *cli_device_kind_text(clade_device_kind kind);
int cli_is_real(clade_dtype dtype); /* a floating-point type */
/* Element `i` as a number to be shown: 64-bit integers beyond 2^53 lose digits. */
double cli_element(const clade_tensor *tensor, int64_t i);

/* ---- json.c: a JSON document on standard output ---- */

typedef struct cli_json {
    unsigned depth;
    uint64_t used; /* bit d: something was written at depth d, so a comma comes first */
} cli_json;
/* `key` is NULL inside an array and for the document itself. */
void cli_json_open(cli_json *json, const char *key, char bracket);
void cli_json_close(cli_json *json, char bracket);
void cli_json_text(cli_json *json, const char *key, const char *value); /* value NULL: null */
void cli_json_integer(cli_json *json, const char *key, int64_t value);
void cli_json_real(cli_json *json, const char *key, double value); /* not finite: null */
void cli_json_bool(cli_json *json, const char *key, int value);

/* ---- facts.c ---------------------------------------------------------------------------------------------------- */

/* What a model file says of itself, as lines and as members of the open JSON object. */
void cli_facts_print(const clade_model *model, const clade_model_info *info);
void cli_facts_json(cli_json *json, const clade_model *model, const clade_model_info *info);

#endif
