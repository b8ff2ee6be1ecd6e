/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a walk, shared by walk.c (slots, frames, copies), specialise.c (straight lines, cuts) and control.c (If,
 * Loop, Scan). Private to pass.
 *
 * A copy of a walk shares all that it does not change: slots belong to the walk that made them, and a frame is copied
 * by the first walk that changes it. So a walk must not outlive the one it was copied from, and a long line of copies
 * takes memory for what is new in each.
 */
#ifndef CLD_PASS_WALK_H
#define CLD_PASS_WALK_H

#include "pass/pass.h"

/* What a loop collects of one scan output: a slot per iteration, the last one first. */
typedef struct cld_row {
    const struct cld_row *before;
    cld_slot *slot;
    uint64_t segment; /* that added it */
    bool stacked;     /* the rows of many iterations, along a first axis */
} cld_row;

/* What a node of a frame that runs again gave when it was last walked. */
typedef struct cld_memo {
    cld_slot **slots;        /* its inputs, then its outputs; NULL: not walked yet */
    uint64_t segment;        /* in which it was */
    struct cld_frame *frame; /* of a control node: the frame last used for it, with memos of its own */
} cld_memo;

/* A (sub-)graph being walked. */
typedef struct cld_frame {
    const cld_walk *owner; /* the only one that may change it */
    const cld_graph *graph;
    int32_t next;           /* node to do next */
    cld_slot **slot_of;     /* [graph->n_values]; NULL: not computed yet, or a constant nobody has read */
    const cld_node *caller; /* control node in the frame below; NULL: the model's own graph */
    cld_memo *memo;         /* [graph->n_nodes] inside loops; else NULL */
    /* Loop and Scan */
    int64_t iteration, limit;
    bool counts;      /* the body depends on the iteration's number */
    cld_slot **state; /* [n_state] the carried values */
    int32_t n_state;
    const cld_row **rows; /* [n_rows] what is stacked at the end */
    int32_t n_rows;
} cld_frame;

struct cld_walk {
    cld_arena *arena;
    const cld_graph *model;
    cld_walk_limits limits;
    uint64_t *segments; /* counts the segments of this walk and all its copies */
    cld_frame **frames; /* the last one is the walk's own */
    int32_t n_frames, cap_frames;
    uint64_t segment;        /* number of the segment under way */
    cld_slot *wanted;        /* whose value stopped the walk; NULL: none */
    int64_t inlined, walked; /* nodes made; nodes and iterations walked: to bound hostile loops */
    uint64_t evaluated;      /* elements that folding has read and written, likewise */
    cld_graph *graph;        /* of the segment under way */
    cld_slot **bound;        /* [cap_bound] the slot of each of its values, in its arena */
    cld_slot **slots;        /* [cap_slots] of the node under way, and [cap_ids] its values */
    cld_value_id *ids;
    int32_t cap_bound, cap_slots, cap_ids;
};

/* ---- walk.c ------------------------------------------------------------------------------------------------------ */

/* A new slot, or NULL. */
cld_slot *cld_walk_slot(cld_walk *walk, const cld_type *type, const clade_tensor *value, const char *name);
/* The slot as a value of the graph under way: made an input or a constant of it when it comes from before. */
clade_status cld_walk_use(cld_walk *walk, cld_slot *slot, cld_value_id *out, clade_error *err);
/* The slot of a value of the graph under way: a new one unless it has one. */
clade_status cld_walk_bind(cld_walk *walk, cld_value_id id, const char *name, cld_slot **slot, clade_error *err);
/* The slot's value, or CLD_PENDING with walk->wanted set. */
clade_status cld_walk_value(cld_walk *walk, cld_slot *slot, const clade_tensor **out, clade_error *err);
/* The slot of a value of the frame's graph. *out NULL: not computed. */
clade_status cld_walk_at(cld_walk *walk, cld_frame *frame, cld_value_id id, cld_slot **out, clade_error *err);
/* Opens a frame on `graph`, the sub-graph of `caller`. */
clade_status cld_walk_push(cld_walk *walk, const cld_graph *graph, const cld_node *caller, clade_error *err);
/* Makes frame `f` the walk's own, which it may change. */
clade_status cld_walk_own(cld_walk *walk, int32_t f, clade_error *err);
/* Closes the top frame. */
clade_status cld_walk_pop(cld_walk *walk, clade_error *err);
static inline cld_frame *cld_walk_top(const cld_walk *walk) { return walk->frames[walk->n_frames - 1]; }

/* ---- control.c --------------------------------------------------------------------------------------------------- */

/* At a control node of the top frame: opens the frame of its sub-graph, or finishes it at once (no iteration). */
clade_status cld_control_enter(cld_walk *walk, const cld_node *node, clade_error *err);
/* At the end of a sub-graph's frame: opens the next iteration, or closes the frame and binds the node's outputs. */
clade_status cld_control_leave(cld_walk *walk, clade_error *err);

#endif
