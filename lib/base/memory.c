/* SPDX-License-Identifier: Apache-2.0 */
/* Checked sizes and the arena: a list of zeroed blocks that grow geometrically, large ones of whole pages; a request
 * too large for a block gets one of its own. Blocks are never moved, so pointers stay valid until the arena is freed.
 */
#include "base/base.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef CLADE_ARENA_BLOCK
#define CLADE_ARENA_BLOCK 1024 /* bytes of the first block; a test wants few */
#endif
enum { FIRST_BLOCK = CLADE_ARENA_BLOCK, LARGEST_BLOCK = FIRST_BLOCK << 10, ALIGN_SMALL = 16, ALIGN_LARGE = 64 };
enum { PAGED_BLOCK = 32 << 10 }; /* from so many bytes on: few enough pages to be mapped, enough to be worth it */

typedef struct block {
    struct block *next;
    size_t used, size; /* of the bytes behind this header */
} block;

struct cld_arena {
    block *blocks;           /* the first is the one being filled */
    size_t next_size, bytes; /* of the next block; of all of them */
    bool failed;
};

bool cld_mul_size(size_t a, size_t b, size_t *out) {
    if (b && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool cld_add_size(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

char *cld_strndup(const char *text, size_t length) {
    char *copy = cld_calloc(length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *cld_real_path(const char *path) {
    char *buffer = cld_calloc(PATH_MAX, 1), *found = NULL;
    if (buffer)
        found = realpath(path, buffer);
    else
        errno = ENOMEM;
    if (!found)
        cld_free(buffer);
    return found;
}

clade_status cld_no_memory(clade_error *err, const char *what) {
    return cld_fail(err, CLADE_ERR_MEMORY, "%s: host memory is exhausted", what);
}

cld_arena *cld_arena_new(void) {
    cld_arena *arena = cld_calloc(1, sizeof *arena);
    if (arena)
        arena->next_size = FIRST_BLOCK;
    return arena;
}

static block *block_new(size_t total) {
    block *b = total < PAGED_BLOCK ? cld_calloc(1, total) : cld_pages_new(total);
    if (b)
        b->size = total - sizeof(block);
    return b;
}

static void block_free(block *b) {
    const size_t total = b->size + sizeof(block);
    if (total < PAGED_BLOCK)
        cld_free(b);
    else
        cld_pages_free(b, total);
}

void cld_arena_free(cld_arena *arena) {
    if (!arena)
        return;
    for (block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        block_free(b);
    }
    cld_free(arena);
}

size_t cld_arena_bytes(const cld_arena *arena) { return arena->bytes; }

bool cld_arena_failed(const cld_arena *arena) { return arena->failed; }

static void *take(block *b, size_t bytes, size_t align) {
    uintptr_t base = (uintptr_t)(b + 1);
    uintptr_t start = (base + b->used + align - 1) & ~(uintptr_t)(align - 1);
    size_t offset = start - base;
    if (offset > b->size || bytes > b->size - offset)
        return NULL;
    b->used = offset + bytes;
    return (void *)start;
}

static void *allocate(cld_arena *arena, size_t bytes) {
    size_t align = bytes >= ALIGN_LARGE ? ALIGN_LARGE : ALIGN_SMALL;
    bytes = bytes ? bytes : 1;
    void *found = arena->blocks ? take(arena->blocks, bytes, align) : NULL;
    if (found)
        return found;
    size_t total;
    if (!cld_add_size(bytes, sizeof(block) + ALIGN_LARGE, &total) || total > PTRDIFF_MAX)
        return NULL;
    bool own = total > arena->next_size / 4;
    if (!own)
        total = arena->next_size;
    block *b = block_new(total);
    if (!b)
        return NULL;
    arena->bytes += total;
    if (own && arena->blocks) { /* keep filling the present block */
        b->next = arena->blocks->next;
        arena->blocks->next = b;
    } else {
        b->next = arena->blocks;
        arena->blocks = b;
        arena->next_size = CLD_MIN(arena->next_size * 2, (size_t)LARGEST_BLOCK);
    }
    return take(b, bytes, align);
}

void *cld_arena_alloc(cld_arena *arena, size_t bytes) {
    void *found = allocate(arena, bytes);
    arena->failed |= !found;
    return found;
}

void *cld_arena_calloc(cld_arena *arena, size_t count, size_t bytes) {
    size_t total;
    return cld_arena_alloc(arena, cld_mul_size(count, bytes, &total) ? total : SIZE_MAX);
}

void *cld_arena_copy(cld_arena *arena, const void *data, size_t bytes) {
    void *copy = cld_arena_alloc(arena, bytes);
    if (copy && bytes)
        memcpy(copy, data, bytes);
    return copy;
}

char *cld_arena_text(cld_arena *arena, const char *text) { return cld_arena_copy(arena, text, strlen(text) + 1); }

char *cld_text_take(cld_text *text, cld_arena *arena) {
    char *copy = text->failed ? NULL : cld_arena_text(arena, text->data ? text->data : "");
    arena->failed |= !copy;
    cld_text_free(text);
    return copy;
}

char *cld_arena_printf(cld_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : cld_arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

bool cld_arena_grow(cld_arena *arena, void **array, int32_t *capacity, int32_t need, size_t item_bytes) {
    if (need <= *capacity)
        return true;
    int32_t wanted = *capacity > INT32_MAX / 2 ? INT32_MAX : CLD_MAX(*capacity * 2, 8);
    wanted = CLD_MAX(wanted, need);
    void *larger = cld_arena_calloc(arena, (size_t)wanted, item_bytes);
    if (!larger)
        return false;
    if (*capacity)
        memcpy(larger, *array, (size_t)*capacity * item_bytes);
    *array = larger;
    *capacity = wanted;
    return true;
}
