/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that runs out while files are read and written: models with their external data, tensors, the cache,
 * tuning records. Some degrade: a model that cannot be mapped is read, libcsv asks again for less, what has no cache
 * says so and goes on. SQLite takes its memory from the library's allocator here, and can do without some of it.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "clade.h"
#include "fault/exhausted.h"
#include "io/wire.h"
#include "store/fixture.h"
#include "store/records.h"
#include "test.h"

/* ---- models ---- */

enum { MANY = 20000 };
static char path[4096];
static clade_model *model;

/* x [n, 2] + small, a weight in the model and one that is large enough to be mapped in a file beside it. */
static void write_model(void) {
    static const float small[2] = { 1, 2 }, many[MANY] = { 3 };
    clade_error err;
    wire graph = { 0 }, e = { 0 }, entry = { 0 };
    snprintf(path, sizeof path, "%s", test_scratch("exhausted.data"));
    ck_ok(cld_file_write(path, many, sizeof many, &err), err);
    wire w = wire_tensor("small", CLADE_FLOAT32, 1, (const int64_t[]){ 2 }, small, sizeof small);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    w = wire_tensor("many", CLADE_FLOAT32, 1, (const int64_t[]){ MANY }, many, sizeof many);
    wire_message(&graph, GRAPH_INITIALISER, &w);
    wire_int(&e, 1, MANY);
    wire_int(&e, 2, CLADE_FLOAT32);
    wire_text(&e, 8, "e");
    wire_text(&entry, 1, "location");
    wire_text(&entry, 2, "exhausted.data");
    wire_message(&e, 13, &entry);
    wire_int(&e, 14, 1);
    wire_message(&graph, GRAPH_INITIALISER, &e);
    wire_value(&graph, GRAPH_INPUT, "x", CLADE_FLOAT32, 2, (const int64_t[]){ -1, 2 });
    wire_value(&graph, GRAPH_INPUT, "small", CLADE_FLOAT32, 1, (const int64_t[]){ 2 });
    wire_node(&graph, "Add", "x small", "y", NULL);
    wire_node(&graph, "Sub", "many e", "z", NULL);
    wire_node(&graph, "Concat", "y y", "t", NULL);
    wire_value(&graph, GRAPH_OUTPUT, "y", CLADE_FLOAT32, -1, NULL);
    wire_value(&graph, GRAPH_OUTPUT, "z", CLADE_FLOAT32, -1, NULL);
    wire bytes = wire_model(&graph);
    snprintf(path, sizeof path, "%s", test_scratch("exhausted.onnx"));
    ck_ok(cld_file_write(path, bytes.data, bytes.size, &err), err);
    cld_text_free(&bytes);
}

static clade_status load_read(clade_error *err) {
    clade_model_options options = CLADE_MODEL_OPTIONS_INIT;
    options.in_memory = 1;
    return clade_model_load(&model, path, &options, err);
}
static clade_status load_mapped(clade_error *err) { return clade_model_load(&model, path, NULL, err); }
static void check_model(void) {
    clade_error err;
    clade_model_info info = CLADE_MODEL_INFO_INIT;
    ck_ok(clade_model_get_info(model, &info, &err), err);
    ck_assert_uint_eq(info.weight_bytes, (2 + 2 * MANY) * sizeof(float));
    ck_assert(info.input_count == 1 && info.optional_input_count == 1 && info.operator_count == 3);
}
static void free_model(void) {
    clade_model_free(model);
    model = NULL;
}

static char *type;
static clade_status infer(clade_error *err) {
    CLD_RETURN(load_read(err));
    return clade_model_infer_output(model, 0, &type, err);
}
static void check_type(void) { ck_assert_str_eq(type, "float32[n,2]"); }
static void free_type(void) {
    clade_string_free(type);
    type = NULL;
    free_model();
}

/* ---- tensors ---- */

static clade_tensor tensor;
static const char *file;
static const clade_tensor written = { CLADE_FLOAT32, 2, { 2, 2 }, (float[]){ 1, 2, 3, 4 }, 16 };

