/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op, and for the fuse pass: epilogues. An epilogue is a map that an operator applies to each element of output
 * 0 before it stores it: the node's attribute CLD_EPILOGUE, a graph of pointwise float32 nodes whose first input is the
 * result. Its other inputs are the node's, behind the op->max_in formal ones.
 */
#ifndef CLD_OP_EPILOGUE_H
#define CLD_OP_EPILOGUE_H

#include "op/core/op.h"

enum { CLD_EPILOGUE_INPUTS = 4 }; /* beside the result */

/* How an operand lies over the result: element e reads operand element e / inner % count. */
typedef struct cld_run {
    int64_t inner, count;
} cld_run;
/* false: it lies otherwise, or not alike over the whole plane that rows store vectors of (cld_op.epilogue): it cannot
 * be an operand of `op`'s epilogue. */
bool cld_epilogue_run(const cld_op *op, const cld_type *operand, const cld_type *result, cld_run *out);

bool cld_epilogue_has(const cld_call *call);
/* The macros END and END_PARAMS, END_ARGS of the step's kernel, and the arguments for them, which are its last. The
 * kernel counts elements of the result from element `base` on. Nothing where the node has no epilogue. */
void cld_epilogue_write(const cld_emit *emit, cld_step *step, int64_t base);

#endif
