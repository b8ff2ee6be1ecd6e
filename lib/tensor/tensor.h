/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 1: element types, shapes and host tensors. */
#ifndef CLD_TENSOR_H
#define CLD_TENSOR_H

#include "base/base.h"
#include "clade/tensor.h"

/* ---- dtype.c -------------------------------------------------------------------------------------------------- */

typedef uint32_t cld_dtypes; /* a set: bit (1u << dtype) */
#define CLD_BIT(dtype) (1u << CLADE_##dtype)
#define CLD_FLOATS (CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64) | CLD_BIT(FLOAT16))
#define CLD_SIGNED (CLD_BIT(INT8) | CLD_BIT(INT16) | CLD_BIT(INT32) | CLD_BIT(INT64))
#define CLD_UNSIGNED (CLD_BIT(UINT8) | CLD_BIT(UINT16) | CLD_BIT(UINT32) | CLD_BIT(UINT64))
#define CLD_INTEGERS (CLD_SIGNED | CLD_UNSIGNED)
#define CLD_NUMBERS (CLD_FLOATS | CLD_INTEGERS)
#define CLD_ALL_DTYPES (CLD_NUMBERS | CLD_BIT(BOOL))
static inline bool cld_dtype_in(clade_dtype dtype, cld_dtypes set) { return (set >> dtype) & 1u; }

bool cld_dtype_valid(int64_t onnx_code);
float cld_half_to_float(uint16_t bits);
uint16_t cld_float_to_half(float value); /* round to nearest even */

/* ---- type.c --------------------------------------------------------------------------------------------------- */

/* An element type and a shape. rank -1: shape unknown. A dimension of -1: unknown (only before specialisation). */
typedef struct cld_type {
    clade_dtype dtype; /* CLADE_NONE: no value (an absent optional input) */
    int32_t rank;
    int64_t dims[CLADE_MAX_RANK];
} cld_type;

bool cld_type_static(const cld_type *type); /* dtype, rank and every dimension known */
bool cld_type_equal(const cld_type *a, const cld_type *b);
bool cld_shape_equal(const cld_type *a, const cld_type *b);
int64_t cld_type_count(const cld_type *type); /* elements; the type is static and was checked */
size_t cld_type_bytes(const cld_type *type);
/* ERR_LIMIT when elements or bytes overflow (2^62), or a dimension is negative; `what` names it in the message. */
clade_status cld_type_check(const cld_type *type, const char *what, clade_error *err);
/* Product of dims[from ... to). */
int64_t cld_type_span(const cld_type *type, int32_t from, int32_t to);
/* NumPy (multidirectional) broadcast of b onto *out, which starts as a. false: they do not fit. */
bool cld_shape_broadcast(cld_type *out, const cld_type *b);
/* "float32[2,3]" into buf; returns buf. 160 bytes are enough. */
const char *cld_type_text(const cld_type *type, char *buf, size_t size);
#define CLD_TYPE_TEXT(type) cld_type_text((type), (char[160]){ 0 }, 160)

/* ---- host.c --------------------------------------------------------------------------------------------------- */

cld_type cld_tensor_type(const clade_tensor *tensor);
/* A zeroed tensor of that type in an arena; NULL: no memory. */
clade_tensor *cld_tensor_new(cld_arena *arena, const cld_type *type);
/* Element i of any dtype, converted. Out-of-range float to int conversions saturate. */
double cld_tensor_get(const clade_tensor *tensor, int64_t i);
int64_t cld_tensor_get_int(const clade_tensor *tensor, int64_t i);
void cld_tensor_set(clade_tensor *tensor, int64_t i, double value);
void cld_tensor_set_int(clade_tensor *tensor, int64_t i, int64_t value);

/* ---- view.c --------------------------------------------------------------------------------------------------- */

/* ERR_ARGUMENT, naming input `what`, when an element of the view lies outside its bytes; `type` is its type, checked.
 */
clade_status cld_view_check(const clade_view *view, const cld_type *type, const char *what, clade_error *err);
/* The elements, dense, into `out`, which has their `bytes` bytes. */
void cld_view_copy(void *out, const clade_view *view, size_t bytes);

#endif
