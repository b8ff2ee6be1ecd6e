/* SPDX-License-Identifier: Apache-2.0 */
/* The members that calls take: sessions of the same model, device and options, with inputs, an arena and plans of their
 * own, counted in one account with the session that owns them. The one used last is taken first: its plans are warm.
 */
#include "session/session_internal.h"

enum { DEFAULT_CALLS = 8 };

struct cld_pool {
    cld_lock *lock;          /* guards what follows; woken when a member comes back */
    clade_session **members; /* [most] */
    uintptr_t *taken_by;     /* [most] the thread; 0: idle */
    uint64_t *given;         /* [most] when it came back, by the clock */
    size_t n, most;          /* n: made so far */
    uint64_t clock;
};

clade_status cld_pool_new(cld_pool **out, size_t max_calls, clade_error *err) {
    cld_pool *pool = cld_calloc(1, sizeof *pool);
    if (!pool)
        return cld_no_memory(err, "a session");
    pool->most = max_calls ? max_calls : DEFAULT_CALLS;
    pool->lock = cld_lock_new();
    pool->members = cld_calloc(pool->most, sizeof *pool->members);
    pool->taken_by = cld_calloc(pool->most, sizeof *pool->taken_by);
    pool->given = cld_calloc(pool->most, sizeof *pool->given);
    if (pool->lock && pool->members && pool->taken_by && pool->given) {
        *out = pool;
        return CLADE_OK;
    }
    cld_pool_free(pool);
    return cld_no_memory(err, "a session");
}

void cld_pool_free(cld_pool *pool) {
    if (!pool)
        return;
    for (size_t k = 0; k < pool->n; k++)
        clade_session_free(pool->members[k]);
    cld_lock_free(pool->lock);
    cld_free(pool->members);
    cld_free(pool->taken_by);
    cld_free(pool->given);
    cld_free(pool);
}

/* Of the idle members the one used last, or (`oldest`) the first; n: none. */
static size_t find_idle(const cld_pool *pool, bool oldest) {
    size_t best = pool->n;
    for (size_t k = 0; k < pool->n; k++)
        if (!pool->taken_by[k] && (best == pool->n || (pool->given[k] < pool->given[best]) == oldest))
            best = k;
    return best;
}

static bool holds_one(const cld_pool *pool, uintptr_t thread) {
    for (size_t k = 0; k < pool->n; k++)
        if (pool->taken_by[k] == thread)
            return true;
    return false;
}

bool cld_pool_busy(cld_pool *pool, bool mine) {
    bool busy = false;
    cld_lock_take(pool->lock);
    for (size_t k = 0; k < pool->n; k++)
        busy |= mine ? pool->taken_by[k] == cld_thread_id() : pool->taken_by[k] != 0;
    cld_lock_drop(pool->lock);
    return busy;
}

/* A new member at place k, which is taken. */
static clade_status make(cld_pool *pool, size_t k, clade_session *owner, clade_error *err) {
    clade_session_options options = owner->options;
    options.profile = 0;
    options.prefer_impl = owner->prefer_impl;
    CLD_RETURN(cld_session_new(&pool->members[k], owner->device, owner->model, NULL, &options, owner, err));
    pool->members[k]->place = k;
    return CLADE_OK;
}

clade_status cld_pool_take(clade_session **out, clade_session *session, clade_error *err) {
    cld_pool *pool = session->pool;
    clade_status status = CLADE_OK;
    uintptr_t me = cld_thread_id();
    size_t k;
    cld_lock_take(pool->lock);
    while ((k = find_idle(pool, false)) == pool->n && pool->n == pool->most && status == CLADE_OK) {
        if (holds_one(pool, me))
            status = cld_fail(
                err, CLADE_ERR_ARGUMENT,
                "all %zu calls are under way, one of them this thread's: a callback would wait for itself", pool->most);
        else
            cld_lock_wait(pool->lock);
    }
    if (status == CLADE_OK && k == pool->n) { /* cheap: plans and programs come later */
        status = make(pool, k, session, err);
        pool->n += status == CLADE_OK;
    }
    if (status == CLADE_OK) {
        pool->taken_by[k] = me;
        *out = pool->members[k];
    }
    cld_lock_drop(pool->lock);
    return status;
}

static void give(cld_pool *pool, size_t k) {
    cld_lock_take(pool->lock);
    pool->taken_by[k] = 0;
    pool->given[k] = ++pool->clock;
    cld_lock_wake(pool->lock);
    cld_lock_drop(pool->lock);
}

void cld_pool_give(clade_session *session, clade_session *member) { give(session->pool, member->place); }

/* The idle member that holds something and was used longest ago. */
bool cld_pool_spare(clade_session *session) {
    cld_pool *pool = session->pool;
    bool any = false;
    cld_lock_take(pool->lock);
    uint64_t before = pool->clock;
    cld_lock_drop(pool->lock);
    while (!any) {
        cld_lock_take(pool->lock);
        size_t k = find_idle(pool, true);
        bool found = k < pool->n && pool->given[k] <= before; /* else all of them have been asked */
        if (found)
            pool->taken_by[k] = cld_thread_id();
        cld_lock_drop(pool->lock);
        if (!found)
            return false;
        any = cld_room_empty(pool->members[k]);
        give(pool, k);
    }
    return true;
}
