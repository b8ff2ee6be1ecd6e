/* SPDX-License-Identifier: Apache-2.0 */
/* Growing strings, JSON quoting, hashing, the table of names. */
#include <stdio.h>

#include "base/base.h"
#include "test.h"

START_TEST(growing_text) {
    cld_text text = { 0 };
    cld_text_add(&text, "");
    ck_assert_str_eq(text.data, "");
    for (int i = 0; i < 500; i++)
        cld_text_printf(&text, "%03d,", i);
    cld_text_addn(&text, "endXXX", 3);
    ck_assert(!text.failed);
    ck_assert_uint_eq(text.size, 2003);
    ck_assert_uint_eq(strlen(text.data), 2003);
    ck_assert_str_eq(text.data + 1996, "499,end");
    text.failed = true;
    cld_text_add(&text, "more");
    ck_assert_uint_eq(text.size, 2003);
    cld_text_free(&text);
    ck_assert_ptr_null(text.data);
    ck_assert(!text.failed);
}
END_TEST

static const struct {
    const char *in, *out;
} quoted[] = {
    { "", "\"\"" },
    { "plain", "\"plain\"" },
    { "a\"b\\c\n\t\r\x01", "\"a\\\"b\\\\c\\n\\t\\r\\u0001\"" },
    { "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"" },
    { "\xff"
      "a",
      "\"\\ufffda\"" },
    { "\xc3", "\"\\ufffd\"" },                       /* cut short */
    { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },            /* overlong */
    { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
    { "\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\"" },
};

START_TEST(json_quoting) {
    cld_text text = { 0 };
    cld_text_json(&text, quoted[_i].in);
    ck_assert_str_eq(text.data, quoted[_i].out);
    cld_text_free(&text);
}
END_TEST

START_TEST(hash_vectors) { /* from the authors' test suite */
    ck_assert_uint_eq(cld_hash(CLD_HASH_START, "", 0), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(cld_hash(CLD_HASH_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert_uint_eq(cld_hash(CLD_HASH_START, "foobar", 6), UINT64_C(0x85944171f73967e8));
    ck_assert_uint_eq(cld_hash(cld_hash(CLD_HASH_START, "foo", 3), "bar", 3), UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(names_table) {
    enum { COUNT = 5000 };
    static char keys[COUNT][8];
    cld_arena *arena = cld_arena_new();
    cld_names names;
    cld_names_init(&names, arena);
    ck_assert_int_eq(cld_names_get(&names, "0"), -1);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        ck_assert(cld_names_put(&names, keys[i], i));
    }
    ck_assert(cld_names_put(&names, "17", 170)); /* another pointer, the same name */
    ck_assert_int_eq(names.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(cld_names_get(&names, keys[i]), i == 17 ? 170 : i);
    ck_assert_int_eq(cld_names_get(&names, "no"), -1);
    ck_assert_int_eq(cld_names_get(&names, ""), -1);
    cld_arena_free(arena);
}
END_TEST

Suite *suite_base_text(void);
Suite *suite_base_text(void) {
    Suite *suite = suite_create("base/text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, growing_text);
    tcase_add_loop_test(tcase, json_quoting, 0, CLD_COUNT(quoted));
    tcase_add_test(tcase, hash_vectors);
    tcase_add_test(tcase, names_table);
    suite_add_tcase(suite, tcase);
    return suite;
}
