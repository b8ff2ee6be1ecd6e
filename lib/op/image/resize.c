/* SPDX-License-Identifier: Apache-2.0 */
/* Resize, and Upsample before it: each axis is nearest, linear or cubic interpolation at positions that depend on sizes
 * and attributes only, so it expands: to an Expand where entries are repeated, to Gather where they are picked, to
 * weighted sums (clade.Resample) otherwise, axis by axis, the most shrinking first. Anti-aliasing is refused.
 *
 * Interpolated integers are refused: their rounding is not specified. */
#include "op/image/resize.h"
#include "op/move/move.h"

#include <math.h>

/* Where a version of the operator has its inputs; -1: it has none. */
typedef struct layout {
    int8_t roi, scales, sizes;
} layout;

static layout layout_of(const cld_call *call) {
    if (strcmp(call->node->type, "Upsample") == 0 || call->node->opset < 11)
        return (layout){ -1, 1, -1 };
    return (layout){ 1, 2, 3 };
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static clade_status read_attributes(const cld_call *call, cld_resize *out, clade_error *err) {
    static const char *const modes[] = { "nearest", "linear", "cubic" };
    static const char *const coordinates[] = { "half_pixel",        "half_pixel_symmetric", "pytorch_half_pixel",
                                               "align_corners",     "asymmetric",           "tf_half_pixel_for_nn",
                                               "tf_crop_and_resize" };
    static const char *const roundings[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };
    bool plain = layout_of(call).sizes < 0; /* Upsample, Resize 10: neither attribute */
    int32_t mode, coordinate, rounding;
    if (cld_attr_int(call->node, "antialias", 0))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "antialias is not supported");
    CLD_RETURN(cld_call_choice(call, "mode", modes, CLD_COUNT(modes), CLD_NEAREST, &mode, err));
    CLD_RETURN(cld_call_choice(call, "coordinate_transformation_mode", coordinates, CLD_COUNT(coordinates),
                               plain ? CLD_ASYMMETRIC : CLD_HALF_PIXEL, &coordinate, err));
    CLD_RETURN(cld_call_choice(call, "nearest_mode", roundings, CLD_COUNT(roundings),
                               plain ? CLD_FLOOR : CLD_ROUND_PREFER_FLOOR, &rounding, err));
    *out = (cld_resize){ .mode = (cld_resize_mode)mode,
                         .coordinates = (cld_coordinates)coordinate,
                         .rounding = (cld_rounding)rounding,
                         .exclude_outside = cld_attr_int(call->node, "exclude_outside", 0) != 0,
                         .cubic_a = (double)cld_attr_float(call->node, "cubic_coeff_a", -0.75f),
                         .extrapolation = (double)cld_attr_float(call->node, "extrapolation_value", 0.0f) };
    bool sums = mode != CLD_NEAREST || coordinate == CLD_TF_CROP_AND_RESIZE;
    return sums ? cld_call_dtype(call, 0, CLD_FLOATS, err) : cld_call_dtype(call, 0, CLD_ALL_DTYPES, err);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

/* The axes that lists speak of: all, or those of attribute axes (opset 18). */
static clade_status read_axes(const cld_call *call, int32_t axes[CLADE_MAX_RANK], int32_t *count, clade_error *err) {
    int32_t given, rank = call->in[0].rank;
    const int64_t *list = cld_attr_ints(call->node, "axes", &given);
    *count = list ? given : rank;
    if (*count > rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%d axes, input is %s", given, CLD_TYPE_TEXT(&call->in[0]));
    for (int32_t k = 0; k < *count; k++)
        CLD_RETURN(cld_call_axis(call, list ? list[k] : k, rank, &axes[k], err));
    return CLADE_OK;
}

/* Input k as a list of `count` numbers of a type in the set: *out NULL when it is absent or empty. */
static clade_status read_list(cld_call *call, int32_t k, cld_dtypes set, int32_t count, const clade_tensor **out,
                              clade_error *err) {
    *out = NULL;
    if (k < 0 || !cld_call_has(call, k) || cld_type_count(&call->in[k]) == 0)
        return CLADE_OK;
    CLD_RETURN(cld_call_dtype(call, k, set, err));
    if (!(*out = cld_call_value(call, k)))
        return CLD_PENDING;
    if (clade_tensor_count(*out) != count)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d has %lld entries, %d are needed", k,
                             (long long)clade_tensor_count(*out), count);
    return CLADE_OK;
}

static clade_status set_axis(const cld_call *call, cld_resize *r, int32_t axis, double scale, int64_t out,
                             double length, clade_error *err) {
    enum { LONGEST = 1 << 24 }; /* tables are made on the host, per entry of an axis */
    if (!(scale > 0 && scale < INFINITY) || out < 0 || out > LONGEST || call->in[0].dims[axis] > INT32_MAX)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %d of %s cannot be scaled by %g", axis,
                             CLD_TYPE_TEXT(&call->in[0]), scale);
    r->untouched[axis] = false;
    r->scale[axis] = scale;
    r->out[axis] = out;
    r->length[axis] = length;
    return CLADE_OK;
}

