/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of several outputs give the same values whichever of them are read.
 *
 * One model holds every such operator of the table, once for each set of read outputs; what is not read is absent
 * ("") in one node and a name that nobody reads in another. Each output must be what the node gives that is read whole.
 */
#include <stdio.h>

#include "clade.h"
#include "io/wire.h"
#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

enum { MOST_OUTPUTS = 4, MOST_INPUTS = 5, MOST_VALUES = 8 };

typedef struct given { /* an input; absent: CLADE_NONE */
    clade_dtype dtype;
    int32_t rank;
    int64_t dims[4];
    bool constant;             /* always an initialiser */
    double value[MOST_VALUES]; /* of integers and bool, which are not random */
} given;

typedef struct example {
    const char *type;
    given in[MOST_INPUTS];
    clade_dtype out[MOST_OUTPUTS];
    void (*attributes)(wire *to);
} example;

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static void hidden(wire *to) { wire_attr_int(to, "hidden_size", 5); }
static void training(wire *to) { wire_attr_int(to, "training_mode", 1); }
static void window(wire *to) { wire_attr_ints(to, "kernel_shape", 2, (const int64_t[]){ 2, 3 }); }
static void axis1(wire *to) { wire_attr_int(to, "axis", 1); }

static void graph_attribute(wire *to, const char *name, wire *graph) {
    wire_text(graph, GRAPH_NAME, name);
    wire_attr_message(to, name, ATTR_GRAPH, graph);
}

static void output(wire *graph, const char *name, clade_dtype dtype) {
    wire_value(graph, GRAPH_OUTPUT, name, (int32_t)dtype, -1, NULL);
}

static void branches(wire *to) {
    static const char *const names[] = { "then_branch", "else_branch" };
    for (size_t k = 0; k < CLD_COUNT(names); k++) {
        wire graph = { 0 };
        wire_node(&graph, k ? "Neg" : "Abs", "captured", "a", NULL);
        wire_node(&graph, "Exp", "a", "b", NULL);
        output(&graph, "a", CLADE_FLOAT32);
        output(&graph, "b", CLADE_FLOAT32);
        graph_attribute(to, names[k], &graph);
    }
}

/* State s; rows s and x + s. Loop's body has a counter and a condition more, Scan's a row of its input. */
static void body(wire *to, bool loop) {
    static const int64_t dims[] = { 3 };
    wire graph = { 0 };
    if (loop) {
        wire_value(&graph, GRAPH_INPUT, "i", CLADE_INT64, 0, NULL);
        wire_value(&graph, GRAPH_INPUT, "go", CLADE_BOOL, 0, NULL);
        wire_node(&graph, "Identity", "go", "go_on", NULL);
        output(&graph, "go_on", CLADE_BOOL);
    }
    wire_value(&graph, GRAPH_INPUT, "s", CLADE_FLOAT32, 1, dims);
    if (!loop)
        wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 1, dims);
    wire_node(&graph, "Exp", "s", "next", NULL);
    wire_node(&graph, "Add", loop ? "s captured" : "s x", "sum", NULL);
    wire_node(&graph, "Abs", "sum", "size", NULL);
    output(&graph, "next", CLADE_FLOAT32);
    output(&graph, "sum", CLADE_FLOAT32);
    output(&graph, "size", CLADE_FLOAT32);
    graph_attribute(to, "body", &graph);
}

static void loop_body(wire *to) { body(to, true); }

