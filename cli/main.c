/* SPDX-License-Identifier: Apache-2.0 */
/* The command `clade`: picks the sub-command. Adding one is one line in the table and one file. */
#include "cli.h"

#include <string.h>

static const cli_command *const commands[] = { &cli_devices, &cli_info, &cli_run, &cli_test,
                                               &cli_bench,   &cli_dump, &cli_tune };
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *to) {
    fputs("usage: clade COMMAND [OPTION...] [ARGUMENT...]\n"
          "Runs deep-learning models (ONNX) on any OpenCL device.\n\ncommands:\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nclade help COMMAND (or COMMAND --help) describes a command; clade version prints the version.\n"
          "exit codes: 0 success, 1 a test case failed, 2 usage, 3 a file, model or input was refused,\n"
          "4 no device or the device failed, 5 out of host memory or a defect.\n",
          to);
}

static int is_one_of(const char *word, const char *const *spellings) {
    while (*spellings && strcmp(word, *spellings) != 0)
        spellings++;
    return *spellings != NULL;
}

/* A report that did not reach its reader is not a success. */
static cli_exit close_output(cli_exit code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("clade: cannot write standard output\n", stderr);
    return code == CLI_OK ? CLI_REFUSED : code;
}

static cli_exit run(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    const int help = is_one_of(argv[1], (const char *const[]){ "help", "--help", "-h", NULL });
    if (help && argc == 2) {
        print_help(stdout);
        return close_output(CLI_OK);
    }
    if (is_one_of(argv[1], (const char *const[]){ "version", "--version", "-V", NULL })) {
        printf("clade %s\n", clade_version());
        return close_output(CLI_OK);
    }
    const char *name = argv[1 + help];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            char *described[] = { argv[1 + help], (char[]){ "--help" }, NULL };
            return close_output(commands[i]->run(commands[i], help ? 2 : argc - 1, help ? described : argv + 1));
        }
    }
    fputs("clade: there is no command '", stderr);
    cli_print_clean(stderr, name);
    fputs("'; clade --help lists them\n", stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv) { return (int)run(argc, argv); }
