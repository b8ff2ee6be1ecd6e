/* SPDX-License-Identifier: Apache-2.0 */
/* See samples.h. Inputs are written one after the other, as a letter for the type and dimensions, "f3x17":
 *
 *     f3x17       random and not known on the host       f2=1,0      a constant of these elements
 *     f3x17!      random and a constant                  i2:1,0      these elements, not known on the host
 *     i2~5        indices in [-5, 5)                     -           absent
 *
 * Attributes as "axis=1 mode=linear"; their kinds are the descriptor's.
 */
#include "op/samples.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct sample {
    const char *type, *in, *attributes;
    int32_t n_out;
} sample;

static const sample samples[] = {
    { "ArgMax", "f3x37", "axis=1", 1 },
    { "ArgMin", "f3x37", "axis=1", 1 },
    { "AveragePool", "f1x2x6x7", "kernel_shape=2,3", 1 },
    { "BatchNormalization", "f2x3x5 f3 f3 f3 f3:1,2,3", "", 1 },
    { "BitShift", "u3x17 u3x17", "direction=LEFT", 1 },
    { "BlackmanWindow", "i=7", "", 1 },
    { "Cast", "f3x17", "to=10", 1 },
    { "CastLike", "f3x17 h1", "", 1 },
    { "Clip", "f3x5 f f", "", 1 },
    { "Compress", "f5! b5=1,0,1,1,0", "", 1 },
    { "Concat", "f2x3 f2x5", "axis=1", 1 },
    { "ConstantOfShape", "i2=37,41", "", 1 },
    { "Conv", "f1x4x5x17 f6x2x3x3", "group=2", 1 },
    { "ConvInteger", "u1x2x5x7 u3x2x3x3", "", 1 },
    { "ConvTranspose", "f1x3x4x5 f3x2x3x3 f2", "", 1 },
    { "CumSum", "f3x37 i=1", "", 1 },
    { "DepthToSpace", "f1x8x2x3", "blocksize=2", 1 },
    { "DequantizeLinear", "u3x5 f=0.1 u=3", "", 1 },
    { "Det", "f2x3x3", "", 1 },
    { "Dropout", "f3x5", "", 1 },
    { "DynamicQuantizeLinear", "f3x5", "", 3 },
    { "Einsum", "f3x4 f4x5", "equation=ab,bc->ac", 1 },
    { "Expand", "f1x5 i2=3,5", "", 1 },
    { "EyeLike", "f5x7", "", 1 },
    { "Flatten", "f2x3x4", "", 1 },
    { "GRU", "f4x2x4 f1x39x4! f1x39x13!", "hidden_size=13", 2 },
    { "Gather", "f5x3 i2~5", "", 1 },
    { "GatherElements", "f4x3 i2x3~4", "", 1 },
    { "GatherND", "f4x3x5 i2x2~3", "", 1 },
    { "Gemm", "f3x4 f4x5! f5", "", 1 },
    { "Gelu", "f3x17", "", 1 },
    { "GlobalAveragePool", "f1x2x3x4", "", 1 },
    { "GlobalLpPool", "f1x2x3x4", "", 1 },
    { "GlobalMaxPool", "f1x2x3x4", "", 1 },
    { "GridSample", "f1x2x5x5 f1x3x3x2", "", 1 },
    { "GroupNormalization", "f2x4x17 f4 f4", "num_groups=2", 1 },
    { "HammingWindow", "i=7", "", 1 },
    { "HannWindow", "i=7", "", 1 },
    { "Hardmax", "f3x17", "", 1 },
    { "Identity", "f3", "", 1 },
    { "InstanceNormalization", "f2x3x17 f3 f3", "", 1 },
    { "LRN", "f1x5x3x3", "size=3", 1 },
    { "LSTM", "f4x2x4 f1x52x4! f1x52x13!", "hidden_size=13", 3 },
    { "LayerNormalization", "f3x37 f37 f37", "", 1 },
    { "LogSoftmax", "f3x37", "", 1 },
    { "LpNormalization", "f3x5", "", 1 },
    { "LpPool", "f1x2x6x7", "kernel_shape=2,3", 1 },
    { "MatMul", "f3x4 f4x5!", "", 1 },
    { "MatMulInteger", "u3x4 u4x5", "", 1 },
    { "MaxPool", "f1x2x6x7", "kernel_shape=2,3", 2 },
    { "MaxUnpool", "f1x1x2x2 i1x1x2x2:0,3,9,11", "kernel_shape=2,2 strides=2,2", 1 },
    { "Mean", "f3x5 f3x5", "", 1 },
    { "MeanVarianceNormalization", "f2x3x4x5", "", 1 },
    { "Mod", "f3x17 f3x17", "fmod=1", 1 },
    { "NegativeLogLikelihoodLoss", "f3x5 i3:0,2,4 f5", "", 1 },
    { "NonMaxSuppression", "f1x3x4! f1x1x3! i=2 f=0.5", "", 1 },
    { "NonZero", "f5!", "", 1 },
    { "OneHot", "i3~5 i=5 f2", "", 1 },
    { "Pad", "f3x5 i4=1,0,0,2", "", 1 },
    { "QLinearAdd", "u3x5 f=0.1 u=3 u3x5 f=0.2 u=2 f=0.3 u=5", "", 1 },
    { "QLinearConv", "u1x2x5x7 f=0.1 u=3 u3x2x3x3! f=0.2 u=2 f=0.3 u=5 j3", "", 1 },
    { "QLinearMatMul", "u3x4 f=0.1 u=3 u4x5 f5=0.2,0.1,0.3,0.2,0.1 u5=2,1,0,3,4 f=0.3 u=5", "", 1 },
    { "QuantizeLinear", "f3x5 f=0.1 u=3", "", 1 },
    { "RNN", "f4x2x4 f1x13x4! f1x13x13!", "hidden_size=13", 2 },
    { "Range", "i=0 i=7 i=2", "", 1 },
    { "Reshape", "f2x6 i2=3,4", "", 1 },
    { "Resize", "f1x1x3x5 - f4=1,1,2,2", "", 1 },
    { "ReverseSequence", "f4x3 i3:1,4,2", "", 1 },
    { "RoiAlign", "f2x2x5x5 f3x4 i3:0,1,1", "", 1 },
    { "Scatter", "f4x3 i2x3~4 f2x3", "", 1 },
    { "ScatterElements", "f4x3 i2x3~4 f2x3", "", 1 },
    { "ScatterND", "f4x3 i2x1~4 f2x3", "", 1 },
    { "Shape", "f2x3", "", 1 },
    { "Size", "f2x3", "", 1 },
    { "Slice", "f5x7 i1=1 i1=6 i1=1 i1=2", "", 1 },
    { "Softmax", "f3x37", "", 1 },
    { "SoftmaxCrossEntropyLoss", "f3x5 i3:0,2,4", "", 2 },
    { "SpaceToDepth", "f1x2x4x6", "blocksize=2", 1 },
    { "Split", "f2x7 i3=2,3,2", "axis=1", 3 },
    { "Squeeze", "f1x3 i1=0", "", 1 },
    { "Tile", "f2x3 i2=2,2", "", 1 },
    { "TopK", "f3x17 i1=4", "", 2 },
    { "Transpose", "f3x5", "", 1 },
    { "Trilu", "f5x7", "", 1 },
    { "Unique", "f6!", "", 4 },
    { "Unsqueeze", "f3 i1=0", "", 1 },
    { "Where", "b3x17 f3x17 f3x17", "", 1 },
    /* pointwise ones of other types than float32, and descriptors of older opsets, by their first version */
    { "And", "b3x17 b3x17", "", 1 },
    { "BitwiseAnd", "i3x17 i3x17", "", 1 },
    { "BitwiseNot", "i3x17", "", 1 },
    { "BitwiseOr", "i3x17 i3x17", "", 1 },
    { "BitwiseXor", "i3x17 i3x17", "", 1 },
    { "Clip@6", "f3x5", "min=-1 max=1", 1 },
    { "Not", "b3x17", "", 1 },
    { "Or", "b3x17 b3x17", "", 1 },
    { "Resize@10", "f1x1x3x5 f4=1,1,2,2", "", 1 },
    { "Upsample", "f1x1x3x5 f4=1,1,2,2", "", 1 },
    { "Xor", "b3x17 b3x17", "", 1 },
    /* for rows that need other shapes */
    { "ArgMax=columns", "f3x37x9", "axis=1", 1 },
    { "ArgMin=columns", "f3x37x9", "axis=1", 1 },
    { "Conv=convgemm", "f1x3x5x17 f6x3x3x3", "", 1 },
    { "Conv=winograd", "f1x3x5x17 f6x3x3x3", "", 1 },
    { "GRU=resident", "f4x2x4 f1x39x4! f1x39x13!", "hidden_size=13 linear_before_reset=1", 2 },
    { "LogSoftmax=columns", "f3x37x9", "axis=1", 1 },
    { "Reduce*=columns", "f3x37x9 i1=1", "", 1 },
    { "Reduce*=stages", "f9001x9 i1=0", "", 1 },
    { "Softmax=columns", "f3x37x9", "axis=1", 1 },
};

