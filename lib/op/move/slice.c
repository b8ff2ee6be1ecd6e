/* SPDX-License-Identifier: Apache-2.0 */
/* Slice: start, start + step, ... before end, on some axes. One move with strides. */
#include "op/move/move.h"

typedef struct range {
    int64_t start, step, n;
} range;

/* As Python slices: negative bounds count from the end, everything is clamped. */
static range clamp_range(int64_t dim, int64_t start, int64_t end, int64_t step) {
    int64_t high = step > 0 ? dim : dim - 1, low = step > 0 ? 0 : -1;
    step = CLD_MAX(CLD_MIN(step, INT64_C(1) << 62), -(INT64_C(1) << 62)); /* so that it can be negated */
    start = CLD_MAX(CLD_MIN(start < 0 ? start + dim : start, high), 0);
    end = CLD_MAX(CLD_MIN(end < 0 ? end + dim : end, high), low);
    int64_t width = step > 0 ? end - start : start - end, by = step > 0 ? step : -step;
    range out = { .start = start, .step = step, .n = dim > 0 && width > 0 ? (width - 1) / by + 1 : 0 };
    if (out.n < 2)
        out.step = 1; /* never taken, and its product with a stride must not overflow */
    return out;
}

static clade_status read_ranges(cld_call *call, range out[CLADE_MAX_RANK], clade_error *err) {
    static const char *const attr[] = { "starts", "ends", "axes", "steps" };
    enum { START, END, AXIS, STEP, LISTS };
    const cld_type *in = &call->in[0];
    const int64_t *list[LISTS];
    int32_t count[LISTS];
    bool seen[CLADE_MAX_RANK] = { false };
    for (int32_t k = 0; k < LISTS; k++)
        CLD_RETURN(cld_call_ints(call, attr[k], k + 1, &list[k], &count[k], err));
    if (count[START] < 0 || count[END] < 0)
        return cld_call_fail(call, err, CLADE_ERR_GRAPH, "starts or ends are missing");
    for (int32_t k = END; k < LISTS; k++)
        if (count[k] >= 0 && count[k] != count[START])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%d starts, %d %s", count[START], count[k], attr[k]);
    for (int32_t d = 0; d < in->rank; d++)
        out[d] = (range){ .start = 0, .step = 1, .n = in->dims[d] };
    for (int32_t k = 0; k < count[START]; k++) {
        int32_t axis;
        int64_t step = count[STEP] < 0 ? 1 : list[STEP][k];
        CLD_RETURN(cld_call_axis(call, count[AXIS] < 0 ? k : list[AXIS][k], in->rank, &axis, err));
        if (seen[axis])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axes name dimension %d twice", axis);
        if (step == 0)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "the step on axis %d is 0", axis);
        seen[axis] = true;
        out[axis] = clamp_range(in->dims[axis], list[START][k], list[END][k], step);
    }
    return CLADE_OK;
}

static clade_status slice_infer(cld_call *call, clade_error *err) {
    range ranges[CLADE_MAX_RANK];
    CLD_RETURN(read_ranges(call, ranges, err));
    call->out[0] = call->in[0];
    for (int32_t d = 0; d < call->in[0].rank; d++)
        call->out[0].dims[d] = ranges[d].n;
    return CLADE_OK;
}

static clade_status slice_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    cld_call again = *call;
    range ranges[CLADE_MAX_RANK];
    int64_t from[CLADE_MAX_RANK], to[CLADE_MAX_RANK];
    CLD_RETURN(read_ranges(&again, ranges, err));
    CLD_RETURN(cld_moves_new(call, out, 1, err));
    cld_strides(&call->in[0], from);
    cld_strides(&call->out[0], to);
    for (int32_t d = 0; d < call->in[0].rank; d++) {
        cld_move_dim(&out->move[0], ranges[d].n, to[d], from[d] * ranges[d].step);
        out->move[0].from_offset += from[d] * ranges[d].start;
    }
    return CLADE_OK;
}

CLD_MOVES_ROWS(slice);

const cld_op cld_op_Slice = {
    .domain = "",
    .name = "Slice",
    .doc = "elements start, start + step, ... before end on the given axes; bounds are clamped as in Python",
    .since = 1,
    .attrs = "axes:ints@1-9 ends:ints@1-9 starts:ints@1-9",
    .min_in = 1,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .infer = slice_infer,
    .eval = slice_eval,
    .impls = slice_rows,
};
