/* SPDX-License-Identifier: Apache-2.0 */
/* See drawn.h. */
#include "drawn.h"

#include <stdio.h>

#include "test.h"

void drawn_begin(drawn *d, const char *type, uint32_t seed) {
    *d = (drawn){ .seed = seed };
    node_begin(&d->node, type);
}

int64_t drawn_number(drawn *d, int64_t low, int64_t high) {
    d->seed = d->seed * 1664525u + 1013904223u; /* Numerical Recipes' generator; its high bits are good enough */
    return low + (int64_t)((uint64_t)(d->seed >> 8) * (uint64_t)(high - low + 1) >> 24);
}

static clade_tensor *next(drawn *d, clade_dtype dtype, int32_t rank, const int64_t *dims) {
    clade_error err;
    ck_assert_int_lt(d->count, NODE_MAX);
    clade_tensor *tensor = &d->in[d->count++];
    ck_ok(clade_tensor_alloc(tensor, dtype, rank, dims, &err), err);
    return tensor;
}

clade_tensor *drawn_input(drawn *d, clade_dtype dtype, int32_t rank, const int64_t *dims, bool constant) {
    clade_tensor *tensor = next(d, dtype, rank, dims);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        if (cld_dtype_in(dtype, CLD_FLOATS))
            cld_tensor_set(tensor, i, (double)drawn_number(d, -1000, 1000) / 1000);
        else
            cld_tensor_set_int(tensor, i, dtype == CLADE_UINT8 ? drawn_number(d, 0, 255) : drawn_number(d, -128, 127));
    node_input(&d->node, tensor, constant);
    return tensor;
}

void drawn_given(drawn *d, clade_dtype dtype, int64_t count, const double *values) {
    clade_tensor *tensor = next(d, dtype, count > 0, &count);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, values[i]);
    node_input(&d->node, tensor, true);
}

bool drawn_run(drawn *d, const char *row, clade_dtype dtype, clade_tensor *out) {
    char prefer[96];
    snprintf(prefer, sizeof prefer, "%s=%s", d->node.type, row != NULL ? row : "");
    node_output(&d->node, dtype);
    return node_run(&d->node, row != NULL ? prefer : NULL, out);
}

void drawn_free(drawn *d) {
    for (int32_t k = 0; k < d->count; k++)
        clade_tensor_free(&d->in[k]);
}
