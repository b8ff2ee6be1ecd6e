/* SPDX-License-Identifier: Apache-2.0 */
/* Folds an inference BatchNormalization into the Conv, ConvTranspose or Gemm before it.
 *
 * With s = scale / sqrt(var + epsilon) per output channel:  W' = W s,  b' = (b - mean) s + B,  in double precision.
 * Needs: a static graph. Keeps: inputs, outputs, order; old weights stay, since other nodes may read them.
 * Only where the linear node's result is read by nothing else, weights, bias and statistics are float32 or float64
 * constants, and the BatchNormalization gives nothing but its first output. Anything else is left alone.
 */
#include "pass/norm.h"

/* Weights seen as [outer, channels, inner]; block o scales by channels that start at o / outer_per_group * channels. */
typedef struct cld_layout {
    int64_t outer, channels, inner, outer_per_group, total_channels;
} cld_layout;

typedef bool (*layout_fn)(const cld_node *node, const clade_tensor *weight, cld_layout *out);

static int64_t product(const clade_tensor *tensor, int32_t from) {
    int64_t count = 1;
    for (int32_t i = from; i < tensor->rank; i++)
        count *= tensor->dims[i];
    return count;
}

static bool layout_conv(const cld_node *node, const clade_tensor *weight, cld_layout *out) {
    (void)node;
    if (weight->rank < 3)
        return false;
    *out = (cld_layout){ 1, weight->dims[0], product(weight, 1), 1, weight->dims[0] };
    return true;
}

static bool layout_conv_transpose(const cld_node *node, const clade_tensor *weight, cld_layout *out) {
    const int64_t group = cld_attr_int(node, "group", 1);
    if (weight->rank < 3 || group < 1 || weight->dims[0] < group || weight->dims[0] % group != 0 ||
        weight->dims[1] > INT64_MAX / group)
        return false;
    *out = (cld_layout){ weight->dims[0], weight->dims[1], product(weight, 2), weight->dims[0] / group,
                         weight->dims[1] * group };
    return true;
}

static bool layout_gemm(const cld_node *node, const clade_tensor *weight, cld_layout *out) {
    if (weight->rank != 2 || cld_attr_float(node, "beta", 1.0f) != 1.0f)
        return false;
    const int64_t rows = weight->dims[0], columns = weight->dims[1];
    *out = cld_attr_int(node, "transB", 0) != 0 ? (cld_layout){ 1, rows, columns, 1, rows }
                                                : (cld_layout){ rows, columns, 1, CLD_MAX(rows, 1), columns };
    return true;
}

static const struct {
    const char *type;
    layout_fn layout;
} linear[] = { { "Conv", layout_conv }, { "ConvTranspose", layout_conv_transpose }, { "Gemm", layout_gemm } };

/* One place where the fold applies. */
typedef struct cld_match {
    cld_node *node, *norm;
    const clade_tensor *weight, *bias; /* bias NULL: none */
    cld_norm statistics;
    cld_layout layout;
} cld_match;

/* A bias of one value per channel; Gemm's may also be written [1, N]. */
static bool is_bias(const clade_tensor *tensor, const cld_match *match) {
    return tensor->dtype == match->weight->dtype && tensor->rank >= 1 &&
           tensor->dims[tensor->rank - 1] == match->layout.total_channels &&
           clade_tensor_count(tensor) == match->layout.total_channels;
}

static bool find_layout(cld_match *match) {
    for (size_t i = 0; i < CLD_COUNT(linear); i++)
        if (match->node->domain[0] == '\0' && strcmp(match->node->type, linear[i].type) == 0)
            return linear[i].layout(match->node, match->weight, &match->layout);
    return false;
}

static bool find_match(const cld_graph *graph, cld_node *norm, const cld_norm *statistics, const int32_t *uses,
                       cld_match *out) {
    const int32_t producer = cld_graph_at(graph, norm->in[0])->producer;
    if (producer < 0 || uses[norm->in[0].i] != 1)
        return false;
    cld_match match = { .node = &graph->nodes[producer], .norm = norm, .statistics = *statistics };
    match.weight = cld_norm_constant(graph, match.node, 1);
    if (match.node->n_out != 1 || match.weight == NULL || match.weight->size_bytes == 0 ||
        match.weight->dtype != statistics->dtype || !find_layout(&match) ||
        match.layout.total_channels != statistics->channels)
        return false;
    match.bias = cld_norm_constant(graph, match.node, 2);
    const bool has_bias = match.node->n_in > 2 && cld_present(match.node->in[2]);
    if (has_bias && (match.bias == NULL || !is_bias(match.bias, &match)))
        return false;
    *out = match;
    return true;
}

