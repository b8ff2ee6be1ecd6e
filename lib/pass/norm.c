/* SPDX-License-Identifier: Apache-2.0 */
/* See norm.h. */
#include "pass/norm.h"

#include <math.h>

const clade_tensor *cld_norm_constant(const cld_graph *graph, const cld_node *node, int32_t k) {
    return k < node->n_in && cld_present(node->in[k]) ? cld_graph_at(graph, node->in[k])->constant : NULL;
}

int32_t *cld_norm_uses(const cld_graph *graph, cld_arena *scratch) {
    int32_t *uses = cld_arena_calloc(scratch, (size_t)graph->n_values, sizeof *uses);
    if (uses == NULL)
        return NULL;
    for (int32_t k = 0; k < graph->n_outputs; k++)
        uses[graph->outputs[k].i]++;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (cld_present(graph->nodes[i].in[k]))
                uses[graph->nodes[i].in[k].i]++;
    return uses;
}

static bool is_inference(const cld_node *norm, const int32_t *uses) {
    if (norm->domain[0] != '\0' || strcmp(norm->type, "BatchNormalization") != 0 || norm->opset < 7 ||
        norm->n_in != 5 || norm->n_out < 1 || !cld_present(norm->in[0]) || !cld_present(norm->out[0]))
        return false;
    for (int32_t k = 1; k < norm->n_out; k++)
        if (cld_present(norm->out[k]) && uses[norm->out[k].i] > 0)
            return false;
    return cld_attr_int(norm, "training_mode", 0) == 0 && cld_attr_int(norm, "spatial", 1) == 1;
}

clade_status cld_norm_read(const cld_graph *graph, const cld_node *node, const int32_t *uses, cld_arena *scratch,
                           cld_norm *out, bool *found, clade_error *err) {
    enum { SCALE, SHIFT, MEAN, VARIANCE, COUNT };
    const clade_tensor *statistic[COUNT];
    *found = false;
    if (!is_inference(node, uses))
        return CLADE_OK;
    for (int32_t k = 0; k < COUNT; k++) {
        statistic[k] = cld_norm_constant(graph, node, k + 1);
        if (statistic[k] == NULL || statistic[k]->rank != 1 || statistic[k]->dims[0] != statistic[0]->dims[0] ||
            statistic[k]->dtype != statistic[0]->dtype ||
            !cld_dtype_in(statistic[k]->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64)))
            return CLADE_OK;
    }
    const int64_t channels = statistic[0]->dims[0];
    const double epsilon = (double)cld_attr_float(node, "epsilon", 1e-5f);
    double *factor = cld_arena_calloc(scratch, (size_t)channels, sizeof *factor);
    double *offset = cld_arena_calloc(scratch, (size_t)channels, sizeof *offset);
    if (factor == NULL || offset == NULL)
        return cld_no_memory(err, node->name);
    for (int64_t c = 0; c < channels; c++) {
        factor[c] = cld_tensor_get(statistic[SCALE], c) / sqrt(cld_tensor_get(statistic[VARIANCE], c) + epsilon);
        offset[c] = cld_tensor_get(statistic[SHIFT], c) - cld_tensor_get(statistic[MEAN], c) * factor[c];
        if (!isfinite(factor[c]))
            return CLADE_OK;
    }
    *out = (cld_norm){ statistic[0]->dtype, channels, factor, offset, true };
    for (int32_t k = 0; k < COUNT; k++)
        out->stays &= cld_derived_stays(graph->derived, statistic[k]);
    *found = true;
    return CLADE_OK;
}

static bool all_stay(const cld_derived *derived, const cld_derivation *how) {
    return how->norm->stays && cld_derived_stays(derived, how->weight) &&
           (how->bias == NULL || cld_derived_stays(derived, how->bias));
}

const clade_tensor *cld_norm_derive(cld_graph *graph, const cld_derivation *how) {
    if (!all_stay(graph->derived, how)) {
        clade_tensor *own = cld_tensor_new(graph->arena, &how->type);
        if (own != NULL)
            how->fill(own, how->user);
        return own;
    }
    const size_t channels = (size_t)how->norm->channels * sizeof *how->norm->factor;
    cld_text key = { 0 };
    cld_text_printf(&key, "%s %p %p ", how->kind, (const void *)how->weight, (const void *)how->bias);
    cld_text_addn(&key, (const char *)how->sizes, sizeof how->sizes);
    cld_text_addn(&key, (const char *)how->norm->factor, channels);
    cld_text_addn(&key, (const char *)how->norm->offset, channels);
    const clade_tensor *made =
        key.failed ? NULL : cld_derived_get(graph->derived, key.data, key.size, &how->type, how->fill, how->user);
    cld_text_free(&key);
    return made;
}
