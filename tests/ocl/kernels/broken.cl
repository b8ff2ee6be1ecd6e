/* SPDX-License-Identifier: Apache-2.0 */
/* Does not compile, so that the error can be seen. */
KERNEL(broken_run)(__global float *y) { y[0] = no_such_function_anywhere(1.0f); }
