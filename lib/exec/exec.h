/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 5: plan + device -> running steps.
 *
 * A cld_exec holds what the plans of one session share: the queue, the arena, constants on the device, packed
 * constants. A cld_prepared is one plan with its memory allocated, kernels compiled and arguments bound, so that a run
 * only enqueues. The arena is as large as its largest plan has needed; a plan bound to one that was replaced is bound
 * again when it runs. One thread at a time.
 */
#ifndef CLD_EXEC_H
#define CLD_EXEC_H

#include "ocl/ocl.h"
#include "plan/plan.h"

typedef struct cld_exec cld_exec;
typedef struct cld_prepared cld_prepared;

typedef struct cld_exec_stats {
    size_t cache_hits, builds; /* programs */
    size_t launches;           /* since the owner last set it to 0 */
} cld_exec_stats;

/* Device bytes that executors hold together; atomic. Constants, which further ones may share, are counted apart; peak
 * and cap are of both. */
typedef struct cld_account {
    size_t held, peak;
    size_t cap; /* 0: none */
} cld_account;

/* Constants on the device, for all executors of one model on one device. Thread-safe. */
typedef struct cld_weights cld_weights;

typedef struct cld_exec_options {
    clade_progress_fn progress;
    void *progress_user;
    cld_account *account; /* shared with other executors, outlives them; NULL: of its own */
    cld_weights *weights; /* likewise */
    /* Asked when an allocation does not fit: gives back what the user can spare; false: nothing more. NULL: never */
    bool (*spare)(void *user);
    void *spare_user;
} cld_exec_options;

/* ---- exec.c --------------------------------------------------------------------------------------------------- */

/* `queue` is taken, also on failure. `ocl` is retained. */
clade_status cld_exec_new(cld_exec **out, cld_ocl *ocl, cld_queue *queue, const cld_exec_options *options,
                          clade_error *err);
void cld_exec_free(cld_exec *exec);                                          /* after every cld_prepared of it */
void cld_exec_watch(cld_exec *exec, clade_progress_fn progress, void *user); /* replaces those of the options */
cld_queue *cld_exec_queue(const cld_exec *exec);
cld_exec_stats *cld_exec_stats_of(cld_exec *exec);
/* The smallest group that a driver allowed a kernel of a plan refused with ERR_UNSUPPORTED; 0: none was. */
size_t cld_exec_max_group(const cld_exec *exec);
/* A buffer that counts in the account. ERR_LIMIT: its cap. */
clade_status cld_exec_alloc(cld_exec *exec, cld_mem **out, size_t bytes, clade_error *err);
void cld_exec_release(cld_exec *exec, cld_mem *mem);
/* Gives the arena back, once the queue is empty: the next run of a plan makes it again. False: there is none. */
bool cld_exec_drop_arena(cld_exec *exec);

/* ---- weights.c ------------------------------------------------------------------------------------------------ */

/* maps: borrowed; pages of host tensors in them are given back once the device has what they hold. NULL: none. */
clade_status cld_weights_new(cld_weights **out, const cld_mapping *maps, clade_error *err);
void cld_weights_free(cld_weights *weights); /* after every executor that uses it */
size_t cld_weights_bytes(const cld_weights *weights);

/* ---- fault.c -------------------------------------------------------------------------------------------------- */

/* Before a run: forgets what the last one noted. */
clade_status cld_faults_clear(cld_exec *exec, clade_error *err);
/* Enqueues the read of what was noted so far, if anything can have been; does not wait. */
clade_status cld_faults_fetch(cld_exec *exec, clade_error *err);
/* Once the queue has been waited for after a fetch: the first index out of range; NULL: none. */
const cld_fault *cld_faults_seen(cld_exec *exec);

/* ---- prepare.c ------------------------------------------------------------------------------------------------ */

/* Allocates, compiles, uploads constants, packs them. inputs: [graph->n_inputs] borrowed buffers that outlive the
 * result. `plan` is borrowed and outlives it too. ERR_DEVICE_MEMORY, ERR_BUILD, ERR_DEVICE, ERR_CANCELLED;
 * ERR_UNSUPPORTED: a kernel runs in smaller groups only (cld_exec_max_group), so plan for those. */
clade_status cld_prepared_new(cld_prepared **out, cld_exec *exec, const cld_plan *plan, cld_mem *const *inputs,
                              clade_error *err);
void cld_prepared_free(cld_prepared *prepared);
/* Graph input k lies in this buffer from now on (borrowed, as above). */
clade_status cld_prepared_take(cld_prepared *prepared, int32_t k, cld_mem *mem, clade_error *err);
/* Enqueues every step; does not wait. */
clade_status cld_prepared_run(cld_prepared *prepared, clade_error *err);
/* After a run has finished: keeps the programs' binaries, the first time. ERR_CANCELLED. */
clade_status cld_prepared_ran(cld_prepared *prepared, clade_error *err);
/* The step that a fault names; NULL: none of this plan. */
const cld_step *cld_prepared_checker(const cld_prepared *prepared, const cld_fault *fault);
/* The buffer of graph output k; borrowed. */
cld_mem *cld_prepared_output(const cld_prepared *prepared, int32_t k);

#endif
