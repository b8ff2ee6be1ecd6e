/* SPDX-License-Identifier: Apache-2.0 */
/* Shape and Size: what the type of the input says, as int64 constants. No data is read, so both are known before
 * anything runs; this is where shape arithmetic starts. */
#include "op/core/op.h"

/* Shape: [start, end) of the dimensions, negative counted from the end, clamped (start and end since opset 15). */
static void shape_range(const cld_call *call, int64_t *start, int64_t *end) {
    int64_t rank = call->in[0].rank;
    int64_t *bound[] = { start, end };
    *start = cld_attr_int(call->node, "start", 0);
    *end = cld_attr_int(call->node, "end", rank);
    for (int k = 0; k < 2; k++) {
        int64_t at = *bound[k] < 0 ? *bound[k] + rank : *bound[k];
        *bound[k] = CLD_MAX(0, CLD_MIN(at, rank));
    }
}

static clade_status shape_infer(cld_call *call, clade_error *err) {
    (void)err;
    int64_t start, end;
    shape_range(call, &start, &end);
    call->out[0] = (cld_type){ .dtype = CLADE_INT64, .rank = 1, .dims = { CLD_MAX(end - start, 0) } };
    return CLADE_OK;
}

static clade_status shape_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    int64_t start, end;
    shape_range(call, &start, &end);
    for (int64_t d = start; d < end; d++)
        cld_tensor_set_int(out[0], d - start, call->in[0].dims[d]);
    return CLADE_OK;
}

static clade_status size_infer(cld_call *call, clade_error *err) {
    (void)err;
    call->out[0] = (cld_type){ .dtype = CLADE_INT64, .rank = 0 };
    return CLADE_OK;
}

static clade_status size_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    cld_tensor_set_int(out[0], 0, cld_type_count(&call->in[0]));
    return CLADE_OK;
}

const cld_op cld_op_Shape = {
    .domain = "",
    .name = "Shape",
    .doc = "the input's dimensions from start to end, as int64",
    .since = 1,
    .attrs = "end:int@15 start:int@15",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .lazy = true,
    .infer = shape_infer,
    .eval = shape_eval,
};

const cld_op cld_op_Size = {
    .domain = "",
    .name = "Size",
    .doc = "the input's number of elements, as int64",
    .since = 1,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .lazy = true,
    .infer = size_infer,
    .eval = size_eval,
};
