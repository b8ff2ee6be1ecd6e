/* SPDX-License-Identifier: Apache-2.0 */
/* See rnn.h. */
#include "ref/rnn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double activate(const ref_activation *a, double x) {
    if (!strcmp(a->name, "Sigmoid"))
        return 1 / (1 + exp(-x));
    if (!strcmp(a->name, "Tanh"))
        return tanh(x);
    if (!strcmp(a->name, "Relu"))
        return x > 0 ? x : 0;
    if (!strcmp(a->name, "Affine"))
        return a->alpha * x + a->beta;
    if (!strcmp(a->name, "LeakyRelu"))
        return x >= 0 ? x : a->alpha * x;
    if (!strcmp(a->name, "ThresholdedRelu"))
        return x >= a->alpha ? x : 0;
    if (!strcmp(a->name, "ScaledTanh"))
        return a->alpha * tanh(a->beta * x);
    if (!strcmp(a->name, "HardSigmoid"))
        return fmin(fmax(a->alpha * x + a->beta, 0), 1);
    if (!strcmp(a->name, "Elu"))
        return x >= 0 ? x : a->alpha * (exp(x) - 1);
    if (!strcmp(a->name, "Softsign"))
        return x / (1 + fabs(x));
    return !strcmp(a->name, "Softplus") ? log(1 + exp(x)) : NAN;
}

/* One direction of one sequence at one step. */
typedef struct at {
    const ref_rnn *rnn;
    int d;
    const double *x, *h, *c; /* the input, the state before */
} at;

static int gates_of(const ref_rnn *rnn) { return rnn->cell == REF_LSTM ? 4 : rnn->cell == REF_GRU ? 3 : 1; }

static double from_input(const at *a, int gate, int64_t j) {
    const ref_rnn *n = a->rnn;
    const double *w = n->w + ((a->d * gates_of(n) + gate) * n->hidden + j) * n->input;
    double sum = n->b ? n->b[(a->d * 2 * gates_of(n) + gate) * n->hidden + j] : 0;
    for (int64_t i = 0; i < n->input; i++)
        sum += w[i] * a->x[i];
    return sum;
}

static double from_state(const at *a, int gate, int64_t j, const double *h) {
    const ref_rnn *n = a->rnn;
    const double *r = n->r + ((a->d * gates_of(n) + gate) * n->hidden + j) * n->hidden;
    double sum = n->b ? n->b[((a->d * 2 + 1) * gates_of(n) + gate) * n->hidden + j] : 0;
    for (int64_t k = 0; k < n->hidden; k++)
        sum += r[k] * h[k];
    return sum;
}

static double gate(const at *a, int activation, double x) {
    double clip = a->rnn->clip;
    return activate(&a->rnn->activation[a->d][activation], clip > 0 ? fmin(fmax(x, -clip), clip) : x);
}

static double peephole(const at *a, int which, int64_t j, double c) {
    return a->rnn->p ? a->rnn->p[(a->d * 3 + which) * a->rnn->hidden + j] * c : 0;
}

static void rnn_step(const at *a, double *h, double *c) {
    (void)c;
    for (int64_t j = 0; j < a->rnn->hidden; j++)
        h[j] = gate(a, 0, from_input(a, 0, j) + from_state(a, 0, j, a->h));
}

static void gru_step(const at *a, double *h, double *c) {
    const int64_t hidden = a->rnn->hidden;
    double *reset = calloc((size_t)hidden, sizeof *reset);
    (void)c;
    for (int64_t j = 0; j < hidden; j++)
        reset[j] = gate(a, 0, from_input(a, 1, j) + from_state(a, 1, j, a->h));
    double *reset_h = calloc((size_t)hidden, sizeof *reset_h);
    for (int64_t j = 0; j < hidden; j++)
        reset_h[j] = reset[j] * a->h[j];
    for (int64_t j = 0; j < hidden; j++) {
        double z = gate(a, 0, from_input(a, 0, j) + from_state(a, 0, j, a->h));
        double recurrent =
            a->rnn->linear_before_reset ? reset[j] * from_state(a, 2, j, a->h) : from_state(a, 2, j, reset_h);
        h[j] = (1 - z) * gate(a, 1, from_input(a, 2, j) + recurrent) + z * a->h[j];
    }
    free(reset);
    free(reset_h);
}

static void lstm_step(const at *a, double *h, double *c) {
    for (int64_t j = 0; j < a->rnn->hidden; j++) {
        double sum[4];
        for (int g = 0; g < 4; g++)
            sum[g] = from_input(a, g, j) + from_state(a, g, j, a->h);
        double i = gate(a, 0, sum[0] + peephole(a, 0, j, a->c[j]));
        double f = a->rnn->coupled ? 1 - i : gate(a, 0, sum[2] + peephole(a, 2, j, a->c[j]));
        c[j] = f * a->c[j] + i * gate(a, 1, sum[3]);
        double o = gate(a, 0, sum[1] + peephole(a, 1, j, c[j]));
        h[j] = o * activate(&a->rnn->activation[a->d][2], c[j]);
    }
}

void ref_rnn_run(const ref_rnn *n, double *y, double *y_h, double *y_c) {
    static void (*const steps[])(const at *, double *, double *) = { rnn_step, gru_step, lstm_step };
    const int64_t T = n->steps, B = n->batch, H = n->hidden, D = n->directions;
    const size_t bytes = (size_t)H * sizeof(double);
    double *state = calloc((size_t)H * 4, sizeof *state), *h = state, *c = h + H, *h_new = c + H, *c_new = h_new + H;
    for (int64_t d = 0; d < D; d++)
        for (int64_t b = 0; b < B; b++) {
            const int64_t length = n->lens ? n->lens[b] : T, s = (n->batch_first ? b * D + d : d * B + b) * H;
            memset(state, 0, 4 * bytes);
            if (n->h_0 && length > 0)
                memcpy(h, n->h_0 + s, bytes);
            if (n->c_0 && length > 0)
                memcpy(c, n->c_0 + s, bytes);
            for (int64_t step = 0; step < T; step++) {
                const int64_t t = n->reverse >> d & 1 && step < length ? length - 1 - step : step;
                double *out = y + (n->batch_first ? (b * T + t) * D + d : (t * D + d) * B + b) * H;
                memset(out, 0, bytes);
                if (step >= length)
                    continue;
                const at a = { n, (int)d, n->x + (n->batch_first ? b * T + t : t * B + b) * n->input, h, c };
                steps[n->cell](&a, h_new, c_new);
                memcpy(h, h_new, bytes);
                memcpy(c, c_new, bytes);
                memcpy(out, h, bytes);
            }
            memcpy(y_h + s, h, bytes);
            if (n->cell == REF_LSTM)
                memcpy(y_c + s, c, bytes);
        }
    free(state);
}
