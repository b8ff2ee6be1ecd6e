/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of exec share. */
#ifndef CLD_EXEC_INTERNAL_H
#define CLD_EXEC_INTERNAL_H

#include "exec/exec.h"

/* A constant on the device, as it is (key NULL) or packed. Shared by the plans of a session and counted, so that a
 * tensor's address is never compared after the tensor is gone. */
typedef struct cld_resident {
    struct cld_resident *next;
    const clade_tensor *tensor;
    char *key;
    cld_mem *mem;
    int32_t users;
    bool filled; /* packed ones: the `once` steps have run */
} cld_resident;

enum { CLD_RESIDENT_LISTS = 1024 };

struct cld_exec {
    cld_ocl *ocl;
    cld_queue *queue;
    clade_progress_fn progress;
    void *progress_user;
    cld_exec_stats stats;
    cld_resident *residents[CLD_RESIDENT_LISTS]; /* by hash of tensor and key */
    cld_mem *faults;                             /* NULL until a step checks indices */
    bool faults_used;                            /* it may hold something */
    cld_fault fault;                             /* as last fetched */
    int32_t last_number;                         /* given to a step that checks */
};

/* ---- fault.c -------------------------------------------------------------------------------------------------- */

/* What a step that checks is bound to: the record (borrowed) and a number no other step of the session has. */
clade_status cld_faults_bind(cld_exec *exec, cld_mem **out, int32_t *number, clade_error *err);

/* ---- resident.c ----------------------------------------------------------------------------------------------- */

/* Finds or makes; a new unpacked one is uploaded. Counts one user. */
clade_status cld_resident_use(cld_resident **out, cld_exec *exec, const clade_tensor *tensor, const char *key,
                              size_t bytes, clade_error *err);
void cld_resident_drop(cld_exec *exec, cld_resident *resident);

#endif
