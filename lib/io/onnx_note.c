/* SPDX-License-Identifier: Apache-2.0 */
/* Models that are only looked at: what is not supported is left out and noted, instead of ending the import. Every
 * other fault ends it as ever. A graph with a note is never run, and no pass sees it. */
#include "io/onnx.h"

const clade_tensor cld_onnx_left_out = { .dtype = CLADE_NONE };

clade_status cld_onnx_note(cld_onnx *onnx, clade_status status, const clade_error *why, clade_error *err) {
    if (status == CLADE_ERR_UNSUPPORTED && onnx->options->describe) {
        if (onnx->unsupported == NULL)
            onnx->unsupported = cld_arena_text(onnx->arena, why->message);
        return onnx->unsupported != NULL ? CLADE_OK : cld_no_memory(err, "the model");
    }
    if (status != CLADE_OK && err != NULL)
        *err = *why;
    return status;
}
