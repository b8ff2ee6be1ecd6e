/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite file as a whole: opened, checked, made, and replaced when it is damaged.
 *
 * A rollback journal, not WAL: WAL needs shared memory and so breaks on network home directories. Only one process at a
 * time replaces a damaged file (a lock file beside it), and it looks again first: another may have been faster. The
 * database file is never opened but by SQLite, because closing any descriptor of it would drop SQLite's own locks.
 * A file of another application, or of a newer Clade, is left alone. An older one is emptied.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { FORMAT = 1, APPLICATION_ID = 0x436c6164 /* "Clad" */, BUSY_MS = 3000, MAX_BLOB_BYTES = 256 << 20 };

static const char make_tables[] =
    "DROP TABLE IF EXISTS program; DROP TABLE IF EXISTS tuning;"
    "CREATE TABLE program(key TEXT PRIMARY KEY, written INTEGER NOT NULL, checksum TEXT NOT NULL, data BLOB NOT NULL);"
    "CREATE TABLE tuning(key TEXT PRIMARY KEY, written INTEGER NOT NULL, checksum TEXT NOT NULL, data BLOB NOT NULL);";

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

static clade_status format_check(cld_store *store, clade_error *why) {
    int application = 0, format = 0, tables = 0;
    CLD_RETURN(query_int(store, "PRAGMA application_id", &application, why));
    CLD_RETURN(query_int(store, "PRAGMA user_version", &format, why));
    CLD_RETURN(query_int(store, "SELECT count(*) FROM sqlite_master", &tables, why));
    if (tables > 0 && application != APPLICATION_ID)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "cache file '%s' belongs to another application", store->file);
    if (format > FORMAT)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "cache file '%s' has format %d of a newer Clade, this one knows %d",
                        store->file, format, FORMAT);
    if (tables > 0 && format == FORMAT)
        return CLADE_OK;
    char sql[sizeof make_tables + 160];
    /* Looks again inside the transaction, so that of two processes only one makes the tables. */
    CLD_RETURN(execute(store, "BEGIN IMMEDIATE", why));
    clade_status status = query_int(store, "PRAGMA user_version", &format, why);
    if (status == CLADE_OK && format != FORMAT) {
        snprintf(sql, sizeof sql, "%s PRAGMA application_id=%d; PRAGMA user_version=%d;", make_tables, APPLICATION_ID,
                 FORMAT);
        status = execute(store, sql, why);
    }
    if (status == CLADE_OK)
        status = execute(store, "COMMIT", why);
    if (status != CLADE_OK)
        (void)execute(store, "ROLLBACK", NULL);
    return status;
}

static clade_status open_once(cld_store *store, clade_error *why) {
    CLD_RETURN(cld_store_file_check(store->file, why));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    int code = sqlite3_open_v2(store->file, &store->db, flags, NULL);
    clade_status status = code == SQLITE_OK ? CLADE_OK : sqlite_fail(store, code, why);
    if (status == CLADE_OK) {
        sqlite3_extended_result_codes(store->db, 1);
        sqlite3_busy_timeout(store->db, BUSY_MS);
        distrust(store->db);
        status = execute(store, "PRAGMA cell_size_check=1; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=0;", why);
    }
    if (status == CLADE_OK)
        status = format_check(store, why);
    if (status != CLADE_OK)
        cld_store_file_close(store);
    return status;
}

void cld_store_file_close(cld_store *store) {
    sqlite3_close(store->db); /* no statement outlives its call, so this cannot fail */
    store->db = NULL;
}

/* With a suffix in place of nothing: "<file>.damaged". */
static bool move_aside(const char *file) {
    cld_text aside = { 0 }, journal = { 0 };
    cld_text_printf(&aside, "%s.damaged", file);
    cld_text_printf(&journal, "%s-journal", file);
    bool moved = !aside.failed && !journal.failed && rename(file, aside.data) == 0;
    if (moved)
        (void)unlink(journal.data); /* it would be replayed into the new file */
    cld_text_free(&aside);
    cld_text_free(&journal);
    return moved;
}

static int take_file_lock(const char *file) {
    cld_text name = { 0 };
    cld_text_printf(&name, "%s.lock", file);
    int fd = name.failed ? -1 : open(name.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    cld_text_free(&name);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

clade_status cld_store_file_open(cld_store *store, clade_error *why) {
    clade_status status = open_once(store, why);
    if (status != CLADE_ERR_FORMAT)
        return status;
    int fd = take_file_lock(store->file);
    if (fd < 0)
        return status;
    status = open_once(store, why);
    if (status == CLADE_ERR_FORMAT && move_aside(store->file)) {
        cld_log(CLADE_LOG_WARNING, "cache file '%s' is damaged: moved aside, starting afresh", store->file);
        status = open_once(store, why);
    }
    close(fd); /* drops the lock; the lock file stays, since removing it would race */
    return status;
}
