/* SPDX-License-Identifier: Apache-2.0 */
/* The table that cl/embed.sh makes holds every kernel file as it is on disk, byte for byte. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern.h"
#include "test.h"

extern const struct cld_kern_embedded { const char *family, *text; } cld_kern_embedded[];

static FILE *open_family(const char *family) {
    const char *suffixes[] = { "cl", "clh" };
    FILE *file = NULL;
    for (int i = 0; i < 2 && file == NULL; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/cl/%s.%s", getenv("CLADE_SOURCE_DIR"), family, suffixes[i]);
        file = fopen(path, "rb");
    }
    return file;
}

START_TEST(same_as_on_disk) {
    for (int i = 0; cld_kern_embedded[i].family != NULL; i++) {
        const char *text = cld_kern_embedded[i].text;
        FILE *file = open_family(cld_kern_embedded[i].family);
        ck_assert_msg(file != NULL, "no file for family %s", cld_kern_embedded[i].family);
        size_t at = 0;
        for (int c; (c = getc(file)) != EOF; at++)
            ck_assert_msg((unsigned char)text[at] == c, "%s differs at byte %zu", cld_kern_embedded[i].family, at);
        ck_assert_uint_eq(strlen(text), at);
        fclose(file);
    }
}
END_TEST

START_TEST(has_headers_and_no_family_twice) {
    for (int k = 0; k < CLD_KERN_HEADERS; k++)
        ck_assert_str_eq(cld_kern_embedded[k].family, cld_kern_headers[k]);
    for (int i = 0; cld_kern_embedded[i].family != NULL; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(cld_kern_embedded[i].family, cld_kern_embedded[j].family);
}
END_TEST

Suite *suite_kern_embedded(void);
Suite *suite_kern_embedded(void) {
    Suite *suite = suite_create("kern/embedded");
    TCase *tcase = tcase_create("table");
    tcase_add_test(tcase, same_as_on_disk);
    tcase_add_test(tcase, has_headers_and_no_family_twice);
    suite_add_tcase(suite, tcase);
    return suite;
}
