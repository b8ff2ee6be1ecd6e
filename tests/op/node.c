/* SPDX-License-Identifier: Apache-2.0 */
/* See node.h. */
#include "node.h"

#include <stdio.h>

#include "test.h"

void node_begin(node_test *test, const char *type) { *test = (node_test){ .type = type }; }

static void name_of(char name[16], char letter, int32_t k) { snprintf(name, 16, "%c%d", letter, (int)k); }

void node_input(node_test *test, const clade_tensor *tensor, bool constant) {
    char name[16];
    int32_t k = test->n_inputs++;
    ck_assert_int_lt(k, NODE_MAX);
    name_of(name, 'i', k);
    cld_text_printf(&test->inputs, "%s%s", k ? " " : "", tensor ? name : "-");
    if (tensor && constant) {
        wire message =
            wire_tensor(name, (int32_t)tensor->dtype, tensor->rank, tensor->dims, tensor->data, tensor->size_bytes);
        wire_message(&test->graph, GRAPH_INITIALISER, &message);
    } else if (tensor) {
        test->fed[k] = *tensor;
        wire_value(&test->graph, GRAPH_INPUT, name, (int32_t)tensor->dtype, tensor->rank, tensor->dims);
    }
}

void node_output(node_test *test, clade_dtype dtype) {
    char name[16];
    int32_t k = test->n_outputs++;
    ck_assert_int_lt(k, NODE_MAX);
    name_of(name, 'o', k);
    test->wanted[k] = dtype != CLADE_NONE;
    cld_text_printf(&test->outputs, "%s%s", k ? " " : "", test->wanted[k] ? name : "-");
    if (test->wanted[k])
        wire_value(&test->graph, GRAPH_OUTPUT, name, (int32_t)dtype, -1, NULL);
}

static clade_model *load(node_test *test) {
    clade_error err;
    clade_model *model;
    wire_text(&test->graph, GRAPH_NAME, "one node");
    wire_node(&test->graph, test->type, test->inputs.data, test->outputs.data, &test->attributes);
    wire bytes = wire_model_at(&test->graph, test->opset ? test->opset : 17);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    cld_text_free(&bytes);
    cld_text_free(&test->inputs);
    cld_text_free(&test->outputs);
    return model;
}

/* One for all nodes of a process, so that programs are built once. */
static clade_status shared_device(clade_device **out, clade_error *err) {
    static clade_device *device;
    clade_status status = device != NULL ? CLADE_OK : clade_device_open(&device, NULL, NULL, err);
    *out = device;
    return status;
}

/* A session with every input set, or the status of the first call that refuses. */
static clade_status prepare_with(clade_session **session, const node_test *test, clade_model *model,
                                 const clade_session_options *options, clade_error *err) {
    clade_device *device;
    *session = NULL;
    clade_status status = shared_device(&device, err);
    if (status == CLADE_OK)
        status = clade_session_create(session, device, model, options, err);
    for (int32_t k = 0; k < test->n_inputs && status == CLADE_OK; k++) {
        char name[16];
        name_of(name, 'i', k);
        if (test->fed[k].dtype != CLADE_NONE)
            status = clade_session_set_input(*session, name, &test->fed[k], err);
    }
    return status;
}

static clade_status prepare(clade_session **session, node_test *test, const char *prefer, clade_error *err) {
    clade_model *model = load(test);
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.prefer_impl = prefer;
    clade_status status = prepare_with(session, test, model, &options, err);
    clade_model_free(model);
    return status;
}

/* The plan has a step of the row that is preferred; NULL: any will do. */
static bool took(clade_session *session, const char *prefer) {
    clade_error err;
    char *text, row[128];
    if (prefer == NULL)
        return true;
    const int size = snprintf(row, sizeof row, "[%s", strchr(prefer, '=') + 1);
    ck_ok(clade_session_dump(session, CLADE_DUMP_TEXT, &text, &err), err);
    bool found = false;
    for (const char *at = text; !found && (at = strstr(at, row)) != NULL; at += size)
        found = strchr("](> ", at[size]) != NULL; /* its end, its parameters, or the row within */
    clade_string_free(text);
    return found;
}

bool node_run(node_test *test, const char *prefer, clade_tensor *out) {
    clade_error err;
    clade_session *session;
    ck_ok(prepare(&session, test, prefer, &err), err);
    for (int times = 0; times < 2; times++) /* the second run must not see what the first left */
        ck_ok(clade_session_run(session, &err), err);
    for (int32_t k = 0; k < test->n_outputs; k++) {
        char name[16];
        name_of(name, 'o', k);
        if (test->wanted[k])
            ck_ok(clade_session_get_output(session, name, &out[k], &err), err);
    }
    const bool taken = took(session, prefer);
    clade_session_free(session);
    return taken;
}

void node_refused(node_test *test, clade_status want, const char *part) {
    clade_error err;
    clade_session *session;
    clade_status status = prepare(&session, test, NULL, &err);
    if (status == CLADE_OK)
        status = clade_session_compile(session, &err);
    ck_refused(status, want, part, err);
    clade_session_free(session);
}

void node_out_of_range(node_test *test, int32_t k, const clade_tensor *good, const char *part) {
    clade_error err;
    clade_session *session;
    clade_tensor nothing;
    char input[16];
    clade_session_options unchecked = CLADE_SESSION_OPTIONS_INIT;
    unchecked.unchecked_indices = 1;
    clade_model *model = load(test);
    name_of(input, 'i', k);
    ck_ok(prepare_with(&session, test, model, NULL, &err), err);
    for (int times = 0; times < 2; times++)
        ck_refused(clade_session_run(session, &err), CLADE_ERR_ARGUMENT, part, err);
    ck_refused(clade_session_get_output(session, "o0", &nothing, &err), CLADE_ERR_ARGUMENT, "no finished run", err);
    ck_ok(clade_session_set_input(session, input, good, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_set_input(session, input, &test->fed[k], &err), err);
    ck_refused(clade_session_run(session, &err), CLADE_ERR_ARGUMENT, part, err);
    clade_session_free(session);
    ck_ok(prepare_with(&session, test, model, &unchecked, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    clade_session_free(session);
    clade_model_free(model);
}

clade_tensor node_random(clade_dtype dtype, int32_t rank, const int64_t *dims, uint64_t seed, double scale) {
    clade_error err;
    clade_tensor tensor;
    ck_ok(clade_tensor_alloc(&tensor, dtype, rank, dims, &err), err);
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int64_t i = 0; i < clade_tensor_count(&tensor); i++) { /* xorshift64* (Marsaglia, Vigna) */
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        double unit = (double)(state * UINT64_C(0x2545f4914f6cdd1d) >> 11) * 0x1p-53;
        cld_tensor_set(&tensor, i, (2 * unit - 1) * scale);
    }
    return tensor;
}
