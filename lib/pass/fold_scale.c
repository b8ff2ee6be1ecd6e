/* SPDX-License-Identifier: Apache-2.0 */
/* Folds what scales and shifts each channel by constants (scale.h) into weights: of the Conv, ConvTranspose, Gemm or
 * MatMul before it, else of the unpadded Convs behind it (an activation stands in front, then; padding is 0 after it,
 * not before). In double precision, with y = f x + o:
 *     before:  W' = W f,  b' = b f + o                    by output channel
 *     behind:  W' = W f,  b' = b + sum of W o             by input channel
 * Needs: a static graph. Keeps: inputs, outputs, order; old weights stay for other readers. Only where nobody else
 * reads what lies between, and weights and bias are constants of the scale's type.
 */
#include "pass/scale.h"

/* Weights seen as [outer, channels, inner]; block o scales by channels that start at o / outer_per_group * channels. */
typedef struct layout {
    int64_t outer, channels, inner, outer_per_group, total_channels;
} layout;

typedef struct taker {
    cld_node *node;
    const clade_tensor *weight, *bias; /* bias NULL: none */
    const cld_scale *scale;
    layout at;
} taker;

/* ---- where channels lie in the weights ------------------------------------------------------------------------------
 */

/* Of weights that are not empty. */
static int64_t span(const clade_tensor *weight, int32_t from) {
    return clade_tensor_count(weight) / weight->dims[0] / (from > 1 ? weight->dims[1] : 1);
}

static bool layout_conv(const cld_node *node, const clade_tensor *weight, layout *out) {
    (void)node;
    if (weight->rank < 3)
        return false;
    *out = (layout){ 1, weight->dims[0], span(weight, 1), 1, weight->dims[0] };
    return true;
}

static bool layout_conv_transpose(const cld_node *node, const clade_tensor *weight, layout *out) {
    const int64_t group = cld_attr_int(node, "group", 1);
    if (weight->rank < 3 || group < 1 || weight->dims[0] < group || weight->dims[0] % group != 0 ||
        weight->dims[1] > INT64_MAX / group)
        return false;
    *out =
        (layout){ weight->dims[0], weight->dims[1], span(weight, 2), weight->dims[0] / group, weight->dims[1] * group };
    return true;
}

static bool layout_gemm(const cld_node *node, const clade_tensor *weight, layout *out) {
    if (weight->rank != 2 || cld_attr_float(node, "beta", 1.0f) != 1.0f)
        return false;
    const int64_t rows = weight->dims[0], columns = weight->dims[1];
    *out = cld_attr_int(node, "transB", 0) != 0 ? (layout){ 1, rows, columns, 1, rows }
                                                : (layout){ rows, columns, 1, CLD_MAX(rows, 1), columns };
    return true;
}

static const struct {
    const cld_op *op;
    bool (*layout)(const cld_node *node, const clade_tensor *weight, layout *out);
    bool spatial; /* dimensions stand behind the channels, as many as the weights have behind their second */
    bool biased;  /* input 2 is a bias */
} linear[] = { { &cld_op_Conv, layout_conv, true, true },
               { &cld_op_ConvTranspose, layout_conv_transpose, true, true },
               { &cld_op_Gemm, layout_gemm, false, true },
               { &cld_op_MatMul, layout_gemm, false, false } };

/* ---- new constants --------------------------------------------------------------------------------------------------
 */

static void fill_weight(clade_tensor *out, const void *user) {
    const taker *t = user;
    int64_t i = 0;
    for (int64_t o = 0; o < t->at.outer; o++) {
        const double *factor = t->scale->factor + o / t->at.outer_per_group * t->at.channels;
        for (int64_t c = 0; c < t->at.channels; c++)
            for (const int64_t end = i + t->at.inner; i < end; i++)
                cld_tensor_set(out, i, cld_tensor_get(t->weight, i) * factor[c]);
    }
}

static double bias_of(const taker *t, int64_t c) { return t->bias ? cld_tensor_get(t->bias, c) : 0; }
static void fill_bias_before(clade_tensor *out, const void *user) {
    const taker *t = user;
    for (int64_t c = 0; c < t->at.total_channels; c++)
        cld_tensor_set(out, c, bias_of(t, c) * t->scale->factor[c] + t->scale->offset[c]);
}

