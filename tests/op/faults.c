/* SPDX-License-Identifier: Apache-2.0 */
/* Indices, classes and lengths that only the device sees and that are out of range: every operator that takes them, in
 * a session, which says so. Where they are constants, the planner does, in the same words. */
#include <stdio.h>

#include "clade.h"
#include "io/wire.h"
#include "op/rig.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

enum { INPUTS = 8, ENTRIES = 4 };
#define FAR INT64_C(5000000003) /* beyond 32 bits, and no multiple of anything */
#define F CLADE_FLOAT32
#define H CLADE_FLOAT16
#define I CLADE_INT32
#define L CLADE_INT64

/* One node. Input `at` holds `bad`, or `good` in all places; the others are random. */
typedef struct example {
    const char *type;
    struct {
        clade_dtype dtype;
        int32_t rank;
        int64_t dims[4];
    } in[INPUTS]; /* CLADE_NONE: absent */
    int32_t n_in, at;
    int64_t bad[ENTRIES], good;
    const char *part;
    struct {
        const char *name;
        int32_t count; /* 0: one integer */
        int64_t values[2];
    } attr[2];
} example;

static const example examples[] = {
    { "Gather",
      { { F, 2, { 4, 3 } }, { L, 1, { 2 } } },
      2,
      1,
      { 1, 5 },
      3,
      "node 'Gather_0': index 5 is out of range for an axis of 4 entries",
      { { 0 } } },
    { "Gather", { { H, 2, { 4, 3 } }, { I, 1, { 2 } } }, 2, 1, { -4, -5 }, -4, "index -5 is", { { 0 } } },
    { "Gather",
      { { H, 2, { 4, 3 } }, { L, 1, { 2 } } },
      2,
      1,
      { 2, FAR },
      -3,
      "index 5000000003 is out of range for an axis of 3",
      { { "axis", 0, { 1 } } } },
    { "Gather", { { L, 1, { 4 } }, { L, 0, { 0 } } }, 2, 1, { -FAR }, 3, "index -5000000003 is", { { 0 } } },
    { "GatherElements", { { F, 2, { 4, 3 } }, { I, 2, { 2, 2 } } }, 2, 1, { 0, 1, 4, 3 }, -1, "index 4 is", { { 0 } } },
    { "GatherND",
      { { F, 2, { 4, 3 } }, { L, 2, { 2, 2 } } },
      2,
      1,
      { 3, 2, 0, 3 },
      -1,
      "index 3 is out of range for an axis of 3",
      { { 0 } } },
    { "ScatterND",
      { { F, 2, { 4, 3 } }, { L, 2, { 2, 1 } }, { F, 2, { 2, 3 } } },
      3,
      1,
      { 0, -5 },
      -4,
      "node 'ScatterND_0': index -5 is out of range for an axis of 4",
      { { 0 } } },
    { "ScatterElements",
      { { H, 2, { 4, 3 } }, { I, 2, { 2, 2 } }, { H, 2, { 2, 2 } } },
      3,
      1,
      { 0, 1, 2, 9 },
      -1,
      "index 9 is",
      { { 0 } } },
    /* negative ones do not count from the end */
    { "NegativeLogLikelihoodLoss",
      { { F, 2, { 2, 3 } }, { L, 1, { 2 } } },
      2,
      1,
      { 0, -1 },
      2,
      "index -1 is out of range for an axis of 3",
      { { 0 } } },
    { "NegativeLogLikelihoodLoss",
      { { F, 2, { 2, 3 } }, { I, 1, { 2 } }, { F, 1, { 3 } } },
      3,
      1,
      { -1, 3 },
      -1,
      "index 3 is out of range for an axis of 3",
      { { "ignore_index", 0, { -1 } } } },
    { "SoftmaxCrossEntropyLoss", { { F, 2, { 2, 3 } }, { L, 1, { 2 } } }, 2, 1, { 3, 0 }, 2, "index 3 is", { { 0 } } },
    { "MaxUnpool",
      { { F, 4, { 1, 1, 1, 2 } }, { L, 4, { 1, 1, 1, 2 } } },
      2,
      1,
      { 1, -1 },
      2,
      "index -1 is out of range for an axis of 8",
      { { "kernel_shape", 2, { 2, 2 } }, { "strides", 2, { 2, 2 } } } },
    { "RoiAlign",
      { { F, 4, { 2, 1, 4, 4 } }, { F, 2, { 2, 4 } }, { L, 1, { 2 } } },
      3,
      2,
      { 0, -1 },
      1,
      "index -1 is out of range for an axis of 2",
      { { 0 } } },
    { "ReverseSequence",
      { { F, 2, { 4, 2 } }, { L, 1, { 2 } } },
      2,
      1,
      { 4, 5 },
      0,
      "sequence length 5 is out of range for an axis of 4",
      { { 0 } } },
    { "LSTM",
      { { F, 3, { 3, 2, 2 } }, { F, 3, { 1, 8, 2 } }, { F, 3, { 1, 8, 2 } }, { 0 }, { I, 1, { 2 } } },
      5,
      4,
      { 3, 4 },
      0,
      "sequence length 4 is out of range for an axis of 3",
      { { "hidden_size", 0, { 2 } } } },
};

