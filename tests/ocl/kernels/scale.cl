/* SPDX-License-Identifier: Apache-2.0 */
/* y[i] = FACTOR * x[i], by way of macros and a helper that every instance has under the same name.
 * The comment below must not confuse who looks for macros:
#define KERNEL(name) this is no macro
 */
#ifndef FACTOR
#define FACTOR 2
#endif
# define TIMES(a, b)  \
    ((a) * (b))

static T NAME(apply)(T x) { return TIMES((T)FACTOR, x); } /* #define T nor is this */

KERNEL(scale_run)(__global T_STORE *y, ulong y_off, __global const T_STORE *x, ulong x_off, int n) {
    int i = get_global_id(0);
    if (i < n)
        T_SAVE(y + y_off, i, NAME(apply)(T_LOAD(x + x_off, i)));
}

KERNEL(scale_negative)(__global T_STORE *y, ulong y_off, __global const T_STORE *x, ulong x_off, int n) {
    int i = get_global_id(0);
    if (i < n)
        T_SAVE(y + y_off, i, -NAME(apply)(T_LOAD(x + x_off, i)));
}
