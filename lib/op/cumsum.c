/* SPDX-License-Identifier: Apache-2.0 */
/* CumSum: running sums along an axis, which is an input and must be known. */
#include "op/move.h"

typedef struct lines {
    int64_t count, n, inner;
    bool exclusive, reverse;
} lines;

static clade_status read_lines(cld_call *call, lines *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    int32_t axis;
    const clade_tensor *value = cld_call_value(call, 1);
    if (!value)
        return cld_call_has(call, 1) ? CLD_PENDING : cld_call_fail(call, err, CLADE_ERR_GRAPH, "axis is missing");
    if (clade_tensor_count(value) != 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis is %s, not one number", CLD_TYPE_TEXT(&call->in[1]));
    CLD_RETURN(cld_call_axis(call, cld_tensor_get_int(value, 0), in->rank, &axis, err));
    int64_t inner = cld_type_span(in, axis + 1, in->rank);
    *out = (lines){ .count = cld_type_span(in, 0, axis) * inner,
                    .n = in->dims[axis],
                    .inner = inner,
                    .exclusive = cld_attr_int(call->node, "exclusive", 0) != 0,
                    .reverse = cld_attr_int(call->node, "reverse", 0) != 0 };
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    lines all;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(read_lines(call, &all, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static clade_status emit_lines(const cld_emit *emit, clade_error *err) {
    cld_call again = *emit->call;
    clade_dtype dtype = emit->call->in[0].dtype;
    lines all;
    CLD_RETURN(read_lines(&again, &all, err));
    if (cld_type_count(&emit->call->in[0]) == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "cumsum", "cumsum");
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    cld_step_define(emit->steps, step, "EXCLUSIVE", "%d", all.exclusive);
    cld_step_define(emit->steps, step, "REVERSE", "%d", all.reverse);
    cld_step_out(emit->steps, step, emit->out[0], dtype);
    cld_step_in(emit->steps, step, emit->in[0], dtype);
    cld_step_int(emit->steps, step, (int32_t)all.count);
    cld_step_int(emit->steps, step, (int32_t)all.n);
    cld_step_int(emit->steps, step, (int32_t)all.inner);
    cld_step_size(step, (size_t)all.count, 1, 1, cld_long_group(emit->caps, all.count), 1, 1);
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    const clade_tensor *in = call->value[0];
    bool real = cld_dtype_in(in->dtype, CLD_FLOATS);
    lines all;
    CLD_RETURN(read_lines(&again, &all, err));
    for (int64_t line = 0; line < all.count; line++) {
        int64_t start = line / all.inner * all.n * all.inner + line % all.inner;
        double sum = 0;
        uint64_t whole = 0; /* wraps as the device's integers do */
        for (int64_t i = 0; i < all.n; i++) {
            int64_t at = start + (all.reverse ? all.n - 1 - i : i) * all.inner;
            double next = real ? sum + cld_tensor_get(in, at) : 0;
            uint64_t next_whole = real ? 0 : whole + (uint64_t)cld_tensor_get_int(in, at);
            if (real)
                cld_tensor_set(out[0], at, all.exclusive ? sum : next);
            else
                cld_tensor_set_int(out[0], at, (int64_t)(all.exclusive ? whole : next_whole));
            sum = next;
            whole = next_whole;
        }
    }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "lines", .emit = emit_lines }, { 0 } };

const cld_op cld_op_CumSum = {
    .domain = "",
    .name = "CumSum",
    .doc = "sums of the elements up to each one along axis (exclusive: before it; reverse: from the end)",
    .since = 11,
    .attrs = "exclusive:int reverse:int",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = rows,
};
