/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: instances apart from one another, built once, cached on disk, rebuilt when the cache lies, refused in
 * words. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "ocl/fixture.h"

static cld_batch *new_batch(ocl_rig *rig) {
    cld_batch *batch;
    ck_ok(cld_batch_new(&batch, rig->ocl, &rig->err), rig->err);
    return batch;
}

static void build(ocl_rig *rig, cld_batch *batch, size_t want_hits, size_t want_builds) {
    cld_program_stats stats;
    ck_ok(cld_batch_build(batch, NULL, NULL, &rig->err), rig->err);
    cld_batch_stats(batch, &stats);
    ck_assert_uint_eq(stats.cache_hits, want_hits);
    ck_assert_uint_eq(stats.builds, want_builds);
}

START_TEST(instances) {
    ocl_rig rig;
    ocl_open(&rig, "", false);
    cld_batch *batch = new_batch(&rig);
    int32_t by2 = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 2);
    int32_t by3 = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    int32_t by_minus3 = ocl_add_scale(&rig, batch, "scale_negative", CLADE_FLOAT32, 3);
    int32_t ints = ocl_add_scale(&rig, batch, "scale_run", CLADE_INT32, 3);
    ck_assert_int_eq(ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3), by3);
    ck_assert(by2 != by3 && by3 != by_minus3 && by3 != ints);
    cld_kernel *kernel;
    size_t group = 0;
    ck_refused(cld_kernel_new(&kernel, batch, by2, &group, &rig.err), CLADE_ERR_INTERNAL, "not built", rig.err);
    build(&rig, batch, 0, 1); /* one program for all of them */
    group = SIZE_MAX;         /* larger than the driver allows the kernel */
    ck_refused(cld_kernel_new(&kernel, batch, by2, &group, &rig.err), CLADE_ERR_UNSUPPORTED, "runs it in at most",
               rig.err);
    ck_assert_uint_lt(group, SIZE_MAX);
    ck_assert(ocl_scales_by(&rig, batch, by2, 2));
    ck_assert(ocl_scales_by(&rig, batch, by3, 3));
    ck_assert(ocl_scales_by(&rig, batch, by_minus3, -3));

    cld_batch *second = new_batch(&rig); /* what the device has is not built again */
    int32_t again = ocl_add_scale(&rig, second, "scale_run", CLADE_FLOAT32, 3);
    build(&rig, second, 0, 0);
    cld_batch_free(batch); /* and outlives who built it */
    ck_assert(ocl_scales_by(&rig, second, again, 3));
    ocl_add_scale(&rig, second, "scale_run", CLADE_FLOAT32, 7); /* a batch may grow */
    build(&rig, second, 0, 1);
    ck_assert(ocl_scales_by(&rig, second, again, 3));
    cld_batch_free(second);
    ocl_close(&rig);
}
END_TEST

static void build_and_save(const char *directory, size_t want_hits, size_t want_builds) {
    ocl_rig rig;
    ocl_open(&rig, directory, false);
    cld_batch *batch = new_batch(&rig);
    int32_t by3 = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    int32_t by5 = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 5);
    build(&rig, batch, want_hits, want_builds);
    ck_assert(ocl_scales_by(&rig, batch, by3, 3));
    ck_assert(ocl_scales_by(&rig, batch, by5, 5));
    ck_assert_int_eq(cld_batch_save(batch, NULL, NULL, NULL), CLADE_OK);
    cld_batch_free(batch);
    ocl_close(&rig);
}

/* False where the device's binaries are not cached (see lib/ocl/quirks.c): there is nothing to test then. */
static bool fill_cache(const char *directory) {
    build_and_save(directory, 0, 1);
    void *data;
    size_t bytes;
    sqlite3 *db;
    sqlite3_stmt *row;
    char file[4200], key[CLD_DIGEST_HEX] = "";
    snprintf(file, sizeof file, "%s/clade.sqlite", directory);
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT key FROM program", -1, &row, NULL), SQLITE_OK);
    if (sqlite3_step(row) == SQLITE_ROW)
        snprintf(key, sizeof key, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(db);
    cld_store *store = cld_store_open(directory);
    bool there = cld_store_get(store, "program", key, &data, &bytes);
    if (there) {
        setenv("TEST_PROGRAM_KEY", key, 1);
        free(data);
    }
    cld_store_close(store);
    return there;
}

START_TEST(cached_on_disk) {
    const char *directory = ocl_fresh_directory("ocl-cache");
    if (!fill_cache(directory)) {
        test_skip("this device's binaries are not cached");
        return;
    }
    build_and_save(directory, 1, 0);
    /* Another order of the same instances is the same program. */
    ocl_rig rig;
    ocl_open(&rig, directory, false);
    cld_batch *batch = new_batch(&rig);
    ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 5);
    ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    build(&rig, batch, 1, 0);
    cld_batch_free(batch);
    ocl_close(&rig);
}
END_TEST

/* Bytes that carry a right checksum and are no program of this device: rebuilt, with right results, and replaced. */
START_TEST(cache_that_lies) {
    static const char junk[2000] = "not a program at all";
    const char *directory = ocl_fresh_directory("ocl-lies");
    if (!fill_cache(directory)) {
        test_skip("this device's binaries are not cached");
        return;
    }
    const size_t sizes[] = { 0, 1, 20, sizeof junk };
    for (size_t i = 0; i < CLD_COUNT(sizes); i++) {
        cld_store *store = cld_store_open(directory);
        cld_store_put(store, "program", getenv("TEST_PROGRAM_KEY"), junk, sizes[i]);
        cld_store_close(store);
        build_and_save(directory, 0, 1);
        build_and_save(directory, 1, 0);
    }
}
END_TEST

