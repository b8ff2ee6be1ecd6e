/* SPDX-License-Identifier: Apache-2.0 */
/* The cache on disk changes time, never results: whatever lies in its directory, a run gives the same bits as without
 * one. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mlp.h"
#include "test.h"

#define BATCH 5

static char directory[PATH_MAX];
static clade_model *model;
static float want[BATCH * MLP_OUTPUTS];

/* Opens the device anew with its cache in `cache_dir` and runs once: the result, and how the programs were had. */
static clade_session_stats run_with(const char *cache_dir, float *y) {
    clade_error err = { .status = CLADE_OK };
    clade_device *device = mlp_device(cache_dir);
    clade_session *session = mlp_session(device, model, 0);
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    mlp_predict(session, BATCH, y);
    ck_ok(clade_session_get_stats(session, &stats, &err), err);
    clade_session_free(session);
    clade_device_close(device);
    return stats;
}

static void same_bits(const char *cache_dir, clade_session_stats *stats) {
    float y[BATCH * MLP_OUTPUTS];
    *stats = run_with(cache_dir, y);
    ck_assert_mem_eq(y, want, sizeof y);
}

/* A cache filled by one run, and the result without any cache. */
static void fill(void) {
    model = mlp_load();
    snprintf(directory, sizeof directory, "%s", test_scratch("cache-XXXXXX"));
    ck_assert(mkdtemp(directory) != NULL);
    run_with("", want);
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    same_bits(directory, &stats);
    ck_assert_uint_gt(stats.program_builds, 0);
    ck_assert_uint_eq(stats.program_cache_hits, 0);
}

static void drop(void) { clade_model_free(model); }

/* Applies `spoil` to each file of the cache. */
static void each_file(void (*spoil)(const char *path, off_t size)) {
    DIR *entries = opendir(directory);
    ck_assert(entries != NULL);
    int files = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[2 * PATH_MAX];
        struct stat facts;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode)) {
            spoil(path, facts.st_size);
            files++;
        }
    }
    closedir(entries);
    ck_assert_int_gt(files, 0);
}

static void overwrite(const char *path, off_t from, off_t to) {
    int file = open(path, O_WRONLY);
    ck_assert_int_ge(file, 0);
    for (off_t at = from; at < to; at++) {
        unsigned char byte = (unsigned char)(at * 37 + 11);
        ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    }
    close(file);
}

static void empty_file(const char *path, off_t size) {
    (void)size;
    ck_assert_int_eq(truncate(path, 0), 0);
}
static void halve(const char *path, off_t size) { ck_assert_int_eq(truncate(path, size / 2), 0); }
static void garble_all(const char *path, off_t size) { overwrite(path, 0, size); }
static void garble_head(const char *path, off_t size) { overwrite(path, 0, size < 100 ? size : 100); }
static void garble_body(const char *path, off_t size) { overwrite(path, size / 3, size); }
static void delete_file(const char *path, off_t size) {
    (void)size;
    ck_assert_int_eq(unlink(path), 0);
}
static void make_directory(const char *path, off_t size) {
    delete_file(path, size);
    ck_assert_int_eq(mkdir(path, 0777), 0);
}

static void (*const spoils[])(const char *, off_t) = { empty_file,  halve,       garble_all,    garble_head,
                                                       garble_body, delete_file, make_directory };

START_TEST(second_process_builds_nothing) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    same_bits(directory, &stats);
    ck_assert_uint_eq(stats.program_builds, 0);
    ck_assert_uint_gt(stats.program_cache_hits, 0);
}
END_TEST

START_TEST(spoilt_file_changes_no_bit) {
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    each_file(spoils[_i]);
    same_bits(directory, &stats);
    ck_assert_uint_gt(stats.program_builds, 0);
    same_bits(directory, &stats);
}
END_TEST

START_TEST(impossible_directory_is_no_cache) {
    static const char *const names[] = { "/proc/no/such/place", "/dev/null", "/dev/null/below" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        clade_session_stats stats = CLADE_SESSION_STATS_INIT;
        same_bits(names[i], &stats);
        ck_assert_uint_gt(stats.program_builds, 0);
    }
}
END_TEST

START_TEST(processes_share_one_cache) {
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%s", test_scratch("shared-XXXXXX"));
    ck_assert(mkdtemp(fresh) != NULL);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            /* A new image, because a driver that was started does not survive fork. */
            setenv("CLADE_CACHE_DIR", fresh, 1);
            execl("/proc/self/exe", "device", "session_once", (char *)NULL);
            _exit(127);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    clade_session_stats stats = CLADE_SESSION_STATS_INIT;
    same_bits(fresh, &stats);
    ck_assert_uint_eq(stats.program_builds, 0);
}
END_TEST

START_TEST(runs_once) {
    clade_device *device = mlp_device(NULL);
    model = mlp_load();
    clade_session *session = mlp_session(device, model, 0);
    mlp_predict(session, BATCH, NULL);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

/* One run with the environment's cache: what the processes above do, and worth its place as the smallest test. */
Suite *suite_session_once(void);
Suite *suite_session_once(void) {
    Suite *suite = suite_create("session/once");
    TCase *tcase = tcase_create("run");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, runs_once);
    suite_add_tcase(suite, tcase);
    return suite;
}

Suite *suite_session_cache(void);
Suite *suite_session_cache(void) {
    Suite *suite = suite_create("session/cache");
    TCase *tcase = tcase_create("cache");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, fill, drop);
    tcase_add_test(tcase, second_process_builds_nothing);
    tcase_add_loop_test(tcase, spoilt_file_changes_no_bit, 0, sizeof spoils / sizeof spoils[0]);
    tcase_add_test(tcase, impossible_directory_is_no_cache);
    tcase_add_test(tcase, processes_share_one_cache);
    suite_add_tcase(suite, tcase);
    return suite;
}
