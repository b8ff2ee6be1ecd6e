/* SPDX-License-Identifier: Apache-2.0 */
/* Constants on the device: uploaded once, packed once, for all sessions of a model on a device.
 *
 * Constants are known by the address of their host tensor, and counted, so that an address is never compared after the
 * tensor is gone. One thread makes constants at a time, others wait and find them made. A call out of a progress
 * callback of the thread that makes them does not wait for itself: it makes copies of its own of what is not finished.
 */
#include "exec/exec_internal.h"

enum { LISTS = 1024 };

struct cld_weights {
    cld_lock *lock;                 /* guards what follows */
    uintptr_t maker;                /* the thread that makes constants; 0: none */
    int32_t depth;                  /* of its calls */
    const cld_mapping *maps;        /* files in which host tensors may lie */
    size_t held;                    /* bytes on the device; atomic */
    cld_resident *residents[LISTS]; /* by hash of tensor and key */
};

clade_status cld_weights_new(cld_weights **out, const cld_mapping *maps, clade_error *err) {
    cld_weights *weights = cld_calloc(1, sizeof *weights);
    if (!weights || !(weights->lock = cld_lock_new())) {
        cld_free(weights);
        return cld_no_memory(err, "constants on the device");
    }
    weights->maps = maps;
    *out = weights;
    return CLADE_OK;
}

void cld_weights_free(cld_weights *weights) {
    if (!weights)
        return;
    cld_lock_free(weights->lock);
    cld_free(weights);
}

size_t cld_weights_bytes(const cld_weights *weights) { return __atomic_load_n(&weights->held, __ATOMIC_RELAXED); }

void cld_weights_begin(cld_weights *weights) {
    uintptr_t me = cld_thread_id();
    cld_lock_take(weights->lock);
    while (weights->maker && weights->maker != me)
        cld_lock_wait(weights->lock);
    weights->maker = me;
    weights->depth++;
    cld_lock_drop(weights->lock);
}

void cld_weights_end(cld_weights *weights) {
    cld_lock_take(weights->lock);
    if (--weights->depth == 0)
        weights->maker = 0;
    cld_lock_wake(weights->lock);
    cld_lock_drop(weights->lock);
}

static bool same_key(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static cld_resident **list_of(cld_weights *weights, const clade_tensor *tensor, const char *key) {
    uint64_t hash = cld_hash(CLD_HASH_START, &tensor, sizeof tensor);
    hash = key ? cld_hash(hash, key, strlen(key)) : hash;
    return &weights->residents[hash % LISTS];
}

static cld_resident *find(cld_exec *exec, const clade_tensor *tensor, const char *key) {
    cld_weights *weights = exec->weights;
    cld_lock_take(weights->lock);
    cld_resident *r = *list_of(weights, tensor, key);
    while (r && (r->tensor != tensor || !same_key(r->key, key) || (!r->filled && r->maker != exec)))
        r = r->next;
    if (r)
        r->users++;
    cld_lock_drop(weights->lock);
    return r;
}

static void add(cld_weights *weights, cld_resident *r) {
    cld_resident **list = list_of(weights, r->tensor, r->key);
    cld_lock_take(weights->lock);
    r->next = *list;
    *list = r;
    cld_lock_drop(weights->lock);
}

static void free_resident(cld_exec *exec, cld_resident *r) {
    cld_weights *weights = exec->weights;
    const bool in_place = r->mem && cld_mem_in_place(r->mem);
    if (r->mem)
        __atomic_sub_fetch(&weights->held, cld_mem_bytes(r->mem), __ATOMIC_RELAXED);
    cld_mem_free(r->mem);
    if (in_place)
        cld_mappings_release(weights->maps, r->tensor->data, r->tensor->size_bytes);
    cld_free(r->key);
    cld_free(r);
}

/* Only what lies in a file is read in place: its last page is all there, and so are the bytes that rounding adds. */
static const void *place_of(const cld_weights *weights, const clade_tensor *tensor) {
    return cld_mappings_hold(weights->maps, tensor->data, tensor->size_bytes) ? tensor->data : NULL;
}

/* The device has the tensor; its pages go back. */
static clade_status fill(cld_exec *exec, cld_resident *r, clade_error *err) {
    const clade_tensor *tensor = r->tensor;
    r->filled = true;
    if (cld_mem_in_place(r->mem))
        return CLADE_OK;
    CLD_RETURN(cld_mem_write(exec->queue, r->mem, 0, tensor->data, tensor->size_bytes, true, err));
    cld_mappings_release(exec->weights->maps, tensor->data, tensor->size_bytes);
    return CLADE_OK;
}

clade_status cld_resident_use(cld_resident **out, cld_exec *exec, const clade_tensor *tensor, const char *key,
                              size_t bytes, clade_error *err) {
    clade_status status = CLADE_OK;
    *out = find(exec, tensor, key);
    if (*out)
        return CLADE_OK;
    cld_resident *r = cld_calloc(1, sizeof *r);
    if (!r || (key && !(r->key = cld_strndup(key, strlen(key)))))
        CLD_TRY(cld_no_memory(err, "a constant"));
    r->tensor = tensor;
    r->maker = exec;
    r->users = 1;
    const void *host = key ? NULL : place_of(exec->weights, tensor);
    CLD_TRY(cld_exec_count(exec, &exec->weights->held, &r->mem, bytes, host, err));
    if (!key)
        CLD_TRY(fill(exec, r, err));
    add(exec->weights, r);
    *out = r;
    return CLADE_OK;
fail:
    if (r)
        free_resident(exec, r);
    return status;
}

void cld_resident_drop(cld_exec *exec, cld_resident *resident) {
    cld_weights *weights = exec->weights;
    cld_lock_take(weights->lock);
    bool last = --resident->users == 0;
    if (last) {
        cld_resident **link = list_of(weights, resident->tensor, resident->key);
        while (*link != resident)
            link = &(*link)->next;
        *link = resident->next;
    }
    cld_lock_drop(weights->lock);
    if (last)
        free_resident(exec, resident);
}
