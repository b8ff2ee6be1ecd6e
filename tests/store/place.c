/* SPDX-License-Identifier: Apache-2.0 */
/* Where the on-disk cache lies, and which places it refuses. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fixture.h"

/* CLADE_CACHE_DIR, else XDG_CACHE_HOME/clade, else HOME/.cache/clade. */
START_TEST(where_it_lies) {
    char base[4096], want[4300];
    snprintf(base, sizeof base, "%s", store_directory("store-where"));
    const char *const cases[][3] = { { "CLADE_CACHE_DIR", "/direct", "/direct" },
                                     { "XDG_CACHE_HOME", "/xdg", "/xdg/clade" },
                                     { "HOME", "/home", "/home/.cache/clade" } };
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        unsetenv("CLADE_CACHE_DIR");
        unsetenv("XDG_CACHE_HOME");
        snprintf(want, sizeof want, "%s%s", base, cases[i][1]);
        setenv(cases[i][0], want, 1);
        cld_store_close(cld_store_open(NULL));
        snprintf(want, sizeof want, "%s%s/clade.sqlite", base, cases[i][2]);
        ck_assert_msg(access(want, R_OK) == 0, "%s is not there", want);
    }
    setenv("CLADE_CACHE_DIR", "", 1);
    ck_assert_ptr_null(cld_store_open(NULL));
    ck_assert_int_eq(store_n_logged, 0);
}
END_TEST

START_TEST(unusable_directories) {
    char directory[4096], path[4300];
    snprintf(directory, sizeof directory, "%s", store_directory("store-places"));
    ck_assert_int_eq(mkdir(directory, 0700), 0);

    snprintf(path, sizeof path, "%s/file", directory); /* under a file */
    store_write_file(path, "x", 1);
    ck_assert_ptr_null(cld_store_open(path));
    strcat(path, "/below");
    ck_assert_ptr_null(cld_store_open(path));
    ck_assert_int_eq(store_n_logged, 2);

    snprintf(path, sizeof path, "%s/open", directory); /* writable by others */
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(chmod(path, 0777), 0);
    ck_assert_ptr_null(cld_store_open(path));
    ck_assert_ptr_nonnull(strstr(store_last_line, "other users"));

    char link[4300]; /* a symbolic link, also written with a slash */
    ck_assert_int_eq(chmod(path, 0700), 0);
    snprintf(link, sizeof link, "%s/link", directory);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_ptr_null(cld_store_open(link));
    ck_assert_ptr_nonnull(strstr(store_last_line, "symbolic link"));
    strcat(link, "//");
    ck_assert_ptr_null(cld_store_open(link));
    ck_assert_ptr_nonnull(strstr(store_last_line, "symbolic link"));
}
END_TEST

START_TEST(unusable_files) {
    const char *directory = store_directory("store-files"), *file = store_file(directory);
    char other[4300];
    snprintf(other, sizeof other, "%s/other", directory);
    store_make_rows(directory);
    ck_assert_int_eq(rename(file, other), 0);
    ck_assert_int_eq(symlink(other, file), 0);
    ck_assert_ptr_null(cld_store_open(directory));
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(link(other, file), 0); /* a second name: somebody else may hold it */
    ck_assert_ptr_null(cld_store_open(directory));
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(mkdir(file, 0700), 0);
    ck_assert_ptr_null(cld_store_open(directory));
    ck_assert_int_eq(store_n_logged, 3);
    ck_assert_int_eq(rmdir(file), 0);
    ck_assert_int_eq(store_check_rows(directory), 0);
}
END_TEST

enum { PROMPT_MS = 500 }; /* 150, and what a busy machine adds */

