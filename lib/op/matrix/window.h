/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: the geometry of convolution and pooling (window.c). */
#ifndef CLD_OP_WINDOW_H
#define CLD_OP_WINDOW_H

#include "op/core/launch.h"

/* The attributes of what slides a window with weights (cld_op.attrs). */
#define CLD_CONV_ATTRS "auto_pad:string dilations:ints group:int kernel_shape:ints pads:ints strides:ints"

/* Three spatial axes; the first ones have size 1 where the operator has fewer. */
typedef struct cld_window {
    int32_t rank; /* spatial axes of the operator: 1 ... 3 */
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3];
    int64_t before[3], after[3]; /* padding */
} cld_window;

typedef enum cld_auto_pad { CLD_PAD_NOTSET, CLD_PAD_VALID, CLD_PAD_SAME_UPPER, CLD_PAD_SAME_LOWER } cld_auto_pad;

/* Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode of a node whose input 0 is [N, C, spatial...].
 * kernel: the kernel's spatial dimensions where weights say them, else NULL. One line when an attribute is out of range
 * or the window larger than the padded input. */
clade_status cld_window_read(const cld_call *call, const int64_t *kernel, cld_window *out, clade_error *err);
/* Its first half: everything as the attributes say, before padding is resolved; `out->out` is not filled. */
clade_status cld_window_start(const cld_call *call, const int64_t *kernel, cld_window *out, clade_error *err);
clade_status cld_window_auto_pad(const cld_call *call, cld_auto_pad *out, clade_error *err);
/* A list attribute of exactly `count` values, each >= least and within an int; NULL when not given. */
clade_status cld_window_list(const cld_call *call, const char *name, int32_t count, int64_t least, const int64_t **out,
                             clade_error *err);
/* The same windows over fewer, longer axes, where axes can be walked as one: a 1x1 convolution is one axis, and so is
 * [k,1] over [H,W]. Order of outputs and inputs in memory stays. */
void cld_window_merge(cld_window *window);
/* The geometry as kernel arguments: in, out, kernel, stride, dilation, before, three ints each. */
void cld_window_args(cld_steps *steps, cld_step *step, const cld_window *window);
/* The CPUs' row of what slides a window: a group of one item computes `chunk` outputs of a row, value[0], which stay in
 * first-level cache over all taps. Other rows have no parameter, so that value[0] is 0 and each output has an item. */
extern const cld_space cld_chunk_space;
/* The launch of either: the outputs of `planes` x `images`; kernels guard dimensions 0 and 1. */
void cld_window_launch(const cld_emit *emit, cld_step *step, const cld_window *window, int64_t planes, int64_t images);
static inline int64_t cld_span3(const int64_t dims[3]) { return dims[0] * dims[1] * dims[2]; }

#endif
