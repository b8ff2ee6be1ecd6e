/* SPDX-License-Identifier: Apache-2.0 */
/* The command `clade`: picks the sub-command. Adding one is one line in the table and one file. */
#include "cli.h"

#include <string.h>

static const cli_command *const commands[] = { &cli_devices, &cli_info, &cli_run, &cli_test, &cli_bench, &cli_dump };
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *to) {
    fputs("usage: clade COMMAND [OPTION...] [ARGUMENT...]\n"
          "Runs deep-learning models (ONNX) on any OpenCL device.\n\ncommands:\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nclade COMMAND --help describes a command; clade --version prints the version.\n"
          "exit codes: 0 success, 1 a test case failed, 2 usage, 3 a file, model or input was refused,\n"
          "4 no device or the device failed, 5 out of host memory or a defect.\n",
          to);
}

/* A report that did not reach its reader is not a success. */
static cli_exit close_output(cli_exit code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("clade: cannot write standard output\n", stderr);
    return code == CLI_OK ? CLI_REFUSED : code;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return close_output(CLI_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("clade %s\n", clade_version());
        return close_output(CLI_OK);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            return close_output(commands[i]->run(commands[i], argc - 1, argv + 1));
    }
    fprintf(stderr, "clade: there is no command '%s'; clade --help lists them\n", argv[1]);
    return CLI_USAGE;
}
