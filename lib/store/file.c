/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite file as a whole: opened, checked, made, and emptied when it is damaged.
 *
 * A rollback journal, not WAL: WAL needs shared memory and so breaks on network home directories. One process at a time
 * checks and repairs (a lock file beside the database), so nobody empties what another has just repaired. The database
 * is never opened but by SQLite, because closing any descriptor of it would drop SQLite's own locks; and it is emptied
 * in place, never replaced, because other processes have it open. A file of another application, or of a newer Clade,
 * is left alone; an older one is emptied.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* WAIT_MS: the most an open, or a later call, waits for another process. A cache that is slow to be had saves nothing.
 */
enum { FORMAT = 1, APPLICATION_ID = 0x436c6164 /* "Clad" */, WAIT_MS = 150, MAX_BLOB_BYTES = 256 << 20 };

#define COLUMNS "(key TEXT PRIMARY KEY, written INTEGER NOT NULL, checksum TEXT NOT NULL, data BLOB NOT NULL)"
#define PROGRAM "CREATE TABLE program" COLUMNS
#define TUNING "CREATE TABLE tuning" COLUMNS

bool cld_store_is_damage(int code) { return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB; }

static clade_status sqlite_fail(cld_store *store, int code, clade_error *why) {
    return cld_fail(why, cld_store_is_damage(code) ? CLADE_ERR_FORMAT : CLADE_ERR_IO, "cache file '%s': %s",
                    store->file, store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
}

static clade_status query_int(cld_store *store, const char *sql, int *out, clade_error *why) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK ? CLADE_OK : sqlite_fail(store, code, why);
}

static clade_status execute(cld_store *store, const char *sql, clade_error *why) {
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? CLADE_OK : sqlite_fail(store, code, why);
}

/* The file is evidence of what somebody wrote, not of what we wrote: nothing in its schema may act. */
static void distrust(sqlite3 *db) {
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_BLOB_BYTES);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static clade_status make_tables(cld_store *store, clade_error *why) {
    char sql[1000];
    snprintf(sql, sizeof sql,
             "BEGIN; DROP TABLE IF EXISTS program; DROP TABLE IF EXISTS tuning; " PROGRAM "; " TUNING
             "; PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
             APPLICATION_ID, FORMAT);
    return execute(store, sql, why);
}

/* Whose file it is, and whether it has our tables and nothing else; makes them in a new file. */
static clade_status format_check(cld_store *store, clade_error *why) {
    int application = 0, format = 0, objects = 0, others = 0;
    CLD_RETURN(query_int(store, "PRAGMA application_id", &application, why));
    CLD_RETURN(query_int(store, "PRAGMA user_version", &format, why));
    CLD_RETURN(query_int(store, "SELECT count(*) FROM sqlite_master", &objects, why));
    if (objects > 0 && application != APPLICATION_ID)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "cache file '%s' belongs to another application", store->file);
    if (format > FORMAT)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "cache file '%s' has format %d of a newer Clade, this one knows %d",
                        store->file, format, FORMAT);
    if (objects == 0 || format < FORMAT)
        return make_tables(store, why);
    CLD_RETURN(query_int(store,
                         "SELECT count(*) <> 2 OR total(sql IN ('" PROGRAM "', '" TUNING "')) <> 2 FROM sqlite_master "
                         "WHERE sql IS NOT NULL",
                         &others, why));
    return others == 0 ? CLADE_OK : cld_fail(why, CLADE_ERR_FORMAT, "cache file '%s' has other tables", store->file);
}

/* SQLite's own recipe for a file of which nothing can be trusted. */
static clade_status empty(cld_store *store, clade_error *why) {
    cld_log(CLADE_LOG_WARNING, "cache file '%s' is damaged: starting afresh", store->file);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    clade_status status = execute(store, "VACUUM", why);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return status;
}

static clade_status check(cld_store *store, bool thoroughly, clade_error *why) {
    int problems = 0;
    CLD_RETURN(format_check(store, why));
    if (thoroughly)
        CLD_RETURN(query_int(store, "SELECT count(*) FROM pragma_integrity_check(1) WHERE integrity_check <> 'ok'",
                             &problems, why));
    return problems == 0 ? CLADE_OK : cld_fail(why, CLADE_ERR_FORMAT, "cache file '%s' is damaged", store->file);
}

static clade_status connect(cld_store *store, int wait_ms, clade_error *why) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    int code = sqlite3_open_v2(store->file, &store->db, flags, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(store, code, why);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, wait_ms);
    distrust(store->db);
    /* Nothing is waited for on its way to the disk: what a power failure tears is found damaged and made again. */
    return execute(store, "PRAGMA cell_size_check=1; PRAGMA synchronous=OFF; PRAGMA mmap_size=0;", why);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -1: none to be had, as in a directory that cannot be written to; there is nothing to repair there either. What was
 * waited is taken from *wait_ms. */
static int take_file_lock(const char *file, int *wait_ms) {
    cld_text name = { 0 };
    cld_text_printf(&name, "%s.lock", file);
    int fd = name.failed ? -1 : open(name.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    cld_text_free(&name);
    const int64_t start = now_ms();
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *wait_ms = WAIT_MS - (int)(now_ms() - start);
        if (*wait_ms <= 0 || (errno != EWOULDBLOCK && errno != EINTR)) {
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return fd;
}

clade_status cld_store_file_open(cld_store *store, bool thoroughly, clade_error *why) {
    CLD_RETURN(cld_store_files_check(store->file, why));
    int wait_ms = WAIT_MS, fd = take_file_lock(store->file, &wait_ms);
    clade_status status = connect(store, wait_ms, why);
    if (status == CLADE_OK)
        status = check(store, thoroughly, why);
    if (status == CLADE_ERR_FORMAT && store->db && fd >= 0) {
        status = empty(store, why);
        if (status == CLADE_OK)
            status = check(store, false, why);
    }
    if (status == CLADE_OK)
        sqlite3_busy_timeout(store->db, WAIT_MS);
    else
        cld_store_file_close(store);
    if (fd >= 0)
        close(fd); /* drops the lock; the file stays, since removing it would race */
    return status;
}

void cld_store_file_close(cld_store *store) {
    sqlite3_close(store->db); /* no statement outlives its call, so this cannot fail */
    store->db = NULL;
}
