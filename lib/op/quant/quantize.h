/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: checks that the quantised operators share (quantize.c). */
#ifndef CLD_OP_QUANTIZE_H
#define CLD_OP_QUANTIZE_H

#include "op/core/op.h"

/* Input k, when given, is a zero point of input `like`: its dtype, one element or `count` of them. */
clade_status cld_quantised_like(const cld_call *call, int32_t k, int32_t like, int64_t count, clade_error *err);
/* Input k is a float32 scale: one element or `count` of them. */
clade_status cld_quantised_scale(const cld_call *call, int32_t k, int64_t count, clade_error *err);

#endif
