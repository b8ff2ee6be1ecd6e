/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors in files by suffix, and files that cannot be read or written. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "test.h"

static const char *const suffixes[] = { ".npy", ".pb", ".csv" };

START_TEST(round_trip) {
    clade_error err;
    clade_tensor in, out;
    clade_comparison c = CLADE_COMPARISON_INIT;
    char path[4096], name[8] = "before";
    snprintf(path, sizeof path, "%s%s", test_scratch("tensor"), suffixes[_i]);
    ck_ok(clade_tensor_alloc(&in, CLADE_FLOAT32, 2, (int64_t[]){ 5, 3 }, &err), err);
    for (int64_t i = 0; i < 15; i++)
        cld_tensor_set(&in, i, 1.0 / (double)(i + 1));
    for (int times = 0; times < 2; times++) /* the second write replaces the first */
        ck_ok(clade_tensor_write(&in, path, &err), err);
    ck_ok(clade_tensor_read_named(&out, name, sizeof name, path, &err), err);
    ck_assert_str_eq(name, "");
    ck_ok(clade_tensor_compare(&c, &out, &in, 0, 0, &err), err);
    ck_assert(c.equal);
    clade_tensor_free(&in);
    clade_tensor_free(&out);
}
END_TEST

START_TEST(refused_paths) {
    clade_error err;
    clade_tensor out, in = { CLADE_FLOAT32, 0, { 0 }, &(float){ 1 }, 4 };
    char directory[4096];
    ck_refused(clade_tensor_read(&out, "x.txt", &err), CLADE_ERR_UNSUPPORTED, "x.txt", err);
    ck_refused(clade_tensor_read(&out, ".npy", &err), CLADE_ERR_UNSUPPORTED, ".npy", err);
    ck_refused(clade_tensor_read(&out, test_scratch("absent.npy"), &err), CLADE_ERR_IO, "cannot open", err);
    ck_refused(clade_tensor_read(NULL, "x.npy", &err), CLADE_ERR_ARGUMENT, "out", err);
    ck_refused(clade_tensor_read(&out, NULL, &err), CLADE_ERR_ARGUMENT, "path", err);
    snprintf(directory, sizeof directory, "%s", test_scratch("directory.npy"));
    mkdir(directory, 0777);
    ck_refused(clade_tensor_read(&out, directory, &err), CLADE_ERR_IO, "not a regular file", err);
    ck_refused(clade_tensor_write(&in, directory, &err), CLADE_ERR_IO, "not a regular file", err);
    ck_refused(clade_tensor_write(&in, test_scratch("no/such/place.npy"), &err), CLADE_ERR_IO, "cannot write", err);
    in.size_bytes = 3;
    ck_refused(clade_tensor_write(&in, "x.npy", &err), CLADE_ERR_ARGUMENT, "has 3 bytes", err);
    in.dtype = CLADE_NONE;
    ck_refused(clade_tensor_write(&in, "x.npy", &err), CLADE_ERR_ARGUMENT, "element type", err);
}
END_TEST

START_TEST(whole_files) {
    clade_error err;
    void *data;
    size_t size;
    char path[4096], pipe[4096];
    snprintf(path, sizeof path, "%s", test_scratch("whole.bin"));
    ck_ok(cld_file_write(path, "a\0b", 3, &err), err);
    ck_ok(cld_file_read(&data, &size, path, 3, &err), err);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(data, "a\0b\0", 4);
    free(data);
    ck_refused(cld_file_read(&data, &size, path, 2, &err), CLADE_ERR_LIMIT, "has 3 bytes", err);
    ck_ok(cld_file_write(path, "", 0, &err), err);
    ck_ok(cld_file_read(&data, &size, path, 0, &err), err);
    ck_assert_uint_eq(size, 0);
    free(data);
    snprintf(pipe, sizeof pipe, "%s", test_scratch("pipe"));
    unlink(pipe);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_refused(cld_file_read(&data, &size, pipe, 0, &err), CLADE_ERR_IO, "not a regular file", err);
    ck_assert_uint_gt(cld_file_limit(0), 1 << 20);
    ck_assert_uint_eq(cld_file_limit(5), 5);
}
END_TEST

/* A file whose size says more than memory holds is refused before anything is allocated. */
START_TEST(sparse_file) {
    clade_error err;
    clade_tensor out;
    char path[4096];
    snprintf(path, sizeof path, "%s", test_scratch("sparse.npy"));
    ck_ok(cld_file_write(path, "x", 1, &err), err);
    if (truncate(path, (off_t)1 << 42))
        test_skip("the file system refuses a file of 4 TiB");
    else
        ck_refused(clade_tensor_read(&out, path, &err), CLADE_ERR_LIMIT, "the limit is", err);
    unlink(path);
}
END_TEST

Suite *suite_io_tensor_file(void);
Suite *suite_io_tensor_file(void) {
    Suite *suite = suite_create("io/tensor_file");
    TCase *tcase = tcase_create("tensor_file");
    tcase_add_loop_test(tcase, round_trip, 0, CLD_COUNT(suffixes));
    tcase_add_test(tcase, refused_paths);
    tcase_add_test(tcase, whole_files);
    tcase_add_test(tcase, sparse_file);
    suite_add_tcase(suite, tcase);
    return suite;
}
