/* SPDX-License-Identifier: Apache-2.0 */
/* Holds float32 values as float16 where the session wants that (graph->storage): what products, convolutions and
 * recurrent layers read and write, and what only passes that on. Sums stay float32 (the rows accumulate so), and so
 * does every operator that is not listed here: squares, exponentials and means of float16 leave its range soon.
 *
 * Needs: a static graph, operators as the file had them. Keeps: inputs and outputs with their types. Makes: a twin in
 * float16 of each value that is read as such, casts between the two, constants in float16. A constant with an element
 * beyond float16 stays, and the node that reads it.
 */
#include "pass/facts.h"

#include <math.h>

/* GAINS: reads float16 whatever made its inputs; FOLLOWS: where all that it reads of the graph is float16 already. */
typedef enum habit { STAYS, GAINS, FOLLOWS } habit;

static const struct {
    const cld_op *op;
    habit habit;
} habits[] = {
    { &cld_op_Conv, GAINS },
    { &cld_op_ConvTranspose, GAINS },
    { &cld_op_Gemm, GAINS },
    { &cld_op_MatMul, GAINS },
    { &cld_op_GRU, GAINS },
    { &cld_op_LSTM, GAINS },
    { &cld_op_RNN, GAINS },
    { &cld_op_Add, FOLLOWS },
    { &cld_op_AveragePool, FOLLOWS },
    { &cld_op_BatchNormalization, FOLLOWS },
    { &cld_op_Clip, FOLLOWS },
    { &cld_op_Concat, FOLLOWS },
    { &cld_op_Elu, FOLLOWS },
    { &cld_op_Expand, FOLLOWS },
    { &cld_op_Flatten, FOLLOWS },
    { &cld_op_Gather, FOLLOWS },
    { &cld_op_GlobalAveragePool, FOLLOWS },
    { &cld_op_GlobalMaxPool, FOLLOWS },
    { &cld_op_HardSigmoid, FOLLOWS },
    { &cld_op_HardSwish, FOLLOWS },
    { &cld_op_LayerNormalization, FOLLOWS },
    { &cld_op_LeakyRelu, FOLLOWS },
    { &cld_op_MaxPool, FOLLOWS },
    { &cld_op_Mul, FOLLOWS },
    { &cld_op_PRelu, FOLLOWS },
    { &cld_op_Pad, FOLLOWS },
    { &cld_op_Relu, FOLLOWS },
    { &cld_op_Reshape, FOLLOWS },
    { &cld_op_Sigmoid, FOLLOWS },
    { &cld_op_Slice, FOLLOWS },
    { &cld_op_Softmax, FOLLOWS },
    { &cld_op_Split, FOLLOWS },
    { &cld_op_Squeeze, FOLLOWS },
    { &cld_op_Sub, FOLLOWS },
    { &cld_op_Tanh, FOLLOWS },
    { &cld_op_Transpose, FOLLOWS },
    { &cld_op_Unsqueeze, FOLLOWS },
    { &cld_op_Where, FOLLOWS },
};

typedef struct halves {
    cld_graph *graph;
    cld_value_id *twin; /* [n_values] in float16; absent: none yet */
    bool *whole;        /* [n_values] the value itself is made */
} halves;

static habit habit_of(const cld_op *op) {
    for (size_t k = 0; k < CLD_COUNT(habits); k++)
        if (habits[k].op == op)
            return habits[k].habit;
    return STAYS;
}

static const cld_value *value_at(const halves *h, cld_value_id id) { return cld_graph_at(h->graph, id); }

static bool is_float(const halves *h, cld_value_id id) {
    return cld_present(id) && value_at(h, id)->type.dtype == CLADE_FLOAT32;
}

/* ---- twins ----------------------------------------------------------------------------------------------------------
 */

/* What is made of a constant, as a key (graph/derived.c); no padding in it. */
typedef struct derivation {
    const char *what;
    const clade_tensor *constant;
} derivation;

static void judge(clade_tensor *out, const void *user) {
    const double most = 65504;
    const int64_t count = clade_tensor_count(user);
    int64_t i = 0;
    while (i < count && fabs(cld_tensor_get(user, i)) <= most)
        i++;
    cld_tensor_set_int(out, 0, i == count);
}

