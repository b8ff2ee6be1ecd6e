/* SPDX-License-Identifier: Apache-2.0 */
/* Types: comparing, counting, broadcasting, printing. Counting functions trust a type that cld_type_check has passed.
 */
#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>

bool cld_type_static(const cld_type *type) {
    if (type->dtype == CLADE_NONE || type->rank < 0)
        return false;
    for (int32_t d = 0; d < type->rank; d++)
        if (type->dims[d] < 0)
            return false;
    return true;
}

bool cld_shape_equal(const cld_type *a, const cld_type *b) {
    return a->rank == b->rank && (a->rank <= 0 || !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]));
}

bool cld_type_equal(const cld_type *a, const cld_type *b) { return a->dtype == b->dtype && cld_shape_equal(a, b); }

int64_t cld_type_span(const cld_type *type, int32_t from, int32_t to) {
    int64_t product = 1;
    for (int32_t d = from; d < to; d++)
        product *= type->dims[d];
    return product;
}

int64_t cld_type_count(const cld_type *type) { return cld_type_span(type, 0, type->rank); }

size_t cld_type_bytes(const cld_type *type) { return (size_t)cld_type_count(type) * clade_dtype_size(type->dtype); }

clade_status cld_type_check(const cld_type *type, const char *what, clade_error *err) {
    if (type->rank < 0 || type->rank > CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s: rank %" PRId32 " is outside 0 ... %d", what, type->rank,
                        CLADE_MAX_RANK);
    int64_t left = (INT64_C(1) << 62) / (int64_t)CLD_MAX(clade_dtype_size(type->dtype), (size_t)1);
    for (int32_t d = 0; d < type->rank; d++) {
        int64_t dim = type->dims[d];
        if (dim < 0)
            return cld_fail(err, CLADE_ERR_LIMIT, "%s: dimension %" PRId32 " is %" PRId64, what, d, dim);
        /* An empty dimension counts as 1, so that the product of any subset of dimensions is in range as well. */
        left /= CLD_MAX(dim, 1);
        if (!left)
            return cld_fail(err, CLADE_ERR_LIMIT, "%s: %s is too large", what, CLD_TYPE_TEXT(type));
    }
    return CLADE_OK;
}

bool cld_shape_broadcast(cld_type *out, const cld_type *b) {
    const cld_type a = *out;
    int32_t rank = CLD_MAX(a.rank, b->rank);
    for (int32_t d = 0; d < rank; d++) { /* aligned at the last dimension */
        int32_t da = d - (rank - a.rank), db = d - (rank - b->rank);
        int64_t x = da < 0 ? 1 : a.dims[da], y = db < 0 ? 1 : b->dims[db];
        if (x != y && x != 1 && y != 1)
            return false;
        out->dims[d] = x == 1 ? y : x;
    }
    out->rank = rank;
    return true;
}

const char *cld_type_text(const cld_type *type, char *buf, size_t size) {
    size_t used = 0;
    const char *separator = "[";
#define APPEND(...)                                                                                                    \
    do {                                                                                                               \
        int n = snprintf(buf + used, size - used, __VA_ARGS__);                                                        \
        used = n < 0 ? used : CLD_MIN(used + (size_t)n, size - 1);                                                     \
    } while (0)
    APPEND("%s", clade_dtype_name(type->dtype));
    if (type->rank < 0) {
        APPEND("[...]");
        return buf;
    }
    for (int32_t d = 0; d < CLD_MIN(type->rank, CLADE_MAX_RANK); d++, separator = ",") {
        if (type->dims[d] < 0)
            APPEND("%s?", separator);
        else
            APPEND("%s%" PRId64, separator, type->dims[d]);
    }
    APPEND("%s", type->rank ? "]" : "[]");
#undef APPEND
    return buf;
}
