/* SPDX-License-Identifier: Apache-2.0 */
/* Random windows for the tests of convolution and pooling. */
#ifndef CLADE_TEST_WINDOWS_H
#define CLADE_TEST_WINDOWS_H

#include "../ref/ref.h"
#include "drawn.h"

/* Draws images, kernel, strides, dilations, padding and sizes (about `most` positions an axis) over `axes` axes, and
 * writes the node's attributes; out is filled. Groups, C and M are the caller's. */
void windows_draw(drawn *c, ref_windows *w, int axes, int64_t most);
/* The last `axes` entries, behind two others, as the dimensions of a tensor. */
int32_t windows_dims(int64_t dims[5], int64_t first, int64_t second, const int64_t last[3], int axes);
/* The tensor is want[i] +- tolerance times its magnitude, for each element of [images][channels][out]. */
typedef ref_value (*windows_want)(const void *context, int64_t image, int64_t channel, int64_t o);
void windows_check(const clade_tensor *got, const ref_windows *w, int64_t channels, windows_want want,
                   const void *context, const char *what);

#endif