/* *out: no element is beyond float16. Of a model's constants it is found out once, not for each plan. */
static clade_status fits(const halves *h, const clade_tensor *constant, bool *out, clade_error *err) {
    const cld_type type = { .dtype = CLADE_BOOL };
    const derivation key = { "fits float16", constant };
    bool own = false;
    clade_tensor verdict = { .dtype = CLADE_BOOL, .data = &own, .size_bytes = 1 };
    const clade_tensor *found = &verdict;
    if (cld_derived_stays(h->graph->derived, constant))
        found = cld_derived_get(h->graph->derived, &key, sizeof key, &type, judge, constant);
    else
        judge(&verdict, constant);
    if (!found)
        return cld_no_memory(err, "a constant in float16");
    *out = cld_tensor_get_int(found, 0) != 0;
    return CLADE_OK;
}

static void fill(clade_tensor *out, const void *user) {
    const int64_t count = clade_tensor_count(out);
    for (int64_t i = 0; i < count; i++)
        cld_tensor_set(out, i, cld_tensor_get(user, i));
}

static cld_value_id halve_constant(cld_graph *graph, const char *name, const clade_tensor *constant) {
    cld_type type = cld_tensor_type(constant);
    type.dtype = CLADE_FLOAT16;
    const derivation key = { "halved", constant };
    if (cld_derived_stays(graph->derived, constant)) {
        const clade_tensor *shared = cld_derived_get(graph->derived, &key, sizeof key, &type, fill, constant);
        return shared ? cld_graph_constant(graph, name, shared) : CLD_ABSENT;
    }
    clade_tensor *own = cld_tensor_new(graph->arena, &type);
    if (!own)
        return CLD_ABSENT;
    fill(own, constant);
    return cld_graph_constant(graph, name, own);
}

static const char *twin_name(const cld_graph *graph, cld_value_id id) {
    return cld_arena_printf(graph->arena, "%s/half", cld_graph_at(graph, id)->name);
}

static cld_value_id new_twin(halves *h, cld_value_id id) {
    cld_type type = value_at(h, id)->type;
    type.dtype = CLADE_FLOAT16;
    return h->twin[id.i] = cld_graph_value(h->graph, twin_name(h->graph, id), &type);
}

static clade_status cast(halves *h, cld_value_id from, cld_value_id to, clade_error *err) {
    const char *name = cld_present(to) ? value_at(h, to)->name : "a cast";
    cld_attr attr = { .name = "to", .kind = CLD_ATTR_INT };
    if (cld_present(to))
        attr.u.i = value_at(h, to)->type.dtype;
    cld_node node = { .name = name, .domain = "", .type = cld_op_Cast.name, .opset = 13, .op = &cld_op_Cast };
    node.n_in = node.n_out = node.n_attr = 1;
    node.in = &from;
    node.out = &to;
    node.attr = &attr;
    return cld_present(to) && cld_graph_node(h->graph, &node) ? CLADE_OK : cld_no_memory(err, name);
}

/* The value in float16. */
static clade_status halve(halves *h, cld_value_id id, cld_value_id *out, clade_error *err) {
    if (!cld_present(h->twin[id.i])) {
        const cld_value value = *value_at(h, id);
        if (value.constant)
            h->twin[id.i] = halve_constant(h->graph, twin_name(h->graph, id), value.constant);
        else
            CLD_RETURN(cast(h, id, new_twin(h, id), err));
    }
    *out = h->twin[id.i];
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, value_at(h, id)->name);
}

/* The value itself is there. */
static clade_status keep(halves *h, cld_value_id id, clade_error *err) {
    if (h->whole[id.i])
        return CLADE_OK;
    h->whole[id.i] = true;
    return cast(h, h->twin[id.i], id, err);
}

/* ---- nodes ----------------------------------------------------------------------------------------------------------
 */

/* *out: what the node reads of float32 may be float16, and for the sake of it should. */
static clade_status is_wanted(const halves *h, const cld_node *node, bool *out, clade_error *err) {
    const habit has = habit_of(node->op);
    bool any = false, all = true;
    *out = false;
    if (has == STAYS)
        return CLADE_OK;
    for (int32_t k = 0; k < node->n_in; k++) {
        if (!is_float(h, node->in[k]))
            continue;
        const clade_tensor *constant = value_at(h, node->in[k])->constant;
        bool may = true;
        if (constant)
            CLD_RETURN(fits(h, constant, &may, err));
        if (!may)
            return CLADE_OK;
        any |= !constant;
        all &= constant || cld_present(h->twin[node->in[k].i]);
    }
    *out = any && (has == GAINS || all);
    return CLADE_OK;
}

