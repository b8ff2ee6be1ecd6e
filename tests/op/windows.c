/* SPDX-License-Identifier: Apache-2.0 */
/* See windows.h. */
#include "windows.h"

#include <math.h>

#include "tensor/tensor.h"
#include "test.h"

/* Out of [low, high], with `least` for everything below it. */
static int64_t draw(drawn *c, int64_t low, int64_t high, int64_t least) {
    const int64_t value = drawn_number(c, low, high);
    return value > least ? value : least;
}

void windows_draw(drawn *c, ref_windows *w, int axes, int64_t most) {
    const int first = 3 - axes;
    int64_t pads[6];
    w->images = drawn_number(c, 1, 3);
    for (int d = 0; d < 3; d++) {
        const bool used = d >= first;
        w->kernel[d] = used ? draw(c, -1, 4, 1) : 1; /* often 1 */
        w->stride[d] = used ? draw(c, -1, 3, 1) : 1;
        w->dilation[d] = used ? draw(c, -1, 3, 1) : 1;
        w->before[d] = used ? draw(c, -2, w->kernel[d] - 1, 0) : 0;
        w->after[d] = used ? draw(c, -2, w->kernel[d] - 1, 0) : 0;
        w->in[d] = used ? (w->kernel[d] - 1) * w->dilation[d] + drawn_number(c, 1, most) : 1;
    }
    ref_windows_size(w);
    for (int a = 0; a < axes; a++) {
        pads[a] = w->before[first + a];
        pads[axes + a] = w->after[first + a];
    }
    c->node.opset = 19; /* since which every operator of windows has dilations */
    wire_attr_ints(&c->node.attributes, "kernel_shape", axes, w->kernel + first);
    wire_attr_ints(&c->node.attributes, "strides", axes, w->stride + first);
    wire_attr_ints(&c->node.attributes, "dilations", axes, w->dilation + first);
    wire_attr_ints(&c->node.attributes, "pads", 2 * axes, pads);
}

int32_t windows_dims(int64_t dims[5], int64_t first, int64_t second, const int64_t last[3], int axes) {
    dims[0] = first;
    dims[1] = second;
    for (int a = 0; a < axes; a++)
        dims[2 + a] = last[3 - axes + a];
    return 2 + axes;
}

void windows_check(const clade_tensor *got, const ref_windows *w, int64_t channels, windows_want want,
                   const void *context, const char *what) {
    const int64_t pixels = ref_span(w->out);
    ck_assert_int_eq(clade_tensor_count(got), w->images * channels * pixels);
    for (int64_t i = 0; i < clade_tensor_count(got); i++) {
        const ref_value r = want(context, i / pixels / channels, i / pixels % channels, i % pixels);
        const double error = fabs(cld_tensor_get(got, i) - r.value);
        ck_assert_msg(error <= 1e-6 * (1 + r.magnitude), "%s: element %lld is %.9g, not %.9g", what, (long long)i,
                      cld_tensor_get(got, i), r.value);
    }
}
