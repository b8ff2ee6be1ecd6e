/* SPDX-License-Identifier: Apache-2.0 */
/* A corpus of damaged models made from a seed: each must load or be refused with one line, and nothing else may happen
 * (no crash, no leak, no finding of a sanitizer). The same for TensorProto, .npy and .csv bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "test.h"
#include "wire.h"

enum { SEED = 20261, FLIPS = 4000, SPLICES = 2000, RANDOMS = 1000 };

static uint64_t state = SEED;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint32_t draw(uint32_t below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

/* ---- what is damaged ------------------------------------------------------------------------------------------- */

/* Every message kind once: initialisers raw, listed and external, Constant, If with captures, all kinds of attributes.
 */
static wire sample_model(void) {
    static const float weights[6] = { 1, 2, 3, 4, 5, 6 };
    wire graph = { 0 }, attrs = { 0 }, then = { 0 }, els = { 0 }, constant = { 0 }, outside = { 0 }, where = { 0 },
         listed = { 0 }, conv = { 0 }, pads = { 0 };
    wire_text(&graph, GRAPH_NAME, "sample");
    wire raw = wire_tensor("w", CLADE_FLOAT32, 2, (int64_t[]){ 2, 3 }, weights, sizeof weights);
    wire_message(&graph, GRAPH_INITIALISER, &raw);
    wire_int(&listed, 1, 2);
    wire_int(&listed, 2, CLADE_UINT8);
    wire_bytes(&listed, 5, "\x05\x81\x01", 3);
    wire_text(&listed, 8, "l");
    wire_message(&graph, GRAPH_INITIALISER, &listed);
    wire_int(&outside, 1, 4);
    wire_int(&outside, 2, CLADE_UINT8);
    wire_text(&outside, 8, "o");
    wire_int(&outside, 14, 0); /* one flip away from external */
    wire_bytes(&outside, 9, "abcd", 4);
    wire_text(&where, 1, "location");
    wire_text(&where, 2, "w.bin");
    wire_message(&outside, 13, &where);
    wire_message(&graph, GRAPH_INITIALISER, &outside);
    wire value = wire_tensor("", CLADE_BOOL, 0, NULL, "\x01", 1);
    wire_attr_message(&constant, "value", ATTR_TENSOR, &value);
    wire_node(&graph, "Constant", "", "c", &constant);
    wire_text(&pads, 1, "pads");
    wire_bytes(&pads, 8, "\x01\x02\x03", 3);
    wire_int(&pads, 20, ATTR_INTS);
    wire_message(&conv, 5, &pads);
    wire_attr_text(&conv, "auto_pad", "NOTSET");
    wire_attr_float(&conv, "alpha", .5f);
    wire_attr_int(&conv, "group", 1);
    wire_node(&graph, "Conv", "x w - ", "v", &conv);
    wire_node(&then, "Relu", "v", "z", NULL);
    wire_value(&then, GRAPH_OUTPUT, "z", CLADE_FLOAT32, 1, (int64_t[]){ -1 });
    wire_node(&els, "Add", "v w", "z", NULL);
    wire_value(&els, GRAPH_OUTPUT, "z", CLADE_FLOAT32, 1, (int64_t[]){ -1 });
    wire_attr_message(&attrs, "then_branch", ATTR_GRAPH, &then);
    wire_attr_message(&attrs, "else_branch", ATTR_GRAPH, &els);
    wire_node(&graph, "If", "c", "y", &attrs);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 3, (int64_t[]){ 1, -1, 3 });
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, -1, NULL);
    return wire_model(&graph);
}

static wire sample_tensor(void) {
    static const float weights[6] = { 1, 2, 3, 4, 5, 6 };
    return wire_tensor("w", CLADE_FLOAT32, 2, (int64_t[]){ 2, 3 }, weights, sizeof weights);
}

static wire sample_npy(void) {
    static const float data[6] = { 1, 2, 3, 4, 5, 6 };
    const clade_tensor tensor = { CLADE_FLOAT32, 2, { 3, 2 }, (void *)data, sizeof data };
    clade_error err;
    void *bytes;
    size_t size_bytes;
    wire out = { 0 };
    ck_ok(cld_npy_encode(&tensor, &bytes, &size_bytes, &err), err);
    cld_text_addn(&out, bytes, size_bytes);
    free(bytes);
    return out;
}

static wire sample_csv(void) {
    wire out = { 0 };
    cld_text_add(&out, "open,\"hi,gh\"\r\n1,2e3\n-4.5,\"6\"\n\n7,8\n");
    return out;
}

/* ---- who reads it ---------------------------------------------------------------------------------------------- */

static clade_status read_model(const void *data, size_t size_bytes, clade_error *err) {
    cld_graph *graph;
    cld_model_facts facts;
    CLD_RETURN(cld_onnx_parse(&graph, &facts, data, size_bytes,
                              &(cld_onnx_options){ .directory = "/nonexistent", .max_bytes = 1 << 20 }, err));
    cld_text text = { 0 };
    cld_graph_text(graph, true, &text);
    cld_graph_dot(graph, &text);
    ck_assert(!text.failed);
    cld_text_free(&text);
    cld_graph_free(graph);
    return CLADE_OK;
}

typedef clade_status (*decode_fn)(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                                  const char *what, clade_error *err);

