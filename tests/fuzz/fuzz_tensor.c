/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness for the tensor formats: built once per decoder, which DECODE names. What decodes must hold as many
 * bytes as its shape says, all of them readable.
 */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    clade_error err = { CLADE_OK, "" };
    clade_tensor tensor;
    char name[16];
    const clade_status status = DECODE(&tensor, name, sizeof name, data, size_bytes, "input", &err);
    if (status != CLADE_OK)
        return 0;
    const cld_type type = cld_tensor_type(&tensor);
    if (cld_type_check(&type, "tensor", &err) != CLADE_OK || cld_type_bytes(&type) != tensor.size_bytes)
        abort();
    static volatile double last;
    for (int64_t i = 0; i < clade_tensor_count(&tensor); i++)
        last = cld_tensor_get(&tensor, i);
    clade_tensor_free(&tensor);
    return 0;
}
