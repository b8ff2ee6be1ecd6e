/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL calls that fail when a test says so. The program's own clXxx take the place of the loader's, for libclade and
 * CLBlast alike, and go on to it; so what a retry computes is computed by the real driver. Releases never fail. */
#ifndef CLADE_TEST_FAULT_SHIM_H
#define CLADE_TEST_FAULT_SHIM_H

#include <stdbool.h>

#include "clade/opencl.h"

/* The n-th call (from 1) from now on fails with `code`, and, when `lost`, every one after it. */
void fault_at(long n, cl_int code, bool lost);
/* The same for the calls of one function. */
void fault_in(const char *function, long n, cl_int code);
/* Ends it. The function that failed first, or NULL. */
const char *fault_clear(void);
/* From now on no kernel runs in groups larger than this; 0: as the driver says. */
void fault_groups(size_t most);
/* Calls of a function since the last fault_at or fault_in; NULL: of all. */
long fault_calls(const char *function);

#endif
