/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 1: tuning records, what was measured on a device: which row of an operator, with which parameters, solves a
 * problem fastest. They cost hours, so they lie in a file of their own, apart from the cache, which may be deleted.
 *
 * A change is on the disk when its call returns. A damaged file is set aside under another name, never emptied; one of
 * a newer format is refused and left alone; one that cannot be written can be read. Safe under several threads and
 * processes: a call waits for another process two seconds at most, and then fails alone. Texts are opaque here: one
 * line each, printable, of bounded length.
 */
#ifndef CLD_RECORDS_H
#define CLD_RECORDS_H

#include "base/base.h"

typedef struct cld_store cld_records;

typedef struct cld_record {
    const char *device, *problem; /* the key: what it was measured on, and what it solves (cld_problem_text) */
    const char *driver, *library; /* the versions it was measured with; with others it may no longer hold */
    const char *choice;           /* "im2col > panels(mr 12, kb 256)" */
    double seconds, error;        /* of one run; the largest one, relative to the reference */
    int64_t tried, date;          /* candidates that were measured; seconds since 1970 */
} cld_record;

/* `directory` NULL: CLADE_CACHE_DIR, else XDG_DATA_HOME/clade, else ~/.local/share/clade; "": none. *out NULL: none is
 * wanted, or there is none and `make` is false; every call below accepts that, and finds nothing. `make`, which is for
 * who writes, also looks at every page. ERR_IO, ERR_UNSUPPORTED: it cannot be used, and why. */
clade_status cld_records_open(cld_records **out, const char *directory, bool make, clade_error *err);
void cld_records_close(cld_records *records);

/* *out: the caller frees it, texts included; NULL: there is none. A row that is not as put would have it counts as
 * none. */
clade_status cld_records_get(cld_records *records, const char *device, const char *problem, cld_record **out,
                             clade_error *err);
/* Replaces. ERR_ARGUMENT: a text or a number is not as a record's must be. */
clade_status cld_records_put(cld_records *records, const cld_record *record, clade_error *err);
/* Removes the records of a device, of a problem (NULL: any), and what the journal says of them. *count: how many. */
clade_status cld_records_forget(cld_records *records, const char *device, const char *problem, int64_t *count,
                                clade_error *err);
/* The record of one problem alone. */
clade_status cld_records_remove(cld_records *records, const char *device, const char *problem, clade_error *err);
/* Calls `visit` for each, sorted by device and problem, until it fails; it must not call here. The record is valid
 * during the call. */
typedef clade_status (*cld_records_visitor)(void *user, const cld_record *record, clade_error *err);
clade_status cld_records_list(cld_records *records, cld_records_visitor visit, void *user, clade_error *err);
/* The same for those of a device whose problem begins so. */
clade_status cld_records_like(cld_records *records, const char *device, const char *prefix, cld_records_visitor visit,
                              void *user, clade_error *err);

/* ---- records_text.c: "clade-records 1", then a line for each record, its fields in the order of cld_record, separated
 * by tabs, sorted ---- */

clade_status cld_records_export(cld_records *records, cld_text *out, clade_error *err);
/* All of the text or nothing of it; a line that is wrong is named. Of two records for the same key the new one is taken
 * (REPLACE), or the better one (MERGE): of the same driver and library the faster, else the younger. *count: taken. */
typedef enum cld_import { CLD_IMPORT_REPLACE, CLD_IMPORT_MERGE } cld_import;
clade_status cld_records_import(cld_records *records, const char *text, size_t size, cld_import how, int64_t *count,
                                clade_error *err);

/* ---- journal.c: what is about to run may end the process, or the machine ---- */

/* Noted, on the disk, before it runs; `entry` ends it. */
clade_status cld_records_begin(cld_records *records, const char *device, const char *problem, const char *choice,
                               int64_t *entry, clade_error *err);
clade_status cld_records_end(cld_records *records, int64_t entry, clade_error *err);
/* Was it begun and never ended? So it is until forgotten. */
clade_status cld_records_suspect(cld_records *records, const char *device, const char *problem, const char *choice,
                                 bool *out, clade_error *err);

#endif
