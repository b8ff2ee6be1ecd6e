/* SPDX-License-Identifier: Apache-2.0 */
/* Unique: the different elements, or slices along an axis. How many there are is data, so it runs on the host. */
#include "op/core/op.h"

#include <stdlib.h>

/* The entries to compare: `count` of them, each `outer` x `inner` elements of a tensor seen as [outer, count, inner].
 */
typedef struct entries {
    const clade_tensor *in;
    int64_t outer, count, inner;
    int32_t axis; /* -1: flattened */
} entries;

typedef struct entry {
    const entries *all;
    int64_t i;     /* its place */
    int64_t group; /* after grouping */
} entry;

static int compare_elements(const clade_tensor *in, int64_t a, int64_t b) {
    if (cld_dtype_in(in->dtype, CLD_FLOATS)) { /* NaN is the largest and equal to itself, so that this is an order */
        double x = cld_tensor_get(in, a), y = cld_tensor_get(in, b);
        return x != x || y != y ? (x != x) - (y != y) : (x > y) - (x < y);
    }
    int64_t x = cld_tensor_get_int(in, a), y = cld_tensor_get_int(in, b);
    return in->dtype == CLADE_UINT64 ? ((uint64_t)x > (uint64_t)y) - ((uint64_t)x < (uint64_t)y) : (x > y) - (x < y);
}

static int compare_values(const entry *a, const entry *b) {
    const entries *all = a->all;
    for (int64_t o = 0; o < all->outer; o++)
        for (int64_t k = 0; k < all->inner; k++) {
            int64_t base = o * all->count * all->inner + k;
            int order = compare_elements(all->in, base + a->i * all->inner, base + b->i * all->inner);
            if (order != 0)
                return order;
        }
    return 0;
}

static int by_value(const void *left, const void *right) {
    const entry *a = left, *b = right;
    int order = compare_values(a, b);
    return order != 0 ? order : (a->i > b->i) - (a->i < b->i);
}

static int by_place(const void *left, const void *right) {
    const entry *a = left, *b = right;
    return (a->i > b->i) - (a->i < b->i);
}

typedef struct groups {
    entries all;
    int64_t count;
    entry *first;       /* [count], in the order of the output: the first entry of each group */
    int64_t *of, *size; /* [all.count] the group of each entry; [count] */
} groups;

static clade_status read_entries(const cld_call *call, entries *out, clade_error *err) {
    const cld_type *in = &call->in[0];
    *out = (entries){ .in = call->value[0], .outer = 1, .count = cld_type_count(in), .inner = 1, .axis = -1 };
    if (!cld_attr_find(call->node, "axis", CLD_ATTR_INT))
        return CLADE_OK;
    CLD_RETURN(cld_call_axis(call, cld_attr_int(call->node, "axis", 0), in->rank, &out->axis, err));
    out->outer = cld_type_span(in, 0, out->axis);
    out->count = in->dims[out->axis];
    out->inner = cld_type_span(in, out->axis + 1, in->rank);
    return CLADE_OK;
}

/* Sorts, numbers equal neighbours, and puts the groups in order of value, or of first occurrence. */
static clade_status find_groups(const cld_call *call, groups *out, clade_error *err) {
    *out = (groups){ 0 };
    CLD_RETURN(read_entries(call, &out->all, err));
    int64_t n = out->all.count;
    entry *sorted = cld_arena_calloc(call->arena, (size_t)n, sizeof *sorted);
    out->first = cld_arena_calloc(call->arena, (size_t)n, sizeof *out->first);
    out->of = cld_arena_calloc(call->arena, (size_t)n, sizeof *out->of);
    out->size = cld_arena_calloc(call->arena, (size_t)n, sizeof *out->size);
    int64_t *rank = cld_arena_calloc(call->arena, (size_t)n, sizeof *rank);
    if (!sorted || !out->first || !out->of || !out->size || !rank)
        return cld_no_memory(err, "groups of equal entries");
    for (int64_t i = 0; i < n; i++)
        sorted[i] = (entry){ .all = &out->all, .i = i };
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || compare_values(&sorted[i - 1], &sorted[i]) != 0) {
            out->first[out->count] = sorted[i];
            out->first[out->count].group = out->count;
            out->count++;
        }
        sorted[i].group = out->count - 1;
    }
    if (!cld_attr_int(call->node, "sorted", 1))
        qsort(out->first, (size_t)out->count, sizeof *out->first, by_place);
    for (int64_t g = 0; g < out->count; g++)
        rank[out->first[g].group] = g;
    for (int64_t i = 0; i < n; i++) {
        out->of[sorted[i].i] = rank[sorted[i].group];
        out->size[rank[sorted[i].group]]++;
    }
    return CLADE_OK;
}

enum { VALUES, FIRST, INVERSE, COUNTS, OUTPUTS };

static clade_status infer(cld_call *call, clade_error *err) {
    groups found;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    if (!cld_call_value(call, 0))
        return CLD_PENDING;
    CLD_RETURN(find_groups(call, &found, err));
    call->out[VALUES] = call->in[0];
    if (found.all.axis < 0)
        call->out[VALUES].rank = 1;
    call->out[VALUES].dims[CLD_MAX(found.all.axis, 0)] = found.count;
    const int64_t length[OUTPUTS] = { [FIRST] = found.count, [INVERSE] = found.all.count, [COUNTS] = found.count };
    for (int32_t k = FIRST; k < call->n_out; k++)
        call->out[k] = (cld_type){ .dtype = CLADE_INT64, .rank = 1, .dims = { length[k] } };
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    groups found;
    CLD_RETURN(find_groups(call, &found, err));
    const entries *all = &found.all;
    size_t bytes = (size_t)all->inner * clade_dtype_size(call->in[0].dtype);
    for (int64_t o = 0; bytes && o < all->outer; o++)
        for (int64_t g = 0; g < found.count; g++)
            memcpy((char *)out[VALUES]->data + (size_t)(o * found.count + g) * bytes,
                   (const char *)all->in->data + (size_t)(o * all->count + found.first[g].i) * bytes, bytes);
    for (int64_t g = 0; g < found.count && call->n_out > FIRST; g++)
        cld_tensor_set_int(out[FIRST], g, found.first[g].i);
    for (int64_t i = 0; i < all->count && call->n_out > INVERSE; i++)
        cld_tensor_set_int(out[INVERSE], i, found.of[i]);
    for (int64_t g = 0; g < found.count && call->n_out > COUNTS; g++)
        cld_tensor_set_int(out[COUNTS], g, found.size[g]);
    return CLADE_OK;
}

const cld_op cld_op_Unique = {
    .domain = "",
    .name = "Unique",
    .doc = "the different elements (or slices along axis), where each occurs first, the inverse map, and how often",
    .since = 11,
    .attrs = "axis:int sorted:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = OUTPUTS,
    .infer = infer,
    .eval = eval,
};
