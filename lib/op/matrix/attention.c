/* SPDX-License-Identifier: Apache-2.0 */
/* See attention.h. The rows are those of cl/attention.cl. */
#include "op/matrix/attention.h"
#include "op/core/launch.h"

enum { RANK = CLD_ATTENTION_RANK, OPERANDS = CLD_ATTENTION_OPERANDS, LANES = 16 };
enum { OUT = 3 }; /* behind q, k, v among the axes */

typedef struct attention {
    clade_dtype dtype;
    int64_t batch, heads, queries, keys, columns, out_columns;
    int64_t stride[OPERANDS][RANK]; /* of q, k, v, output: batch, head, row, column */
    int64_t mask[RANK];
    bool masked;
} attention;

static const int64_t *axes_of(const cld_call *call, int32_t operand) {
    int32_t count;
    return cld_attr_ints(call->node, CLD_ATTENTION_AXES, &count) + operand * RANK;
}

/* An axis may be missing. */
static int64_t dim_of(const cld_type *type, int64_t axis) { return axis < 0 ? 1 : type->dims[axis]; }

static clade_status infer(cld_call *call, clade_error *err) {
    (void)err;
    const int64_t *q = axes_of(call, CLD_ATTENTION_Q), *v = axes_of(call, CLD_ATTENTION_V), *o = axes_of(call, OUT);
    cld_type *out = &call->out[0];
    *out = call->in[CLD_ATTENTION_Q];
    for (int32_t d = 0; d < RANK; d++)
        if (o[d] >= 0)
            out->dims[o[d]] =
                d == RANK - 1 ? call->in[CLD_ATTENTION_V].dims[v[d]] : call->in[CLD_ATTENTION_Q].dims[q[d]];
    return CLADE_OK;
}

static void set_strides(const cld_type *type, const int64_t *axes, int64_t *out) {
    int64_t own[CLADE_MAX_RANK];
    cld_strides(type, own);
    for (int32_t d = 0; d < RANK; d++)
        out[d] = axes[d] < 0 ? 0 : own[axes[d]];
}

static const void *read(const cld_emit *emit) {
    const cld_call *call = emit->call;
    attention *a = cld_arena_calloc(emit->steps->arena, 1, sizeof *a);
    if (!a)
        return NULL;
    const cld_type *q = &call->in[CLD_ATTENTION_Q], *k = &call->in[CLD_ATTENTION_K], *v = &call->in[CLD_ATTENTION_V];
    const int64_t *axes = axes_of(call, 0);
    a->dtype = q->dtype;
    a->batch = q->dims[axes[0]];
    a->heads = dim_of(q, axes[1]);
    a->queries = q->dims[axes[2]];
    a->keys = k->dims[axes[RANK + 2]];
    a->columns = q->dims[axes[3]];
    a->out_columns = v->dims[axes[2 * RANK + 3]];
    for (int32_t operand = 0; operand < OUT; operand++)
        set_strides(&call->in[operand], axes + operand * RANK, a->stride[operand]);
    set_strides(&call->out[0], axes + OUT * RANK, a->stride[OUT]);
    a->masked = cld_call_has(call, CLD_ATTENTION_MASK);
    if (a->masked) {
        const bool has_heads = axes[1] >= 0;
        const cld_type scores = { q->dtype,
                                  RANK - !has_heads,
                                  { a->batch, has_heads ? a->heads : a->queries, has_heads ? a->queries : a->keys,
                                    a->keys } };
        int64_t own[CLADE_MAX_RANK];
        cld_strides_broadcast(&call->in[CLD_ATTENTION_MASK], &scores, own);
        memcpy(a->mask, own, sizeof a->mask);
        if (!has_heads) { /* batch, queries, keys */
            memmove(a->mask + 2, own + 1, 2 * sizeof *own);
            a->mask[1] = 0;
        }
    }
    return a;
}

/* Sizes: batch, heads, queries, keys, columns, columns of the output. */
static void describe(const cld_call *call, cld_problem *out) {
    const attention *a = call->problem;
    *out = (cld_problem){ .kind = "attention", .dtype = a->dtype, .flags = a->masked };
    cld_problem_add(out, 6, (int64_t[]){ a->batch, a->heads, a->queries, a->keys, a->columns, a->out_columns });
}

static cld_step *begin(const cld_emit *emit, const char *entry) {
    const attention *a = emit->call->problem;
    cld_steps *steps = emit->steps;
    cld_step *step = cld_step_kernel(steps, "attention", entry);
    step->flops =
        2.0 * (double)(a->batch * a->heads) * (double)(a->queries * a->keys) * (double)(a->columns + a->out_columns);
    cld_step_define_dtype(steps, step, "T", a->dtype);
    cld_step_define(steps, step, "D", "%d", (int)a->columns);
    cld_step_define(steps, step, "DV", "%d", (int)a->out_columns);
    if (a->masked)
        cld_step_define(steps, step, "MASKED", "1");
    return step;
}

static void end(const cld_emit *emit, cld_step *step) {
    const attention *a = emit->call->problem;
    cld_steps *steps = emit->steps;
    cld_step_out(steps, step, emit->out[0], a->dtype);
    for (int32_t k = 0; k <= CLD_ATTENTION_MASK; k++)
        cld_step_in(steps, step, cld_emit_in(emit, k), a->dtype);
    cld_step_ints(steps, step, 3, (int64_t[]){ a->heads, a->queries, a->keys });
    for (int32_t operand = 0; operand < OPERANDS; operand++)
        cld_step_ints(steps, step, RANK, a->stride[operand]);
    cld_step_ints(steps, step, RANK, a->mask);
    cld_step_float(steps, step, cld_attr_float(emit->call->node, CLD_ATTENTION_SCALE, 1));
}

