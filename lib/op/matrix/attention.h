/* SPDX-License-Identifier: Apache-2.0 */
/* clade.Attention, which passes make of attention spelled out (pass/fuse_attention.c); no model can name it.
 *
 * Inputs: q, k, v, and a mask that is added to the scores, or absent: of the scores' type, broadcast to [batch, heads,
 * queries, keys]. Output: softmax(scale q k^T + mask) v. What stands where is the attribute CLD_ATTENTION_AXES: of q,
 * k, v and the output, all of four dimensions, the axes of batch, head, row (query or key) and column.
 */
#ifndef CLD_OP_ATTENTION_H
#define CLD_OP_ATTENTION_H

#include "op/core/op.h"

#define CLD_ATTENTION_AXES CLD_RESERVED "axes"
#define CLD_ATTENTION_SCALE CLD_RESERVED "scale"
enum { CLD_ATTENTION_Q, CLD_ATTENTION_K, CLD_ATTENTION_V, CLD_ATTENTION_MASK, CLD_ATTENTION_OPERANDS = 4 };
enum { CLD_ATTENTION_RANK = 4, CLD_ATTENTION_MOST = 128 }; /* columns that registers hold */

/* A GPU whose local memory holds tiles of it, whatever its sizes. */
bool cld_attention_suits(const cld_caps *caps);

#endif
