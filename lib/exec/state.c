/* SPDX-License-Identifier: Apache-2.0 */
/* State: buffers that outlive runs and plans. All plans of an executor see the same ones. */
#include "exec/exec_internal.h"

static clade_status grow(cld_exec *exec, int32_t n, clade_error *err) {
    cld_mem **larger = n > exec->n_states ? cld_realloc(exec->states, (size_t)n, sizeof *larger) : exec->states;
    if (!larger)
        return cld_no_memory(err, "a state");
    exec->states = larger;
    for (; exec->n_states < n; exec->n_states++)
        exec->states[exec->n_states] = NULL;
    return CLADE_OK;
}

clade_status cld_exec_state(cld_exec *exec, cld_mem **out, int32_t index, const clade_tensor *initial,
                            clade_error *err) {
    CLD_RETURN(grow(exec, index + 1, err));
    if (!exec->states[index]) {
        cld_mem *mem;
        CLD_RETURN(cld_exec_alloc(exec, &mem, initial->size_bytes, err));
        clade_status status = cld_mem_write(exec->queue, mem, 0, initial->data, initial->size_bytes, true, err);
        if (status != CLADE_OK) {
            cld_exec_release(exec, mem);
            return status;
        }
        exec->states[index] = mem;
    }
    *out = exec->states[index];
    return CLADE_OK;
}
