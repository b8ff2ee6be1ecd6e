/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds a session: files where the command line names them, seeded noise elsewhere.
 *
 * Every NAME on the command line must be an input of the model (or, for --dim, one of its free dimensions).
 */
#include "cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static clade_status fail(clade_error *err, clade_status status, const char *format, ...) CLADE_PRINTF(3, 4);
static clade_status fail(clade_error *err, clade_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

/* The value in "NAME=VALUE" when NAME is `name`, else NULL. */
static const char *value_of(const char *text, const char *name) {
    const size_t length = strlen(name);
    return strncmp(text, name, length) == 0 && text[length] == '=' ? text + length + 1 : NULL;
}

/* The last VALUE that `list` gives for `name`, or NULL. */
static const char *look_up(const cli_list *list, const char *name) {
    const char *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const char *value = value_of(list->items[i], name);
        found = value ? value : found;
    }
    return found;
}

/* A whole number >= 0 that ends at `stop` or the end of the text; -1 when it is not. Moves *text behind it. */
static int64_t parse_size(const char **text) {
    char *end;
    if (**text < '0' || **text > '9')
        return -1;
    const long long value = strtoll(*text, &end, 10);
    *text = end;
    return value >= 0 && value < INT64_MAX ? value : -1;
}

/* "1x3x224x224" into `value`; the empty text is a scalar. */
static clade_status parse_shape(clade_value_info *value, const char *text, clade_error *err) {
    const char *at = text;
    value->rank = 0;
    while (*at) {
        if (value->rank == CLADE_MAX_RANK || (value->rank && *at++ != 'x') ||
            (value->dims[value->rank++] = parse_size(&at)) < 0)
            return fail(err, CLADE_ERR_ARGUMENT,
                        "shape '%s' of input '%s' is not of the form 1x3x224x224 with at most %d dimensions", text,
                        value->name, CLADE_MAX_RANK);
    }
    return CLADE_OK;
}

/* Binds what is free: --shape, then --dim, then 1. */
static clade_status bind_shape(const cli_inputs *inputs, clade_value_info *value, clade_error *err) {
    const char *shape = look_up(&inputs->shapes, value->name);
    if (shape)
        return parse_shape(value, shape, err);
    if (value->rank < 0)
        return fail(err, CLADE_ERR_ARGUMENT, "input '%s' declares no rank: give --shape %s=...", value->name,
                    value->name);
    for (int32_t i = 0; i < value->rank; i++) {
        if (value->dims[i] >= 0)
            continue;
        const char *size = value->dim_names[i] ? look_up(&inputs->dims, value->dim_names[i]) : NULL;
        const char *at = size ? size : "1";
        value->dims[i] = parse_size(&at);
        if (value->dims[i] < 0 || *at)
            return fail(err, CLADE_ERR_ARGUMENT, "size '%s' of dimension '%s' is not a whole number", size,
                        value->dim_names[i]);
    }
    return CLADE_OK;
}

static clade_status reshape(clade_tensor *tensor, const clade_value_info *value, clade_error *err) {
    clade_tensor shaped = *tensor;
    shaped.rank = value->rank;
    memcpy(shaped.dims, value->dims, sizeof shaped.dims);
    /* Counted in floating point: the product of hostile dimensions may not fit an integer. */
    double count = 1;
    for (int32_t i = 0; i < shaped.rank; i++)
        count *= (double)shaped.dims[i];
    if (count != (double)clade_tensor_count(tensor))
        return fail(err, CLADE_ERR_SHAPE, "the file for input '%s' has %" PRId64 " elements, --shape asks for %.0f",
                    value->name, clade_tensor_count(tensor), count);
    *tensor = shaped;
    return CLADE_OK;
}

static clade_status make_tensor(const cli_inputs *inputs, const char *file, clade_value_info *value, uint64_t seed,
                                clade_tensor *out, clade_error *err) {
    clade_status status;
    if (file == NULL) {
        status = bind_shape(inputs, value, err);
        if (status == CLADE_OK)
            status = clade_tensor_alloc(out, value->dtype, value->rank, value->dims, err);
        if (status == CLADE_OK)
            cli_random_fill(out, seed);
        return status;
    }
    status = clade_tensor_read(out, file, err);
    if (status == CLADE_OK && look_up(&inputs->shapes, value->name)) {
        status = bind_shape(inputs, value, err);
        if (status == CLADE_OK)
            status = reshape(out, value, err);
    }
    return status;
}

/* Does NAME of "NAME=VALUE" occur among the inputs, or among their free dimensions? */
static int is_known(const clade_model *model, size_t count, const char *text, int dimension) {
    clade_value_info value = CLADE_VALUE_INFO_INIT;
    for (size_t i = 0; i < count && clade_model_input(model, i, &value, NULL) == CLADE_OK; i++) {
        if (!dimension && value_of(text, value.name))
            return 1;
        for (int32_t d = 0; dimension && d < value.rank; d++) {
            if (value.dim_names[d] && value_of(text, value.dim_names[d]))
                return 1;
        }
    }
    return 0;
}

/* `lone`: there is one input that must be set, so that a file may stand without its name. */
static clade_status check_names(const cli_inputs *inputs, const clade_model *model, size_t count, int lone,
                                clade_error *err) {
    const struct {
        const char *option;
        const cli_list *list;
        int dimension, bare; /* bare: the value alone may stand when there is one input */
    } rows[] = { { "input", &inputs->files, 0, 1 },
                 { "shape", &inputs->shapes, 0, 0 },
                 { "dim", &inputs->dims, 1, 0 } };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        for (size_t i = 0; i < rows[r].list->count; i++) {
            const char *text = rows[r].list->items[i];
            const int bare = rows[r].bare && lone && strchr(text, '=') == NULL;
            if (!bare && !is_known(model, count, text, rows[r].dimension))
                return fail(err, CLADE_ERR_NOT_FOUND, "--%s %s: the model has no %s '%.*s'; clade info lists them",
                            rows[r].option, text, rows[r].dimension ? "free dimension" : "input",
                            (int)strcspn(text, "="), text);
        }
    }
    return CLADE_OK;
}

clade_status cli_inputs_set(const cli_inputs *inputs, clade_session *session, const clade_model *model, int random,
                            clade_error *err) {
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    clade_status status = clade_model_get_info(model, &info, err);
    const size_t count = info.input_count + info.optional_input_count;
    if (status == CLADE_OK)
        status = check_names(inputs, model, count, info.input_count == 1, err);
    for (size_t i = 0; status == CLADE_OK && i < count; i++) {
        clade_value_info value = CLADE_VALUE_INFO_INIT;
        clade_tensor tensor = { .data = NULL };
        status = clade_model_input(model, i, &value, err);
        if (status != CLADE_OK)
            break;
        const char *file = look_up(&inputs->files, value.name);
        if (file == NULL && info.input_count == 1 && i == 0 && inputs->files.count &&
            !strchr(inputs->files.items[0], '='))
            file = inputs->files.items[0];
        if (file == NULL && (!random || value.is_optional))
            continue;
        status = make_tensor(inputs, file, &value, inputs->seed + i, &tensor, err);
        if (status == CLADE_OK)
            status = clade_session_set_input(session, value.name, &tensor, err);
        clade_tensor_free(&tensor);
    }
    return status;
}
