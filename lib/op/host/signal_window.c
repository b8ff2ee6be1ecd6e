/* SPDX-License-Identifier: Apache-2.0 */
/* HannWindow, HammingWindow, BlackmanWindow: w[i] = a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), with n = size when
 * periodic and size - 1 when symmetric. The size decides the shape, so it is known, and the window is made on the host.
 */
#include "op/core/op.h"

#include <math.h>

enum { LONGEST = 1 << 25 };

static clade_status infer(cld_call *call, clade_error *err) {
    int64_t dtype = cld_attr_int(call->node, "output_datatype", CLADE_FLOAT32);
    const clade_tensor *value;
    if (!cld_dtype_valid(dtype) || dtype == CLADE_BOOL)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output_datatype %lld is not supported",
                             (long long)dtype);
    CLD_RETURN(cld_call_number(call, 0, "size", CLD_BIT(INT32) | CLD_BIT(INT64), &value, err));
    int64_t size = cld_tensor_get_int(value, 0);
    if (size < 0 || size > LONGEST)
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "size %lld is not in 0 ... %d", (long long)size, LONGEST);
    call->out[0] = (cld_type){ .dtype = (clade_dtype)dtype, .rank = 1, .dims = { size } };
    return CLADE_OK;
}

static clade_status fill(const cld_call *call, clade_tensor *out, double a0, double a1, double a2) {
    static const double turn = 6.283185307179586;
    int64_t size = call->out[0].dims[0], n = cld_attr_int(call->node, "periodic", 1) ? size : size - 1;
    for (int64_t i = 0; i < size; i++) {
        double angle = n > 0 ? turn * (double)i / (double)n : 0;
        cld_tensor_set(out, i, a0 - a1 * cos(angle) + a2 * cos(2 * angle));
    }
    return CLADE_OK;
}

/* X(name, a0, a1, a2) */
#define WINDOWS(X)                                                                                                     \
    X(HannWindow, 0.5, 0.5, 0.0)                                                                                       \
    X(HammingWindow, 25.0 / 46.0, 21.0 / 46.0, 0.0)                                                                    \
    X(BlackmanWindow, 0.42, 0.5, 0.08)

#define X(symbol, a0, a1, a2)                                                                                          \
    static clade_status eval_##symbol(const cld_call *call, clade_tensor *const *out, clade_error *err) {              \
        (void)err;                                                                                                     \
        return fill(call, out[0], a0, a1, a2);                                                                         \
    }                                                                                                                  \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = #a0 " - " #a1 " cos(2 pi i / n) + " #a2 " cos(4 pi i / n), i = 0 ... size - 1",                         \
        .since = 17,                                                                                                   \
        .attrs = "output_datatype:int periodic:int",                                                                   \
        .min_in = 1,                                                                                                   \
        .max_in = 1,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer,                                                                                                \
        .eval = eval_##symbol,                                                                                         \
    };
WINDOWS(X)
#undef X
