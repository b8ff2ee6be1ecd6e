/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: blobs under a key, each with the SHA-256 of table, key and bytes, so that damage of any kind, a row that slid
 * under another key included, is seen before the bytes are used. The store's lock is held for the length of one call;
 * no statement outlives its call. When SQLite finds the file damaged it is repaired, once; then the store gives up.
 */
#include "store/internal.h"

#include <time.h>

/* Rows written first go first when a table's blobs exceed this. */
#define TABLE_BYTES "536870912"

typedef struct row_table {
    const char *name, *get, *put, *trim, *remove;
} row_table;

#define TABLE(name)                                                                                                    \
    {                                                                                                                  \
        name, "SELECT checksum, data FROM " name " WHERE key = ?1",                                                    \
            "INSERT OR REPLACE INTO " name "(key, written, checksum, data) VALUES(?1, ?2, ?3, ?4)",                    \
            "DELETE FROM " name                                                                                        \
            " WHERE key IN (SELECT key FROM (SELECT key, sum(length(data)) OVER (ORDER BY written DESC,"               \
            " key) AS total FROM " name ") WHERE total > " TABLE_BYTES ")",                                            \
            "DELETE FROM " name " WHERE key = ?1"                                                                      \
    }

static const row_table tables[] = { TABLE("program") };

static const row_table *find_table(const char *name) {
    for (size_t i = 0; i < CLD_COUNT(tables); i++)
        if (strcmp(tables[i].name, name) == 0)
            return &tables[i];
    return NULL;
}

static void checksum(char hex[CLD_DIGEST_HEX], const row_table *table, const char *key, const void *data,
                     size_t bytes) {
    cld_digest digest;
    cld_digest_start(&digest);
    cld_digest_add_text(&digest, table->name);
    cld_digest_add_text(&digest, key);
    cld_digest_add(&digest, data, bytes);
    cld_digest_hex(&digest, hex);
}

/* What a failed statement means for the store. */
static void note_failure(cld_store *store, int code) {
    clade_error why = { 0 };
    if (!cld_store_is_damage(code)) {
        (void)cld_fail(&why, CLADE_ERR_IO, "cache file '%s': %s", store->file, sqlite3_errmsg(store->db));
        cld_store_complain(store, why.message);
        if ((code & 0xff) == SQLITE_BUSY) /* another process is stuck with the file: not to be waited for twice */
            cld_store_file_close(store);
        return;
    }
    cld_store_file_close(store);
    if (store->recovered) /* damaged again: the disk, not the file */
        return;
    store->recovered = true;
    if (cld_store_file_open(store, true, &why) != CLADE_OK)
        cld_store_complain(store, why.message);
}

/* One statement, its key bound; NULL when it does not compile, which is noted. */
static sqlite3_stmt *prepare(cld_store *store, const char *sql, const char *key) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && key)
        code = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        return statement;
    sqlite3_finalize(statement);
    note_failure(store, code);
    return NULL;
}

/* Ends a statement that gives no row. */
static bool run(cld_store *store, sqlite3_stmt *statement) {
    if (!statement)
        return false;
    sqlite3_step(statement);
    int code = sqlite3_finalize(statement);
    if (code != SQLITE_OK)
        note_failure(store, code);
    return code == SQLITE_OK;
}

static void remove_row(cld_store *store, const row_table *table, const char *key) {
    (void)run(store, prepare(store, table->remove, key));
}

/* The row's bytes when they are what was stored: true, and a copy (NULL: no memory). */
static bool copy_checked(sqlite3_stmt *row, const row_table *table, const char *key, void **data, size_t *size_bytes) {
    const void *blob = sqlite3_column_blob(row, 1);
    size_t bytes = (size_t)sqlite3_column_bytes(row, 1);
    const char *stored = (const char *)sqlite3_column_text(row, 0);
    char actual[CLD_DIGEST_HEX];
    checksum(actual, table, key, blob, bytes);
    if (!stored || strcmp(stored, actual) != 0)
        return false;
    *size_bytes = bytes;
    *data = cld_calloc(bytes + 1, 1);
    if (*data && bytes > 0)
        memcpy(*data, blob, bytes);
    return true;
}

static bool get_row(cld_store *store, const row_table *table, const char *key, void **data, size_t *size_bytes) {
    sqlite3_stmt *statement = prepare(store, table->get, key);
    if (!statement)
        return false;
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    bool good = found && copy_checked(statement, table, key, data, size_bytes);
    int code = sqlite3_finalize(statement);
    if (code != SQLITE_OK)
        note_failure(store, code);
    else if (found && !good) {
        cld_log(CLADE_LOG_WARNING, "cache file '%s': a %s row fails its checksum and is dropped", store->file,
                table->name);
        remove_row(store, table, key);
    }
    return good && *data;
}

bool cld_store_get(cld_store *store, const char *table_name, const char *key, void **data, size_t *size_bytes) {
    const row_table *table = find_table(table_name);
    if (!store || !table)
        return false;
    cld_lock_take(store->lock);
    bool found = store->db && get_row(store, table, key, data, size_bytes);
    cld_lock_drop(store->lock);
    return found;
}

void cld_store_put(cld_store *store, const char *table_name, const char *key, const void *data, size_t size_bytes) {
    const row_table *table = find_table(table_name);
    if (!store || !table)
        return;
    char sum[CLD_DIGEST_HEX];
    checksum(sum, table, key, data, size_bytes);
    cld_lock_take(store->lock);
    sqlite3_stmt *statement = store->db ? prepare(store, table->put, key) : NULL;
    if (statement) {
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)time(NULL));
        sqlite3_bind_text(statement, 3, sum, -1, SQLITE_STATIC);
        sqlite3_bind_blob64(statement, 4, size_bytes ? data : "", size_bytes, SQLITE_STATIC);
        if (run(store, statement))
            (void)run(store, prepare(store, table->trim, NULL));
    }
    cld_lock_drop(store->lock);
}

void cld_store_remove(cld_store *store, const char *table_name, const char *key) {
    const row_table *table = find_table(table_name);
    if (!store || !table)
        return;
    cld_lock_take(store->lock);
    if (store->db)
        remove_row(store, table, key);
    cld_lock_drop(store->lock);
}
