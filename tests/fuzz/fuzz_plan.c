/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness: bytes -> static graph of up to eight nodes -> passes -> plans. The bytes choose operators, opsets,
 * attributes, types, shapes and what is constant, so that most runs get past `infer` and meet `applicable` and `emit`.
 * In: any bytes; a byte that is not there reads as 0. planned.c says what must hold of the plans.
 */
#include "planned.h"

#include <stdlib.h>

enum { MAX_NODES = 8, MAX_ATTRS = 8, MAX_IN = 8, MAX_OUT = 4, MAX_VALUES = 64, MAX_CONSTANT = 64 };

static const struct {
    const char *type, *attributes;
} table[] = {
#define OP(type, attributes) { type, attributes },
#include "attributes.def"
#undef OP
};

typedef struct reader {
    const uint8_t *at, *end;
    cld_graph *graph;
    cld_value_id values[MAX_VALUES]; /* made so far: any node may read them */
    int32_t n_values;
} reader;

static unsigned draw(reader *in, unsigned below) { return in->at < in->end ? *in->at++ % below : 0; }

/* Mostly small; sometimes where sizes stop fitting. */
static int64_t number(reader *in) {
    static const int64_t odd[] = { INT64_MIN,
                                   INT64_MAX,
                                   INT64_C(1) << 62,
                                   INT64_C(1) << 32,
                                   INT64_C(1) << 31,
                                   INT32_MAX,
                                   INT32_MIN,
                                   65536,
                                   100003,
                                   1000,
                                   257,
                                   64,
                                   -9,
                                   127,
                                   -128,
                                   16 };
    const unsigned byte = draw(in, 256);
    return byte < 240 ? (int64_t)(byte % 12) - 2 : odd[byte - 240];
}

static int64_t dimension(reader *in) {
    static const int64_t odd[] = { 0,
                                   7,
                                   16,
                                   17,
                                   31,
                                   64,
                                   65,
                                   100,
                                   257,
                                   1000,
                                   4096,
                                   65537,
                                   1 << 20,
                                   INT32_MAX,
                                   (int64_t)INT32_MAX + 1,
                                   INT64_C(1) << 40 };
    const unsigned byte = draw(in, 256);
    return byte < 208 ? (int64_t)(byte % 5) + (byte < 5 ? 0 : byte % 5 == 0) : odd[byte % 16];
}

/* ---- values --------------------------------------------------------------------------------------------------------
 */

static cld_type draw_type(reader *in) {
    const unsigned byte = draw(in, 32);
    cld_type type = { .dtype = byte < 16   ? CLADE_FLOAT32
                               : byte < 22 ? CLADE_INT64
                                           : (clade_dtype)draw(in, 18),
                      .rank = (int32_t)draw(in, 6) };
    if (clade_dtype_size(type.dtype) == 0)
        type.dtype = CLADE_FLOAT32;
    for (int32_t d = 0; d < type.rank; d++)
        type.dims[d] = dimension(in);
    return type;
}

static cld_value_id constant(reader *in, const cld_type *type) {
    clade_tensor *tensor = cld_tensor_new(in->graph->arena, type);
    const int64_t count = tensor ? clade_tensor_count(tensor) : 0;
    for (int64_t i = 0; i < count && in->at < in->end; i++) {
        if (type->dtype == CLADE_FLOAT32 || type->dtype == CLADE_FLOAT64 || type->dtype == CLADE_BOOL)
            cld_tensor_set(tensor, i, (double)(int8_t)draw(in, 256) / 4);
        else
            cld_tensor_set_int(tensor, i, number(in));
    }
    return tensor ? cld_graph_constant(in->graph, NULL, tensor) : CLD_ABSENT;
}

