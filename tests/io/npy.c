/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy files: what is written is read back, every order and version, headers that must be refused, damaged files. */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "test.h"

static const clade_dtype dtypes[] = {
#define X(name, value, bytes) CLADE_##name,
    CLADE_DTYPE_LIST(X)
#undef X
};

static clade_status decode(clade_tensor *out, const void *data, size_t size, clade_error *err) {
    return cld_npy_decode(out, NULL, 0, data, size, "f.npy", err);
}

START_TEST(round_trip) {
    clade_error err;
    for (int32_t rank = 0; rank <= 4; rank++) {
        clade_tensor in, out;
        void *bytes;
        size_t size;
        ck_ok(clade_tensor_alloc(&in, dtypes[_i], rank, (int64_t[]){ 2, 3, 1, 5 }, &err), err);
        for (int64_t i = 0; i < clade_tensor_count(&in); i++)
            cld_tensor_set_int(&in, i, i + 1);
        ck_ok(cld_npy_encode(&in, &bytes, &size, &err), err);
        ck_assert_uint_eq((size - in.size_bytes) % 64, 0);
        ck_ok(decode(&out, bytes, size, &err), err);
        cld_type a = cld_tensor_type(&in), b = cld_tensor_type(&out);
        ck_assert(cld_type_equal(&a, &b));
        ck_assert_mem_eq(in.data, out.data, in.size_bytes);
        clade_tensor_free(&in);
        clade_tensor_free(&out);
        free(bytes);
    }
}
END_TEST

/* A file of the given version around a header text and data; returns its size. */
static size_t make(unsigned char *file, int version, const char *header, const void *data, size_t size) {
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[7] = 0;
    memset(file + 8, 0, start - 8);
    file[8] = (unsigned char)length;
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + start, header, length);
    memcpy(file + start + length, data, size);
    return start + length + size;
}

static const unsigned char big_endian[] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6 };
static const unsigned char little_endian[] = { 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0 };

static const struct {
    int version;
    const unsigned char *data;
    const char *header;
    int16_t want[6];
} orders[] = {
    { 1, little_endian, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }  \n", { 1, 2, 3, 4, 5, 6 } },
    { 2, little_endian, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3)}", { 1, 2, 3, 4, 5, 6 } },
    { 3, little_endian, "{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"<i2\"}", { 1, 3, 5, 2, 4, 6 } },
    { 1, big_endian, "{'descr': '>i2', 'fortran_order': False, 'shape': (2L, 3L), }", { 1, 2, 3, 4, 5, 6 } },
    { 1, big_endian, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", { 1, 3, 5, 2, 4, 6 } },
};

