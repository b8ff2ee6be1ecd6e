/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table says what an option is called, takes and means, and both the parser and --help read it.
 *
 * Accepts --name VALUE, --name=VALUE, -n VALUE, -nVALUE, and options after arguments; "--" ends them. No abbreviations.
 */
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_MAX = 32 };

/* The options of one command: its own, then the common ones it has. */
typedef struct option_table {
    cli_option rows[OPTION_MAX];
    size_t count;
    int help; /* --help was given */
} option_table;

static void add(option_table *table, cli_option row) {
    if (table->count < OPTION_MAX)
        table->rows[table->count++] = row;
}

static void add_common(option_table *table, cli_common *c, int mask) {
    const struct {
        int mask;
        cli_option row;
    } rows[] = {
        { CLI_HAS_FILES,
          { "input", 'i', CLI_REPEAT, "[NAME=]FILE", "read an input from .npy, .pb or .csv", &c->inputs.files } },
        { CLI_HAS_SHAPES,
          { "shape", 's', CLI_REPEAT, "NAME=AxBxC", "shape of an input; reshapes what a file holds",
            &c->inputs.shapes } },
        { CLI_HAS_SHAPES,
          { "dim", 0, CLI_REPEAT, "NAME=N", "size of a free dimension, by its name (default 1)", &c->inputs.dims } },
        { CLI_HAS_SEED, { "seed", 0, CLI_COUNT, "N", "seed of random inputs (default 1)", &c->inputs.seed } },
        { CLI_HAS_DEVICE,
          { "device", 'd', CLI_TEXT, "DEVICE", "index, gpu, cpu, part of a name, or platform:device", &c->device } },
        { CLI_HAS_DEVICE,
          { "as", 0, CLI_TEXT, "KIND,KEY=N,...", "plan as for such a device: gpu,group=64,local=32768", &c->as } },
        { CLI_HAS_DEVICE, { "no-cache", 0, CLI_FLAG, NULL, "neither read nor write the cache on disk", &c->no_cache } },
        { CLI_HAS_SESSION,
          { "prefer-impl", 0, CLI_TEXT, "OP=ROW,...", "take that implementation of an operator where it applies",
            &c->prefer_impl } },
        { CLI_HAS_SESSION, { "no-blas", 0, CLI_FLAG, NULL, "never take a CLBlast implementation", &c->no_blas } },
        { CLI_HAS_SESSION,
          { "no-records", 0, CLI_FLAG, NULL, "choose by estimated cost, not by what was measured", &c->no_records } },
        { CLI_HAS_SESSION,
          { "tune-seconds", 0, CLI_REAL, "SECONDS", "first measure, lightly, what nothing was measured for",
            &c->tune_seconds } },
        { CLI_HAS_SESSION,
          { "float16", 0, CLI_FLAG, NULL, "hold weights and results in between as float16", &c->float16 } },
        { CLI_HAS_SESSION,
          { "unchecked-indices", 0, CLI_FLAG, NULL, "take an index out of range for the nearest one in range",
            &c->unchecked_indices } },
        { CLI_HAS_SESSION,
          { "any-opset", 0, CLI_FLAG, NULL, "take an opset that is too new for the newest known", &c->any_opset } },
        { CLI_HAS_JSON, { "json", 'j', CLI_FLAG, NULL, "report as JSON", &c->json } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mask & rows[i].mask)
            add(table, rows[i].row);
    }
    add(table, (cli_option){ "verbose", 'v', CLI_FLAG, NULL, "log to standard error; twice: more", &c->verbose });
    add(table, (cli_option){ "help", 'h', CLI_FLAG, NULL, "print this help", &table->help });
}

static void print_help(const cli_command *command, const option_table *table) {
    printf("usage: clade %s [OPTION...] %s\n%s.\n\n%s\noptions:\n", command->name, command->arguments, command->summary,
           command->help);
    for (size_t i = 0; i < table->count; i++) {
        const cli_option *row = &table->rows[i];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
        if (row->letter)
            printf("  -%c, %-26s %s\n", row->letter, left, row->help);
        else
            printf("      %-26s %s\n", left, row->help);
    }
}

cli_exit cli_usage(const cli_command *command, const char *format, ...) {
    va_list args;
    char line[400];
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "clade %s: ", command->name);
    cli_print_clean(stderr, line);
    fprintf(stderr, "; clade %s --help says more\n", command->name);
    return CLI_USAGE;
}