static void scan_body(wire *to) {
    wire_attr_int(to, "num_scan_inputs", 1);
    body(to, false);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

#define F CLADE_FLOAT32
#define I CLADE_INT64
#define REAL(r, ...) .dtype = F, .rank = r, .dims = { __VA_ARGS__ }
#define FEED(type, size, ...) .dtype = type, .rank = size > 0, .dims = { size }, .value = { __VA_ARGS__ }
#define KNOW(type, size, ...) FEED(type, size, __VA_ARGS__), .constant = true
#define CELL(gates)                                                                                                    \
    { REAL(3, 3, 2, 4) }, { REAL(3, 1, (gates)*5, 4) }, { REAL(3, 1, (gates)*5, 5) }

static const example examples[] = {
    { "BatchNormalization",
      { { REAL(3, 2, 3, 4) }, { REAL(1, 3) }, { REAL(1, 3) }, { REAL(1, 3) }, { REAL(1, 3) } },
      { F, F, F },
      training },
    { "Dropout", { { REAL(2, 3, 4) } }, { F, CLADE_BOOL }, NULL },
    { "DynamicQuantizeLinear", { { REAL(2, 3, 4) } }, { CLADE_UINT8, F, CLADE_UINT8 }, NULL },
    { "GRU", { CELL(3) }, { F, F }, hidden },
    { "If", { { FEED(CLADE_BOOL, 0, 1) } }, { F, F }, branches },
    { "LSTM", { CELL(4) }, { F, F, F }, hidden },
    { "LayerNormalization", { { REAL(2, 3, 4) }, { REAL(1, 4) } }, { F, F, F }, NULL },
    { "Loop", { { KNOW(I, 0, 3) }, { .dtype = CLADE_NONE }, { REAL(1, 3) } }, { F, F, F }, loop_body },
    { "MaxPool", { { REAL(4, 1, 2, 5, 6) } }, { F, I }, window },
    { "RNN", { CELL(1) }, { F, F }, hidden },
    { "Scan", { { REAL(1, 3) }, { REAL(2, 4, 3) } }, { F, F, F }, scan_body },
    { "SoftmaxCrossEntropyLoss", { { REAL(2, 3, 4) }, { FEED(I, 3, 2, 0, 3) } }, { F, F }, NULL },
    { "Split", { { REAL(2, 3, 7) }, { KNOW(I, 3, 2, 4, 1) } }, { F, F, F }, axis1 },
    { "Split", { { REAL(2, 8, 3) } }, { F, F, F, F }, NULL },
    { "TopK", { { REAL(2, 3, 7) }, { KNOW(I, 1, 4) } }, { F, I }, NULL },
    { "TopK", { { REAL(2, 2, 300) }, { KNOW(I, 1, 5) } }, { F, I }, NULL }, /* the row that sorts */
    { "Unique", { { FEED(I, 6, 4, 1, 4, 2, 2, 7) } }, { I, I, I, I }, NULL },
};

/* ---- the model --------------------------------------------------------------------------------------------------- */

static struct fed { /* what the session must be given */
    char name[16];
    const clade_tensor *tensor;
} fed[CLD_COUNT(examples) * MOST_INPUTS + 1];
static int n_fed;

static void add_input(wire *graph, const char *name, const given *in, bool constant) {
    cld_type type = { in->dtype, in->rank, { in->dims[0], in->dims[1], in->dims[2], in->dims[3] } };
    const clade_tensor *tensor = in->dtype == F ? op_reals(&rig, &type, 0.9) : op_given(&rig, &type, in->value);
    if (constant || in->constant) {
        wire message =
            wire_tensor(name, (int32_t)tensor->dtype, tensor->rank, tensor->dims, tensor->data, tensor->size_bytes);
        wire_message(graph, GRAPH_INITIALISER, &message);
        return;
    }
    wire_value(graph, GRAPH_INPUT, name, (int32_t)tensor->dtype, tensor->rank, tensor->dims);
    snprintf(fed[n_fed].name, sizeof fed->name, "%s", name);
    fed[n_fed++].tensor = tensor;
}

typedef char value_name[48];

static int32_t outputs_of(const example *e) {
    int32_t count = 0;
    while (count < MOST_OUTPUTS && e->out[count] != CLADE_NONE)
        count++;
    return count;
}

/* Output k of example e where the outputs in `mask` are read and the others absent or not. */
static void name_output(value_name name, size_t e, uint32_t mask, bool absent, int32_t k) {
    snprintf(name, sizeof(value_name), "o%zu_%u_%d_%d", e, mask, absent, (int)k);
}

static void add_node(wire *graph, size_t e, uint32_t mask, bool absent) {
    const example *x = &examples[e];
    cld_text ins = { 0 }, outs = { 0 };
    value_name name;
    wire attributes = { 0 };
    for (int32_t k = 0; k < MOST_INPUTS; k++)
        if (x->in[k].dtype != CLADE_NONE)
            cld_text_printf(&ins, "i%zu_%d ", e, (int)k);
        else
            cld_text_printf(&ins, "- ");
    for (int32_t k = 0; k < outputs_of(x); k++) {
        bool read = mask >> k & 1;
        name_output(name, e, mask, absent, k);
        cld_text_printf(&outs, "%s ", read || !absent ? name : "-");
        if (read)
            output(graph, name, x->out[k]);
    }
    if (x->attributes)
        x->attributes(&attributes);
    wire_node(graph, x->type, ins.data, outs.data, &attributes);
    cld_text_free(&ins);
    cld_text_free(&outs);
}

static wire make_model(bool constant) {
    wire graph = { 0 };
    wire_text(&graph, GRAPH_NAME, "outputs");
    add_input(&graph, "captured", &(given){ REAL(1, 3) }, constant);
    for (size_t e = 0; e < CLD_COUNT(examples); e++) {
        for (int32_t k = 0; k < MOST_INPUTS; k++) {
            char name[16];
            snprintf(name, sizeof name, "i%zu_%d", e, (int)k);
            if (examples[e].in[k].dtype != CLADE_NONE)
                add_input(&graph, name, &examples[e].in[k], constant);
        }
        for (uint32_t mask = 1; mask < 1u << outputs_of(&examples[e]); mask++)
            for (int absent = 0; absent < 2; absent++)
                add_node(&graph, e, mask, absent);
    }
    return wire_model(&graph);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static clade_error err;

static void get(clade_session *session, clade_tensor *out, size_t e, uint32_t mask, bool absent, int32_t k) {
    value_name name;
    name_output(name, e, mask, absent, k);
    ck_ok(clade_session_get_output(session, name, out, &err), err);
}

static void compare_all(clade_session *session, size_t e) {
    const int32_t count = outputs_of(&examples[e]);
    const uint32_t all = (1u << count) - 1;
    for (int32_t k = 0; k < count; k++) {
        clade_tensor want, got;
        get(session, &want, e, all, false, k);
        for (uint32_t mask = 1; mask <= all; mask++)
            for (int absent = 0; absent < 2; absent++) {
                clade_comparison result = CLADE_COMPARISON_INIT;
                if (!(mask >> k & 1))
                    continue;
                get(session, &got, e, mask, absent, k);
                ck_ok(clade_tensor_compare(&result, &got, &want, 1e-6, 1e-6, &err), err);
                ck_assert_msg(result.equal, "output %d of %s differs when the outputs read are 0x%x", (int)k,
                              examples[e].type, mask);
                clade_tensor_free(&got);
            }
        clade_tensor_free(&want);
    }
}

START_TEST(any_outputs_may_be_read) {
    clade_device *device;
    clade_model *model;
    clade_session *session;
    wire bytes = make_model(_i == 1);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &err), err);
    ck_ok(clade_device_open(&device, NULL, NULL, &err), err);
    ck_ok(clade_session_create(&session, device, model, NULL, &err), err);
    for (int k = 0; k < n_fed; k++)
        ck_ok(clade_session_set_input(session, fed[k].name, fed[k].tensor, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    for (size_t e = 0; e < CLD_COUNT(examples); e++)
        compare_all(session, e);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    cld_text_free(&bytes);
}
END_TEST

START_TEST(every_operator_of_several_outputs_is_here) {
    int32_t count;
    const cld_op *const *all = cld_op_all(&count);
    for (int32_t k = 0; k < count; k++) {
        bool found = all[k]->max_out == 1;
        for (size_t e = 0; e < CLD_COUNT(examples); e++)
            found |= strcmp(all[k]->name, examples[e].type) == 0;
        ck_assert_msg(found, "%s has several outputs and no example here", all[k]->name);
    }
}
END_TEST

Suite *suite_op_outputs(void);
Suite *suite_op_outputs(void) {
    Suite *suite = suite_create("op/outputs");
    TCase *tcase = tcase_create("op/outputs");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300); /* a program of everything */
    tcase_add_test(tcase, every_operator_of_several_outputs_is_here);
    tcase_add_loop_test(tcase, any_outputs_may_be_read, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
