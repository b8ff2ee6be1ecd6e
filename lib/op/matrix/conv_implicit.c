/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU row of convolution: implicit GEMM on panels (cl/panels.cl, CONV). Weights are packed into panels of MR
 * filters (once when they are constant); a group of one item gathers the patches of NB output pixels, of any images,
 * and multiplies them with MB filters. Here are the blocks and how the work is shared among compute units.
 */
#include "op/matrix/conv.h"

#include <stdio.h>

enum { MR, NV, KB, MB };
static const cld_param params[] = { [MR] = { "mr", { 4, 6, 8, 12 } }, /* filters of the register tile */
                                    [NV] = { "nv", { 1, 2, 3 } },     /* and its vectors of pixels, all of a group */
                                    [KB] = { "kb", { 64, 128, 192, 256, 384 } },
                                    [MB] = { "mb",
                                             { 24, 48, 96, 192 } }, /* filters of a group: multiples of every mr */
                                    { 0 } };

bool cld_conv_implicit_applicable(const cld_call *call, const cld_caps *caps) {
    const int64_t fewest = 3; /* filters of a group; for fewer (depthwise) gathering costs more than multiplying */
    const cld_conv *conv = call->problem;
    return caps->float_lanes >= 4 && conv->dtype == CLADE_FLOAT32 && cld_conv_terms(conv) > 0 &&
           conv->filters >= fewest && cld_type_count(&call->out[0]) > 0;
}

static int64_t panels_of(const cld_conv *conv, int64_t columns) {
    return cld_parts(conv->images * cld_span3(conv->window.out), columns);
}

/* Filters of a group: all, as cutting them means gathering the patches again, unless there are too few pixels to go
 * round. */
static int32_t share(const cld_conv *conv, const cld_caps *caps, int32_t mr, int64_t panels) {
    const int64_t per_unit = 2, least = 32;
    int64_t want = (int64_t)caps->compute_units * per_unit, m = cld_parts(conv->filters, mr), block = m;
    while (cld_parts(m, block) * panels * conv->groups < want && block * mr > least)
        block = cld_parts(block, 2);
    return (int32_t)cld_even_blocks(m, block) * mr;
}

/* k of a group's patches that fit local memory. */
static int64_t room(const cld_caps *caps, int32_t nv) {
    int64_t floats = (int64_t)(caps->local_bytes / sizeof(float)) - (int64_t)caps->float_lanes;
    return floats / (nv * (int64_t)caps->float_lanes);
}

static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const int32_t tallest = 8; /* filters come in multiples of it */
    const int64_t deepest = 256;
    const cld_conv *conv = call->problem;
    value[MR] = cld_panels_height(caps, conv->filters, tallest);
    value[NV] = 2;
    value[KB] = (int32_t)cld_even_blocks(cld_conv_terms(conv), CLD_MAX(CLD_MIN(room(caps, value[NV]), deepest), 1));
    value[MB] = share(conv, caps, value[MR], panels_of(conv, value[NV] * (int64_t)caps->float_lanes));
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call;
    return cld_panels_fits(caps, value[MR], value[NV]) && value[MB] % value[MR] == 0 &&
           value[KB] <= room(caps, value[NV]);
}

const cld_space cld_conv_implicit_space = { params, usual, valid };

double cld_conv_implicit_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_conv *conv = call->problem;
    int64_t nr = value[NV] * (int64_t)caps->float_lanes, m = cld_parts(conv->filters, value[MR]) * value[MR];
    return cld_cost(caps, 1,
                    2.0 * (double)(panels_of(conv, nr) * nr) * (double)conv->groups * (double)m *
                        (double)cld_conv_terms(conv),
                    (cld_share){ .cpu = 0.6, .gpu = 0.05 });
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
    cld_panels_define(emit->steps, step, tile);
    cld_step_define(emit->steps, step, "CONV", "1");
    cld_step_define(emit->steps, step, "PACK", "1");
    cld_step_out(emit->steps, step, packed, CLADE_FLOAT32);
    cld_step_in(emit->steps, step, emit->in[1], CLADE_FLOAT32);
    cld_step_ints(emit->steps, step, 2, (int64_t[]){ conv->filters, conv->channels });
    cld_step_size(step, (size_t)panels, (size_t)taps, (size_t)conv->groups, 1, 1, 1);
    return packed;
}

clade_status cld_conv_implicit_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    bool has_bias = cld_call_has(emit->call, 2);
    const cld_conv *conv = emit->call->problem;
    cld_tile tile = { emit->value[MR], emit->value[NV], (int32_t)emit->caps->float_lanes };
    cld_buf packed = pack(emit, conv, tile);
    int64_t nr = cld_tile_columns(tile), rows = emit->value[MB], k_block = emit->value[KB];

    cld_step *step = cld_step_kernel(emit->steps, "panels", "conv");
    step->flops = cld_conv_flops(conv);
    cld_panels_define(emit->steps, step, tile);
    cld_step_define(emit->steps, step, "CONV", "1");
    cld_step_out(emit->steps, step, emit->out[0], CLADE_FLOAT32);
    cld_step_in(emit->steps, step, emit->in[0], CLADE_FLOAT32);
    cld_step_in(emit->steps, step, packed, CLADE_FLOAT32);
    cld_step_in(emit->steps, step, cld_emit_in(emit, 2), CLADE_FLOAT32);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ conv->images, conv->channels, conv->filters });
    cld_window_args(emit->steps, step, &conv->window);
    cld_step_ints(emit->steps, step, 2, (int64_t[]){ rows, k_block });
    cld_step_float(emit->steps, step, has_bias ? 1 : 0);
    cld_step_local(emit->steps, step, (size_t)(nr * k_block + tile.lanes) * sizeof(float));
    cld_epilogue_write(emit, step, 0);
    cld_step_size(step, (size_t)cld_parts(conv->filters, rows), (size_t)panels_of(conv, nr), (size_t)conv->groups, 1, 1,
                  1);
    return CLADE_OK;
}
