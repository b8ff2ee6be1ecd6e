/* SPDX-License-Identifier: Apache-2.0 */
/* Det: the determinants of the matrices in the last two dimensions, by elimination with partial pivoting (cl/det.cl).
 */
#include <math.h>

#include "op/move/move.h"

static clade_status infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    const cld_type *in = &call->in[0];
    if (in->rank < 2 || in->dims[in->rank - 1] != in->dims[in->rank - 2])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input must hold square matrices, is %s", CLD_TYPE_TEXT(in));
    call->out[0] = *in;
    call->out[0].rank -= 2;
    return CLADE_OK;
}

static clade_status emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_type *in = &emit->call->in[0];
    clade_dtype compute = in->dtype == CLADE_FLOAT64 ? CLADE_FLOAT64 : CLADE_FLOAT32;
    size_t group = cld_group(emit->caps, 64);
    cld_buf work = cld_step_scratch(emit->steps, (size_t)cld_type_count(in) * clade_dtype_size(compute));
    cld_step *step = cld_step_kernel(emit->steps, "det", "det");
    cld_step_define_dtype(emit->steps, step, "T", in->dtype);
    cld_step_out(emit->steps, step, emit->out[0], in->dtype);
    cld_step_buf(emit->steps, step, work, compute, CLD_READ_WRITE, 0);
    cld_step_in(emit->steps, step, emit->in[0], in->dtype);
    cld_step_ints(emit->steps, step, 1, &in->dims[in->rank - 1]);
    cld_step_size(step, (size_t)cld_type_count(&emit->call->out[0]) * group, 1, 1, group, 1, 1);
    return CLADE_OK;
}

static double determinant(double *a, int64_t n) {
    double product = 1;
    for (int64_t k = 0; k < n && product != 0; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
        product *= pivot == k ? a[pivot * n + k] : -a[pivot * n + k];
        for (int64_t j = k; j < n && pivot != k; j++) {
            double kept = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = kept;
        }
        for (int64_t i = k + 1; i < n && product != 0; i++)
            for (int64_t j = n - 1; j >= k; j--)
                a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
    }
    return product;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t n = in->dims[in->rank - 1], count = cld_type_count(&call->out[0]);
    if (count == 0)
        return CLADE_OK;
    double *matrix = cld_arena_calloc(call->arena, (size_t)(n * n), sizeof *matrix);
    if (!matrix)
        return cld_no_memory(err, call->node->name);
    for (int64_t b = 0; b < count; b++) {
        for (int64_t i = 0; i < n * n; i++)
            matrix[i] = cld_tensor_get(call->value[0], b * n * n + i);
        cld_tensor_set(out[0], b, determinant(matrix, n));
    }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "reference", .emit = emit }, { 0 } };

const cld_op cld_op_Det = {
    .domain = "",
    .name = "Det",
    .doc = "the determinant of each matrix of the last two dimensions",
    .since = 11,
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = rows,
};
