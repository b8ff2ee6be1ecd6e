/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool, AveragePool, LpPool and their global forms. The global ones over the whole input are reductions where Clade
 * has that reduction; GlobalLpPool is a window as large as the input. Rows: cl/pool.cl.
 */
#include "op/matrix/window.h"

enum { MOST_TAPS = 1 << 20 }; /* of a window larger than the input, which only padding allows */

typedef enum kind { KIND_MAX, KIND_AVERAGE, KIND_LP } kind;

static kind kind_of(const cld_call *call) {
    const char *type = call->node->type;
    return strstr(type, "Max") ? KIND_MAX : strstr(type, "Average") ? KIND_AVERAGE : KIND_LP;
}

static clade_status read_window(const cld_call *call, cld_window *out, clade_error *err) {
    bool global = strncmp(call->node->type, "Global", 6) == 0;
    return cld_window_read(call, global ? call->in[0].dims + 2 : NULL, out, err);
}

static clade_status infer(cld_call *call, clade_error *err) {
    cld_dtypes set = CLD_FLOATS;
    if (kind_of(call) == KIND_MAX && call->node->opset >= 12)
        set |= CLD_BIT(INT8) | CLD_BIT(UINT8);
    CLD_RETURN(cld_call_dtype(call, 0, set, err));
    cld_window window;
    CLD_RETURN(read_window(call, &window, err));
    double taps = (double)window.kernel[0] * (double)window.kernel[1] * (double)window.kernel[2];
    if (taps > (double)CLD_MAX(cld_span3(window.in), MOST_TAPS)) /* kernels walk them for every output */
        return cld_call_fail(call, err, CLADE_ERR_LIMIT, "windows of %lld x %lld x %lld over %s",
                             (long long)window.kernel[0], (long long)window.kernel[1], (long long)window.kernel[2],
                             CLD_TYPE_TEXT(&call->in[0]));
    if (kind_of(call) == KIND_LP && cld_attr_int(call->node, "p", 2) < 1)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "p is %lld",
                             (long long)cld_attr_int(call->node, "p", 2));
    call->out[0] = call->in[0];
    for (int32_t d = 0; d < window.rank; d++)
        call->out[0].dims[2 + d] = window.out[3 - window.rank + d];
    if (call->n_out > 1) {
        call->out[1] = call->out[0];
        call->out[1].dtype = CLADE_INT64;
    }
    return CLADE_OK;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

static void define(const cld_emit *emit, cld_step *step, bool indices, bool column_major) {
    const cld_node *node = emit->call->node;
    clade_dtype dtype = emit->call->in[0].dtype;
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    switch (kind_of(emit->call)) {
    case KIND_MAX:
        cld_step_define(emit->steps, step, "MAX", "%s",
                        dtype == CLADE_UINT8  ? "0"
                        : dtype == CLADE_INT8 ? "-128"
                                              : "-INFINITY");
        break;
    case KIND_AVERAGE:
        cld_step_define(emit->steps, step, "AVERAGE", "1");
        cld_step_define(emit->steps, step, "COUNT_PAD", "%d", cld_attr_int(node, "count_include_pad", 0) != 0);
        break;
    case KIND_LP:
        cld_step_define(emit->steps, step, "LP", "%lld", (long long)cld_attr_int(node, "p", 2));
    }
    if (indices) {
        cld_step_define(emit->steps, step, "INDICES", "1");
        cld_step_define(emit->steps, step, "COLUMN_MAJOR", "%d", column_major);
    }
}