static clade_status by_scale(const cld_call *call, cld_resize *r, int32_t axis, float scale, clade_error *err) {
    float length = scale * (float)call->in[0].dims[axis]; /* in float, as other runtimes do: 10 * 0.7f gives 7 */
    int64_t out = length >= 0 && length <= (float)INT32_MAX ? (int64_t)length : -1;
    return set_axis(call, r, axis, (double)scale, out, (double)scale * (double)call->in[0].dims[axis], err);
}

/* With keep_aspect_ratio_policy (opset 18) the smallest, or the largest, of the scales goes for all axes. */
static clade_status by_sizes(const cld_call *call, cld_resize *r, const int32_t *axes, int32_t count,
                             const clade_tensor *sizes, clade_error *err) {
    static const char *const policies[] = { "stretch", "not_larger", "not_smaller" };
    enum { STRETCH, NOT_LARGER };
    int32_t policy;
    double common = 0;
    CLD_RETURN(cld_call_choice(call, "keep_aspect_ratio_policy", policies, CLD_COUNT(policies), STRETCH, &policy, err));
    for (int32_t k = 0; k < count; k++) {
        double scale = cld_tensor_get(sizes, k) / (double)call->in[0].dims[axes[k]];
        common = k == 0 ? scale : policy == NOT_LARGER ? fmin(common, scale) : fmax(common, scale);
    }
    for (int32_t k = 0; k < count; k++) {
        int64_t in = call->in[0].dims[axes[k]], out = cld_tensor_get_int(sizes, k);
        if (policy != STRETCH && common >= 0 && common * (double)in < INT32_MAX)
            out = (int64_t)floor(common * (double)in + 0.5);
        CLD_RETURN(
            set_axis(call, r, axes[k], policy == STRETCH ? (double)out / (double)in : common, out, (double)out, err));
    }
    return CLADE_OK;
}

static clade_status read_roi(cld_call *call, cld_resize *r, const int32_t *axes, int32_t count, clade_error *err) {
    const clade_tensor *roi;
    if (r->coordinates != CLD_TF_CROP_AND_RESIZE)
        return CLADE_OK;
    CLD_RETURN(read_list(call, layout_of(call).roi, CLD_FLOATS, 2 * count, &roi, err));
    if (!roi)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "tf_crop_and_resize needs roi");
    for (int32_t k = 0; k < count; k++) {
        r->start[axes[k]] = cld_tensor_get(roi, k);
        r->end[axes[k]] = cld_tensor_get(roi, count + k);
    }
    return CLADE_OK;
}

static clade_status read_resize(cld_call *call, cld_resize *out, clade_error *err) {
    int32_t axes[CLADE_MAX_RANK], count, n_list;
    const clade_tensor *scales, *sizes;
    layout at = layout_of(call);
    const float *list = cld_attr_floats(call->node, "scales", &n_list); /* Upsample 7 */
    CLD_RETURN(read_attributes(call, out, err));
    CLD_RETURN(read_axes(call, axes, &count, err));
    CLD_RETURN(read_list(call, at.scales, CLD_BIT(FLOAT32), count, &scales, err));
    CLD_RETURN(read_list(call, at.sizes, CLD_BIT(INT64), count, &sizes, err));
    if ((scales != NULL) + (sizes != NULL) + (list != NULL) != 1 || (list && n_list != count))
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "either scales or sizes must be given, for %d axes", count);
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        out->untouched[d] = true;
        out->end[d] = out->scale[d] = 1;
        out->out[d] = call->in[0].dims[d];
        out->length[d] = (double)out->out[d];
    }
    if (sizes)
        CLD_RETURN(by_sizes(call, out, axes, count, sizes, err));
    for (int32_t k = 0; k < count && !sizes; k++)
        CLD_RETURN(by_scale(call, out, axes[k], list ? list[k] : (float)cld_tensor_get(scales, k), err));
    return read_roi(call, out, axes, count, err);
}

static clade_status infer(cld_call *call, clade_error *err) {
    cld_resize r;
    CLD_RETURN(read_resize(call, &r, err));
    call->out[0] = call->in[0];
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        call->out[0].dims[d] = r.out[d];
        if (call->in[0].dims[d] == 0 && r.out[d] > 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %d has no entries to resize", d);
    }
    return cld_call_countable(call, err);
}

/* ---- expansion --------------------------------------------------------------------------------------------------- */

/* Every input entry of the axis comes *times times in a row. */
static bool repeats(const cld_resize_table *table, int64_t *times) {
    *times = table->n_in ? table->n_out / table->n_in : 0;
    if (table->identity)
        return true;
    if (!table->plain || table->taps != 1 || table->n_out == 0 || table->n_out % table->n_in != 0)
        return false;
    for (int64_t j = 0; j < table->n_out; j++)
        if (table->index[j] != j / *times)
            return false;
    return true;
}

/* All axes repeat: [.., n, ..] seen as [.., n, 1, ..] is expanded to [.., n, times, ..]. False: this is not so, or
 * takes too many dimensions. */
