/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of operators: op/core/ops.def and op/core/internal.def made into arrays, and the look-up by domain, type
 * and opset, which knows the first. */
#include "op/core/op.h"

#include <stdio.h>

static const cld_op *const table[] = {
#define OP(symbol) &cld_op_##symbol,
#include "op/core/ops.def"
#undef OP
};

static const cld_op *const internal[] = {
#define OP(symbol) &cld_op_##symbol,
#include "op/core/internal.def"
#undef OP
};

const cld_op *const *cld_op_all(int32_t *count) {
    *count = (int32_t)CLD_COUNT(table);
    return table;
}

const cld_op *const *cld_op_internal(int32_t *count) {
    *count = (int32_t)CLD_COUNT(internal);
    return internal;
}

/* Each descriptor was compared with every version of its operator's schema up to here. What a later version adds is
 * unknown, so it is refused. When this grows, read the schemas that changed: a new attribute needs a rule, a new
 * meaning a descriptor of its own. */
static const struct {
    const char *domain;
    int32_t newest;
} checked[] = { { "", 28 }, { "com.microsoft", 1 } };

int32_t cld_op_newest(const char *domain) {
    for (size_t k = 0; k < CLD_COUNT(checked); k++)
        if (strcmp(checked[k].domain, domain) == 0)
            return checked[k].newest;
    return 0;
}

const cld_op *cld_op_find(const char *domain, const char *type, int32_t opset, char *reason, size_t reason_size) {
    const char *shown = domain[0] ? domain : "ai.onnx";
    const cld_op *near = NULL;
    for (size_t k = 0; k < CLD_COUNT(table); k++) {
        const cld_op *op = table[k];
        if (strcmp(op->name, type) != 0 || strcmp(op->domain, domain) != 0)
            continue;
        near = op;
        if (opset >= op->since && (op->until == 0 || opset <= op->until) && opset <= cld_op_newest(domain))
            return op;
    }
    if (near && opset > cld_op_newest(domain))
        snprintf(reason, reason_size, "operator %s of %s is known up to opset %d, the model has opset %d", type, shown,
                 (int)cld_op_newest(domain), (int)opset);
    else if (near)
        snprintf(reason, reason_size, "operator %s of %s is not supported at opset %d", type, shown, (int)opset);
    else
        snprintf(reason, reason_size, "operator %s of %s is not supported", type, shown);
    return NULL;
}
