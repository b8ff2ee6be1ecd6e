/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records: the file's schema, and its rows one by one. Whatever a row holds is checked as an argument is. */
#include "store/records_internal.h"

#include <math.h>

enum { FORMAT = 1, APPLICATION_ID = 0x436c7475 /* "Cltu" */, WAIT_MS = 2000, MAX_TEXT = 2000 };

#define RECORD                                                                                                         \
    "CREATE TABLE record(device TEXT NOT NULL, problem TEXT NOT NULL, driver TEXT NOT NULL, library TEXT NOT NULL, "   \
    "choice TEXT NOT NULL, seconds REAL NOT NULL, error REAL NOT NULL, tried INTEGER NOT NULL, date INTEGER NOT "      \
    "NULL, checksum TEXT NOT NULL, PRIMARY KEY(device, problem)) WITHOUT ROWID"
#define JOURNAL                                                                                                        \
    "CREATE TABLE journal(entry INTEGER PRIMARY KEY, device TEXT NOT NULL, problem TEXT NOT NULL, choice TEXT NOT "    \
    "NULL)"
static const char *const steps[FORMAT] = { RECORD "; " JOURNAL };
static const char *const tables[] = { RECORD, JOURNAL, NULL };

static const cld_store_kind kind = { .name = "tuning.sqlite",
                                     .what = "tuning",
                                     .variable = "XDG_DATA_HOME",
                                     .home = ".local/share",
                                     .application_id = APPLICATION_ID,
                                     .format = FORMAT,
                                     .wait_ms = WAIT_MS,
                                     .steps = steps,
                                     .tables = tables,
                                     .synchronous = "EXTRA", /* as FULL, and what is committed outlives the power */
                                     .disposable = false };

clade_status cld_records_open(cld_records **out, const char *directory, bool make, clade_error *err) {
    clade_error why = { 0 };
    clade_status status = cld_store_open_kind(out, &kind, directory, make, &why);
    return status == CLADE_OK ? CLADE_OK : cld_fail(err, status, "%s", why.message);
}

void cld_records_close(cld_records *records) { cld_store_close(records); }

/* ---- what a record may hold ---------------------------------------------------------------------------------------
 */

clade_status cld_records_text_check(const char *what, const char *text, clade_error *err) {
    const size_t length = text ? strnlen(text, MAX_TEXT + 1) : 0;
    bool printable = true;
    for (size_t k = 0; k < length; k++)
        printable &= (unsigned char)text[k] >= ' ' && text[k] != 0x7f;
    if (length > 0 && length <= MAX_TEXT && printable)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_ARGUMENT, "a record's %s must be one line of 1 to %d printable characters", what,
                    MAX_TEXT);
}

clade_status cld_record_check(const cld_record *r, clade_error *err) {
    CLD_RETURN(cld_records_text_check("device", r->device, err));
    CLD_RETURN(cld_records_text_check("problem", r->problem, err));
    CLD_RETURN(cld_records_text_check("driver", r->driver, err));
    CLD_RETURN(cld_records_text_check("library", r->library, err));
    CLD_RETURN(cld_records_text_check("choice", r->choice, err));
    if (!isfinite(r->seconds) || r->seconds <= 0)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "a record's time must be above 0 s, not %g", r->seconds);
    if (!isfinite(r->error) || r->error < 0)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "a record's error must be 0 or above, not %g", r->error);
    if (r->tried < 1 || r->date < 0)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "a record needs a candidate that was tried, and a date since 1970");
    return CLADE_OK;
}

/* ---- statements ---------------------------------------------------------------------------------------------------
 */

/* Damage, too, is an error of this call: only opening sets aside. */
static clade_status fail(cld_records *records, int code, clade_error *err) {
    clade_error why = { 0 };
    const clade_status status = cld_store_fail(records, code, &why);
    return cld_fail(err, status == CLADE_ERR_MEMORY ? status : CLADE_ERR_IO, "%s", why.message);
}

clade_status cld_records_prepare(sqlite3_stmt **out, cld_records *records, const char *sql, const char *const *texts,
                                 int count, clade_error *err) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(records->db, sql, -1, &statement, NULL);
    for (int k = 0; k < count && code == SQLITE_OK; k++)
        code = sqlite3_bind_text(statement, k + 1, texts[k], -1, SQLITE_STATIC);
    *out = statement;
    if (code == SQLITE_OK)
        return CLADE_OK;
    const clade_status status = fail(records, code, err);
    sqlite3_finalize(statement);
    return status;
}

