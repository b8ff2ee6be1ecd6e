/* SPDX-License-Identifier: Apache-2.0 */
/* One ONNX test case: DIR/model.onnx with DIR/test_data_set_K/input_J.pb and output_J.pb.
 *
 * Files are matched to the model's inputs (outputs) by the names stored in them when all of them are such names and no
 * two the same, else by order. A case is *refused* when the library says, before the answer is computed, that it does
 * not take the model: not supported, malformed, or element types and shapes that an operator does not take. Every other
 * error, and every wrong answer, is a failure.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { TENSORS_MAX = 64, PATH_BYTES = 4096, NAME_BYTES = 256 };

/* The input or output files of one data set. */
typedef struct tensor_set {
    size_t count;
    clade_tensor tensors[TENSORS_MAX];
    char names[TENSORS_MAX][NAME_BYTES];
    size_t value[TENSORS_MAX]; /* which input (output) of the model each one is */
} tensor_set;

/* One case under way. */
typedef struct test_case {
    const char *directory;
    clade_model *model;
    clade_session *session;
    const cli_tolerance *tolerance;
    cli_case_result *result;
    clade_error err;
} test_case;

typedef clade_status (*value_getter)(const clade_model *, size_t, clade_value_info *, clade_error *);

static void conclude(test_case *c, cli_verdict verdict, const char *format, ...) CLADE_PRINTF(3, 4);
static void conclude(test_case *c, cli_verdict verdict, const char *format, ...) {
    va_list args;
    va_start(args, format);
    c->result->verdict = verdict;
    vsnprintf(c->result->detail, sizeof c->result->detail, format, args);
    va_end(args);
}

/* Turns the error of the library into a verdict. `of_model`: it can be about the model, not only about the test data.
 */
static void conclude_error(test_case *c, int of_model) {
    static const struct {
        clade_status status;
        int of_model;
    } refusals[] = { { CLADE_ERR_UNSUPPORTED, 0 }, { CLADE_ERR_LIMIT, 0 }, { CLADE_ERR_FORMAT, 1 },
                     { CLADE_ERR_GRAPH, 1 },       { CLADE_ERR_SHAPE, 1 }, { CLADE_ERR_DTYPE, 1 } };
    const clade_status status = c->err.status;
    int refused = 0;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        refused |= status == refusals[i].status && of_model >= refusals[i].of_model;
    if (refused)
        conclude(c, CLI_REFUSE, "%s", c->err.message);
    else
        conclude(c, CLI_FAIL, "%s: %s", clade_status_name(status), c->err.message);
}

static void free_set(tensor_set *set) {
    for (size_t i = 0; i < set->count; i++)
        clade_tensor_free(&set->tensors[i]);
    set->count = 0;
}

/* Finds the value of the model that each tensor is. Returns 0 when there are more tensors than values. */
static int match(tensor_set *set, const clade_model *model, value_getter get, size_t value_count) {
    int by_name = 1;
    for (size_t i = 0; by_name && i < set->count; i++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        size_t v = 0;
        while (v < value_count && get(model, v, &value, NULL) == CLADE_OK && strcmp(value.name, set->names[i]) != 0)
            v++;
        by_name = v < value_count;
        for (size_t earlier = 0; earlier < i; earlier++)
            by_name = by_name && set->value[earlier] != v;
        set->value[i] = v;
    }
    for (size_t i = 0; !by_name && i < set->count; i++)
        set->value[i] = i;
    return set->count <= value_count;
}

/* Reads KIND_0.pb, KIND_1.pb, ... of data set `number`. */
static clade_status read_set(tensor_set *set, const test_case *c, size_t number, const char *kind, clade_error *err) {
    char path[PATH_BYTES];
    for (set->count = 0; set->count < TENSORS_MAX; set->count++) {
        snprintf(path, sizeof path, "%s/test_data_set_%zu/%s_%zu.pb", c->directory, number, kind, set->count);
        if (access(path, F_OK) != 0)
            break;
        const clade_status status =
            clade_tensor_read_named(&set->tensors[set->count], set->names[set->count], NAME_BYTES, path, err);
        if (status != CLADE_OK)
            return status;
    }
    return CLADE_OK;
}

/* "[0,3,2]": where element `index` lies. */
static const char *position_text(char *to, const clade_tensor *tensor, int64_t index) {
    int64_t at[CLADE_MAX_RANK];
    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        at[d] = index % tensor->dims[d];
        index /= tensor->dims[d];
    }
    return cli_shape_text(to, tensor->rank, at, NULL);
}

