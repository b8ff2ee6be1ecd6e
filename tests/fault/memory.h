/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that runs out when a test says so. memory.c stands in the place of lib/base/alloc.c, so it is the library
 * that has no more, and not libc, Check or the test. For one thread at a time. */
#ifndef CLADE_TEST_FAULT_MEMORY_H
#define CLADE_TEST_FAULT_MEMORY_H

#include <stdbool.h>

/* The n-th allocation (from 1) from now on fails and, when `lasting`, every one behind it; 0: none. */
void memory_fail(long n, bool lasting);
/* Ends it; whether there was an n-th. */
bool memory_clear(void);
/* Allocations of the library that have not been freed. */
long memory_held(void);

#endif
