/* SPDX-License-Identifier: Apache-2.0 */
/* Element types and dense host tensors, and the files they live in.
 *
 * A tensor is dense, row-major (the last dimension varies fastest), native byte order. Rank 0 is a scalar.
 */
#ifndef CLADE_TENSOR_H
#define CLADE_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Frozen: part of the layout of clade_tensor, which will never change. */
#define CLADE_MAX_RANK 8

/* X(name, ONNX TensorProto.DataType, bytes per element). float16 is IEEE binary16; bool is one byte, 0 or 1. */
#define CLADE_DTYPE_LIST(X)                                                                                            \
    X(FLOAT32, 1, 4)                                                                                                   \
    X(UINT8, 2, 1)                                                                                                     \
    X(INT8, 3, 1)                                                                                                      \
    X(UINT16, 4, 2)                                                                                                    \
    X(INT16, 5, 2)                                                                                                     \
    X(INT32, 6, 4)                                                                                                     \
    X(INT64, 7, 8)                                                                                                     \
    X(BOOL, 9, 1)                                                                                                      \
    X(FLOAT16, 10, 2)                                                                                                  \
    X(FLOAT64, 11, 8)                                                                                                  \
    X(UINT32, 12, 4)                                                                                                   \
    X(UINT64, 13, 8)

/* The values are ONNX's, so that nothing has to translate. */
typedef enum clade_dtype {
    CLADE_NONE = 0, /* no tensor: an optional input that is absent */
#define X(name, value, bytes) CLADE_##name = value,
    CLADE_DTYPE_LIST(X)
#undef X
} clade_dtype;

/* A host tensor. Which call owns `data` is said by the call that hands the struct over. */
typedef struct clade_tensor {
    clade_dtype dtype;
    int32_t rank;                 /* 0 ... CLADE_MAX_RANK */
    int64_t dims[CLADE_MAX_RANK]; /* each >= 0 */
    void *data;                   /* size_bytes bytes; may be NULL when size_bytes is 0 */
    size_t size_bytes;            /* elements x bytes per element */
} clade_tensor;

/* Constant memory of the caller's, to be read as a tensor in whatever order it lies there: a column of a table, a field
 * of an array of structs, every other row, rows in reverse. Borrowed during the call only. Frozen. */
typedef struct clade_view {
    clade_dtype dtype;
    int32_t rank;                 /* 0 ... CLADE_MAX_RANK */
    int64_t dims[CLADE_MAX_RANK]; /* each >= 0 */
    const void *data;             /* size_bytes bytes, in which every element must lie; no alignment is needed */
    size_t size_bytes;
    const int64_t *strides_bytes; /* NULL: dense, row-major. Else `rank` distances in bytes from one index to the next;
                                   * 0 repeats an element, a negative one goes backwards */
    size_t offset_bytes;          /* where element [0, ..., 0] lies */
} clade_view;

/* "float32", "int64", ...; "none" for CLADE_NONE and anything unknown. Static, never NULL. Thread-safe. */
CLADE_API const char *clade_dtype_name(clade_dtype dtype);
/* Bytes per element; 0 for CLADE_NONE and anything unknown. Thread-safe. */
CLADE_API size_t clade_dtype_size(clade_dtype dtype);

/* Allocates a zeroed tensor. `dims` has `rank` entries. On success the caller owns out->data: clade_tensor_free.
 * ERR_ARGUMENT: bad dtype, rank or a negative dimension. ERR_MEMORY: too large, or no memory. */
CLADE_API CLADE_NODISCARD clade_status clade_tensor_alloc(clade_tensor *out, clade_dtype dtype, int32_t rank,
                                                          const int64_t *dims, clade_error *err);
/* Frees out->data and zeroes the struct. NULL and an already freed tensor are fine. */
CLADE_API void clade_tensor_free(clade_tensor *tensor);
/* Number of elements: the product of dims, 1 for rank 0; 0 for NULL and a rank out of range. */
CLADE_API int64_t clade_tensor_count(const clade_tensor *tensor);

/* Reads a tensor from a file; the suffix says the format: .npy (NumPy 1.0-3.0, C or Fortran order, little or big
 * endian), .pb (ONNX TensorProto), .csv (numbers, one row a line, an optional header line; gives float32 [rows,
 * columns]). The file is taken for hostile. The caller owns out->data. ERR_IO, ERR_FORMAT, ERR_UNSUPPORTED, ERR_MEMORY.
 */
CLADE_API CLADE_NODISCARD clade_status clade_tensor_read(clade_tensor *out, const char *path, clade_error *err);
/* As clade_tensor_read for .pb, and also gives the name stored in it: at most name_size - 1 characters into `name`
 * (empty when the file stores none, and for other formats). */
CLADE_API CLADE_NODISCARD clade_status clade_tensor_read_named(clade_tensor *out, char *name, size_t name_size,
                                                               const char *path, clade_error *err);
/* Writes a tensor, .npy, .pb or .csv by suffix (.csv: rank <= 2). The file appears whole or not at all. */
CLADE_API CLADE_NODISCARD clade_status clade_tensor_write(const clade_tensor *tensor, const char *path,
                                                          clade_error *err);

/* How two tensors differ, as `clade test` measures it. */
typedef struct clade_comparison {
    size_t size_bytes;   /* sizeof(clade_comparison): start from CLADE_COMPARISON_INIT */
    int equal;           /* 1: same dtype and shape, and every element within tolerance */
    int64_t mismatches;  /* elements outside tolerance */
    int64_t worst_index; /* flat index of the worst element; -1 when dtype or shape differ, or there is no element */
    double worst_error;  /* |got - want| there; infinity when only one of them is NaN or infinite */
    double got, want;
} clade_comparison;
#define CLADE_COMPARISON_INIT CLADE_SIZED_INIT(clade_comparison)

/* Compares: floating-point elements pass when |got - want| <= atol + rtol * |want|, or both are NaN, or both the same
 * infinity; integers and bool pass when equal. Another dtype or shape gives equal = 0, and so does a
 * tensor whose size_bytes contradicts its dims. ERR_ARGUMENT. Thread-safe. */
CLADE_API CLADE_NODISCARD clade_status clade_tensor_compare(clade_comparison *out, const clade_tensor *got,
                                                            const clade_tensor *want, double rtol, double atol,
                                                            clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