START_TEST(refused) {
    ocl_rig rig;
    int32_t handle;
    ocl_open(&rig, "", false);
    cld_batch *batch = new_batch(&rig);
    ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    rig.steps.node = "culprit";
    cld_step *step = cld_step_kernel(&rig.steps, "broken", "broken_run");
    ck_ok(cld_batch_add(batch, step, &handle, &rig.err), rig.err);
    rig.steps.node = "bystander";
    ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 4);
    ck_refused(cld_batch_build(batch, NULL, NULL, &rig.err), CLADE_ERR_BUILD, "'culprit'", rig.err);
    ck_assert_ptr_nonnull(strstr(rig.err.message, "broken.cl"));
    ck_assert_ptr_nonnull(strstr(rig.log, "no_such_function_anywhere"));
    cld_batch_free(batch);

    batch = new_batch(&rig);
    step = cld_step_kernel(&rig.steps, "no_such_file", "run");
    ck_refused(cld_batch_add(batch, step, &handle, &rig.err), CLADE_ERR_INTERNAL, "no_such_file.cl", rig.err);
    step = cld_step_kernel(&rig.steps, "scale", "scale_run");
    cld_step_define(&rig.steps, step, "FACTOR", "3\n#error out");
    ck_refused(cld_batch_add(batch, step, &handle, &rig.err), CLADE_ERR_INTERNAL, "line break", rig.err);
    handle = ocl_add_scale(&rig, batch, "no_such_entry", CLADE_FLOAT32, 3);
    build(&rig, batch, 0, 1);
    cld_kernel *kernel;
    ck_refused(cld_kernel_new(&kernel, batch, handle, &(size_t){ 0 }, &rig.err), CLADE_ERR_INTERNAL,
               "scale:no_such_entry", rig.err);
    cld_batch_free(batch);
    ocl_close(&rig);
}
END_TEST

static int cancel_at(void *user, const char *what, size_t done, size_t total) {
    (void)what;
    ck_assert(done <= total);
    return *(int *)user == (done == total);
}

START_TEST(cancelled) {
    ocl_rig rig;
    ocl_open(&rig, "", false);
    for (int at_end = 0; at_end < 2; at_end++) {
        cld_batch *batch = new_batch(&rig);
        ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
        ck_refused(cld_batch_build(batch, cancel_at, &at_end, &rig.err), CLADE_ERR_CANCELLED, "cancelled", rig.err);
        cld_batch_free(batch);
    }
    ocl_close(&rig);
}
END_TEST

typedef struct job {
    pthread_t thread;
    cld_ocl *ocl;
    const cld_step *steps[3];
    clade_status status;
    size_t builds;
} job;

static void *build_in_thread(void *user) {
    job *mine = user;
    cld_batch *batch;
    cld_program_stats stats = { 0 };
    int32_t handle;
    mine->status = cld_batch_new(&batch, mine->ocl, NULL);
    for (int i = 0; i < 3 && mine->status == CLADE_OK; i++)
        mine->status = cld_batch_add(batch, mine->steps[i], &handle, NULL);
    if (mine->status == CLADE_OK)
        mine->status = cld_batch_build(batch, NULL, NULL, NULL);
    cld_batch_stats(batch, &stats);
    mine->builds = stats.builds;
    cld_batch_free(batch);
    return NULL;
}

/* Threads that want the same instances at once: they are built once. */
START_TEST(threads) {
    ocl_rig rig;
    job jobs[4];
    size_t builds = 0;
    ocl_open(&rig, "", false);
    cld_step *steps[3];
    for (int i = 0; i < 3; i++) {
        cld_step *step = cld_step_kernel(&rig.steps, "scale", "scale_run");
        cld_step_define_dtype(&rig.steps, step, "T", CLADE_FLOAT32);
        cld_step_define(&rig.steps, step, "FACTOR", "%d", 10 + i);
        steps[i] = cld_arena_copy(rig.steps.arena, step, sizeof *step); /* the list may move */
    }
    for (size_t j = 0; j < CLD_COUNT(jobs); j++) {
        jobs[j] = (job){ .ocl = rig.ocl, .steps = { steps[j % 3], steps[(j + 1) % 3], steps[(j + 2) % 3] } };
        ck_assert_int_eq(pthread_create(&jobs[j].thread, NULL, build_in_thread, &jobs[j]), 0);
    }
    for (size_t j = 0; j < CLD_COUNT(jobs); j++) {
        pthread_join(jobs[j].thread, NULL);
        ck_assert_int_eq(jobs[j].status, CLADE_OK);
        builds += jobs[j].builds;
    }
    ck_assert_uint_eq(builds, 1);
    ocl_close(&rig);
}
END_TEST

Suite *suite_ocl_program(void);
Suite *suite_ocl_program(void) {
    Suite *suite = suite_create("ocl/program");
    TCase *tcase = tcase_create("program");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, instances);
    tcase_add_test(tcase, cached_on_disk);
    tcase_add_test(tcase, cache_that_lies);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, threads);
    suite_add_tcase(suite, tcase);
    return suite;
}
