/* SPDX-License-Identifier: Apache-2.0 */
/* TopK: the k largest (or smallest) elements along an axis and their indices, always in order, ties by index.
 *
 * Rows: counting the elements before each one for short lines, a merge sort of indices for the others (cl/topk.cl). */
#include "op/lines.h"

#include <stdlib.h>

enum { VALUES, INDICES };
enum { SHORT_CPU = 128, SHORT_GPU = 2048 }; /* lines for which n comparisons an element beat a sort */

typedef struct selection {
    cld_lines lines;
    int32_t axis;
    int64_t k;
    bool largest;
} selection;

static clade_status read_selection(cld_call *call, void *problem, clade_error *err) {
    selection *out = problem;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), call->in[0].rank, &out->axis, err));
    out->lines = cld_lines_along(NULL, &call->in[0], out->axis);
    out->largest = cld_attr_int(call->node, "largest", 1) != 0;
    out->k = cld_attr_int(call->node, "k", -1);
    if (cld_call_has(call, 1)) { /* since opset 10 */
        const clade_tensor *k = cld_call_value(call, 1);
        if (!k)
            return CLD_PENDING;
        if (clade_tensor_count(k) != 1)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "k is %s, not one number", CLD_TYPE_TEXT(&call->in[1]));
        out->k = cld_tensor_get_int(k, 0);
    }
    if (out->k < 0 || out->k > out->lines.n)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "k is %lld, the axis has %lld entries", (long long)out->k,
                             (long long)out->lines.n);
    return CLADE_OK;
}

static const void *read(const cld_emit *emit) { return cld_lines_read(emit, sizeof(selection), read_selection); }

static void describe(const cld_call *call, cld_problem *out) {
    cld_lines_describe(call, out);
    cld_problem_add(out, 1, &((const selection *)call->problem)->k);
}

static clade_status infer(cld_call *call, clade_error *err) {
    selection of;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(read_selection(call, &of, err));
    call->out[VALUES] = call->in[0];
    call->out[VALUES].dims[of.axis] = of.k;
    if (call->n_out > INDICES) {
        call->out[INDICES] = call->out[VALUES];
        call->out[INDICES].dtype = CLADE_INT64;
    }
    return CLADE_OK;
}

/* ---- on a device ------------------------------------------------------------------------------------------------- */

static cld_step *begin(const cld_emit *emit, const char *entry, int64_t items) {
    const selection *of = emit->call->problem;
    cld_step *step = cld_step_kernel(emit->steps, "topk", entry);
    cld_step_define_dtype(emit->steps, step, "T", emit->call->in[0].dtype);
    cld_step_define(emit->steps, step, "REAL", "%d", cld_dtype_in(emit->call->in[0].dtype, CLD_FLOATS));
    cld_step_define(emit->steps, step, "LARGEST", "%d", of->largest);
    cld_step_size(step, (size_t)items, (size_t)of->lines.count, 1,
                  CLD_MIN(CLD_MIN((size_t)items, 64), emit->caps->max_group), 1, 1);
    return step;
}

/* The last arguments: lines, and what else the kernel counts to. */
static void sizes(const cld_emit *emit, cld_step *step, int64_t last) {
    cld_step_lines(emit, step);
    cld_step_int(emit->steps, step, (int32_t)last);
}

/* The outputs; indices that are not used get a scratch buffer, so that kernels need no case for them. */
static void outputs(const cld_emit *emit, cld_step *step) {
    const selection *of = emit->call->problem;
    size_t bytes = (size_t)(of->lines.count * of->k) * sizeof(int64_t);
    bool wanted = cld_call_wants(emit->call, INDICES);
    cld_step_out(emit->steps, step, emit->out[VALUES], emit->call->in[0].dtype);
    cld_step_out(emit->steps, step, wanted ? emit->out[INDICES] : cld_step_scratch(emit->steps, bytes), CLADE_INT64);
}

static bool is_short(const cld_call *call, const cld_caps *caps) {
    return ((const cld_lines *)call->problem)->n <= (caps->is_cpu ? SHORT_CPU : SHORT_GPU);
}

static clade_status emit_rank(const cld_emit *emit, clade_error *err) {
    const selection *of = emit->call->problem;
    (void)err;
    if (of->lines.count == 0 || of->k == 0)
        return CLADE_OK;
    cld_step *step = begin(emit, "topk_rank", of->lines.n);
    outputs(emit, step);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    sizes(emit, step, of->k);
    return CLADE_OK;
}