/* Each file of the store as something whose opening never returns, or must not be followed: one line, and no wait. */
START_TEST(odd_files) {
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm", ".lock" };
    char directory[4096], path[4300];
    for (size_t i = 0; i < CLD_COUNT(suffixes); i++)
        for (int kind = 0; kind < 3; kind++) {
            snprintf(directory, sizeof directory, "%s", store_directory("store-odd"));
            store_make_rows(directory);
            snprintf(path, sizeof path, "%s%s", store_file(directory), suffixes[i]);
            ck_assert(unlink(path) == 0 || i > 0);
            int made = kind == 0 ? mkfifo(path, 0600) : kind == 1 ? mkdir(path, 0700) : symlink("/dev/zero", path);
            ck_assert_int_eq(made, 0);
            alarm(5);
            double start = store_now_ms();
            ck_assert_ptr_null(cld_store_open(directory));
            ck_assert_msg(store_now_ms() - start < PROMPT_MS, "%s: %g ms", path, store_now_ms() - start);
            alarm(0);
            ck_assert_int_eq(store_n_logged, 1);
            ck_assert_msg(strstr(store_last_line, path) && strstr(store_last_line, "plain file"), "%s",
                          store_last_line);
        }
}
END_TEST

/* Held by another connection: an open and a write cost one line, and the program hardly waits. */
START_TEST(locked) {
    const char *directory = store_directory("store-locked");
    sqlite3 *other;
    store_make_rows(directory);
    cld_store *store = cld_store_open(directory);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(sqlite3_open(store_file(directory), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    double start = store_now_ms();
    ck_assert_ptr_null(cld_store_open(directory));
    double opened = store_now_ms();
    store_put_text(store, "new", "dropped");
    store_put_text(store, "newer", "dropped");
    double written = store_now_ms();
    ck_assert_msg(opened - start < PROMPT_MS, "an open waits %g ms", opened - start);
    ck_assert_msg(written - opened < PROMPT_MS, "two writes wait %g ms", written - opened);
    ck_assert_int_eq(store_n_logged, 2);
    ck_assert_msg(strstr(store_last_line, "locked"), "%s", store_last_line);
    cld_store_close(store);
    sqlite3_close(other);
    ck_assert_int_eq(store_check_rows(directory), STORE_ROWS);
}
END_TEST

/* So does its lock file, with nobody behind it who would ever let go. */
START_TEST(lock_file_held) {
    const char *directory = store_directory("store-flock");
    char path[4300];
    store_make_rows(directory);
    snprintf(path, sizeof path, "%s.lock", store_file(directory));
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    double start = store_now_ms();
    cld_store *store = cld_store_open(directory);
    ck_assert_msg(store_now_ms() - start < PROMPT_MS, "%g ms", store_now_ms() - start);
    ck_assert_ptr_nonnull(store); /* nothing was to be repaired, so it is used all the same */
    cld_store_close(store);
    close(fd);
}
END_TEST

/* As an ordinary user, so that the mode counts. */
START_TEST(unwritable) {
    const char *directory = store_directory("store-unwritable");
    store_make_rows(directory);
    bool root = geteuid() == 0;
    if (root) {
        ck_assert_ptr_nonnull(directory);
        ck_assert_int_eq(chown(directory, 65534, 65534) | chown(store_file(directory), 65534, 65534), 0);
        ck_assert_ptr_null(cld_store_open(directory)); /* another user's */
        ck_assert_ptr_nonnull(strstr(store_last_line, "belongs to user"));
    }
    ck_assert_int_eq(chmod(store_file(directory), 0400) | chmod(directory, 0500), 0);
    if (root && (seteuid(65534) != 0 || access(directory, X_OK) != 0)) {
        test_skip("the build directory cannot be reached by an ordinary user");
        return;
    }
    store_n_logged = 0;
    char key[16] = "key3", text[601];
    store_row_text(text, sizeof text, 3);
    cld_store *store = cld_store_open(directory);
    if (store) {
        ck_assert(store_holds(store, key, text));
        store_put_text(store, "new", "dropped");
        store_put_text(store, "newer", "dropped");
        ck_assert(!store_holds(store, "new", ""));
    }
    cld_store_close(store);
    ck_assert_int_eq(store_n_logged, 1);
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(directory, 0700), 0);
}
END_TEST

Suite *suite_store_place(void);
Suite *suite_store_place(void) {
    const TTest *tests[] = { where_it_lies, unusable_directories, unusable_files, odd_files,
                             locked,        lock_file_held,       unwritable };
    Suite *suite = suite_create("store/place");
    TCase *tcase = tcase_create("place");
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < CLD_COUNT(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
