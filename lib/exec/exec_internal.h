/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of exec share. */
#ifndef CLD_EXEC_INTERNAL_H
#define CLD_EXEC_INTERNAL_H

#include "exec/exec.h"

/* A constant on the device, as it is (key NULL) or packed. */
typedef struct cld_resident {
    struct cld_resident *next;
    const clade_tensor *tensor;
    char *key;
    cld_mem *mem;
    int32_t users;
    const cld_exec *maker;
    bool filled; /* others than its maker may use it */
} cld_resident;

struct cld_exec {
    cld_ocl *ocl;
    cld_queue *queue;
    cld_exec_options options;
    cld_account own, *account; /* the latter is the one that counts */
    cld_exec_stats stats;
    cld_mem *slabs[CLD_MAX_SLABS]; /* the arena that all plans share, one after the other; NULL: none */
    uint64_t arena;                /* changes when a slab is replaced; never 0 */
    bool reserving;
    cld_mem **states; /* [n_states] by number; NULL: no plan has met it yet */
    int32_t n_states;
    cld_weights *weights; /* those of the options, or its own */
    cld_mem *faults;      /* NULL until a step checks indices */
    bool faults_used;     /* it may hold something */
    cld_fault fault;      /* as last fetched */
    int32_t last_number;  /* given to a step that checks */
    size_t max_group;     /* as in cld_exec_max_group */
};

/* One step bound to its buffers. */
typedef struct cld_bound {
    const cld_step *step;
    cld_kernel *kernel; /* kernel steps */
    size_t global[3], local[3];
    cld_mem *mem[3]; /* the others: buffers, and element (GEMM, CONVGEMM) or byte (COPY, FILL) offsets */
    size_t offset[3];
    int32_t number; /* of a step that checks indices; else 0 */
} cld_bound;

struct cld_prepared {
    cld_exec *exec;
    const cld_plan *plan;
    cld_batch *batch;
    cld_mem **outputs;        /* owned */
    cld_mem **mem_of_buf;     /* [plan->n_bufs] borrowed from slabs, outputs, inputs, residents */
    uint64_t *inputs;         /* [graph->n_inputs] serials of the buffers bound */
    uint64_t arena;           /* of the executor, as bound; 0: not yet */
    cld_resident **residents; /* [plan->n_bufs] or NULL */
    cld_bound *steps;
    int32_t n_steps;
    bool saved, checks;
};

/* ---- exec.c --------------------------------------------------------------------------------------------------- */

/* A buffer that counts in *counter, which is part of what the account's cap is for; over `host`: cld_mem_new_over. */
clade_status cld_exec_count(cld_exec *exec, size_t *counter, cld_mem **out, size_t bytes, const void *host,
                            clade_error *err);
/* Makes the arena large enough for a plan. */
clade_status cld_exec_reserve(cld_exec *exec, const cld_plan *plan, clade_error *err);

/* State `index`, which is `initial` when it is met for the first time. Borrowed. */
clade_status cld_exec_state(cld_exec *exec, cld_mem **out, int32_t index, const clade_tensor *initial,
                            clade_error *err);

/* ---- bind.c --------------------------------------------------------------------------------------------------- */

/* Binds every argument of a step, for the first time. */
clade_status cld_bind(cld_prepared *prepared, cld_bound *bound, clade_error *err);
/* Binds the buffers of one place again, once mem_of_buf has the new ones. */
clade_status cld_bind_again(cld_prepared *prepared, cld_place place, clade_error *err);

/* ---- fault.c -------------------------------------------------------------------------------------------------- */

/* What a step that checks is bound to: the record (borrowed) and a number no other step of the session has. */
clade_status cld_faults_bind(cld_exec *exec, cld_mem **out, int32_t *number, clade_error *err);

/* ---- weights.c ------------------------------------------------------------------------------------------------ */

/* Around the making of constants: the calling thread makes them, or finds them made. */
void cld_weights_begin(cld_weights *weights);
void cld_weights_end(cld_weights *weights);
/* Between the two: finds or makes; a new unpacked one is uploaded. Counts one user. */
clade_status cld_resident_use(cld_resident **out, cld_exec *exec, const clade_tensor *tensor, const char *key,
                              size_t bytes, clade_error *err);
void cld_resident_drop(cld_exec *exec, cld_resident *resident); /* at any time */

#endif
