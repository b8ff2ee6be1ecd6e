/* SPDX-License-Identifier: Apache-2.0 */
/* Constants on the device: uploaded once per session, packed copies made once, both shared by its plans. */
#include "exec/exec_internal.h"

#include <stdlib.h>

static bool same_key(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

clade_status cld_resident_use(cld_resident **out, cld_exec *exec, const clade_tensor *tensor, const char *key,
                              size_t bytes, clade_error *err) {
    clade_status status = CLADE_OK;
    for (cld_resident *r = exec->residents; r; r = r->next)
        if (r->tensor == tensor && same_key(r->key, key) && cld_mem_bytes(r->mem) >= bytes) {
            r->users++;
            *out = r;
            return CLADE_OK;
        }
    cld_resident *r = calloc(1, sizeof *r);
    if (!r || (key && !(r->key = strdup(key))))
        CLD_TRY(cld_no_memory(err, "a constant"));
    CLD_TRY(cld_exec_alloc(exec, &r->mem, bytes, err));
    if (!key)
        CLD_TRY(cld_mem_write(exec->queue, r->mem, 0, tensor->data, tensor->size_bytes, true, err));
    r->tensor = tensor;
    r->users = 1;
    r->next = exec->residents;
    exec->residents = r;
    exec->stats.weight_bytes += cld_mem_bytes(r->mem);
    *out = r;
    return CLADE_OK;
fail:
    if (r) {
        cld_exec_release(exec, r->mem);
        free(r->key);
        free(r);
    }
    return status;
}

void cld_resident_drop(cld_exec *exec, cld_resident *resident) {
    if (--resident->users > 0)
        return;
    cld_resident **link = &exec->residents;
    while (*link != resident)
        link = &(*link)->next;
    *link = resident->next;
    exec->stats.weight_bytes -= cld_mem_bytes(resident->mem);
    cld_exec_release(exec, resident->mem);
    free(resident->key);
    free(resident);
}
