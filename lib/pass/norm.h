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
} cld_norm;

/* The constant in input k, or NULL. */
const clade_tensor *cld_norm_constant(const cld_graph *graph, const cld_node *node, int32_t k);
/* How often each value is read, by nodes and as an output; NULL: no memory. */
int32_t *cld_norm_uses(const cld_graph *graph, cld_arena *scratch);
/* The node is a BatchNormalization for inference, on constant float32 or float64 statistics, that gives nothing but its
 * first output; CLADE_OK and *found. No factor may be infinite or NaN: then the device computes what it computes. */
clade_status cld_norm_read(const cld_graph *graph, const cld_node *node, const int32_t *uses, cld_arena *scratch,
                           cld_norm *out, bool *found, clade_error *err);

/* A constant made of `source` (a weight) with the norm's factors and offsets and, in `more`, what else decides: the
 * model's when `source` is, so that its plans share it, else the graph's own. NULL: no memory. */
const clade_tensor *cld_norm_derive(cld_graph *graph, const char *kind, const clade_tensor *source,
                                    const cld_norm *norm, const clade_tensor *more, int64_t layout,
                                    const cld_type *type, cld_derive_fn fill, const void *user);

#endif