START_TEST(orders_and_versions) {
    clade_error err;
    clade_tensor out;
    unsigned char file[256];
    size_t size = make(file, orders[_i].version, orders[_i].header, orders[_i].data, 12);
    ck_ok(decode(&out, file, size, &err), err);
    ck_assert(out.dtype == CLADE_INT16 && out.rank == 2 && out.dims[0] == 2 && out.dims[1] == 3);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(((int16_t *)out.data)[i], orders[_i].want[i]);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(fortran_of_rank_three) {
    clade_error err;
    clade_tensor out;
    unsigned char file[256], data[24];
    for (unsigned i = 0; i < 24; i++)
        data[i] = (unsigned char)i;
    size_t size = make(file, 1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", data, 24);
    ck_ok(decode(&out, file, size, &err), err);
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++)
                ck_assert_int_eq(((uint8_t *)out.data)[(a * 3 + b) * 4 + c], a + 2 * b + 6 * c);
    clade_tensor_free(&out);
    size = make(file, 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (4,)}", "\0\1\2\xff", 4);
    ck_ok(decode(&out, file, size, &err), err);
    ck_assert_mem_eq(out.data, "\0\1\1\1", 4);
    clade_tensor_free(&out);
}
END_TEST

static const struct {
    clade_status status;
    const char *part, *header;
} refused[] = {
    { CLADE_ERR_FORMAT, "not a dictionary", "" },
    { CLADE_ERR_FORMAT, "not a dictionary", "[]" },
    { CLADE_ERR_FORMAT, "missing", "{}" },
    { CLADE_ERR_FORMAT, "missing", "{'descr': '|u1', 'shape': (2,)}" },
    { CLADE_ERR_FORMAT, "key", "{'descr': '|u1', " },
    { CLADE_ERR_FORMAT, "key", "{'descr" },
    { CLADE_ERR_FORMAT, "unexpected key 'extra'", "{'extra': 1}" },
    { CLADE_ERR_FORMAT, "unexpected key 'descr'", "{'descr': '|u1', 'descr': '|u1'}" },
    { CLADE_ERR_FORMAT, "not a string", "{'descr': 3}" },
    { CLADE_ERR_FORMAT, "not a bool", "{'fortran_order': 0}" },
    { CLADE_ERR_FORMAT, "not a tuple", "{'shape': 3}" },
    { CLADE_ERR_FORMAT, "other than sizes", "{'shape': (-1,)}" },
    { CLADE_ERR_FORMAT, "other than sizes", "{'shape': (99999999999999999999,)}" },
    { CLADE_ERR_FORMAT, "not a tuple", "{'shape': (2" },
    { CLADE_ERR_FORMAT, "other than sizes", "{'shape': (2," },
    { CLADE_ERR_FORMAT, "not a tuple", "{'shape': (2 3)}" },
    { CLADE_ERR_FORMAT, "follows", "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} x" },
    { CLADE_ERR_FORMAT, "needs 3 bytes", "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}" },
    { CLADE_ERR_FORMAT, "needs 1 bytes", "{'descr': '|u1', 'fortran_order': False, 'shape': ()}" },
    { CLADE_ERR_LIMIT, "too large", "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}" },
    { CLADE_ERR_LIMIT, "too large", "{'descr': '<f8', 'fortran_order': True, 'shape': (0, 4611686018427387904)}" },
    { CLADE_ERR_UNSUPPORTED, "dimensions", "{'shape': (1,1,1,1,1,1,1,1,1)}" },
    { CLADE_ERR_UNSUPPORTED, "'<c8'", "{'descr': '<c8'}" },
    { CLADE_ERR_UNSUPPORTED, "'|O'", "{'descr': '|O'}" },
    { CLADE_ERR_UNSUPPORTED, "'<f44'", "{'descr': '<f44'}" },
    { CLADE_ERR_UNSUPPORTED, "'<f4x'", "{'descr': '<f4x'}" },
    { CLADE_ERR_UNSUPPORTED, "structured", "{'descr': [('a', '<f4')]}" },
};

START_TEST(bad_headers) {
    clade_error err;
    clade_tensor out;
    unsigned char file[256];
    size_t size = make(file, 1, refused[_i].header, "\1\2", 2);
    ck_refused(decode(&out, file, size, &err), refused[_i].status, refused[_i].part, err);
    ck_assert_ptr_nonnull(strstr(err.message, "f.npy"));
}
END_TEST

START_TEST(bad_preambles) {
    clade_error err;
    clade_tensor out;
    unsigned char file[256];
    size_t size = make(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "\1\2", 2);
    file[6] = 4;
    ck_refused(decode(&out, file, size, &err), CLADE_ERR_UNSUPPORTED, "format 4.0", err);
    file[6] = 2;
    ck_refused(decode(&out, file, 10, &err), CLADE_ERR_FORMAT, "cut short", err);
    file[0] = 'x';
    ck_refused(decode(&out, file, size, &err), CLADE_ERR_FORMAT, "not a NumPy file", err);
}
END_TEST

/* Every truncation is refused; every changed byte gives a refusal or a tensor, and no invalid access (sanitizers see).
 */
START_TEST(damaged_files) {
    clade_error err;
    clade_tensor out;
    unsigned char file[256];
    size_t size = make(file, 1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n", big_endian, 12);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *exact = malloc(cut + 1);
        memcpy(exact, file, cut);
        ck_refused(decode(&out, exact, cut, &err), CLADE_ERR_FORMAT, "f.npy", err);
        free(exact);
    }
    for (size_t at = 0; at < size; at++)
        for (int value = 0; value < 256; value++) {
            unsigned char kept = file[at];
            file[at] = (unsigned char)value;
            out = (clade_tensor){ 0 };
            err.message[0] = '\0';
            if (decode(&out, file, size, &err) == CLADE_OK)
                ck_assert_uint_eq(out.size_bytes, (size_t)clade_tensor_count(&out) * clade_dtype_size(out.dtype));
            else
                ck_assert_str_ne(err.message, "");
            clade_tensor_free(&out);
            file[at] = kept;
        }
}
END_TEST

Suite *suite_io_npy(void);
Suite *suite_io_npy(void) {
    Suite *suite = suite_create("io/npy");
    TCase *tcase = tcase_create("npy");
    tcase_add_loop_test(tcase, round_trip, 0, CLD_COUNT(dtypes));
    tcase_add_loop_test(tcase, orders_and_versions, 0, CLD_COUNT(orders));
    tcase_add_test(tcase, fortran_of_rank_three);
    tcase_add_loop_test(tcase, bad_headers, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, bad_preambles);
    tcase_add_test(tcase, damaged_files);
    suite_add_tcase(suite, tcase);
    return suite;
}
