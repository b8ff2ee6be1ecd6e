/* SPDX-License-Identifier: Apache-2.0 */
/* How work is cut into work-items and groups. */
#include "op/core/launch.h"

bool cld_on_cpu(const cld_call *call, const cld_caps *caps) {
    (void)call;
    return caps->is_cpu;
}

size_t cld_group(const cld_caps *caps, size_t most) { return caps->is_cpu ? 1 : CLD_MIN(caps->max_group, most); }

void cld_step_items(cld_step *step, const cld_caps *caps, int64_t count) {
    cld_step_size(step, (size_t)count, 1, 1, cld_group(caps, 256), 1, 1);
}

/* The power of two from n on, up to `most`. */
static size_t power_from(int64_t n, size_t most) {
    size_t power = 1;
    while (power < (size_t)n && 2 * power <= most)
        power *= 2;
    return power;
}

/* As wide as dimension 0, what is left of the group along dimension 1. */
void cld_step_grid(cld_step *step, const cld_caps *caps, int64_t n0, int64_t n1, int64_t n2) {
    const size_t group = caps->is_cpu ? 0 : cld_group(caps, 64), wide = power_from(n0, group);
    cld_step_size(step, (size_t)n0, (size_t)n1, (size_t)n2, group ? wide : 0, group ? power_from(n1, group / wide) : 0,
                  group ? 1 : 0);
}

int64_t cld_fill_items(const cld_caps *caps) {
    return caps->is_cpu ? (int64_t)CLD_MAX(caps->compute_units, 1) * 4 : 16384;
}

int64_t cld_per_item(const cld_caps *caps, int64_t units, int64_t unit_elements, int64_t least_elements) {
    if (!caps->is_cpu)
        return 1;
    return CLD_MAX(cld_parts(units, cld_fill_items(caps)), least_elements / CLD_MAX(unit_elements, 1) + 1);
}

int64_t cld_item_elements(const cld_caps *caps, int64_t count) {
    const int64_t least = 1024, line = 16;
    if (!caps->is_cpu)
        return 1;
    int64_t elements = CLD_MAX(cld_parts(count, cld_fill_items(caps)), least);
    return cld_parts(elements, line) * line;
}
