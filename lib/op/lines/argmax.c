/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax and ArgMin: the index of the largest or smallest element along an axis; of equal ones the first, or the last.
 */
#include "op/lines/lines.h"

typedef struct extremes {
    cld_lines lines;
    int32_t axis;
} extremes;

static void write(const cld_emit *emit, cld_step *step) {
    const cld_node *node = emit->call->node;
    bool last = cld_attr_int(node, "select_last_index", 0) != 0, max = strcmp(node->type, "ArgMax") == 0;
    cld_step_define(emit->steps, step, "BETTER(a, b)", "((a) %c%s (b))", max ? '>' : '<', last ? "=" : "");
    cld_step_lines_through(emit, step);
}

static const cld_line_kernels kernels = {
    .family = "argmax", .least = 1024, .flops = 1, .local_bytes = 16, .write = write
};

static clade_status read_extremes(cld_call *call, void *problem, clade_error *err) {
    extremes *out = problem;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), call->in[0].rank, &out->axis, err));
    out->lines = cld_lines_along(&kernels, &call->in[0], out->axis);
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) { return cld_lines_read(emit, sizeof(extremes), read_extremes); }

static clade_status infer(cld_call *call, clade_error *err) {
    extremes of;
    bool keep = cld_attr_int(call->node, "keepdims", 1) != 0;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(read_extremes(call, &of, err));
    if (of.lines.n == 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %d is empty", (int)of.axis);
    call->out[0] = (cld_type){ .dtype = CLADE_INT64 };
    for (int32_t d = 0; d < call->in[0].rank; d++)
        if (d != of.axis || keep)
            call->out[0].dims[call->out[0].rank++] = d == of.axis ? 1 : call->in[0].dims[d];
    return CLADE_OK;
}

static const cld_impl rows[] = { CLD_LINES_EACH, CLD_LINES_COLUMNS, CLD_LINES_GROUP, CLD_LINES_REFERENCE, { 0 } };

#define ARG(symbol, which)                                                                                             \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = "the index of the " which " element along an axis",                                                     \
        .since = 1,                                                                                                    \
        .attrs = "axis:int keepdims:int select_last_index:int@12",                                                     \
        .min_in = 1,                                                                                                   \
        .max_in = 1,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer,                                                                                                \
        .read = read,                                                                                                  \
        .describe = cld_lines_describe,                                                                                \
        .impls = rows,                                                                                                 \
    };
ARG(ArgMax, "largest")
ARG(ArgMin, "smallest")
