/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax and Hardmax: launches of cl/softmax.cl, and Hardmax by expansion.
 *
 * Since opset 13 they work along one axis; before, the input is seen as a matrix whose rows begin at `axis`.
 */
#include "op/launch.h"

enum { LANES = 16 };

/* The input seen as [outer, n, inner]. */
typedef struct geometry {
    cld_lines lines; /* outer * inner of n */
    int64_t outer, n, inner;
} geometry;

static clade_status geometry_of(const cld_call *call, geometry *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    bool matrix = call->node->opset < 13;
    int32_t axis = 0;
    int64_t given = cld_attr_int(call->node, "axis", matrix ? 1 : -1);
    if (matrix && given == in->rank)
        axis = in->rank; /* rows of one element */
    else if (in->rank > 0)
        CLD_RETURN(cld_call_axis(call, given, in->rank, &axis, err));
    out->outer = cld_type_span(in, 0, axis);
    out->n = matrix || in->rank == 0 ? cld_type_span(in, axis, in->rank) : in->dims[axis];
    out->inner = matrix || in->rank == 0 ? 1 : cld_type_span(in, axis + 1, in->rank);
    out->lines = (cld_lines){ out->outer * out->inner, out->n };
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    geometry g;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    CLD_RETURN(geometry_of(call, &g, err));
    call->out[0] = call->in[0];
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) {
    geometry *g = cld_arena_alloc(emit->steps->arena, sizeof *g);
    return g && geometry_of(emit->call, g, NULL) == CLADE_OK ? g : NULL;
}

static bool in_vectors(const cld_call *call, const cld_caps *caps) {
    return cld_on_cpu(call, caps) && cld_dtype_in(call->in[0].dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16));
}

static bool rows_applicable(const cld_call *call, const cld_caps *caps) {
    const geometry *g = call->problem;
    return in_vectors(call, caps) && g->inner == 1 && g->n >= LANES;
}

static bool across_applicable(const cld_call *call, const cld_caps *caps) {
    const geometry *g = call->problem;
    return in_vectors(call, caps) && g->inner >= LANES;
}

static cld_step *start(const cld_emit *emit, const char *entry, const geometry *g, int64_t per_item) {
    const cld_call *call = emit->call;
    clade_dtype dtype = call->in[0].dtype;
    cld_step *step = cld_step_kernel(emit->steps, "softmax", entry);
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    if (strcmp(call->node->type, "LogSoftmax") == 0)
        cld_step_define(emit->steps, step, "LOG", "1");
    if (dtype == CLADE_FLOAT16)
        cld_step_define(emit->steps, step, "HALF", "1");
    cld_step_out(emit->steps, step, emit->out[0], dtype);
    cld_step_in(emit->steps, step, emit->in[0], dtype);
    cld_step_int(emit->steps, step, (int32_t)(g->outer * g->inner));
    cld_step_int(emit->steps, step, (int32_t)g->n);
    cld_step_int(emit->steps, step, (int32_t)g->inner);
    cld_step_int(emit->steps, step, (int32_t)per_item);
    step->bytes = 2.0 * (double)cld_type_bytes(&call->in[0]);
    step->flops = 4.0 * (double)cld_type_count(&call->in[0]);
    return step;
}

/* `units`: lines, or blocks of 16 of them. */
static clade_status emit_items(const cld_emit *emit, const char *entry, int64_t units, int64_t lines) {
    const geometry *g = emit->call->problem;
    if (units == 0 || g->n == 0)
        return CLADE_OK;
    int64_t per_item = cld_per_item(emit->caps, units, g->n * lines, 2048);
    cld_step *step = start(emit, entry, g, per_item);
    if (strcmp(entry, "each") != 0)
        cld_step_define(emit->steps, step, "WIDE", "1");
    cld_step_size(step, (size_t)cld_parts(units, per_item), 1, 1, cld_group(emit->caps, 64), 1, 1);
    return CLADE_OK;
}

static clade_status emit_rows(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_items(emit, "rows", ((const geometry *)emit->call->problem)->outer, 1);
}

static clade_status emit_across(const cld_emit *emit, clade_error *err) {
    (void)err;
    const geometry *g = emit->call->problem;
    return emit_items(emit, "across", g->outer * cld_parts(g->inner, LANES), LANES);
}

static clade_status emit_each(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_items(emit, "each", ((const geometry *)emit->call->problem)->lines.count, 1);
}

static clade_status emit_group(const cld_emit *emit, clade_error *err) {
    (void)err;
    const geometry *g = emit->call->problem;
    const size_t lanes = (size_t)emit->value[0];
    if (g->lines.count == 0)
        return CLADE_OK;
    cld_step *step = start(emit, "group", g, 1);
    cld_step_local(emit->steps, step, lanes * CLD_LINE_ACC_BYTES);
    cld_step_size(step, (size_t)g->lines.count * lanes, 1, 1, lanes, 1, 1);
    return CLADE_OK;
}

static const cld_impl impls[] = {
    { .name = "rows", .applicable = rows_applicable, .emit = emit_rows },
    { .name = "across", .applicable = across_applicable, .emit = emit_across },
    { .name = "each", .applicable = cld_on_cpu, .emit = emit_each },
    { .name = "group", .applicable = cld_line_group_applicable, .emit = emit_group, .space = &cld_line_group_space },
    { .name = "reference", .emit = emit_each },
    { 0 },
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
        .impls = impls,                                                                                                \
    };
SOFTMAX(Softmax, "y = e^x / sum e^x along an axis")
SOFTMAX(LogSoftmax, "y = x - ln sum e^x along an axis")

/* ---- Hardmax ----------------------------------------------------------------------------------------------------- */

/* 1 at the first maximum: the one-hot of ArgMax, with the input as [outer, n, inner]. */
static clade_status hardmax_expand(const cld_call *call, cld_build *build, clade_error *err) {
    const cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 1 },
                   best_of[] = { axis, { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 } },
                   to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = call->in[0].dtype };
    geometry g;
    cld_value_id hot[3], t;
    CLD_RETURN(geometry_of(call, &g, err));
    CLD_RETURN(cld_build_reshape(build, build->in[0], (int64_t[]){ g.outer, g.n, g.inner }, 3, &t, err));
    CLD_RETURN(cld_build_op(build, "ArgMax", &t, 1, best_of, CLD_COUNT(best_of), &hot[0], err));
    CLD_RETURN(cld_build_scalar(build, CLADE_INT64, (double)g.n, &hot[1], err));
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
