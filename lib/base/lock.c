/* SPDX-License-Identifier: Apache-2.0 */
/* The mutex, the reference counter, and what a fork leaves behind. */
#include "base/base.h"

#include <pthread.h>

struct cld_lock {
    pthread_mutex_t mutex;
    pthread_cond_t woken;
};

cld_lock *cld_lock_new(void) {
    cld_lock *lock = cld_calloc(1, sizeof *lock);
    if (!lock)
        return NULL;
    bool mutex = pthread_mutex_init(&lock->mutex, NULL) == 0;
    if (mutex && pthread_cond_init(&lock->woken, NULL) == 0)
        return lock;
    if (mutex)
        pthread_mutex_destroy(&lock->mutex);
    cld_free(lock);
    return NULL;
}

void cld_lock_free(cld_lock *lock) {
    if (!lock)
        return;
    pthread_cond_destroy(&lock->woken);
    pthread_mutex_destroy(&lock->mutex);
    cld_free(lock);
}

/* A default mutex fails only when it is misused, which is a defect no caller could handle. */
void cld_lock_take(cld_lock *lock) { (void)pthread_mutex_lock(&lock->mutex); }
void cld_lock_drop(cld_lock *lock) { (void)pthread_mutex_unlock(&lock->mutex); }
void cld_lock_wait(cld_lock *lock) { (void)pthread_cond_wait(&lock->woken, &lock->mutex); }
void cld_lock_wake(cld_lock *lock) { (void)pthread_cond_broadcast(&lock->woken); }

cld_lock *cld_lock_process(void) {
    static cld_lock lock = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    return &lock;
}

/* ---- fork ------------------------------------------------------------------------------------------------------- */

static bool forked, unwatched;

static void note_child(void) { forked = true; }
static void watch(void) { unwatched = pthread_atfork(NULL, NULL, note_child) != 0; }

bool cld_fork_watch(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, watch) == 0 && !unwatched;
}

bool cld_forked(void) { return forked; }

/* ---- references -------------------------------------------------------------------------------------------------- */

uintptr_t cld_thread_id(void) {
    static _Thread_local char own;
    return (uintptr_t)&own;
}

void cld_refs_init(cld_refs *refs) { __atomic_store_n(&refs->count, 1, __ATOMIC_RELAXED); }
void cld_refs_take(cld_refs *refs) { __atomic_add_fetch(&refs->count, 1, __ATOMIC_RELAXED); }
/* Whoever drops the last reference sees everything the others did. */
bool cld_refs_drop(cld_refs *refs) { return __atomic_sub_fetch(&refs->count, 1, __ATOMIC_ACQ_REL) == 0; }
