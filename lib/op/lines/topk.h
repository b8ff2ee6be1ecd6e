/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: TopK, as its three files see it. */
#ifndef CLD_OP_TOPK_H
#define CLD_OP_TOPK_H

#include "op/lines/lines.h"

enum { CLD_TOPK_VALUES, CLD_TOPK_INDICES }; /* outputs */

typedef struct cld_topk {
    cld_lines lines;
    int32_t axis;
    int64_t k;
    bool largest;
} cld_topk;

/* topk.c: a cld_topk. */
clade_status cld_topk_read(cld_call *call, void *problem, clade_error *err);
/* topk_eval.c */
clade_status cld_topk_eval(const cld_call *call, clade_tensor *const *out, clade_error *err);
/* topk_rows.c */
extern const cld_impl cld_topk_impls[];

#endif
