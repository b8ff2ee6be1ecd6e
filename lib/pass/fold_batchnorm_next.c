/* SPDX-License-Identifier: Apache-2.0 */
/* Folds an inference BatchNormalization into the Convs that read it: where an activation stands in front of it, so that
 * fold_batchnorm.c cannot reach the Conv before.
 *
 * With y = f x + o per input channel c:  W'[m,c,t] = W[m,c,t] f[c],  b'[m] = b[m] + sum over c and t of W[m,c,t] o[c],
 * in double precision. Needs: a static graph. Keeps: inputs, outputs, order; old weights stay for other
 * readers. Only where everybody who reads the result is a Conv without padding (padding is 0 after the normalisation,
 * not before) whose weights and bias are constants of the statistics' type. Anything else is left alone.
 */
#include "pass/norm.h"

/* No element outside the image is ever read. */
static bool is_unpadded(const cld_node *conv) {
    const char *mode = cld_attr_string(conv, "auto_pad", "NOTSET");
    int32_t count;
    const int64_t *pads = cld_attr_ints(conv, "pads", &count);
    if (strcmp(mode, "VALID") == 0)
        return true;
    for (int32_t i = 0; i < count; i++)
        if (pads[i] != 0)
            return false;
    return strcmp(mode, "NOTSET") == 0;
}

/* The node can take the normalisation of its input 0 over. */
static bool can_take(const cld_graph *graph, const cld_node *conv, const cld_norm *norm) {
    const clade_tensor *weight = cld_norm_constant(graph, conv, 1), *bias = cld_norm_constant(graph, conv, 2);
    const int64_t group = cld_attr_int(conv, "group", 1);
    if (conv->domain[0] != '\0' || strcmp(conv->type, "Conv") != 0 || conv->n_in > 3 || conv->n_out != 1 ||
        !is_unpadded(conv))
        return false;
    if (weight == NULL || weight->dtype != norm->dtype || weight->rank < 3 || weight->size_bytes == 0 || group < 1 ||
        weight->dims[0] % group != 0 || norm->channels % group != 0 || weight->dims[1] != norm->channels / group)
        return false;
    if (conv->n_in > 2 && cld_present(conv->in[2]))
        return bias != NULL && bias->dtype == norm->dtype && bias->rank == 1 && bias->dims[0] == weight->dims[0];
    return true;
}

static bool reads(const cld_node *node, cld_value_id value) { return node->n_in > 0 && node->in[0].i == value.i; }

/* Every reader is a Conv that can take it over, by its input 0 alone. They all come after node n. */
static bool all_take(const cld_graph *graph, int32_t n, const cld_norm *norm, const int32_t *uses) {
    const cld_value_id result = graph->nodes[n].out[0];
    int32_t left = uses[result.i];
    for (int32_t i = n + 1; i < graph->n_nodes && left > 0; i++)
        if (reads(&graph->nodes[i], result)) {
            if (!can_take(graph, &graph->nodes[i], norm))
                return false;
            left--;
        }
    return left == 0 && uses[result.i] > 0;
}

/* What a Conv's new constants are made of. */
typedef struct cld_taker {
    const clade_tensor *weight, *bias; /* bias NULL: none */
    const cld_norm *norm;
    int64_t per_group; /* filters of a group */
} cld_taker;

/* The taps of each filter, channel by channel: new weights into `weight`, or the new bias into `bias`. */
static void fill(const cld_taker *taker, clade_tensor *weight, clade_tensor *bias) {
    const clade_tensor *old = taker->weight;
    const cld_type type = cld_tensor_type(old);
    const int64_t channels = type.dims[1], taps = cld_type_span(&type, 2, type.rank);
    for (int64_t m = 0, i = 0; m < type.dims[0]; m++) {
        const int64_t first = m / taker->per_group * channels;
        double sum = taker->bias != NULL ? cld_tensor_get(taker->bias, m) : 0.0;
        for (int64_t c = first; c < first + channels; c++)
            for (int64_t t = 0; t < taps; t++, i++) {
                const double value = cld_tensor_get(old, i);
                sum += value * taker->norm->offset[c];
                if (weight != NULL)
                    cld_tensor_set(weight, i, value * taker->norm->factor[c]);
            }
        if (bias != NULL)
            cld_tensor_set(bias, m, sum);
    }
}

static void fill_weight(clade_tensor *out, const void *user) { fill(user, out, NULL); }
static void fill_bias(clade_tensor *out, const void *user) { fill(user, NULL, out); }

static bool take(cld_graph *graph, cld_node *conv, cld_value_id x, const cld_norm *norm) {
    const cld_taker taker = { .weight = cld_norm_constant(graph, conv, 1),
                              .bias = cld_norm_constant(graph, conv, 2),
                              .norm = norm,
                              .per_group =
                                  cld_norm_constant(graph, conv, 1)->dims[0] / cld_attr_int(conv, "group", 1) };
    const cld_type weight_type = cld_tensor_type(taker.weight), bias_type = { norm->dtype, 1, { weight_type.dims[0] } };
    const char *name = cld_graph_at(graph, conv->out[0])->name;
    const char *weight_name = cld_arena_printf(graph->arena, "%s/normalised_weight", name);
    const char *bias_name = cld_arena_printf(graph->arena, "%s/normalised_bias", name);
    cld_derivation how = { .kind = "taken weight",
                           .weight = taker.weight,
                           .norm = norm,
                           .sizes = { taker.per_group },
                           .type = weight_type,
                           .fill = fill_weight,
                           .user = &taker };
    const clade_tensor *weight = cld_norm_derive(graph, &how);
    how.kind = "taken bias";
    how.bias = taker.bias;
    how.type = bias_type;
    how.fill = fill_bias;
    const clade_tensor *bias = cld_norm_derive(graph, &how);
    cld_value_id *in = cld_arena_calloc(graph->arena, 3, sizeof *in);
    if (weight_name == NULL || bias_name == NULL || weight == NULL || bias == NULL || in == NULL)
        return false;
    in[0] = x;
    in[1] = cld_graph_constant(graph, weight_name, weight);
    in[2] = cld_graph_constant(graph, bias_name, bias);
    conv->in = in;
    conv->n_in = 3;
    return cld_present(in[1]) && cld_present(in[2]);
}

clade_status cld_pass_fold_batchnorm_next(cld_graph *graph, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *scratch = cld_arena_new();
    const int32_t *uses = scratch != NULL ? cld_norm_uses(graph, scratch) : NULL;
    if (uses == NULL) {
        status = cld_no_memory(err, "folding BatchNormalization");
        goto fail;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        cld_norm norm;
        bool found;
        CLD_TRY(cld_norm_read(graph, &graph->nodes[n], uses, scratch, &norm, &found, err));
        if (!found)
            continue;
        const cld_value_id x = graph->nodes[n].in[0], result = graph->nodes[n].out[0];
        if (!all_take(graph, n, &norm, uses))
            continue;
        for (int32_t i = n + 1, left = uses[result.i]; left > 0; i++) {
            if (!reads(&graph->nodes[i], result))
                continue;
            if (!take(graph, &graph->nodes[i], x, &norm)) {
                status = cld_no_memory(err, graph->nodes[i].name);
                goto fail;
            }
            left--;
        }
    }
    CLD_TRY(cld_pass_dead(graph, err)); /* nobody reads the normalisations any more */
fail:
    cld_arena_free(scratch);
    return status;
}
