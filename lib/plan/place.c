/* SPDX-License-Identifier: Apache-2.0 */
/* Where every buffer lies.
 *
 * A buffer lives from the first to the last step that touches it. Intermediates share the arena: largest first, each at
 * the lowest offset where no buffer alive at the same time lies (greedy by size, Pisarchyk and Lee 2020, section 5.2);
 * where one allocation is limited, in the first of several slabs with room. room.c finds the offset. Steps marked
 * `once` run before the others and touch only constants and packed buffers, so they have no part in lifetimes.
 */
#include "plan/plan_internal.h"

#include <stdlib.h>

static void find_lives(const cld_plan *plan, cld_life *lives) {
    for (int32_t b = 0; b < plan->n_bufs; b++)
        lives[b] = (cld_life){ .first = INT32_MAX, .last = -1 };
    for (int32_t s = 0; s < plan->steps.n_steps; s++) {
        const cld_step *step = &plan->steps.steps[s];
        for (int32_t a = 0; a < step->n_args; a++) {
            if (step->args[a].kind != CLD_ARG_BUF || step->args[a].u.buf.buf.i < 0)
                continue;
            cld_life *mine = &lives[step->args[a].u.buf.buf.i];
            mine->first = CLD_MIN(mine->first, s);
            mine->last = CLD_MAX(mine->last, s);
        }
    }
}

/* Names, sizes and every place but the arena's. */
static void describe(cld_plan *plan, const cld_life *lives, const cld_caps *caps) {
    const cld_graph *graph = plan->graph;
    for (int32_t b = 0; b < plan->n_bufs; b++) {
        cld_plan_buf *buf = &plan->bufs[b];
        bool used = lives[b].last >= 0;
        buf->index = -1;
        if (b < graph->n_values) {
            const cld_value *value = &graph->values[b];
            buf->name = value->name;
            buf->bytes = cld_caps_round(caps, cld_type_bytes(&value->type));
            buf->constant = value->constant;
            buf->place = !used ? CLD_PLACE_NONE : value->constant ? CLD_PLACE_CONSTANT : CLD_PLACE_ARENA;
        } else {
            const cld_scratch *scratch = &plan->steps.scratch[b - plan->steps.first_scratch];
            buf->name = scratch->key ? scratch->key : "scratch";
            buf->bytes = cld_caps_round(caps, scratch->bytes);
            buf->place = !used ? CLD_PLACE_NONE : scratch->once ? CLD_PLACE_PACKED : CLD_PLACE_ARENA;
            if (scratch->once) {
                buf->key = scratch->key;
                buf->constant = graph->values[scratch->source].constant;
            }
        }
    }
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        cld_plan_buf *buf = &plan->bufs[graph->inputs[k].i];
        buf->place = CLD_PLACE_INPUT;
        buf->index = k;
    }
    for (int32_t v = 0; v < graph->n_values; v++) {
        cld_plan_buf *buf = &plan->bufs[v];
        if (!graph->values[v].state)
            continue;
        buf->place = CLD_PLACE_STATE;
        buf->index = graph->values[v].state - 1;
        buf->constant = graph->values[v].initial;
    }
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        cld_plan_buf *buf = &plan->bufs[plan->buf_of_output[k]];
        if (buf->place == CLD_PLACE_STATE) /* it is read where it lies */
            continue;
        if (buf->place != CLD_PLACE_OUTPUT)
            buf->bytes = cld_caps_round(caps, buf->bytes + plan->guard_bytes);
        buf->place = CLD_PLACE_OUTPUT;
        buf->index = k;
    }
}

/* A buffer of the arena: its life, and where it stands among all by first step. */
typedef struct guest {
    cld_plan_buf *buf;
    cld_life life;
    int32_t index;
} guest;

static int by_first(const void *a, const void *b) {
    const guest *x = a, *y = b;
    if (x->life.first != y->life.first)
        return x->life.first < y->life.first ? -1 : 1;
    return x->buf < y->buf ? -1 : x->buf > y->buf;
}

static int by_size(const void *a, const void *b) {
    const guest *x = a, *y = b;
    if (x->buf->bytes != y->buf->bytes)
        return x->buf->bytes < y->buf->bytes ? 1 : -1;
    int32_t long_x = x->life.last - x->life.first, long_y = y->life.last - y->life.first;
    if (long_x != long_y)
        return long_x < long_y ? 1 : -1;
    return x->buf < y->buf ? -1 : x->buf > y->buf; /* one order on every run: plans are reproducible */
}

