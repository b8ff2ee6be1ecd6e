/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: graph -> graph. Every file is one pass and opens with what it needs and what it keeps. */
#ifndef CLD_PASS_H
#define CLD_PASS_H

#include "op/core/op.h"

/* ---- on model graphs, once per model ------------------------------------------------------------ */

/* dead.c: drops nodes whose results nobody uses. Works on both kinds of graph. */
clade_status cld_pass_dead(cld_graph *graph, clade_error *err);

/* ---- specialise.c: model graph -> static graphs -------------------------------------------------------------------
 */

/* Walks a model graph with the types of this run's inputs, inlines If, Loop and Scan, folds what is known, and stops
 * where a value must be read from the device first (a *cut*). */
typedef struct cld_walk cld_walk;

/* One value of the walk, in single-assignment form: a model-graph value in one frame, or an item of a loop's state.
 * Owned by the walk that made it. */
typedef struct cld_slot {
    cld_type type;
    const clade_tensor *value; /* known on the host; else NULL */
    const char *name;
    int32_t state;                  /* the session's state that it is; 0: none */
    const clade_tensor *initial;    /* of the state */
    int32_t input;                  /* of the model that it is; -1: none */
    const struct cld_segment *home; /* that leaves it on the device, as its graph's output `output`; NULL: none */
    int32_t output;
    /* The segment under way: its number if the slot is there, as value `id`; the last one found to need the slot later
     */
    uint64_t segment, live;
    cld_value_id id;
} cld_slot;

/* One straight line of the walk: a static graph, and where it ended. It stays where it is while slots name it. */
typedef struct cld_segment {
    cld_graph *graph; /* owned by the caller. Inputs: what it takes from before, outputs: what later ones may read */
    const cld_slot **carried_in; /* [graph->n_inputs] the slot of each input; in the graph's arena */
    const cld_slot **results;    /* at the end: [outputs of the model]; NULL at a cut; in the graph's arena */
    const cld_slot *cut_slot;    /* at a cut: what decides what follows; NULL at the end */
    const cld_node *cut_node;    /* the node that asked for it */
} cld_segment;

/* What a walk may cost, and who is told meanwhile. Nodes and evaluated elements have bounds of their own. */
typedef struct cld_walk_limits {
    size_t host_bytes; /* of one walk and the segment under way; 0: no limit */
    cld_watch watch;
} cld_walk_limits;

/* Starts a walk. types: of the model graph's inputs, static; dtype NONE takes the default. `model` is borrowed. limits
 * NULL: none. ERR_LIMIT: an input is too large to be counted. */
clade_status cld_walk_new(cld_walk **out, const cld_graph *model, const cld_type *types, const cld_walk_limits *limits,
                          clade_error *err);
void cld_walk_free(cld_walk *walk);
size_t cld_walk_bytes(const cld_walk *walk); /* host memory that is the walk's own */
/* A copy of the state, from which another continuation may be walked. It shares what does not change: the walk it was
 * copied from must outlive it, unchanged. */
clade_status cld_walk_copy(cld_walk **out, const cld_walk *walk, const cld_walk_limits *limits, clade_error *err);
/* Walks to the next cut, or to the end. Constants of a segment may lie in the arenas of the segments before it.
 * ERR_LIMIT names the node that would have been too much. ERR_CANCELLED. */
clade_status cld_walk_next(cld_walk *walk, cld_segment *out, clade_error *err);
/* Gives the value the last cut asked for; borrowed for as long as the segments that follow live. */
clade_status cld_walk_feed(cld_walk *walk, const clade_tensor *value, clade_error *err);

/* repeat.c: how a segment comes again. */
typedef struct cld_repeat {
    int32_t *turn; /* [inputs of its graph]: the output of its graph that takes the input's place; -1: it stays */
    int64_t most;  /* times; INT64_MAX: no limit */
    int32_t *row;  /* [max_rows] the outputs of each time that are rows of a Loop's scan outputs */
    int32_t n_rows, max_rows;
} cld_repeat;
/* Two walks of one line, one segment apart and both at a cut: will the second make segment `b` once more when it is fed
 * what led from `a` to `b`? turn, row and max_rows are the caller's. */
bool cld_walk_repeats(const cld_walk *before, const cld_segment *a, const cld_walk *after, const cld_segment *b,
                      cld_repeat *out);
/* In a copy of the walk behind `b`, not fed yet: as if the segment had come again `turns` times. Rows of those times
 * are slots of b's then: output n_outputs + k of its graph is what its row k gave, stacked. `before`: the walk behind
 * `a`. */
clade_status cld_walk_skip(cld_walk *walk, const cld_walk *before, const cld_segment *b, int64_t turns,
                           clade_error *err);

/* symbolic.c: the type of a model graph's output with its dimensions as expressions of the free ones:
 * "float32[N,2*T+1]". */
clade_status cld_pass_symbolic(const cld_graph *graph, int32_t output, cld_text *out, clade_error *err);

/* ---- on static graphs ---------------------------------------------------------------------------------------------
 */

/* fold_scale.c: what scales and shifts each channel by constants disappears into the weights before or behind it. */
clade_status cld_pass_fold_scale(cld_graph *graph, clade_error *err);
/* halve.c: float32 values are held as float16, where the graph says so. */
clade_status cld_pass_halve(cld_graph *graph, clade_error *err);
/* lower.c: operators become what they are made of. */
clade_status cld_pass_lower(cld_graph *graph, clade_error *err);
/* fold_pad.c: a Pad that puts zeros around a Conv's image becomes the Conv's own padding. */
clade_status cld_pass_fold_pad(cld_graph *graph, clade_error *err);
/* fuse.c: pointwise chains into the epilogue of their producer, or into one Fused node; layer normalisation spelled
 * out. */
clade_status cld_pass_fuse(cld_graph *graph, clade_error *err);

/* ---- passes.c ---------------------------------------------------------------------------------------------------- */

typedef struct cld_pass {
    const char *name;
    clade_status (*run)(cld_graph *graph, clade_error *err);
} cld_pass;
extern const cld_pass cld_model_passes[], cld_static_passes[]; /* in order; the last one has no name */
/* The first `count` of them; -1: all. */
clade_status cld_passes_run(const cld_pass *passes, int32_t count, cld_graph *graph, clade_error *err);

#endif
