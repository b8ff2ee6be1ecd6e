/* SPDX-License-Identifier: Apache-2.0 */
/* Determinants: out[b] = det(in[b]), in [batch][n][n], by Gaussian elimination with partial pivoting on a copy.
 *
 * det  a group a matrix; its items share the rows to eliminate. `work` holds the copies, [batch][n][n]. Launch: batch groups
 *      of any size. The order of operations is fixed: the same input gives the same bits.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#define SYNC barrier(CLK_GLOBAL_MEM_FENCE)

KERNEL(det)(__global T_STORE *restrict out, ulong out_off, __global T *restrict work, ulong work_off,
            __global const T_STORE *restrict in, ulong in_off, int n) {
    const int first = get_local_id(0), items = get_local_size(0);
    __global T *a = work + work_off + get_group_id(0) * n * n;
    in += in_off + get_group_id(0) * n * n;
    for (int i = first; i < n * n; i += items)
        a[i] = T_LOAD(in, i);
    T product = 1; /* every item keeps it */
    for (int k = 0; k < n; k++) {
        SYNC;
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
        const T head = a[pivot * n + k];
        product *= pivot == k ? head : -head;
        SYNC; /* all have read column k */
        for (int j = k + first; j < n && pivot != k; j += items) {
            const T kept = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = kept;
        }
        SYNC;
        for (int i = k + 1 + first; i < n && head != 0; i += items) {
            const T factor = a[i * n + k] / head;
            for (int j = k + 1; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
        }
    }
    if (first == 0)
        T_SAVE(out, out_off + get_group_id(0), product);
}
