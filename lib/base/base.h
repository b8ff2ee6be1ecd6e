/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 0: errors, memory, text, hashing. Knows libc and the public status and log headers only. */
#ifndef CLD_BASE_H
#define CLD_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "clade/log.h"
#include "clade/status.h"

/* ---- error.c -------------------------------------------------------------------------------------------------- */

/* Writes the one line (newlines and control characters become spaces) and returns `status`. `err` may be NULL. The
 * lowest level that knows both facts calls this; everyone above forwards. */
clade_status cld_fail(clade_error *err, clade_status status, const char *format, ...) CLADE_PRINTF(3, 4);

/* Puts the file (or whatever holds the object) before a line that has been written; returns `status`. */
clade_status cld_fail_in(clade_error *err, clade_status status, const char *where);

/* Forward a failure: CLD_TRY to the function's single `fail:` label (needs a local `clade_status status`),
 * CLD_RETURN where there is nothing to release. */
#define CLD_TRY(call)                                                                                                  \
    do {                                                                                                               \
        if ((status = (call)) != CLADE_OK)                                                                             \
            goto fail;                                                                                                 \
    } while (0)
#define CLD_RETURN(call)                                                                                               \
    do {                                                                                                               \
        clade_status cld_status_ = (call);                                                                             \
        if (cld_status_ != CLADE_OK)                                                                                   \
            return cld_status_;                                                                                        \
    } while (0)

#define CLD_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CLD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define CLD_MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- watch.c -------------------------------------------------------------------------------------------------- */

/* Who is told how far long work has come, and may end it. */
typedef struct cld_watch {
    clade_progress_fn progress; /* NULL: nobody */
    void *user;
} cld_watch;
/* ERR_CANCELLED when the caller wants no more. */
clade_status cld_watch_ask(const cld_watch *watch, const char *what, size_t done, size_t total, clade_error *err);

/* ---- log.c ---------------------------------------------------------------------------------------------------- */
/* A message of several lines reaches the hook line by line. */
void cld_log(clade_log_level level, const char *format, ...) CLADE_PRINTF(2, 3);

/* ---- alloc.c -------------------------------------------------------------------------------------------------- */

/* All memory from libc goes through these; NULL: there is none, or the product overflows. What is allocated is zeroed.
 * "The caller frees" means cld_free, which takes NULL too. */
void *cld_calloc(size_t count, size_t bytes);
void *cld_realloc(void *memory, size_t count, size_t bytes); /* what is new is not zeroed */
void cld_free(void *memory);
/* Whole pages, zeroed. Given back they are the system's at once, where a heap would keep them for what lies above. */
void *cld_pages_new(size_t bytes);
void cld_pages_free(void *pages, size_t bytes);

/* ---- memory.c ------------------------------------------------------------------------------------------------- */

/* Checked sizes: false on overflow, *out untouched. */
bool cld_mul_size(size_t a, size_t b, size_t *out);
bool cld_add_size(size_t a, size_t b, size_t *out);

/* A bump allocator: everything that lives as long as one object is taken from the object's arena and freed with it.
 * Memory is zeroed and aligned to 64 bytes for requests of 64 bytes and more, 16 otherwise. Not thread-safe. */
typedef struct cld_arena cld_arena;
cld_arena *cld_arena_new(void); /* NULL: no memory */
void cld_arena_free(cld_arena *arena);
size_t cld_arena_bytes(const cld_arena *arena); /* that it has from the system */
/* It has refused an allocation: what failed since may have failed for that. */
bool cld_arena_failed(const cld_arena *arena);
void *cld_arena_alloc(cld_arena *arena, size_t bytes); /* NULL: no memory; 0 bytes gives a valid pointer */
void *cld_arena_calloc(cld_arena *arena, size_t count, size_t bytes); /* NULL also when the product overflows */
char *cld_arena_text(cld_arena *arena, const char *text);             /* copy; NULL: no memory */
char *cld_arena_printf(cld_arena *arena, const char *format, ...) CLADE_PRINTF(2, 3);
void *cld_arena_copy(cld_arena *arena, const void *data, size_t bytes);
/* Ensures room for `need` items of `item_bytes` in *array (capacity in *capacity), copying to a larger block. */
bool cld_arena_grow(cld_arena *arena, void **array, int32_t *capacity, int32_t need, size_t item_bytes);

char *cld_strndup(const char *text, size_t length); /* a copy of so many bytes, and a NUL; the caller frees */
/* The path without links, "." and ".."; the caller frees. NULL: errno says why. */
char *cld_real_path(const char *path);

/* A failed host allocation, said in the same words everywhere. */
clade_status cld_no_memory(clade_error *err, const char *what);

/* ---- sized.c: the public structs that may grow; each begins with its size_bytes --------------------------------- */

/* Copies a caller's options over *known, which holds the defaults and has `known_bytes` bytes; NULL leaves them.
 * ERR_ARGUMENT: its size is none. ERR_UNSUPPORTED: it sets what this library does not know. */
clade_status cld_sized_read(void *known, size_t known_bytes, const void *from, const char *type, clade_error *err);
/* Copies *known to a caller's struct as far as it reaches, and zeroes what it has beyond; its size stays.
 * ERR_ARGUMENT: `to` is NULL, or its size is none. */
