/* SPDX-License-Identifier: Apache-2.0 */
/* Where every buffer lies.
 *
 * A buffer lives from the first to the last step that touches it. Intermediates share the arena: largest first, each at
 * the lowest offset where no buffer alive at the same time lies (greedy by size, Pisarchyk and Lee 2020, section 5.2);
 * where one allocation is limited, in the first of several slabs with room. Steps marked `once` run before the others
 * and touch only constants and packed buffers, so they have no part in lifetimes.
 */
#include "plan/plan_internal.h"

#include <stdlib.h>

typedef struct life {
    int32_t buf, first, last; /* steps; first > last: never touched */
} life;

static void find_lives(const cld_plan *plan, life *lives) {
    for (int32_t b = 0; b < plan->n_bufs; b++)
        lives[b] = (life){ .buf = b, .first = INT32_MAX, .last = -1 };
    for (int32_t s = 0; s < plan->steps.n_steps; s++) {
        const cld_step *step = &plan->steps.steps[s];
        for (int32_t a = 0; a < step->n_args; a++) {
            if (step->args[a].kind != CLD_ARG_BUF || step->args[a].u.buf.buf.i < 0)
                continue;
            life *mine = &lives[step->args[a].u.buf.buf.i];
            mine->first = CLD_MIN(mine->first, s);
            mine->last = CLD_MAX(mine->last, s);
        }
    }
}

/* Names, sizes and every place but the arena's. */
static void describe(cld_plan *plan, const life *lives, const cld_caps *caps) {
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
    for (int32_t k = 0; k < graph->n_outputs; k++) {
        cld_plan_buf *buf = &plan->bufs[plan->buf_of_output[k]];
        buf->place = CLD_PLACE_OUTPUT;
        buf->index = k;
    }
}

static int by_size(const void *a, const void *b) {
    const cld_plan_buf *const *x = a, *const *y = b;
    if ((*x)->bytes != (*y)->bytes)
        return (*x)->bytes < (*y)->bytes ? 1 : -1;
    return *x < *y ? -1 : *x > *y; /* one order on every run: plans are reproducible */
}

static int by_offset(const void *a, const void *b) {
    const cld_plan_buf *const *x = a, *const *y = b;
    return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

/* The lowest offset in `slab` where `buf` fits beside the placed buffers that are alive with it. */
static size_t lowest_gap(const cld_plan *plan, const life *lives, cld_plan_buf *const *placed, int32_t n_placed,
                         const cld_plan_buf *buf, int32_t slab, const cld_plan_buf **beside) {
    const life *mine = &lives[buf - plan->bufs];
    int32_t n = 0;
    for (int32_t k = 0; k < n_placed; k++) {
        const life *other = &lives[placed[k] - plan->bufs];
        if (placed[k]->index == slab && other->first <= mine->last && mine->first <= other->last)
            beside[n++] = placed[k];
    }
    qsort(beside, (size_t)n, sizeof *beside, by_offset);
    size_t offset = 0;
    for (int32_t k = 0; k < n && beside[k]->offset < offset + buf->bytes; k++)
        offset = CLD_MAX(offset, beside[k]->offset + beside[k]->bytes);
    return offset;
}

static clade_status fill_arena(cld_plan *plan, const life *lives, size_t limit, clade_error *err) {
    clade_status status = CLADE_OK;
    int32_t n = 0;
    cld_plan_buf **order = calloc((size_t)plan->n_bufs + 1, sizeof *order);
    const cld_plan_buf **beside = calloc((size_t)plan->n_bufs + 1, sizeof *beside);
    plan->slab_bytes = cld_arena_calloc(plan->arena, (size_t)plan->n_bufs + 1, sizeof(size_t));
    if (!order || !beside || !plan->slab_bytes)
        CLD_TRY(cld_no_memory(err, "a plan"));
    for (int32_t b = 0; b < plan->n_bufs; b++)
        if (plan->bufs[b].place == CLD_PLACE_ARENA)
            order[n++] = &plan->bufs[b];
    qsort(order, (size_t)n, sizeof *order, by_size);
    for (int32_t k = 0; k < n; k++) {
        cld_plan_buf *buf = order[k];
        if (buf->bytes > limit)
            CLD_TRY(cld_fail(err, CLADE_ERR_DEVICE_MEMORY,
                             "value '%s' needs %zu bytes, the device allocates at most %zu at once", buf->name,
                             buf->bytes, limit));
        int32_t slab = 0;
        for (;; slab++) {
            buf->offset = lowest_gap(plan, lives, order, k, buf, slab, beside);
            if (buf->offset <= limit - buf->bytes)
                break;
        }
        buf->index = slab;
        plan->n_slabs = CLD_MAX(plan->n_slabs, slab + 1);
        plan->slab_bytes[slab] = CLD_MAX(plan->slab_bytes[slab], buf->offset + buf->bytes);
    }
fail:
    free(order);
    free(beside);
    return status;
}

/* Bytes as they will be allocated. A constant that appears as several values, or is packed twice alike, counts once. */
static void sum_bytes(cld_plan *plan) {
    for (int32_t s = 0; s < plan->n_slabs; s++)
        plan->arena_bytes += plan->slab_bytes[s];
    for (int32_t b = 0; b < plan->n_bufs; b++) {
        const cld_plan_buf *buf = &plan->bufs[b];
        bool seen = false;
        if (buf->place == CLD_PLACE_CONSTANT || buf->place == CLD_PLACE_PACKED)
            for (int32_t other = 0; other < b && !seen; other++)
                seen = plan->bufs[other].place == buf->place && plan->bufs[other].constant == buf->constant &&
                       (buf->place == CLD_PLACE_CONSTANT || strcmp(plan->bufs[other].key, buf->key) == 0);
        size_t *sums[] = { [CLD_PLACE_INPUT] = &plan->input_bytes,
                           [CLD_PLACE_OUTPUT] = &plan->output_bytes,
                           [CLD_PLACE_CONSTANT] = &plan->constant_bytes,
                           [CLD_PLACE_PACKED] = &plan->packed_bytes };
        if (buf->place > CLD_PLACE_ARENA && !seen)
            *sums[buf->place] += buf->bytes;
    }
}

clade_status cld_plan_place(cld_plan *plan, const cld_caps *caps, clade_error *err) {
    plan->n_bufs = plan->graph->n_values + plan->steps.n_scratch;
    plan->bufs = cld_arena_calloc(plan->arena, (size_t)plan->n_bufs + 1, sizeof *plan->bufs);
    life *lives = calloc((size_t)plan->n_bufs + 1, sizeof *lives);
    if (!plan->bufs || !lives) {
        free(lives);
        return cld_no_memory(err, "a plan");
    }
    find_lives(plan, lives);
    describe(plan, lives, caps);
    clade_status status = fill_arena(plan, lives, caps->max_alloc_bytes ? caps->max_alloc_bytes : SIZE_MAX, err);
    if (status == CLADE_OK)
        sum_bytes(plan);
    free(lives);
    return status;
}
