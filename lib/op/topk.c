/* SPDX-License-Identifier: Apache-2.0 */
/* TopK: the k largest (or smallest) elements along an axis and their indices, always in order, ties by index.
 *
 * Rows: counting the elements before each one for short lines, a merge sort of indices for the others (cl/topk.cl). */
#include "op/move.h"

#include <stdlib.h>

enum { VALUES, INDICES };
enum { SHORT_CPU = 128, SHORT_GPU = 2048 }; /* lines for which n comparisons an element beat a sort */

typedef struct lines {
    int32_t axis;
    int64_t count, n, inner, k;
    bool largest;
} lines;

static clade_status read_lines(cld_call *call, lines *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", -1), in->rank, &out->axis, err));
    out->k = cld_attr_int(call->node, "k", -1);
    if (cld_call_has(call, 1)) { /* since opset 10 */
        const clade_tensor *k = cld_call_value(call, 1);
        if (!k)
            return CLD_PENDING;
        if (clade_tensor_count(k) != 1)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "k is %s, not one number", CLD_TYPE_TEXT(&call->in[1]));
        out->k = cld_tensor_get_int(k, 0);
    }
    out->n = in->dims[out->axis];
    if (out->k < 0 || out->k > out->n)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "k is %lld, the axis has %lld entries", (long long)out->k,
                             (long long)out->n);
    out->inner = cld_type_span(in, out->axis + 1, in->rank);
    out->count = cld_type_span(in, 0, out->axis) * out->inner;
    out->largest = cld_attr_int(call->node, "largest", 1) != 0;
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    lines all;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_NUMBERS, err));
    CLD_RETURN(read_lines(call, &all, err));
    call->out[VALUES] = call->in[0];
    call->out[VALUES].dims[all.axis] = all.k;
    if (call->n_out > INDICES) {
        call->out[INDICES] = call->out[VALUES];
        call->out[INDICES].dtype = CLADE_INT64;
    }
    return CLADE_OK;
}

/* ---- on a device ------------------------------------------------------------------------------------------------- */

static void sizes(cld_steps *steps, cld_step *step, const lines *all, int64_t last) {
    cld_step_int(steps, step, (int32_t)all->count);
    cld_step_int(steps, step, (int32_t)all->n);
    cld_step_int(steps, step, (int32_t)all->inner);
    cld_step_int(steps, step, (int32_t)last);
}

static cld_step *begin(const cld_emit *emit, const char *entry, const lines *all, int64_t items) {
    cld_step *step = cld_step_kernel(emit->steps, "topk", entry);
    cld_step_define_dtype(emit->steps, step, "T", emit->call->in[0].dtype);
    cld_step_define(emit->steps, step, "REAL", "%d", cld_dtype_in(emit->call->in[0].dtype, CLD_FLOATS));
    cld_step_define(emit->steps, step, "LARGEST", "%d", all->largest);
    cld_step_size(step, (size_t)items, (size_t)all->count, 1,
                  CLD_MIN(CLD_MIN((size_t)items, 64), emit->caps->max_group), 1, 1);
    return step;
}

/* The outputs; one that is not used gets a scratch buffer, so that kernels need no case for it. */
static void outputs(const cld_emit *emit, cld_step *step, const lines *all) {
    static const size_t index_bytes = sizeof(int64_t);
    size_t count = (size_t)(all->count * all->k);
    clade_dtype dtype = emit->call->in[0].dtype;
    cld_buf values =
        emit->out[VALUES].i >= 0 ? emit->out[VALUES] : cld_step_scratch(emit->steps, count * clade_dtype_size(dtype));
    cld_buf indices =
        cld_call_wants(emit->call, INDICES) ? emit->out[INDICES] : cld_step_scratch(emit->steps, count * index_bytes);
    cld_step_out(emit->steps, step, values, dtype);
    cld_step_out(emit->steps, step, indices, CLADE_INT64);
}

static bool is_short(const cld_call *call, const cld_caps *caps) {
    cld_call again = *call;
    lines all;
    return read_lines(&again, &all, NULL) == CLADE_OK && all.n <= (caps->is_cpu ? SHORT_CPU : SHORT_GPU);
}

static clade_status emit_rank(const cld_emit *emit, clade_error *err) {
    cld_call again = *emit->call;
    lines all;
    CLD_RETURN(read_lines(&again, &all, err));
    if (all.count == 0 || all.k == 0)
        return CLADE_OK;
    cld_step *step = begin(emit, "topk_rank", &all, all.n);
    outputs(emit, step, &all);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    sizes(emit->steps, step, &all, all.k);
    return CLADE_OK;
}

static clade_status emit_merge(const cld_emit *emit, clade_error *err) {
    cld_steps *steps = emit->steps;
    clade_dtype dtype = emit->call->in[0].dtype;
    cld_call again = *emit->call;
    lines all;
    CLD_RETURN(read_lines(&again, &all, err));
    if (all.count == 0 || all.k == 0)
        return CLADE_OK;
    if (all.n > INT32_MAX / 4) /* the kernel counts to the end of two runs */
        return cld_call_fail(emit->call, err, CLADE_ERR_LIMIT, "lines of %lld elements", (long long)all.n);
    size_t bytes = (size_t)(all.count * all.n) * sizeof(int32_t);
    cld_buf order[2] = { cld_step_scratch(steps, bytes), cld_step_scratch(steps, bytes) };
    int64_t width = 1;
    int now = 0;
    do { /* at least once: the first pass writes the indices */
        cld_step *step = begin(emit, "topk_merge", &all, all.n);
        cld_step_out(steps, step, order[!now], CLADE_INT32);
        cld_step_in(steps, step, order[now], CLADE_INT32);
        cld_step_in(steps, step, emit->in[0], dtype);
        sizes(steps, step, &all, width);
        now = !now;
        width *= 2;
    } while (width < all.n);
    cld_step *step = begin(emit, "topk_take", &all, all.k);
    outputs(emit, step, &all);
    cld_step_in(steps, step, emit->in[0], dtype);
    cld_step_in(steps, step, order[now], CLADE_INT32);
    sizes(steps, step, &all, all.k);
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
    lines all;
    CLD_RETURN(read_lines(&again, &all, err));
    const clade_tensor *in = call->value[0];
    size_t size = clade_dtype_size(in->dtype);
    ranked *line = cld_arena_calloc(call->arena, (size_t)all.n, sizeof *line);
    if (!line)
        return cld_no_memory(err, "a line to sort");
    for (int64_t l = 0; l < all.count; l++) {
        int64_t outer = l / all.inner, rest = l % all.inner;
        for (int64_t i = 0; i < all.n; i++)
            line[i] = (ranked){ in, i, (outer * all.n + i) * all.inner + rest, all.largest };
        qsort(line, (size_t)all.n, sizeof *line, in_order);
        for (int64_t r = 0; r < all.k; r++) {
            int64_t to = (outer * all.k + r) * all.inner + rest;
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
    .impls = rows,
};
