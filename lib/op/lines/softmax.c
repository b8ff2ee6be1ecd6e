/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax and Hardmax: launches of cl/softmax.cl, and Hardmax by expansion.
 *
 * Since opset 13 they work along one axis; before, the input is seen as a matrix whose rows begin at `axis`.
 */
#include "op/lines/lines.h"

static void write(const cld_emit *emit, cld_step *step) {
    if (strcmp(emit->call->node->type, "LogSoftmax") == 0)
        cld_step_define(emit->steps, step, "LOG", "1");
    if (emit->call->in[0].dtype == CLADE_FLOAT16)
        cld_step_define(emit->steps, step, "HALF", "1");
    cld_step_lines_through(emit, step);
}

static const cld_line_kernels kernels = {
    .family = "softmax", .least = 2048, .flops = 4, .local_bytes = 8, .write = write
};

static clade_status read_lines(cld_call *call, void *problem, clade_error *err) {
    const cld_type *in = &call->in[0];
    bool matrix = call->node->opset < 13;
    int32_t axis = 0;
    int64_t given = cld_attr_int(call->node, "axis", matrix ? 1 : -1);
    if (matrix && given == in->rank)
        axis = in->rank; /* rows of one element */
    else if (in->rank > 0)
        CLD_RETURN(cld_call_axis(call, given, in->rank, &axis, err));
    int64_t count = cld_type_span(in, 0, axis), n = cld_type_span(in, axis, in->rank);
    *(cld_lines *)problem =
        matrix || in->rank == 0 ? (cld_lines){ &kernels, count, n, n, 1 } : cld_lines_along(&kernels, in, axis);
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) { return cld_lines_read(emit, sizeof(cld_lines), read_lines); }

static clade_status infer(cld_call *call, clade_error *err) {
    cld_lines lines;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    CLD_RETURN(read_lines(call, &lines, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static const cld_impl rows[] = {
    CLD_LINES_ALONG, CLD_LINES_ACROSS, CLD_LINES_EACH, CLD_LINES_COLUMNS, CLD_LINES_GROUP, CLD_LINES_REFERENCE, { 0 },
};

#define SOFTMAX(symbol, sentence)                                                                                      \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = sentence,                                                                                               \
        .since = 1,                                                                                                    \
        .attrs = "axis:int",                                                                                           \
        .min_in = 1,                                                                                                   \
        .max_in = 1,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer,                                                                                                \
        .read = read,                                                                                                  \
        .describe = cld_lines_describe,                                                                                \
        .impls = rows,                                                                                                 \
    };
SOFTMAX(Softmax, "y = e^x / sum e^x along an axis")
SOFTMAX(LogSoftmax, "y = x - ln sum e^x along an axis")

/* ---- Hardmax ----------------------------------------------------------------------------------------------------- */

/* 1 at the first maximum: the one-hot of ArgMax, with the input as [outer, n, inner]. */
static clade_status hardmax_expand(const cld_call *call, cld_build *build, clade_error *err) {
    const cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 1 },
                   best_of[] = { axis, { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 } },
                   to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = call->in[0].dtype };
    cld_call again = *call;
    cld_lines lines;
    cld_value_id hot[3], t;
    CLD_RETURN(read_lines(&again, &lines, err));
    const int64_t dims[] = { lines.count / CLD_MAX(lines.inner, 1), lines.n, lines.inner };
    CLD_RETURN(cld_build_reshape(build, build->in[0], dims, 3, &t, err));
    CLD_RETURN(cld_build_op(build, "ArgMax", &t, 1, best_of, CLD_COUNT(best_of), &hot[0], err));
    CLD_RETURN(cld_build_scalar(build, CLADE_INT64, (double)lines.n, &hot[1], err));
    CLD_RETURN(cld_build_ints(build, (int64_t[]){ 0, 1 }, 2, &hot[2], err));
    CLD_RETURN(cld_build_op(build, "Cast", &hot[2], 1, &to, 1, &hot[2], err));
    CLD_RETURN(cld_build_op(build, "OneHot", hot, CLD_COUNT(hot), &axis, 1, &t, err));
    return cld_build_reshape(build, t, call->in[0].dims, call->in[0].rank, build->out, err);
}

const cld_op cld_op_Hardmax = {
    .domain = "",
    .name = "Hardmax",
    .doc = "y = 1 at the first maximum along an axis, else 0",
    .since = 1,
    .attrs = "axis:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .expand = hardmax_expand,
};
