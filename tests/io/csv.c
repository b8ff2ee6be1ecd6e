/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers: headers, line ends, quoting, refusals with their line, a locale with a decimal comma. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "test.h"

static clade_status decode(clade_tensor *out, const char *text, clade_error *err) {
    return cld_csv_decode(out, NULL, 0, text, strlen(text), "f.csv", err);
}

static const struct {
    const char *text;
    int64_t rows, columns;
    float want[6];
} tables[] = {
    { "1,2,3\n4,5,6\n", 2, 3, { 1, 2, 3, 4, 5, 6 } },
    { "1,2\r\n3,4\r\n5,6", 3, 2, { 1, 2, 3, 4, 5, 6 } },
    { "1\r2\r3\r", 3, 1, { 1, 2, 3 } },
    { "\n\n1, -2.5e3 ,\"3\"\n\n\n4,+.5,6.\n\n", 2, 3, { 1, -2500, 3, 4, .5f, 6 } },
    { "\xef\xbb\xbf"
      "open,\"hi,gh\"\n1,2\n",
      1,
      2,
      { 1, 2 } },
    { ",a\n1,2\n", 1, 2, { 1, 2 } },
    { "0.1,1e40,-1e40\n", 1, 3, { 0.1f, INFINITY, -INFINITY } },
};

START_TEST(good_tables) {
    clade_error err;
    clade_tensor out;
    ck_ok(decode(&out, tables[_i].text, &err), err);
    ck_assert(out.dtype == CLADE_FLOAT32 && out.rank == 2);
    ck_assert_int_eq(out.dims[0], tables[_i].rows);
    ck_assert_int_eq(out.dims[1], tables[_i].columns);
    for (int64_t i = 0; i < out.dims[0] * out.dims[1]; i++)
        ck_assert_float_eq(((float *)out.data)[i], tables[_i].want[i]);
    clade_tensor_free(&out);
}
END_TEST

static const struct {
    const char *part, *text;
} refused[] = {
    { "no row", "" },
    { "no row", "\n\r\n" },
    { "no row", "only,a,header\n" },
    { "line 3: has 1 fields, the rows before have 2", "1,2\n3,4\n5\n" },
    { "line 2: has 3 fields, the rows before have 2", "a,b\n1,2,3\n" },
    { "line 4: field 2, 'x', is not a number", "a,b\r\n1,2\r\n\r\n3,x\r\n" },
    { "line 2: field 1, '', is not a number", "1,2\n,3\n" },
    { "line 1: field 2, 'b', is not a number", "1,b\n" },
    { "line 1: neither", "a,1\n" },
    { "line 2: field 1, '1 2', is not a number", "1\n1 2\n" },
    { "line 5: field 1, 'x', is not a number", "\"a\nb\n\"\n1\nx\n" },
    { "line 2: misplaced quote", "1\n2\"3\"\n" },
    { "quote", "1\n\"2" },
};

START_TEST(bad_tables) {
    clade_error err;
    clade_tensor out;
    ck_refused(decode(&out, refused[_i].text, &err), CLADE_ERR_FORMAT, refused[_i].part, err);
    ck_assert_ptr_nonnull(strstr(err.message, "f.csv"));
}
END_TEST

START_TEST(zero_byte_inside) {
    clade_error err;
    clade_tensor out;
    ck_refused(cld_csv_decode(&out, NULL, 0, "1\n2\0003\n", 6, "f.csv", &err), CLADE_ERR_FORMAT, "line 2", err);
}
END_TEST

/* A table over many of the parser's chunks, and an error far inside. */
START_TEST(long_table) {
    clade_error err;
    clade_tensor out;
    cld_text text = { 0 };
    enum { ROWS = 40000 };
    for (int row = 0; row < ROWS; row++)
        cld_text_printf(&text, "%d,%d\n", row, -row);
    ck_ok(decode(&out, text.data, &err), err);
    ck_assert_int_eq(out.dims[0], ROWS);
    for (int row = 0; row < ROWS; row++)
        ck_assert(((float *)out.data)[2 * row] == (float)row && ((float *)out.data)[2 * row + 1] == (float)-row);
    clade_tensor_free(&out);
    cld_text_add(&text, "1,oops\n");
    ck_refused(decode(&out, text.data, &err), CLADE_ERR_FORMAT, "line 40001: field 2, 'oops'", err);
    cld_text_free(&text);
}
END_TEST

static void encoded(clade_dtype dtype, int32_t rank, int64_t count, const double *values, const char *want) {
    clade_error err;
    clade_tensor in;
    void *bytes;
    size_t size;
    ck_ok(clade_tensor_alloc(&in, dtype, rank, (int64_t[]){ rank == 2 ? count / 2 : count, 2 }, &err), err);
    for (int64_t i = 0; i < count; i++)
        cld_tensor_set(&in, i, values[i]);
    ck_ok(cld_csv_encode(&in, &bytes, &size, &err), err);
    ck_assert_str_eq(bytes, want);
    ck_assert_uint_eq(size, strlen(want));
    free(bytes);
    clade_tensor_free(&in);
}

START_TEST(encoding) {
    encoded(CLADE_FLOAT32, 2, 4, (double[]){ 0.5, 0.1f, -3, NAN }, "0.5,0.100000001\n-3,nan\n");
    encoded(CLADE_FLOAT64, 1, 2, (double[]){ 0.1, -INFINITY }, "0.10000000000000001\n-inf\n");
    encoded(CLADE_UINT64, 0, 1, (double[]){ 0x1p63 }, "9223372036854775808\n");
    encoded(CLADE_BOOL, 1, 2, (double[]){ 1, 0 }, "1\n0\n");
    clade_error err;
    clade_tensor in;
    void *bytes;
    size_t size;
    ck_ok(clade_tensor_alloc(&in, CLADE_FLOAT32, 3, (int64_t[]){ 1, 1, 1 }, &err), err);
    ck_refused(cld_csv_encode(&in, &bytes, &size, &err), CLADE_ERR_UNSUPPORTED, "rank 3", err);
    clade_tensor_free(&in);
}
END_TEST

START_TEST(locale_with_a_comma) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) {
        test_skip("no locale with a decimal comma is installed");
        return;
    }
    clade_error err;
    clade_tensor out;
    ck_ok(decode(&out, "1.5\n", &err), err);
    ck_assert_float_eq(*(float *)out.data, 1.5f);
    clade_tensor_free(&out);
    encoded(CLADE_FLOAT32, 1, 1, (double[]){ 2.5 }, "2.5\n");
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5"); /* the caller's locale is what it was */
}
END_TEST

Suite *suite_io_csv(void);
Suite *suite_io_csv(void) {
    Suite *suite = suite_create("io/csv");
    TCase *tcase = tcase_create("csv");
    tcase_add_loop_test(tcase, good_tables, 0, CLD_COUNT(tables));
    tcase_add_loop_test(tcase, bad_tables, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, zero_byte_inside);
    tcase_add_test(tcase, long_table);
    tcase_add_test(tcase, encoding);
    tcase_add_test(tcase, locale_with_a_comma);
    suite_add_tcase(suite, tcase);
    return suite;
}