/* A new input or constant of the graph; absent when its type is none. */
static cld_value_id fresh(reader *in) {
    clade_error err;
    cld_type type = draw_type(in);
    const unsigned how = draw(in, 8);
    if (in->n_values > 0 && how % 2) { /* of the type of another, or of its dtype */
        const cld_type *like = &cld_graph_at(in->graph, in->values[draw(in, (unsigned)in->n_values)])->type;
        if (how > 3)
            type = *like;
        else
            type.dtype = like->dtype;
    }
    if (cld_type_check(&type, "a value", &err) != CLADE_OK)
        return CLD_ABSENT;
    if ((type.rank > 1 ? how == 0 : how < 4) && cld_type_count(&type) <= MAX_CONSTANT)
        return constant(in, &type);
    return cld_graph_input(in->graph, NULL, &type);
}

static void remember(reader *in, cld_value_id value) {
    if (!cld_present(value) || in->n_values == MAX_VALUES)
        return;
    const clade_tensor *folded = cld_graph_at(in->graph, value)->constant;
    if (!folded || clade_tensor_count(folded) <= 4 * MAX_CONSTANT) /* larger ones only cost time */
        in->values[in->n_values++] = value;
}

static cld_value_id operand(reader *in) {
    const unsigned how = draw(in, 8);
    if (how == 7)
        return CLD_ABSENT;
    if (how < 3 && in->n_values > 0)
        return in->values[in->n_values - 1 - (int32_t)draw(in, (unsigned)in->n_values)];
    const cld_value_id made = fresh(in);
    remember(in, made);
    return made;
}

/* ---- attributes ----------------------------------------------------------------------------------------------------
 */

static const char *copy(reader *in, const char *from, size_t size) {
    return cld_arena_printf(in->graph->arena, "%.*s", (int)size, from);
}

/* "a|b|c": one of them. */
static const char *one_of(reader *in, const char *list, size_t size) {
    unsigned skip = draw(in, 8);
    size_t length = strcspn(list, "| ");
    while (skip-- && length < size && list[length] == '|') {
        list += length + 1;
        size -= length + 1;
        length = strcspn(list, "| ");
    }
    return copy(in, list, length);
}

static void draw_attr(reader *in, cld_attr *attr, const char *spec, size_t size) {
    int64_t *ints = cld_arena_calloc(in->graph->arena, 8, sizeof *ints);
    float *floats = cld_arena_calloc(in->graph->arena, 8, sizeof *floats);
    const size_t name = strcspn(spec, "= ");
    if (name < size) { /* NAME=a|b|c */
        *attr = (cld_attr){ .name = copy(in, spec, name), .kind = CLD_ATTR_STRING };
        attr->u.s = one_of(in, spec + name + 1, size - name - 1);
        return;
    }
    *attr = (cld_attr){ .name = copy(in, spec + 2, size - 2), .count = (int32_t)draw(in, 7) };
    for (int32_t k = 0; k < 7; k++) {
        ints[k] = k == 0 || k < attr->count ? number(in) : 0;
        floats[k] = (float)ints[k] / 4;
    }
    attr->kind = spec[0] == 'i'   ? CLD_ATTR_INT
                 : spec[0] == 'f' ? CLD_ATTR_FLOAT
                 : spec[0] == 'I' ? CLD_ATTR_INTS
                                  : CLD_ATTR_FLOATS;
    if (attr->kind == CLD_ATTR_INT)
        attr->u.i = ints[0];
    else if (attr->kind == CLD_ATTR_FLOAT)
        attr->u.f = floats[0];
    else if (attr->kind == CLD_ATTR_INTS)
        attr->u.ints = ints;
    else
        attr->u.floats = floats;
}

/* Each of the operator's attributes, or not. */
static void draw_attrs(reader *in, cld_node *node, cld_attr *attrs) {
    const char *spec = "";
    for (size_t k = 0; k < CLD_COUNT(table); k++)
        if (strcmp(table[k].type, node->type) == 0)
            spec = table[k].attributes;
    while (*spec && node->n_attr < MAX_ATTRS) {
        const size_t size = strcspn(spec, " ");
        if (draw(in, 3) == 1)
            draw_attr(in, &attrs[node->n_attr++], spec, size);
        spec += size + (spec[size] == ' ');
    }
    node->attr = attrs;
}

/* ---- nodes ---------------------------------------------------------------------------------------------------------
 */

