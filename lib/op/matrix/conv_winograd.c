/* SPDX-License-Identifier: Apache-2.0 */
/* The row of convolution with 3x3 kernels by minimal filtering, F(mxm, 3x3): cl/winograd.cl. Weights and tiles of
 * inputs are transformed (weights once, when they are constant), (m+2)^2 products sum over the channels, the chooser
 * picking their row, and tiles of sums are transformed back, bias and epilogue with them. Products are of filters by
 * tiles; where there are vectors, of tiles by filters, so that weights are the operand which is packed once.
 *
 * Error. With n = channels + 32 roundings, u = 2^-24 and |.| taken of each element,
 *     |y' - y| <= n u / (1 - n u) sum_c |A^T| [|G| |w| |G^T| . |B^T| |x| |B|] |A|,
 * and that sum is about 7 (m 2) or 50 (m 4) times sum |x| |w| where elements are alike (Higham, Accuracy and Stability,
 * section 3.5). What is seen (uniform elements) is about twice (m 2) and five times (m 4) the error of other rows. A
 * tile's error is of all its inputs, so it is large beside outputs whose own inputs are small; so m 4 is left to those
 * who ask where there are few channels.
 */
#include "op/matrix/conv.h"

#include <stdio.h>

enum { M, IMAGES };
static const cld_param params[] = { [M] = { "m", { 2, 4 } },                     /* outputs of a tile along each axis */
                                    [IMAGES] = { "images", { 1, 2, 4, 8, 16 } }, /* that are worked through at a time */
                                    { 0 } };

typedef struct tiling {
    int64_t m, points, rows, columns, tiles; /* of an image */
    int64_t lanes;                           /* of the vectors; 1: an item a tile */
} tiling;

static tiling tiling_of(const cld_conv *conv, const cld_caps *caps, int64_t m) {
    const int64_t rows = cld_parts(conv->window.out[1], m), columns = cld_parts(conv->window.out[2], m);
    return (
        tiling){ m, (m + 2) * (m + 2), rows, columns, rows * columns, caps->float_lanes >= 4 ? caps->float_lanes : 1 };
}

/* Strides of what is one output long are not the model's (cld_window_merge), and mean nothing. */
static bool is_3x3(const cld_conv *conv) {
    const cld_window *w = &conv->window;
    bool is = conv->groups == 1 && w->kernel[0] == 1 && w->in[0] == 1 && w->out[0] == 1;
    for (int32_t d = 1; d < 3; d++)
        is &= w->kernel[d] == 3 && w->dilation[d] == 1 && (w->stride[d] == 1 || w->out[d] == 1);
    return is;
}

/* A buffer of so many floats can be had, and its elements be counted. */
static bool can_hold(const cld_caps *caps, double count) {
    return count < (double)INT32_MAX && cld_caps_round(caps, (size_t)count * sizeof(float)) <= caps->max_alloc_bytes;
}

static bool fits(const cld_conv *conv, const cld_caps *caps, const tiling *t, int64_t images) {
    const double points = (double)t->points, tiles = (double)t->tiles * (double)images, c = (double)conv->channels,
                 f = (double)conv->filters;
    return can_hold(caps, points * c * f) && can_hold(caps, points * c * tiles) &&
           can_hold(caps, points * f * tiles + (double)t->lanes);
}

bool cld_conv_winograd_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_conv *conv = call->problem;
    const tiling two = tiling_of(conv, caps, 2), four = tiling_of(conv, caps, 4);
    return conv->dtype == CLADE_FLOAT32 && conv->channels > 0 && cld_type_count(&call->out[0]) > 0 && is_3x3(conv) &&
           fits(conv, caps, &two, 1) && fits(conv, caps, &four, 1);
}

/* ---- the parameter, and what it costs -----------------------------------------------------------------------------
 */

static cld_gemm product_of(const cld_conv *conv, const tiling *t, int64_t images, bool constant) {
    const int64_t c = conv->channels, f = conv->filters, p = images * t->tiles;
    const bool wide = t->lanes > 1;
    return (cld_gemm){ .dtype = CLADE_FLOAT32,
                       .m = wide ? p : f,
                       .n = wide ? f : p,
                       .k = c,
                       .trans_a = wide,
                       .constant_b = wide && constant,
                       .batch_rank = 1,
                       .batch = { t->points },
                       .a_batch = { wide ? c * p : c * f },
                       .b_batch = { wide ? c * f : c * p },
                       .bias = { -1 },
                       .alpha = 1 };
}

