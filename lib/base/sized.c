/* SPDX-License-Identifier: Apache-2.0 */
/* Public structs that grow at their end, between a program and a library of different versions.
 *
 * In: a struct of the caller, of the size it says. Invariants: no byte beyond that size is read or written; a field
 * that one side does not have is 0 for it. Source: copy_struct_from_user of Linux.
 */
#include "base/base.h"

enum { LARGEST = 4096 }; /* more than any version will need: such a size was never set */

static clade_status read_size(size_t *out, const void *from, const char *type, clade_error *err) {
    memcpy(out, from, sizeof *out);
    if (*out >= sizeof *out && *out <= LARGEST)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_ARGUMENT, "%s: size_bytes is %zu; start from its _INIT macro", type, *out);
}

clade_status cld_sized_read(void *known, size_t known_bytes, const void *from, const char *type, clade_error *err) {
    size_t bytes;
    if (!from)
        return CLADE_OK;
    CLD_RETURN(read_size(&bytes, from, type, err));
    for (size_t k = known_bytes; k < bytes; k++)
        if (((const char *)from)[k])
            return cld_fail(err, CLADE_ERR_UNSUPPORTED,
                            "%s has %zu bytes and sets one behind the %zu that this version of Clade knows", type,
                            bytes, known_bytes);
    memcpy(known, from, CLD_MIN(bytes, known_bytes));
    memcpy(known, &known_bytes, sizeof known_bytes);
    return CLADE_OK;
}

clade_status cld_sized_write(void *to, const void *known, size_t known_bytes, const char *type, clade_error *err) {
    size_t bytes;
    if (!to)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "%s: out must not be NULL", type);
    CLD_RETURN(read_size(&bytes, to, type, err));
    memset(to, 0, bytes);
    memcpy(to, known, CLD_MIN(bytes, known_bytes));
    memcpy(to, &bytes, sizeof bytes);
    return CLADE_OK;
}
