/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: Resize and Upsample. resize.c reads the node, resize_table.c says which input entries an output entry is
 * made of, resample.c applies such a table along one axis. */
#ifndef CLD_OP_RESIZE_H
#define CLD_OP_RESIZE_H

#include "op/core/op.h"

enum { CLD_RESIZE_TAPS = 4 }; /* at most: cubic */

typedef enum cld_resize_mode { CLD_NEAREST, CLD_LINEAR, CLD_CUBIC } cld_resize_mode;

/* How output positions become input positions; the names are ONNX's. */
typedef enum cld_coordinates {
    CLD_HALF_PIXEL,
    CLD_HALF_PIXEL_SYMMETRIC,
    CLD_PYTORCH_HALF_PIXEL,
    CLD_ALIGN_CORNERS,
    CLD_ASYMMETRIC,
    CLD_TF_HALF_PIXEL_FOR_NN,
    CLD_TF_CROP_AND_RESIZE
} cld_coordinates;

typedef enum cld_rounding { CLD_ROUND_PREFER_FLOOR, CLD_ROUND_PREFER_CEIL, CLD_FLOOR, CLD_CEIL } cld_rounding;

typedef struct cld_resize {
    cld_resize_mode mode;
    cld_coordinates coordinates;
    cld_rounding rounding;
    bool exclude_outside;
    double cubic_a, extrapolation;
    bool untouched[CLADE_MAX_RANK]; /* axes that are not to be resized */
    int64_t out[CLADE_MAX_RANK];
    double scale[CLADE_MAX_RANK];  /* output over input */
    double length[CLADE_MAX_RANK]; /* the output's, before it was rounded down to out */
    double start[CLADE_MAX_RANK],
        end[CLADE_MAX_RANK]; /* region of interest, in parts of the input: tf_crop_and_resize */
} cld_resize;

/* Output entry j of an axis: bias[j] + sum over t of weight[j * taps + t] * in[index[j * taps + t]]. */
typedef struct cld_resize_table {
    int32_t taps;
    int64_t n_in, n_out;
    int32_t *index; /* in [0, n_in) */
    double *weight, *bias;
    bool plain;    /* every entry is one input entry, unchanged */
    bool identity; /* and the same one; there may be no table then */
} cld_resize_table;

/* ---- resize_table.c -------------------------------------------------------------------------------------------- */
clade_status cld_resize_table_make(const cld_call *call, const cld_resize *resize, int32_t axis, cld_resize_table *out,
                                   clade_error *err);

/* ---- resample.c ------------------------------------------------------------------------------------------------ */
/* Appends the node that applies a table along `axis` of `in`; the result has type `to`. */
clade_status cld_resample(cld_build *build, cld_value_id in, int32_t axis, const cld_resize_table *table,
                          clade_dtype to, cld_value_id *out, clade_error *err);

#endif
