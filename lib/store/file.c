/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite file as a whole: opened, checked, made, brought forward from an older format; and what becomes of a damaged
 * one: a disposable one is emptied, another is set aside under a name of its own.
 *
 * A rollback journal, not WAL: WAL needs shared memory and so breaks on network home directories. One process at a time
 * checks and repairs (a lock file beside the database), so nobody empties what another has just repaired. The database
 * is never opened but by SQLite, because closing any descriptor of it would drop SQLite's own locks; and it is emptied
 * in place, because other processes have it open. A file of another application, or of a newer Clade, is left alone.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BLOB_BYTES = 256 << 20, MAX_ASIDE = 1000 };

bool cld_store_is_damage(int code) { return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB; }

clade_status cld_store_fail(cld_store *store, int code, clade_error *why) {
    if ((code & 0xff) == SQLITE_NOMEM)
        return cld_no_memory(why, store->file);
    return cld_fail(why, cld_store_is_damage(code) ? CLADE_ERR_FORMAT : CLADE_ERR_IO, "%s file '%s': %s",
                    store->kind->what, store->file, store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
}

static clade_status query_int(cld_store *store, const char *sql, int *out, clade_error *why) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_OK ? CLADE_OK : cld_store_fail(store, code, why);
}

clade_status cld_store_execute(cld_store *store, const char *sql, clade_error *why) {
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? CLADE_OK : cld_store_fail(store, code, why);
}

/* The file is evidence of what somebody wrote, not of what we wrote: nothing in its schema may act. */
static void distrust(sqlite3 *db) {
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_BLOB_BYTES);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

/* In one transaction, so that what is interrupted has not begun. */
static clade_status bring_forward(cld_store *store, int format, clade_error *why) {
    const cld_store_kind *kind = store->kind;
    cld_text sql = { 0 };
    cld_text_add(&sql, "BEGIN; ");
    for (int k = format; k < kind->format; k++)
        cld_text_printf(&sql, "%s; ", kind->steps[k]);
    cld_text_printf(&sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;", kind->application_id,
                    kind->format);
    clade_status status =
        sql.failed ? cld_no_memory(why, "a statement of SQL") : cld_store_execute(store, sql.data, why);
    if (status != CLADE_OK)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    cld_text_free(&sql);
    return status;
}

/* The file has our tables, as we would make them, and nothing else. */
static clade_status tables_check(cld_store *store, clade_error *why) {
    const char *const *table = store->kind->tables;
    cld_text sql = { 0 };
    int others = 0, count = 0;
    cld_text_add(&sql, "SELECT total(sql IN (");
    for (; table[count]; count++)
        cld_text_printf(&sql, "%s'%s'", count ? ", " : "", table[count]);
    cld_text_printf(&sql, ")) <> %d OR count(*) <> %d FROM sqlite_master WHERE sql IS NOT NULL", count, count);
    clade_status status =
        sql.failed ? cld_no_memory(why, "a statement of SQL") : query_int(store, sql.data, &others, why);
    cld_text_free(&sql);
    if (status == CLADE_OK && others != 0)
        return cld_fail(why, CLADE_ERR_FORMAT, "%s file '%s' has other tables", store->kind->what, store->file);
    return status;
}

/* Whose file it is, and of which format; makes what is in a new one. */
static clade_status format_check(cld_store *store, clade_error *why) {
    const cld_store_kind *kind = store->kind;
    int application = 0, format = 0, objects = 0;
    CLD_RETURN(query_int(store, "PRAGMA application_id", &application, why));
    CLD_RETURN(query_int(store, "PRAGMA user_version", &format, why));
    CLD_RETURN(query_int(store, "SELECT count(*) FROM sqlite_master", &objects, why));
    if (objects > 0 && application != kind->application_id)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "%s file '%s' belongs to another application", kind->what,
                        store->file);
    if (format > kind->format)
        return cld_fail(why, CLADE_ERR_UNSUPPORTED, "%s file '%s' has format %d of a newer Clade, this one knows %d",
                        kind->what, store->file, format, kind->format);
    if (objects > 0 && format < 1 && !kind->disposable)
        return cld_fail(why, CLADE_ERR_FORMAT, "%s file '%s' has no format", kind->what, store->file);
    if (objects == 0 || format < kind->format)
        CLD_RETURN(bring_forward(store, objects == 0 || format < 0 ? 0 : format, why));
    return tables_check(store, why);
}

