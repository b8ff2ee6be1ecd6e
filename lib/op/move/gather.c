/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, GatherND: whole rows read through indices. Both are one table of rows (op/move/move.h, cld_rows). */
#include "op/move/move.h"

typedef clade_status (*rows_fn)(const cld_call *call, cld_rows *out, clade_error *err);

/* whole_rows: an item copies some; else one element. */
static clade_status emit_rows(const cld_emit *emit, rows_fn rows_of, bool whole_rows, clade_error *err) {
    const cld_call *call = emit->call;
    cld_steps *steps = emit->steps;
    cld_rows rows;
    CLD_RETURN(rows_of(call, &rows, err));
    if (cld_type_count(&call->out[0]) == 0)
        return CLADE_OK;
    clade_dtype bits = cld_dtype_bits(call->in[0].dtype);
    int64_t chunk = CLD_MAX(cld_item_elements(emit->caps, rows.rows * rows.inner) / rows.inner, 1);
    cld_step *step = cld_step_kernel(steps, "gather", whole_rows ? "gather_rows" : "gather_items");
    cld_step_define_dtype(steps, step, "E", bits);
    cld_step_define_dtype(steps, step, "I", call->in[1].dtype);
    if (whole_rows)
        cld_step_define(steps, step, "WIDE", "1");
    cld_step_out(steps, step, emit->out[0], bits);
    cld_step_in(steps, step, emit->in[0], bits);
    cld_step_in(steps, step, emit->in[1], call->in[1].dtype);
    const int64_t sizes[] = { rows.rows,         rows.inner, rows.index_rows, rows.per_batch,
                              rows.batch_stride, chunk,      rows.depth };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_eight(steps, step, rows.size, rows.depth);
    cld_step_eight(steps, step, rows.stride, rows.depth);
    cld_step_indices(emit, step, 1, "index");
    cld_step_items(step, emit->caps, whole_rows ? (rows.rows + chunk - 1) / chunk : rows.rows * rows.inner);
    step->bytes = 2.0 * (double)cld_type_bytes(&call->out[0]);
    return CLADE_OK;
}

static clade_status eval_rows(const cld_call *call, clade_tensor *const *out, rows_fn rows_of, clade_error *err) {
    cld_rows rows;
    CLD_RETURN(rows_of(call, &rows, err));
    size_t size = clade_dtype_size(call->in[0].dtype), row_bytes = (size_t)rows.inner * size;
    for (int64_t r = 0; row_bytes && r < rows.rows; r++)
        memcpy((char *)out[0]->data + (size_t)r * row_bytes,
               (const char *)call->value[0]->data + (size_t)cld_rows_start(&rows, call->value[1], r) * size, row_bytes);
    return CLADE_OK;
}

#define GATHER_ROWS(op)                                                                                                \
    static clade_status op##_emit_whole(const cld_emit *emit, clade_error *err) {                                      \
        return emit_rows(emit, op##_rows_of, true, err);                                                               \
    }                                                                                                                  \
    static clade_status op##_emit(const cld_emit *emit, clade_error *err) {                                            \
        return emit_rows(emit, op##_rows_of, false, err);                                                              \
    }                                                                                                                  \
    static clade_status op##_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {                  \
        return eval_rows(call, out, op##_rows_of, err);                                                                \
    }                                                                                                                  \
    static const cld_impl op##_rows[] = { { .name = "rows", .needs = CLD_NEEDS_CPU, .emit = op##_emit_whole },         \
                                          { .name = "items", .emit = op##_emit },                                      \
                                          { 0 } }

/* ---- Gather ------------------------------------------------------------------------------------------------------ */

static clade_status gather_rows_of(const cld_call *call, cld_rows *out, clade_error *err) {
    const cld_type *data = &call->in[0];
    int32_t axis;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), data->rank, &axis, err));
    CLD_RETURN(cld_call_indices(call, 1, &data->dims[axis], 1, err));
    int64_t count = cld_type_count(&call->in[1]), inner = cld_type_span(data, axis + 1, data->rank);
    *out = (cld_rows){ .rows = cld_type_span(data, 0, axis) * count,
                       .inner = inner,
                       .index_rows = count,
                       .per_batch = count,
                       .batch_stride = data->dims[axis] * inner,
                       .depth = 1,
                       .size = { data->dims[axis] },
                       .stride = { inner } };
    return CLADE_OK;
}

static clade_status gather_infer(cld_call *call, clade_error *err) {
    const cld_type *data = &call->in[0], *index = &call->in[1];
    int32_t axis;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), data->rank, &axis, err));
    CLD_RETURN(cld_call_indices(call, 1, &data->dims[axis], 1, err));
    cld_type out = { .dtype = data->dtype, .rank = data->rank - 1 + index->rank };
    if (out.rank > CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output has rank %d; at most %d is supported", out.rank,
                             CLADE_MAX_RANK);
    for (int32_t d = 0; d < out.rank; d++)
        out.dims[d] = d < axis                 ? data->dims[d]
                      : d < axis + index->rank ? index->dims[d - axis]
                                               : data->dims[d - index->rank + 1];
    call->out[0] = out;
    return CLADE_OK;
}

GATHER_ROWS(gather);

const cld_op cld_op_Gather = {
    .domain = "",
    .name = "Gather",
    .doc = "entries of the data along axis, at the given indices",
    .since = 1,
    .attrs = "axis:int",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = gather_infer,
    .eval = gather_eval,
    .impls = gather_rows,
};

/* ---- GatherND ---------------------------------------------------------------------------------------------------- */

static clade_status gather_nd_rows_of(const cld_call *call, cld_rows *out, clade_error *err) {
    int64_t batch = cld_attr_int(call->node, "batch_dims", 0);
    return cld_rows_of_tuples(call, (int32_t)CLD_MAX(-1, CLD_MIN(batch, CLADE_MAX_RANK)), out, err);
}

static clade_status gather_nd_infer(cld_call *call, clade_error *err) {
    const cld_type *data = &call->in[0], *index = &call->in[1];
    cld_rows rows;
    CLD_RETURN(gather_nd_rows_of(call, &rows, err));
    int32_t batch = (int32_t)cld_attr_int(call->node, "batch_dims", 0), rest = data->rank - batch - rows.depth;
    cld_type out = { .dtype = data->dtype, .rank = index->rank - 1 + rest };
    if (out.rank > CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "output has rank %d; at most %d is supported", out.rank,
                             CLADE_MAX_RANK);
    for (int32_t d = 0; d < out.rank; d++)
        out.dims[d] = d < index->rank - 1 ? index->dims[d] : data->dims[data->rank - out.rank + d];
    call->out[0] = out;
    return CLADE_OK;
}

GATHER_ROWS(gather_nd);

const cld_op cld_op_GatherND = {
    .domain = "",
    .name = "GatherND",
    .doc = "slices of the data at tuples of indices, which the last dimension of the indices holds",
    .since = 11,
    .attrs = "batch_dims:int@12",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = gather_nd_infer,
    .eval = gather_nd_eval,
    .impls = gather_nd_rows,
};
