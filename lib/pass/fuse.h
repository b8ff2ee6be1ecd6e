/* SPDX-License-Identifier: Apache-2.0 */
/* Inside pass: what the steps of the fuse pass (fuse*.c) share. */
#ifndef CLD_PASS_FUSE_H
#define CLD_PASS_FUSE_H

#include "op/map/pointwise.h"
#include "pass/facts.h"

/* A graph that does not change during one step. */
typedef struct cld_fuse {
    cld_graph *graph;
    cld_arena *scratch;
    cld_readers readers;
    bool *gone;      /* [n_nodes] to be dropped */
    int32_t *inside; /* [n_values] what a value is in the body being made; stale where the body does not use it */
} cld_fuse;

/* What a set of nodes takes and leaves; one more than the bounds, so that too many are seen. */
enum { CLD_BORDER_INPUTS = 12, CLD_BORDER_OUTPUTS = 4 };
typedef struct cld_border {
    int32_t n_in, n_scalars, n_out;
    cld_value_id in[CLD_BORDER_INPUTS + 1], scalar[CLD_BORDER_INPUTS + 1], out[CLD_BORDER_OUTPUTS + 1];
} cld_border;

/* fuse_facts.c: fills in what is known of fuse->graph, for one step. */
clade_status cld_fuse_gather(cld_fuse *fuse, clade_error *err);
/* The expression of node i, if it is a pointwise node of one output; false: it is not, or cannot be fused. */
bool cld_fuse_pointwise(const cld_fuse *fuse, int32_t i, cld_call *call);
/* A constant of one element. */
bool cld_fuse_is_scalar(const cld_fuse *fuse, cld_value_id id);

/* fuse_body.c: a graph of nodes[n], ascending: its inputs the border's, scalars constants in it. NULL: no memory. */
cld_graph *cld_fuse_body(const cld_fuse *fuse, const int32_t *nodes, int32_t n, const cld_border *border);

/* The steps. The caller then drops the nodes marked as gone. */
clade_status cld_fuse_layernorm(cld_fuse *fuse, clade_error *err);
clade_status cld_fuse_attention(cld_fuse *fuse, clade_error *err);
clade_status cld_fuse_epilogues(cld_fuse *fuse, clade_error *err);
clade_status cld_fuse_groups(cld_fuse *fuse, clade_error *err);

#endif
