/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterND, ScatterElements (Scatter before opset 11): a copy of the data with updates written, or combined, at
 * indices.
 *
 * Updates of the same target are applied in their order, on the host as on devices (cl/scatter.cl), so the result is
 * the same on every run. */
#include "op/move/move.h"

/* ---- reductions -------------------------------------------------------------------------------------------------- */

typedef struct reduction {
    const char *name, *expression; /* OpenCL, of old and new */
    double (*real)(double old, double new);
    uint64_t (*whole)(uint64_t old, uint64_t new, bool is_signed);
} reduction;

static double real_none(double old, double new) { return (void)old, new; }
static double real_add(double old, double new) { return old + new; }
static double real_mul(double old, double new) { return old * new; }
static double real_max(double old, double new) { return old > new ? old : new; }
static double real_min(double old, double new) { return old < new ? old : new; }
static uint64_t whole_none(uint64_t old, uint64_t new, bool is_signed) { return (void)old, (void)is_signed, new; }
static uint64_t whole_add(uint64_t old, uint64_t new, bool is_signed) { return (void)is_signed, old + new; }
static uint64_t whole_mul(uint64_t old, uint64_t new, bool is_signed) { return (void)is_signed, old * new; }
static bool less(uint64_t a, uint64_t b, bool is_signed) { return is_signed ? (int64_t)a < (int64_t)b : a < b; }
static uint64_t whole_max(uint64_t old, uint64_t new, bool is_signed) { return less(old, new, is_signed) ? new : old; }
static uint64_t whole_min(uint64_t old, uint64_t new, bool is_signed) { return less(new, old, is_signed) ? new : old; }

static const reduction reductions[] = {
    { "none", "new", real_none, whole_none },
    { "add", "(T)((T_RING)old + (T_RING)new)", real_add, whole_add },
    { "mul", "(T)((T_RING)old * (T_RING)new)", real_mul, whole_mul },
    { "max", "(old > new ? old : new)", real_max, whole_max },
    { "min", "(old < new ? old : new)", real_min, whole_min },
};

static clade_status read_reduction(const cld_call *call, const reduction **out, clade_error *err) {
    const char *name = cld_attr_string(call->node, "reduction", reductions[0].name);
    for (size_t k = 0; k < CLD_COUNT(reductions); k++)
        if (strcmp(name, reductions[k].name) == 0) {
            *out = &reductions[k];
            return k == 0 ? CLADE_OK : cld_call_dtype(call, 0, CLD_NUMBERS, err);
        }
    return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "reduction '%s' is not known", name);
}

static void combine(const reduction *by, clade_tensor *out, int64_t to, const clade_tensor *updates, int64_t from) {
    if (cld_dtype_in(out->dtype, CLD_FLOATS)) {
        cld_tensor_set(out, to, by->real(cld_tensor_get(out, to), cld_tensor_get(updates, from)));
        return;
    }
    uint64_t old = (uint64_t)cld_tensor_get_int(out, to), new = (uint64_t)cld_tensor_get_int(updates, from);
    cld_tensor_set_int(out, to, (int64_t)by->whole(old, new, out->dtype != CLADE_UINT64));
}

/* ---- both operators ---------------------------------------------------------------------------------------------- */

enum { DATA, INDICES, UPDATES };

/* Copies the data and begins the step whose first arguments and defines both kernels share. */
static cld_step *begin(const cld_emit *emit, const char *entry, const reduction *by) {
    const cld_call *call = emit->call;
    clade_dtype dtype = call->in[DATA].dtype;
    cld_step_copy(emit->steps, emit->out[0], 0, emit->in[DATA], 0, cld_type_bytes(&call->in[DATA]));
    cld_step *step = cld_step_kernel(emit->steps, "scatter", entry);
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    cld_step_define_dtype(emit->steps, step, "I", call->in[INDICES].dtype);
    cld_step_define(emit->steps, step, "COMBINE", "%s", by->expression);
    cld_step_buf(emit->steps, step, emit->out[0], dtype, CLD_READ_WRITE, 0);
    cld_step_in(emit->steps, step, emit->in[UPDATES], dtype);
    cld_step_in(emit->steps, step, emit->in[INDICES], call->in[INDICES].dtype);
    return step;
}

/* Work-items that share one line of targets: enough to fill the device, no more than there are targets. */
static int64_t share(const cld_caps *caps, int64_t lines, int64_t targets) {
    return CLD_MAX(1, CLD_MIN(cld_fill_items(caps) / CLD_MAX(lines, 1), targets));
}

