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
