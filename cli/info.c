/* SPDX-License-Identifier: Apache-2.0 */
/* clade info: what a model asks for, and whether it gets it. Needs a device only for the required bytes. */
#include "cli.h"

#include <inttypes.h>

/* The device bytes a run needs, or why that is not known. */
typedef struct requirement {
    int known;
    size_t bytes;
    clade_error err;
} requirement;

static requirement find_requirement(const cli_common *common, clade_model *model) {
    requirement out = { .known = 0 };
    clade_device *device = NULL;
    clade_session *session = NULL;
    const clade_session_options options = cli_session_options(common);
    cli_stage("planning");
    clade_status status = cli_device_open(&device, common, &out.err);
    if (status == CLADE_OK)
        status = clade_session_create(&session, device, model, &options, &out.err);
    if (status == CLADE_OK)
        status = cli_inputs_set(&common->inputs, session, model, 1, &out.err);
    if (status == CLADE_OK)
        status = clade_session_required_bytes(session, &out.bytes, &out.err);
    out.known = status == CLADE_OK;
    clade_session_free(session);
    clade_device_close(device);
    return out;
}

typedef clade_status (*value_getter)(const clade_model *, size_t, clade_value_info *, clade_error *);
enum { INPUTS, OPTIONAL, OUTPUTS, SIDES };
enum { OPTIONAL_SHOWN = 8 }; /* older files list every weight as an input */
static const struct {
    const char *title, *key;
    value_getter get;
} sides[SIDES] = { { "input", "inputs", clade_model_input },
                   { "optional", "optional_inputs", clade_model_input },
                   { "output", "outputs", clade_model_output } };

static size_t side_first(const clade_model_info *info, size_t side) { return side == OPTIONAL ? info->input_count : 0; }
static size_t side_end(const clade_model_info *info, size_t side) {
    return side == OUTPUTS    ? info->output_count
           : side == OPTIONAL ? info->input_count + info->optional_input_count
                              : info->input_count;
}

/* What the library infers for an output, behind what the file declares. */
static void print_inferred(const clade_model *model, size_t side, size_t index) {
    char *text;
    if (side != OUTPUTS || clade_model_infer_output(model, index, &text, NULL) != CLADE_OK)
        return;
    printf("  inferred ");
    cli_print_clean(stdout, text);
    clade_string_free(text);
}

static void print_text(const clade_model *model, const clade_model_info *info, const requirement *need) {
    char shape[CLI_SHAPE_TEXT], bytes[32];
    cli_facts_print(model, info);
    printf("nodes       %zu\nparameters  %zu\nweights     %s\n", info->node_count, info->parameter_count,
           cli_bytes_text(bytes, info->weight_bytes));
    for (size_t side = 0; side < SIDES; side++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        for (size_t i = side_first(info, side);
             i < side_end(info, side) && sides[side].get(model, i, &value, NULL) == CLADE_OK; i++) {
            if (side == OPTIONAL && i - info->input_count == OPTIONAL_SHOWN) {
                printf("optional    and %zu more\n", side_end(info, side) - i);
                break;
            }
            printf("%-11s ", sides[side].title);
            cli_print_clean(stdout, value.name);
            printf("  %s ", value.declared ? value.declared : clade_dtype_name(value.dtype));
            cli_print_clean(stdout, cli_shape_text(shape, value.rank, value.dims, value.dim_names));
            print_inferred(model, side, i);
            fputs(value.description[0] ? "  " : "", stdout);
            cli_print_line(value.description);
        }
    }
    clade_operator_info op = CLADE_OPERATOR_INFO_INIT;
    for (size_t i = 0; i < info->operator_count && clade_model_operator(model, i, &op, NULL) == CLADE_OK; i++) {
        printf("operator    ");
        cli_print_clean(stdout, op.domain);
        printf("%s", op.domain[0] ? "." : "");
        cli_print_clean(stdout, op.name);
        printf(" x %zu%s", op.count, op.supported ? "" : "  NOT SUPPORTED: ");
        cli_print_clean(stdout, op.reason);
        putchar('\n');
    }
    if (info->unsupported) {
        printf("NOT SUPPORTED: ");
        cli_print_clean(stdout, info->unsupported);
        putchar('\n');
    } else if (need->known)
        printf("requires    %s on the device (%zu bytes)\n", cli_bytes_text(bytes, need->bytes), need->bytes);
    else {
        printf("requires    unknown: ");
        cli_print_clean(stdout, need->err.message);
        putchar('\n');
    }
}

