/* SPDX-License-Identifier: Apache-2.0 */
/* Inside pass: nodes that scale and shift each channel by constants, and constants made of weights with them. */
#ifndef CLD_PASS_SCALE_H
#define CLD_PASS_SCALE_H

#include "pass/facts.h"

/* y = factor[c] x + offset[c]. */
typedef struct cld_scale {
    cld_value_id x;
    clade_dtype dtype; /* of the constants: float32 or float64 */
    int64_t channels;
    const double *factor, *offset; /* in the scratch arena; finite */
    bool scales, shifts;           /* a factor is not 1, an offset not 0 */
    bool stays;                    /* it is made of constants of the model */
} cld_scale;

/* The node is an inference BatchNormalization on constant statistics that gives nothing but its first output, or an
 * Add, Sub, Mul or Div by a constant that has one value for each channel of a value with `trailing` dimensions behind
 * the channels'. CLADE_OK and *found. */
clade_status cld_scale_read(const cld_graph *graph, const cld_node *node, int32_t trailing, const cld_readers *readers,
                            cld_arena *scratch, cld_scale *out, bool *found, clade_error *err);

/* How a constant is made of a weight with a scale. */
typedef struct cld_derivation {
    const char *kind;                  /* of the pass: with the sizes it says what `fill` does with the weight */
    const clade_tensor *weight, *bias; /* bias NULL: it plays no part */
    const cld_scale *scale;
    int64_t sizes[4];
    cld_type type;
    cld_derive_fn fill;
    const void *user;
} cld_derivation;
/* Made once for all the plans of a model where all it is made of is the model's: else, since what is kept with the
 * model must not grow with runs, it is the graph's own. NULL: no memory. */
const clade_tensor *cld_scale_derive(cld_graph *graph, const cld_derivation *how);

#endif
