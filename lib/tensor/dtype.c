/* SPDX-License-Identifier: Apache-2.0 */
/* Element types: names, sizes, and IEEE binary16 to and from float in integer arithmetic. */
#include "tensor/tensor.h"

static const struct {
    clade_dtype dtype;
    const char *name;
    size_t bytes;
} dtypes[] = {
    { CLADE_FLOAT32, "float32", 4 }, { CLADE_UINT8, "uint8", 1 },   { CLADE_INT8, "int8", 1 },
    { CLADE_UINT16, "uint16", 2 },   { CLADE_INT16, "int16", 2 },   { CLADE_INT32, "int32", 4 },
    { CLADE_INT64, "int64", 8 },     { CLADE_BOOL, "bool", 1 },     { CLADE_FLOAT16, "float16", 2 },
    { CLADE_FLOAT64, "float64", 8 }, { CLADE_UINT32, "uint32", 4 }, { CLADE_UINT64, "uint64", 8 },
};

const char *clade_dtype_name(clade_dtype dtype) {
    for (size_t i = 0; i < CLD_COUNT(dtypes); i++)
        if (dtypes[i].dtype == dtype)
            return dtypes[i].name;
    return "none";
}

size_t clade_dtype_size(clade_dtype dtype) {
    for (size_t i = 0; i < CLD_COUNT(dtypes); i++)
        if (dtypes[i].dtype == dtype)
            return dtypes[i].bytes;
    return 0;
}

bool cld_dtype_valid(int64_t onnx_code) {
    for (size_t i = 0; i < CLD_COUNT(dtypes); i++)
        if ((int64_t)dtypes[i].dtype == onnx_code)
            return true;
    return false;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float cld_half_to_float(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = (bits >> 10) & 31, mantissa = bits & 0x3ff;
    if (exponent == 31) /* infinity, NaN */
        return float_of(sign | 0x7f800000 | mantissa << 13);
    if (exponent == 0) { /* zero, subnormal: mantissa * 2^-24 is exact */
        float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t cld_float_to_half(float value) {
    uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffff;
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    if (magnitude > 0x7f800000) /* NaN: stays one, quiet */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) { /* below 2^-14: adding 0.5 leaves a multiple of 2^-24, correctly rounded */
        uint32_t rounded = bits_of(float_of(magnitude) + 0.5f);
        return (uint16_t)(sign | (rounded - 0x3f000000));
    }
    uint32_t even = magnitude >> 13 & 1; /* round to nearest, ties to even */
    return (uint16_t)(sign | ((magnitude + 0xfff + even - 0x38000000) >> 13));
}
