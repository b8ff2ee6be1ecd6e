/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the on-disk cache: what is put is got, also by several processes at once. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/fixture.h"

START_TEST(what_is_put_is_got) {
    const char *directory = store_directory("store-rows");
    cld_store *store = cld_store_open(directory);
    ck_assert_ptr_nonnull(store);
    ck_assert(!store_holds(store, "a", ""));
    store_put_text(store, "a", "first");
    store_put_text(store, "b", "");
    ck_assert(store_holds(store, "a", "first"));
    ck_assert(store_holds(store, "b", ""));
    store_put_text(store, "a", "second");
    cld_store_close(store);
    store = cld_store_open(directory);
    ck_assert(store_holds(store, "a", "second"));
    void *data;
    size_t bytes;
    ck_assert(!cld_store_get(store, "tuning", "a", &data, &bytes));
    ck_assert(!cld_store_get(store, "no such table", "a", &data, &bytes));
    cld_store_remove(store, "program", "a");
    ck_assert(!store_holds(store, "a", ""));
    cld_store_close(store);
    struct stat entry;
    ck_assert(stat(directory, &entry) == 0 && (entry.st_mode & 0777) == 0700);
    ck_assert_int_eq(store_n_logged, 0);
}
END_TEST

START_TEST(no_store_is_fine) {
    void *data;
    size_t bytes;
    ck_assert_ptr_null(cld_store_open(""));
    ck_assert(!cld_store_get(NULL, "program", "a", &data, &bytes));
    cld_store_put(NULL, "program", "a", "x", 1);
    cld_store_remove(NULL, "program", "a");
    cld_store_close(NULL);
}
END_TEST

/* ---- several processes --- */

enum { PROCESSES = 4, PROCESS_ROWS = 8 };

static void in_processes(void (*work)(const char *directory, int number), const char *directory) {
    pid_t children[PROCESSES];
    for (int p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        if (children[p] == 0) {
            work(directory, p);
            _exit(0);
        }
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        ck_assert_int_eq(waitpid(children[p], &status, 0), children[p]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d failed", p);
    }
}

/* A process that is kept waiting goes on without the cache, so on a busy machine it opens it again. */
static void put_until_held(const char *directory, cld_store **store, const char *key, const char *text) {
    for (int tries = 0; tries < 100; tries++) {
        if (!*store)
            *store = cld_store_open(directory);
        store_put_text(*store, key, text);
        if (store_holds(*store, key, text))
            return;
        cld_store_close(*store);
        *store = NULL;
    }
    _exit(1);
}

static void many_puts(const char *directory, int number) {
    char key[32];
    cld_store *store = NULL;
    for (int i = 0; i < PROCESS_ROWS; i++) {
        snprintf(key, sizeof key, "%d-%d", number, i);
        put_until_held(directory, &store, key, key);
        put_until_held(directory, &store, "shared", "the same");
    }
    cld_store_close(store);
}

static void all_there(const char *directory) {
    char key[32];
    cld_store *store = cld_store_open(directory);
    ck_assert_ptr_nonnull(store);
    for (int p = 0; p < PROCESSES; p++)
        for (int i = 0; i < PROCESS_ROWS; i++) {
            snprintf(key, sizeof key, "%d-%d", p, i);
            ck_assert_msg(store_holds(store, key, key), "row %s is lost", key);
        }
    cld_store_close(store);
}

START_TEST(processes_share) {
    const char *directory = store_directory("store-shared"); /* not there yet: they also race to make it */
    in_processes(many_puts, directory);
    all_there(directory);
    ck_assert_int_eq(store_n_logged, 0);
}
END_TEST

/* Only one of them replaces a damaged file; no one's rows go with it. */
START_TEST(processes_recover) {
    const char *directory = store_directory("store-recover"), *file = store_file(directory);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    for (int round = 0; round < 3; round++) {
        unsigned char junk[8192];
        memset(junk, 0x5a + round, sizeof junk);
        store_write_file(file, junk, sizeof junk);
        in_processes(many_puts, directory);
        all_there(directory);
    }
}
END_TEST

Suite *suite_store_rows(void);
Suite *suite_store_rows(void) {
    const TTest *tests[] = { what_is_put_is_got, no_store_is_fine, processes_share, processes_recover };
    Suite *suite = suite_create("store/rows");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < CLD_COUNT(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
