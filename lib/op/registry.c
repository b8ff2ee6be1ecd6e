/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators: op/ops.def made into an array, and the look-up by domain, type and opset. */
#include "op/op.h"

#include <stdio.h>

#define OP(symbol) extern const cld_op cld_op_##symbol;
#include "op/ops.def"
#undef OP

static const cld_op *const table[] = {
#define OP(symbol) &cld_op_##symbol,
#include "op/ops.def"
#undef OP
};

const cld_op *const *cld_op_all(int32_t *count) {
    *count = (int32_t)CLD_COUNT(table);
    return table;
}

const cld_op *cld_op_find(const char *domain, const char *type, int32_t opset, char *reason, size_t reason_size) {
    const char *shown = domain[0] ? domain : "ai.onnx";
    const cld_op *near = NULL;
    for (size_t k = 0; k < CLD_COUNT(table); k++) {
        const cld_op *op = table[k];
        if (strcmp(op->name, type) != 0 || strcmp(op->domain, domain) != 0)
            continue;
        if (opset >= op->since && (op->until == 0 || opset <= op->until))
            return op;
        near = op;
    }
    if (near)
        snprintf(reason, reason_size, "operator %s of %s is not supported at opset %d", type, shown, (int)opset);
    else
        snprintf(reason, reason_size, "operator %s of %s is not supported", type, shown);
    return NULL;
}
