/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent layers as ONNX writes them down, one number at a time in double: what the kernels are measured against. */
#ifndef CLADE_REF_RNN_H
#define CLADE_REF_RNN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ref_cell { REF_RNN, REF_GRU, REF_LSTM } ref_cell;

typedef struct ref_activation {
    const char *name;
    double alpha, beta;
} ref_activation;

typedef struct ref_rnn {
    ref_cell cell;
    int64_t steps, batch, input, hidden;
    int directions;
    unsigned reverse; /* bit d: direction d runs backwards */
    bool batch_first, coupled, linear_before_reset;
    double clip; /* of the gates; 0: none */
    ref_activation activation[2][3];
    const double *x, *w, *r, *b, *h_0, *c_0, *p; /* b, h_0, c_0, p may be NULL */
    const int32_t *lens;                         /* may be NULL */
} ref_rnn;

/* y [steps, directions, batch, hidden], or [batch, steps, directions, hidden]; states [directions, batch, hidden], or
 * [batch, directions, hidden]. y_c is written for REF_LSTM only. */
void ref_rnn_run(const ref_rnn *rnn, double *y, double *y_h, double *y_c);

#endif
