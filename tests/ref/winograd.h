/* SPDX-License-Identifier: Apache-2.0 */
/* How far minimal filtering may be off: its error bound in double precision, from the polynomials' points and from
 * nothing in the library.
 */
#ifndef CLADE_TEST_REF_WINOGRAD_H
#define CLADE_TEST_REF_WINOGRAD_H

#include "ref.h"

/* What every rounding of output (image, filter, o) of a 3x3 convolution by F(m x m), m 2 or 4, is of at most:
 * sum_c |A^T| [|G| |w| |G^T| . |B^T| |x| |B|] |A|, for the tile that holds the output. */
double ref_winograd_magnitude(const ref_windows *w, const float *x, const float *weights, int64_t image, int64_t filter,
                              int64_t o, int m);

#endif