static clade_status emit_pool(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    bool indices = cld_call_wants(call, 1), column_major = cld_attr_int(call->node, "storage_order", 0) != 0;
    int64_t chunk = CLD_MAX(emit->value[0], 1), planes = call->in[0].dims[0] * call->in[0].dims[1];
    cld_window window;
    CLD_RETURN(read_window(call, &window, err));
    if (cld_type_count(&call->out[0]) == 0)
        return CLADE_OK;
    if (!(indices && column_major)) /* those need the axes as they are */
        cld_window_merge(&window);
    cld_step *step = cld_step_kernel(emit->steps, "pool", "pool");
    define(emit, step, indices, column_major);
    cld_step_define(emit->steps, step, "CHUNK", "%lld", (long long)chunk);
    cld_step_out(emit->steps, step, emit->out[0], call->out[0].dtype);
    cld_step_out(emit->steps, step, indices ? emit->out[1] : (cld_buf){ -1 }, CLADE_INT64);
    cld_step_in(emit->steps, step, emit->in[0], call->in[0].dtype);
    cld_window_args(emit->steps, step, &window);
    cld_step_ints(emit->steps, step, 3, window.after);
    cld_step_int(emit->steps, step, (int32_t)planes);
    cld_window_launch(emit, step, &window, planes, 1);
    step->bytes = (double)cld_type_bytes(&call->in[0]) + (double)cld_type_bytes(&call->out[0]);
    return CLADE_OK;
}

static const cld_impl rows[] = {
    { .name = "rows", .needs = CLD_NEEDS_CPU, .emit = emit_pool, .space = &cld_chunk_space },
    { .name = "reference", .emit = emit_pool },
    { 0 }
};

/* ---- global forms as reductions -----------------------------------------------------------------------------------
 */

static clade_status infer_global(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    if (call->in[0].rank < 3)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input %s has no spatial dimension",
                             CLD_TYPE_TEXT(&call->in[0]));
    call->out[0] = call->in[0];
    for (int32_t d = 2; d < call->in[0].rank; d++)
        call->out[0].dims[d] = 1;
    return CLADE_OK;
}

static clade_status expand_global(const cld_call *call, cld_build *build, clade_error *err) {
    int64_t axes[CLADE_MAX_RANK];
    int32_t count = call->in[0].rank - 2;
    for (int32_t d = 0; d < count; d++)
        axes[d] = d + 2;
    cld_value_id in[2] = { build->in[0] };
    CLD_RETURN(cld_build_ints(build, axes, count, &in[1], err));
    return cld_build_op(build, kind_of(call) == KIND_MAX ? "ReduceMax" : "ReduceMean", in, 2, NULL, 0, &build->out[0],
                        err);
}

/* ---- descriptors --------------------------------------------------------------------------------------------------
 */

const cld_op cld_op_MaxPool = {
    .domain = "",
    .name = "MaxPool",
    .doc = "Y[n,c,p] = max over taps t of X[n,c,window(p,t)]; Indices: where in X it lies",
    .since = 1,
    .attrs = "auto_pad:string ceil_mode:int@10 dilations:ints@10 kernel_shape:ints pads:ints storage_order:int@8 "
             "strides:ints",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .impls = rows,
};

const cld_op cld_op_AveragePool = {
    .domain = "",
    .name = "AveragePool",
    .doc = "Y[n,c,p] = mean over taps t of X[n,c,window(p,t)], padding counted on request",
    .since = 1,
    .attrs = "auto_pad:string ceil_mode:int@10 count_include_pad:int@7 dilations:ints@19 kernel_shape:ints pads:ints "
             "strides:ints",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};

const cld_op cld_op_LpPool = {
    .domain = "",
    .name = "LpPool",
    .doc = "Y[n,c,p] = (sum over taps t of |X[n,c,window(p,t)]|^p)^(1/p)",
    .since = 2,
    .attrs = "auto_pad:string ceil_mode:int@18 dilations:ints@18 kernel_shape:ints p:int pads:ints strides:ints",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};

const cld_op cld_op_GlobalLpPool = {
    .domain = "",
    .name = "GlobalLpPool",
    .doc = "Y[n,c] = (sum over all positions of |X[n,c,..]|^p)^(1/p)",
    .since = 2,
    .attrs = "p:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};

const cld_op cld_op_GlobalAveragePool = {
    .domain = "",
    .name = "GlobalAveragePool",
    .doc = "Y[n,c] = mean of X[n,c,..]",
    .since = 1,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer_global,
    .expand = expand_global,
};

const cld_op cld_op_GlobalMaxPool = {
    .domain = "",
    .name = "GlobalMaxPool",
    .doc = "Y[n,c] = max of X[n,c,..]",
    .since = 1,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer_global,
    .expand = expand_global,
};
