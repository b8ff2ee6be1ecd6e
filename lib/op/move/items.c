/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: what the data-movement operators share beside the moves themselves: element sizes, host copies. */
#include "op/move/move.h"

clade_dtype cld_dtype_bits(clade_dtype dtype) {
    switch (clade_dtype_size(dtype)) {
    case 1:
        return CLADE_UINT8;
    case 2:
        return CLADE_UINT16;
    case 4:
        return CLADE_UINT32;
    default:
        return CLADE_UINT64;
    }
}

static clade_status countable(const cld_call *call, const cld_type *type, const char *what, int32_t k,
                              clade_error *err) {
    enum { MOST = INT32_MAX / 4 * 3 }; /* leaves room for what kernels add: a chunk, a group */
    if (type->dtype == CLADE_NONE || cld_type_count(type) <= MOST)
        return CLADE_OK;
    return cld_call_fail(call, err, CLADE_ERR_LIMIT, "%s %d has %lld elements; kernels count to %d", what, k,
                         (long long)cld_type_count(type), MOST);
}

clade_status cld_call_countable(const cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < call->n_in; k++)
        CLD_RETURN(countable(call, &call->in[k], "input", k, err));
    for (int32_t k = 0; k < call->n_out; k++)
        CLD_RETURN(countable(call, &call->out[k], "output", k, err));
    return CLADE_OK;
}

void cld_copy_whole(const clade_tensor *in, clade_tensor *out) {
    if (out->size_bytes)
        memcpy(out->data, in->data, out->size_bytes);
}

clade_status cld_call_choice(const cld_call *call, const char *attr, const char *const *names, int32_t count,
                             int32_t otherwise, int32_t *out, clade_error *err) {
    const char *name = cld_attr_string(call->node, attr, names[otherwise]);
    for (*out = 0; *out < count; ++*out)
        if (strcmp(name, names[*out]) == 0)
            return CLADE_OK;
    return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "%s '%s' is not supported", attr, name);
}

void cld_step_eight(cld_steps *steps, cld_step *step, const int64_t *values, int32_t count) {
    for (int32_t d = 0; d < CLADE_MAX_RANK; d++)
        cld_step_int(steps, step, d < count ? (int32_t)values[d] : 1);
}
