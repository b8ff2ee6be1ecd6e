/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: graph -> graph. Every file is one pass and opens with what it needs and what it keeps. */
#ifndef CLD_PASS_H
#define CLD_PASS_H

#include "op/op.h"

/* ---- on model graphs, once per model (order: as here) ------------------------------------------------------------ */

/* fold_batchnorm.c: Conv / ConvTranspose / Gemm followed by an inference BatchNormalization with constant statistics becomes
 * one node with new constant weights and bias. */
clade_status cld_pass_fold_batchnorm(cld_graph *graph, clade_error *err);
/* dead.c: drops nodes whose results nobody uses. Works on both kinds of graph. */
clade_status cld_pass_dead(cld_graph *graph, clade_error *err);

/* ---- specialise.c: model graph -> static graphs ------------------------------------------------------------------- */

/* Walks a model graph with the types of this run's inputs, inlines If, Loop and Scan, folds what is known, and stops
 * where a value must be read from the device first (a *cut*). */
typedef struct cld_walk cld_walk;

typedef enum cld_cut_kind {
    CLD_CUT_END,   /* nothing left: the graph's outputs are all there */
    CLD_CUT_VALUE, /* the value of one tensor decides what follows */
    CLD_CUT_HOST   /* a node runs on the host: its inputs are read, its results continue as inputs of known type */
} cld_cut_kind;

/* One straight line of the walk: a static graph, and why it ended. */
typedef struct cld_segment {
    cld_graph *graph;       /* owned by the caller. Inputs: what it takes from before (see `carried_in`) */
    int32_t *carried_in;    /* [graph->n_inputs] slot of each input */
    int32_t *carried_out;   /* [graph->n_outputs] slot of each output: all that later segments or the user may read */
    cld_cut_kind cut;
    int32_t n_read;         /* slots whose host values the walk needs to go on */
    int32_t *read;
    const char *why;        /* node name, for the dump */
} cld_segment;

/* Starts a walk. types: of the model graph's inputs, static; their slots are 0 ... n_inputs - 1. */
clade_status cld_walk_new(cld_walk **out, const cld_graph *model, const cld_type *types, clade_error *err);
void cld_walk_free(cld_walk *walk);
/* A copy of the state, from which another continuation may be walked. */
clade_status cld_walk_copy(cld_walk **out, const cld_walk *walk, clade_error *err);
/* Walks to the next cut. */
clade_status cld_walk_next(cld_walk *walk, cld_segment *out, clade_error *err);
/* Gives the values a cut asked for, in the order of segment->read (borrowed until the walk and its graphs are freed). */
clade_status cld_walk_feed(cld_walk *walk, const clade_tensor *const *values, clade_error *err);
/* After CLD_CUT_END: the slot of each graph output. A slot may hold a known constant instead of device data. */
const int32_t *cld_walk_outputs(const cld_walk *walk);
int32_t cld_walk_slots(const cld_walk *walk);

/* ---- on static graphs --------------------------------------------------------------------------------------------- */

/* fuse.c: pointwise chains into the epilogue of their producer, or into one Fused node. */
clade_status cld_pass_fuse(cld_graph *graph, clade_error *err);

#endif
