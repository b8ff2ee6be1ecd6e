/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: indices that come from the model's data, and rows read or written through them (op/move/move.h).
 *
 * Indices known on the host are checked here; unknown ones by the kernels, which take those that are out of range into
 * it and note the first (cl/common.clh, exec/fault.c). */
#include "op/move/move.h"

int64_t cld_index(int64_t i, int64_t n) { return i < 0 ? i + n : i; }

static bool is_plain(const cld_call *call) { return cld_attr_int(call->node, CLD_PLAIN_INDEX, 0) != 0; }

static clade_status out_of_range(const cld_call *call, const char *what, int64_t i, int64_t entries, clade_error *err) {
    return cld_call_fail(call, err, CLADE_ERR_ARGUMENT, CLD_FAULT_FORMAT, what, (long long)i, (long long)entries);
}

clade_status cld_call_indices(const cld_call *call, int32_t k, const int64_t *size, int32_t depth, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, k, CLD_BIT(INT32) | CLD_BIT(INT64), err));
    int64_t count = cld_type_count(&call->in[k]);
    for (int32_t j = 0; j < depth && count > 0; j++)
        if (size[j] == 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d indexes an axis without entries", k);
    for (int64_t i = 0; call->value[k] && i < count; i++) {
        int64_t at = cld_tensor_get_int(call->value[k], i), n = size[i % depth];
        if (at < (is_plain(call) ? 0 : -n) || at >= n)
            return out_of_range(call, "index", at, n, err);
    }
    return CLADE_OK;
}

clade_status cld_call_within(const cld_call *call, int32_t k, int64_t last, const char *what, int64_t entries,
                             clade_error *err) {
    for (int64_t i = 0; cld_call_has(call, k) && call->value[k] && i < cld_type_count(&call->in[k]); i++) {
        int64_t at = cld_tensor_get_int(call->value[k], i);
        if (at < 0 || at > last)
            return out_of_range(call, what, at, entries, err);
    }
    return CLADE_OK;
}

void cld_step_indices(const cld_emit *emit, cld_step *step, int32_t k, const char *what) {
    if (is_plain(emit->call))
        cld_step_define(emit->steps, step, "INDEX", "clade_plain_index");
    cld_step_fault(emit->steps, step, cld_call_has(emit->call, k) && !emit->call->value[k] ? what : NULL);
}

clade_status cld_rows_of_tuples(const cld_call *call, int32_t batch, cld_rows *out, clade_error *err) {
    const cld_type *data = &call->in[0], *index = &call->in[1];
    int32_t last = index->rank - 1;
    if (data->rank < 1 || last < 0 || batch < 0 || batch >= CLD_MIN(data->rank, index->rank))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "data %s, indices %s, %d batch dimensions",
                             CLD_TYPE_TEXT(data), CLD_TYPE_TEXT(index), batch);
    for (int32_t d = 0; d < batch; d++)
        if (data->dims[d] != index->dims[d])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "batch dimension %d is %lld in data, %lld in indices", d,
                                 (long long)data->dims[d], (long long)index->dims[d]);
    if (index->dims[last] < 1 || index->dims[last] > data->rank - batch)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "tuples of %lld indices into %d dimensions",
                             (long long)index->dims[last], data->rank - batch);
    int32_t depth = (int32_t)index->dims[last];
    int64_t rows = cld_type_span(index, 0, last), strides[CLADE_MAX_RANK];
    cld_strides(data, strides);
    *out = (cld_rows){ .rows = rows,
                       .inner = cld_type_span(data, batch + depth, data->rank),
                       .index_rows = rows,
                       .per_batch = cld_type_span(index, batch, last),
                       .batch_stride = cld_type_span(data, batch, data->rank),
                       .depth = depth };
    memcpy(out->size, data->dims + batch, (size_t)depth * sizeof *out->size);
    memcpy(out->stride, strides + batch, (size_t)depth * sizeof *out->stride);
    return cld_call_indices(call, 1, out->size, depth, err);
}

int64_t cld_rows_start(const cld_rows *rows, const clade_tensor *index, int64_t r) {
    int64_t at = r / rows->per_batch * rows->batch_stride;
    for (int32_t j = 0; j < rows->depth; j++)
        at += cld_index(cld_tensor_get_int(index, r % rows->index_rows * rows->depth + j), rows->size[j]) *
              rows->stride[j];
    return at;
}