static void scale_weights(clade_tensor *out, const void *user) {
    const cld_match *match = user;
    const cld_layout *at = &match->layout;
    int64_t i = 0;
    for (int64_t o = 0; o < at->outer; o++) {
        const double *factor = match->statistics.factor + o / at->outer_per_group * at->channels;
        for (int64_t c = 0; c < at->channels; c++) {
            for (const int64_t end = i + at->inner; i < end; i++)
                cld_tensor_set(out, i, cld_tensor_get(match->weight, i) * factor[c]);
        }
    }
}

static void shift_bias(const cld_match *match, clade_tensor *out) {
    for (int64_t c = 0; c < match->layout.total_channels; c++) {
        const double bias = match->bias != NULL ? cld_tensor_get(match->bias, c) : 0.0;
        cld_tensor_set(out, c, bias * match->statistics.factor[c] + match->statistics.offset[c]);
    }
}

/* New constants and a new input list for the linear node, which takes over the result; the norm node is left empty. */
static bool rewrite(cld_graph *graph, const cld_match *match, const clade_tensor *weight, const clade_tensor *bias) {
    const cld_value_id result = match->norm->out[0];
    const char *name = cld_graph_at(graph, result)->name;
    const char *weight_name = cld_arena_printf(graph->arena, "%s/folded_weight", name);
    const char *bias_name = cld_arena_printf(graph->arena, "%s/folded_bias", name);
    cld_value_id *in = cld_arena_calloc(graph->arena, 3, sizeof *in);
    if (weight_name == NULL || bias_name == NULL || in == NULL)
        return false;
    in[0] = match->node->in[0];
    in[1] = cld_graph_constant(graph, weight_name, weight);
    in[2] = cld_graph_constant(graph, bias_name, bias);
    if (!cld_present(in[1]) || !cld_present(in[2]))
        return false;
    match->node->in = in;
    match->node->n_in = 3;
    cld_graph_at(graph, result)->producer = cld_graph_at(graph, match->node->out[0])->producer;
    cld_graph_at(graph, match->node->out[0])->producer = -1;
    match->node->out[0] = result;
    match->norm->n_in = match->norm->n_out = 0;
    return true;
}

static clade_status fold(cld_graph *graph, const cld_match *match, clade_error *err) {
    const cld_type weight_type = cld_tensor_type(match->weight);
    const cld_type bias_type = { match->weight->dtype, 1, { match->layout.total_channels } };
    const cld_layout *at = &match->layout;
    const clade_tensor *weight =
        cld_norm_derive(graph, &(cld_derivation){ .kind = "scaled",
                                                  .weight = match->weight,
                                                  .norm = &match->statistics,
                                                  .sizes = { at->outer, at->channels, at->inner, at->outer_per_group },
                                                  .type = weight_type,
                                                  .fill = scale_weights,
                                                  .user = match });
    clade_tensor *bias = cld_tensor_new(graph->arena, &bias_type);
    if (weight == NULL || bias == NULL)
        return cld_no_memory(err, match->norm->name);
    shift_bias(match, bias);
    return rewrite(graph, match, weight, bias) ? CLADE_OK : cld_no_memory(err, match->norm->name);
}

clade_status cld_pass_fold_batchnorm(cld_graph *graph, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *scratch = cld_arena_new();
    const int32_t *uses = scratch != NULL ? cld_norm_uses(graph, scratch) : NULL;
    if (uses == NULL) {
        status = cld_no_memory(err, "folding BatchNormalization");
        goto fail;
    }
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        cld_norm statistics;
        cld_match match;
        bool found;
        CLD_TRY(cld_norm_read(graph, &graph->nodes[i], uses, scratch, &statistics, &found, err));
        if (found && find_match(graph, &graph->nodes[i], &statistics, uses, &match))
            CLD_TRY(fold(graph, &match, err));
    }
    CLD_TRY(cld_pass_dead(graph, err)); /* takes the empty nodes away */
fail:
    cld_arena_free(scratch);
    return status;
}