static clade_tensor *make(const example *e, int32_t k, bool good) {
    cld_type type = { e->in[k].dtype, e->in[k].rank, { 0 } };
    memcpy(type.dims, e->in[k].dims, sizeof e->in[k].dims);
    clade_tensor *tensor = op_reals(&rig, &type, 1);
    for (int64_t i = 0; k == e->at && i < clade_tensor_count(tensor); i++)
        cld_tensor_set_int(tensor, i, good ? e->good : e->bad[i]);
    return tensor;
}

static clade_model *load(const example *e, const clade_tensor *const *in) {
    clade_model *model;
    wire graph = { 0 }, attributes = { 0 };
    cld_text names = { 0 };
    for (int a = 0; a < 2 && e->attr[a].name; a++)
        if (e->attr[a].count)
            wire_attr_ints(&attributes, e->attr[a].name, e->attr[a].count, e->attr[a].values);
        else
            wire_attr_int(&attributes, e->attr[a].name, e->attr[a].values[0]);
    for (int32_t k = 0; k < e->n_in; k++) {
        char name[16];
        snprintf(name, sizeof name, "i%d", (int)k);
        cld_text_printf(&names, "%s ", in[k] ? name : "-");
        if (in[k])
            wire_value(&graph, GRAPH_INPUT, name, (int32_t)in[k]->dtype, in[k]->rank, in[k]->dims);
    }
    wire_value(&graph, GRAPH_OUTPUT, "y", (int32_t)e->in[0].dtype, -1, NULL);
    wire_text(&graph, GRAPH_NAME, "one node");
    wire_node(&graph, e->type, names.data, "y", &attributes);
    wire bytes = wire_model(&graph);
    ck_ok(clade_model_load_memory(&model, bytes.data, bytes.size, NULL, &rig.err), rig.err);
    cld_text_free(&bytes);
    cld_text_free(&names);
    return model;
}

static clade_status feed(clade_session *session, int32_t k, const clade_tensor *tensor) {
    char name[16];
    snprintf(name, sizeof name, "i%d", (int)k);
    return clade_session_set_input(session, name, tensor, &rig.err);
}

/* A run is refused, and there is nothing to read; with good indices the session runs, and one that does not check runs
 * at once. */
static void run(const example *e, const clade_tensor *const *in, const clade_tensor *good) {
    clade_device *device;
    clade_session *session;
    clade_tensor nothing;
    clade_model *model = load(e, in);
    ck_ok(clade_device_open(&device, NULL, NULL, &rig.err), rig.err);
    for (int unchecked = 0; unchecked < 2; unchecked++) {
        clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
        options.unchecked_indices = unchecked;
        ck_ok(clade_session_create(&session, device, model, &options, &rig.err), rig.err);
        for (int32_t k = 0; k < e->n_in; k++)
            if (in[k])
                ck_ok(feed(session, k, in[k]), rig.err);
        if (unchecked) {
            ck_ok(clade_session_run(session, &rig.err), rig.err);
        } else {
            for (int times = 0; times < 2; times++)
                ck_refused(clade_session_run(session, &rig.err), CLADE_ERR_ARGUMENT, e->part, rig.err);
            ck_refused(clade_session_get_output(session, "y", &nothing, &rig.err), CLADE_ERR_ARGUMENT,
                       "no finished run", rig.err);
            ck_ok(feed(session, e->at, good), rig.err);
            ck_ok(clade_session_run(session, &rig.err), rig.err);
            ck_ok(feed(session, e->at, in[e->at]), rig.err);
            ck_refused(clade_session_run(session, &rig.err), CLADE_ERR_ARGUMENT, e->part, rig.err);
        }
        clade_session_free(session);
    }
    clade_model_free(model);
    clade_device_close(device);
}

START_TEST(operators) {
    const example *e = &examples[_i];
    op_node node = { .type = e->type };
    for (int a = 0; a < 2 && e->attr[a].name; a++)
        op_attr(&rig, &node,
                e->attr[a].count ? OP_INTS(e->attr[a].name, e->attr[a].count, e->attr[a].values)
                                 : OP_INT(e->attr[a].name, e->attr[a].values[0]));
    for (int32_t k = 0; k < e->n_in; k++)
        op_in(&node, e->in[k].dtype ? make(e, k, false) : NULL, k == e->at);
    run(e, node.in, make(e, e->at, true));
    op_refused(&rig, &node, CLADE_ERR_ARGUMENT, strstr(e->part, e->type) ? strstr(e->part, "index") : e->part);
}
END_TEST

Suite *suite_op_faults(void);
Suite *suite_op_faults(void) {
    Suite *suite = suite_create("op/faults");
    TCase *tcase = tcase_create("op_faults");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, operators, 0, CLD_COUNT(examples));
    suite_add_tcase(suite, tcase);
    return suite;
}
