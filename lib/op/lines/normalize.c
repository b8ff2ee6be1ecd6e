/* SPDX-License-Identifier: Apache-2.0 */
/* LayerNormalization, InstanceNormalization, GroupNormalization: the input as lines that are normalised each on its
 * own, then scaled and shifted (cl/normalize.cl). They differ in what a line is and where it finds its scale.
 */
#include "op/lines/lines.h"

enum { X, SCALE, BIAS };

typedef struct normalization {
    cld_lines lines;
    int64_t part;        /* elements with one scale */
    int64_t scale_lines; /* line l begins at scale (l % scale_lines) * (n / part) */
    bool column;         /* scale by the element's own place in the line */
} normalization;

static bool is_layer(const cld_call *call) { return strcmp(call->node->type, "LayerNormalization") == 0; }

/* ---- its kernels ------------------------------------------------------------------------------------------------- */

static void write(const cld_emit *emit, cld_step *step) {
    const cld_call *call = emit->call;
    const normalization *l = call->problem;
    clade_dtype dtype = call->in[X].dtype;
    cld_steps *steps = emit->steps;
    bool first = cld_call_wants(call, 1), second = cld_call_wants(call, 2), biased = cld_call_has(call, BIAS);
    clade_dtype stash = first ? call->out[1].dtype : second ? call->out[2].dtype : CLADE_FLOAT32;
    const cld_buf absent = { -1 };
    cld_step_define_dtype(steps, step, "U", stash);
    if (l->column)
        cld_step_define(steps, step, "COLUMN", "1");
    if (first)
        cld_step_define(steps, step, "MEANS", "1");
    if (second)
        cld_step_define(steps, step, "INVS", "1");
    cld_step_out(steps, step, emit->out[0], dtype);
    cld_step_out(steps, step, first ? emit->out[1] : absent, stash);
    cld_step_out(steps, step, second ? emit->out[2] : absent, stash);
    cld_step_in(steps, step, emit->in[X], dtype);
    cld_step_in(steps, step, emit->in[SCALE], dtype);
    cld_step_in(steps, step, cld_emit_in(emit, BIAS), dtype);
    cld_step_lines(emit, step);
    cld_step_ints(steps, step, 4, (int64_t[]){ l->part, l->scale_lines, l->lines.n / CLD_MAX(l->part, 1), biased });
    cld_step_real(steps, step, dtype, (double)cld_attr_float(call->node, "epsilon", 1e-5f));
}

static const cld_line_kernels kernels = {
    .family = "normalize", .least = 4096, .flops = 8, .local_bytes = 8, .write = write
};

/* ---- how a call is seen ------------------------------------------------------------------------------------------ */

static cld_lines lines_of(int64_t count, int64_t n) { return (cld_lines){ &kernels, count, n, n, 1 }; }

/* How a scale or bias of LayerNormalization lies over lines from `axis` on. */
typedef enum form { WHOLE, COLUMNS, OTHER } form;

static form form_of(const cld_type *t, const cld_type *x, int32_t axis) {
    int32_t leading = CLD_MAX(t->rank - (x->rank - axis), 0);
    if (cld_type_count(t) == 1)
        return WHOLE;
    return cld_type_span(t, 0, leading) == 1 && cld_type_count(t) == cld_type_span(x, axis, x->rank) ? COLUMNS : OTHER;
}

/* One scale, and one bias, for all of a line or for each column: what the rows do. Else they broadcast. */
static bool is_plain(const cld_call *call, int32_t axis) {
    form scale = form_of(&call->in[SCALE], &call->in[X], axis);
    return scale != OTHER && (!cld_call_has(call, BIAS) || form_of(&call->in[BIAS], &call->in[X], axis) == scale);
}

static clade_status read_layer(const cld_call *call, normalization *out, clade_error *err) {
    const cld_type *x = &call->in[X];
    int32_t axis;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), x->rank, &axis, err));
    int64_t n = cld_type_span(x, axis, x->rank);
    *out =
        (normalization){ lines_of(cld_type_span(x, 0, axis), n), n, 1, form_of(&call->in[SCALE], x, axis) == COLUMNS };
    for (int32_t k = SCALE; k <= BIAS; k++) {
        cld_type joint = *x;
        if (cld_call_has(call, k) && (!cld_shape_broadcast(&joint, &call->in[k]) || !cld_shape_equal(&joint, x)))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s is %s, which does not broadcast to the input %s",
                                 k == SCALE ? "scale" : "bias", CLD_TYPE_TEXT(&call->in[k]), CLD_TYPE_TEXT(x));
    }
    return CLADE_OK;
}

