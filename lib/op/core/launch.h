/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: how work is cut into work-items and groups. CPUs want few and long work-items in groups of one, GPUs many
 * short ones in groups.
 */
#ifndef CLD_OP_LAUNCH_H
#define CLD_OP_LAUNCH_H

#include "op/core/op.h"

static inline int64_t cld_parts(int64_t items, int64_t size) { return (items + size - 1) / size; }

/* The device is a CPU. A row made for CPUs says so by cld_impl.needs. */
bool cld_on_cpu(const cld_call *call, const cld_caps *caps);
/* A group of work-items that do not need each other, at most `most`. */
size_t cld_group(const cld_caps *caps, size_t most);
/* A group for `count` long work-items. */
static inline size_t cld_long_group(const cld_caps *caps, int64_t count) {
    return count < 64 ? 1 : CLD_MIN((size_t)64, caps->max_group);
}
/* Launches `count` items along dimension 0; kernels guard against the rounding. */
void cld_step_items(cld_step *step, const cld_caps *caps, int64_t count);
/* Launches n0 x n1 x n2 short items; kernels guard dimensions 0 and 1. On CPUs the driver makes the groups: it knows
 * what its compiler goes through in vectors. */
void cld_step_grid(cld_step *step, const cld_caps *caps, int64_t n0, int64_t n1, int64_t n2);
/* Units of work for one work-item, out of `units` of `unit_elements` elements each: one, or on CPUs as many as make
 * `least_elements` and no more items than the compute units can share evenly. */
int64_t cld_per_item(const cld_caps *caps, int64_t units, int64_t unit_elements, int64_t least_elements);
/* Cuts `count` elements into work-items: on CPUs few and large (a multiple of 16 elements each), on GPUs one element
 * each. */
int64_t cld_item_elements(const cld_caps *caps, int64_t count);
/* How far apart lies what one of `items` work-items goes through: on CPUs side by side; on GPUs what all of them are at
 * is. */
static inline int64_t cld_item_stride(const cld_caps *caps, int64_t items) { return caps->is_cpu ? 1 : items; }
/* Work-items that fill the device. */
int64_t cld_fill_items(const cld_caps *caps);

#endif
