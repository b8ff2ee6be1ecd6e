/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of kernel texts, and CLADE_CL_DIR in place of it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fault/memory.h"
#include "kern/kern.h"
#include "test.h"

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const char *source(const char *family) {
    const char *text;
    clade_error err;
    ck_ok(cld_kern_source(&text, family, &err), err);
    return text;
}

START_TEST(embedded_texts) {
    unsetenv("CLADE_CL_DIR");
    const char *common = source("common");
    ck_assert_ptr_nonnull(common);
    ck_assert_ptr_nonnull(strstr(common, "CLADE_LOAD_HALF"));
    ck_assert_ptr_null(source("no-such-family"));
    ck_assert_ptr_null(source("../lib/kern/kern"));
}
END_TEST

START_TEST(texts_from_a_directory) {
    char directory[4096];
    snprintf(directory, sizeof directory, "%s", test_scratch("cl"));
    mkdir(directory, 0777);
    write_text(test_scratch("cl/common.clh"), "/* another common */\n");
    write_text(test_scratch("cl/mine.cl"), "/* mine */\n");
    setenv("CLADE_CL_DIR", directory, 1);
    ck_assert_str_eq(source("common"), "/* another common */\n");
    const char *mine = source("mine");
    ck_assert_str_eq(mine, "/* mine */\n");
    ck_assert_ptr_eq(source("mine"), mine);
    ck_assert_ptr_null(source("absent"));
    unsetenv("CLADE_CL_DIR");
    ck_assert_ptr_null(source("mine"));
}
END_TEST

/* A file that is there is never passed over for the embedded text. */
START_TEST(no_memory) {
    clade_error err;
    const char *text;
    mkdir(test_scratch("cl"), 0777);
    write_text(test_scratch("cl/map.cl"), "/* mine */\n");
    setenv("CLADE_CL_DIR", test_scratch("cl"), 1);
    long n = 1, held = memory_held();
    for (;; n++) {
        memory_fail(n, false);
        clade_status status = cld_kern_source(&text, "map", &err);
        if (!memory_clear())
            break;
        ck_assert_msg(status == CLADE_ERR_MEMORY, "allocation %ld: %s", n, clade_status_name(status));
        ck_assert_int_eq(memory_held(), held);
    }
    ck_assert_int_gt(n, 3);
    ck_assert_str_eq(text, "/* mine */\n");
}
END_TEST

Suite *suite_kern_source(void);
Suite *suite_kern_source(void) {
    Suite *suite = suite_create("kern/source");
    TCase *tcase = tcase_create("source");
    tcase_add_test(tcase, embedded_texts);
    tcase_add_test(tcase, texts_from_a_directory);
    tcase_add_test(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
