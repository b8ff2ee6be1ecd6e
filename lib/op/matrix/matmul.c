/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul and Gemm: a node becomes one matrix-product problem (gemm.c), whose rows are theirs. */
#include "op/matrix/gemm.h"

enum { MAX_SPLITS = 1024 }; /* steps that one MatMul with an awkward broadcast may become */

/* ---- a node as a problem, without buffers -------------------------------------------------------------------------
 */

/* Last two dimensions of an operand; a vector is a row of A or a column of B. */
static void matrix_dims(const cld_type *type, bool is_a, int64_t *rows, int64_t *columns) {
    int64_t last = type->dims[type->rank - 1];
    *rows = type->rank > 1 ? type->dims[type->rank - 2] : is_a ? 1 : last;
    *columns = type->rank > 1 || is_a ? last : 1;
}

static cld_type batch_of(const cld_type *type) {
    cld_type batch = *type;
    batch.rank = CLD_MAX(type->rank - 2, 0);
    return batch;
}

void cld_matmul_describe(const cld_call *call, int32_t a, int32_t b, cld_gemm *gemm) {
    cld_type a_batch = batch_of(&call->in[a]), b_batch = batch_of(&call->in[b]), batch = a_batch;
    cld_shape_broadcast(&batch, &b_batch); /* infer saw that it does */
    int64_t k;
    matrix_dims(&call->in[a], true, &gemm->m, &gemm->k);
    matrix_dims(&call->in[b], false, &k, &gemm->n);
    gemm->alpha = 1;
    gemm->batch_rank = batch.rank;
    memcpy(gemm->batch, batch.dims, sizeof gemm->batch);
    cld_strides_broadcast(&a_batch, &batch, gemm->a_batch);
    cld_strides_broadcast(&b_batch, &batch, gemm->b_batch);
    for (int32_t d = 0; d < batch.rank; d++) {
        gemm->a_batch[d] *= gemm->m * gemm->k;
        gemm->b_batch[d] *= gemm->k * gemm->n;
    }
}

static void describe_gemm(const cld_call *call, cld_gemm *gemm) {
    const cld_type *a = &call->in[0], *b = &call->in[1], *c = &call->in[2];
    gemm->trans_a = cld_attr_int(call->node, "transA", 0) != 0;
    gemm->trans_b = cld_attr_int(call->node, "transB", 0) != 0;
    gemm->m = a->dims[gemm->trans_a];
    gemm->k = a->dims[!gemm->trans_a];
    gemm->n = b->dims[!gemm->trans_b];
    gemm->alpha = cld_attr_float(call->node, "alpha", 1);
    if (!cld_call_has(call, 2))
        return;
    gemm->beta = cld_attr_float(call->node, "beta", 1);
    gemm->bias_col = c->rank > 0 && c->dims[c->rank - 1] != 1;
    gemm->bias_row = c->rank > 1 && c->dims[0] != 1 ? c->dims[1] : 0;
}

static void describe(const cld_call *call, cld_gemm *gemm) {
    *gemm = (cld_gemm){ .dtype = call->in[0].dtype, .bias = { -1 } };
    if (strcmp(call->node->type, "Gemm") == 0)
        describe_gemm(call, gemm);
    else
        cld_matmul_describe(call, 0, 1, gemm);
    gemm->epilogue = cld_epilogue_has(call);
}

/* ---- inference ----------------------------------------------------------------------------------------------------
 */

static clade_status same_dtypes(const cld_call *call, clade_error *err) {
    cld_dtypes set = CLD_FLOATS;
    if (call->node->opset >= 9)
        set |= CLD_BIT(INT32) | CLD_BIT(INT64) | CLD_BIT(UINT32) | CLD_BIT(UINT64);
    for (int32_t k = 0; k < call->n_in; k++) {
        if (k == 2 && !cld_call_has(call, 2))
            continue;
        CLD_RETURN(cld_call_dtype(call, k, set, err));
        if (call->in[k].dtype != call->in[0].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "input 0 is %s, input %d is %s",
                                 clade_dtype_name(call->in[0].dtype), k, clade_dtype_name(call->in[k].dtype));
    }
    return CLADE_OK;
}

