/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of plan share. */
#ifndef CLD_PLAN_INTERNAL_H
#define CLD_PLAN_INTERNAL_H

#include "plan/plan.h"

/* place.c: decides every buffer's place from the steps, and sums the bytes. */
clade_status cld_plan_place(cld_plan *plan, const cld_caps *caps, clade_error *err);

/* order.c: what an update gives lies where the state lies; and the order of the nodes, in the plan's arena. ERR_GRAPH.
 */
clade_status cld_plan_update(cld_plan *plan, const cld_node *node, clade_error *err);
clade_status cld_plan_order(const cld_plan *plan, const int32_t **out, clade_error *err);

/* room.c: one slab of the arena and the buffers placed in it so far. */
typedef struct cld_life {
    int32_t first, last; /* steps; first > last: never touched */
} cld_life;
typedef struct cld_room cld_room;
/* lives: of all that may come, by first step; borrowed. NULL: no memory. */
cld_room *cld_room_new(const cld_life *lives, int32_t n_lives, int32_t n_steps);
void cld_room_free(cld_room *room);
/* An offset where `bytes` bytes that live as lives[index] lie beside all those placed: the lowest, where that takes no
 * long search. */
size_t cld_room_lowest(cld_room *room, int32_t index, size_t bytes);
void cld_room_put(cld_room *room, int32_t index, size_t offset, size_t bytes);

#endif
