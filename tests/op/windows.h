/* SPDX-License-Identifier: Apache-2.0 */
/* Random windows for the tests of convolution and pooling. */
#ifndef CLADE_TEST_WINDOWS_H
#define CLADE_TEST_WINDOWS_H

#include "../ref/ref.h"
#include "op/rig.h"

/* Draws images, kernel, strides, dilations, padding and sizes (about `most` positions an axis) over `axes` axes, and
 * gives the node its attributes; out is filled. Groups, C and M are the caller's. */
void windows_draw(op_rig *rig, op_node *node, ref_windows *w, int axes, int64_t most);
/* A tensor's type: the last `axes` entries behind two other dimensions. */
cld_type windows_type(clade_dtype dtype, int64_t first, int64_t second, const int64_t last[3], int axes);
/* What each element of [images][channels][out] must be, as a float64 tensor, and the sizes that errors are of. */
typedef ref_value (*windows_want)(const void *context, int64_t image, int64_t channel, int64_t o);
const clade_tensor *windows_fill(op_rig *rig, const ref_windows *w, int64_t channels, int axes, windows_want want,
                                 const void *context, const double **size);

#endif