clade_status cld_sized_write(void *to, const void *known, size_t known_bytes, const char *type, clade_error *err);

/* ---- text.c --------------------------------------------------------------------------------------------------- */

/* A growing string. Zero-initialise; after a failed append `failed` is set, and further appends do nothing. */
typedef struct cld_text {
    char *data; /* NUL-terminated, or NULL while empty */
    size_t size, capacity;
    bool failed;
} cld_text;
void cld_text_add(cld_text *text, const char *string);
void cld_text_addn(cld_text *text, const char *bytes, size_t count);
void cld_text_printf(cld_text *text, const char *format, ...) CLADE_PRINTF(2, 3);
void cld_text_vprintf(cld_text *text, const char *format, va_list args) CLADE_PRINTF(2, 0);
void cld_text_json(cld_text *text, const char *string); /* quoted and escaped */
/* Bytes of the well-formed UTF-8 sequence that the string begins with; 0: none does. */
size_t cld_utf8_length(const char *string);
void cld_text_free(cld_text *text);
char *cld_text_take(cld_text *text, cld_arena *arena); /* copied there and freed; NULL: no memory, now or before */

/* ---- locale.c ------------------------------------------------------------------------------------------------- */

/* Between the two calls this thread writes and reads numbers with a point, whatever the caller's locale. false: no
 * memory. */
typedef struct cld_locale {
    void *plain, *before;
} cld_locale;
bool cld_locale_enter(cld_locale *locale);
void cld_locale_leave(const cld_locale *locale);

/* ---- hash.c --------------------------------------------------------------------------------------------------- */

/* 64-bit FNV-1a, chained: start with CLD_HASH_START. For tables, not for trust. */
#define CLD_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t cld_hash(uint64_t hash, const void *data, size_t bytes);

/* digest.c: SHA-256, for what must not be taken for something else. start, add..., hex (which ends it). */
#define CLD_DIGEST_HEX 65
typedef struct cld_digest {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
} cld_digest;
void cld_digest_start(cld_digest *digest);
void cld_digest_add(cld_digest *digest, const void *data, size_t bytes);
void cld_digest_add_text(cld_digest *digest, const char *text); /* with its NUL, so that pieces cannot run together */
void cld_digest_hex(cld_digest *digest, char hex[CLD_DIGEST_HEX]);

/* A string -> int32 table over borrowed keys, in an arena. */
typedef struct cld_names {
    cld_arena *arena;
    struct cld_name_slot *slots;
    int32_t capacity, count;
} cld_names;
void cld_names_init(cld_names *names, cld_arena *arena);
bool cld_names_put(cld_names *names, const char *key, int32_t value); /* replaces; false: no memory */
int32_t cld_names_get(const cld_names *names, const char *key);       /* -1: not there */

/* ---- mapping.c ------------------------------------------------------------------------------------------------ */

/* Parts of files as read-only memory, in a list. A file that becomes shorter meanwhile ends the process with SIGBUS,
 * and one that is written to shows it: what must not change is to be copied. */
typedef struct cld_mapping {
    struct cld_mapping *next;
    void *base;
    size_t size_bytes, page_bytes;
} cld_mapping;
/* Adds one; where byte `offset` of the file lies. NULL: it cannot be mapped. */
const void *cld_mapping_add(cld_mapping **maps, int fd, uint64_t offset, size_t size_bytes);
void cld_mappings_free(cld_mapping *maps);
/* Whether a range lies in one of them. */
bool cld_mappings_hold(const cld_mapping *maps, const void *data, size_t size_bytes);
/* Gives back the pages of a range, or (data NULL) all, to be read again when needed. What no map holds is left alone.
 */
void cld_mappings_release(const cld_mapping *maps, const void *data, size_t size_bytes);

/* ---- lock.c --------------------------------------------------------------------------------------------------- */

/* A mutex and a reference counter, so that nobody else spells out the thread library. */
typedef struct cld_lock cld_lock;
cld_lock *cld_lock_new(void);
void cld_lock_free(cld_lock *lock);
void cld_lock_take(cld_lock *lock);
void cld_lock_drop(cld_lock *lock);
void cld_lock_wait(
    cld_lock *lock); /* held: dropped until a wake, then taken again; the caller looks why it was woken */
void cld_lock_wake(cld_lock *lock); /* all that wait */
cld_lock *cld_lock_process(void);   /* the one of the process: for foreign libraries whose global state has none */
/* Threads do not live on in a forked child, and what they held stays locked: a library that has threads cannot be
 * called there. After the first cld_fork_watch (false: no memory), cld_forked is true in every child forked from then
 * on. */
bool cld_fork_watch(void);
bool cld_forked(void);
uintptr_t cld_thread_id(void); /* of the caller; never 0, and of no other thread that lives */
typedef struct cld_refs {
    int count; /* atomic */
} cld_refs;
void cld_refs_init(cld_refs *refs); /* one reference */
void cld_refs_take(cld_refs *refs);
bool cld_refs_drop(cld_refs *refs); /* true: that was the last one */

#endif
