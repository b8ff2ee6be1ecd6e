/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of tuning records: what was begun and not ended has ended its process, or is still at it; either way it
 * is not to be tried again.
 */
#include "store/records_internal.h"

clade_status cld_records_begin(cld_records *records, const char *device, const char *problem, const char *choice,
                               int64_t *entry, clade_error *err) {
    const char *const texts[] = { device, problem, choice };
    *entry = 0;
    CLD_RETURN(cld_records_text_check("device", device, err));
    CLD_RETURN(cld_records_text_check("problem", problem, err));
    CLD_RETURN(cld_records_text_check("choice", choice, err));
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    sqlite3_stmt *statement;
    clade_status status = cld_records_prepare(
        &statement, records, "INSERT INTO journal(device, problem, choice) VALUES(?1, ?2, ?3)", texts, 3, err);
    if (status == CLADE_OK)
        status = cld_records_finish(records, statement, SQLITE_ROW, err);
    if (status == CLADE_OK)
        *entry = sqlite3_last_insert_rowid(records->db);
    cld_lock_drop(records->lock);
    return status;
}

clade_status cld_records_end(cld_records *records, int64_t entry, clade_error *err) {
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    sqlite3_stmt *statement;
    clade_status status =
        cld_records_prepare(&statement, records, "DELETE FROM journal WHERE entry = ?1", NULL, 0, err);
    if (status == CLADE_OK) {
        sqlite3_bind_int64(statement, 1, entry);
        status = cld_records_finish(records, statement, SQLITE_ROW, err);
    }
    cld_lock_drop(records->lock);
    return status;
}

clade_status cld_records_suspect(cld_records *records, const char *device, const char *problem, const char *choice,
                                 bool *out, clade_error *err) {
    const char *const texts[] = { device, problem, choice };
    *out = false;
    if (!records)
        return CLADE_OK;
    cld_lock_take(records->lock);
    sqlite3_stmt *statement;
    clade_status status = cld_records_prepare(
        &statement, records, "SELECT 1 FROM journal WHERE device = ?1 AND problem = ?2 AND choice = ?3", texts, 3, err);
    if (status == CLADE_OK) {
        const int code = sqlite3_step(statement);
        *out = code == SQLITE_ROW;
        status = cld_records_finish(records, statement, code, err);
    }
    cld_lock_drop(records->lock);
    return status;
}
