/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of tuning records share. The lock is held by the caller. */
#ifndef CLD_RECORDS_INTERNAL_H
#define CLD_RECORDS_INTERNAL_H

#include "store/internal.h"
#include "store/records.h"

/* ERR_ARGUMENT: what a record cannot hold. */
clade_status cld_record_check(const cld_record *record, clade_error *err);
clade_status cld_records_text_check(const char *what, const char *text, clade_error *err);
/* A statement, its first parameters bound (NULL: SQL's NULL). ERR_IO, ERR_MEMORY. */
clade_status cld_records_prepare(sqlite3_stmt **out, cld_records *records, const char *sql, const char *const *texts,
                                 int count, clade_error *err);
/* Steps it to its end, and frees it. code: of its last step, which is not repeated when it failed; SQLITE_ROW: go on.
 */
clade_status cld_records_finish(cld_records *records, sqlite3_stmt *statement, int code, clade_error *err);
/* Replaces, or only what is worse. */
clade_status cld_records_write(cld_records *records, const cld_record *record, bool if_better, clade_error *err);

#endif
