/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of kernel texts, and CLADE_CL_DIR in place of it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kern/kern.h"
#include "test.h"

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(embedded_texts) {
    unsetenv("CLADE_CL_DIR");
    const char *common = cld_kern_source("common");
    ck_assert_ptr_nonnull(common);
    ck_assert_ptr_nonnull(strstr(common, "CLADE_LOAD_HALF"));
    ck_assert_ptr_null(cld_kern_source("no-such-family"));
    ck_assert_ptr_null(cld_kern_source("../lib/kern/kern"));
}
END_TEST

START_TEST(texts_from_a_directory) {
    char directory[4096];
    snprintf(directory, sizeof directory, "%s", test_scratch("cl"));
    mkdir(directory, 0777);
    write_text(test_scratch("cl/common.clh"), "/* another common */\n");
    write_text(test_scratch("cl/mine.cl"), "/* mine */\n");
    setenv("CLADE_CL_DIR", directory, 1);
    ck_assert_str_eq(cld_kern_source("common"), "/* another common */\n");
    const char *mine = cld_kern_source("mine");
    ck_assert_str_eq(mine, "/* mine */\n");
    ck_assert_ptr_eq(cld_kern_source("mine"), mine);
    ck_assert_ptr_null(cld_kern_source("absent"));
    unsetenv("CLADE_CL_DIR");
    ck_assert_ptr_null(cld_kern_source("mine"));
}
END_TEST

Suite *suite_kern_source(void);
Suite *suite_kern_source(void) {
    Suite *suite = suite_create("kern/source");
    TCase *tcase = tcase_create("source");
    tcase_add_test(tcase, embedded_texts);
    tcase_add_test(tcase, texts_from_a_directory);
    suite_add_tcase(suite, tcase);
    return suite;
}
