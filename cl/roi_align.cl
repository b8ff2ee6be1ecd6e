/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of interest [x0, y0, x1, y1] of an image [n, c, height, width], each pooled to rows x columns bins: the mean
 * (or maximum) of bilinear samples on a regular grid in each bin. K. He et al., "Mask R-CNN", 2017, section 3.
 *
 * HALF_PIXEL: coordinates are moved by half a pixel; otherwise regions are at least one pixel large. `sampling` samples
 * an axis of a bin, or as many as pixels it covers when 0. MAXIMUM takes, as ONNX defines it, the largest weighted
 * corner of all samples. Samples outside count as 0. T is the element type; sums in a fixed order: same bits always.
 * One work-item an output element.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#ifndef I
#define I long
#endif
#ifndef HALF_PIXEL
#define HALF_PIXEL 1
#endif
#ifndef MAXIMUM
#define MAXIMUM 0
#endif
#define ROI_MOST 4096 /* samples an axis of a bin: a bound for regions that data makes huge */

/* The two pixels around a position and the weight of the second; 0: outside. */
static int NAME(around)(T at, idx n, idx *low, idx *high, T *weight) {
    if (!(at >= -1 && at <= n))
        return 0;
    at = fmax(at, (T)0);
    *low = min((idx)at, n - 1);
    *high = min(*low + 1, n - 1);
    *weight = *low == n - 1 ? (T)0 : at - *low;
    return 1;
}

static idx NAME(samples)(idx sampling, T bin) {
    return sampling > 0 ? sampling : (idx)fmin(fmax(ceil(bin), (T)0), (T)ROI_MOST);
}

KERNEL(roi_align)
(__global T_STORE *restrict out, ulong out_off, __global const T_STORE *restrict image, ulong image_off,
 __global const T_STORE *restrict rois, ulong rois_off, __global const I *restrict batch, ulong batch_off, idx count,
 idx images, idx channels, idx height, idx width, idx rows, idx columns, idx sampling, float scale, CLADE_FAULT) {
    const idx at = get_global_id(0);
    if (at >= count)
        return;
    const idx column = at % columns, row = at / columns % rows, c = at / columns / rows % channels,
              r = at / columns / rows / channels;
    const T shift = HALF_PIXEL ? (T)0.5f : (T)0;
    rois += rois_off;
    const T x0 = T_LOAD(rois, r * 4) * scale - shift, y0 = T_LOAD(rois, r * 4 + 1) * scale - shift;
    T w = T_LOAD(rois, r * 4 + 2) * scale - shift - x0, h = T_LOAD(rois, r * 4 + 3) * scale - shift - y0;
    if (!HALF_PIXEL) {
        w = fmax(w, (T)1);
        h = fmax(h, (T)1);
    }
    const T bin_w = w / columns, bin_h = h / rows;
    const idx nx = NAME(samples)(sampling, bin_w), ny = NAME(samples)(sampling, bin_h);
    const idx n = clade_plain_index(batch[batch_off + r], images, fault, fault_step);
    __global const T_STORE *plane = image + image_off + (ulong)(n * channels + c) * height * width;
    T result = 0;
    int first = 1;
    for (idx iy = 0; iy < ny; iy++)
        for (idx ix = 0; ix < nx; ix++) {
            idx xl = 0, xh = 0, yl = 0, yh = 0;
            T fx = 0, fy = 0;
            const T y = y0 + row * bin_h + (iy + (T)0.5f) * bin_h / ny,
                    x = x0 + column * bin_w + (ix + (T)0.5f) * bin_w / nx;
            const int inside = NAME(around)(y, height, &yl, &yh, &fy) && NAME(around)(x, width, &xl, &xh, &fx);
            const T a = (1 - fy) * (1 - fx) * T_LOAD(plane, yl * width + xl),
                    b = (1 - fy) * fx * T_LOAD(plane, yl * width + xh);
            const T d = fy * (1 - fx) * T_LOAD(plane, yh * width + xl), e = fy * fx * T_LOAD(plane, yh * width + xh);
            const T value = !inside ? (T)0 : MAXIMUM ? fmax(fmax(a, b), fmax(d, e)) : a + b + d + e;
            result = !MAXIMUM ? result + value : first ? value : fmax(result, value);
            first = 0;
        }
    T_SAVE(out + out_off, at, MAXIMUM ? result : result / max(nx * ny, 1));
}