clade_status cld_records_finish(cld_records *records, sqlite3_stmt *statement, int code, clade_error *err) {
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    code = sqlite3_finalize(statement);
    return code == SQLITE_OK ? CLADE_OK : fail(records, code, err);
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

#define COLUMNS "device, problem, driver, library, choice, seconds, error, tried, date, checksum"

/* Of everything in it, so that damage of any kind is seen before the record is used. */
static void checksum(char hex[CLD_DIGEST_HEX], const cld_record *r) {
    const char *const texts[] = { r->device, r->problem, r->driver, r->library, r->choice };
    cld_digest digest;
    cld_digest_start(&digest);
    for (size_t k = 0; k < CLD_COUNT(texts); k++)
        cld_digest_add_text(&digest, texts[k]);
    cld_digest_add(&digest, &r->seconds, sizeof r->seconds);
    cld_digest_add(&digest, &r->error, sizeof r->error);
    cld_digest_add(&digest, &r->tried, sizeof r->tried);
    cld_digest_add(&digest, &r->date, sizeof r->date);
    cld_digest_hex(&digest, hex);
}

/* false: no record of ours. Its texts are the statement's. */
static bool read_row(sqlite3_stmt *row, cld_record *out) {
    static const int types[] = { SQLITE_TEXT,  SQLITE_TEXT,  SQLITE_TEXT,    SQLITE_TEXT,   SQLITE_TEXT,
                                 SQLITE_FLOAT, SQLITE_FLOAT, SQLITE_INTEGER, SQLITE_INTEGER };
    const char *text[5];
    for (int k = 0; k < (int)CLD_COUNT(types); k++)
        if (sqlite3_column_type(row, k) != types[k])
            return false;
    for (int k = 0; k < (int)CLD_COUNT(text); k++) {
        text[k] = (const char *)sqlite3_column_text(row, k);
        if (!text[k] || strlen(text[k]) != (size_t)sqlite3_column_bytes(row, k))
            return false;
    }
    *out = (cld_record){ .device = text[0],
                         .problem = text[1],
                         .driver = text[2],
                         .library = text[3],
                         .choice = text[4],
                         .seconds = sqlite3_column_double(row, 5),
                         .error = sqlite3_column_double(row, 6),
                         .tried = sqlite3_column_int64(row, 7),
                         .date = sqlite3_column_int64(row, 8) };
    char sum[CLD_DIGEST_HEX];
    const char *stored = (const char *)sqlite3_column_text(row, 9);
    if (!stored || cld_record_check(out, NULL) != CLADE_OK)
        return false;
    checksum(sum, out);
    return strcmp(stored, sum) == 0;
}

static bool is_for(const cld_record *r, const char *const key[2]) {
    return strcmp(r->device, key[0]) == 0 && strcmp(r->problem, key[1]) == 0;
}

/* One allocation, the texts behind the record. */
static cld_record *copy(const cld_record *r) {
    const char *const from[] = { r->device, r->problem, r->driver, r->library, r->choice };
    size_t bytes = sizeof *r;
    for (size_t k = 0; k < CLD_COUNT(from); k++)
        bytes += strlen(from[k]) + 1;
    cld_record *out = cld_calloc(1, bytes);
    if (!out)
        return NULL;
    *out = *r;
    const char **const to[] = { &out->device, &out->problem, &out->driver, &out->library, &out->choice };
    char *at = (char *)(out + 1);
    for (size_t k = 0; k < CLD_COUNT(from); k++) {
        const size_t size = strlen(from[k]) + 1;
        *to[k] = memcpy(at, from[k], size);
        at += size;
    }
    return out;
}

static clade_status get(cld_records *records, const char *const key[2], cld_record **out, clade_error *err) {
    cld_record row;
    sqlite3_stmt *statement;
    CLD_RETURN(cld_records_prepare(&statement, records,
                                   "SELECT " COLUMNS " FROM record WHERE device = ?1 AND problem = ?2", key, 2, err));
    clade_status status = CLADE_OK;
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && read_row(statement, &row) && is_for(&row, key) && !(*out = copy(&row)))
        status = cld_no_memory(err, "a tuning record");
    const clade_status finished = cld_records_finish(records, statement, code, err);
    return status == CLADE_OK ? finished : status;
}

clade_status cld_records_get(cld_records *records, const char *device, const char *problem, cld_record **out,
                             clade_error *err) {
    *out = NULL;
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    clade_status status = get(records, (const char *const[]){ device, problem }, out, err);
    cld_lock_drop(records->lock);
    return status;
}

