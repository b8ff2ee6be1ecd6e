/* SPDX-License-Identifier: Apache-2.0 */
/* Public structs that may grow, each through every call that takes it: no size, an older and a newer one. Structs lie
 * in blocks of exactly their size, so that a sanitizer sees a byte too many. */
#include <stdlib.h>
#include <string.h>

#include "clade/opencl.h"
#include "mlp.h"
#include "test.h"

static clade_error err;
static clade_device *device;
static clade_model *model;
static clade_session *session;

static clade_status device_options(void *options) {
    clade_device *out;
    clade_status status = clade_device_open(&out, NULL, options, &err);
    if (status == CLADE_OK)
        clade_device_close(out);
    return status;
}
static clade_status device_opencl_options(void *options) { /* what else is wrong with the call comes later */
    clade_device *out;
    return clade_device_open_opencl(&out, NULL, NULL, options, &err);
}
static clade_status model_options(void *options) {
    clade_model *out;
    clade_status status = clade_model_load(&out, "no such file", options, &err);
    return status == CLADE_ERR_IO ? CLADE_OK : status;
}
static clade_status memory_options(void *options) {
    clade_model *out;
    clade_status status = clade_model_load_memory(&out, "no model", 8, options, &err);
    return status == CLADE_ERR_FORMAT ? CLADE_OK : status;
}
static clade_status session_options(void *options) {
    clade_session *out;
    clade_status status = clade_session_create(&out, device, model, options, &err);
    if (status == CLADE_OK)
        clade_session_free(out);
    return status;
}

static clade_status device_info(void *out) { return clade_device_get_info(device, out, &err); }
static clade_status device_described(void *out) { return clade_device_describe(out, 0, &err); }
static clade_status platform_info(void *out) { return clade_platform_describe(out, 0, &err); }
static clade_status model_info(void *out) { return clade_model_get_info(model, out, &err); }
static clade_status input_info(void *out) { return clade_model_input(model, 0, out, &err); }
static clade_status output_info(void *out) { return clade_model_output(model, 0, out, &err); }
static clade_status operator_info(void *out) { return clade_model_operator(model, 0, out, &err); }
static clade_status session_stats(void *out) { return clade_session_get_stats(session, out, &err); }
static clade_status comparison(void *out) {
    float x = 1;
    clade_tensor tensor = { CLADE_FLOAT32, 0, { 0 }, &x, sizeof x };
    return clade_tensor_compare(out, &tensor, &tensor, 0, 0, &err);
}

typedef struct taker {
    const char *type;
    size_t bytes;
    clade_status (*call)(void *);
} taker;
#define ROW(name, call)                                                                                                \
    { "clade_" #name, sizeof(clade_##name), call }

static const taker options[] = {
    ROW(device_options, device_options),
    ROW(model_options, model_options),
    ROW(model_options, memory_options),
    ROW(session_options, session_options),
};
static const taker results[] = {
    ROW(device_info, device_info),     ROW(device_info, device_described), ROW(model_info, model_info),
    ROW(value_info, input_info),       ROW(value_info, output_info),       ROW(operator_info, operator_info),
    ROW(session_stats, session_stats), ROW(comparison, comparison),        ROW(platform_info, platform_info),
};
enum { OPTIONS = sizeof options / sizeof *options, RESULTS = sizeof results / sizeof *results };

/* `bytes` bytes that say they are `said`, all others being `fill`. */
static unsigned char *block(size_t bytes, size_t said, int fill) {
    unsigned char *out = malloc(bytes);
    ck_assert_ptr_nonnull(out);
    memset(out, fill, bytes);
    memcpy(out, &said, sizeof said);
    return out;
}

static clade_status call(const taker *row, size_t bytes, size_t said) {
    unsigned char *at = block(bytes, said, 0);
    clade_status status = row->call(at);
    free(at);
    return status;
}

static void no_size(const taker *row) {
    ck_refused(call(row, row->bytes, 0), CLADE_ERR_ARGUMENT, "size_bytes is 0", err);
    ck_assert_ptr_nonnull(strstr(err.message, row->type));
    ck_refused(call(row, row->bytes, SIZE_MAX), CLADE_ERR_ARGUMENT, "_INIT", err);
}

START_TEST(options_of_other_versions) {
    const taker *row = &options[_i];
    no_size(row);
    ck_ok(row->call(NULL), err);
    ck_ok(call(row, sizeof(size_t), sizeof(size_t)), err);
    ck_ok(call(row, row->bytes + 24, row->bytes + 24), err);
    unsigned char *newer = block(row->bytes + 24, row->bytes + 24, 0);
    newer[row->bytes + 23] = 1;
    ck_refused(row->call(newer), CLADE_ERR_UNSUPPORTED, row->type, err);
    free(newer);
}
END_TEST

START_TEST(results_for_other_versions) {
    const taker *row = &results[_i];
    const size_t newer = row->bytes + 24;
    no_size(row);
    unsigned char *whole = block(row->bytes, row->bytes, 0xab), *part = block(row->bytes, sizeof(size_t) * 2, 0xab),
                  *more = block(newer, newer, 0xab);
    ck_ok(row->call(whole), err);
    ck_ok(row->call(part), err);
    ck_assert_mem_eq(part + sizeof(size_t), whole + sizeof(size_t), sizeof(size_t));
    for (size_t k = sizeof(size_t) * 2; k < row->bytes; k++)
        ck_assert_uint_eq(part[k], 0xab);
    ck_ok(row->call(more), err);
    ck_assert_mem_eq(more, &newer, sizeof newer);
    ck_assert_mem_eq(more + sizeof(size_t), whole + sizeof(size_t), row->bytes - sizeof(size_t));
    for (size_t k = row->bytes; k < newer; k++)
        ck_assert_uint_eq(more[k], 0);
    free(whole);
    free(part);
    free(more);
}
END_TEST

/* What was set by a struct without a size used to be ignored in silence. */
START_TEST(the_opencl_call_reads_them_too) {
    clade_device_options forgot = { .cache_dir = "" };
    ck_refused(device_opencl_options(&forgot), CLADE_ERR_ARGUMENT, "clade_device_options", err);
    clade_session_options without = { .max_device_bytes = 1 };
    ck_refused(session_options(&without), CLADE_ERR_ARGUMENT, "clade_session_options", err);
}
END_TEST

static void set_up(void) {
    device = mlp_device(NULL);
    model = mlp_load();
    session = mlp_session(device, model, 0);
}

static void tear_down(void) {
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}

Suite *suite_session_sized(void);
Suite *suite_session_sized(void) {
    Suite *suite = suite_create("session/sized");
    TCase *tcase = tcase_create("versions");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, options_of_other_versions, 0, OPTIONS);
    tcase_add_loop_test(tcase, results_for_other_versions, 0, RESULTS);
    tcase_add_test(tcase, the_opencl_call_reads_them_too);
    suite_add_tcase(suite, tcase);
    return suite;
}
