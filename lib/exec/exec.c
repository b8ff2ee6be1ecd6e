/* SPDX-License-Identifier: Apache-2.0 */
/* What the plans of one session share on the device: queue, statistics, counted memory. */
#include "exec/exec_internal.h"

#include <stdlib.h>

clade_status cld_exec_new(cld_exec **out, cld_ocl *ocl, cld_queue *queue, clade_progress_fn progress, void *user,
                          clade_error *err) {
    cld_exec *exec = calloc(1, sizeof *exec);
    if (!exec) {
        cld_queue_free(queue);
        return cld_no_memory(err, "an executor");
    }
    exec->ocl = cld_ocl_retain(ocl);
    exec->queue = queue;
    exec->progress = progress;
    exec->progress_user = user;
    *out = exec;
    return CLADE_OK;
}

void cld_exec_free(cld_exec *exec) {
    if (!exec)
        return;
    cld_queue_free(exec->queue); /* waits: a fetch may be under way */
    cld_exec_release(exec, exec->faults);
    cld_ocl_release(exec->ocl);
    free(exec);
}

cld_queue *cld_exec_queue(const cld_exec *exec) { return exec->queue; }

cld_exec_stats *cld_exec_stats_of(cld_exec *exec) { return &exec->stats; }

clade_status cld_exec_alloc(cld_exec *exec, cld_mem **out, size_t bytes, clade_error *err) {
    CLD_RETURN(cld_mem_new(out, exec->ocl, cld_caps_round(cld_ocl_caps(exec->ocl), bytes), err));
    exec->stats.held_bytes += cld_mem_bytes(*out);
    exec->stats.peak_bytes = CLD_MAX(exec->stats.peak_bytes, exec->stats.held_bytes);
    return CLADE_OK;
}

void cld_exec_release(cld_exec *exec, cld_mem *mem) {
    if (!mem)
        return;
    exec->stats.held_bytes -= cld_mem_bytes(mem);
    cld_mem_free(mem);
}
