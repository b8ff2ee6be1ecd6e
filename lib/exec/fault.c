/* SPDX-License-Identifier: Apache-2.0 */
/* Indices out of the model's data that are out of range: one record on the device for all plans of a session.
 *
 * In: runs of plans whose steps check indices (CLADE_FAULT in cl/common.clh). Out: the first fault of a run, read with
 * what the run waits for anyway. Invariant: the record is empty unless a checking plan ran since it was last seen
 * empty; so a run without faults costs one small read, and one that checks nothing costs nothing. */
#include "exec/exec_internal.h"

clade_status cld_faults_clear(cld_exec *exec, clade_error *err) {
    static const int32_t none;
    if (!exec->faults_used)
        return CLADE_OK;
    CLD_RETURN(cld_mem_fill(exec->queue, exec->faults, 0, &none, sizeof none, sizeof exec->fault, NULL, err));
    exec->faults_used = false;
    return CLADE_OK;
}

clade_status cld_faults_bind(cld_exec *exec, cld_mem **out, int32_t *number, clade_error *err) {
    if (!exec->faults) {
        cld_mem *faults;
        CLD_RETURN(cld_exec_alloc(exec, &faults, sizeof exec->fault, err));
        exec->faults = faults;
        exec->faults_used = true;
        CLD_RETURN(cld_faults_clear(exec, err)); /* this may happen in the midst of the first run */
    }
    exec->last_number = exec->last_number == INT32_MAX ? 1 : exec->last_number + 1;
    *out = exec->faults;
    *number = exec->last_number;
    return CLADE_OK;
}

clade_status cld_faults_fetch(cld_exec *exec, clade_error *err) {
    if (!exec->faults_used)
        return CLADE_OK;
    return cld_mem_fetch(exec->queue, exec->faults, 0, &exec->fault, sizeof exec->fault, err);
}

const cld_fault *cld_faults_seen(cld_exec *exec) {
    if (exec->faults_used && exec->fault.step)
        return &exec->fault;
    exec->faults_used = false;
    return NULL;
}
