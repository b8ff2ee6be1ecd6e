/* SPDX-License-Identifier: Apache-2.0 */
/* Epilogues as kernel text: the body's nodes become statements over scalars or vectors alike, its operands loads. */
#include "op/map/epilogue.h"

#include "op/map/pointwise.h"

/* The dimensions of the result that the operand has, but for those of size 1 at both ends, are [*begin, *end). false:
 * it broadcasts within them. */
static bool one_run(const cld_type *operand, const cld_type *result, int32_t *begin, int32_t *end) {
    const int32_t lead = result->rank - operand->rank;
    *begin = *end = result->rank;
    for (int32_t d = result->rank - 1; d >= CLD_MAX(lead, 0); d--)
        if (operand->dims[d - lead] != 1) {
            *end = *begin == result->rank ? d + 1 : *end;
            *begin = d;
        }
    for (int32_t d = *begin; d < *end; d++)
        if (operand->dims[d - lead] != result->dims[d])
            return false;
    return lead >= 0;
}

bool cld_epilogue_run(const cld_op *op, const cld_type *operand, const cld_type *result, cld_run *out) {
    const int32_t axis = op->epilogue < 0 ? result->rank - 1 : op->epilogue;
    int32_t begin, end;
    if (!one_run(operand, result, &begin, &end))
        return false;
    *out = (cld_run){ cld_type_span(result, end, result->rank), cld_type_span(result, begin, end) };
    const bool before = end <= axis, over = begin <= axis && end == result->rank;
    return before || over || begin == end;
}

static const cld_graph *body_of(const cld_call *call) {
    const cld_attr *attr = cld_attr_find(call->node, CLD_EPILOGUE, CLD_ATTR_GRAPH);
    return attr ? attr->u.graph : NULL;
}

bool cld_epilogue_has(const cld_call *call) { return body_of(call) != NULL; }

typedef struct writer {
    const cld_emit *emit;
    const cld_graph *body;
    const char **name; /* [n_values of the body] */
    cld_text params, args, end;
} writer;

/* Operand k is read where it lies beside the element, or the vector of elements, which never cross a row. */
static void write_operand(writer *w, cld_step *step, int32_t k) {
    const cld_call *call = w->emit->call;
    const int32_t in = call->node->op->max_in + k;
    cld_steps *steps = w->emit->steps;
    cld_run run = { 1, 1 };
    cld_epilogue_run(call->node->op, &call->in[in], &call->out[0], &run); /* the pass saw that it does */
    cld_step_in(steps, step, w->emit->in[in], CLADE_FLOAT32);
    cld_text_printf(&w->params, ", const __global float *p%d, ulong p%d_off", k, k);
    cld_text_printf(&w->args, ", p%d, p%d_off", k, k);
    if (run.inner == 1 && run.count == cld_type_count(&call->out[0])) {
        cld_text_printf(&w->end, "const V e%d = GET(p%d + p%d_off + e); ", k, k, k);
        return;
    }
    cld_text_printf(&w->params, ", int p%d_inner, int p%d_count", k, k);
    cld_text_printf(&w->args, ", p%d_inner, p%d_count", k, k);
    cld_step_ints(steps, step, 2, (int64_t[]){ run.inner, run.count });
    cld_text_printf(&w->end,
                    run.inner == 1 && run.count > 1 ? "const V e%d = GET(p%d + p%d_off + e %% p%d_count); "
                                                    : "const V e%d = (V)(p%d[p%d_off + e / p%d_inner %% p%d_count]); ",
                    k, k, k, k, k);
}

static void write_node(writer *w, const cld_node *node) {
    const cld_graph *body = w->body;
    cld_arena *arena = w->emit->steps->arena;
    const char *operands[CLD_MAP_INPUTS] = { NULL };
    cld_call call;
    const cld_value_id out = node->out[0];
    if (node->n_in > CLD_MAP_INPUTS ||
        cld_call_make(&call, body, arena, node, node->in, node->n_in, 1, NULL) != CLADE_OK) {
        w->emit->steps->failed = true;
        return;
    }
    call.out[0] = cld_graph_at(body, out)->type;
    for (int32_t k = 0; k < node->n_in; k++)
        operands[k] = cld_present(node->in[k]) ? w->name[node->in[k].i] : NULL;
    const char *text = node->op->pointwise(&call, operands);
    w->name[out.i] = cld_arena_printf(arena, "t%d", (int)out.i);
    w->emit->steps->failed |= !text || !w->name[out.i];
    cld_text_printf(&w->end, "const V t%d = %s; ", (int)out.i, text ? text : "");
}

static void define(const writer *w, cld_step *step, const char *name, cld_text *text) {
    w->emit->steps->failed |= text->failed;
    cld_step_define(w->emit->steps, step, name, "%s", text->data ? text->data : "");
    cld_text_free(text);
}

void cld_epilogue_write(const cld_emit *emit, cld_step *step, int64_t base) {
    cld_arena *arena = emit->steps->arena;
    writer w = { .emit = emit, .body = body_of(emit->call) };
    if (!w.body)
        return;
    w.name = cld_arena_calloc(arena, (size_t)w.body->n_values + 1, sizeof *w.name);
    if (!w.name) {
        emit->steps->failed = true;
        return;
    }
    cld_text_add(&w.params, ", int end_base");
    cld_text_add(&w.args, ", end_base");
    cld_text_add(&w.end, "e += end_base; ");
    cld_step_int(emit->steps, step, (int32_t)base);
    w.name[w.body->inputs[0].i] = "x";
    for (int32_t k = 0; k + 1 < w.body->n_inputs; k++) {
        w.name[w.body->inputs[k + 1].i] = cld_arena_printf(arena, "e%d", (int)k);
        write_operand(&w, step, k);
    }
    for (int32_t v = 0; v < w.body->n_values; v++)
        if (w.body->values[v].constant) {
            const double value = cld_tensor_get(w.body->values[v].constant, 0);
            w.name[v] = cld_arena_printf(arena, "(V)(%s)", cld_pointwise_literal(arena, CLADE_FLOAT32, value));
        }
    for (int32_t n = 0; n < w.body->n_nodes; n++)
        write_node(&w, &w.body->nodes[n]);
    const char *result = w.name[w.body->outputs[0].i];
    cld_text_printf(&w.end, "return %s;", result ? result : "x");
    define(&w, step, "END_PARAMS", &w.params);
    define(&w, step, "END_ARGS", &w.args);
    define(&w, step, "END(V, GET)", &w.end);
}
