/* SPDX-License-Identifier: Apache-2.0 */
/* TopK on the host: lines are sorted. */
#include "op/lines/topk.h"

#include <stdlib.h>

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

clade_status cld_topk_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    cld_call again = *call;
    cld_topk of;
    CLD_RETURN(cld_topk_read(&again, &of, err));
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
            memcpy((char *)out[CLD_TOPK_VALUES]->data + (size_t)to * size,
                   (const char *)in->data + (size_t)line[r].at * size, size);
            if (call->n_out > CLD_TOPK_INDICES)
                cld_tensor_set_int(out[CLD_TOPK_INDICES], to, line[r].i);
        }
    }
    return CLADE_OK;
}