clade_status cld_records_write(cld_records *records, const cld_record *r, bool if_better, clade_error *err) {
#define INSERT                                                                                                         \
    "INSERT INTO record(" COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET "       \
    "driver = excluded.driver, library = excluded.library, choice = excluded.choice, seconds = excluded.seconds, "     \
    "error = excluded.error, tried = excluded.tried, date = excluded.date, checksum = excluded.checksum"
    static const char *const sql[] = { INSERT, INSERT " WHERE CASE WHEN excluded.driver = record.driver AND "
                                                      "excluded.library = record.library THEN excluded.seconds < "
                                                      "record.seconds ELSE excluded.date > record.date END" };
#undef INSERT
    const char *const texts[] = { r->device, r->problem, r->driver, r->library, r->choice };
    sqlite3_stmt *statement;
    CLD_RETURN(cld_records_prepare(&statement, records, sql[if_better], texts, (int)CLD_COUNT(texts), err));
    char sum[CLD_DIGEST_HEX];
    checksum(sum, r);
    sqlite3_bind_double(statement, 6, r->seconds);
    sqlite3_bind_double(statement, 7, r->error);
    sqlite3_bind_int64(statement, 8, r->tried);
    sqlite3_bind_int64(statement, 9, r->date);
    sqlite3_bind_text(statement, 10, sum, -1, SQLITE_STATIC);
    return cld_records_finish(records, statement, SQLITE_ROW, err);
}

clade_status cld_records_put(cld_records *records, const cld_record *record, clade_error *err) {
    CLD_RETURN(cld_record_check(record, err));
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    clade_status status = cld_records_write(records, record, false, err);
    cld_lock_drop(records->lock);
    return status;
}

/* `journal` 0: what it says stays. */
static clade_status forget(cld_records *records, const char *const key[2], size_t journal, int64_t *count,
                           clade_error *err) {
#define WHERE " WHERE (?1 IS NULL OR device = ?1) AND (?2 IS NULL OR problem = ?2)"
    static const char *const sql[] = { "DELETE FROM journal" WHERE, "DELETE FROM record" WHERE };
#undef WHERE
    for (size_t k = 1 - journal; k < CLD_COUNT(sql); k++) {
        sqlite3_stmt *statement;
        CLD_RETURN(cld_records_prepare(&statement, records, sql[k], key, 2, err));
        CLD_RETURN(cld_records_finish(records, statement, SQLITE_ROW, err));
        *count = sqlite3_changes(records->db);
    }
    return CLADE_OK;
}

clade_status cld_records_forget(cld_records *records, const char *device, const char *problem, int64_t *count,
                                clade_error *err) {
    *count = 0;
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    clade_status status = forget(records, (const char *const[]){ device, problem }, 1, count, err);
    cld_lock_drop(records->lock);
    return status;
}

clade_status cld_records_remove(cld_records *records, const char *device, const char *problem, clade_error *err) {
    int64_t count;
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    clade_status status = forget(records, (const char *const[]){ device, problem }, 0, &count, err);
    cld_lock_drop(records->lock);
    return status;
}

static clade_status list(cld_records *records, const char *sql, const char *const *texts, int count,
                         cld_records_visitor visit, void *user, clade_error *err) {
    sqlite3_stmt *statement;
    CLD_RETURN(cld_records_prepare(&statement, records, sql, texts, count, err));
    clade_status status = CLADE_OK;
    cld_record row;
    int code = SQLITE_ROW;
    while (status == CLADE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        if (read_row(statement, &row))
            status = visit(user, &row, err);
    if (status == CLADE_OK)
        return cld_records_finish(records, statement, code, err);
    sqlite3_finalize(statement);
    return status;
}

static clade_status list_locked(cld_records *records, const char *sql, const char *const *texts, int count,
                                cld_records_visitor visit, void *user, clade_error *err) {
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    clade_status status = list(records, sql, texts, count, visit, user, err);
    cld_lock_drop(records->lock);
    return status;
}

clade_status cld_records_list(cld_records *records, cld_records_visitor visit, void *user, clade_error *err) {
    return list_locked(records, "SELECT " COLUMNS " FROM record ORDER BY device, problem", NULL, 0, visit, user, err);
}

/* Problems are printable ASCII, so none that begins with the prefix is above it with a DEL behind. */
clade_status cld_records_like(cld_records *records, const char *device, const char *prefix, cld_records_visitor visit,
                              void *user, clade_error *err) {
    return list_locked(records,
                       "SELECT " COLUMNS
                       " FROM record WHERE device = ?1 AND problem >= ?2 AND problem < ?2 || char(127) "
                       "ORDER BY problem",
                       (const char *const[]){ device, prefix }, 2, visit, user, err);
}
