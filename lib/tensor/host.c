/* SPDX-License-Identifier: Apache-2.0 */
/* Host tensors: allocation, and access to one element of any dtype through a table of accessors. */
#include "tensor/tensor.h"

#include <inttypes.h>

clade_status clade_tensor_alloc(clade_tensor *out, clade_dtype dtype, int32_t rank, const int64_t *dims,
                                clade_error *err) {
    cld_type type = { .dtype = dtype, .rank = rank };
    if (!out || (rank > 0 && !dims))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor: %s must not be NULL", out ? "dims" : "out");
    if (!cld_dtype_valid(dtype))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor: %d is not an element type", (int)dtype);
    if (rank < 0 || rank > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor: rank %" PRId32 " is outside 0 ... %d", rank, CLADE_MAX_RANK);
    for (int32_t d = 0; d < rank; d++) {
        if (dims[d] < 0)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "tensor: dimension %" PRId32 " is %" PRId64, d, dims[d]);
        type.dims[d] = dims[d];
    }
    if (cld_type_check(&type, "tensor", err) != CLADE_OK)
        return cld_fail(err, CLADE_ERR_MEMORY, "tensor: %s is too large", CLD_TYPE_TEXT(&type));
    size_t bytes = cld_type_bytes(&type);
    void *data = cld_calloc(1, CLD_MAX(bytes, (size_t)1));
    if (!data)
        return cld_no_memory(err, CLD_TYPE_TEXT(&type));
    *out = (clade_tensor){ .dtype = dtype, .rank = rank, .data = data, .size_bytes = bytes };
    memcpy(out->dims, type.dims, sizeof out->dims);
    return CLADE_OK;
}

void clade_tensor_free(clade_tensor *tensor) {
    if (!tensor)
        return;
    cld_free(tensor->data);
    *tensor = (clade_tensor){ 0 };
}

cld_type cld_tensor_type(const clade_tensor *tensor) {
    cld_type type = { .dtype = tensor->dtype, .rank = tensor->rank };
    memcpy(type.dims, tensor->dims, sizeof type.dims);
    return type;
}

int64_t clade_tensor_count(const clade_tensor *tensor) {
    if (!tensor || tensor->rank < 0 || tensor->rank > CLADE_MAX_RANK)
        return 0;
    cld_type type = cld_tensor_type(tensor);
    return cld_type_count(&type);
}

clade_tensor *cld_tensor_new(cld_arena *arena, const cld_type *type) {
    clade_tensor *tensor = cld_arena_alloc(arena, sizeof *tensor);
    if (!tensor)
        return NULL;
    *tensor = (clade_tensor){ .dtype = type->dtype, .rank = type->rank, .size_bytes = cld_type_bytes(type) };
    memcpy(tensor->dims, type->dims, sizeof tensor->dims);
    tensor->data = cld_arena_alloc(arena, tensor->size_bytes);
    return tensor->data ? tensor : NULL;
}

typedef struct accessor {
    double (*get)(const void *data, int64_t i);
    int64_t (*get_int)(const void *data, int64_t i);
    void (*set)(void *data, int64_t i, double value);
    void (*set_int)(void *data, int64_t i, int64_t value);
} accessor;

