/* SPDX-License-Identifier: Apache-2.0 */
/* The lowest place for a buffer among those placed before it, in one slab.
 *
 * A placed buffer is a box: the steps it lives by the bytes it takes. `boxes`, a tree over the lives in order of their
 * first step, finds a box that is in the way; each one found moves the place to its end. `levels`, a tree over the
 * steps, knows below which height a step has no room left, where the search starts, and above which it has nothing but
 * room, where the search ends after MOST_MOVES: the answer is exact up to there, and cheap whatever the graph. A tree
 * is an array: the children of node i are 2i and 2i + 1.
 */
#include "plan/plan_internal.h"

/* The boxes below a node taken together; one that is not placed yet is in nobody's way. */
typedef struct box {
    int32_t last;
    size_t offset, end;
} box;
static const box nowhere = { .last = -1, .offset = SIZE_MAX };

/* Of some steps: the most that any of them is solid up to, the most that any of them reaches up to; and what the
 * children have yet to be told: the gain of those of their steps that are as solid as that, a reach for all. */
typedef struct level {
    size_t solid, top, gain, reach;
} level;

enum { MOST_MOVES = 128 };

struct cld_room {
    const cld_life *lives;
    int32_t n_lives, box_leaves, step_leaves; /* leaves: powers of two */
    box *boxes;
    level *levels;
};

static int32_t leaves_for(int32_t count) {
    int32_t leaves = 1;
    while (leaves < count)
        leaves *= 2;
    return leaves;
}

cld_room *cld_room_new(const cld_life *lives, int32_t n_lives, int32_t n_steps) {
    enum { MOST = INT32_MAX / 4 };
    cld_room *room = n_lives <= MOST && n_steps <= MOST ? cld_calloc(1, sizeof *room) : NULL;
    if (!room)
        return NULL;
    room->lives = lives;
    room->n_lives = n_lives;
    room->box_leaves = leaves_for(n_lives);
    room->step_leaves = leaves_for(n_steps);
    room->boxes = cld_calloc(2 * (size_t)room->box_leaves, sizeof *room->boxes);
    room->levels = cld_calloc(2 * (size_t)room->step_leaves, sizeof *room->levels);
    if (!room->boxes || !room->levels) {
        cld_room_free(room);
        return NULL;
    }
    for (int32_t k = 0; k < 2 * room->box_leaves; k++)
        room->boxes[k] = nowhere;
    return room;
}

void cld_room_free(cld_room *room) {
    if (!room)
        return;
    cld_free(room->boxes);
    cld_free(room->levels);
    cld_free(room);
}

/* ---- boxes ---- */

/* Among leaves [from, from + span) below `node`, a box of the first `count` that lives at or after `first` and reaches
 * into [offset, end): its end, or 0. */
static size_t in_the_way(const cld_room *room, int32_t node, int32_t from, int32_t span, int32_t count, int32_t first,
                         size_t offset, size_t end) {
    const box *here = &room->boxes[node];
    if (from >= count || here->last < first || here->offset >= end || here->end <= offset)
        return 0;
    if (span == 1)
        return here->end;
    int32_t half = span / 2;
    size_t found = in_the_way(room, 2 * node + 1, from + half, half, count, first, offset, end);
    return found ? found : in_the_way(room, 2 * node, from, half, count, first, offset, end);
}

/* How many lives begin at or before `step`. */
static int32_t begun(const cld_room *room, int32_t step) {
    int32_t low = 0, high = room->n_lives;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (room->lives[middle].first <= step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- levels ---- */

static void settle(cld_room *room, int32_t node) {
    level *here = &room->levels[node], *child = &room->levels[2 * node];
    size_t most = CLD_MAX(child[0].solid, child[1].solid);
    for (int k = 0; k < 2; k++) {
        if (child[k].solid == most) {
            child[k].solid += here->gain;
            child[k].gain += here->gain;
        }
        child[k].top = CLD_MAX(child[k].top, here->reach);
        child[k].reach = CLD_MAX(child[k].reach, here->reach);
    }
    here->gain = here->reach = 0;
}

/* Of both, what matters to one who lives in both. */
static level joined(level a, level b) {
    return (level){ .solid = CLD_MAX(a.solid, b.solid), .top = CLD_MAX(a.top, b.top) };
}

static level level_of(cld_room *room, int32_t node, int32_t from, int32_t span, cld_life steps) {
    if (from > steps.last || from + span <= steps.first)
        return (level){ 0 };
    if (from >= steps.first && from + span - 1 <= steps.last)
        return room->levels[node];
    settle(room, node);
    return joined(level_of(room, 2 * node, from, span / 2, steps),
                  level_of(room, 2 * node + 1, from + span / 2, span / 2, steps));
}

/* `offset` is at or above what any of the steps is solid up to; those that are so up to there gain the box. */
static void add_box(cld_room *room, int32_t node, int32_t from, int32_t span, cld_life steps, size_t offset,
                    size_t bytes) {
    level *here = &room->levels[node];
    if (from > steps.last || from + span <= steps.first)
        return;
    if (from >= steps.first && from + span - 1 <= steps.last) {
        size_t gain = here->solid == offset ? bytes : 0;
        here->solid += gain;
        here->gain += gain;
        here->top = CLD_MAX(here->top, offset + bytes);
        here->reach = CLD_MAX(here->reach, offset + bytes);
        return;
    }
    settle(room, node);
    add_box(room, 2 * node, from, span / 2, steps, offset, bytes);
    add_box(room, 2 * node + 1, from + span / 2, span / 2, steps, offset, bytes);
    *here = joined(room->levels[2 * node], room->levels[2 * node + 1]);
}

/* ---- both ---- */

size_t cld_room_lowest(cld_room *room, int32_t index, size_t bytes) {
    cld_life mine = room->lives[index];
    int32_t count = begun(room, mine.last);
    level here = level_of(room, 1, 0, room->step_leaves, mine);
    size_t offset = here.solid;
    for (int moves = 0; moves < MOST_MOVES && offset < here.top && offset <= SIZE_MAX - bytes; moves++) {
        size_t next = in_the_way(room, 1, 0, room->box_leaves, count, mine.first, offset, offset + bytes);
        if (!next)
            return offset;
        offset = next;
    }
    return CLD_MAX(here.top, here.solid);
}

void cld_room_put(cld_room *room, int32_t index, size_t offset, size_t bytes) {
    cld_life mine = room->lives[index];
    add_box(room, 1, 0, room->step_leaves, mine, offset, bytes);
    int32_t node = room->box_leaves + index;
    room->boxes[node] = (box){ mine.last, offset, offset + bytes };
    for (node /= 2; node; node /= 2) {
        const box *a = &room->boxes[2 * node], *b = a + 1;
        room->boxes[node] = (box){ CLD_MAX(a->last, b->last), CLD_MIN(a->offset, b->offset), CLD_MAX(a->end, b->end) };
    }
}
