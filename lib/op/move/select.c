/* SPDX-License-Identifier: Apache-2.0 */
/* Compress and NonZero: how much comes out depends on data, so their infer asks for it.
 *
 * Compress only needs its condition; it is a Gather at the positions that are true, and its data may stay on the
 * device. NonZero needs everything and runs on the host. */
#include "op/core/op.h"

/* ---- Compress ---------------------------------------------------------------------------------------------------- */

/* The compressed axis; without the attribute the input is flattened, *axis is -1 and *entries its number of elements.
 */
static clade_status compress_axis(const cld_call *call, int32_t *axis, int64_t *entries, clade_error *err) {
    *axis = -1;
    *entries = cld_type_count(&call->in[0]);
    if (!cld_attr_find(call->node, "axis", CLD_ATTR_INT))
        return CLADE_OK;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), call->in[0].rank, axis, err));
    *entries = call->in[0].dims[*axis];
    return CLADE_OK;
}

static clade_status compress_infer(cld_call *call, clade_error *err) {
    int32_t axis;
    int64_t entries, count = 0;
    CLD_RETURN(cld_call_dtype(call, 1, CLD_BIT(BOOL), err));
    CLD_RETURN(compress_axis(call, &axis, &entries, err));
    const clade_tensor *condition = cld_call_value(call, 1);
    if (!condition)
        return CLD_PENDING;
    for (int64_t i = 0; i < clade_tensor_count(condition); i++) {
        if (!cld_tensor_get_int(condition, i))
            continue;
        if (i >= entries)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "condition takes entry %lld of %lld", (long long)i,
                                 (long long)entries);
        count++;
    }
    call->out[0] = call->in[0];
    if (axis < 0)
        call->out[0].rank = 1;
    call->out[0].dims[CLD_MAX(axis, 0)] = count;
    return CLADE_OK;
}

static clade_status compress_expand(const cld_call *call, cld_build *build, clade_error *err) {
    const clade_tensor *condition = call->value[1];
    int32_t axis;
    int64_t entries, n = 0;
    cld_value_id data = build->in[0], list;
    CLD_RETURN(compress_axis(call, &axis, &entries, err));
    int64_t count = call->out[0].dims[CLD_MAX(axis, 0)];
    int64_t *at = cld_arena_calloc(call->arena, (size_t)count, sizeof *at);
    if (!at)
        return cld_no_memory(err, "indices");
    for (int64_t i = 0; n < count; i++)
        if (cld_tensor_get_int(condition, i))
            at[n++] = i;
    if (count > INT32_MAX)
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "takes %lld entries", (long long)count);
    CLD_RETURN(cld_build_ints(build, at, (int32_t)count, &list, err));
    if (axis < 0) {
        cld_value_id flat;
        CLD_RETURN(cld_build_ints(build, (int64_t[]){ -1 }, 1, &flat, err));
        CLD_RETURN(cld_build_op(build, "Reshape", (cld_value_id[]){ data, flat }, 2, NULL, 0, &data, err));
    }
    const cld_attr attr = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = CLD_MAX(axis, 0) };
    return cld_build_op(build, "Gather", (cld_value_id[]){ data, list }, 2, &attr, 1, &build->out[0], err);
}

const cld_op cld_op_Compress = {
    .domain = "",
    .name = "Compress",
    .doc = "the entries along axis, or of the flattened input, where condition is true",
    .since = 9,
    .attrs = "axis:int",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = compress_infer,
    .expand = compress_expand,
};

/* ---- NonZero ----------------------------------------------------------------------------------------------------- */

static clade_status nonzero_infer(cld_call *call, clade_error *err) {
    int64_t count = 0;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    const clade_tensor *in = cld_call_value(call, 0);
    if (!in)
        return CLD_PENDING;
    for (int64_t i = 0; i < clade_tensor_count(in); i++)
        count += cld_tensor_get(in, i) != 0;
    call->out[0] = (cld_type){ .dtype = CLADE_INT64, .rank = 2, .dims = { CLD_MAX(in->rank, 1), count } };
    return CLADE_OK;
}

static clade_status nonzero_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    const clade_tensor *in = call->value[0];
    int64_t count = call->out[0].dims[1], n = 0;
    for (int64_t i = 0; n < count; i++) {
        if (cld_tensor_get(in, i) == 0)
            continue;
        int64_t rest = i;
        for (int32_t d = in->rank - 1; d >= 0; rest /= in->dims[d--])
            cld_tensor_set_int(out[0], d * count + n, rest % in->dims[d]);
        n++;
    }
    return CLADE_OK;
}

const cld_op cld_op_NonZero = {
    .domain = "",
    .name = "NonZero",
    .doc = "the coordinates of the elements that are not zero, one column each, in row-major order",
    .since = 9,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = nonzero_infer,
    .eval = nonzero_eval,
};