/* A row among `rows`, with some of its parameters, good values or not; NULL: there is none. */
static const cld_impl *draw_row(reader *in, const cld_impl *rows, cld_text *out) {
    int count = 0, params = 0;
    while (rows && rows[count].name)
        count++;
    if (count == 0)
        return NULL;
    const cld_impl *row = &rows[draw(in, (unsigned)count)];
    cld_text_add(out, row->name);
    for (const cld_param *param = row->space ? row->space->params : NULL; param && param->name; param++)
        if (draw(in, 4) == 0)
            cld_text_printf(out, "%s%s %d", params++ ? ", " : "(", param->name,
                            draw(in, 2) ? param->values[draw(in, 2)] : 1 + (int)draw(in, 256) * (int)draw(in, 256));
    cld_text_add(out, params ? ")" : "");
    return row;
}

/* "Op=row(name value) > row" */
static const char *draw_choice(reader *in, const cld_op *op) {
    cld_text text = { 0 };
    cld_text_printf(&text, "%s=", op->name);
    for (const cld_impl *row = draw_row(in, op->impls, &text); row && row->inner; row = draw_row(in, row->inner, &text))
        cld_text_add(&text, " > ");
    clade_error err = { CLADE_OK, "" };
    if (cld_wish_check(text.data, &err) != CLADE_OK) /* it names what there is */
        abort();
    return cld_text_take(&text, in->graph->arena);
}

/* One more node; false when it was refused, which ends the graph. */
static bool add_node(reader *in, const char **prefer) {
    int32_t n_ops;
    const cld_op *const *ops = cld_op_all(&n_ops);
    const cld_op *op = ops[draw(in, 256) % (unsigned)n_ops];
    cld_attr attrs[MAX_ATTRS];
    cld_value_id ins[MAX_IN], outs[MAX_OUT];
    clade_error err = { CLADE_OK, "" };
    cld_build build = { .graph = in->graph, .node = "fuzz", .whole = true };
    const int most_in = op->max_in < 0 || op->max_in > MAX_IN ? MAX_IN : op->max_in;
    const int most_out = op->max_out < 0 || op->max_out > MAX_OUT ? MAX_OUT : op->max_out;
    if (op->control != CLD_CONTROL_NONE || op->domain[0] == 'c')
        return false;
    cld_node node = { .name = "fuzz", .domain = op->domain, .type = op->name, .op = op, .in = ins, .out = outs };
    node.opset = op->until ? op->until : CLD_MAX(op->since, 18 + (int)draw(in, 4));
    node.n_in = CLD_MIN(op->min_in + (int)draw(in, 4), most_in);
    node.n_out = CLD_MIN(op->min_out + (int)draw(in, 2), most_out);
    draw_attrs(in, &node, attrs);
    for (int32_t k = 0; k < node.n_in; k++)
        ins[k] = operand(in);
    for (int32_t k = 0; k < node.n_out; k++)
        outs[k] = draw(in, 8) == 7 ? CLD_ABSENT : (cld_value_id){ 0 };
    if (op->impls && draw(in, 2))
        *prefer = draw_choice(in, op);
    const clade_status status = cld_build_node(&build, &node, ins, node.n_in, outs, node.n_out, &err);
    if (status != CLD_PENDING)
        check_refusal(status, &err);
    for (int32_t k = 0; k < node.n_out && status == CLADE_OK; k++)
        remember(in, outs[k]);
    return status == CLADE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    reader in = { .at = data, .end = data + size_bytes, .graph = cld_graph_new(NULL, "fuzz") };
    const char *prefer = NULL;
    const unsigned choice = draw(&in, 256);
    int32_t n_nodes = 0;
    while (n_nodes < MAX_NODES && in.at < in.end && add_node(&in, &prefer))
        n_nodes++;
    for (int32_t v = 0; v < in.n_values; v++)
        if (v + 1 == in.n_values || choice & 64)
            (void)cld_graph_output(in.graph, in.values[v]);
    plan_for_all(in.graph, choice, prefer);
    cld_graph_free(in.graph);
    return 0;
}
