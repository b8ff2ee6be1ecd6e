/* SPDX-License-Identifier: Apache-2.0 */
/* Checked sizes, the arena, locks and reference counts. */
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"
#include "test.h"

START_TEST(checked_sizes) {
    size_t out = 7;
    ck_assert(cld_mul_size(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
    ck_assert(cld_mul_size(SIZE_MAX, 0, &out) && out == 0);
    ck_assert(!cld_mul_size(SIZE_MAX / 2 + 1, 2, &out) && out == 0);
    ck_assert(cld_add_size(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    ck_assert(!cld_add_size(SIZE_MAX, 1, &out) && out == SIZE_MAX);
}
END_TEST

static bool all_equal(const unsigned char *p, size_t n, unsigned char value) {
    for (size_t i = 0; i < n; i++)
        if (p[i] != value)
            return false;
    return true;
}

/* Zeroed, aligned, and nothing overlaps: each block is filled with its own number and read back at the end. */
START_TEST(arena_blocks) {
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 1000, 1023, 1024, 4095, 4096, 5000, 100000, 2000000 };
    enum { ROUNDS = 20 };
    unsigned char *got[CLD_COUNT(sizes) * ROUNDS];
    cld_arena *arena = cld_arena_new();
    ck_assert_ptr_nonnull(arena);
    for (size_t i = 0; i < CLD_COUNT(got); i++) {
        size_t size = sizes[i % CLD_COUNT(sizes)];
        got[i] = cld_arena_alloc(arena, size);
        ck_assert_ptr_nonnull(got[i]);
        ck_assert_uint_eq((uintptr_t)got[i] % (size >= 64 ? 64 : 16), 0);
        ck_assert(all_equal(got[i], size, 0));
        memset(got[i], (int)(i % 255) + 1, size);
    }
    for (size_t i = 0; i < CLD_COUNT(got); i++)
        ck_assert(all_equal(got[i], sizes[i % CLD_COUNT(sizes)], (unsigned char)(i % 255 + 1)));
    ck_assert_ptr_null(cld_arena_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(cld_arena_alloc(arena, SIZE_MAX - 64));
    ck_assert_ptr_null(cld_arena_calloc(arena, SIZE_MAX / 4, 8));
    cld_arena_free(arena);
    cld_arena_free(NULL);
}
END_TEST

START_TEST(arena_texts) {
    cld_arena *arena = cld_arena_new();
    char source[] = "abc";
    char *copy = cld_arena_text(arena, source);
    source[0] = 'x';
    ck_assert_str_eq(copy, "abc");
    ck_assert_str_eq(cld_arena_printf(arena, "%s-%d", "n", 12), "n-12");
    int *items = NULL;
    int32_t capacity = 0;
    for (int32_t i = 0; i < 1000; i++) {
        ck_assert(cld_arena_grow(arena, (void **)&items, &capacity, i + 1, sizeof *items));
        items[i] = i;
    }
    for (int32_t i = 0; i < 1000; i++)
        ck_assert_int_eq(items[i], i);
    ck_assert_int_lt(capacity, 3000);
    ck_assert(!cld_arena_grow(arena, (void **)&items, &capacity, INT32_MAX, SIZE_MAX / 2));
    ck_assert_int_lt(capacity, 3000);
    cld_arena_free(arena);
}
END_TEST

typedef struct shared {
    cld_lock *lock;
    cld_refs refs;
    long counter;
    int last_drops;
} shared;

enum { STEPS = 20000 };

static void *work(void *user) {
    shared *s = user;
    for (int i = 0; i < STEPS; i++) {
        cld_lock_take(s->lock);
        s->counter++;
        cld_lock_drop(s->lock);
        cld_refs_take(&s->refs);
        if (cld_refs_drop(&s->refs))
            s->last_drops++;
    }
    return NULL;
}

START_TEST(locks_and_references) {
    shared s = { .lock = cld_lock_new() };
    ck_assert_ptr_nonnull(s.lock);
    cld_refs_init(&s.refs);
    pthread_t threads[4];
    for (size_t i = 0; i < CLD_COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &s), 0);
    for (size_t i = 0; i < CLD_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(s.counter, STEPS * (long)CLD_COUNT(threads));
    ck_assert_int_eq(s.last_drops, 0);
    ck_assert(cld_refs_drop(&s.refs));
    cld_lock_free(s.lock);
    cld_lock_free(NULL);
}
END_TEST

Suite *suite_base_memory(void);
Suite *suite_base_memory(void) {
    Suite *suite = suite_create("base/memory");
    TCase *tcase = tcase_create("memory");
    tcase_add_test(tcase, checked_sizes);
    tcase_add_test(tcase, arena_blocks);
    tcase_add_test(tcase, arena_texts);
    tcase_add_test(tcase, locks_and_references);
    suite_add_tcase(suite, tcase);
    return suite;
}