/* Stores `value`; returns NULL, or what is wrong with it. */
static const char *store(const cli_option *row, const char *value) {
    char *end = NULL;
    switch (row->kind) {
    case CLI_FLAG:
        ++*(int *)row->to;
        return NULL;
    case CLI_TEXT:
        *(const char **)row->to = value;
        return NULL;
    case CLI_REPEAT: {
        cli_list *list = row->to;
        if (list->count == CLI_LIST_MAX)
            return "is given too often";
        list->items[list->count++] = value;
        return NULL;
    }
    case CLI_COUNT: {
        const unsigned long long number = strtoull(value, &end, 10);
        if (*value < '0' || *value > '9' || *end || number < 1 || number > SIZE_MAX / 2)
            return "takes a whole number of at least 1";
        *(size_t *)row->to = (size_t)number;
        return NULL;
    }
    case CLI_REAL: {
        const double number = strtod(value, &end);
        if (end == value || *end || !isfinite(number) || number < 0)
            return "takes a number of at least 0";
        *(double *)row->to = number;
        return NULL;
    }
    }
    return "is of an unknown kind";
}

static const cli_option *find_letter(const option_table *table, char letter) {
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].letter == letter)
            return &table->rows[i];
    }
    return NULL;
}

/* "-n", "-nVALUE", or one flag repeated as in "-vv". */
static const cli_option *find_short(const option_table *table, const char *text, const char **value) {
    const cli_option *row = find_letter(table, text[1]);
    if (row == NULL)
        return NULL;
    if (row->kind != CLI_FLAG) {
        *value = text[2] ? text + 2 : NULL;
        return row;
    }
    const size_t repeated = strspn(text + 1, (const char[]){ text[1], '\0' });
    if (text[1 + repeated])
        return NULL;
    for (size_t i = 1; i < repeated; i++)
        ++*(int *)row->to;
    return row;
}

/* The row that `text` means, or NULL; *value is the value attached to it, or NULL. */
static const cli_option *find(const option_table *table, const char *text, const char **value) {
    *value = NULL;
    if (text[1] != '-')
        return find_short(table, text, value);
    const size_t length = strcspn(text + 2, "=");
    for (size_t i = 0; i < table->count; i++) {
        if (strlen(table->rows[i].name) == length && strncmp(table->rows[i].name, text + 2, length) == 0) {
            *value = text[2 + length] ? text + 3 + length : NULL;
            return &table->rows[i];
        }
    }
    return NULL;
}

int cli_parse(const cli_command *command, const cli_option *options, cli_common *common, int mask, int min, int max,
              cli_arguments *arguments, int argc, char **argv, cli_exit *exit) {
    option_table table = { .count = 0 };
    common->inputs.seed = 1;
    for (; options && options->name; options++)
        add(&table, *options);
    add_common(&table, common, mask);

    int kept = 0, only_arguments = 0;
    for (int i = 1; i < argc; i++) {
        if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[kept++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            only_arguments = 1;
            continue;
        }
        const char *value, *text = argv[i];
        const cli_option *row = find(&table, text, &value);
        if (row == NULL)
            return *exit = cli_usage(command, "there is no option '%s'", text), 0;
        if (row->kind == CLI_FLAG && value)
            return *exit = cli_usage(command, "option --%s takes no value", row->name), 0;
        if (row->kind != CLI_FLAG && value == NULL) {
            if (i + 1 == argc)
                return *exit = cli_usage(command, "option --%s needs a value, %s", row->name, row->value), 0;
            value = argv[++i];
        }
        const char *wrong = store(row, value);
        if (wrong)
            return *exit = cli_usage(command, "option --%s %s, not '%s'", row->name, wrong, value), 0;
    }
    if (table.help) {
        print_help(command, &table);
        return *exit = CLI_OK, 0;
    }
    if (kept < min || kept > max) {
        if (max == 0)
            return *exit = cli_usage(command, "it takes no arguments"), 0;
        return *exit =
                   cli_usage(command, "expected %s, got %d argument%s", command->arguments, kept, kept == 1 ? "" : "s"),
               0;
    }
    arguments->count = kept;
    arguments->items = argv;
    cli_log_install(common->verbose);
    return 1;
}
