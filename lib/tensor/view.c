/* SPDX-License-Identifier: Apache-2.0 */
/* Views: constant memory of the caller's, read in any order and made dense.
 *
 * In: a view whose dtype, rank and dims have been checked; its strides, offset and size are the caller's own work.
 * Invariants: once cld_view_check has passed, cld_view_copy reads nothing outside [data, data + size_bytes). Elements
 * need no alignment.
 */
#include "tensor/tensor.h"

/* Adds the reach of one dimension, which is at least 1, to one end of the bytes read. */
static bool extend(int64_t *low, int64_t *high, int64_t dim, int64_t stride) {
    int64_t reach, *end = stride < 0 ? low : high;
    return !__builtin_mul_overflow(dim - 1, stride, &reach) && !__builtin_add_overflow(*end, reach, end);
}

clade_status cld_view_check(const clade_view *view, const cld_type *type, const char *what, clade_error *err) {
    const size_t bytes = cld_type_bytes(type), element = clade_dtype_size(type->dtype);
    if (bytes == 0)
        return CLADE_OK;
    if (!view->data)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': the view's data is NULL", what);
    int64_t low = 0, high = (int64_t)(view->strides_bytes ? element : bytes);
    bool known = view->offset_bytes <= INT64_MAX && !__builtin_add_overflow(high, (int64_t)view->offset_bytes, &high);
    low += known ? (int64_t)view->offset_bytes : 0;
    for (int32_t d = 0; known && view->strides_bytes && d < type->rank; d++)
        known = extend(&low, &high, type->dims[d], view->strides_bytes[d]);
    if (!known)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': %s at byte %zu with these strides is no memory", what,
                        CLD_TYPE_TEXT(type), view->offset_bytes);
    if (low < 0 || (uint64_t)high > view->size_bytes)
        return cld_fail(err, CLADE_ERR_ARGUMENT,
                        "input '%s': %s reaches from byte %lld to %lld, the view has %zu bytes", what,
                        CLD_TYPE_TEXT(type), (long long)low, (long long)high, view->size_bytes);
    return CLADE_OK;
}

/* Everything below one index of dimension `axis` - 1; returns where `out` goes on. */
static char *copy_from(char *out, const clade_view *view, const char *at, int32_t axis, size_t element) {
    if (axis == view->rank) {
        memcpy(out, at, element);
        return out + element;
    }
    const int64_t stride = view->strides_bytes[axis], dim = view->dims[axis];
    if (axis == view->rank - 1 && stride == (int64_t)element) {
        memcpy(out, at, (size_t)dim * element);
        return out + (size_t)dim * element;
    }
    for (int64_t i = 0; i < dim; i++)
        out = copy_from(out, view, at + i * stride, axis + 1, element);
    return out;
}

void cld_view_copy(void *out, const clade_view *view, size_t bytes) {
    if (bytes == 0)
        return;
    const char *first = (const char *)view->data + view->offset_bytes;
    if (view->strides_bytes)
        copy_from(out, view, first, 0, clade_dtype_size(view->dtype));
    else
        memcpy(out, first, bytes);
}
