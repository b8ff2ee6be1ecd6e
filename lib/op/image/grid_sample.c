/* SPDX-License-Identifier: Apache-2.0 */
/* GridSample: an image read at the positions a grid gives. Images of two spatial dimensions. */
#include "op/move/move.h"

/* The names of ONNX, in the order of the kernel's numbers; opset 20 renamed the modes. */
enum { BILINEAR = 1, ZEROS = 0 };
static const char *const modes[] = { "nearest", "bilinear", "bicubic", "nearest", "linear", "cubic" };
static const char *const paddings[] = { "zeros", "border", "reflection" };

static clade_status read_attributes(const cld_call *call, int32_t *mode, int32_t *padding, clade_error *err) {
    CLD_RETURN(cld_call_choice(call, "mode", modes, CLD_COUNT(modes), BILINEAR, mode, err));
    *mode %= 3;
    return cld_call_choice(call, "padding_mode", paddings, CLD_COUNT(paddings), ZEROS, padding, err);
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *image = &call->in[0], *grid = &call->in[1];
    int32_t mode, padding;
    CLD_RETURN(read_attributes(call, &mode, &padding, err));
    CLD_RETURN(cld_call_dtype(call, 0, CLD_FLOATS, err));
    if (grid->dtype != image->dtype)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the image is %s, the grid %s", CLD_TYPE_TEXT(image),
                             CLD_TYPE_TEXT(grid));
    if (image->rank != 4)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "only images of two dimensions are supported, not %s",
                             CLD_TYPE_TEXT(image));
    if (grid->rank != 4 || grid->dims[3] != 2 || grid->dims[0] != image->dims[0])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the image is %s, the grid %s", CLD_TYPE_TEXT(image),
                             CLD_TYPE_TEXT(grid));
    call->out[0] = *image;
    call->out[0].dims[2] = grid->dims[1];
    call->out[0].dims[3] = grid->dims[2];
    if (cld_type_span(image, 2, 4) == 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the image %s has no pixels", CLD_TYPE_TEXT(image));
    return CLADE_OK;
}

static clade_status emit_pixels(const cld_emit *emit, clade_error *err) {
    const cld_type *image = &emit->call->in[0], *out = &emit->call->out[0];
    cld_steps *steps = emit->steps;
    int32_t mode, padding;
    CLD_RETURN(read_attributes(emit->call, &mode, &padding, err));
    if (cld_type_count(out) == 0)
        return CLADE_OK;
    int64_t pixels = cld_type_span(out, 2, 4);
    cld_step *step = cld_step_kernel(steps, "grid_sample", "grid_sample");
    cld_step_define_dtype(steps, step, "T", image->dtype);
    cld_step_define(steps, step, "MODE", "%d", mode);
    cld_step_define(steps, step, "PADDING", "%d", padding);
    cld_step_define(steps, step, "ALIGN_CORNERS", "%d", cld_attr_int(emit->call->node, "align_corners", 0) != 0);
    cld_step_out(steps, step, emit->out[0], image->dtype);
    cld_step_in(steps, step, emit->in[0], image->dtype);
    cld_step_in(steps, step, emit->in[1], image->dtype);
    const int64_t sizes[] = { image->dims[1], image->dims[2], image->dims[3], pixels };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_size(step, (size_t)pixels, cld_on_cpu(emit->call, emit->caps) ? 1 : (size_t)image->dims[1],
                  (size_t)image->dims[0], cld_long_group(emit->caps, pixels), 1, 1);
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "pixels", .emit = emit_pixels }, { 0 } };

const cld_op cld_op_GridSample = {
    .domain = "",
    .name = "GridSample",
    .doc = "the image at the positions grid gives, from -1 to 1, by nearest, bilinear or bicubic interpolation",
    .since = 16,
    .attrs = "align_corners:int mode:string padding_mode:string",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};
