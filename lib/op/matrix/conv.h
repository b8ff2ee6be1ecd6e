/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: convolution as a problem (conv.c), and its rows (conv_rows.c, conv_implicit.c, conv_strips.c,
 * conv_winograd.c, tiles.c).
 */
#ifndef CLD_OP_CONV_H
#define CLD_OP_CONV_H

#include "op/matrix/gemm.h"
#include "op/matrix/window.h"

/* Scratch for a column matrix (im2col, col2im): images are taken in parts that need no more, but one at least. */
enum { CLD_COLUMN_BYTES = 64 << 20 };

/* y[n, g M + m, p] = sum over c, taps of x[n, g C + c, window p] w[g M + m, c, tap] + bias[g M + m] */
typedef struct cld_conv {
    clade_dtype dtype;
    int64_t images, groups, channels, filters; /* channels C and filters M of one group */
    bool variable;                             /* the weights are no constant: what is made of them is made each run */
    cld_window window;                         /* merged */
} cld_conv;

/* Checks types and attributes of a convolution whose weights are input `w` and bias input `b`, writes the shape of
 * output 0 (not its dtype). */
clade_status cld_conv_infer(cld_call *call, int32_t w, int32_t b, clade_error *err);
/* The problem of a call that was inferred, in an arena; NULL: no memory. cld_op.read and describe of Conv. */
cld_conv *cld_conv_read(const cld_call *call, int32_t w, cld_arena *arena);
void cld_conv_describe(const cld_call *call, cld_problem *out);
static inline int64_t cld_conv_terms(const cld_conv *conv) { return conv->channels * cld_span3(conv->window.kernel); }

/* Which inputs of a node are what, -1: none. */
typedef struct cld_conv_operands {
    int32_t x, w, bias;
    int32_t x_zero, w_zero;                    /* quantised: given for operators that may have them */
    int32_t x_scale, w_scale, y_scale, y_zero; /* requantised to the output's type */
} cld_conv_operands;
/* The kernel of any type and device (cl/conv.cl, direct): emit->value[0] outputs of a row (window.h), or one, an item.
 */
void cld_conv_direct(const cld_emit *emit, const cld_conv_operands *operands);

/* The rows of Conv, inputs X, W, B. */
extern const cld_impl cld_conv_rows[];
bool cld_conv_implicit_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_conv_implicit_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_conv_implicit_space;
double cld_conv_implicit_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
bool cld_conv_tiles_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_conv_tiles_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_conv_tiles_space;
double cld_conv_tiles_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
bool cld_conv_strips_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_conv_strips_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_conv_strips_space;
double cld_conv_strips_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
bool cld_conv_winograd_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_conv_winograd_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_conv_winograd_space;
double cld_conv_winograd_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
bool cld_blas_conv_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_blas_conv_emit(const cld_emit *emit, clade_error *err);
extern const cld_space cld_blas_conv_space;
enum { CLD_BLAS_CONV_SEEDS = 3 };
extern const int32_t cld_blas_conv_seeds[CLD_BLAS_CONV_SEEDS][CLD_MAX_PARAMS];
double cld_blas_conv_cost(const cld_call *call, const cld_caps *caps, const int32_t *value);
/* Of the whole convolution. */
double cld_conv_flops(const cld_conv *conv);

#endif
