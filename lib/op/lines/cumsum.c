/* SPDX-License-Identifier: Apache-2.0 */
/* CumSum: running sums along an axis, which is an input and must be known. */
#include "op/lines/lines.h"

typedef struct sums {
    cld_lines lines;
    bool exclusive, reverse;
} sums;

static void write(const cld_emit *emit, cld_step *step) {
    const sums *of = emit->call->problem;
    cld_step_define(emit->steps, step, "EXCLUSIVE", "%d", of->exclusive);
    cld_step_define(emit->steps, step, "REVERSE", "%d", of->reverse);
    cld_step_lines_through(emit, step);
}

static const cld_line_kernels kernels = { .family = "cumsum", .flops = 1, .local_bytes = 8, .write = write };

static clade_status read_sums(cld_call *call, void *problem, clade_error *err) {
    sums *out = problem;
    int32_t axis;
    const clade_tensor *value;
    CLD_RETURN(cld_call_number(call, 1, "axis", CLD_BIT(INT32) | CLD_BIT(INT64), &value, err));
    CLD_RETURN(cld_call_axis(call, cld_tensor_get_int(value, 0), call->in[0].rank, &axis, err));
    *out = (sums){ .lines = cld_lines_along(&kernels, &call->in[0], axis),
                   .exclusive = cld_attr_int(call->node, "exclusive", 0) != 0,
                   .reverse = cld_attr_int(call->node, "reverse", 0) != 0 };
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) { return cld_lines_read(emit, sizeof(sums), read_sums); }

static clade_status infer(cld_call *call, clade_error *err) {
    sums unused;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(read_sums(call, &unused, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    const clade_tensor *in = call->value[0];
    bool real = cld_dtype_in(in->dtype, CLD_FLOATS);
    sums of;
    CLD_RETURN(read_sums(&again, &of, err));
    for (int64_t line = 0; line < of.lines.count; line++) {
        double sum = 0;
        uint64_t whole = 0; /* wraps as the device's integers do */
        for (int64_t i = 0; i < of.lines.n; i++) {
            int64_t at = cld_line_place(line, of.lines.n, of.lines.inner, of.reverse ? of.lines.n - 1 - i : i);
            double next = real ? sum + cld_tensor_get(in, at) : 0;
            uint64_t next_whole = real ? 0 : whole + (uint64_t)cld_tensor_get_int(in, at);
            if (real)
                cld_tensor_set(out[0], at, of.exclusive ? sum : next);
            else
                cld_tensor_set_int(out[0], at, (int64_t)(of.exclusive ? whole : next_whole));
            sum = next;
            whole = next_whole;
        }
    }
    return CLADE_OK;
}

/* Lines that lie apart, or that are few. */
static bool group_applicable(const cld_call *call, const cld_caps *caps) {
    enum { LINES_A_UNIT = 64 };
    const cld_lines *lines = call->problem;
    return cld_lines_group_applicable(call, caps) &&
           (lines->inner == 1 || lines->count < (int64_t)caps->compute_units * LINES_A_UNIT);
}

static const cld_impl rows[] = {
    { .name = "group",
      .needs = CLD_NO_CPU,
      .applicable = group_applicable,
      .emit = cld_lines_emit_group,
      .space = &cld_lines_group_space },
    CLD_LINES_ABREAST,
    { 0 },
};

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
    .read = read,
    .describe = cld_lines_describe,
    .impls = rows,
};