static clade_status compare_output(test_case *c, const char *name, const clade_tensor *got, const clade_tensor *want) {
    clade_comparison difference = CLADE_COMPARISON_INIT;
    char got_text[CLI_SHAPE_TEXT], want_text[CLI_SHAPE_TEXT];
    const clade_status status =
        clade_tensor_compare(&difference, got, want, c->tolerance->rtol, c->tolerance->atol, &c->err);
    if (status != CLADE_OK)
        return status;
    if (difference.worst_index >= 0 && difference.worst_error > c->result->worst_error)
        c->result->worst_error = difference.worst_error;
    if (difference.equal)
        return CLADE_OK;
    if (difference.worst_index < 0)
        conclude(c, CLI_FAIL, "output '%s' is %s %s, expected %s %s", name, clade_dtype_name(got->dtype),
                 cli_shape_text(got_text, got->rank, got->dims, NULL), clade_dtype_name(want->dtype),
                 cli_shape_text(want_text, want->rank, want->dims, NULL));
    else
        conclude(c, CLI_FAIL,
                 "worst error %.3g in '%s' at %s: got %.9g, expected %.9g; %" PRId64 " of %" PRId64 " differ",
                 difference.worst_error, name, position_text(got_text, got, difference.worst_index), difference.got,
                 difference.want, difference.mismatches, clade_tensor_count(got));
    return CLADE_OK;
}

static clade_status set_inputs(test_case *c, const tensor_set *inputs) {
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < inputs->count; i++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        status = clade_model_input(c->model, inputs->value[i], &value, &c->err);
        if (status == CLADE_OK)
            status = clade_session_set_input(c->session, value.name, &inputs->tensors[i], &c->err);
    }
    return status;
}

static clade_status compare_outputs(test_case *c, const tensor_set *outputs) {
    for (size_t i = 0; i < outputs->count && c->result->verdict == CLI_PASS; i++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        clade_tensor got;
        clade_status status = clade_model_output(c->model, outputs->value[i], &value, &c->err);
        if (status == CLADE_OK)
            status = clade_session_get_output(c->session, value.name, &got, &c->err);
        if (status != CLADE_OK)
            return status;
        status = compare_output(c, value.name, &got, &outputs->tensors[i]);
        clade_tensor_free(&got);
        if (status != CLADE_OK)
            return status;
    }
    return CLADE_OK;
}

static void run_set(test_case *c, size_t number) {
    static tensor_set inputs, outputs; /* too large for a stack; one case runs at a time */
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    clade_status status = clade_model_get_info(c->model, &info, &c->err);
    if (status == CLADE_OK)
        status = read_set(&inputs, c, number, "input", &c->err);
    if (status == CLADE_OK)
        status = read_set(&outputs, c, number, "output", &c->err);
    if (status != CLADE_OK)
        conclude_error(c, 0);
    else if (outputs.count == 0)
        conclude(c, CLI_SKIP, "(test_data_set_%zu has no expected outputs)", number);
    else if (!match(&inputs, c->model, clade_model_input, info.input_count + info.optional_input_count) ||
             !match(&outputs, c->model, clade_model_output, info.output_count))
        conclude(c, CLI_FAIL, "test_data_set_%zu has %zu inputs and %zu outputs, the model %zu and %zu", number,
                 inputs.count, outputs.count, info.input_count + info.optional_input_count, info.output_count);
    else if (set_inputs(c, &inputs) != CLADE_OK)
        conclude_error(c, 0);
    else if (clade_session_run(c->session, &c->err) != CLADE_OK) /* it plans, stage by stage, for these shapes */
        conclude_error(c, 1);
    else if (compare_outputs(c, &outputs) != CLADE_OK)
        conclude_error(c, 0);
    free_set(&inputs);
    free_set(&outputs);
}

/* A model without test data: does the library accept it at all? */
static void compile_only(test_case *c) {
    const cli_inputs noise = { .seed = 1 };
    clade_status status = cli_inputs_set(&noise, c->session, c->model, 1, &c->err);
    if (status == CLADE_OK)
        status = clade_session_compile(c->session, &c->err);
    if (status == CLADE_ERR_UNSUPPORTED || status == CLADE_ERR_LIMIT)
        conclude_error(c, 0);
    else
        conclude(c, CLI_SKIP, "(no test data)");
}

void cli_case_run(cli_case_result *out, const char *directory, clade_device *device, const clade_model_options *loading,
                  const clade_session_options *options, const cli_tolerance *tolerance) {
    char path[PATH_BYTES];
    *out = (cli_case_result){ .verdict = CLI_PASS };
    test_case c = { .directory = directory, .tolerance = tolerance, .result = out };
    snprintf(path, sizeof path, "%s/model.onnx", directory);
    clade_status status = clade_model_load(&c.model, path, loading, &c.err);
    if (status == CLADE_OK)
        status = clade_session_create(&c.session, device, c.model, options, &c.err);
    if (status != CLADE_OK)
        conclude_error(&c, 1);
    size_t sets = 0;
    for (; out->verdict == CLI_PASS; sets++) {
        snprintf(path, sizeof path, "%s/test_data_set_%zu", directory, sets);
        if (access(path, F_OK) != 0)
            break;
        run_set(&c, sets);
    }
    if (out->verdict == CLI_PASS && sets == 0)
        compile_only(&c);
    clade_session_free(c.session);
    clade_model_free(c.model);
}