static clade_status read_tensor(decode_fn decode, const void *data, size_t size_bytes, clade_error *err) {
    char name[16];
    clade_tensor tensor;
    CLD_RETURN(decode(&tensor, name, sizeof name, data, size_bytes, "file", err));
    double sum = 0; /* reads every element */
    for (int64_t i = 0; i < clade_tensor_count(&tensor); i++)
        sum += cld_tensor_get(&tensor, i);
    (void)sum;
    clade_tensor_free(&tensor);
    return CLADE_OK;
}
static clade_status read_pb(const void *data, size_t size_bytes, clade_error *err) {
    return read_tensor(cld_pb_decode, data, size_bytes, err);
}
static clade_status read_npy(const void *data, size_t size_bytes, clade_error *err) {
    return read_tensor(cld_npy_decode, data, size_bytes, err);
}
static clade_status read_csv(const void *data, size_t size_bytes, clade_error *err) {
    return read_tensor(cld_csv_decode, data, size_bytes, err);
}

static const struct {
    wire (*sample)(void);
    clade_status (*read)(const void *data, size_t size_bytes, clade_error *err);
} formats[] = {
    { sample_model, read_model }, { sample_tensor, read_pb }, { sample_npy, read_npy }, { sample_csv, read_csv }
};

/* Reads a copy of exactly that size, so that a read beyond it is seen; counts what was refused. */
static int refused;
static void try(int format, const void *data, size_t size_bytes) {
    clade_error err = { CLADE_OK, "" };
    char *copy = malloc(size_bytes);
    memcpy(copy, data, size_bytes);
    const clade_status status = formats[format].read(copy, size_bytes, &err);
    free(copy);
    if (status == CLADE_OK)
        return;
    refused++;
    ck_assert_msg(status < 0 && err.status == status && err.message[0] != '\0', "status %d, line '%s'", (int)status,
                  err.message);
    ck_assert_msg(strpbrk(err.message, "\n\r") == NULL, "more than one line: '%s'", err.message);
    ck_assert_msg(status != CLADE_ERR_INTERNAL, "%s", err.message);
}

START_TEST(undamaged) {
    clade_error err;
    wire whole = formats[_i].sample();
    ck_ok(formats[_i].read(whole.data, whole.size, &err), err);
    cld_text_free(&whole);
}
END_TEST

START_TEST(truncated_everywhere) {
    wire whole = formats[_i].sample();
    for (size_t size = 0; size < whole.size; size++)
        try(_i, whole.data, size);
    ck_assert_int_gt(refused, 0);
    cld_text_free(&whole);
}
END_TEST

START_TEST(flipped_bits) {
    wire whole = formats[_i].sample();
    for (int i = 0; i < FLIPS; i++) {
        wire damaged = { 0 };
        cld_text_addn(&damaged, whole.data, whole.size);
        for (uint32_t k = draw(4) + 1; k > 0; k--)
            damaged.data[draw((uint32_t)whole.size)] ^= (char)(1 << draw(8));
        try(_i, damaged.data, damaged.size);
        cld_text_free(&damaged);
    }
    ck_assert_int_gt(refused, 0);
    cld_text_free(&whole);
}
END_TEST

/* A piece of the file put somewhere else in it, or a length blown up. */
START_TEST(spliced) {
    static const char *const inserts[] = { "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x80",
                                           "9999999999" };
    wire whole = formats[_i].sample();
    const uint32_t size = (uint32_t)whole.size;
    for (int i = 0; i < SPLICES; i++) {
        wire damaged = { 0 };
        const uint32_t at = draw(size), from = draw(size);
        cld_text_addn(&damaged, whole.data, at);
        if (draw(2) == 0)
            cld_text_add(&damaged, inserts[draw(CLD_COUNT(inserts))]);
        else
            cld_text_addn(&damaged, whole.data + from, draw(size - from));
        const uint32_t skip = draw(3) == 0 ? draw(size - at) : 0;
        cld_text_addn(&damaged, whole.data + at + skip, size - at - skip);
        try(_i, damaged.data, damaged.size);
        cld_text_free(&damaged);
    }
    ck_assert_int_gt(refused, 0);
    cld_text_free(&whole);
}
END_TEST

START_TEST(random_bytes) {
    unsigned char bytes[512];
    for (int i = 0; i < RANDOMS; i++) {
        const uint32_t size = draw(sizeof bytes);
        for (uint32_t k = 0; k < size; k++)
            bytes[k] = (unsigned char)draw(256);
        try(_i, bytes, size);
    }
    ck_assert_int_gt(refused, RANDOMS / 2);
}
END_TEST

Suite *suite_io_corpus(void);
Suite *suite_io_corpus(void) {
    Suite *suite = suite_create("io/corpus");
    TCase *tcase = tcase_create("damaged");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, undamaged, 0, CLD_COUNT(formats));
    tcase_add_loop_test(tcase, truncated_everywhere, 0, CLD_COUNT(formats));
    tcase_add_loop_test(tcase, flipped_bits, 0, CLD_COUNT(formats));
    tcase_add_loop_test(tcase, spliced, 0, CLD_COUNT(formats));
    tcase_add_loop_test(tcase, random_bytes, 0, CLD_COUNT(formats));
    suite_add_tcase(suite, tcase);
    return suite;
}