/* Sorts the indices of each line. Returns where they are. */
static cld_buf sort(const cld_emit *emit, const selection *of) {
    cld_steps *steps = emit->steps;
    size_t bytes = (size_t)(of->lines.count * of->lines.n) * sizeof(int32_t);
    cld_buf order[2] = { cld_step_scratch(steps, bytes), cld_step_scratch(steps, bytes) };
    int64_t width = 1;
    int now = 0;
    do { /* at least once: the first pass writes the indices */
        cld_step *step = begin(emit, "topk_merge", of->lines.n);
        cld_step_out(steps, step, order[!now], CLADE_INT32);
        cld_step_in(steps, step, order[now], CLADE_INT32);
        cld_step_in(steps, step, emit->in[0], emit->call->in[0].dtype);
        sizes(emit, step, width);
        now = !now;
        width *= 2;
    } while (width < of->lines.n);
    return order[now];
}

static clade_status emit_merge(const cld_emit *emit, clade_error *err) {
    const selection *of = emit->call->problem;
    if (of->lines.count == 0 || of->k == 0)
        return CLADE_OK;
    if (of->lines.n > INT32_MAX / 4) /* the kernel counts to the end of two runs */
        return cld_call_fail(emit->call, err, CLADE_ERR_LIMIT, "lines of %lld elements", (long long)of->lines.n);
    cld_buf sorted = sort(emit, of);
    cld_step *step = begin(emit, "topk_take", of->k);
    outputs(emit, step);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    cld_step_in(emit->steps, step, sorted, CLADE_INT32);
    sizes(emit, step, of->k);
    return CLADE_OK;
}

/* ---- on the host ------------------------------------------------------------------------------------------------- */

typedef struct ranked {
    const clade_tensor *in;
    int64_t i, at; /* its place in the line, in the tensor */
    bool largest;
} ranked;

/* Order of two elements, of which one must not be NaN for floats: < 0 when a is the larger. */
static int larger_first(const clade_tensor *in, int64_t a, int64_t b) {
    if (cld_dtype_in(in->dtype, CLD_FLOATS)) {
        double x = cld_tensor_get(in, a), y = cld_tensor_get(in, b);
        return x != x || y != y ? (y != y) - (x != x) : (x < y) - (x > y);
    }
    int64_t x = cld_tensor_get_int(in, a), y = cld_tensor_get_int(in, b);
    return in->dtype == CLADE_UINT64 ? ((uint64_t)x < (uint64_t)y) - ((uint64_t)x > (uint64_t)y) : (x < y) - (x > y);
}

static int in_order(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    int order = larger_first(a->in, a->at, b->at);
    if (order != 0)
        return a->largest ? order : -order;
    return (a->i > b->i) - (a->i < b->i);
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    selection of;
    CLD_RETURN(read_selection(&again, &of, err));
    const int64_t n = of.lines.n, inner = of.lines.inner;
    const clade_tensor *in = call->value[0];
    size_t size = clade_dtype_size(in->dtype);
    ranked *line = cld_arena_calloc(call->arena, (size_t)n, sizeof *line);
    if (!line)
        return cld_no_memory(err, "a line to sort");
    for (int64_t l = 0; l < of.lines.count; l++) {
        for (int64_t i = 0; i < n; i++)
            line[i] = (ranked){ in, i, cld_line_place(l, n, inner, i), of.largest };
        qsort(line, (size_t)n, sizeof *line, in_order);
        for (int64_t r = 0; r < of.k; r++) {
            int64_t to = cld_line_place(l, of.k, inner, r);
            memcpy((char *)out[VALUES]->data + (size_t)to * size, (const char *)in->data + (size_t)line[r].at * size,
                   size);
            if (call->n_out > INDICES)
                cld_tensor_set_int(out[INDICES], to, line[r].i);
        }
    }
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "rank", .applicable = is_short, .emit = emit_rank },
                                 { .name = "merge", .emit = emit_merge },
                                 { 0 } };

const cld_op cld_op_TopK = {
    .domain = "",
    .name = "TopK",
    .doc = "the k largest or smallest elements along axis, in order, and their indices",
    .since = 1,
    .attrs = "axis:int k:int@1-9 largest:int@11 sorted:int@11",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .eval = eval,
    .read = read,
    .describe = describe,
    .impls = rows,
};
