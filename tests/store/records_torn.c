/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tuning records that a disk has damaged, bit by bit or by the page, or cut: never a wrong record, and records
 * that can be written again.
 */
#include "store/records_fixture.h"

static unsigned char before[1 << 16], after[1 << 16];

/* So many records, "product 0" and so on. */
static void fill(const char *directory, int count) {
    open_at(directory);
    for (int k = 0; k < count; k++) {
        char problem[50];
        cld_record r = sample;
        snprintf(problem, sizeof problem, "product %d", k);
        r.problem = problem;
        ck_ok(cld_records_put(records, &r, &err), err);
    }
    cld_records_close(records);
}

START_TEST(bit_flips) {
    const char *directory = store_directory("records-flips");
    fill(directory, 30);
    const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
    uint64_t seed = 99;
    for (int round = 0; round < 200; round++) {
        memcpy(after, before, bytes);
        for (int k = 0; k < 3; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            after[(seed >> 33) % (round % 2 ? bytes : 200)] ^= (unsigned char)(1u << (seed >> 60 & 7));
        }
        store_write_file(file_of(directory), after, bytes);
        if (cld_records_open(&records, directory, true, &err) != CLADE_OK) {
            ck_assert_int_gt((int)strlen(err.message), 0); /* another application's, or a newer format */
            continue;
        }
        cld_record *found;
        for (int k = 0; k < 30; k++) {
            char problem[50];
            snprintf(problem, sizeof problem, "product %d", k);
            if (cld_records_get(records, "GPU", problem, &found, &err) == CLADE_OK && found)
                ck_assert_str_eq(found->problem, problem);
            cld_free(found);
            found = NULL;
        }
        cld_records_close(records);
    }
}
END_TEST

/* Cut anywhere, also where only a look at every page sees it: set aside, or what is found is right; and writable. */
START_TEST(truncated) {
    const char *directory = store_directory("records-truncated");
    fill(directory, 100);
    const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
    ck_assert_uint_gt(bytes, 4 * 4096);
    for (size_t keep = 0; keep < bytes; keep += keep < 200 ? 50 : 4096 + 57) {
        store_write_file(file_of(directory), before, keep);
        open_at(directory);
        cld_record *found;
        ck_ok(cld_records_get(records, "GPU", "product 99", &found, &err), err);
        cld_free(found);
        ck_ok(cld_records_put(records, &sample, &err), err);
        ck_assert_double_eq(seconds_of("GPU", sample.problem), 1e-5);
        cld_records_close(records);
    }
}
END_TEST

/* A page that nobody has read yet is looked at when records are opened to be written. */
START_TEST(a_page_in_the_middle) {
    const char *directory = store_directory("records-middle");
    fill(directory, 100);
    const size_t bytes = store_read_file(file_of(directory), before, sizeof before);
    memset(before + bytes - 4096, 0xa5, 4096);
    store_write_file(file_of(directory), before, bytes);
    ck_ok(cld_records_open(&records, directory, false, &err), err);
    ck_assert_ptr_nonnull(records);
    cld_records_close(records);
    ck_assert_int_eq(count_aside(directory), 0); /* who only reads moves nothing for it */
    open_at(directory);
    ck_assert_int_eq(store_n_logged, 1);
    ck_assert_int_eq(count_aside(directory), 1);
    ck_ok(cld_records_put(records, &sample, &err), err);
    cld_records_close(records);
}
END_TEST

Suite *suite_store_records_torn(void);
Suite *suite_store_records_torn(void) {
    Suite *suite = suite_create("store/records_torn");
    TCase *tcase = tcase_create("torn");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, bit_flips);
    tcase_add_test(tcase, truncated);
    tcase_add_test(tcase, a_page_in_the_middle);
    suite_add_tcase(suite, tcase);
    return suite;
}
