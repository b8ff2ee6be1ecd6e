/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/store share. Only lib/store includes it. */
#ifndef CLD_STORE_INTERNAL_H
#define CLD_STORE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>

struct cld_store {
    sqlite3 *db; /* NULL: given up; every call finds nothing */
    char *file;  /* <resolved directory>/clade.sqlite */
    cld_lock *lock;
    bool complained, recovered;
};

/* ---- path.c --------------------------------------------------------------------------------------------------- */

/* The file to open, in a directory that exists, is the user's own and can be written by nobody else. NULL: no store is
 * wanted, or the line in `why` says what is wrong. The caller frees. */
char *cld_store_path(const char *directory, clade_error *why);
/* The database and each file beside it is absent, or a plain file of the user's with no second name: opening a FIFO
 * would never return. */
clade_status cld_store_files_check(const char *database, clade_error *why);

/* ---- file.c: the SQLite file as a whole ------------------------------------------------------------------------ */

/* Opens or creates store->file; a damaged one is emptied. `thoroughly` looks at every page, else at the first. */
clade_status cld_store_file_open(cld_store *store, bool thoroughly, clade_error *why);
void cld_store_file_close(cld_store *store);
bool cld_store_is_damage(int sqlite_code);

/* ---- store.c -------------------------------------------------------------------------------------------------- */

/* Logs the first defect of a store; later ones are its consequences. */
void cld_store_complain(cld_store *store, const char *line);

#endif
