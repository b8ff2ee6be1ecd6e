/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 1: the on-disk cache: one SQLite file, safe under several processes. Losing it changes time, never results.
 *
 * Every defect (missing or unwritable directory, corrupt or foreign file, wrong version, a file another user owns) is
 * logged once and makes the store behave as if it were empty. So no call here can fail in a way a caller must handle.
 */
#ifndef CLD_STORE_H
#define CLD_STORE_H

#include "base/base.h"

typedef struct cld_store cld_store;

/* `directory` NULL: CLADE_CACHE_DIR, else XDG_CACHE_HOME/clade, else ~/.cache/clade; "": no store.
 * Gives NULL when there is no store, which every call below accepts. */
cld_store *cld_store_open(const char *directory);
void cld_store_close(cld_store *store);

/* Reads blob `key` of `table` ("program"): true and bytes (the caller frees), checked against the
 * checksum stored with it; a row that fails the check is deleted. Thread-safe. */
bool cld_store_get(cld_store *store, const char *table, const char *key, void **data, size_t *size_bytes);
/* Writes or replaces. Thread-safe. */
void cld_store_put(cld_store *store, const char *table, const char *key, const void *data, size_t size_bytes);
void cld_store_remove(cld_store *store, const char *table, const char *key);

#endif
