/* SPDX-License-Identifier: Apache-2.0 */
/* Inside pass: what the passes that fold a BatchNormalization share (norm.c). */
#ifndef CLD_PASS_NORM_H
#define CLD_PASS_NORM_H

#include "pass/pass.h"

/* y = factor[c] x + offset[c], with factor = scale / sqrt(var + epsilon), offset = shift - mean factor. */
typedef struct cld_norm {
    clade_dtype dtype; /* of the statistics */
    int64_t channels;
    const double *factor, *offset; /* in the scratch arena */
    bool stays;                    /* the statistics are constants of the model */
} cld_norm;

/* The constant in input k, or NULL. */
const clade_tensor *cld_norm_constant(const cld_graph *graph, const cld_node *node, int32_t k);
/* How often each value is read, by nodes and as an output; NULL: no memory. */
int32_t *cld_norm_uses(const cld_graph *graph, cld_arena *scratch);
/* The node is a BatchNormalization for inference, on constant float32 or float64 statistics, that gives nothing but its
 * first output; CLADE_OK and *found. No factor may be infinite or NaN: then the device computes what it computes. */
clade_status cld_norm_read(const cld_graph *graph, const cld_node *node, const int32_t *uses, cld_arena *scratch,
                           cld_norm *out, bool *found, clade_error *err);

/* How a constant is made of a weight with a norm. */
typedef struct cld_derivation {
    const char *kind;                  /* of the pass: with the sizes it says what `fill` does with the weight */
    const clade_tensor *weight, *bias; /* bias NULL: it plays no part */
    const cld_norm *norm;
    int64_t sizes[4];
    cld_type type;
    cld_derive_fn fill;
    const void *user;
} cld_derivation;
/* Made once for all the plans of a model where all it is made of is the model's: else, since what is kept with the
 * model must not grow with runs, it is the graph's own. NULL: no memory. */
const clade_tensor *cld_norm_derive(cld_graph *graph, const cld_derivation *how);

#endif
