/* SPDX-License-Identifier: Apache-2.0 */
/* The store's life: opened where it can be trusted, or not at all. See store.h for what callers may rely on. */
#include "store/internal.h"

void cld_store_complain(cld_store *store, const char *line) {
    if (!store->complained)
        cld_log(CLADE_LOG_WARNING, "%s; going on without it", line);
    store->complained = true;
}

cld_store *cld_store_open(const char *directory) {
    clade_error why = { 0 };
    clade_status status = CLADE_OK;
    cld_store *store = cld_calloc(1, sizeof *store);
    if (!store) {
        cld_log(CLADE_LOG_WARNING, "the cache: host memory is exhausted; going on without it");
        return NULL;
    }
    store->lock = cld_lock_new();
    if (!store->lock)
        status = cld_no_memory(&why, "the cache");
    else if ((store->file = cld_store_path(directory, &why)))
        status = cld_store_file_open(store, false, &why);
    else
        status = why.status;
    if (status != CLADE_OK)
        cld_store_complain(store, why.message);
    if (store->db) {
        cld_log(CLADE_LOG_INFO, "cache file '%s'", store->file);
        return store;
    }
    cld_store_close(store);
    return NULL;
}

void cld_store_close(cld_store *store) {
    if (!store)
        return;
    cld_store_file_close(store);
    cld_lock_free(store->lock);
    cld_free(store->file);
    cld_free(store);
}
