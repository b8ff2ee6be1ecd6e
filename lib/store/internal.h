/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/store share. Only lib/store includes it. */
#ifndef CLD_STORE_INTERNAL_H
#define CLD_STORE_INTERNAL_H

#include "store/store.h"

#include <sqlite3.h>

/* What a file keeps, and what becomes of one that is damaged. */
typedef struct cld_store_kind {
    const char *name, *what;             /* "clade.sqlite", "cache": for paths and messages */
    const char *variable, *home;         /* of the environment, and under HOME, where it lies by default */
    int application_id, format, wait_ms; /* wait_ms: the most a call waits for another process */
    const char *const *steps;            /* [format]: what brings a file of format k to k + 1; 0: an empty one */
    const char *const *tables;           /* what sqlite_master then holds, and nothing else; ends with NULL */
    const char *synchronous;             /* how a change is on the disk when the call returns */
    bool disposable;                     /* damaged or foreign to us: emptied in place; else set aside */
} cld_store_kind;

struct cld_store {
    const cld_store_kind *kind;
    sqlite3 *db; /* NULL: given up; every call finds nothing */
    char *file;  /* <resolved directory>/<kind->name> */
    cld_lock *lock;
    bool complained, recovered;
};

/* ---- path.c --------------------------------------------------------------------------------------------------- */

/* The file to open, in a directory that exists, is the user's own and can be written by nobody else. NULL: no store is
 * wanted, or there is none and it is not to be made, or the line in `why` says what is wrong. The caller frees. */
char *cld_store_path(const cld_store_kind *kind, const char *directory, bool make, clade_error *why);
/* The database and each file beside it is absent, or a plain file of the user's with no second name: opening a FIFO
 * would never return. */
clade_status cld_store_files_check(const cld_store *store, clade_error *why);

/* ---- file.c: the SQLite file as a whole ------------------------------------------------------------------------ */

/* Opens or creates store->file; a damaged one is emptied or set aside. `thoroughly` looks at every page, else at the
 * first. */
clade_status cld_store_file_open(cld_store *store, bool thoroughly, clade_error *why);
void cld_store_file_close(cld_store *store);
bool cld_store_is_damage(int sqlite_code);
/* What SQLite says of the last call. */
clade_status cld_store_fail(cld_store *store, int sqlite_code, clade_error *why);
clade_status cld_store_execute(cld_store *store, const char *sql, clade_error *why);

/* ---- store.c -------------------------------------------------------------------------------------------------- */

/* A store of this kind, opened; `why` says what is wrong. Caller frees: cld_store_close. *out NULL: none is wanted, or
 * there is none, and it is not to be made. */
clade_status cld_store_open_kind(cld_store **out, const cld_store_kind *kind, const char *directory, bool make,
                                 clade_error *why);
/* Logs the first defect of a store; later ones are its consequences. */
void cld_store_complain(cld_store *store, const char *line);

#endif
