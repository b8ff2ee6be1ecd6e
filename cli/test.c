/* SPDX-License-Identifier: Apache-2.0 */
/* clade test: runs ONNX test cases and compares with their expected outputs; one line a case, then the totals. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_texts[CLI_VERDICTS] = { "pass", "FAIL", "refused", "skip" };
static const char *const total_texts[CLI_VERDICTS] = { "passed", "failed", "refused", "skipped" };

typedef struct test_options {
    cli_tolerance tolerance;
    const char *skip_file;
    char *skips; /* the text of skip_file, or NULL */
} test_options;

static char *read_text(const char *path) {
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file == NULL)
        return NULL;
    /* A text file has no NUL, so this takes it whole. */
    if (getdelim(&text, &size, '\0', file) < 0 && ferror(file)) {
        free(text);
        text = NULL;
    } else if (text == NULL)
        text = strdup("");
    fclose(file);
    return text;
}

/* Looks for a line "NAME REASON" where NAME is the last part of `directory`; copies REASON. '#' begins a comment. */
static int is_skipped(const char *skips, const char *directory, char *reason, size_t reason_size) {
    const char *slash = strrchr(directory, '/');
    const char *name = slash ? slash + 1 : directory;
    const size_t length = strlen(name);
    for (const char *line = skips; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, length) != 0 || !strchr(" \t\n", line[length]))
            continue;
        const char *from = line + length + strspn(line + length, " \t");
        snprintf(reason, reason_size, "%.*s", (int)strcspn(from, "\n"), from);
        return 1;
    }
    return 0;
}

static void print_text(const char *directory, const cli_case_result *result) {
    printf("%-7s ", verdict_texts[result->verdict]);
    cli_print_clean(stdout, directory);
    if (result->verdict == CLI_PASS && result->worst_error > 0)
        printf("  (max error %.2g)", result->worst_error);
    if (result->verdict != CLI_PASS) {
        fputs(": ", stdout);
        cli_print_clean(stdout, result->detail);
    }
    putchar('\n');
    fflush(stdout);
}

static void print_json(cli_json *json, const char *directory, const cli_case_result *result) {
    cli_json_open(json, NULL, '{');
    cli_json_text(json, "case", directory);
    cli_json_text(json, "verdict", verdict_texts[result->verdict]);
    cli_json_real(json, "worst_error", result->worst_error);
    cli_json_text(json, "detail", result->detail);
    cli_json_close(json, '}');
}

static void print_totals(const size_t *totals) {
    for (int v = 0; v < CLI_VERDICTS; v++) {
        if (v != CLI_SKIP || totals[v])
            printf("%s%zu %s", v ? ", " : "", totals[v], total_texts[v]);
    }
    putchar('\n');
}

static cli_exit run_cases(const cli_arguments *directories, const test_options *options, const cli_common *common,
                          clade_device *device) {
    const clade_model_options loading = cli_model_options(common);
    const clade_session_options session = cli_session_options(common);
    size_t totals[CLI_VERDICTS] = { 0 };
    cli_json json = { .depth = 0 };
    if (common->json) {
        cli_json_open(&json, NULL, '{');
        cli_json_open(&json, "cases", '[');
    }
    for (int i = 0; i < directories->count; i++) {
        char directory[PATH_MAX];
        cli_case_result result = { .verdict = CLI_SKIP };
        snprintf(directory, sizeof directory, "%s", directories->items[i]);
        for (size_t end = strlen(directory); end > 1 && directory[end - 1] == '/'; end--)
            directory[end - 1] = '\0';
        if (!is_skipped(options->skips, directory, result.detail, sizeof result.detail))
            cli_case_run(&result, directory, device, &loading, &session, &options->tolerance);
        totals[result.verdict]++;
        cli_progress_clear();
        if (common->json)
            print_json(&json, directory, &result);
        else
            print_text(directory, &result);
    }
    if (common->json) {
        cli_json_close(&json, ']');
        for (int v = 0; v < CLI_VERDICTS; v++)
            cli_json_integer(&json, total_texts[v], (int64_t)totals[v]);
        cli_json_close(&json, '}');
    } else
        print_totals(totals);
    return totals[CLI_FAIL] ? CLI_MISMATCH : CLI_OK;
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    test_options options = { .tolerance = { .rtol = 1e-3, .atol = 1e-5 } };
    const cli_option own[] = {
        { "rtol", 0, CLI_REAL, "X", "relative tolerance (default 1e-3)", &options.tolerance.rtol },
        { "atol", 0, CLI_REAL, "X", "absolute tolerance (default 1e-5)", &options.tolerance.atol },
        { "skip", 0, CLI_TEXT, "FILE", "do not run the cases it lists: name, space, reason", &options.skip_file },
        { .name = NULL },
    };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_JSON | CLI_HAS_DEVICE | CLI_HAS_SESSION;
    if (!cli_parse(self, own, &common, mask, 1, INT_MAX, &arguments, argc, argv, &exit))
        return exit;
    if (options.skip_file && (options.skips = read_text(options.skip_file)) == NULL) {
        fprintf(stderr, "clade: cannot read %s: %s\n", options.skip_file, strerror(errno));
        return CLI_REFUSED;
    }

    clade_device *device;
    clade_error err = { .status = CLADE_OK };
    if (cli_device_open(&device, &common, &err) != CLADE_OK)
        exit = cli_fail(&err);
    else {
        exit = run_cases(&arguments, &options, &common, device);
        clade_device_close(device);
    }
    free(options.skips);
    return exit;
}

const cli_command cli_test = {
    "test", "DIR...", "runs ONNX test cases and compares with their expected outputs",
    "DIR holds model.onnx and test_data_set_*/{input,output}_*.pb. One line a case: pass, FAIL (worst error,\n"
    "where), refused (the library does not support it, and why) or skip. Floating-point elements pass when\n"
    "|got - expected| <= atol + rtol * |expected|, integers and bool when equal. Exit code 1 when a case failed.\n",
    run
};
