/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum's equation as labels, between its reader (einsum_equation.c) and its expansion (einsum.c). */
#ifndef CLD_OP_EINSUM_H
#define CLD_OP_EINSUM_H

#include "op/core/op.h"

/* Letters are labels 0 ... 51; dimensions under an ellipsis have labels of their own behind them. */
enum { CLD_EINSUM_LETTERS = 52, CLD_EINSUM_LABELS = CLD_EINSUM_LETTERS + CLADE_MAX_RANK, CLD_EINSUM_OPERANDS = 16 };

typedef struct cld_labels {
    int32_t rank;
    int8_t at[CLADE_MAX_RANK];
} cld_labels;

typedef struct cld_equation {
    int32_t n_in;
    cld_labels in[CLD_EINSUM_OPERANDS], out;
    int64_t size[CLD_EINSUM_LABELS]; /* of the label wherever it is not 1; -1: no such label */
} cld_equation;

int32_t cld_labels_count(const cld_labels *in, int label);
/* The node's equation, checked against the types of its operands. */
clade_status cld_einsum_equation(const cld_call *call, cld_equation *out, clade_error *err);

#endif
