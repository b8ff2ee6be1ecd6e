/* SPDX-License-Identifier: Apache-2.0 */
/* A node_test whose shapes and values are drawn from one seed, and which owns its inputs. */
#ifndef CLADE_TEST_DRAWN_H
#define CLADE_TEST_DRAWN_H

#include "node.h"

typedef struct drawn {
    node_test node;
    uint32_t seed;
    int32_t count;
    clade_tensor in[NODE_MAX];
} drawn;

void drawn_begin(drawn *d, const char *type, uint32_t seed);
/* A number in [low, high], the same sequence for the same seed. */
int64_t drawn_number(drawn *d, int64_t low, int64_t high);
/* The next input: floats in [-1, 1], integers of 8 bits over their whole range. The tensor is d's. */
clade_tensor *drawn_input(drawn *d, clade_dtype dtype, int32_t rank, const int64_t *dims, bool constant);
/* The next input: `count` given numbers (a scalar when count is 0, one number), a constant. */
void drawn_given(drawn *d, clade_dtype dtype, int64_t count, const double *values);
/* Runs with one output; false: another row than `row` ran (NULL: any). */
bool drawn_run(drawn *d, const char *row, clade_dtype dtype, clade_tensor *out);
void drawn_free(drawn *d);

#endif
