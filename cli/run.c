/* SPDX-License-Identifier: Apache-2.0 */
/* clade run: one run of a model on inputs from files; the outputs go to files, or to the screen in short. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN_ELEMENTS = 8, NAME_BYTES = 128 };

typedef struct run_options {
    const char *directory, *format;
} run_options;

/* DIR/NAME.FORMAT where NAME is `name` with everything unusual as '_', so that no output leaves DIR. `numbered` adds
 * the index, for names that would become the same. */
static void output_path(char *to, size_t size, const run_options *options, const char *name, size_t index,
                        int numbered) {
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    char file[NAME_BYTES], number[32] = "";
    snprintf(file, sizeof file, "%s", name[0] ? name : "output");
    for (char *c = file; *c; c++) {
        if (strchr(usual, *c) == NULL || (c == file && *c == '.'))
            *c = '_';
    }
    if (numbered)
        snprintf(number, sizeof number, "_%zu", index);
    size_t length = strlen(options->directory);
    while (length > 0 && options->directory[length - 1] == '/')
        length--;
    snprintf(to, size, "%.*s/%s%s.%s", (int)length, options->directory, file, number, options->format);
}

static void print_text(const clade_value_info *value, const clade_tensor *tensor, const char *file) {
    char shape[CLI_SHAPE_TEXT];
    cli_print_clean(stdout, value->name);
    printf("  %s %s", clade_dtype_name(tensor->dtype), cli_shape_text(shape, tensor->rank, tensor->dims, NULL));
    if (file) {
        printf(" -> ");
        cli_print_clean(stdout, file);
    } else {
        const int64_t count = clade_tensor_count(tensor);
        const int digits = cli_is_real(tensor->dtype) ? 6 : 17;
        for (int64_t i = 0; i < count && i < SHOWN_ELEMENTS; i++)
            printf("%s%.*g", i ? " " : "\n  ", digits, cli_element(tensor, i));
        if (count > SHOWN_ELEMENTS)
            printf(" ...");
    }
    putchar('\n');
}

static void print_json(cli_json *json, const clade_value_info *value, const clade_tensor *tensor, const char *file) {
    cli_json_open(json, NULL, '{');
    cli_json_text(json, "name", value->name);
    cli_json_text(json, "dtype", clade_dtype_name(tensor->dtype));
    cli_json_open(json, "shape", '[');
    for (int32_t i = 0; i < tensor->rank; i++)
        cli_json_integer(json, NULL, tensor->dims[i]);
    cli_json_close(json, ']');
    cli_json_text(json, "file", file);
    cli_json_close(json, '}');
}

/* Is there another output whose file would have the same name? Asked of every pair, so both get a number. */
static int collides(const clade_model *model, size_t count, size_t index, const char *path,
                    const run_options *options) {
    clade_value_info other = CLADE_VALUE_INFO_INIT;
    char other_path[PATH_MAX];
    for (size_t i = 0; i < count && clade_model_output(model, i, &other, NULL) == CLADE_OK; i++) {
        output_path(other_path, sizeof other_path, options, other.name, i, 0);
        if (i != index && strcmp(path, other_path) == 0)
            return 1;
    }
    return 0;
}

static clade_status report_output(const cli_engine *engine, size_t count, size_t index, const run_options *options,
                                  cli_json *json, clade_error *err) {
    clade_value_info value = CLADE_VALUE_INFO_INIT;
    clade_tensor tensor = { .data = NULL };
    char path[PATH_MAX];
    clade_status status = clade_model_output(engine->model, index, &value, err);
    if (status == CLADE_OK)
        status = clade_session_get_output(engine->session, value.name, &tensor, err);
    if (status != CLADE_OK)
        return status;
    if (options->directory) {
        output_path(path, sizeof path, options, value.name, index, 0);
        if (collides(engine->model, count, index, path, options))
            output_path(path, sizeof path, options, value.name, index, 1);
        status = clade_tensor_write(&tensor, path, err);
    }
    const char *file = options->directory ? path : NULL;
    if (status == CLADE_OK && json)
        print_json(json, &value, &tensor, file);
    else if (status == CLADE_OK)
        print_text(&value, &tensor, file);
    clade_tensor_free(&tensor);
    return status;
}

