/* SPDX-License-Identifier: Apache-2.0 */
/* RNN, GRU and LSTM: descriptors, attributes and shapes. The formulas are in cl/rnn.cl.
 *
 * Where ONNX leaves a choice, ONNX Runtime's is taken: clip bounds what the gates' activations get, not the cell state;
 * an empty sequence ends with a state of zero; a reversed sequence starts at its own end.
 */
#include "op/recurrent/rnn.h"
#include "op/move/move.h"

static const cld_cell rnn_cell = { "CELL_RNN", 1, 1, 2, 1, { "Tanh" } };
static const cld_cell gru_cell = { "CELL_GRU", 3, 4, 4, 2, { "Sigmoid", "Tanh" } };
static const cld_cell lstm_cell = { "CELL_LSTM", 4, 4, 3, 3, { "Sigmoid", "Tanh", "Tanh" } };

static const struct {
    const char *name;
    int32_t directions;
    unsigned reverse;
} directions[] = { { "forward", 1, 0 }, { "reverse", 1, 1 }, { "bidirectional", 2, 2 } };

static clade_status read_direction(const cld_call *call, cld_rnn *rnn, clade_error *err) {
    const char *name = cld_attr_string(call->node, "direction", "forward");
    for (size_t i = 0; i < CLD_COUNT(directions); i++)
        if (!strcmp(directions[i].name, name)) {
            rnn->directions = directions[i].directions;
            rnn->reverse = directions[i].reverse;
            return CLADE_OK;
        }
    return cld_call_fail(call, err, CLADE_ERR_GRAPH, "direction '%s' is not known", name);
}

clade_status cld_rnn_read(const cld_call *call, cld_rnn *out, clade_error *err) {
    const char *type = call->node->type;
    const cld_type *x = &call->in[CLD_RNN_X], *r = &call->in[CLD_RNN_R];
    *out = (cld_rnn){ .cell = !strcmp(type, "LSTM") ? &lstm_cell : !strcmp(type, "GRU") ? &gru_cell : &rnn_cell };
    for (int32_t k = CLD_RNN_X; k <= CLD_RNN_R; k++) {
        CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
        if (call->in[k].rank != 3)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d is %s, it must have rank 3", (int)k,
                                 CLD_TYPE_TEXT(&call->in[k]));
    }
    out->dtype = x->dtype;
    out->batch_first = cld_attr_int(call->node, "layout", 0) != 0;
    out->steps = x->dims[out->batch_first];
    out->batch = x->dims[!out->batch_first];
    out->input = x->dims[2];
    out->hidden = r->dims[2];
    out->coupled = cld_attr_int(call->node, "input_forget", 0) != 0;
    out->reset_first = out->cell == &gru_cell && cld_attr_int(call->node, "linear_before_reset", 0) == 0;
    if (cld_attr_find(call->node, "clip", CLD_ATTR_FLOAT)) {
        out->clip = cld_attr_float(call->node, "clip", 0);
        if (!(out->clip > 0))
            return cld_call_fail(call, err, CLADE_ERR_GRAPH, "clip is %g, it must be positive", (double)out->clip);
    }
    int64_t hidden = cld_attr_int(call->node, "hidden_size", out->hidden);
    if (hidden != out->hidden || hidden < 1)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "hidden_size is %lld, R is %s", (long long)hidden,
                             CLD_TYPE_TEXT(r));
    CLD_RETURN(read_direction(call, out, err));
    return cld_rnn_activations(call, out, err);
}

static clade_status expect(const cld_call *call, int32_t k, clade_dtype dtype, int32_t rank, const int64_t *dims,
                           clade_error *err) {
    cld_type want = { .dtype = dtype, .rank = rank };
    memcpy(want.dims, dims, (size_t)rank * sizeof *dims);
    if (!cld_call_has(call, k) || cld_type_equal(&call->in[k], &want))
        return CLADE_OK;
    return cld_call_fail(call, err, call->in[k].dtype == dtype ? CLADE_ERR_SHAPE : CLADE_ERR_DTYPE,
                         "input %d is %s, it must be %s", (int)k, CLD_TYPE_TEXT(&call->in[k]), CLD_TYPE_TEXT(&want));
}

static clade_status infer(cld_call *call, clade_error *err) {
    cld_rnn rnn;
    CLD_RETURN(cld_rnn_read(call, &rnn, err));
    int64_t d = rnn.directions, g = rnn.cell->gates, h = rnn.hidden, b = rnn.batch, t = rnn.steps;
    const cld_type state = { rnn.dtype, 3, { rnn.batch_first ? b : d, rnn.batch_first ? d : b, h } };
    CLD_RETURN(expect(call, CLD_RNN_W, rnn.dtype, 3, (int64_t[]){ d, g * h, rnn.input }, err));
    CLD_RETURN(expect(call, CLD_RNN_R, rnn.dtype, 3, (int64_t[]){ d, g * h, h }, err));
    CLD_RETURN(expect(call, CLD_RNN_B, rnn.dtype, 2, (int64_t[]){ d, 2 * g * h }, err));
    CLD_RETURN(expect(call, CLD_RNN_LENS, CLADE_INT32, 1, &b, err));
    CLD_RETURN(cld_call_within(call, CLD_RNN_LENS, t, "sequence length", t, err));
    CLD_RETURN(expect(call, CLD_RNN_H, rnn.dtype, 3, state.dims, err));
    CLD_RETURN(expect(call, CLD_RNN_C, rnn.dtype, 3, state.dims, err));
    CLD_RETURN(expect(call, CLD_RNN_P, rnn.dtype, 2, (int64_t[]){ d, 3 * h }, err));
    for (int32_t k = 1; k < call->n_out; k++)
        call->out[k] = state;
    if (call->n_out > 0)
        call->out[0] =
            rnn.batch_first ? (cld_type){ rnn.dtype, 4, { b, t, d, h } } : (cld_type){ rnn.dtype, 4, { t, d, b, h } };
    return CLADE_OK;
}

/* What the three have in common. */
#define ATTRS                                                                                                          \
    "activation_alpha:floats activation_beta:floats activations:strings clip:float direction:string hidden_size:int "  \
    "layout:int@14"

#define RECURRENT(type, sentence, attributes, inputs, outputs)                                                         \
    const cld_op cld_op_##type = {                                                                                     \
        .domain = "",                                                                                                  \
        .name = #type,                                                                                                 \
        .doc = sentence,                                                                                               \
        .since = 7,                                                                                                    \
        .attrs = ATTRS attributes,                                                                                     \
        .min_in = 3,                                                                                                   \
        .max_in = inputs,                                                                                              \
        .min_out = 0,                                                                                                  \
        .max_out = outputs,                                                                                            \
        .infer = infer,                                                                                                \
        .read = cld_rnn_problem,                                                                                       \
        .describe = cld_rnn_describe,                                                                                  \
        .impls = cld_rnn_impls,                                                                                        \
    }

RECURRENT(RNN, "h[t] = f(x[t] W^T + h[t-1] R^T + Wb + Rb)", "", CLD_RNN_H + 1, 2);
RECURRENT(GRU, "h[t] = (1 - z) g(x[t] Wh^T + (r h[t-1]) Rh^T + bias) + z h[t-1], gates z and r",
          " linear_before_reset:int", CLD_RNN_H + 1, 2);
RECURRENT(LSTM, "c[t] = f c[t-1] + i g, h[t] = o H(c[t]), gates i, o, f", " input_forget:int", CLD_RNN_INPUTS, 3);
