/* SPDX-License-Identifier: Apache-2.0 */
/* The store's life: opened where it can be trusted, or not at all. See store.h for what callers may rely on. */
#include "store/internal.h"

void cld_store_complain(cld_store *store, const char *line) {
    if (!store->complained)
        cld_log(CLADE_LOG_WARNING, "%s; going on without it", line);
    store->complained = true;
}

clade_status cld_store_open_kind(cld_store **out, const cld_store_kind *kind, const char *directory, bool make,
                                 clade_error *why) {
    clade_status status = CLADE_OK;
    cld_store *store = cld_calloc(1, sizeof *store);
    *out = NULL;
    if (!store)
        return cld_no_memory(why, kind->what);
    store->kind = kind;
    store->lock = cld_lock_new();
    if (!store->lock)
        status = cld_no_memory(why, kind->what);
    else if ((store->file = cld_store_path(kind, directory, make, why)))
        status = cld_store_file_open(store, make && !kind->disposable, why);
    else
        status = why->status;
    if (store->db) {
        cld_log(CLADE_LOG_INFO, "%s file '%s'", kind->what, store->file);
        *out = store;
    } else {
        cld_store_close(store);
    }
    return status;
}

/* WAIT_MS: a cache that is slow to be had saves nothing. */
enum { FORMAT = 2, APPLICATION_ID = 0x436c6164 /* "Clad" */, WAIT_MS = 150 };

#define PROGRAM                                                                                                        \
    "CREATE TABLE program(key TEXT PRIMARY KEY, written INTEGER NOT NULL, checksum TEXT NOT NULL, data BLOB NOT NULL)"
static const char *const steps[FORMAT] = { "DROP TABLE IF EXISTS program; " PROGRAM, "DROP TABLE IF EXISTS tuning" };
static const char *const tables[] = { PROGRAM, NULL };

/* Nothing is waited for on its way to the disk: what a power failure tears is found damaged and made again. */
static const cld_store_kind cache = { .name = "clade.sqlite",
                                      .what = "cache",
                                      .variable = "XDG_CACHE_HOME",
                                      .home = ".cache",
                                      .application_id = APPLICATION_ID,
                                      .format = FORMAT,
                                      .wait_ms = WAIT_MS,
                                      .steps = steps,
                                      .tables = tables,
                                      .synchronous = "OFF",
                                      .disposable = true };

cld_store *cld_store_open(const char *directory) {
    clade_error why = { 0 };
    cld_store *store;
    if (cld_store_open_kind(&store, &cache, directory, true, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s; going on without it", why.message);
    return store;
}

void cld_store_close(cld_store *store) {
    if (!store)
        return;
    cld_store_file_close(store);
    cld_lock_free(store->lock);
    cld_free(store->file);
    cld_free(store);
}
