/* SPDX-License-Identifier: Apache-2.0 */
/* Indices, classes and lengths that only the device sees and that are out of range: every operator that takes them. */
#include "node.h"
#include "test.h"

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

static clade_tensor make(const example *e, int32_t k, bool good) {
    if (k != e->at)
        return node_random(e->in[k].dtype, e->in[k].rank, e->in[k].dims, (uint64_t)k, 1);
    clade_error err;
    clade_tensor tensor;
    ck_ok(clade_tensor_alloc(&tensor, e->in[k].dtype, e->in[k].rank, e->in[k].dims, &err), err);
    for (int64_t i = 0; i < clade_tensor_count(&tensor); i++)
        cld_tensor_set_int(&tensor, i, good ? e->good : e->bad[i]);
    return tensor;
}

/* With `known`, the index input is an initialiser. */
static void build(node_test *test, const example *e, clade_tensor *tensors, bool known) {
    node_begin(test, e->type);
    for (int a = 0; a < 2 && e->attr[a].name; a++)
        if (e->attr[a].count)
            wire_attr_ints(&test->attributes, e->attr[a].name, e->attr[a].count, e->attr[a].values);
        else
            wire_attr_int(&test->attributes, e->attr[a].name, e->attr[a].values[0]);
    for (int32_t k = 0; k < e->n_in; k++)
        node_input(test, tensors[k].dtype ? &tensors[k] : NULL, known && k == e->at);
    node_output(test, e->in[0].dtype);
}

START_TEST(operators) {
    const example *e = &examples[_i];
    node_test test;
    clade_tensor tensors[INPUTS] = { { 0 } }, good = make(e, e->at, true);
    for (int32_t k = 0; k < e->n_in; k++)
        if (e->in[k].dtype)
            tensors[k] = make(e, k, false);
    build(&test, e, tensors, false);
    node_out_of_range(&test, e->at, &good, e->part);
    build(&test, e, tensors, true); /* said by the planner in the same words */
    node_refused(&test, CLADE_ERR_ARGUMENT, strstr(e->part, e->type) ? strstr(e->part, "index") : e->part);
    for (int32_t k = 0; k < e->n_in; k++)
        clade_tensor_free(&tensors[k]);
    clade_tensor_free(&good);
}
END_TEST

Suite *suite_op_faults(void);
Suite *suite_op_faults(void) {
    Suite *suite = suite_create("op/faults");
    TCase *tcase = tcase_create("op_faults");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, operators, 0, CLD_COUNT(examples));
    suite_add_tcase(suite, tcase);
    return suite;
}