static void print_value_json(cli_json *json, const clade_model *model, size_t side, size_t index,
                             const clade_value_info *value) {
    cli_json_open(json, NULL, '{');
    cli_json_text(json, "name", value->name);
    cli_json_text(json, "dtype", value->declared ? value->declared : clade_dtype_name(value->dtype));
    if (value->description[0])
        cli_json_text(json, "description", value->description);
    if (value->rank < 0)
        cli_json_text(json, "shape", NULL);
    else {
        cli_json_open(json, "shape", '[');
        for (int32_t i = 0; i < value->rank; i++) {
            if (value->dims[i] >= 0)
                cli_json_integer(json, NULL, value->dims[i]);
            else
                cli_json_text(json, NULL, value->dim_names[i]);
        }
        cli_json_close(json, ']');
    }
    char *inferred;
    if (side == OUTPUTS && clade_model_infer_output(model, index, &inferred, NULL) == CLADE_OK) {
        cli_json_text(json, "inferred", inferred);
        clade_string_free(inferred);
    }
    cli_json_close(json, '}');
}

static void print_json(const clade_model *model, const clade_model_info *info, const requirement *need) {
    cli_json json = { .depth = 0 };
    cli_json_open(&json, NULL, '{');
    cli_facts_json(&json, model, info);
    cli_json_integer(&json, "nodes", (int64_t)info->node_count);
    cli_json_integer(&json, "parameters", (int64_t)info->parameter_count);
    cli_json_integer(&json, "weight_bytes", (int64_t)info->weight_bytes);
    for (size_t side = 0; side < SIDES; side++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        cli_json_open(&json, sides[side].key, '[');
        for (size_t i = side_first(info, side);
             i < side_end(info, side) && sides[side].get(model, i, &value, NULL) == CLADE_OK; i++)
            print_value_json(&json, model, side, i, &value);
        cli_json_close(&json, ']');
    }
    clade_operator_info op = CLADE_OPERATOR_INFO_INIT;
    cli_json_open(&json, "operators", '[');
    for (size_t i = 0; i < info->operator_count && clade_model_operator(model, i, &op, NULL) == CLADE_OK; i++) {
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "domain", op.domain);
        cli_json_text(&json, "name", op.name);
        cli_json_integer(&json, "count", (int64_t)op.count);
        cli_json_bool(&json, "supported", op.supported);
        cli_json_text(&json, "reason", op.supported ? NULL : op.reason);
        cli_json_close(&json, '}');
    }
    cli_json_close(&json, ']');
    cli_json_text(&json, "unsupported", info->unsupported);
    if (need->known)
        cli_json_integer(&json, "required_bytes", (int64_t)need->bytes);
    else
        cli_json_text(&json, "required_bytes", NULL);
    cli_json_text(&json, "required_bytes_error", need->known ? NULL : need->err.message);
    cli_json_close(&json, '}');
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_JSON | CLI_HAS_DEVICE | CLI_HAS_SESSION | CLI_HAS_SHAPES;
    if (!cli_parse(self, NULL, &common, mask, 1, 1, &arguments, argc, argv, &exit))
        return exit;

    clade_model *model;
    clade_model_options loading = cli_model_options(&common);
    loading.describe = 1;
    clade_error err = { .status = CLADE_OK };
    if (clade_model_load(&model, arguments.items[0], &loading, &err) != CLADE_OK)
        return cli_fail(&err);
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    const clade_status status = clade_model_get_info(model, &info, &err);
    if (status == CLADE_OK) {
        requirement need = { .known = 0 };
        if (info.unsupported)
            snprintf(need.err.message, sizeof need.err.message, "%s", info.unsupported);
        else
            need = find_requirement(&common, model);
        cli_progress_clear();
        (common.json ? print_json : print_text)(model, &info, &need);
    }
    clade_model_free(model);
    return status == CLADE_OK ? CLI_OK : cli_fail(&err);
}

const cli_command cli_info = {
    "info", "MODEL", "describes a model: metadata, inputs, outputs, operators, memory",
    "Says of each operator whether it is supported and, if not, why. The required bytes are for the\n"
    "given --shape and --dim, free dimensions being 1; without a device they are left out.\n",
    run
};
