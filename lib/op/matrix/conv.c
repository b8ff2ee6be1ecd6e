/* SPDX-License-Identifier: Apache-2.0 */
/* Conv: shapes and the descriptor. Rows: conv_rows.c, conv_implicit.c. */
#include "op/matrix/conv.h"

clade_status cld_conv_infer(cld_call *call, int32_t w, int32_t b, clade_error *err) {
    const cld_type *x = &call->in[0], *weights = &call->in[w];
    int64_t groups = cld_attr_int(call->node, "group", 1);
    if (x->rank < 3 || weights->rank != x->rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the input is %s, the weights are %s", CLD_TYPE_TEXT(x),
                             CLD_TYPE_TEXT(weights));
    if (groups < 1 || weights->dims[0] % groups != 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%lld filters in %lld groups", (long long)weights->dims[0],
                             (long long)groups);
    if (x->dims[1] % groups != 0 || weights->dims[1] != x->dims[1] / groups)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE,
                             "weight expects %lld channels in each of %lld groups, input has %lld",
                             (long long)weights->dims[1], (long long)groups, (long long)x->dims[1]);
    if (cld_call_has(call, b) && (call->in[b].rank != 1 || call->in[b].dims[0] != weights->dims[0]))
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the bias is %s, there are %lld filters",
                             CLD_TYPE_TEXT(&call->in[b]), (long long)weights->dims[0]);
    cld_window window;
    CLD_RETURN(cld_window_read(call, weights->dims + 2, &window, err));
    cld_type *out = &call->out[0];
    out->rank = x->rank;
    out->dims[0] = x->dims[0];
    out->dims[1] = weights->dims[0];
    for (int32_t d = 0; d < window.rank; d++)
        out->dims[2 + d] = window.out[3 - window.rank + d];
    return CLADE_OK;
}

cld_conv *cld_conv_read(const cld_call *call, int32_t w, cld_arena *arena) {
    cld_conv *conv = cld_arena_alloc(arena, sizeof *conv);
    if (!conv)
        return NULL;
    const cld_type *weights = &call->in[w];
    int64_t groups = cld_attr_int(call->node, "group", 1);
    *conv = (cld_conv){ .dtype = call->in[0].dtype,
                        .images = call->in[0].dims[0],
                        .groups = groups,
                        .channels = weights->dims[1],
                        .filters = weights->dims[0] / groups };
    clade_status read = cld_window_read(call, weights->dims + 2, &conv->window, NULL);
    (void)read; /* infer has seen it succeed */
    cld_window_merge(&conv->window);
    return conv;
}

double cld_conv_flops(const cld_conv *conv) {
    return 2.0 * (double)conv->images * (double)conv->groups * (double)conv->filters *
           (double)cld_span3(conv->window.out) * (double)cld_conv_terms(conv);
}

/* Sizes: images, groups, channels and filters of one, then input, output, kernel, stride, dilation and padding before,
 * three axes each. */
void cld_conv_describe(const cld_call *call, cld_problem *out) {
    const cld_conv *conv = call->problem;
    const cld_window *w = &conv->window;
    const int64_t *const axes[] = { w->in, w->out, w->kernel, w->stride, w->dilation, w->before };
    *out = (cld_problem){ .kind = "conv", .dtype = conv->dtype, .flags = conv->variable };
    cld_problem_add(out, 4, (int64_t[]){ conv->images, conv->groups, conv->channels, conv->filters });
    for (size_t k = 0; k < CLD_COUNT(axes); k++)
        cld_problem_add(out, 3, axes[k]);
}

static clade_status infer(cld_call *call, clade_error *err) {
    for (int32_t k = 0; k < call->n_in; k++)
        if (k < 2 || cld_call_has(call, k)) {
            CLD_RETURN(cld_call_dtype(call, k, CLD_FLOATS, err));
            if (call->in[k].dtype != call->in[0].dtype)
                return cld_call_fail(call, err, CLADE_ERR_DTYPE, "the input is %s, input %d is %s",
                                     clade_dtype_name(call->in[0].dtype), k, clade_dtype_name(call->in[k].dtype));
        }
    call->out[0].dtype = call->in[0].dtype;
    return cld_conv_infer(call, 1, 2, err);
}

static const void *read(const cld_emit *emit) {
    cld_conv *conv = cld_conv_read(emit->call, 1, emit->steps->arena);
    if (conv)
        conv->variable = !emit->constant[1];
    return conv;
}

const cld_op cld_op_Conv = {
    .domain = "",
    .name = "Conv",
    .doc =
        "Y[n,m,p] = B[m] + sum over channels c and taps t of X[n,c,window(p,t)] W[m,c,t], 1 to 3 spatial axes, groups",
    .since = 1,
    .attrs = CLD_CONV_ATTRS,
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .epilogue = 2,
    .infer = infer,
    .read = read,
    .describe = cld_conv_describe,
    .impls = cld_conv_rows,
};
