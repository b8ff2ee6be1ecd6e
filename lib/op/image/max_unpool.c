/* SPDX-License-Identifier: Apache-2.0 */
/* MaxUnpool: values put back where MaxPool found them, zeros elsewhere. Indices count in the tensor whose size follows
 * from kernel, strides and pads; a larger output_shape adds zeros behind. A ScatterElements into zeros, and a Pad. */
#include "op/move/move.h"

enum { VALUES, INDICES, SHAPE };

static int64_t entry(const int64_t *list, int32_t k, int64_t otherwise) { return list ? list[k] : otherwise; }

/* The tensor the indices count in. */
static clade_status unpooled(const cld_call *call, cld_type *out, clade_error *err) {
    int32_t rank = call->in[VALUES].rank - 2, n_kernel, n_strides, n_pads;
    const int64_t *kernel = cld_attr_ints(call->node, "kernel_shape", &n_kernel);
    const int64_t *strides = cld_attr_ints(call->node, "strides", &n_strides);
    const int64_t *pads = cld_attr_ints(call->node, "pads", &n_pads);
    if (rank < 1 || n_kernel != rank || (strides && n_strides != rank) || (pads && n_pads != 2 * rank))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %s, %d kernel sizes, %d strides, %d pads",
                             CLD_TYPE_TEXT(&call->in[VALUES]), n_kernel, n_strides, n_pads);
    *out = call->in[VALUES];
    for (int32_t k = 0; k < rank; k++) {
        const int64_t numbers[] = { kernel[k], entry(strides, k, 1), entry(pads, k, 0), entry(pads, k + rank, 0),
                                    out->dims[k + 2] };
        for (size_t i = 0; i < CLD_COUNT(numbers); i++)
            if (numbers[i] < 0 || numbers[i] > INT32_MAX)
                return cld_call_fail(call, err, CLADE_ERR_LIMIT, "a size, stride or pad of %lld",
                                     (long long)numbers[i]);
        out->dims[k + 2] = (numbers[4] - 1) * numbers[1] + numbers[0] - numbers[2] - numbers[3];
    }
    return cld_call_check(call, out, err);
}

static clade_status infer(cld_call *call, clade_error *err) {
    const int64_t *dims;
    int32_t count;
    CLD_RETURN(cld_call_dtype(call, VALUES, CLD_FLOATS, err));
    CLD_RETURN(cld_call_dtype(call, INDICES, CLD_BIT(INT64), err));
    if (!cld_shape_equal(&call->in[VALUES], &call->in[INDICES]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "values are %s, indices %s", CLD_TYPE_TEXT(&call->in[VALUES]),
                             CLD_TYPE_TEXT(&call->in[INDICES]));
    CLD_RETURN(unpooled(call, &call->out[0], err));
    CLD_RETURN(cld_call_ints(call, NULL, SHAPE, &dims, &count, err));
    if (count >= 0 && count != call->out[0].rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "output_shape has %d entries, input is %s", count,
                             CLD_TYPE_TEXT(&call->in[VALUES]));
    for (int32_t d = 0; d < count; d++) {
        if (d < 2 && dims[d] != call->out[0].dims[d])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "output_shape changes dimension %d", d);
        call->out[0].dims[d] = dims[d];
    }
    return cld_call_check(call, &call->out[0], err);
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    const cld_type *out = &call->out[0];
    cld_type whole;
    int64_t pads[2 * CLADE_MAX_RANK] = { 0 };
    cld_value_id list, zero, values, indices;
    const cld_attr plain = { .name = CLD_PLAIN_INDEX, .kind = CLD_ATTR_INT, .u.i = 1 };
    CLD_RETURN(unpooled(call, &whole, err));
    const int64_t count = cld_type_count(&whole);
    const int64_t given = cld_type_count(&call->in[VALUES]);
    CLD_RETURN(cld_build_ints(build, &count, 1, &list, err));
    CLD_RETURN(cld_build_scalar(build, out->dtype, 0, &zero, err));
    CLD_RETURN(cld_build_op(build, "Expand", (cld_value_id[]){ zero, list }, 2, NULL, 0, &zero, err));
    CLD_RETURN(cld_build_reshape(build, build->in[VALUES], &given, 1, &values, err));
    CLD_RETURN(cld_build_reshape(build, build->in[INDICES], &given, 1, &indices, err));
    CLD_RETURN(
        cld_build_op(build, "ScatterElements", (cld_value_id[]){ zero, indices, values }, 3, &plain, 1, &values, err));
    CLD_RETURN(cld_build_reshape(build, values, whole.dims, whole.rank, &build->out[0], err));
    if (cld_shape_equal(&whole, out))
        return CLADE_OK;
    for (int32_t d = 0; d < out->rank; d++)
        pads[out->rank + d] = out->dims[d] - whole.dims[d];
    CLD_RETURN(cld_build_ints(build, pads, 2 * out->rank, &list, err));
    return cld_build_op(build, "Pad", (cld_value_id[]){ build->out[0], list }, 2, NULL, 0, &build->out[0], err);
}

const cld_op cld_op_MaxUnpool = {
    .domain = "",
    .name = "MaxUnpool",
    .doc = "zeros with the values put back at the indices MaxPool gave",
    .since = 9,
    .attrs = "kernel_shape:ints pads:ints strides:ints",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .expand = expand,
};
