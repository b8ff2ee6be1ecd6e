/* SPDX-License-Identifier: Apache-2.0 */
/* Trilu: the upper or lower triangle of the last two dimensions, from diagonal k. */
#include "op/move/move.h"

static clade_status read_k(cld_call *call, int64_t *k, clade_error *err) {
    const cld_type *in = &call->in[0];
    *k = 0;
    if (in->rank < 2)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input must be a matrix, is %s", CLD_TYPE_TEXT(in));
    if (!cld_call_has(call, 1))
        return CLADE_OK;
    const clade_tensor *value;
    CLD_RETURN(cld_call_number(call, 1, "k", CLD_BIT(INT64), &value, err));
    *k = cld_tensor_get_int(value, 0);
    /* Beyond the matrix all diagonals are the same. */
    *k = CLD_MAX(-in->dims[in->rank - 2] - 1, CLD_MIN(*k, in->dims[in->rank - 1] + 1));
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    int64_t k;
    CLD_RETURN(read_k(call, &k, err));
    return cld_infer_same(call, err);
}

static bool is_upper(const cld_call *call) { return cld_attr_int(call->node, "upper", 1) != 0; }

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    cld_call again = *emit->call;
    const cld_type *in = &emit->call->in[0];
    int64_t k, count = cld_type_count(in), chunk = cld_item_elements(emit->caps, count);
    clade_dtype bits = cld_dtype_bits(in->dtype);
    CLD_RETURN(read_k(&again, &k, err));
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(emit->steps, "trilu", "trilu");
    cld_step_define_dtype(emit->steps, step, "E", bits);
    cld_step_define(emit->steps, step, "UPPER", "%d", is_upper(emit->call));
    cld_step_out(emit->steps, step, emit->out[0], bits);
    cld_step_in(emit->steps, step, emit->in[0], bits);
    const int64_t sizes[] = { count, chunk, in->dims[in->rank - 2], in->dims[in->rank - 1], k };
    cld_step_ints(emit->steps, step, CLD_COUNT(sizes), sizes);
    cld_step_items(step, emit->caps, (count + chunk - 1) / chunk);
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    const cld_type *in = &call->in[0];
    int64_t k, rows = in->dims[in->rank - 2], columns = in->dims[in->rank - 1], count = cld_type_count(in);
    size_t size = clade_dtype_size(in->dtype);
    CLD_RETURN(read_k(&again, &k, err));
    for (int64_t at = 0; at < count; at++) {
        int64_t above = at % columns - at / columns % rows;
        if (is_upper(call) ? above >= k : above <= k)
            memcpy((char *)out[0]->data + (size_t)at * size, (const char *)call->value[0]->data + (size_t)at * size,
                   size);
    }
    return CLADE_OK;
}

static const cld_impl impls[] = { { .name = "elements", .emit = emit_elements }, { 0 } };

const cld_op cld_op_Trilu = {
    .domain = "",
    .name = "Trilu",
    .doc = "the upper (or lower) triangle of the last two dimensions from diagonal k, zeros elsewhere",
    .since = 14,
    .attrs = "upper:int",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = impls,
};