static void launch(cld_step *step, const cld_caps *caps, int64_t lines, int64_t parts) {
    cld_step_size(step, (size_t)lines, (size_t)parts, 1, CLD_MIN(cld_group(caps, 64), cld_long_group(caps, lines)), 1,
                  1);
}

static clade_status same_dtype(const cld_call *call, clade_error *err) {
    if (call->in[UPDATES].dtype == call->in[DATA].dtype)
        return CLADE_OK;
    return cld_call_fail(call, err, CLADE_ERR_DTYPE, "data is %s, updates are %s", CLD_TYPE_TEXT(&call->in[DATA]),
                         CLD_TYPE_TEXT(&call->in[UPDATES]));
}

/* ---- ScatterND --------------------------------------------------------------------------------------------------- */

static clade_status nd_infer(cld_call *call, clade_error *err) {
    const cld_type *data = &call->in[DATA], *index = &call->in[INDICES];
    cld_rows rows;
    const reduction *by;
    CLD_RETURN(cld_call_dtype(call, DATA, CLD_ALL_DTYPES, err));
    CLD_RETURN(same_dtype(call, err));
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(cld_rows_of_tuples(call, 0, &rows, err));
    int32_t lead = index->rank - 1;
    cld_type want = { .dtype = data->dtype, .rank = lead + data->rank - rows.depth };
    for (int32_t d = 0; d < want.rank && want.rank <= CLADE_MAX_RANK; d++)
        want.dims[d] = d < lead ? index->dims[d] : data->dims[d - lead + rows.depth];
    if (!cld_shape_equal(&call->in[UPDATES], &want))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "updates are %s, data and indices ask for %s",
                             CLD_TYPE_TEXT(&call->in[UPDATES]), CLD_TYPE_TEXT(&want));
    call->out[0] = *data;
    return CLADE_OK;
}

static clade_status nd_emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    cld_steps *steps = emit->steps;
    const reduction *by;
    cld_rows rows;
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(cld_rows_of_tuples(call, 0, &rows, err));
    if (cld_type_count(&call->out[0]) == 0)
        return CLADE_OK;
    int64_t positions = cld_on_cpu(call, emit->caps) ? 1 : CLD_MIN(rows.inner, 1024);
    int64_t parts = share(emit->caps, positions, cld_type_count(&call->in[DATA]) / rows.inner);
    cld_step *step = begin(emit, "scatter_rows", by);
    const int64_t sizes[] = { rows.rows, rows.inner, parts, rows.depth };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_eight(steps, step, rows.size, rows.depth);
    cld_step_eight(steps, step, rows.stride, rows.depth);
    cld_step_indices(emit, step, INDICES, "index");
    launch(step, emit->caps, positions, parts);
    return CLADE_OK;
}

static clade_status nd_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_rows rows;
    const reduction *by;
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(cld_rows_of_tuples(call, 0, &rows, err));
    cld_copy_whole(call->value[DATA], out[0]);
    for (int64_t r = 0; r < rows.rows; r++) {
        int64_t to = cld_rows_start(&rows, call->value[INDICES], r);
        for (int64_t k = 0; k < rows.inner; k++)
            combine(by, out[0], to + k, call->value[UPDATES], r * rows.inner + k);
    }
    return CLADE_OK;
}

static const cld_impl nd_rows[] = { { .name = "rows", .emit = nd_emit }, { 0 } };

const cld_op cld_op_ScatterND = {
    .domain = "",
    .name = "ScatterND",
    .doc = "the data with slices of updates written, added, ... at tuples of indices",
    .since = 11,
    .attrs = "reduction:string@16",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = nd_infer,
    .eval = nd_eval,
    .impls = nd_rows,
};

/* ---- ScatterElements --------------------------------------------------------------------------------------------- */

/* Lines of updates along the axis; the other dimensions, innermost first, with their strides in both tensors. */
typedef struct lines {
    int32_t rank;
    int64_t count, dims[CLADE_MAX_RANK], to[CLADE_MAX_RANK], from[CLADE_MAX_RANK];
    int64_t axis_updates, update_stride, axis_size, axis_stride;
} lines;

