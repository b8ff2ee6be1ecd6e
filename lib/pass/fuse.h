/* SPDX-License-Identifier: Apache-2.0 */
/* Inside pass: what the steps of the fuse pass (fuse*.c) share. */
#ifndef CLD_PASS_FUSE_H
#define CLD_PASS_FUSE_H

#include "op/pointwise.h"
#include "pass/pass.h"

/* Who reads what, of a graph that does not change meanwhile. */
typedef struct cld_fuse {
    cld_graph *graph;
    cld_arena *scratch;
    bool *is_output; /* [n_values] of the graph */
    int32_t *first;  /* [n_values + 1] the readers of value v are reader[first[v] ... first[v + 1]) */
    int32_t *reader; /* node indices, ascending for each value; a node that reads twice is there twice */
    bool *gone;      /* [n_nodes] to be dropped */
} cld_fuse;

/* fuse_facts.c: fills in what is known of fuse->graph, for one step. */
clade_status cld_fuse_gather(cld_fuse *fuse, clade_error *err);
/* The expression of node i, if it is a pointwise node of one output; false: it is not, or cannot be fused. */
bool cld_fuse_pointwise(const cld_fuse *fuse, int32_t i, cld_call *call);
/* A constant of one element. */
bool cld_fuse_is_scalar(const cld_fuse *fuse, cld_value_id id);

/* The steps. The caller then drops the nodes marked as gone. */
clade_status cld_fuse_layernorm(cld_fuse *fuse, clade_error *err);
clade_status cld_fuse_epilogues(cld_fuse *fuse, clade_error *err);
clade_status cld_fuse_groups(cld_fuse *fuse, clade_error *err);

#endif
