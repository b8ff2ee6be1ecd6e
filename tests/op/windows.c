/* SPDX-License-Identifier: Apache-2.0 */
/* See windows.h. */
#include "windows.h"

/* Out of [low, high], with `least` for everything below it. */
static int64_t draw(op_rig *rig, int64_t low, int64_t high, int64_t least) {
    const int64_t value = op_between(rig, low, high);
    return value > least ? value : least;
}

static void add_attribute(op_rig *rig, op_node *node, const char *name, int32_t count, const int64_t *values) {
    op_attr(rig, node, OP_INTS(name, count, op_ints(rig, values, count)->data));
}

void windows_draw(op_rig *rig, op_node *node, ref_windows *w, int axes, int64_t most) {
    const int first = 3 - axes;
    int64_t pads[6];
    w->images = op_between(rig, 1, 3);
    for (int d = 0; d < 3; d++) {
        const bool used = d >= first;
        w->kernel[d] = used ? draw(rig, -1, 4, 1) : 1; /* often 1 */
        w->stride[d] = used ? draw(rig, -1, 3, 1) : 1;
        w->dilation[d] = used ? draw(rig, -1, 3, 1) : 1;
        w->before[d] = used ? draw(rig, -2, w->kernel[d] - 1, 0) : 0;
        w->after[d] = used ? draw(rig, -2, w->kernel[d] - 1, 0) : 0;
        w->in[d] = used ? (w->kernel[d] - 1) * w->dilation[d] + op_between(rig, 1, most) : 1;
    }
    ref_windows_size(w);
    for (int a = 0; a < axes; a++) {
        pads[a] = w->before[first + a];
        pads[axes + a] = w->after[first + a];
    }
    node->opset = 19; /* since which every operator of windows has dilations */
    add_attribute(rig, node, "kernel_shape", axes, w->kernel + first);
    add_attribute(rig, node, "strides", axes, w->stride + first);
    add_attribute(rig, node, "dilations", axes, w->dilation + first);
    add_attribute(rig, node, "pads", 2 * axes, pads);
}

cld_type windows_type(clade_dtype dtype, int64_t first, int64_t second, const int64_t last[3], int axes) {
    cld_type type = { dtype, 2 + axes, { first, second } };
    for (int a = 0; a < axes; a++)
        type.dims[2 + a] = last[3 - axes + a];
    return type;
}

const clade_tensor *windows_fill(op_rig *rig, const ref_windows *w, int64_t channels, int axes, windows_want want,
                                 const void *context, const double **size) {
    const cld_type type = windows_type(CLADE_FLOAT64, w->images, channels, w->out, axes);
    const int64_t count = cld_type_count(&type), pixels = ref_span(w->out);
    clade_tensor *out = cld_tensor_new(rig->graph->arena, &type);
    double *sizes = cld_arena_calloc(rig->graph->arena, (size_t)count + 1, sizeof *sizes);
    ck_assert(out && sizes);
    for (int64_t i = 0; i < count; i++) {
        const ref_value r = want(context, i / pixels / channels, i / pixels % channels, i % pixels);
        cld_tensor_set(out, i, r.value);
        sizes[i] = r.magnitude;
    }
    *size = sizes;
    return out;
}