static clade_status read_lines(const cld_call *call, lines *out, clade_error *err) {
    const cld_type *data = &call->in[DATA], *updates = &call->in[UPDATES];
    int64_t to[CLADE_MAX_RANK], from[CLADE_MAX_RANK];
    int32_t axis;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), data->rank, &axis, err));
    if (!cld_shape_equal(updates, &call->in[INDICES]) || updates->rank != data->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "data is %s, indices are %s, updates are %s",
                             CLD_TYPE_TEXT(data), CLD_TYPE_TEXT(&call->in[INDICES]), CLD_TYPE_TEXT(updates));
    CLD_RETURN(cld_call_indices(call, INDICES, &data->dims[axis], 1, err));
    cld_strides(data, to);
    cld_strides(updates, from);
    *out = (lines){ .count = 1,
                    .axis_updates = updates->dims[axis],
                    .update_stride = from[axis],
                    .axis_size = data->dims[axis],
                    .axis_stride = to[axis] };
    for (int32_t d = data->rank - 1; d >= 0; d--) {
        if (d == axis)
            continue;
        if (updates->dims[d] > data->dims[d])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "updates %s reach beyond data %s on axis %d",
                                 CLD_TYPE_TEXT(updates), CLD_TYPE_TEXT(data), d);
        out->dims[out->rank] = updates->dims[d];
        out->to[out->rank] = to[d];
        out->from[out->rank++] = from[d];
        out->count *= updates->dims[d];
    }
    return CLADE_OK;
}

static clade_status elements_infer(cld_call *call, clade_error *err) {
    lines all;
    const reduction *by;
    CLD_RETURN(cld_call_dtype(call, DATA, CLD_ALL_DTYPES, err));
    CLD_RETURN(same_dtype(call, err));
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(read_lines(call, &all, err));
    call->out[0] = call->in[DATA];
    return CLADE_OK;
}

static clade_status elements_emit(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    cld_steps *steps = emit->steps;
    const reduction *by;
    lines all;
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(read_lines(call, &all, err));
    if (cld_type_count(&call->out[0]) == 0)
        return CLADE_OK;
    int64_t parts = share(emit->caps, all.count, all.axis_size);
    cld_step *step = begin(emit, "scatter_elements", by);
    const int64_t sizes[] = { all.count,     parts,           all.axis_updates, all.update_stride,
                              all.axis_size, all.axis_stride, all.rank };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_eight(steps, step, all.dims, all.rank);
    cld_step_eight(steps, step, all.to, all.rank);
    cld_step_eight(steps, step, all.from, all.rank);
    cld_step_indices(emit, step, INDICES, "index");
    launch(step, emit->caps, CLD_MAX(all.count, 1), parts);
    return CLADE_OK;
}

static clade_status elements_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const reduction *by;
    lines all;
    CLD_RETURN(read_reduction(call, &by, err));
    CLD_RETURN(read_lines(call, &all, err));
    if (cld_type_count(&call->out[0]) == 0) /* its lines may be without number */
        return CLADE_OK;
    cld_copy_whole(call->value[DATA], out[0]);
    for (int64_t line = 0; line < all.count; line++) {
        int64_t to = 0, from = 0, rest = line;
        for (int32_t d = 0; d < all.rank; rest /= all.dims[d++]) {
            to += rest % all.dims[d] * all.to[d];
            from += rest % all.dims[d] * all.from[d];
        }
        for (int64_t k = 0; k < all.axis_updates; k++, from += all.update_stride) {
            int64_t at = cld_index(cld_tensor_get_int(call->value[INDICES], from), all.axis_size);
            combine(by, out[0], to + at * all.axis_stride, call->value[UPDATES], from);
        }
    }
    return CLADE_OK;
}

static const cld_impl elements_rows[] = { { .name = "elements", .emit = elements_emit }, { 0 } };

#define SCATTER_ELEMENTS(symbol, first, last)                                                                          \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = #symbol,                                                                                               \
        .doc = "the data with updates written, added, ... at their coordinates with that on axis replaced by indices", \
        .since = first,                                                                                                \
        .until = last,                                                                                                 \
        .attrs = "axis:int reduction:string@16",                                                                       \
        .min_in = 3,                                                                                                   \
        .max_in = 3,                                                                                                   \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = elements_infer,                                                                                       \
        .eval = elements_eval,                                                                                         \
        .impls = elements_rows,                                                                                        \
    }

SCATTER_ELEMENTS(ScatterElements, 11, 0);
SCATTER_ELEMENTS(Scatter, 9, 10);