static clade_status write_and_read(const char *name, clade_error *err) {
    file = test_scratch(name);
    CLD_RETURN(clade_tensor_write(&written, file, err));
    return clade_tensor_read(&tensor, file, err);
}
static clade_status npy(clade_error *err) { return write_and_read("exhausted.npy", err); }
static clade_status csv(clade_error *err) { return write_and_read("exhausted.csv", err); }
static clade_status pb(clade_error *err) { return write_and_read("exhausted.pb", err); }
static void check_tensor(void) {
    cld_type a = cld_tensor_type(&tensor), b = cld_tensor_type(&written);
    ck_assert(cld_type_equal(&a, &b));
    ck_assert_mem_eq(tensor.data, written.data, written.size_bytes);
}
static void free_tensor(void) { clade_tensor_free(&tensor); }

/* ---- the cache ---- */

typedef struct head {
    _Alignas(16) int bytes;
} head; /* before what SQLite gets */

static head *head_of(void *memory) { return memory ? (head *)memory - 1 : NULL; }
static int size_of(void *memory) { return memory ? head_of(memory)->bytes : 0; }
static void *take(void *memory, int bytes) {
    head *taken = cld_realloc(head_of(memory), (size_t)bytes + sizeof *taken, 1);
    if (!taken)
        return NULL;
    taken->bytes = bytes;
    return taken + 1;
}
static void *allocate(int bytes) { return take(NULL, bytes); }
static void drop(void *memory) { cld_free(head_of(memory)); }
static int round_up(int bytes) { return (bytes + 7) & ~7; }
static int start(void *unused) { return unused != NULL; }
static void stop(void *unused) { (void)unused; }

static char directory[4096];
static bool found;

static void begin_cache(void) {
    static const sqlite3_mem_methods methods = { allocate, drop, take, size_of, round_up, start, stop, NULL };
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    snprintf(directory, sizeof directory, "%s", store_directory("exhausted"));
    store_make_rows(directory); /* SQLite has what it keeps for good from here on */
}

/* Without memory there is nothing in the cache, and every row that is found is right. */
static clade_status use_cache(clade_error *err) {
    char text[601];
    void *data;
    size_t bytes;
    (void)err;
    store_row_text(text, sizeof text, 1);
    const int logged = store_n_logged;
    cld_store *store = cld_store_open(directory);
    ck_assert(store || store_n_logged > logged);
    found = cld_store_get(store, "program", "key1", &data, &bytes);
    if (found) {
        ck_assert(bytes == strlen(text) && memcmp(data, text, bytes) == 0);
        cld_free(data);
    }
    cld_store_put(store, "program", "new", text, strlen(text));
    cld_store_close(store);
    return CLADE_OK;
}
/* What the cache held is still there. */
static void check_cache(void) {
    int warnings = store_n_logged;
    ck_assert_int_eq(store_check_rows(directory), STORE_ROWS);
    ck_assert_int_eq(store_n_logged, warnings);
}
static void nothing(void) {}

/* ---- tuning records ---- */

static const cld_record sample = { .device = "GPU",
                                   .problem = "product",
                                   .driver = "1.0",
                                   .library = "0.1.0",
                                   .choice = "tiles(tm 64)",
                                   .seconds = 1e-5,
                                   .tried = 12,
                                   .date = 1700000000 };
static cld_records *records;
static cld_record *record;

static void begin_records(void) {
    clade_error err;
    begin_cache();
    ck_ok(cld_records_open(&records, directory, true, &err), err);
    ck_ok(cld_records_put(records, &sample, &err), err);
    cld_records_close(records);
    records = NULL;
}

static int listed;
static clade_status count(void *user, const cld_record *one, clade_error *err) {
    (void)err;
    *(int *)user += one->seconds > 0;
    return CLADE_OK;
}