/* Puts the guest into the first slab with room; a slab opens when there is none. */
static clade_status settle(cld_plan *plan, cld_room **rooms, const cld_life *lives, int32_t n, const guest *g,
                           size_t limit, clade_error *err) {
    cld_plan_buf *buf = g->buf;
    if (buf->bytes > limit)
        return cld_fail(err, CLADE_ERR_DEVICE_MEMORY,
                        "value '%s' needs %zu bytes, the device allocates at most %zu at "
                        "once",
                        buf->name, buf->bytes, limit);
    for (buf->index = 0; buf->index < CLD_MAX_SLABS; buf->index++) {
        cld_room **room = &rooms[buf->index];
        if (!*room && !(*room = cld_room_new(lives, n, plan->steps.n_steps)))
            return cld_no_memory(err, "a plan");
        buf->offset = cld_room_lowest(*room, g->index, buf->bytes);
        if (buf->offset > limit - buf->bytes)
            continue;
        cld_room_put(*room, g->index, buf->offset, buf->bytes);
        plan->n_slabs = CLD_MAX(plan->n_slabs, buf->index + 1);
        size_t *bytes = &plan->slab_bytes[buf->index];
        *bytes = CLD_MAX(*bytes, buf->offset + buf->bytes);
        return CLADE_OK;
    }
    return cld_fail(err, CLADE_ERR_DEVICE_MEMORY, "the plan needs more than %d allocations of %zu bytes", CLD_MAX_SLABS,
                    limit);
}

static clade_status fill_arena(cld_plan *plan, const cld_life *life_of, size_t limit, clade_error *err) {
    clade_status status = CLADE_OK;
    int32_t n = 0;
    cld_room *rooms[CLD_MAX_SLABS] = { 0 };
    guest *guests = cld_calloc((size_t)plan->n_bufs + 1, sizeof *guests);
    cld_life *lives = cld_calloc((size_t)plan->n_bufs + 1, sizeof *lives);
    plan->slab_bytes = cld_arena_calloc(plan->arena, CLD_MAX_SLABS, sizeof(size_t));
    if (!guests || !lives || !plan->slab_bytes)
        CLD_TRY(cld_no_memory(err, "a plan"));
    for (int32_t b = 0; b < plan->n_bufs; b++)
        if (plan->bufs[b].place == CLD_PLACE_ARENA)
            guests[n++] = (guest){ .buf = &plan->bufs[b], .life = life_of[b] };
    qsort(guests, (size_t)n, sizeof *guests, by_first);
    for (int32_t k = 0; k < n; k++) {
        guests[k].index = k;
        lives[k] = guests[k].life;
    }
    qsort(guests, (size_t)n, sizeof *guests, by_size);
    for (int32_t k = 0; k < n; k++)
        CLD_TRY(settle(plan, rooms, lives, n, &guests[k], limit, err));
fail:
    for (int32_t s = 0; s < CLD_MAX_SLABS; s++)
        cld_room_free(rooms[s]);
    cld_free(guests);
    cld_free(lives);
    return status;
}

/* Alike: one constant as several values, or packed twice alike. */
static int by_content(const void *a, const void *b) {
    const cld_plan_buf *const *p = a, *const *q = b, *x = *p, *y = *q;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    if (x->constant != y->constant)
        return (uintptr_t)x->constant < (uintptr_t)y->constant ? -1 : 1;
    return x->place == CLD_PLACE_PACKED ? strcmp(x->key, y->key) : 0;
}

/* Bytes as they will be allocated: what is alike counts once. */
static clade_status sum_bytes(cld_plan *plan, clade_error *err) {
    size_t *sums[] = { [CLD_PLACE_INPUT] = &plan->input_bytes,
                       [CLD_PLACE_OUTPUT] = &plan->output_bytes,
                       [CLD_PLACE_STATE] = &plan->state_bytes,
                       [CLD_PLACE_CONSTANT] = &plan->constant_bytes,
                       [CLD_PLACE_PACKED] = &plan->packed_bytes };
    const cld_plan_buf **shared = cld_calloc((size_t)plan->n_bufs + 1, sizeof *shared);
    int32_t n = 0;
    if (!shared)
        return cld_no_memory(err, "a plan");
    for (int32_t s = 0; s < plan->n_slabs; s++)
        plan->arena_bytes += plan->slab_bytes[s];
    for (int32_t b = 0; b < plan->n_bufs; b++) {
        const cld_plan_buf *buf = &plan->bufs[b];
        if (buf->place == CLD_PLACE_CONSTANT || buf->place == CLD_PLACE_PACKED)
            shared[n++] = buf;
        else if (buf->place > CLD_PLACE_ARENA)
            *sums[buf->place] += buf->bytes;
    }
    qsort(shared, (size_t)n, sizeof *shared, by_content);
    for (int32_t k = 0; k < n; k++)
        if (k == 0 || by_content(&shared[k - 1], &shared[k]) != 0)
            *sums[shared[k]->place] += shared[k]->bytes;
    cld_free(shared);
    return CLADE_OK;
}

clade_status cld_plan_place(cld_plan *plan, const cld_caps *caps, clade_error *err) {
    plan->n_bufs = plan->graph->n_values + plan->steps.n_scratch;
    plan->bufs = cld_arena_calloc(plan->arena, (size_t)plan->n_bufs + 1, sizeof *plan->bufs);
    cld_life *lives = cld_calloc((size_t)plan->n_bufs + 1, sizeof *lives);
    if (!plan->bufs || !lives) {
        cld_free(lives);
        return cld_no_memory(err, "a plan");
    }
    find_lives(plan, lives);
    describe(plan, lives, caps);
    clade_status status = fill_arena(plan, lives, caps->max_alloc_bytes ? caps->max_alloc_bytes : SIZE_MAX, err);
    if (status == CLADE_OK)
        status = sum_bytes(plan, err);
    cld_free(lives);
    return status;
}
