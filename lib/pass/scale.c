/* SPDX-License-Identifier: Apache-2.0 */
/* See scale.h. */
#include "pass/scale.h"

#include <math.h>

static bool is_real(const clade_tensor *tensor) {
    return tensor && cld_dtype_in(tensor->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64));
}

static clade_status make(cld_arena *scratch, cld_value_id x, clade_dtype dtype, int64_t channels, cld_scale *out,
                         double **factor, double **offset, clade_error *err) {
    *factor = cld_arena_calloc(scratch, (size_t)channels + 1, sizeof **factor);
    *offset = cld_arena_calloc(scratch, (size_t)channels + 1, sizeof **offset);
    *out = (cld_scale){
        .x = x, .dtype = dtype, .channels = channels, .factor = *factor, .offset = *offset, .stays = true
    };
    return *factor && *offset ? CLADE_OK : cld_no_memory(err, "folding what scales");
}

/* Whether every factor is finite: otherwise the device computes what it computes. */
static bool judge(cld_scale *scale) {
    bool finite = true;
    for (int64_t c = 0; c < scale->channels; c++) {
        finite &= isfinite(scale->factor[c]);
        scale->scales |= scale->factor[c] != 1;
        scale->shifts |= scale->offset[c] != 0;
    }
    return finite;
}

static bool is_inference(const cld_node *norm, const cld_readers *readers) {
    if (norm->op != &cld_op_BatchNormalization || norm->opset < 7 || norm->n_in != 5 || norm->n_out < 1 ||
        !cld_present(norm->in[0]) || !cld_present(norm->out[0]))
        return false;
    for (int32_t k = 1; k < norm->n_out; k++)
        if (cld_present(norm->out[k]) && cld_readers_count(readers, norm->out[k]) > 0)
            return false;
    return cld_attr_int(norm, "training_mode", 0) == 0 && cld_attr_int(norm, "spatial", 1) == 1;
}

static clade_status read_norm(const cld_graph *graph, const cld_node *node, cld_arena *scratch, cld_scale *out,
                              bool *found, clade_error *err) {
    enum { SCALE, SHIFT, MEAN, VARIANCE, COUNT };
    const clade_tensor *statistic[COUNT];
    double *factor, *offset;
    for (int32_t k = 0; k < COUNT; k++) {
        statistic[k] = cld_constant_in(graph, node, k + 1);
        if (!is_real(statistic[k]) || statistic[k]->rank != 1 || statistic[k]->dims[0] != statistic[0]->dims[0] ||
            statistic[k]->dtype != statistic[0]->dtype)
            return CLADE_OK;
    }
    const double epsilon = (double)cld_attr_float(node, "epsilon", 1e-5f);
    CLD_RETURN(make(scratch, node->in[0], statistic[0]->dtype, statistic[0]->dims[0], out, &factor, &offset, err));
    for (int64_t c = 0; c < out->channels; c++) {
        factor[c] = cld_tensor_get(statistic[SCALE], c) / sqrt(cld_tensor_get(statistic[VARIANCE], c) + epsilon);
        offset[c] = cld_tensor_get(statistic[SHIFT], c) - cld_tensor_get(statistic[MEAN], c) * factor[c];
    }
    for (int32_t k = 0; k < COUNT; k++)
        out->stays &= cld_derived_stays(graph->derived, statistic[k]);
    *found = judge(out);
    return CLADE_OK;
}

/* One value for each of several channels, which `trailing` dimensions of size 1 follow. */
static bool is_per_channel(const clade_tensor *tensor, int32_t trailing) {
    const int32_t axis = tensor->rank - 1 - trailing;
    return axis >= 0 && tensor->dims[axis] > 1 && tensor->dims[axis] == clade_tensor_count(tensor);
}

static clade_status read_binary(const cld_graph *graph, const cld_node *node, int32_t trailing, cld_arena *scratch,
                                cld_scale *out, bool *found, clade_error *err) {
    const int32_t k = cld_constant_in(graph, node, 1) != NULL;
    const clade_tensor *constant = cld_constant_in(graph, node, k);
    double *factor, *offset;
    if (!is_real(constant) || !is_per_channel(constant, trailing) || (node->op == &cld_op_Div && k == 0))
        return CLADE_OK;
    const int64_t channels = clade_tensor_count(constant);
    CLD_RETURN(make(scratch, node->in[1 - k], constant->dtype, channels, out, &factor, &offset, err));
    const bool minus = node->op == &cld_op_Sub;
    for (int64_t c = 0; c < channels; c++) {
        const double value = cld_tensor_get(constant, c);
        factor[c] = node->op == &cld_op_Mul ? value : node->op == &cld_op_Div ? 1 / value : minus && k == 0 ? -1 : 1;
        offset[c] = node->op == &cld_op_Add || (minus && k == 0) ? value : minus ? -value : 0;
    }
    out->stays = cld_derived_stays(graph->derived, constant);
    *found = judge(out);
    return CLADE_OK;
}

clade_status cld_scale_read(const cld_graph *graph, const cld_node *node, int32_t trailing, const cld_readers *readers,
                            cld_arena *scratch, cld_scale *out, bool *found, clade_error *err) {
    const bool binary =
        node->op == &cld_op_Add || node->op == &cld_op_Sub || node->op == &cld_op_Mul || node->op == &cld_op_Div;
    *found = false;
    if (binary && node->n_in == 2)
        CLD_RETURN(read_binary(graph, node, trailing, scratch, out, found, err));
    else if (is_inference(node, readers))
        CLD_RETURN(read_norm(graph, node, scratch, out, found, err));
    if (*found) /* a constant of more dimensions gives the result more */
        *found = cld_shape_equal(&cld_graph_at(graph, out->x)->type, &cld_graph_at(graph, node->out[0])->type);
    return CLADE_OK;
}

static bool all_stay(cld_derived *derived, const cld_derivation *how) {
    return how->scale->stays && cld_derived_stays(derived, how->weight) &&
           (how->bias == NULL || cld_derived_stays(derived, how->bias));
}

const clade_tensor *cld_scale_derive(cld_graph *graph, const cld_derivation *how) {
    if (!all_stay(graph->derived, how)) {
        clade_tensor *own = cld_tensor_new(graph->arena, &how->type);
        if (own != NULL)
            how->fill(own, how->user);
        return own;
    }
    const size_t channels = (size_t)how->scale->channels * sizeof *how->scale->factor;
    cld_text key = { 0 };
    cld_text_printf(&key, "%s %p %p ", how->kind, (const void *)how->weight, (const void *)how->bias);
    cld_text_addn(&key, (const char *)how->sizes, sizeof how->sizes);
    cld_text_addn(&key, (const char *)how->scale->factor, channels);
    cld_text_addn(&key, (const char *)how->scale->offset, channels);
    const clade_tensor *made =
        key.failed ? NULL : cld_derived_get(graph->derived, key.data, key.size, &how->type, how->fill, how->user);
    cld_text_free(&key);
    return made;
}