clade_status cld_matmul_infer(cld_call *call, int32_t a_index, int32_t b_index, clade_error *err) {
    const cld_type *a = &call->in[a_index], *b = &call->in[b_index];
    if (a->rank < 1 || b->rank < 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "an operand is a scalar");
    int64_t m, n, k, b_rows;
    matrix_dims(a, true, &m, &k);
    matrix_dims(b, false, &b_rows, &n);
    if (k != b_rows)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "A %s has %lld columns, B %s has %lld rows", CLD_TYPE_TEXT(a),
                             (long long)k, CLD_TYPE_TEXT(b), (long long)b_rows);
    cld_type out = batch_of(a), b_batch = batch_of(b);
    if (!cld_shape_broadcast(&out, &b_batch))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the batches of A %s and B %s do not broadcast",
                             CLD_TYPE_TEXT(a), CLD_TYPE_TEXT(b));
    if (a->rank > 1)
        out.dims[out.rank++] = m;
    if (b->rank > 1)
        out.dims[out.rank++] = n;
    out.dtype = call->out[0].dtype;
    CLD_RETURN(cld_call_check(call, &out, err));
    cld_gemm gemm = { .bias = { -1 } };
    cld_matmul_describe(call, a_index, b_index, &gemm);
    if (cld_gemm_splits(&gemm) > MAX_SPLITS)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "A %s and B %s broadcast in more than %d separate parts",
                             CLD_TYPE_TEXT(a), CLD_TYPE_TEXT(b), MAX_SPLITS);
    call->out[0] = out;
    return CLADE_OK;
}

static clade_status infer_matmul(cld_call *call, clade_error *err) {
    CLD_RETURN(same_dtypes(call, err));
    call->out[0].dtype = call->in[0].dtype;
    return cld_matmul_infer(call, 0, 1, err);
}

static clade_status infer_gemm(cld_call *call, clade_error *err) {
    CLD_RETURN(same_dtypes(call, err));
    const cld_type *a = &call->in[0], *b = &call->in[1];
    if (a->rank != 2 || b->rank != 2)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "A is %s, B is %s: both must have rank 2", CLD_TYPE_TEXT(a),
                             CLD_TYPE_TEXT(b));
    bool trans_a = cld_attr_int(call->node, "transA", 0) != 0, trans_b = cld_attr_int(call->node, "transB", 0) != 0;
    if (a->dims[!trans_a] != b->dims[trans_b])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "op(A) has %lld columns, op(B) has %lld rows",
                             (long long)a->dims[!trans_a], (long long)b->dims[trans_b]);
    cld_type out = { .dtype = a->dtype, .rank = 2, .dims = { a->dims[trans_a], b->dims[!trans_b] } };
    call->out[0] = out;
    if (cld_call_has(call, 2)) {
        cld_type fit = out;
        if (!cld_shape_broadcast(&fit, &call->in[2]) || !cld_shape_equal(&fit, &out))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "C %s does not broadcast to %s",
                                 CLD_TYPE_TEXT(&call->in[2]), CLD_TYPE_TEXT(&out));
    }
    return CLADE_OK;
}

/* ---- the rows' problem
 * ---------------------------------------------------------------------------------------------------------
 */

static const void *read(const cld_emit *emit) {
    cld_gemm gemm;
    describe(emit->call, &gemm);
    gemm.a = emit->in[0];
    gemm.b = emit->in[1];
    gemm.c = emit->out[0];
    gemm.bias = cld_emit_in(emit, 2);
    gemm.constant_b = emit->constant[1];
    return cld_product_read(emit->steps->arena, &gemm);
}

/* ---- descriptors --------------------------------------------------------------------------------------------------
 */

const cld_op cld_op_MatMul = {
    .domain = "",
    .name = "MatMul",
    .doc =
        "Y = A B, the matrix product of NumPy: [.., M, K] x [.., K, N] with broadcast batches; vectors may stand for "
        "matrices",
    .since = 1,
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .epilogue = -1,
    .infer = infer_matmul,
    .read = read,
    .describe = cld_product_describe,
    .impls = cld_product_rows,
};

const cld_op cld_op_Gemm = {
    .domain = "",
    .name = "Gemm",
    .doc = "Y[M,N] = alpha op(A) op(B) + beta C, where op may transpose and C broadcasts to [M,N]",
    .since = 1,
    .attrs = "alpha:float beta:float broadcast:int@1-6 transA:int transB:int",
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .epilogue = -1,
    .infer = infer_gemm,
    .read = read,
    .describe = cld_product_describe,
    .impls = cld_product_rows,
};
