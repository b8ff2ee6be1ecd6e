/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: clade.Resample, one axis of an interpolation, by tables of positions and weights. No model can name it;
 * Resize is made of it. Inputs: x, index int32 [n_out, taps], weight [n_out, taps], bias [n_out]; attributes
 * AXIS, TO (an element type). */
#include "op/image/resize.h"
#include "op/move/move.h"

#define AXIS CLD_RESERVED "axis"
#define TO CLD_RESERVED "to"
enum { X, INDEX, WEIGHT, BIAS, INPUTS };

static int32_t axis_of(const cld_call *call) { return (int32_t)cld_attr_int(call->node, AXIS, 0); }

static clade_status infer(cld_call *call, clade_error *err) {
    (void)err;
    call->out[0] = call->in[X];
    call->out[0].dtype = (clade_dtype)cld_attr_int(call->node, TO, CLADE_FLOAT32);
    call->out[0].dims[axis_of(call)] = call->in[BIAS].dims[0];
    return CLADE_OK;
}

static clade_status emit_axis(const cld_emit *emit, bool whole_rows) {
    const cld_call *call = emit->call;
    const cld_type *in = &call->in[X], *out = &call->out[0];
    cld_steps *steps = emit->steps;
    int32_t axis = axis_of(call);
    if (cld_type_count(out) == 0)
        return CLADE_OK;
    int64_t inner = cld_type_span(in, axis + 1, in->rank), rows = cld_type_count(out) / inner;
    int64_t chunk = CLD_MAX(cld_item_elements(emit->caps, rows * inner) / inner, 1);
    cld_step *step = cld_step_kernel(steps, "resample", whole_rows ? "resample_rows" : "resample_items");
    cld_step_define_dtype(steps, step, "TI", in->dtype);
    cld_step_define_dtype(steps, step, "TO", out->dtype);
    cld_step_define_dtype(steps, step, "W", call->in[WEIGHT].dtype);
    if (whole_rows)
        cld_step_define(steps, step, "WIDE", "1");
    cld_step_define(steps, step, "TAPS", "%lld", (long long)call->in[INDEX].dims[1]);
    cld_step_out(steps, step, emit->out[0], out->dtype);
    for (int32_t k = 0; k < INPUTS; k++)
        cld_step_in(steps, step, emit->in[k], call->in[k].dtype);
    const int64_t sizes[] = { rows, in->dims[axis], out->dims[axis], inner, chunk };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_items(step, emit->caps, whole_rows ? (rows + chunk - 1) / chunk : rows * inner);
    return CLADE_OK;
}

static clade_status emit_rows(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_axis(emit, true);
}

static clade_status emit_items(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_axis(emit, false);
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    const cld_type *in = &call->in[X];
    const clade_tensor *const *value = call->value;
    int32_t axis = axis_of(call);
    int64_t inner = cld_type_span(in, axis + 1, in->rank), n_in = in->dims[axis], n_out = call->out[0].dims[axis];
    int64_t taps = call->in[INDEX].dims[1];
    for (int64_t at = 0, count = cld_type_count(&call->out[0]); at < count; at++) {
        int64_t k = at % inner, j = at / inner % n_out, o = at / inner / n_out;
        double sum = cld_tensor_get(value[BIAS], j);
        for (int64_t t = j * taps; t < (j + 1) * taps; t++) {
            int64_t from = cld_tensor_get_int(value[INDEX], t);
            sum += cld_tensor_get(value[WEIGHT], t) * cld_tensor_get(value[X], (o * n_in + from) * inner + k);
        }
        cld_tensor_set(out[0], at, sum);
    }
    return CLADE_OK;
}

static const cld_impl impls[] = { { .name = "rows", .needs = CLD_NEEDS_CPU, .emit = emit_rows },
                                  { .name = "items", .emit = emit_items },
                                  { 0 } };

const cld_op cld_op_Resample = {
    .domain = CLD_INTERNAL,
    .name = "Resample",
    .doc = "along an axis, bias[j] + sum over t of weight[j,t] x[index[j,t]]",
    .since = 1,
    .min_in = INPUTS,
    .max_in = INPUTS,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
    .impls = impls,
};

static clade_status constant(cld_build *build, clade_dtype dtype, int64_t rows, int64_t columns, const int32_t *whole,
                             const double *real, cld_value_id *out, clade_error *err) {
    cld_type type = { .dtype = dtype, .rank = columns ? 2 : 1, .dims = { rows, columns } };
    clade_tensor *tensor = cld_tensor_new(build->graph->arena, &type);
    if (!tensor)
        return cld_no_memory(err, "interpolation tables");
    for (int64_t i = 0; i < cld_type_count(&type); i++) {
        if (whole)
            cld_tensor_set_int(tensor, i, whole[i]);
        else
            cld_tensor_set(tensor, i, real[i]);
    }
    *out = cld_graph_constant(build->graph, NULL, tensor);
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, "interpolation tables");
}

clade_status cld_resample(cld_build *build, cld_value_id in, int32_t axis, const cld_resize_table *table,
                          clade_dtype to, cld_value_id *out, clade_error *err) {
    clade_dtype real = cld_graph_at(build->graph, in)->type.dtype == CLADE_FLOAT64 ? CLADE_FLOAT64 : CLADE_FLOAT32;
    const cld_attr attr[] = { { .name = AXIS, .kind = CLD_ATTR_INT, .u.i = axis },
                              { .name = TO, .kind = CLD_ATTR_INT, .u.i = to } };
    cld_value_id inputs[INPUTS] = { [X] = in };
    CLD_RETURN(constant(build, CLADE_INT32, table->n_out, table->taps, table->index, NULL, &inputs[INDEX], err));
    CLD_RETURN(constant(build, real, table->n_out, table->taps, NULL, table->weight, &inputs[WEIGHT], err));
    CLD_RETURN(constant(build, real, table->n_out, 0, NULL, table->bias, &inputs[BIAS], err));
    return cld_build_with(build, &cld_op_Resample, inputs, INPUTS, attr, CLD_COUNT(attr), out, err);
}
