/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto in every form: typed lists, raw bytes, external files, .pb round trips; and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"
#include "wire.h"

static clade_status decode(clade_tensor *out, wire *tensor, clade_error *err) {
    char name[8];
    const clade_status status = cld_pb_decode(out, name, sizeof name, tensor->data, tensor->size, "t.pb", err);
    cld_text_free(tensor);
    return status;
}

/* [2] tensors with elements in the typed list `field`; varints but for floats. */
static const struct {
    int32_t dtype;
    int field;
    int64_t element[2];
} listed[] = {
    { CLADE_INT32, 5, { -7, INT32_MAX } },   { CLADE_INT16, 5, { INT16_MIN, 5 } },
    { CLADE_INT8, 5, { -128, 127 } },        { CLADE_UINT16, 5, { 0, 65535 } },
    { CLADE_UINT8, 5, { 255, 1 } },          { CLADE_BOOL, 5, { 1, 0 } },
    { CLADE_INT64, 7, { INT64_MIN, 3 } },    { CLADE_UINT64, 11, { 0, 1 } },
    { CLADE_UINT32, 11, { UINT32_MAX, 2 } },
};

START_TEST(typed_lists) {
    clade_error err;
    clade_tensor out;
    wire tensor = { 0 };
    wire_int(&tensor, 1, 2);
    wire_int(&tensor, 2, listed[_i].dtype);
    for (int k = 0; k < 2; k++)
        wire_int(&tensor, listed[_i].field, listed[_i].element[k]);
    ck_ok(decode(&out, &tensor, &err), err);
    ck_assert(out.dtype == (clade_dtype)listed[_i].dtype && out.rank == 1 && out.dims[0] == 2);
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(cld_tensor_get_int(&out, k), listed[_i].element[k]);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(typed_floats) {
    clade_error err;
    clade_tensor out;
    wire tensor = { 0 }, half = { 0 }, wide = { 0 };
    const double number = -.125;
    wire_int(&tensor, 2, CLADE_FLOAT32);
    wire_float(&tensor, 4, 2.5f);
    ck_ok(decode(&out, &tensor, &err), err);
    ck_assert(out.rank == 0 && *(float *)out.data == 2.5f);
    clade_tensor_free(&out);
    wire_int(&half, 2, CLADE_FLOAT16);
    wire_int(&half, 5, 0x3e00); /* the bits of 1.5 */
    ck_ok(decode(&out, &half, &err), err);
    ck_assert(out.size_bytes == 2 && cld_tensor_get(&out, 0) == 1.5);
    clade_tensor_free(&out);
    wire_int(&wide, 2, CLADE_FLOAT64);
    wire_bytes(&wide, 10, &number, sizeof number); /* packed */
    ck_ok(decode(&out, &wide, &err), err);
    ck_assert(cld_tensor_get(&out, 0) == number);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(raw_bool_becomes_0_or_1) {
    clade_error err;
    clade_tensor out;
    wire tensor = wire_tensor("b", CLADE_BOOL, 1, (int64_t[]){ 3 }, "\x00\x07\xff", 3);
    ck_ok(decode(&out, &tensor, &err), err);
    ck_assert_mem_eq(out.data, "\x00\x01\x01", 3);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(round_trip) {
    clade_error err;
    clade_tensor out;
    void *bytes;
    size_t size;
    uint16_t data[6] = { 1, 2, 3, 4, 5, 65535 };
    const clade_tensor tensor = { CLADE_UINT16, 3, { 1, 2, 3 }, data, sizeof data };
    const clade_tensor empty = { CLADE_INT64, 2, { 0, 4 }, NULL, 0 };
    ck_ok(cld_pb_encode(&tensor, &bytes, &size, &err), err);
    ck_ok(cld_pb_decode(&out, NULL, 0, bytes, size, "t.pb", &err), err);
    ck_assert(out.rank == 3 && out.dims[2] == 3 && out.size_bytes == sizeof data);
    ck_assert_mem_eq(out.data, data, sizeof data);
    clade_tensor_free(&out);
    free(bytes);
    ck_ok(cld_pb_encode(&empty, &bytes, &size, &err), err);
    ck_ok(cld_pb_decode(&out, NULL, 0, bytes, size, "t.pb", &err), err);
    ck_assert(out.dtype == CLADE_INT64 && out.rank == 2 && out.dims[0] == 0 && out.dims[1] == 4);
    clade_tensor_free(&out);
    free(bytes);
}
END_TEST

static const struct {
    int32_t dtype, rank;
    int64_t dims[9];
    size_t raw_bytes;
    clade_status status;
    const char *part;
} refused[] = {
    { CLADE_FLOAT32, 2, { 2, 3 }, 20, CLADE_ERR_FORMAT, "(float32[2,3]) needs 24 bytes, its raw_data has 20" },
    { CLADE_FLOAT32, 1, { 1 }, 0, CLADE_ERR_FORMAT, "needs 1 elements, it has 0" },
    { CLADE_FLOAT32, 1, { -1 }, 4, CLADE_ERR_LIMIT, "w: dimension 0 is -1" },
    { CLADE_FLOAT32, 3, { INT64_MAX, INT64_MAX, 4 }, 4, CLADE_ERR_LIMIT, "w" },
    { CLADE_FLOAT32, 2, { (int64_t)1 << 32, (int64_t)1 << 32 }, 0, CLADE_ERR_LIMIT, "w" },
    { CLADE_FLOAT32, 9, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 4, CLADE_ERR_UNSUPPORTED, "has 9 dimensions, the limit is 8" },
    { 0, 0, { 0 }, 0, CLADE_ERR_UNSUPPORTED, "element type undefined (0)" },
    { 8, 0, { 0 }, 0, CLADE_ERR_UNSUPPORTED, "'w' has element type string (8)" },
    { 16, 0, { 0 }, 2, CLADE_ERR_UNSUPPORTED, "element type bfloat16 (16)" },
    { 17, 0, { 0 }, 1, CLADE_ERR_UNSUPPORTED, "element type float8e4m3fn (17)" },
    { 22, 0, { 0 }, 1, CLADE_ERR_UNSUPPORTED, "element type int4 (22)" },
    { 14, 0, { 0 }, 8, CLADE_ERR_UNSUPPORTED, "element type complex64 (14)" },
    { -5, 0, { 0 }, 8, CLADE_ERR_UNSUPPORTED, "element type unknown (-5)" },
};

START_TEST(refuses) {
    static const char zeros[32];
    clade_error err;
    clade_tensor out;
    wire tensor = wire_tensor("w", refused[_i].dtype, refused[_i].rank, refused[_i].dims, zeros, refused[_i].raw_bytes);
    ck_refused(decode(&out, &tensor, &err), refused[_i].status, refused[_i].part, err);
}
END_TEST

START_TEST(refuses_elements_beyond_their_type) {
    static const struct {
        int32_t dtype;
        int64_t element;
    } beyond[] = {
        { CLADE_UINT8, 256 }, { CLADE_UINT8, -1 }, { CLADE_INT8, -129 }, { CLADE_FLOAT16, 65536 }, { CLADE_BOOL, 2 }
    };
    clade_error err;
    clade_tensor out;
    for (size_t i = 0; i < CLD_COUNT(beyond); i++) {
        wire tensor = { 0 };
        wire_int(&tensor, 2, beyond[i].dtype);
        wire_int(&tensor, 5, beyond[i].element);
        ck_refused(decode(&out, &tensor, &err), CLADE_ERR_FORMAT, "beyond its type", err);
    }
}
END_TEST

/* ---- external data -------------------------------------------------------------------------------------------- */

/* A folder with model.onnx, data.bin of 16 bytes (0 ... 15), links, and a file beside the folder. */
static const char *folder(void) {
    static char root[4096], path[4200];
    snprintf(root, sizeof root, "%s", test_scratch("external"));
    mkdir(root, 0777);
    snprintf(path, sizeof path, "%s/in", root);
    mkdir(path, 0777);
    char bytes[16];
    for (int i = 0; i < 16; i++)
        bytes[i] = (char)i;
    const char *const files[] = { "in/data.bin", "secret.bin" };
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        FILE *file = fopen(path, "wb");
        ck_assert(file != NULL && fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes);
        fclose(file);
    }
    const char *const links[][2] = { { "data.bin", "link.bin" }, { "../secret.bin", "out.bin" }, { "..", "up" } };
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/in/%s", root, links[i][1]);
        unlink(path);
        ck_assert_int_eq(symlink(links[i][0], path), 0);
    }
    snprintf(path, sizeof path, "%s/in/fifo", root);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    strcat(root, "/in");
    return root;
}

static void entry(wire *tensor, const char *key, const char *value) {
    wire message = { 0 };
    wire_text(&message, 1, key);
    wire_text(&message, 2, value);
    wire_message(tensor, 13, &message);
}

static clade_status load(cld_graph **out, const char *location, const char *offset, const char *length,
                         const char *directory, clade_error *err) {
    cld_model_facts facts;
    wire tensor = { 0 }, graph = { 0 };
    wire_int(&tensor, 1, 4);
    wire_int(&tensor, 2, CLADE_UINT8);
    wire_text(&tensor, 8, "w");
    wire_int(&tensor, 14, 1);
    if (location != NULL)
        entry(&tensor, "location", location);
    if (offset != NULL)
        entry(&tensor, "offset", offset);
    if (length != NULL)
        entry(&tensor, "length", length);
    entry(&tensor, "checksum", "not looked at");
    wire_message(&graph, GRAPH_INITIALISER, &tensor);
    wire model = wire_model(&graph);
    const clade_status status =
        cld_onnx_parse(out, &facts, model.data, model.size, &(cld_onnx_options){ .directory = directory }, err);
    cld_text_free(&model);
    return status;
}

static const struct {
    const char *location, *offset, *length;
    uint8_t first;
} inside[] = {
    { "data.bin", NULL, NULL, 0 },
    { "data.bin", "12", "4", 12 },
    { "./data.bin", "3", NULL, 3 },
    { "link.bin", NULL, "4", 0 }, /* a link that stays inside */
};

START_TEST(external) {
    clade_error err;
    cld_graph *graph;
    ck_ok(load(&graph, inside[_i].location, inside[_i].offset, inside[_i].length, folder(), &err), err);
    const uint8_t *data = graph->values[0].constant->data;
    for (int k = 0; k < 4; k++)
        ck_assert_int_eq(data[k], inside[_i].first + k);
    cld_graph_free(graph);
}
END_TEST

static const struct {
    const char *location, *offset, *length, *part;
    clade_status status;
} outside[] = {
    { NULL, NULL, NULL, "tensor 'w': external data without a location", CLADE_ERR_FORMAT },
    { "", NULL, NULL, "without a location", CLADE_ERR_FORMAT },
    { "../secret.bin", NULL, NULL, "'../secret.bin' leaves the model's folder", CLADE_ERR_FORMAT },
    { "x/../../secret.bin", NULL, NULL, "leaves the model's folder", CLADE_ERR_FORMAT },
    { "/etc/passwd", NULL, NULL, "leaves the model's folder", CLADE_ERR_FORMAT },
    { "..", NULL, NULL, "leaves the model's folder", CLADE_ERR_FORMAT },
    { "out.bin", NULL, NULL, "'out.bin' is a link out of the model's folder", CLADE_ERR_FORMAT },
    { "up/secret.bin", NULL, NULL, "is a link out of the model's folder", CLADE_ERR_FORMAT },
    { "up/in", NULL, NULL, "is a link out of the model's folder", CLADE_ERR_FORMAT },
    { ".", NULL, NULL, "is a link out of the model's folder", CLADE_ERR_FORMAT },
    { "fifo", NULL, NULL, "is not a regular file", CLADE_ERR_IO },
    { "missing.bin", NULL, NULL, "external file 'missing.bin': No such file", CLADE_ERR_IO },
    { "data.bin", "13", NULL, "needs 4 bytes at offset 13, external file 'data.bin' has 16", CLADE_ERR_FORMAT },
    { "data.bin", "17", NULL, "at offset 17", CLADE_ERR_FORMAT },
    { "data.bin", "9223372036854775807", "4", "at offset 9223372036854775807", CLADE_ERR_FORMAT },
    { "data.bin", "99999999999999999999", NULL, "external offset '99999999999999999999' is no size", CLADE_ERR_FORMAT },
    { "data.bin", "-1", NULL, "external offset '-1' is no size", CLADE_ERR_FORMAT },
    { "data.bin", "4x", NULL, "external offset '4x' is no size", CLADE_ERR_FORMAT },
    { "data.bin", "0", "5", "needs 4 bytes, its external data has 5", CLADE_ERR_FORMAT },
};

START_TEST(external_refused) {
    clade_error err;
    cld_graph *graph;
    ck_refused(load(&graph, outside[_i].location, outside[_i].offset, outside[_i].length, folder(), &err),
               outside[_i].status, outside[_i].part, err);
}
END_TEST

START_TEST(external_without_a_folder) {
    clade_error err;
    cld_graph *graph;
    ck_refused(load(&graph, "data.bin", NULL, NULL, NULL, &err), CLADE_ERR_UNSUPPORTED,
               "a model in memory has no folder", err);
}
END_TEST

Suite *suite_io_onnx_tensor(void);
Suite *suite_io_onnx_tensor(void) {
    Suite *suite = suite_create("io/onnx_tensor");
    TCase *tcase = tcase_create("tensors");
    tcase_add_loop_test(tcase, typed_lists, 0, CLD_COUNT(listed));
    tcase_add_test(tcase, typed_floats);
    tcase_add_test(tcase, raw_bool_becomes_0_or_1);
    tcase_add_test(tcase, round_trip);
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, refuses_elements_beyond_their_type);
    tcase_add_loop_test(tcase, external, 0, CLD_COUNT(inside));
    tcase_add_loop_test(tcase, external_refused, 0, CLD_COUNT(outside));
    tcase_add_test(tcase, external_without_a_folder);
    suite_add_tcase(suite, tcase);
    return suite;
}