/* SQLite's own recipe for a file of which nothing can be trusted. */
static clade_status empty(cld_store *store, clade_error *why) {
    cld_log(CLADE_LOG_WARNING, "%s file '%s' is damaged: starting afresh", store->kind->what, store->file);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    clade_status status = cld_store_execute(store, "VACUUM", why);
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
    return problems == 0 ? CLADE_OK
                         : cld_fail(why, CLADE_ERR_FORMAT, "%s file '%s' is damaged", store->kind->what, store->file);
}

static clade_status connect(cld_store *store, int wait_ms, clade_error *why) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    int code = sqlite3_open_v2(store->file, &store->db, flags, NULL);
    if (code != SQLITE_OK)
        return cld_store_fail(store, code, why);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, wait_ms);
    distrust(store->db);
    /* Rows are read once: pages kept for another time would only be held. */
    char sql[120];
    snprintf(sql, sizeof sql,
             "PRAGMA cell_size_check=1; PRAGMA synchronous=%s; PRAGMA mmap_size=0; PRAGMA cache_size=-64;",
             store->kind->synchronous);
    return cld_store_execute(store, sql, why);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -1: none to be had, as in a directory that cannot be written to; there is nothing to repair there either. What was
 * waited is taken from *wait_ms. */
static int take_file_lock(const cld_store *store, int *wait_ms) {
    cld_text name = { 0 };
    cld_text_printf(&name, "%s.lock", store->file);
    int fd = name.failed ? -1 : open(name.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    cld_text_free(&name);
    const int64_t start = now_ms();
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *wait_ms = store->kind->wait_ms - (int)(now_ms() - start);
        if (*wait_ms <= 0 || (errno != EWOULDBLOCK && errno != EINTR)) {
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return fd;
}

/* Under a name that nothing has yet, "<file>.damaged-<n>"; somebody may still read in it what SQLite cannot. */
static clade_status set_aside(cld_store *store, clade_error *why) {
    clade_status status =
        cld_fail(why, CLADE_ERR_IO, "%s file '%s' is damaged, and cannot be set aside", store->kind->what, store->file);
    cld_store_file_close(store);
    for (int k = 1; k <= MAX_ASIDE && status != CLADE_OK; k++) {
        cld_text name = { 0 };
        cld_text_printf(&name, "%s.damaged-%d", store->file, k);
        if (!name.failed && link(store->file, name.data) == 0 && unlink(store->file) == 0) {
            cld_log(CLADE_LOG_WARNING, "%s file '%s' is damaged: it is now '%s', and a new one begun",
                    store->kind->what, store->file, name.data);
            status = CLADE_OK;
        } else if (!name.failed && errno != EEXIST) {
            k = MAX_ASIDE;
        }
        cld_text_free(&name);
    }
    return status == CLADE_OK ? connect(store, store->kind->wait_ms, why) : status;
}

clade_status cld_store_file_open(cld_store *store, bool thoroughly, clade_error *why) {
    CLD_RETURN(cld_store_files_check(store, why));
    int wait_ms = store->kind->wait_ms, fd = take_file_lock(store, &wait_ms);
    clade_status status = connect(store, wait_ms, why);
    if (status == CLADE_OK)
        status = check(store, thoroughly, why);
    if (status == CLADE_ERR_FORMAT && store->db && fd >= 0) {
        status = store->kind->disposable ? empty(store, why) : set_aside(store, why);
        if (status == CLADE_OK)
            status = check(store, false, why);
    }
    if (status == CLADE_OK)
        sqlite3_busy_timeout(store->db, store->kind->wait_ms);
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
