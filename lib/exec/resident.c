/* SPDX-License-Identifier: Apache-2.0 */
/* Constants on the device: uploaded once per session, packed copies made once, both shared by its plans. */
#include "exec/exec_internal.h"

#include <stdlib.h>

static bool same_key(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static cld_resident **list_of(cld_exec *exec, const clade_tensor *tensor, const char *key) {
    uint64_t hash = cld_hash(CLD_HASH_START, &tensor, sizeof tensor);
    hash = key ? cld_hash(hash, key, strlen(key)) : hash;
    return &exec->residents[hash % CLD_RESIDENT_LISTS];
}

clade_status cld_resident_use(cld_resident **out, cld_exec *exec, const clade_tensor *tensor, const char *key,
                              size_t bytes, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_resident **list = list_of(exec, tensor, key);
    for (cld_resident *r = *list; r; r = r->next)
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
    r->next = *list;
    *list = r;
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
    cld_resident **link = list_of(exec, resident->tensor, resident->key);
    while (*link != resident)
        link = &(*link)->next;
    *link = resident->next;
    exec->stats.weight_bytes -= cld_mem_bytes(resident->mem);
    cld_exec_release(exec, resident->mem);
    free(resident->key);
    free(resident);
}
