/* SPDX-License-Identifier: Apache-2.0 */
/* MatMulInteger and QLinearMatMul: products of 8-bit integers with zero points, summed in int32; QLinearMatMul scales
 * the sum to the output's type. Kernel: cl/gemm_integer.cl.
 */
#include "op/matrix/gemm.h"
#include "op/quant/quantize.h"

/* Which inputs are what; -1: the operator has none. */
typedef struct operands {
    int32_t a, b, a_zero, b_zero, a_scale, b_scale, c_scale, c_zero;
} operands;

static const operands *operands_of(const cld_call *call) {
    static const operands integer = { 0, 1, 2, 3, -1, -1, -1, -1 }, qlinear = { 0, 3, 2, 5, 1, 4, 6, 7 };
    return strcmp(call->node->type, "QLinearMatMul") == 0 ? &qlinear : &integer;
}

static bool has(const cld_call *call, int32_t k) { return k >= 0 && cld_call_has(call, k); }

static int64_t step_of(const cld_call *call, int32_t k) { return has(call, k) && cld_type_count(&call->in[k]) > 1; }

static clade_status infer(cld_call *call, clade_error *err) {
    const operands *o = operands_of(call);
    const cld_dtypes bytes = CLD_BIT(INT8) | CLD_BIT(UINT8);
    CLD_RETURN(cld_call_dtype(call, o->a, bytes, err));
    CLD_RETURN(cld_call_dtype(call, o->b, bytes, err));
    call->out[0].dtype = CLADE_INT32;
    CLD_RETURN(cld_matmul_infer(call, o->a, o->b, err));
    cld_gemm gemm = { 0 };
    cld_matmul_describe(call, o->a, o->b, &gemm);
    CLD_RETURN(cld_quantised_like(call, o->a_zero, o->a, gemm.m, err));
    CLD_RETURN(cld_quantised_like(call, o->b_zero, o->b, gemm.n, err));
    if (o->c_zero < 0)
        return CLADE_OK;
    CLD_RETURN(cld_call_dtype(call, o->c_zero, bytes, err));
    CLD_RETURN(cld_quantised_like(call, o->c_zero, o->c_zero, 1, err));
    CLD_RETURN(cld_quantised_scale(call, o->a_scale, gemm.m, err));
    CLD_RETURN(cld_quantised_scale(call, o->b_scale, gemm.n, err));
    CLD_RETURN(cld_quantised_scale(call, o->c_scale, 1, err));
    call->out[0].dtype = call->in[o->c_zero].dtype;
    return CLADE_OK;
}

/* ---- the row -----------------------------------------------------------------------------------------------------
 */

/* Columns of a work-item: what a CPU's group holds in registers and first-level cache. */
enum { CHUNK };
static const cld_param params[] = { [CHUNK] = { "chunk", { 32, 64, 128, 256 } }, { 0 } };

static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    value[CHUNK] = cld_on_cpu(call, caps) ? 128 : 1;
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call;
    (void)caps;
    return value[CHUNK] <= 1024;
}

static const cld_space space = { params, usual, valid };