/* Images whose transformed inputs and sums stay in a cache, or take no more memory than a column matrix may. */
static int32_t images_of(const cld_conv *conv, const cld_caps *caps, const tiling *t) {
    const int64_t each = t->points * t->tiles * (conv->channels + conv->filters) * (int64_t)sizeof(float);
    const int64_t most = caps->is_cpu ? CLD_COLUMN_BYTES / 8 : CLD_COLUMN_BYTES;
    return (int32_t)CLD_MAX(CLD_MIN(conv->images, most / each), 1);
}

/* Elements of transformed inputs and sums, in whole vectors, beside which weights count a quarter, read once by the
 * product. Shares are fitted to ten layers of 8 to 512 channels on a CPU; on GPUs nothing was measured: it is what such
 * elements take at 28 operations a byte (tiles.c). */
double cld_conv_winograd_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_conv *conv = call->problem;
    const tiling t = tiling_of(conv, caps, value[M]);
    const cld_gemm gemm = product_of(conv, &t, conv->images, !conv->variable);
    const double points = (double)(t.points * conv->images), c = (double)conv->channels, f = (double)conv->filters;
    const double in = points * (double)(t.rows * cld_parts(t.columns, t.lanes) * t.lanes) * c;
    const double out = points * (double)(t.tiles * cld_parts(conv->filters, t.lanes) * t.lanes);
    const double weights = (double)t.points * c * f;
    const double made = conv->variable ? cld_cost(caps, 1, weights, (cld_share){ .cpu = 0.001, .gpu = 0.009 }) : 0;
    return made + cld_product_cost(&gemm, caps) +
           cld_cost(caps, 2, in + out + weights / 4, (cld_share){ .cpu = 0.009, .gpu = 0.0037 });
}

/* Fewer channels than `many`: see above. */
static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const int64_t many = 32;
    const int32_t two = 2, four = 4;
    const cld_conv *conv = call->problem;
    value[M] =
        conv->channels >= many && cld_conv_winograd_cost(call, caps, &four) < cld_conv_winograd_cost(call, caps, &two)
            ? four
            : two;
    const tiling t = tiling_of(conv, caps, value[M]);
    value[IMAGES] = images_of(conv, caps, &t);
}

static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_conv *conv = call->problem;
    if (value[M] != 2 && value[M] != 4)
        return false;
    const tiling t = tiling_of(conv, caps, value[M]);
    return fits(conv, caps, &t, CLD_MIN(value[IMAGES], conv->images));
}

const cld_space cld_conv_winograd_space = { params, usual, valid };

/* ---- the steps ----------------------------------------------------------------------------------------------------
 */

static cld_step *begin(const cld_emit *emit, const tiling *t, const char *entry, bool wide) {
    cld_step *step = cld_step_kernel(emit->steps, "winograd", entry);
    cld_step_define(emit->steps, step, "MT", "%lld", (long long)t->m);
    if (wide) {
        cld_step_define(emit->steps, step, "WIDE", "1");
        cld_step_define(emit->steps, step, "LANES", "%lld", (long long)t->lanes);
    }
    return step;
}

static cld_buf transform_weights(const cld_emit *emit, const cld_conv *conv, const tiling *t) {
    cld_steps *steps = emit->steps;
    const int64_t c = conv->channels, f = conv->filters;
    const size_t bytes = (size_t)(t->points * c * f) * sizeof(float);
    const bool wide = t->lanes > 1;
    char key[32];
    snprintf(key, sizeof key, "winograd:%lld%s", (long long)t->m, wide ? "T" : "");
    cld_buf u = !conv->variable ? cld_step_packed(steps, bytes, emit->in[1], key) : cld_step_scratch(steps, bytes);
    cld_step *step = begin(emit, t, "weights", wide);
    step->once = !conv->variable;
    step->bytes = (double)bytes * (double)(t->points + 9) / (double)t->points;
    cld_step_out(steps, step, u, CLADE_FLOAT32);
    cld_step_in(steps, step, emit->in[1], CLADE_FLOAT32);
    cld_step_ints(steps, step, 2, (int64_t[]){ f, c });
    cld_step_grid(step, emit->caps, wide ? f : c, wide ? c : f, 1);
    return u;
}

