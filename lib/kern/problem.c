/* SPDX-License-Identifier: Apache-2.0 */
/* Problems as text: the key of a record. */
#include "kern/problem.h"

#include <math.h>
#include <stdlib.h>

void cld_problem_add(cld_problem *problem, int32_t count, const int64_t *sizes) {
    for (int32_t k = 0; k < count && problem->n < CLD_PROBLEM_SIZES; k++)
        problem->size[problem->n++] = sizes[k];
}

void cld_problem_text(const cld_problem *problem, cld_text *out) {
    cld_text_printf(out, "%s %s %x ", problem->kind, clade_dtype_name(problem->dtype), (unsigned)problem->flags);
    for (int32_t k = 0; k < problem->n; k++)
        cld_text_printf(out, "%s%lld", k ? "x" : "", (long long)problem->size[k]);
}

size_t cld_problem_prefix(const char *text) {
    const char *space = strrchr(text, ' ');
    return space ? (size_t)(space - text) + 1 : 0;
}

/* The size at *at, and goes on behind its 'x'; false: none is left. */
static bool next_size(const char **at, double *size) {
    char *end;
    const long long value = strtoll(*at, &end, 10);
    if (end == *at)
        return false;
    *size = (double)value;
    *at = end + (*end == 'x');
    return true;
}

double cld_problem_distance(const char *a, const char *b) {
    double sum = 0, x, y;
    a += cld_problem_prefix(a);
    b += cld_problem_prefix(b);
    while (next_size(&a, &x)) {
        if (!next_size(&b, &y))
            return INFINITY;
        sum += fabs(log2((fabs(x) + 1) / (fabs(y) + 1)));
    }
    return *a || *b ? INFINITY : sum;
}
