/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a walk, shared by specialise.c (straight lines, cuts) and control.c (If, Loop, Scan). Private to pass.
 */
#ifndef CLD_PASS_WALK_H
#define CLD_PASS_WALK_H

#include "pass/pass.h"

/* One value of the walk, in single-assignment form: a model-graph value in one frame, or an item of a loop's state. */
typedef struct cld_slot {
    cld_type type;
    const clade_tensor *value; /* known on the host; else NULL */
    int32_t segment;           /* the segment that `id` belongs to; 0: none yet */
    cld_value_id id;           /* this slot in that segment's static graph */
    const char *name;
} cld_slot;

/* A (sub-)graph being walked. */
typedef struct cld_frame {
    const cld_graph *graph;
    int32_t next;           /* node to do next */
    int32_t *slot_of;       /* [graph->n_values]; -1: not computed yet */
    const cld_node *caller; /* control node in the frame below; NULL: the model's own graph */
    /* Loop and Scan */
    int64_t iteration, limit;
    int32_t *state; /* [n_state] slots of the carried values */
    int32_t n_state;
    int32_t **rows; /* [n_rows] lists of slots, one per iteration, that are stacked at the end */
    int32_t *cap_rows;
    int32_t n_rows;
} cld_frame;

struct cld_walk {
    cld_arena *arena;
    const cld_graph *model;
    cld_slot *slots;
    int32_t n_slots, cap_slots;
    cld_frame *frames;
    int32_t n_frames, cap_frames;
    int32_t segment;  /* number of the segment under way, from 1 */
    int32_t wanted;   /* slot whose value stopped the walk; -1: none */
    int64_t inlined;  /* nodes walked, to bound hostile loops */
    cld_graph *graph; /* of the segment under way */
};

/* ---- specialise.c ------------------------------------------------------------------------------------------------ */

/* A new slot, or -1. */
int32_t cld_walk_slot(cld_walk *walk, const cld_type *type, const clade_tensor *value, const char *name);
/* The slot as a value of the graph under way: made an input or a constant of it when it comes from before. */
clade_status cld_walk_use(cld_walk *walk, int32_t slot, cld_value_id *out, clade_error *err);
/* A slot for a value of the graph under way. */
clade_status cld_walk_bind(cld_walk *walk, cld_value_id id, const char *name, int32_t *slot, clade_error *err);
/* The slot's value, or CLD_PENDING with walk->wanted set. */
clade_status cld_walk_value(cld_walk *walk, int32_t slot, const clade_tensor **out, clade_error *err);
/* Opens a frame on `graph` with its inputs bound to `slots` (captures included). */
clade_status cld_walk_push(cld_walk *walk, const cld_graph *graph, const cld_node *caller, clade_error *err);
static inline cld_frame *cld_walk_top(const cld_walk *walk) { return &walk->frames[walk->n_frames - 1]; }

/* ---- control.c --------------------------------------------------------------------------------------------------- */

/* At a control node of the top frame: opens the frame of its sub-graph, or finishes it at once (no iteration). */
clade_status cld_control_enter(cld_walk *walk, const cld_node *node, clade_error *err);
/* At the end of a sub-graph's frame: opens the next iteration, or closes the frame and binds the node's outputs. */
clade_status cld_control_leave(cld_walk *walk, clade_error *err);

#endif
