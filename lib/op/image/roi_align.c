/* SPDX-License-Identifier: Apache-2.0 */
/* RoiAlign: regions of an image pooled to a fixed size through bilinear samples. */
#include "op/move/move.h"

enum { IMAGE, ROIS, BATCH };

typedef struct roi_align {
    int64_t rows, columns, sampling;
    bool half_pixel, maximum;
} roi_align;

static clade_status read_attributes(const cld_call *call, roi_align *out, clade_error *err) {
    static const char *const coordinates[] = { "output_half_pixel", "half_pixel" }, *const modes[] = { "avg", "max" };
    int32_t half_pixel, maximum;
    CLD_RETURN(cld_call_choice(call, "coordinate_transformation_mode", coordinates, CLD_COUNT(coordinates),
                               call->node->opset >= 16, &half_pixel, err));
    CLD_RETURN(cld_call_choice(call, "mode", modes, CLD_COUNT(modes), 0, &maximum, err));
    *out = (roi_align){ .rows = cld_attr_int(call->node, "output_height", 1),
                        .columns = cld_attr_int(call->node, "output_width", 1),
                        .sampling = cld_attr_int(call->node, "sampling_ratio", 0),
                        .half_pixel = half_pixel != 0,
                        .maximum = maximum != 0 };
    enum { MOST_SAMPLES = 4096 }; /* an axis of a bin, as in cl/roi_align.cl */
    if (out->rows < 1 || out->columns < 1 || out->rows > INT16_MAX || out->columns > INT16_MAX || out->sampling < 0 ||
        out->sampling > MOST_SAMPLES)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "output_height %lld, output_width %lld, sampling_ratio %lld",
                             (long long)out->rows, (long long)out->columns, (long long)out->sampling);
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *image = &call->in[IMAGE], *rois = &call->in[ROIS], *batch = &call->in[BATCH];
    roi_align align;
    CLD_RETURN(read_attributes(call, &align, err));
    CLD_RETURN(cld_call_dtype(call, IMAGE, CLD_FLOATS, err));
    if (rois->dtype != image->dtype)
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "the image is %s, rois are %s", CLD_TYPE_TEXT(image),
                             CLD_TYPE_TEXT(rois));
    if (image->rank != 4 || rois->rank != 2 || rois->dims[1] != 4 || batch->rank != 1 ||
        batch->dims[0] != rois->dims[0])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the image is %s, rois are %s, batch_indices %s",
                             CLD_TYPE_TEXT(image), CLD_TYPE_TEXT(rois), CLD_TYPE_TEXT(batch));
    if (cld_type_span(image, 2, 4) == 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the image %s has no pixels", CLD_TYPE_TEXT(image));
    CLD_RETURN(cld_call_indices(call, BATCH, &image->dims[0], 1, err));
    CLD_RETURN(cld_call_within(call, BATCH, image->dims[0] - 1, "index", image->dims[0], err));
    call->out[0] = (cld_type){ .dtype = image->dtype,
                               .rank = 4,
                               .dims = { rois->dims[0], image->dims[1], align.rows, align.columns } };
    return CLADE_OK;
}

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    const cld_call *call = emit->call;
    const cld_type *image = &call->in[IMAGE];
    cld_steps *steps = emit->steps;
    int64_t count = cld_type_count(&call->out[0]);
    roi_align align;
    CLD_RETURN(read_attributes(call, &align, err));
    if (count == 0)
        return CLADE_OK;
    cld_step *step = cld_step_kernel(steps, "roi_align", "roi_align");
    cld_step_define_dtype(steps, step, "T", image->dtype);
    cld_step_define_dtype(steps, step, "I", call->in[BATCH].dtype);
    cld_step_define(steps, step, "HALF_PIXEL", "%d", align.half_pixel);
    cld_step_define(steps, step, "MAXIMUM", "%d", align.maximum);
    cld_step_out(steps, step, emit->out[0], image->dtype);
    for (int32_t k = 0; k < call->n_in; k++)
        cld_step_in(steps, step, emit->in[k], call->in[k].dtype);
    const int64_t sizes[] = { count,          image->dims[0], image->dims[1], image->dims[2],
                              image->dims[3], align.rows,     align.columns,  align.sampling };
    cld_step_ints(steps, step, CLD_COUNT(sizes), sizes);
    cld_step_float(steps, step, cld_attr_float(call->node, "spatial_scale", 1.0f));
    cld_step_indices(emit, step, BATCH, "index");
    cld_step_size(step, (size_t)count, 1, 1, cld_long_group(emit->caps, count), 1, 1);
    return CLADE_OK;
}

static const cld_impl rows[] = { { .name = "elements", .emit = emit_elements }, { 0 } };

const cld_op cld_op_RoiAlign = {
    .domain = "",
    .name = "RoiAlign",
    .doc = "regions of an image pooled to output_height x output_width bins: mean or maximum of bilinear samples",
    .since = 10,
    .attrs = "coordinate_transformation_mode:string@16 mode:string output_height:int output_width:int "
             "sampling_ratio:int spatial_scale:float",
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .impls = rows,
};
