/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning: which of the ways to run each part of a model is fastest on a device, found by measuring, and recorded on
 * disk for every later session there. What a session would choose without is an estimate.
 *
 * Records stand in a file of their own (tuning.sqlite, in the cache_dir of clade_device_options, or in CLADE_CACHE_DIR,
 * or under the user's XDG data directory), under the device's name and the problem, which is what is to be computed, of
 * which sizes. They hold for the driver and the library that they were measured with. As text they go from machine to
 * machine.
 */
#ifndef CLADE_TUNE_H
#define CLADE_TUNE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was found for one problem. Texts are borrowed during the call that gives it; choices are written as a dump and
 * prefer_impl write them. */
typedef struct clade_tuned {
    size_t size_bytes;
    const char *operator_type, *problem;
    size_t nodes;                         /* of the model that have it */
    const char *before, *after;           /* the choice it had, and has now; the same: nothing is clearly faster */
    double before_seconds, after_seconds; /* of one node alone, measured in turns */
    double error;                         /* of `after`: largest difference from the reference row's result, relative to
                                           * its root mean square */
    size_t tried, refused;                /* candidates; of those, the ones that were wrong or could not run */
} clade_tuned;

/* One candidate that was tried. why: what was wrong with it, in one line; NULL: nothing. */
typedef struct clade_candidate {
    size_t size_bytes;
    const char *problem, *choice, *why;
    double seconds, error;
} clade_candidate;

typedef struct clade_tune_options {
    size_t size_bytes; /* sizeof(clade_tune_options): start from CLADE_TUNE_OPTIONS_INIT */
    double seconds;    /* to take, about; 0: 60. Problems that take most of the model's time come first; what there was
                        * no time for keeps its choice */
    clade_progress_fn progress; /* before each candidate; may cancel: what was found before stays recorded */
    void *progress_user;
    void (*found)(void *user, const clade_tuned *tuned);         /* or NULL */
    void (*tried)(void *user, const clade_candidate *candidate); /* or NULL */
    void *user;                                                  /* of both */
} clade_tune_options;
#define CLADE_TUNE_OPTIONS_INIT CLADE_SIZED_INIT(clade_tune_options)

typedef struct clade_tune_result {
    size_t size_bytes;                    /* sizeof(clade_tune_result): start from CLADE_TUNE_RESULT_INIT */
    size_t problems, changed;             /* that were tuned; that have another choice now */
    double before_seconds, after_seconds; /* of a whole run, measured in turns */
    int reverted; /* 1: the whole was no faster with what was faster alone, so all choices are as before */
} clade_tune_result;
#define CLADE_TUNE_RESULT_INIT CLADE_SIZED_INIT(clade_tune_result)

/* Tunes what a run on the present inputs computes, whose values matter only where they decide what is computed. Runs
 * the session first. Each candidate is verified against the reference row before it counts, and noted on disk before it
 * runs: one that ended the process is not tried again. Takes memory beside the session's, which no cap limits. Of
 * an operator in the session's prefer_impl only that row is tried, and recorded where it is faster than what is chosen
 * without. The session plans anew afterwards, so there is no run to read. `options` and `out` may be NULL.
 * ERR_ARGUMENT: an input lies in a caller's buffer; the device is a stated one, or opened without a place for records.
 * ERR_IO: the records cannot be written. ERR_CANCELLED. What a run returns. */
CLADE_API CLADE_NODISCARD clade_status clade_session_tune(clade_session *session, const clade_tune_options *options,
                                                          clade_tune_result *out, clade_error *err);

/* All records, below the head line
 * "clade-records 1": a line each, fields separated by tabs: device, problem, driver, library, choice, seconds, error,
 * tried, date. `cache_dir` as in clade_device_options. The caller frees *out: clade_string_free. */
CLADE_API CLADE_NODISCARD clade_status clade_records_export(char **out, const char *cache_dir, clade_error *err);
/* Takes all records of such a text, or none where a line is wrong, which is named. merge 0: they replace those there
 * are; 1: of two measured with the same driver and library the faster stays, else the younger. *count, which may be
 * NULL: how many were taken. */
CLADE_API CLADE_NODISCARD clade_status clade_records_import(const char *cache_dir, const char *text, size_t size_bytes,
                                                            int merge, size_t *count, clade_error *err);
/* Removes the records of a device, of one problem or (NULL) of all, and what is noted of candidates that ended a
 * process. */
CLADE_API CLADE_NODISCARD clade_status clade_records_forget(const char *cache_dir, const char *device,
                                                            const char *problem, size_t *count, clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