/* Makes `directory` and what is missing above it; 0 with errno when that fails. */
static int make_directories(const char *directory) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s", directory) >= sizeof path) {
        errno = ENAMETOOLONG;
        return 0;
    }
    for (char *at = path; *at; at++) {
        char *end = at + 1;
        if (*end != '/' && *end != '\0')
            continue;
        const char kept = *end;
        *end = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return 0;
        *end = kept;
    }
    return 1;
}

static clade_status run_and_report(const cli_engine *engine, const cli_common *common, const run_options *options,
                                   clade_error *err) {
    clade_status status = cli_inputs_set(&common->inputs, engine->session, engine->model, 0, err);
    if (status == CLADE_OK)
        status = clade_session_compile(engine->session, err);
    const double start = cli_now_ms();
    if (status == CLADE_OK)
        status = clade_session_run(engine->session, err);
    const double run_ms = cli_now_ms() - start;
    if (status != CLADE_OK)
        return status;

    cli_progress_clear();
    clade_device_info device = CLADE_DEVICE_INFO_INIT;
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    cli_json json = { .depth = 0 };
    status = clade_device_get_info(engine->device, &device, err);
    if (status == CLADE_OK)
        status = clade_model_get_info(engine->model, &info, err);
    if (status != CLADE_OK)
        return status;
    if (common->json) {
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "device", device.name);
        cli_json_real(&json, "run_ms", run_ms);
        cli_json_open(&json, "outputs", '[');
    }
    for (size_t i = 0; status == CLADE_OK && i < info.output_count; i++)
        status = report_output(engine, info.output_count, i, options, common->json ? &json : NULL, err);
    if (common->json) {
        cli_json_close(&json, ']');
        cli_json_close(&json, '}');
    }
    return status;
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    run_options options = { .format = "npy" };
    const cli_option own[] = {
        { "output", 'o', CLI_TEXT, "DIR", "write each output to DIR/NAME.npy; DIR and its parents are made",
          &options.directory },
        { "format", 'f', CLI_TEXT, "FORMAT", "of the outputs: npy (default), pb or csv", &options.format },
        { .name = NULL },
    };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_JSON | CLI_HAS_DEVICE | CLI_HAS_SESSION | CLI_HAS_FILES | CLI_HAS_SHAPES;
    if (!cli_parse(self, own, &common, mask, 1, 1, &arguments, argc, argv, &exit))
        return exit;
    if (strcmp(options.format, "npy") && strcmp(options.format, "pb") && strcmp(options.format, "csv"))
        return cli_usage(self, "there is no format '%s'", options.format);
    if (options.directory && !options.directory[0])
        return cli_usage(self, "option --output needs the name of a directory");
    if (options.directory && !make_directories(options.directory)) {
        const int reason = errno;
        fputs("clade: cannot make the directory ", stderr);
        cli_print_clean(stderr, options.directory);
        fprintf(stderr, ": %s\n", strerror(reason));
        return CLI_REFUSED;
    }

    cli_engine engine;
    clade_error err = { .status = CLADE_OK };
    const clade_session_options session = cli_session_options(&common);
    if (cli_engine_open(&engine, arguments.items[0], &common, &session, &err) != CLADE_OK)
        return cli_fail(&err);
    const clade_status status = run_and_report(&engine, &common, &options, &err);
    cli_engine_close(&engine);
    return status == CLADE_OK ? CLI_OK : cli_fail(&err);
}

const cli_command cli_run = {
    "run", "MODEL", "runs a model on inputs from files",
    "Every input of the model needs a file. NAME may be left out when the model has one input. A .csv file\n"
    "gives float32 [rows,columns]; --shape reshapes it. Without --output the outputs are shown in short.\n",
    run
};
