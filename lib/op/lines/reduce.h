/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: reductions over a set of axes. */
#ifndef CLD_OP_REDUCE_H
#define CLD_OP_REDUCE_H

#include "op/lines/lines.h"

/* The input's dimensions, neighbours of one kind joined: four kept and four reduced groups, outermost first and aligned
 * to the end; those not needed have size 1 and stride 0. */
typedef struct cld_reduction {
    cld_lines lines; /* one an output */
    int64_t kept_n[4], kept_s[4], reduced_n[4], reduced_s[4];
} cld_reduction;

/* reduce.c: the axes of a call (attribute or input 1) as a mask over the input's dimensions; *nothing: an identity. */
clade_status cld_reduce_axes(cld_call *call, uint32_t *mask, bool *nothing, clade_error *err);
cld_reduction cld_reduction_of(const cld_type *in, uint32_t axes);
/* Element index of position i in four groups. */
int64_t cld_reduction_place(const int64_t n[4], const int64_t strides[4], int64_t i);

/* reduce_eval.c */
clade_status cld_reduce_eval(const cld_call *call, clade_tensor *const *out, clade_error *err);

/* reduce_rows.c */
const void *cld_reduce_read(const cld_emit *emit); /* a cld_reduction */
extern const cld_impl cld_reduce_impls[];

#endif
