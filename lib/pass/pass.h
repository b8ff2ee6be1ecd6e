/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: graph -> graph. Every file is one pass and opens with what it needs and what it keeps. */
#ifndef CLD_PASS_H
#define CLD_PASS_H

#include "op/op.h"

/* ---- on model graphs, once per model (order: as here) ------------------------------------------------------------ */

/* fold_batchnorm.c: Conv / ConvTranspose / Gemm followed by an inference BatchNormalization with constant statistics
 * becomes one node with new constant weights and bias. */
clade_status cld_pass_fold_batchnorm(cld_graph *graph, clade_error *err);
/* fold_batchnorm_next.c: one that only unpadded Convs read disappears into their weights and bias. */
clade_status cld_pass_fold_batchnorm_next(cld_graph *graph, clade_error *err);
/* dead.c: drops nodes whose results nobody uses. Works on both kinds of graph. */
clade_status cld_pass_dead(cld_graph *graph, clade_error *err);

/* ---- specialise.c: model graph -> static graphs -------------------------------------------------------------------
 */

/* Walks a model graph with the types of this run's inputs, inlines If, Loop and Scan, folds what is known, and stops
 * where a value must be read from the device first (a *cut*). */
typedef struct cld_walk cld_walk;

/* One straight line of the walk: a static graph, and where it ended. */
typedef struct cld_segment {
    cld_graph *graph;     /* owned by the caller. Inputs: what it takes from before, outputs: what it leaves */
    int32_t *carried_in;  /* [graph->n_inputs] slot of each input; in the graph's arena, as are the next two */
    int32_t *carried_out; /* [graph->n_outputs] slot of each output: all that later segments or the user may read */
    int32_t *results;     /* at the end: slot of each output of the model; NULL at a cut */
    const clade_tensor *
        *known;       /* at the end: [outputs of the model] the host value of a result that is a constant, or NULL */
    int32_t cut_slot; /* at a cut: the slot whose value decides what follows; -1 at the end */
    const char *cut_node; /* the node that asked for it, for dumps */
} cld_segment;

/* Starts a walk. types: of the model graph's inputs, static; their slots are 0 ... n_inputs - 1. `model` is borrowed.
 * ERR_LIMIT: an input is too large to be counted. */
clade_status cld_walk_new(cld_walk **out, const cld_graph *model, const cld_type *types, clade_error *err);
void cld_walk_free(cld_walk *walk);
/* A copy of the state, from which another continuation may be walked. */
clade_status cld_walk_copy(cld_walk **out, const cld_walk *walk, clade_error *err);
/* Walks to the next cut, or to the end. Constants of a segment may lie in the arenas of the segments before it. */
clade_status cld_walk_next(cld_walk *walk, cld_segment *out, clade_error *err);
/* Gives the value the last cut asked for; borrowed for as long as the segments that follow live. */
clade_status cld_walk_feed(cld_walk *walk, const clade_tensor *value, clade_error *err);
/* Type of a slot. */
const cld_type *cld_walk_type(const cld_walk *walk, int32_t slot);

/* symbolic.c: the type of a model graph's output with its dimensions as expressions of the free ones:
 * "float32[N,2*T+1]". */
clade_status cld_pass_symbolic(const cld_graph *graph, int32_t output, cld_text *out, clade_error *err);

/* ---- on static graphs ---------------------------------------------------------------------------------------------
 */

/* fold_pad.c: a Pad that puts zeros around a Conv's image becomes the Conv's own padding. */
clade_status cld_pass_fold_pad(cld_graph *graph, clade_error *err);
/* fuse.c: pointwise chains into the epilogue of their producer, or into one Fused node; layer normalisation spelled
 * out. */
clade_status cld_pass_fuse(cld_graph *graph, clade_error *err);

#endif
