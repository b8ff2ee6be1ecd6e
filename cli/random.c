/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded noise for inputs that nobody gave. The same seed gives the same bits everywhere.
 * Generator: splitmix64 (Steele, Lea, Flood 2014).
 */
#include "cli.h"

#include <string.h>

static uint64_t next(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform in (-1, 1), a multiple of 2^-10 that every floating-point type holds exactly. */
static double next_uniform(uint64_t *state) { return (double)((int64_t)(next(state) >> 53) - 1024) / 1024 + 0x1p-11; }

/* The binary16 of a value that it holds exactly or nearly: truncated, |value| in [2^-14, 1). */
static uint16_t half_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits >> 16 & 0x8000) | (((bits & 0x7fffffff) - (112u << 23)) >> 13));
}

typedef union element {
    double f64;
    float f32;
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    uint8_t u8;
} element;

static element make_element(clade_dtype dtype, double uniform) {
    const uint8_t bit = uniform > 0;
    switch (dtype) {
    case CLADE_FLOAT64:
        return (element){ .f64 = uniform };
    case CLADE_FLOAT32:
        return (element){ .f32 = (float)uniform };
    case CLADE_FLOAT16:
        return (element){ .u16 = half_bits((float)uniform) };
    default:
        break;
    }
    switch (clade_dtype_size(dtype)) {
    case 8:
        return (element){ .u64 = bit };
    case 4:
        return (element){ .u32 = bit };
    case 2:
        return (element){ .u16 = bit };
    default:
        return (element){ .u8 = bit };
    }
}

void cli_random_fill(clade_tensor *tensor, uint64_t seed) {
    const size_t size = clade_dtype_size(tensor->dtype);
    for (size_t at = 0; at < tensor->size_bytes; at += size) {
        const element value = make_element(tensor->dtype, next_uniform(&seed));
        memcpy((char *)tensor->data + at, &value, size);
    }
}