static bool is_nothing(const attention *a) { return a->batch * a->heads * a->queries * a->out_columns == 0; }

/* ---- tiles ----------------------------------------------------------------------------------------------------------
 */

enum { GROUP, QUERIES, KEYS };
static const cld_param params[] = { [GROUP] = { "group", { 16, 32, 64, 128, 256 } },
                                    [QUERIES] = { "queries", { 1, 2, 4 } }, /* of an item */
                                    [KEYS] = { "keys", { 16, 32, 64 } },    /* in local memory at a time */
                                    { 0 } };

static int64_t rows_of(const int32_t *value) { return value[GROUP] / LANES * value[QUERIES]; }

static size_t local_bytes(int64_t columns, int64_t out_columns, const int32_t *value) {
    const int64_t quads = cld_parts(columns, 4), rows = rows_of(value), keys = value[KEYS];
    return (size_t)(rows * quads * 4 + keys * (quads | 1) * 4 + keys * cld_parts(out_columns, LANES) * LANES +
                    rows * (keys + 1) + rows * LANES) *
           sizeof(float);
}

static bool fits(const cld_caps *caps, int64_t columns, int64_t out_columns, const int32_t *value) {
    return value[GROUP] >= LANES && value[GROUP] % LANES == 0 && (size_t)value[GROUP] <= caps->max_group &&
           (size_t)value[GROUP] <= caps->max_group_dim[0] && value[QUERIES] <= 4 && value[KEYS] % LANES == 0 &&
           value[KEYS] <= 64 && local_bytes(columns, out_columns, value) <= caps->local_bytes;
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const attention *a = call->problem;
    return fits(caps, a->columns, a->out_columns, value);
}

/* Few rows a group where there are few groups, or little local memory. */
static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    static const int32_t sets[][CLD_MAX_PARAMS] = { { 128, 4, 32 }, { 128, 2, 32 }, { 128, 1, 32 }, { 64, 1, 32 },
                                                    { 64, 1, 16 },  { 32, 1, 16 },  { 16, 1, 16 } };
    const attention *a = call->problem;
    size_t k = 0;
    for (; k + 1 < CLD_COUNT(sets); k++) {
        const int64_t groups = a->batch * a->heads * cld_parts(a->queries, rows_of(sets[k]));
        const bool enough = groups >= (int64_t)caps->compute_units || sets[k][QUERIES] == 1;
        if (enough && valid(call, caps, sets[k]))
            break;
    }
    memcpy(value, sets[k], sizeof sets[k]);
}

static const cld_space space = { params, usual, valid };

bool cld_attention_suits(const cld_caps *caps) {
    return !caps->is_cpu && fits(caps, CLD_ATTENTION_MOST, CLD_ATTENTION_MOST, (int32_t[]){ LANES, 1, LANES });
}

static bool applicable(const cld_call *call, const cld_caps *caps) {
    const attention *a = call->problem;
    return a->columns <= CLD_ATTENTION_MOST && a->out_columns <= CLD_ATTENTION_MOST &&
           fits(caps, a->columns, a->out_columns, (int32_t[]){ LANES, 1, LANES });
}

static clade_status emit_online(const cld_emit *emit, clade_error *err) {
    const attention *a = emit->call->problem;
    const int32_t *value = emit->value;
    (void)err;
    if (is_nothing(a))
        return CLADE_OK;
    cld_step *step = begin(emit, "online");
    cld_step_define(emit->steps, step, "G", "%d", (int)value[GROUP]);
    cld_step_define(emit->steps, step, "QUERIES", "%d", (int)value[QUERIES]);
    cld_step_define(emit->steps, step, "KEYS", "%d", (int)value[KEYS]);
    cld_step_define(emit->steps, step, "K_BY_COLUMN", "%d", a->stride[CLD_ATTENTION_K][2] == 1);
    end(emit, step);
    cld_step_size(step, (size_t)(cld_parts(a->queries, rows_of(value)) * value[GROUP]), (size_t)(a->batch * a->heads),
                  1, (size_t)value[GROUP], 1, 1);
    return CLADE_OK;
}

static clade_status emit_each(const cld_emit *emit, clade_error *err) {
    const attention *a = emit->call->problem;
    (void)err;
    if (is_nothing(a))
        return CLADE_OK;
    cld_step *step = begin(emit, "each");
    end(emit, step);
    cld_step_grid(step, emit->caps, a->queries, a->batch * a->heads, 1);
    return CLADE_OK;
}

static const cld_impl impls[] = {
    { .name = "online", .needs = CLD_NO_CPU, .applicable = applicable, .emit = emit_online, .space = &space },
    { .name = "each", .emit = emit_each },
    { 0 }
};

const cld_op cld_op_Attention = {
    .domain = CLD_INTERNAL,
    .name = "Attention",
    .doc = "softmax(scale q k^T + mask) v for each batch and head, the scores not in memory",
    .since = 1,
    .min_in = CLD_ATTENTION_MASK,
    .max_in = CLD_ATTENTION_MASK + 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .read = read,
    .describe = describe,
    .impls = impls,
};