/* Block o is a filter. */
static void fill_bias_behind(clade_tensor *out, const void *user) {
    const taker *t = user;
    int64_t i = 0;
    for (int64_t o = 0; o < t->at.outer; o++) {
        const double *offset = t->scale->offset + o / t->at.outer_per_group * t->at.channels;
        double sum = bias_of(t, o);
        for (int64_t c = 0; c < t->at.channels; c++)
            for (const int64_t end = i + t->at.inner; i < end; i++)
                sum += cld_tensor_get(t->weight, i) * offset[c];
        cld_tensor_set(out, o, sum);
    }
}

/* Gives the node its new weights, and a bias of `biases` values unless that is 0. */
static clade_status rewrite(cld_graph *graph, const taker *t, const char *name, cld_derive_fn fill_bias, int64_t biases,
                            clade_error *err) {
    const layout *at = &t->at;
    cld_derivation how = { .kind = "scaled",
                           .weight = t->weight,
                           .scale = t->scale,
                           .sizes = { at->outer, at->channels, at->inner, at->outer_per_group },
                           .type = cld_tensor_type(t->weight),
                           .fill = fill_weight,
                           .user = t };
    const clade_tensor *weight = t->scale->scales ? cld_scale_derive(graph, &how) : t->weight, *bias = NULL;
    how.kind = fill_bias == fill_bias_before ? "shifted" : "shifted behind";
    how.bias = t->bias;
    how.type = (cld_type){ t->weight->dtype, 1, { biases } };
    how.fill = fill_bias;
    cld_value_id *in = cld_arena_calloc(graph->arena, 3, sizeof *in);
    if (!weight || !in || (biases && !(bias = cld_scale_derive(graph, &how))))
        return cld_no_memory(err, t->node->name);
    in[0] = t->node->in[0];
    in[1] = t->node->in[1];
    if (weight != t->weight)
        in[1] = cld_graph_constant(graph, cld_arena_printf(graph->arena, "%s/folded_weight", name), weight);
    in[2] = bias ? cld_graph_constant(graph, cld_arena_printf(graph->arena, "%s/folded_bias", name), bias) : CLD_ABSENT;
    t->node->in = in;
    t->node->n_in = bias ? 3 : 2;
    return cld_present(in[1]) && (!bias || cld_present(in[2])) ? CLADE_OK : cld_no_memory(err, t->node->name);
}

/* ---- before ---------------------------------------------------------------------------------------------------------
 */

/* One value per channel; Gemm's may also be written [1, N]. */
static bool is_bias(const clade_tensor *tensor, const taker *t) {
    return tensor && tensor->dtype == t->weight->dtype && tensor->rank >= 1 &&
           tensor->dims[tensor->rank - 1] == t->at.total_channels && clade_tensor_count(tensor) == t->at.total_channels;
}

/* The node that makes the value, and its row of `linear`; NULL: none. */
static cld_node *linear_maker(const cld_graph *graph, cld_value_id id, size_t *kind) {
    cld_node *node = NULL;
    for (*kind = 0; *kind < CLD_COUNT(linear); ++*kind)
        if ((node = cld_made_by(graph, id, linear[*kind].op)))
            break;
    return node;
}

static clade_status fold_before(cld_graph *graph, cld_node *node, const cld_readers *readers, cld_arena *scratch,
                                bool *folded, clade_error *err) {
    cld_scale scale;
    taker t = { .scale = &scale };
    size_t kind = 0;
    for (int32_t k = 0; k < node->n_in && !t.node; k++)
        t.node = linear_maker(graph, node->in[k], &kind);
    if (!t.node || t.node->n_out != 1 || cld_readers_count(readers, t.node->out[0]) != 1 ||
        !(t.weight = cld_constant_in(graph, t.node, 1)) || t.weight->size_bytes == 0)
        return CLADE_OK;
    const int32_t trailing = linear[kind].spatial ? t.weight->rank - 2 : 0;
    const bool has_bias = linear[kind].biased && t.node->n_in > 2 && cld_present(t.node->in[2]);
    t.bias = has_bias ? cld_constant_in(graph, t.node, 2) : NULL;
    bool found;
    CLD_RETURN(cld_scale_read(graph, node, trailing, readers, scratch, &scale, &found, err));
    if (!found || scale.x.i != t.node->out[0].i || t.weight->dtype != scale.dtype ||
        !linear[kind].layout(t.node, t.weight, &t.at) || t.at.total_channels != scale.channels ||
        (has_bias && !is_bias(t.bias, &t)) || (scale.shifts && !linear[kind].biased))
        return CLADE_OK;
    const cld_value_id result = node->out[0], inner = t.node->out[0];
    CLD_RETURN(rewrite(graph, &t, cld_graph_at(graph, result)->name, fill_bias_before,
                       has_bias || scale.shifts ? scale.channels : 0, err));
    cld_graph_at(graph, result)->producer = cld_graph_at(graph, inner)->producer;
    cld_graph_at(graph, inner)->producer = -1;
    t.node->out[0] = result;
    node->n_in = node->n_out = 0; /* dead */
    *folded = true;
    return CLADE_OK;
}

