/* SPDX-License-Identifier: Apache-2.0 */
/* The activations of recurrent layers: ONNX's list with its formulas, and the rule by which the flat lists of alphas
 * and betas are dealt out: in order, each to the next activation that has such a parameter.
 */
#include <strings.h>

#include "op/map/pointwise.h"
#include "op/recurrent/rnn.h"

enum { ALPHA = 1, BETA = 2, REQUIRED = 4 };

/* Expressions in x; p is alpha, q beta. REQUIRED: ONNX names no default. */
static const struct activation {
    const char *name, *text;
    int takes;
    float alpha, beta; /* defaults */
} activations[] = {
    { "Sigmoid", "SIGMOID(x)", 0, 0, 0 },
    { "Tanh", "TANH(x)", 0, 0, 0 },
    { "Relu", "fmax(x, 0.0)", 0, 0, 0 },
    { "Affine", "p * x + q", ALPHA | BETA, 1, 0 },
    { "LeakyRelu", "fmax(x, 0.0) + p * fmin(x, 0.0)", ALPHA, 0.01f, 0 },
    { "ThresholdedRelu", "(x >= p ? x : (V)(0))", ALPHA, 1, 0 },
    { "ScaledTanh", "p * TANH(q * x)", ALPHA | BETA | REQUIRED, 0, 0 },
    { "HardSigmoid", "clamp(p * x + q, 0.0, 1.0)", ALPHA | BETA, 0.2f, 0.5f },
    { "Elu", "fmax(x, 0.0) + p * expm1(fmin(x, 0.0))", ALPHA, 1, 0 },
    { "Softsign", "x / (1.0 + fabs(x))", 0, 0, 0 },
    { "Softplus", "fmax(x, 0.0) + log1p(exp(-fabs(x)))", 0, 0, 0 },
};

static const struct activation *find(const char *name) {
    for (size_t i = 0; i < CLD_COUNT(activations); i++)
        if (!strcasecmp(activations[i].name, name))
            return &activations[i];
    return NULL;
}

typedef struct parameters {
    const float *values;
    int32_t count, used;
} parameters;

/* The parameter of the next activation, when it has one of this kind. */
static clade_status deal(const cld_call *call, parameters *from, const struct activation *activation, int kind,
                         float otherwise, float *out, clade_error *err) {
    *out = otherwise;
    if (!(activation->takes & kind))
        return CLADE_OK;
    if (from->used < from->count)
        *out = from->values[from->used++];
    else if (activation->takes & REQUIRED)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "activation %s has no default %s, and none is given",
                             activation->name, kind == ALPHA ? "activation_alpha" : "activation_beta");
    return CLADE_OK;
}

clade_status cld_rnn_activations(const cld_call *call, cld_rnn *rnn, clade_error *err) {
    const cld_attr *given = cld_attr_find(call->node, "activations", CLD_ATTR_STRINGS);
    int32_t each = rnn->cell->activations, all = each * rnn->directions;
    if (given && given->count != all)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "activations has %d entries, %d are needed", (int)given->count,
                             (int)all);
    parameters alphas = { 0 }, betas = { 0 };
    alphas.values = cld_attr_floats(call->node, "activation_alpha", &alphas.count);
    betas.values = cld_attr_floats(call->node, "activation_beta", &betas.count);
    for (int32_t i = 0; i < all; i++) {
        const char *name = given ? given->u.strings[i] : rnn->cell->defaults[i % each];
        const struct activation *activation = find(name);
        if (!activation)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "activation '%s' is not known", name);
        float alpha, beta;
        CLD_RETURN(deal(call, &alphas, activation, ALPHA, activation->alpha, &alpha, err));
        CLD_RETURN(deal(call, &betas, activation, BETA, activation->beta, &beta, err));
        const char *p = cld_pointwise_literal(call->arena, rnn->dtype, (double)alpha);
        const char *q = cld_pointwise_literal(call->arena, rnn->dtype, (double)beta);
        const char *text = p && q ? cld_pointwise_text(call->arena, activation->text, rnn->dtype,
                                                       (const char *[5]){ "x", NULL, NULL, p, q })
                                  : NULL;
        if (!text)
            return cld_no_memory(err, call->node->name);
        rnn->activation[i / each][i % each] = text;
    }
    return CLADE_OK;
}