/* The node as it stands with these inputs: does it take them, and give what it gave, as float16? */
static clade_status takes(const halves *h, const cld_node *node, const cld_value_id *in, bool *out, clade_error *err) {
    clade_error why = { .status = CLADE_OK };
    cld_call call;
    clade_status status = CLADE_OK;
    cld_arena *scratch = cld_arena_new();
    if (!scratch)
        return cld_no_memory(err, node->name);
    CLD_TRY(cld_call_make(&call, h->graph, scratch, node, in, node->n_in, node->n_out, err));
    *out = node->op->infer(&call, &why) == CLADE_OK;
    for (int32_t k = 0; *out && k < node->n_out; k++) {
        if (!cld_present(node->out[k]))
            continue;
        cld_type want = value_at(h, node->out[k])->type;
        if (want.dtype == CLADE_FLOAT32)
            want.dtype = CLADE_FLOAT16;
        *out = cld_type_equal(&want, &call.out[k]);
    }
    if (why.status == CLADE_ERR_MEMORY)
        status = cld_no_memory(err, node->name);
fail:
    cld_arena_free(scratch);
    return status;
}

static clade_status rewrite(halves *h, cld_node *node, bool *done, clade_error *err) {
    cld_graph *graph = h->graph;
    cld_value_id *in = cld_arena_copy(graph->arena, node->in, (size_t)node->n_in * sizeof *in);
    cld_value_id *out = cld_arena_copy(graph->arena, node->out, (size_t)node->n_out * sizeof *out);
    if (!in || !out)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < node->n_in; k++)
        if (is_float(h, node->in[k]))
            CLD_RETURN(halve(h, node->in[k], &in[k], err));
    CLD_RETURN(takes(h, node, in, done, err));
    if (!*done)
        return CLADE_OK;
    for (int32_t k = 0; k < node->n_out; k++)
        if (is_float(h, node->out[k])) {
            out[k] = new_twin(h, node->out[k]);
            h->whole[node->out[k].i] = false;
            cld_graph_at(graph, node->out[k])->producer = -1;
            if (!cld_present(out[k]))
                return cld_no_memory(err, node->name);
        }
    node->in = in;
    node->out = out;
    return CLADE_OK;
}

static clade_status rebuild(halves *h, const cld_node *nodes, int32_t n_nodes, clade_error *err) {
    for (int32_t n = 0; n < n_nodes; n++) {
        cld_node node = nodes[n];
        bool wanted, done = false;
        CLD_RETURN(is_wanted(h, &node, &wanted, err));
        if (wanted)
            CLD_RETURN(rewrite(h, &node, &done, err));
        for (int32_t k = 0; k < node.n_in && !done; k++)
            if (cld_present(node.in[k]))
                CLD_RETURN(keep(h, node.in[k], err));
        if (!cld_graph_node(h->graph, &node))
            return cld_no_memory(err, node.name);
    }
    for (int32_t k = 0; k < h->graph->n_outputs; k++)
        CLD_RETURN(keep(h, h->graph->outputs[k], err));
    return CLADE_OK;
}

clade_status cld_pass_halve(cld_graph *graph, clade_error *err) {
    const cld_node *nodes = graph->nodes;
    const int32_t n_nodes = graph->n_nodes;
    const size_t n = (size_t)graph->n_values + 1;
    if (graph->storage != CLADE_FLOAT16)
        return CLADE_OK;
    halves h = { graph, cld_calloc(n, sizeof *h.twin), cld_calloc(n, sizeof *h.whole) };
    clade_status status = h.twin && h.whole ? CLADE_OK : cld_no_memory(err, "a static graph");
    for (size_t v = 0; v < n && status == CLADE_OK; v++) {
        h.twin[v] = CLD_ABSENT;
        h.whole[v] = true;
    }
    if (status == CLADE_OK) {
        graph->nodes = NULL;
        graph->n_nodes = graph->cap_nodes = 0;
        status = rebuild(&h, nodes, n_nodes, err);
    }
    cld_free(h.twin);
    cld_free(h.whole);
    return status;
}
