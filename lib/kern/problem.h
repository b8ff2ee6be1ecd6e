/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 2: a problem, that is what one row of an operator is to solve, as plain data: no names, no buffers. Two nodes
 * with the same problem are solved alike, so it is what a measurement is filed under.
 */
#ifndef CLD_KERN_PROBLEM_H
#define CLD_KERN_PROBLEM_H

#include "tensor/tensor.h"

enum { CLD_PROBLEM_SIZES = 32 };

typedef struct cld_problem {
    const char *kind; /* "product", "conv", "recurrent", "lines"; static */
    clade_dtype dtype;
    uint32_t flags; /* of the kind */
    int32_t n;
    int64_t size[CLD_PROBLEM_SIZES]; /* [n], of the kind */
} cld_problem;

/* Appends `count` sizes; there is room for all that a kind has. */
void cld_problem_add(cld_problem *problem, int32_t count, const int64_t *sizes);
/* "product float32 5 64x64x27": kind, dtype, flags in hexadecimal, sizes. */
void cld_problem_text(const cld_problem *problem, cld_text *out);
/* Bytes of such a text before its sizes; 0: it is none. */
size_t cld_problem_prefix(const char *text);
/* How far apart the sizes of two texts with the same prefix are, in doublings of one size; INFINITY: they have not the
 * same number of sizes. */
double cld_problem_distance(const char *a, const char *b);

#endif
