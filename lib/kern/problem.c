/* SPDX-License-Identifier: Apache-2.0 */
/* Problems as text: the key of a record. */
#include "kern/problem.h"

void cld_problem_add(cld_problem *problem, int32_t count, const int64_t *sizes) {
    for (int32_t k = 0; k < count && problem->n < CLD_PROBLEM_SIZES; k++)
        problem->size[problem->n++] = sizes[k];
}

void cld_problem_text(const cld_problem *problem, cld_text *out) {
    cld_text_printf(out, "%s %s %x ", problem->kind, clade_dtype_name(problem->dtype), (unsigned)problem->flags);
    for (int32_t k = 0; k < problem->n; k++)
        cld_text_printf(out, "%s%lld", k ? "x" : "", (long long)problem->size[k]);
}