static bool plan_repeat(const cld_call *call, const cld_resize_table *tables, cld_type *split, cld_type *wide) {
    *split = *wide = (cld_type){ .rank = 0 };
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        int64_t times;
        if (!repeats(&tables[d], &times) || split->rank + 2 > CLADE_MAX_RANK)
            return false;
        split->dims[split->rank++] = wide->dims[wide->rank++] = tables[d].n_in;
        if (times > 1) {
            split->dims[split->rank++] = 1;
            wide->dims[wide->rank++] = times;
        }
    }
    return true;
}

static clade_status pick(const cld_call *call, cld_build *build, const cld_resize_table *table, int32_t axis,
                         cld_value_id in, cld_value_id *out, clade_error *err) {
    int64_t *at = cld_arena_calloc(call->arena, (size_t)table->n_out, sizeof *at);
    const cld_attr attr = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = axis };
    cld_value_id list;
    if (!at)
        return cld_no_memory(err, "indices");
    for (int64_t j = 0; j < table->n_out; j++)
        for (int32_t t = 0; t < table->taps; t++)
            if (table->weight[j * table->taps + t] == 1)
                at[j] = table->index[j * table->taps + t];
    CLD_RETURN(cld_build_ints(build, at, (int32_t)table->n_out, &list, err));
    return cld_build_op(build, "Gather", (cld_value_id[]){ in, list }, 2, &attr, 1, out, err);
}

/* The axes that change, by output over input. */
static int32_t changing_axes(const cld_call *call, const cld_resize_table *tables, int32_t order[CLADE_MAX_RANK]) {
    int32_t count = 0;
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        if (tables[d].identity)
            continue;
        int32_t at = count++;
        for (; at > 0 && tables[d].n_out * tables[order[at - 1]].n_in < tables[order[at - 1]].n_out * tables[d].n_in;
             at--)
            order[at] = order[at - 1];
        order[at] = d;
    }
    return count;
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_call again = *call;
    cld_resize r;
    cld_resize_table tables[CLADE_MAX_RANK];
    cld_type split, wide;
    int32_t order[CLADE_MAX_RANK];
    cld_value_id now = build->in[0];
    CLD_RETURN(read_resize(&again, &r, err));
    for (int32_t d = 0; d < call->in[0].rank; d++)
        CLD_RETURN(cld_resize_table_make(call, &r, d, &tables[d], err));
    int32_t count = changing_axes(call, tables, order);
    if (count > 0 && plan_repeat(call, tables, &split, &wide)) {
        cld_value_id shape;
        CLD_RETURN(cld_build_reshape(build, now, split.dims, split.rank, &now, err));
        CLD_RETURN(cld_build_ints(build, wide.dims, wide.rank, &shape, err));
        CLD_RETURN(cld_build_op(build, "Expand", (cld_value_id[]){ now, shape }, 2, NULL, 0, &now, err));
        return cld_build_reshape(build, now, call->out[0].dims, call->out[0].rank, &build->out[0], err);
    }
    clade_dtype dtype = call->in[0].dtype, real = dtype == CLADE_FLOAT64 ? CLADE_FLOAT64 : CLADE_FLOAT32;
    for (int32_t k = 0; k < count; k++) {
        const cld_resize_table *table = &tables[order[k]];
        if (table->plain)
            CLD_RETURN(pick(call, build, table, order[k], now, &now, err));
        else
            CLD_RETURN(cld_resample(build, now, order[k], table, k == count - 1 ? dtype : real, &now, err));
    }
    build->out[0] = now;
    return cld_graph_at(build->graph, now)->type.dtype == dtype
               ? CLADE_OK
               : cld_build_op(build, "Cast", &now, 1, &(cld_attr){ .name = "to", .kind = CLD_ATTR_INT, .u.i = dtype },
                              1, &build->out[0], err);
}

#define RESIZE(symbol, type, first, last, attributes, fewest, most)                                                    \
    const cld_op cld_op_##symbol = {                                                                                   \
        .domain = "",                                                                                                  \
        .name = type,                                                                                                  \
        .doc = "the input interpolated (nearest, linear, cubic) on each axis, to given sizes or by given scales",      \
        .since = first,                                                                                                \
        .until = last,                                                                                                 \
        .attrs = attributes,                                                                                           \
        .min_in = fewest,                                                                                              \
        .max_in = most,                                                                                                \
        .min_out = 1,                                                                                                  \
        .max_out = 1,                                                                                                  \
        .infer = infer,                                                                                                \
        .expand = expand,                                                                                              \
    }

RESIZE(Upsample, "Upsample", 7, 9, "mode:string scales:floats@1-8", 1, 2);
RESIZE(Resize_10, "Resize", 10, 10, "mode:string", 2, 2);
RESIZE(Resize, "Resize", 11, 0,
       "antialias:int@18 axes:ints@18 coordinate_transformation_mode:string cubic_coeff_a:float exclude_outside:int "
       "extrapolation_value:float keep_aspect_ratio_policy:string@18 mode:string nearest_mode:string",
       1, 4);