static void write(const cld_emit *emit, const cld_gemm *gemm) {
    cld_steps *steps = emit->steps;
    const cld_gemm_integer *q = gemm->integer;
    int64_t chunk = emit->value[CHUNK], batches = gemm->batch[0] * gemm->batch[1];
    cld_step *step = cld_step_kernel(steps, "gemm_integer", "product");
    cld_step_define(steps, step, "T", "%s", cld_kern_type(q->c_dtype));
    cld_step_define(steps, step, "A", "%s", cld_kern_type(q->a_dtype));
    cld_step_define(steps, step, "B", "%s", cld_kern_type(q->b_dtype));
    cld_step_define(steps, step, "CHUNK", "%lld", (long long)chunk);
    if (q->c_scale.i >= 0) {
        cld_step_define(steps, step, "SCALED", "1");
        cld_step_define(steps, step, "SCALED_MIN", q->c_dtype == CLADE_INT8 ? "-128" : "0");
        cld_step_define(steps, step, "SCALED_MAX", q->c_dtype == CLADE_INT8 ? "127" : "255");
    }
    cld_step_buf(steps, step, gemm->c, q->c_dtype, CLD_WRITE, gemm->c_offset);
    cld_step_buf(steps, step, gemm->a, q->a_dtype, CLD_READ, gemm->a_offset);
    cld_step_buf(steps, step, gemm->b, q->b_dtype, CLD_READ, gemm->b_offset);
    cld_step_in(steps, step, q->a_zero, q->a_dtype);
    cld_step_in(steps, step, q->b_zero, q->b_dtype);
    cld_step_in(steps, step, q->a_scale, CLADE_FLOAT32);
    cld_step_in(steps, step, q->b_scale, CLADE_FLOAT32);
    cld_step_in(steps, step, q->c_scale, CLADE_FLOAT32);
    cld_step_in(steps, step, q->c_zero, q->c_dtype);
    cld_step_ints(steps, step, 14,
                  (int64_t[]){ gemm->m, gemm->n, gemm->k, gemm->batch[1], gemm->a_batch[0], gemm->a_batch[1],
                               gemm->b_batch[0], gemm->b_batch[1], q->a_zero.i >= 0, q->b_zero.i >= 0, q->a_zero_step,
                               q->b_zero_step, q->a_scale_step, q->b_scale_step });
    if (chunk > 1)
        cld_step_size(step, (size_t)cld_parts(gemm->n, chunk), (size_t)gemm->m, (size_t)batches, 1, 1, 1);
    else
        cld_step_grid(step, emit->caps, gemm->n, gemm->m, batches);
    step->flops = 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k * (double)batches;
}

static const void *read(const cld_emit *emit) {
    const cld_call *call = emit->call;
    const operands *o = operands_of(call);
    cld_gemm_integer integer = { .a_dtype = call->in[o->a].dtype,
                                 .b_dtype = call->in[o->b].dtype,
                                 .c_dtype = call->out[0].dtype,
                                 .a_zero = cld_emit_in(emit, o->a_zero),
                                 .b_zero = cld_emit_in(emit, o->b_zero),
                                 .a_scale = cld_emit_in(emit, o->a_scale),
                                 .b_scale = cld_emit_in(emit, o->b_scale),
                                 .c_scale = cld_emit_in(emit, o->c_scale),
                                 .c_zero = cld_emit_in(emit, o->c_zero),
                                 .a_zero_step = step_of(call, o->a_zero),
                                 .b_zero_step = step_of(call, o->b_zero),
                                 .a_scale_step = step_of(call, o->a_scale),
                                 .b_scale_step = step_of(call, o->b_scale) };
    cld_arena *arena = emit->steps->arena;
    cld_gemm gemm = {
        .dtype = integer.a_dtype, .a = emit->in[o->a], .b = emit->in[o->b], .bias = { -1 }, .c = emit->out[0]
    };
    cld_matmul_describe(call, o->a, o->b, &gemm);
    gemm.integer = cld_arena_copy(arena, &integer, sizeof integer);
    return gemm.integer ? cld_product_read(arena, &gemm) : NULL;
}

static clade_status emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write);
}

static const cld_impl rows[] = { { .name = "reference", .emit = emit, .space = &space }, { 0 } };

const cld_op cld_op_MatMulInteger = {
    .domain = "",
    .name = "MatMulInteger",
    .doc = "Y = (A - a_zero_point) (B - b_zero_point), the product of MatMul in int32",
    .since = 10,
    .min_in = 2,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .read = read,
    .describe = cld_product_describe,
    .impls = rows,
};

const cld_op cld_op_QLinearMatMul = {
    .domain = "",
    .name = "QLinearMatMul",
    .doc = "y = saturate(round(s (a - a_zero_point) (b - b_zero_point))) + y_zero_point, s = a_scale b_scale / y_scale",
    .since = 10,
    .min_in = 8,
    .max_in = 8,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .read = read,
    .describe = cld_product_describe,
    .impls = rows,
};