static clade_status use_records(clade_error *err) {
    listed = 0;
    int64_t entry;
    bool suspect;
    CLD_RETURN(cld_records_open(&records, directory, true, err));
    CLD_RETURN(cld_records_put(records, &sample, err));
    CLD_RETURN(cld_records_begin(records, "GPU", "product", "rows", &entry, err));
    CLD_RETURN(cld_records_end(records, entry, err));
    CLD_RETURN(cld_records_suspect(records, "GPU", "product", "rows", &suspect, err));
    CLD_RETURN(cld_records_list(records, count, &listed, err));
    return cld_records_get(records, "GPU", "product", &record, err);
}
static void check_records(void) {
    ck_assert_ptr_nonnull(record);
    ck_assert_str_eq(record->choice, sample.choice);
    ck_assert_int_eq(listed, 1);
}
static void close_records(void) {
    cld_free(record);
    cld_records_close(records);
    record = NULL;
    records = NULL;
}

/* ---- tuning records as text ---- */

enum { LINES = 3 };
static const char lines[] = "clade-records 1\n"
                            "GPU\tproduct\t1.0\t0.1.0\ttiles(tm 64)\t1e-05\t0\t12\t1700000000\n"
                            "GPU\tproduct 2\t1.0\t0.1.0\trows\t2e-05\t0\t3\t1700000001\n"
                            "another\tproduct\t2.0\t0.1.0\trows\t0.5\t0\t1\t1700000002\n";
static cld_text exported;

static clade_status import(cld_import how, int64_t want, clade_error *err) {
    int64_t taken = -1;
    const clade_status status = cld_records_import(records, lines, sizeof lines - 1, how, &taken, err);
    ck_assert_int_eq(taken, status == CLADE_OK ? want : 0);
    return status;
}

static clade_status use_text(clade_error *err) {
    int64_t dropped;
    CLD_RETURN(cld_records_open(&records, directory, true, err));
    CLD_RETURN(cld_records_forget(records, NULL, NULL, &dropped, err));
    CLD_RETURN(import(CLD_IMPORT_REPLACE, LINES, err));
    CLD_RETURN(import(CLD_IMPORT_MERGE, 0, err)); /* none is better than itself */
    return cld_records_export(records, &exported, err);
}
static void check_exported(void) { ck_assert_str_eq(exported.data, lines); }

/* All of a text or nothing of it is in the file, whatever failed. */
static void close_text(void) {
    clade_error err;
    cld_text_free(&exported);
    cld_records_close(records);
    listed = 0;
    ck_ok(cld_records_open(&records, directory, false, &err), err);
    ck_ok(cld_records_list(records, count, &listed, &err), err);
    ck_assert_msg(listed == 0 || listed == LINES, "%d of %d records are there", listed, (int)LINES);
    close_records();
}

static const struct {
    exhausted_operation operation;
    void (*begin)(void);
} cases[] = {
    { { "a model that is read", load_read, check_model, free_model, false }, write_model },
    { { "a model that is mapped", load_mapped, check_model, free_model, true }, write_model },
    { { "the types of outputs", infer, check_type, free_type, false }, write_model },
    { { "an .npy file", npy, check_tensor, free_tensor, false }, nothing },
    { { "a .csv file", csv, check_tensor, free_tensor, true }, nothing },
    { { "a .pb file", pb, check_tensor, free_tensor, false }, nothing },
    { { "the cache", use_cache, check_cache, nothing, true }, begin_cache },
    { { "tuning records", use_records, check_records, close_records, true }, begin_records },
    { { "tuning records as text", use_text, check_exported, close_text, true }, begin_cache },
};

START_TEST(every_allocation) {
    cases[_i / 2].begin();
    ck_assert_int_gt(exhausted_sweep(&cases[_i / 2].operation, _i % 2), 3);
    ck_assert(cases[_i / 2].operation.run != use_cache || found);
}
END_TEST

Suite *suite_fault_exhausted_files(void);
Suite *suite_fault_exhausted_files(void) {
    Suite *suite = suite_create("fault/exhausted_files");
    TCase *tcase = tcase_create("host memory");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, every_allocation, 0, 2 * (int)CLD_COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
