/* SPDX-License-Identifier: Apache-2.0 */
/* What the plans of one session share on the device: queue, statistics, the arena, counted memory. */
#include "exec/exec_internal.h"

clade_status cld_exec_new(cld_exec **out, cld_ocl *ocl, cld_queue *queue, const cld_exec_options *options,
                          clade_error *err) {
    cld_exec *exec = cld_calloc(1, sizeof *exec);
    if (!exec) {
        cld_queue_free(queue);
        return cld_no_memory(err, "an executor");
    }
    exec->ocl = cld_ocl_retain(ocl);
    exec->queue = queue;
    exec->options = *options;
    exec->account = options->account ? options->account : &exec->own;
    exec->weights = options->weights;
    exec->arena = 1;
    clade_status status = exec->weights ? CLADE_OK : cld_weights_new(&exec->weights, NULL, err);
    if (status == CLADE_OK)
        *out = exec;
    else
        cld_exec_free(exec);
    return status;
}

void cld_exec_free(cld_exec *exec) {
    if (!exec)
        return;
    cld_queue_free(exec->queue); /* waits: a fetch may be under way */
    for (int32_t s = 0; s < CLD_MAX_SLABS; s++)
        cld_exec_release(exec, exec->slabs[s]);
    for (int32_t k = 0; k < exec->n_states; k++)
        cld_exec_release(exec, exec->states[k]);
    cld_free(exec->states);
    cld_exec_release(exec, exec->faults);
    if (!exec->options.weights)
        cld_weights_free(exec->weights);
    cld_ocl_release(exec->ocl);
    cld_free(exec);
}

void cld_exec_watch(cld_exec *exec, clade_progress_fn progress, void *user) {
    exec->options.progress = progress;
    exec->options.progress_user = user;
}

cld_queue *cld_exec_queue(const cld_exec *exec) { return exec->queue; }

cld_exec_stats *cld_exec_stats_of(cld_exec *exec) { return &exec->stats; }

size_t cld_exec_max_group(const cld_exec *exec) { return exec->max_group; }

/* ---- counted memory ---- */

static void raise_peak(cld_account *account, size_t held) {
    size_t peak = __atomic_load_n(&account->peak, __ATOMIC_RELAXED);
    while (peak < held &&
           !__atomic_compare_exchange_n(&account->peak, &peak, held, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static clade_status try_alloc(cld_exec *exec, size_t *counter, cld_mem **out, size_t bytes, const void *host,
                              clade_error *err) {
    cld_account *account = exec->account;
    __atomic_add_fetch(counter, bytes, __ATOMIC_RELAXED);
    size_t held = __atomic_load_n(&account->held, __ATOMIC_RELAXED) + cld_weights_bytes(exec->weights);
    clade_status status = CLADE_OK;
    if (account->cap && held > account->cap)
        status = cld_fail(err, CLADE_ERR_LIMIT, "the session would hold %zu bytes of device memory, it may take %zu",
                          held, account->cap);
    else
        status = cld_mem_new_over(out, exec->ocl, bytes, host, err);
    if (status == CLADE_OK)
        raise_peak(account, held);
    else
        __atomic_sub_fetch(counter, bytes, __ATOMIC_RELAXED);
    return status;
}

clade_status cld_exec_count(cld_exec *exec, size_t *counter, cld_mem **out, size_t bytes, const void *host,
                            clade_error *err) {
    const cld_exec_options *options = &exec->options;
    const size_t rounded = cld_caps_round(cld_ocl_caps(exec->ocl), bytes);
    for (;;) {
        clade_status status = try_alloc(exec, counter, out, rounded, host, err);
        bool full = status == CLADE_ERR_LIMIT || status == CLADE_ERR_DEVICE_MEMORY;
        if (!full || !options->spare || !options->spare(options->spare_user))
            return status;
    }
}

clade_status cld_exec_alloc(cld_exec *exec, cld_mem **out, size_t bytes, clade_error *err) {
    return cld_exec_count(exec, &exec->account->held, out, bytes, NULL, err);
}

void cld_exec_release(cld_exec *exec, cld_mem *mem) {
    if (!mem)
        return;
    __atomic_sub_fetch(&exec->account->held, cld_mem_bytes(mem), __ATOMIC_RELAXED);
    cld_mem_free(mem);
}

/* ---- the arena ---- */

static void drop_slab(cld_exec *exec, int32_t s) {
    cld_exec_release(exec, exec->slabs[s]);
    exec->slabs[s] = NULL;
    exec->arena++;
}

bool cld_exec_drop_arena(cld_exec *exec) {
    clade_error ignored;
    bool any = false;
    if (exec->reserving || cld_queue_finish(exec->queue, &ignored) != CLADE_OK)
        return false;
    for (int32_t s = 0; s < CLD_MAX_SLABS; s++) {
        any |= exec->slabs[s] != NULL;
        if (exec->slabs[s])
            drop_slab(exec, s);
    }
    return any;
}

static bool is_small(const cld_exec *exec, const cld_plan *plan, int32_t s) {
    return !exec->slabs[s] || cld_mem_bytes(exec->slabs[s]) < plan->slab_bytes[s];
}

/* What is too small goes before what takes its place comes, so that both are never held. */
static clade_status grow(cld_exec *exec, const cld_plan *plan, clade_error *err) {
    CLD_RETURN(cld_queue_finish(exec->queue, err));
    for (int32_t s = 0; s < plan->n_slabs; s++)
        if (exec->slabs[s] && is_small(exec, plan, s))
            drop_slab(exec, s);
    for (int32_t s = 0; s < plan->n_slabs; s++)
        if (!exec->slabs[s])
            CLD_RETURN(cld_exec_alloc(exec, &exec->slabs[s], plan->slab_bytes[s], err));
    return CLADE_OK;
}

clade_status cld_exec_reserve(cld_exec *exec, const cld_plan *plan, clade_error *err) {
    bool small = false;
    for (int32_t s = 0; s < plan->n_slabs; s++)
        small |= is_small(exec, plan, s);
    if (!small)
        return CLADE_OK;
    exec->reserving = true; /* what is spared meanwhile is not the arena */
    clade_status status = grow(exec, plan, err);
    exec->reserving = false;
    return status;
}