static const sample *named(const char *type) {
    for (size_t k = 0; k < CLD_COUNT(samples); k++)
        if (strcmp(samples[k].type, type) == 0)
            return &samples[k];
    return NULL;
}

static bool is_reduction(const cld_op *op) { return strncmp(op->name, "Reduce", 6) == 0; }

/* By operator and row, by descriptor, by operator. */
static const sample *find(const cld_op *op, const char *row) {
    char own[96];
    const sample *found = NULL;
    snprintf(own, sizeof own, "%s=%s", is_reduction(op) ? "Reduce*" : op->name, row ? row : "");
    if (row)
        found = named(own);
    snprintf(own, sizeof own, "%s@%d", op->name, (int)op->since);
    found = found ? found : named(own);
    return found ? found : named(op->name);
}

/* Of what is not there: the tables of pointwise operators and reductions. NULL: there is nothing. */
static const char *usual_input(const cld_op *op) {
    return is_reduction(op) ? "f3x5x37" : op->pointwise || op->until ? "f3x17" : NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static clade_dtype letter(char c) {
    static const struct {
        char letter;
        clade_dtype dtype;
    } types[] = { { 'f', CLADE_FLOAT32 }, { 'h', CLADE_FLOAT16 }, { 'i', CLADE_INT64 },
                  { 'j', CLADE_INT32 },   { 'u', CLADE_UINT8 },   { 'b', CLADE_BOOL } };
    for (size_t k = 0; k < CLD_COUNT(types); k++)
        if (types[k].letter == c)
            return types[k].dtype;
    ck_abort_msg("no type is '%c'", c);
}

static int32_t numbers(const char *text, double *out, int32_t most) {
    int32_t count = 0;
    char *end = (char *)text;
    do {
        ck_assert_int_lt(count, most);
        out[count++] = strtod(end, &end);
    } while (*end++ == ',');
    return count;
}

static void read_input(op_rig *rig, op_node *node, const char *token) {
    double values[16];
    cld_type type = { .dtype = letter(token[0]) };
    const char *at = token + 1;
    while (*at >= '0' && *at <= '9') {
        char *end;
        type.dims[type.rank++] = strtoll(at, &end, 10);
        at = *end == 'x' ? end + 1 : end;
    }
    if (*at == '=' || *at == ':') {
        numbers(at + 1, values, CLD_COUNT(values));
        op_in(node, op_given(rig, &type, values), *at == '=');
    } else if (*at == '~') {
        op_in(node, op_indices(rig, &type, strtoll(at + 1, NULL, 10)), false);
    } else {
        op_in(node, cld_dtype_in(type.dtype, CLD_FLOATS) ? op_reals(rig, &type, 2) : op_tensor(rig, &type), *at == '!');
    }
}

static void read_attribute(op_rig *rig, op_node *node, const cld_op *op, char *token) {
    cld_attr_rule rule;
    double values[8];
    char *value = strchr(token, '=');
    *value++ = '\0';
    for (const char *text = op->attrs; cld_attr_rule_next(&rule, &text);) {
        if (strcmp(rule.name, token) != 0)
            continue;
        const char *name = cld_arena_text(rig->graph->arena, token);
        const char *kept = cld_arena_text(rig->graph->arena, value);
        if (rule.kind == CLD_ATTR_STRING) {
            op_attr(rig, node, OP_TEXT(name, kept));
        } else if (rule.kind == CLD_ATTR_INT) {
            op_attr(rig, node, OP_INT(name, strtoll(value, NULL, 10)));
        } else if (rule.kind == CLD_ATTR_FLOAT) {
            op_attr(rig, node, OP_FLOAT(name, strtof(value, NULL)));
        } else {
            int64_t list[CLD_COUNT(values)];
            const int32_t count = numbers(value, values, CLD_COUNT(values));
            for (int32_t k = 0; k < count; k++)
                list[k] = (int64_t)values[k];
            op_attr(rig, node, OP_INTS(name, count, op_ints(rig, list, count)->data));
        }
        return;
    }
    ck_abort_msg("%s has no attribute '%s'", op->name, token);
}

op_node sample_read(op_rig *rig, const cld_op *op, const char *in, const char *attributes) {
    op_node node = { .type = op->name, .domain = op->domain, .n_out = 1 };
    char text[160], *rest = text, *token;
    node.opset = op->until ? op->until : cld_op_newest(op->domain);
    ck_assert_int_lt(snprintf(text, sizeof text, "%s", in), (int)sizeof text);
    while ((token = strtok_r(rest, " ", &rest)))
        if (*token == '-')
            op_in(&node, NULL, false);
        else
            read_input(rig, &node, token);
    ck_assert_int_lt(snprintf(text, sizeof text, "%s", attributes), (int)sizeof text);
    rest = text;
    while ((token = strtok_r(rest, " ", &rest)))
        read_attribute(rig, &node, op, token);
    return node;
}

op_node sample_of(op_rig *rig, const cld_op *op, const char *row) {
    const sample *s = find(op, row);
    op_node node = sample_read(rig, op, s ? s->in : "", s ? s->attributes : "");
    if (s) {
        node.n_out = s->n_out;
        return node;
    }
    ck_assert_msg(usual_input(op) != NULL, "%s has no sample in %s", op->name, __FILE__);
    for (int32_t k = 0; k < (op->max_in < 0 ? 2 : op->min_in); k++)
        read_input(rig, &node, usual_input(op));
    return node;
}

void sample_add(op_rig *rig, const cld_op *op, const char *row) {
    const clade_tensor *want[OP_INPUTS] = { NULL };
    const op_node node = sample_of(rig, op, row);
    op_on_host(rig, &node, want);
    op_add_want(rig, &node, want);
}

bool sample_path_at(const cld_op *op, int32_t k, sample_path *out) {
    int32_t count = 0;
    for (const cld_impl *row = op->impls; row && row->name; row++) {
        const cld_impl *inner = row->inner;
        do {
            ck_assert_int_lt(count, SAMPLE_PATHS);
            if (count++ != k)
                continue;
            *out = (sample_path){ .row = row, .inner = inner };
            snprintf(out->text, sizeof out->text, "%s%s%s", row->name, inner ? " > " : "", inner ? inner->name : "");
            return true;
        } while (inner && (++inner)->name);
    }
    return false;
}

void sample_add_path(op_rig *rig, const cld_op *op, const sample_path *path, cld_text *prefer) {
    sample_add(rig, op, path->row->name);
    cld_text_printf(prefer, "%s%s=%s", prefer->size ? "," : "", op->name, path->text);
}