static clade_status read_normalization(cld_call *call, void *problem, clade_error *err) {
    normalization *out = problem;
    const cld_type *x = &call->in[X];
    int64_t wanted;
    if (is_layer(call))
        return read_layer(call, out, err);
    if (x->rank < 3) {
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input must be [N, C, ...], it is %s", CLD_TYPE_TEXT(x));
    } else {
        int64_t channels = x->dims[1], spatial = cld_type_span(x, 2, x->rank);
        bool grouped = strcmp(call->node->type, "GroupNormalization") == 0;
        int64_t groups = grouped ? cld_attr_int(call->node, "num_groups", 0) : channels;
        if (grouped && (groups < 1 || groups > CLD_MAX(channels, 1) || channels % groups))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%lld channels do not make %lld groups",
                                 (long long)channels, (long long)groups);
        int64_t n = groups ? channels / groups * spatial : 0;
        bool per_channel = grouped && call->node->opset >= 21;
        *out = (normalization){ lines_of(x->dims[0] * groups, n), per_channel ? spatial : n, groups, false };
        wanted = per_channel ? channels : groups;
    }
    for (int32_t k = SCALE; k <= BIAS; k++)
        if (cld_call_has(call, k) && cld_type_count(&call->in[k]) != wanted)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%s is %s, the input wants %lld",
                                 k == SCALE ? "scale" : "bias", CLD_TYPE_TEXT(&call->in[k]), (long long)wanted);
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    normalization unused;
    int64_t stash = cld_attr_int(call->node, "stash_type", CLADE_FLOAT32);
    for (int32_t k = X; k < call->n_in; k++) {
        if (k == BIAS && !cld_call_has(call, k))
            continue;
        CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
        if (call->in[k].dtype != call->in[X].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input 0 is %s, input %d is %s",
                                 clade_dtype_name(call->in[X].dtype), (int)k, clade_dtype_name(call->in[k].dtype));
    }
    CLD_RETURN(read_normalization(call, &unused, err));
    if (!cld_dtype_valid(stash) || !cld_dtype_in((clade_dtype)stash, CLD_FLOATS))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "stash_type %lld is not supported", (long long)stash);
    call->out[0] = call->in[X];
    for (int32_t k = 1; k < call->n_out; k++) { /* of LayerNormalization: mean and inverse deviation of each line */
        int32_t axis;
        CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[X].rank, &axis, err));
        call->out[k] = call->in[X];
        call->out[k].dtype = (clade_dtype)stash;
        for (int32_t d = axis; d < call->in[X].rank; d++)
            call->out[k].dims[d] = 1;
    }
    return CLADE_OK;
}

/* A LayerNormalization whose scale or bias broadcasts: the plain one, then Mul and Add. */
static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    int32_t axis;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[X].rank, &axis, err));
    if (!is_layer(call) || is_plain(call, axis))
        return CLADE_ERR_UNSUPPORTED; /* as it is, then */
    cld_value_id in[2] = { build->in[X] };
    CLD_RETURN(cld_build_scalar(build, call->in[X].dtype, 1, &in[1], err));
    CLD_RETURN(cld_build_node(build, call->node, in, 2, build->out, call->n_out, err));
    in[0] = build->out[0];
    in[1] = build->in[SCALE];
    CLD_RETURN(cld_build_op(build, "Mul", in, 2, NULL, 0, &build->out[0], err));
    in[0] = build->out[0];
    in[1] = build->in[BIAS];
    return cld_call_has(call, BIAS) ? cld_build_op(build, "Add", in, 2, NULL, 0, &build->out[0], err) : CLADE_OK;
}

static const void *read(const cld_emit *emit) {
    return cld_lines_read(emit, sizeof(normalization), read_normalization);
}

static const cld_impl rows[] = { CLD_LINES_ALONG, CLD_LINES_EACH, CLD_LINES_GROUP, CLD_LINES_REFERENCE, { 0 } };

#define NORMALIZATION(symbol, from, attributes, least_in, most_out, sentence)                                          \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = sentence,                                                                                               \
        .since = from,                                                                                                 \
        .attrs = attributes,                                                                                           \
        .min_in = least_in,                                                                                            \
        .max_in = 3,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = most_out,                                                                                           \
        .infer = infer,                                                                                                \
        .expand = expand,                                                                                              \
        .read = read,                                                                                                  \
        .describe = cld_lines_describe,                                                                                \
        .impls = rows,                                                                                                 \
    };
NORMALIZATION(GroupNormalization, 18, "epsilon:float num_groups:int stash_type:int@21", 3, 1,
              "y = (x - mean) / sqrt(var + epsilon) * scale + bias over groups of channels")
NORMALIZATION(InstanceNormalization, 6, "epsilon:float", 3, 1,
              "y = (x - mean) / sqrt(var + epsilon) * scale + bias over each channel")
NORMALIZATION(LayerNormalization, 17, "axis:int epsilon:float stash_type:int", 2, 3,
              "y = (x - mean) / sqrt(var + epsilon) * scale + bias over the axes from `axis` on")
