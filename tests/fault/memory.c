/* SPDX-License-Identifier: Apache-2.0 */
/* See memory.h. */
#include "fault/memory.h"

#include <stdlib.h>

#include "base/base.h"

static long countdown, held;
static bool stays;

void memory_fail(long n, bool lasting) {
    countdown = n;
    stays = lasting;
}

bool memory_clear(void) {
    bool fired = countdown < 0;
    countdown = 0;
    return fired;
}

long memory_held(void) { return __atomic_load_n(&held, __ATOMIC_SEQ_CST); }

/* Counted down to 0 it fails; -1 says that it has. */
static bool fails(void) {
    if (countdown <= 0)
        return countdown < 0 && stays;
    if (--countdown)
        return false;
    countdown = -1;
    return true;
}

static void *count(void *memory) {
    if (memory)
        __atomic_add_fetch(&held, 1, __ATOMIC_SEQ_CST);
    return memory;
}

void *cld_calloc(size_t n, size_t bytes) { return fails() ? NULL : count(calloc(n, bytes)); }

void *cld_realloc(void *memory, size_t n, size_t bytes) {
    size_t total;
    if (!cld_mul_size(n, bytes, &total) || fails())
        return NULL;
    void *larger = realloc(memory, total);
    return memory ? larger : count(larger);
}

void cld_free(void *memory) {
    if (memory)
        __atomic_sub_fetch(&held, 1, __ATOMIC_SEQ_CST);
    free(memory);
}

void *cld_pages_new(size_t bytes) { return cld_calloc(1, bytes); }

void cld_pages_free(void *pages, size_t bytes) {
    (void)bytes;
    cld_free(pages);
}
