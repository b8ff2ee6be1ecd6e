/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU row of convolution: implicit GEMM on panels (cl/panels.cl, CONV). Weights are packed into panels of MR
 * filters (once when they are constant); a group of one item gathers the patches of NB output pixels, of any images,
 * and multiplies them with MB filters. Here are the blocks and how the work is shared among compute units.
 */
#include "op/conv.h"

#include <stdio.h>

/* FEWEST_FILTERS: of a group; for fewer (depthwise) gathering costs more than multiplying. */
enum { FEWEST_FILTERS = 3 };
/* TALLEST: filters come in multiples of 8. */
enum { TALLEST = 8, K_BLOCK = 256, GROUPS_PER_UNIT = 2, LEAST_ROWS = 32 };

bool cld_conv_implicit_applicable(const cld_call *call, const cld_caps *caps) {
    cld_conv conv;
    cld_conv_describe(call, 1, &conv);
    return caps->is_cpu && caps->float_lanes >= 4 && call->in[0].dtype == CLADE_FLOAT32 && cld_conv_terms(&conv) > 0 &&
           conv.filters >= FEWEST_FILTERS && cld_type_count(&call->out[0]) > 0;
}

static cld_buf pack(const cld_emit *emit, const cld_conv *conv, cld_tile tile) {
    int64_t panels = cld_parts(conv->filters, tile.mr), taps = cld_span3(conv->window.kernel);
    size_t bytes = (size_t)(conv->groups * panels * tile.mr * cld_conv_terms(conv)) * sizeof(float);
    char key[64];
    snprintf(key, sizeof key, "panels:W:%d/%lld", tile.mr, (long long)conv->groups);
    cld_buf packed = emit->constant[1] ? cld_step_packed(emit->steps, bytes, emit->in[1], key)
                                       : cld_step_scratch(emit->steps, bytes);
    cld_step *step = cld_step_kernel(emit->steps, "panels", "pack_w");
    step->once = emit->constant[1];
    step->bytes = 2.0 * (double)bytes;
    cld_panels_define(emit->steps, step, emit->caps, tile, NULL);
    cld_step_define(emit->steps, step, "CONV", "1");
    cld_step_define(emit->steps, step, "PACK", "1");
    cld_step_out(emit->steps, step, packed, CLADE_FLOAT32);
    cld_step_in(emit->steps, step, emit->in[1], CLADE_FLOAT32);
    cld_step_ints(emit->steps, step, 2, (int64_t[]){ conv->filters, conv->channels });
    cld_step_size(step, (size_t)panels, (size_t)taps, (size_t)conv->groups, 1, 1, 1);
    return packed;
}

/* Filters of a group: all, as cutting them means gathering the patches again, unless there are too few pixels to go
 * round. */
static int64_t share(const cld_conv *conv, const cld_caps *caps, cld_tile tile, int64_t panels) {
    int64_t want = (int64_t)caps->compute_units * GROUPS_PER_UNIT, m = cld_parts(conv->filters, tile.mr), block = m;
    while (cld_parts(m, block) * panels * conv->groups < want && block * tile.mr > LEAST_ROWS)
        block = cld_parts(block, 2);
    return cld_even_blocks(m, block) * tile.mr;
}

clade_status cld_conv_implicit_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    bool has_bias = cld_call_has(emit->call, 2);
    cld_conv conv;
    cld_conv_describe(emit->call, 1, &conv);
    cld_tile tile = cld_panels_tile(emit->caps, conv.filters, TALLEST);
    cld_buf packed = pack(emit, &conv, tile);
    int64_t panels = cld_parts(conv.images * cld_span3(conv.window.out), tile.nr), terms = cld_conv_terms(&conv);
    int64_t rows = share(&conv, emit->caps, tile, panels);
    int64_t room = (int64_t)(emit->caps->local_bytes / sizeof(float)) - (int64_t)emit->caps->float_lanes;
    int64_t most = CLD_MIN(room / tile.nr, (int64_t)K_BLOCK);
    int64_t k_block = cld_even_blocks(terms, CLD_MAX(most, 1));

    cld_step *step = cld_step_kernel(emit->steps, "panels", "conv");
    step->flops = 2.0 * (double)cld_type_count(&emit->call->out[0]) * (double)terms;
    cld_panels_define(emit->steps, step, emit->caps, tile, cld_attr_string(emit->call->node, CLD_EPILOGUE, NULL));
    cld_step_define(emit->steps, step, "CONV", "1");
    cld_step_out(emit->steps, step, emit->out[0], CLADE_FLOAT32);
    cld_step_in(emit->steps, step, emit->in[0], CLADE_FLOAT32);
    cld_step_in(emit->steps, step, packed, CLADE_FLOAT32);
    cld_step_in(emit->steps, step, cld_emit_in(emit, 2), CLADE_FLOAT32);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ conv.images, conv.channels, conv.filters });
    cld_window_args(emit->steps, step, &conv.window);
    cld_step_ints(emit->steps, step, 2, (int64_t[]){ rows, k_block });
    cld_step_float(emit->steps, step, has_bias ? 1 : 0);
    cld_step_local(emit->steps, step, (size_t)(tile.nr * k_block + emit->caps->float_lanes) * sizeof(float));
    cld_step_size(step, (size_t)cld_parts(conv.filters, rows), (size_t)panels, (size_t)conv.groups, 1, 1, 1);
    return CLADE_OK;
}