/* Both bounds are exact in double, or one above the range (2^63, 2^64), which the comparison excludes. NaN gives 0. */
static int64_t saturate(double value) {
    if (!(value < 0x1p63))
        return value >= 0x1p63 ? INT64_MAX : 0;
    return value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

static uint64_t saturate_unsigned(double value) {
    if (!(value < 0x1p64))
        return value >= 0x1p64 ? UINT64_MAX : 0;
    return value <= 0 ? 0 : (uint64_t)value;
}

#define CLAMPED(min, max) CLD_MIN(CLD_MAX(saturate(value), (int64_t)(min)), (int64_t)(max))

/* X(suffix, C type, element from double, element from int64; as double, as int64 of element e) */
#define ACCESSORS(X)                                                                                                   \
    X(float, float, (float)value, (float)value, (double)e, saturate((double)e))                                        \
    X(double, double, value, (double)value, e, saturate(e))                                                            \
    X(half, uint16_t, cld_float_to_half((float)value), cld_float_to_half((float)value), (double)cld_half_to_float(e),  \
      saturate((double)cld_half_to_float(e)))                                                                          \
    X(int8, int8_t, (int8_t)CLAMPED(INT8_MIN, INT8_MAX), (int8_t)value, (double)e, e)                                  \
    X(int16, int16_t, (int16_t)CLAMPED(INT16_MIN, INT16_MAX), (int16_t)value, (double)e, e)                            \
    X(int32, int32_t, (int32_t)CLAMPED(INT32_MIN, INT32_MAX), (int32_t)value, (double)e, e)                            \
    X(int64, int64_t, saturate(value), value, (double)e, e)                                                            \
    X(uint8, uint8_t, (uint8_t)CLAMPED(0, UINT8_MAX), (uint8_t)value, (double)e, e)                                    \
    X(uint16, uint16_t, (uint16_t)CLAMPED(0, UINT16_MAX), (uint16_t)value, (double)e, e)                               \
    X(uint32, uint32_t, (uint32_t)CLAMPED(0, UINT32_MAX), (uint32_t)value, (double)e, e)                               \
    X(uint64, uint64_t, saturate_unsigned(value), (uint64_t)value, (double)e, (int64_t)e)                              \
    X(bool, uint8_t, value != 0, value != 0, (double)(e != 0), e != 0)

/* Through memcpy: a tensor that lies in a file may not be aligned for its type. */
#define X(suffix, type, from_double, from_int, as_double, as_int)                                                      \
    static type load_##suffix(const void *data, int64_t i) {                                                           \
        type e;                                                                                                        \
        memcpy(&e, (const char *)data + (size_t)i * sizeof e, sizeof e);                                               \
        return e;                                                                                                      \
    }                                                                                                                  \
    static void store_##suffix(void *data, int64_t i, type e) {                                                        \
        memcpy((char *)data + (size_t)i * sizeof e, &e, sizeof e);                                                     \
    }                                                                                                                  \
    static double get_##suffix(const void *data, int64_t i) {                                                          \
        const type e = load_##suffix(data, i);                                                                         \
        return as_double;                                                                                              \
    }                                                                                                                  \
    static int64_t get_int_##suffix(const void *data, int64_t i) {                                                     \
        const type e = load_##suffix(data, i);                                                                         \
        return as_int;                                                                                                 \
    }                                                                                                                  \
    static void set_##suffix(void *data, int64_t i, double value) { store_##suffix(data, i, from_double); }            \
    static void set_int_##suffix(void *data, int64_t i, int64_t value) { store_##suffix(data, i, from_int); }
ACCESSORS(X)
#undef X

#define ROW(suffix)                                                                                                    \
    { get_##suffix, get_int_##suffix, set_##suffix, set_int_##suffix }
static const accessor accessors[] = {
    [CLADE_FLOAT32] = ROW(float), [CLADE_FLOAT64] = ROW(double), [CLADE_FLOAT16] = ROW(half),
    [CLADE_INT8] = ROW(int8),     [CLADE_INT16] = ROW(int16),    [CLADE_INT32] = ROW(int32),
    [CLADE_INT64] = ROW(int64),   [CLADE_UINT8] = ROW(uint8),    [CLADE_UINT16] = ROW(uint16),
    [CLADE_UINT32] = ROW(uint32), [CLADE_UINT64] = ROW(uint64),  [CLADE_BOOL] = ROW(bool),
};

double cld_tensor_get(const clade_tensor *tensor, int64_t i) { return accessors[tensor->dtype].get(tensor->data, i); }

int64_t cld_tensor_get_int(const clade_tensor *tensor, int64_t i) {
    return accessors[tensor->dtype].get_int(tensor->data, i);
}

void cld_tensor_set(clade_tensor *tensor, int64_t i, double value) {
    accessors[tensor->dtype].set(tensor->data, i, value);
}

void cld_tensor_set_int(clade_tensor *tensor, int64_t i, int64_t value) {
    accessors[tensor->dtype].set_int(tensor->data, i, value);
}
