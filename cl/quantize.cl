/* SPDX-License-Identifier: Apache-2.0 */
/* One scale and zero point for a tensor, or one for each index of an axis of `count` with `inner` elements inside it.
 *   quantize     y = saturate(round_half_even(x / scale) + zero)
 *   dequantize   y = (x - zero) * scale
 * X, Y: element types, S: that of the scale, Z: that of the zero point. One element an item; launch (elements), any group.
 */
#ifndef X
#define X float
#define X_STORE float
#define X_LOAD CLADE_LOAD
#define Y uchar
#define Y_STORE uchar
#define Y_SAVE CLADE_SAVE
#define S float
#define S_STORE float
#define S_LOAD CLADE_LOAD
#define Z_STORE uchar
#define SATURATE convert_uchar_sat
#endif
#define PARAMETERS                                                                                                     \
    __global Y_STORE *y, ulong y_off, const __global X_STORE *x, ulong x_off, const __global S_STORE *scale,           \
        ulong scale_off, const __global Z_STORE *zero, ulong zero_off, int elements, int count, int inner, int has_zero
#define SETUP                                                                                                          \
    const size_t i = get_global_id(0), k = i / inner % count;                                                          \
    if (i >= elements)                                                                                                 \
        return;                                                                                                        \
    const S s = S_LOAD(scale, scale_off + k)

#ifdef SATURATE
KERNEL(quantize)(PARAMETERS) {
    SETUP;
    const float z = has_zero ? zero[zero_off + k] : 0;
    Y_SAVE(y, y_off + i, SATURATE(rint((float)X_LOAD(x, x_off + i) / s) + z));
}
#else
KERNEL(dequantize)(PARAMETERS) {
    SETUP;
    const int z = has_zero ? zero[zero_off + k] : 0;
    Y_SAVE(y, y_off + i, (float)(X_LOAD(x, x_off + i) - z) * s);
}
#endif
