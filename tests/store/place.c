/* SPDX-License-Identifier: Apache-2.0 */
/* Where the on-disk cache lies, and which places it refuses. */
#include <stdio.h>
#include <stdlib.h>
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
    const TTest *tests[] = { where_it_lies, unusable_directories, unusable_files, unwritable };
    Suite *suite = suite_create("store/place");
    TCase *tcase = tcase_create("place");
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < CLD_COUNT(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