/* Rows of tiles that an item goes through, and the launch, over `units` channels or vectors of filters. */
static int64_t each_of(const cld_emit *emit, const tiling *t, int64_t units, int64_t images) {
    const int64_t least = 4096, row = t->columns * t->points * t->lanes;
    return CLD_MIN(cld_per_item(emit->caps, t->rows * units * images, row, least), t->rows);
}

static void launch(const cld_emit *emit, cld_step *step, const tiling *t, int64_t each, int64_t units, int64_t images) {
    if (t->lanes > 1)
        cld_step_size(step, (size_t)cld_parts(t->rows, each), (size_t)units, (size_t)images, 1, 1, 1);
    else
        cld_step_grid(step, emit->caps, t->tiles, units, images);
}

static void transform_input(const cld_emit *emit, const cld_conv *conv, const tiling *t, cld_buf v, int64_t first,
                            int64_t images) {
    cld_steps *steps = emit->steps;
    const cld_window *w = &conv->window;
    const int64_t c = conv->channels, each = each_of(emit, t, c, images);
    cld_step *step = begin(emit, t, "input", t->lanes > 1);
    step->bytes = (double)(images * c * (t->points * t->tiles + cld_span3(w->in))) * sizeof(float);
    cld_step_out(steps, step, v, CLADE_FLOAT32);
    cld_step_in(steps, step, emit->in[0], CLADE_FLOAT32);
    cld_step_ints(steps, step, 9,
                  (int64_t[]){ first, c, w->in[1], w->in[2], w->before[1], w->before[2], t->rows, t->columns,
                               images * t->tiles });
    if (t->lanes > 1)
        cld_step_int(steps, step, (int32_t)each);
    launch(emit, step, t, each, c, images);
}

static void transform_output(const cld_emit *emit, const cld_conv *conv, const tiling *t, cld_buf z, int64_t first,
                             int64_t images) {
    cld_steps *steps = emit->steps;
    const cld_window *w = &conv->window;
    const int64_t f = conv->filters, units = cld_parts(f, t->lanes), each = each_of(emit, t, units, images);
    cld_step *step = begin(emit, t, "output", t->lanes > 1);
    step->bytes = (double)(images * f * (t->points * t->tiles + cld_span3(w->out))) * sizeof(float);
    cld_step_out(steps, step, emit->out[0], CLADE_FLOAT32);
    cld_step_in(steps, step, z, CLADE_FLOAT32);
    cld_step_in(steps, step, cld_emit_in(emit, 2), CLADE_FLOAT32);
    cld_step_ints(steps, step, 7,
                  (int64_t[]){ first, f, w->out[1], w->out[2], t->rows, t->columns, images * t->tiles });
    if (t->lanes > 1)
        cld_step_int(steps, step, (int32_t)each);
    cld_step_float(steps, step, cld_call_has(emit->call, 2) ? 1 : 0);
    cld_epilogue_write(emit, step, 0);
    launch(emit, step, t, each, units, images);
}

clade_status cld_conv_winograd_emit(const cld_emit *emit, clade_error *err) {
    const cld_conv *conv = emit->call->problem;
    const tiling t = tiling_of(conv, emit->caps, emit->value[M]);
    const int64_t part = CLD_MIN(emit->value[IMAGES], conv->images);
    const size_t image_bytes = (size_t)(t.points * t.tiles) * sizeof(float) * (size_t)part;
    cld_buf u = transform_weights(emit, conv, &t);
    cld_buf v = cld_step_scratch(emit->steps, image_bytes * (size_t)conv->channels);
    cld_buf z = cld_step_scratch(emit->steps, image_bytes * (size_t)conv->filters + (size_t)t.lanes * sizeof(float));
    for (int64_t first = 0; first < conv->images; first += part) {
        const int64_t images = CLD_MIN(part, conv->images - first);
        cld_gemm gemm = product_of(conv, &t, images, !conv->variable);
        gemm.a = t.lanes > 1 ? v : u;
        gemm.b = t.lanes > 1 ? u : v;
        gemm.c = z;
        transform_input(emit, conv, &t, v, first, images);
        CLD_RETURN(cld_product_emit(emit, &gemm, err));
        transform_output(emit, conv, &t, z, first, images);
    }
    return CLADE_OK;
}
