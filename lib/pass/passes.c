/* SPDX-License-Identifier: Apache-2.0 */
/* The passes by name, in the order in which they run: on a model graph once, on a static graph for each plan. */
#include "pass/pass.h"

const cld_pass cld_model_passes[] = {
    { "dead", cld_pass_dead },
    { 0 },
};

const cld_pass cld_static_passes[] = {
    { "fold_scale", cld_pass_fold_scale },
    { "halve", cld_pass_halve },
    { "lower", cld_pass_lower },
    { "fold_pad", cld_pass_fold_pad },
    { "dead", cld_pass_dead },
    { "fuse", cld_pass_fuse },
    { 0 },
};

clade_status cld_passes_run(const cld_pass *passes, int32_t count, cld_graph *graph, clade_error *err) {
    for (int32_t k = 0; passes[k].name && (count < 0 || k < count); k++) {
        CLD_RETURN(passes[k].run(graph, err));
        if (cld_arena_failed(graph->arena)) /* it may have left something out for that */
            return cld_no_memory(err, passes[k].name);
    }
    return CLADE_OK;
}
