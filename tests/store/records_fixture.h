/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of tuning records share. */
#ifndef CLADE_TEST_RECORDS_FIXTURE_H
#define CLADE_TEST_RECORDS_FIXTURE_H

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "store/fixture.h"
#include "store/records.h"

static cld_records *records;
static clade_error err;

static const cld_record sample = { .device = "GPU",
                                   .problem = "product float32 0 64x64x64x0",
                                   .driver = "1.0",
                                   .library = "0.1.0",
                                   .choice = "tiles(tm 64, tn 64)",
                                   .seconds = 1e-5,
                                   .error = 0,
                                   .tried = 12,
                                   .date = 1700000000 };

static inline void open_at(const char *directory) { ck_ok(cld_records_open(&records, directory, true, &err), err); }

static inline const char *file_of(const char *directory) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/tuning.sqlite", directory);
    return path;
}

static inline void execute(const char *directory, const char *sql) {
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(file_of(directory), &db), SQLITE_OK);
    char *message = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql, message);
    sqlite3_close(db);
}

/* 0: there is none. */
static inline double seconds_of(const char *device, const char *problem) {
    cld_record *found;
    ck_ok(cld_records_get(records, device, problem, &found, &err), err);
    const double seconds = found ? found->seconds : 0;
    cld_free(found);
    return seconds;
}

/* How many files were set aside. */
static inline int count_aside(const char *directory) {
    int count = 0;
    char path[4400];
    for (int k = 1; k <= 5; k++) {
        snprintf(path, sizeof path, "%s.damaged-%d", file_of(directory), k);
        count += access(path, R_OK) == 0;
    }
    return count;
}

#endif
