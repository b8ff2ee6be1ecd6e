/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 6: the tuner. For each problem of a graph it runs candidates, which are rows with their parameters as the
 * chooser names them, on the device, and records the one that is fastest.
 *
 * A candidate is compared with the reference row before it is timed: it must agree, be finite where that is, write
 * every element, and leave alone what lies behind its outputs. It is journalled on disk before it runs, so what ended a
 * process is not tried again. Needs the device for itself: what else runs there is measured too.
 */
#ifndef CLD_TUNE_H
#define CLD_TUNE_H

#include "exec/exec.h"
#include "store/records.h"

/* What was found for a problem. Texts are valid during the call that gives it. */
typedef struct cld_tuned {
    const char *problem, *op;
    int32_t nodes;              /* of the graphs that have it */
    const char *before, *after; /* choices; the same: nothing faster was found */
    double before_s, after_s;   /* seconds of one node, measured in turns */
    double error;               /* of `after`, the largest, relative to the reference's root mean square */
    int32_t tried, refused;     /* candidates; of those, the ones that were wrong or did not run */
} cld_tuned;

/* One candidate. why NULL: it ran and was right; else seconds is 0. */
typedef struct cld_tried {
    const char *problem, *choice, *why;
    double seconds, error;
} cld_tried;

typedef struct cld_tune_order {
    cld_ocl *ocl;
    cld_weights *weights;         /* of the model that the graphs are of */
    cld_records *records;         /* where to; NULL: nowhere */
    const char *device, *driver;  /* keys of a record */
    const cld_measured *measured; /* what is chosen now; NULL: by cost */
    bool no_blas, only_new;       /* only_new: problems that nothing was measured for */
    const char *prefer; /* "Op=row,...": of such an operator only that row, and what is chosen now; NULL: all */
    double seconds;     /* to take, about */
    cld_watch watch;
    clade_status (*found)(void *user, const cld_tuned *tuned,
                          clade_error *err);           /* before it is recorded; an error ends all */
    void (*tried)(void *user, const cld_tried *tried); /* NULL: not wanted */
    void *user;
} cld_tune_order;

/* Seconds of a clock that only goes forward; the median, which sorts them. */
double cld_tune_now(void);
double cld_median(double *values, int32_t count);

/* ERR_CANCELLED: by the watch; what was found before stays recorded. */
clade_status cld_tune(const cld_tune_order *order, const cld_graph *const *graphs, int32_t count, clade_error *err);

#endif
