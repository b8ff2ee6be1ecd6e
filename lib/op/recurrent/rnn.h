/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent layers: what RNN, GRU and LSTM share (rnn.c: descriptors; rnn_activation.c; rnn_emit.c: the steps).
 */
#ifndef CLD_OP_RNN_H
#define CLD_OP_RNN_H

#include "op/core/op.h"

enum { CLD_RNN_ACTIVATIONS = 3 }; /* f, g, h at most */

/* What sets the three operators apart. Counts of rows are those of cl/rnn.cl. */
typedef struct cld_cell {
    const char *define;
    int32_t gates, biases, state_rows, activations;
    const char *defaults[CLD_RNN_ACTIVATIONS];
} cld_cell;

/* Inputs, in ONNX's order; the last two are the LSTM's. Outputs: Y, Y_h, and the LSTM's Y_c. */
enum { CLD_RNN_X, CLD_RNN_W, CLD_RNN_R, CLD_RNN_B, CLD_RNN_LENS, CLD_RNN_H, CLD_RNN_C, CLD_RNN_P, CLD_RNN_INPUTS };

/* A node, read. */
typedef struct cld_rnn {
    const cld_cell *cell;
    clade_dtype dtype;
    int64_t steps, batch, input, hidden;
    int32_t directions;
    unsigned reverse; /* bit d: direction d runs backwards */
    bool batch_first; /* layout 1: X [batch, steps, input], states [batch, directions, hidden] */
    bool coupled, reset_first;
    float clip; /* 0: none */
    const char
        *activation[2][CLD_RNN_ACTIVATIONS]; /* of each direction: OpenCL expressions in x, in the call's arena */
} cld_rnn;

/* ---- rnn.c ------------------------------------------------------------------------------------------------------- */
clade_status cld_rnn_read(const cld_call *call, cld_rnn *out, clade_error *err);

/* ---- rnn_activation.c -------------------------------------------------------------------------------------------- */
/* Fills rnn->activation from the attributes activations, activation_alpha and activation_beta. */
clade_status cld_rnn_activations(const cld_call *call, cld_rnn *rnn, clade_error *err);

/* ---- rnn_emit.c -------------------------------------------------------------------------------------------------- */
const void *cld_rnn_problem(const cld_emit *emit);
void cld_rnn_describe(const cld_call *call, cld_problem *out);
extern const cld_impl cld_rnn_impls[];

#endif