/* ---- behind ---------------------------------------------------------------------------------------------------------
 */

/* No element outside the image is ever read. */
static bool is_unpadded(const cld_node *conv) {
    const char *mode = cld_attr_string(conv, "auto_pad", "NOTSET");
    int32_t count;
    const int64_t *pads = cld_attr_ints(conv, "pads", &count);
    bool zero = true;
    for (int32_t i = 0; i < count; i++)
        zero &= pads[i] == 0;
    return strcmp(mode, "VALID") == 0 || (zero && strcmp(mode, "NOTSET") == 0);
}

/* The node is a Conv that can take the scale of `value` over, by its input 0 alone. */
static bool can_take(const cld_graph *graph, cld_node *node, cld_value_id value, const cld_scale *scale, taker *out) {
    const int64_t group = cld_attr_int(node, "group", 1);
    *out = (taker){
        .node = node, .scale = scale, .weight = cld_constant_in(graph, node, 1), .bias = cld_constant_in(graph, node, 2)
    };
    const clade_tensor *w = out->weight;
    const bool has_bias = node->n_in > 2 && cld_present(node->in[2]);
    if (node->op != &cld_op_Conv || node->in[0].i != value.i || node->n_in > 3 || node->n_out != 1 ||
        !is_unpadded(node) || !w || w->dtype != scale->dtype || w->rank < 3 || w->size_bytes == 0 || group < 1 ||
        w->dims[0] % group != 0 || scale->channels % group != 0 || w->dims[1] != scale->channels / group)
        return false;
    out->at = (layout){ w->dims[0], w->dims[1], span(w, 2), w->dims[0] / group, w->dims[0] };
    return !has_bias || (is_bias(out->bias, out) && out->bias->rank == 1);
}

static clade_status fold_behind(cld_graph *graph, cld_node *node, const cld_readers *readers, cld_arena *scratch,
                                clade_error *err) {
    const cld_value_id value = node->n_out > 0 ? node->out[0] : CLD_ABSENT;
    if (!cld_present(value) || readers->is_output[value.i] || readers->first[value.i] == readers->first[value.i + 1])
        return CLADE_OK;
    const int32_t *reader = readers->reader + readers->first[value.i], n = cld_readers_count(readers, value);
    const clade_tensor *weight = cld_constant_in(graph, &graph->nodes[reader[0]], 1);
    cld_scale scale;
    taker t;
    bool found;
    if (!weight)
        return CLADE_OK;
    CLD_RETURN(cld_scale_read(graph, node, weight->rank - 2, readers, scratch, &scale, &found, err));
    for (int32_t r = 0; r < n && found; r++)
        found = can_take(graph, &graph->nodes[reader[r]], value, &scale, &t) && (r == 0 || reader[r] != reader[r - 1]);
    for (int32_t r = 0; r < n && found; r++) {
        can_take(graph, &graph->nodes[reader[r]], value, &scale, &t);
        t.node->in[0] = scale.x;
        CLD_RETURN(rewrite(graph, &t, cld_graph_at(graph, t.node->out[0])->name, fill_bias_behind,
                           t.bias || scale.shifts ? t.at.outer : 0, err));
    }
    return CLADE_OK;
}

clade_status cld_pass_fold_scale(cld_graph *graph, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_readers readers;
    cld_arena *scratch = cld_arena_new();
    if (!scratch)
        return cld_no_memory(err, "folding what scales");
    CLD_TRY(cld_readers_gather(&readers, graph, scratch, err));
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        bool folded = false;
        CLD_TRY(fold_before(graph, &graph->nodes[n], &readers, scratch, &folded, err));
        if (!folded)
            CLD_TRY(fold_behind(graph, &graph->nodes[n], &readers, scratch, err));
    }
    CLD_TRY(cld_pass_dead(graph, err)); /* takes what was folded away */
fail:
    cld_arena_free(scratch);
    return status;
}
