/* SPDX-License-Identifier: Apache-2.0 */
/* Pad: constant, edge, reflect, wrap; negative pads crop (first). On each axis the output consists of up to three runs
 * (before, inside, after), each an arithmetic progression of input positions; the moves are their product over the
 * axes.
 *
 * reflect and wrap that go round more than once are periodic: part of a period, whole periods as one move with another
 * dimension, part of a period. */
#include "op/move/move.h"

typedef enum pad_mode { CONSTANT, EDGE, REFLECT, WRAP, MODES } pad_mode;
static const char *const mode_names[MODES] = { "constant", "edge", "reflect", "wrap" };

typedef struct pad_plan {
    pad_mode mode;
    int64_t before[CLADE_MAX_RANK], after[CLADE_MAX_RANK];
} pad_plan;

/* What is left of an axis once negative pads have cropped it. */
static int64_t kept(const cld_call *call, const pad_plan *plan, int32_t d) {
    return call->in[0].dims[d] + CLD_MIN(plan->before[d], 0) + CLD_MIN(plan->after[d], 0);
}

static clade_status read_pads(cld_call *call, pad_plan *out, clade_error *err) {
    enum { PADS = 1, AXES = 3, LARGEST = INT32_MAX };
    int32_t rank = call->in[0].rank, count, n_axes, axis;
    const int64_t *pads, *axes;
    CLD_RETURN(cld_call_ints(call, "pads", PADS, &pads, &count, err));
    CLD_RETURN(cld_call_ints(call, NULL, AXES, &axes, &n_axes, err));
    int32_t n = n_axes < 0 ? rank : n_axes;
    if (count != 2 * n)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "%d pads are given for %d axes", CLD_MAX(count, 0), n);
    for (int32_t k = 0; k < n; k++) {
        CLD_RETURN(cld_call_axis(call, n_axes < 0 ? k : axes[k], rank, &axis, err));
        for (int32_t side = 0; side < 2; side++) {
            int64_t pad = pads[k + side * n];
            if (pad < -LARGEST || pad > LARGEST)
                return cld_call_fail(call, err, CLADE_ERR_LIMIT, "a pad of %lld on axis %d", (long long)pad, axis);
            (side ? out->after : out->before)[axis] = pad;
        }
    }
    return CLADE_OK;
}

static clade_status check_axis(const cld_call *call, const pad_plan *plan, int32_t d, clade_error *err) {
    int64_t have = kept(call, plan, d), most = CLD_MAX(plan->before[d], plan->after[d]);
    if (have < 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "axis %d has %lld entries, the pads remove more", d,
                             (long long)call->in[0].dims[d]);
    if (plan->mode != CONSTANT && most > 0 && have == 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "a %s pad of %lld on axis %d, which has no entries",
                             mode_names[plan->mode], (long long)most, d);
    return CLADE_OK;
}

static clade_status read_plan(cld_call *call, pad_plan *out, clade_error *err) {
    int32_t mode;
    CLD_RETURN(cld_call_choice(call, "mode", mode_names, MODES, CONSTANT, &mode, err));
    *out = (pad_plan){ .mode = (pad_mode)mode };
    CLD_RETURN(read_pads(call, out, err));
    for (int32_t d = 0; d < call->in[0].rank; d++)
        CLD_RETURN(check_axis(call, out, d, err));
    return CLADE_OK;
}

/* The padding value, one element: input 2, or attribute value before opset 11, or 0. */
static clade_status read_value(cld_call *call, const clade_tensor **out, clade_error *err) {
    cld_type type = { .dtype = call->in[0].dtype, .rank = 0 };
    if (!cld_call_has(call, 2)) {
        clade_tensor *value = cld_tensor_new(call->arena, &type);
        if (!value)
            return cld_no_memory(err, "a padding value");
        cld_tensor_set(value, 0, (double)cld_attr_float(call->node, "value", 0.0f));
        *out = value;
        return CLADE_OK;
    }
    if (!(*out = cld_call_value(call, 2)))
        return CLD_PENDING;
    if ((*out)->dtype != type.dtype || clade_tensor_count(*out) != 1)
        return cld_call_fail(call, err, CLADE_ERR_DTYPE, "constant_value is %s, not one element of the input's type",
                             CLD_TYPE_TEXT(&call->in[2]));
    return CLADE_OK;
}

static clade_status pad_infer(cld_call *call, clade_error *err) {
    pad_plan plan;
    const clade_tensor *value;
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    CLD_RETURN(read_plan(call, &plan, err));
    if (plan.mode == CONSTANT)
        CLD_RETURN(read_value(call, &value, err));
    call->out[0] = call->in[0];
    for (int32_t d = 0; d < call->in[0].rank; d++)
        call->out[0].dims[d] = kept(call, &plan, d) + CLD_MAX(plan.before[d], 0) + CLD_MAX(plan.after[d], 0);
    return CLADE_OK;
}

/* out[to + t * period + i] = in[from + i * step] for i < n, t < times; times 0 is once. */
typedef struct run {
    int64_t to, n, from, step, times, period;
} run;

enum { MOST_RUNS = 4 };

/* Adds `n` entries of the piece of `size` that begins at entry `piece`, from its entry `skip` on. */
static void add_piece(run *all, int32_t *count, int64_t to, int64_t piece, int64_t skip, int64_t n, bool back,
                      int64_t size) {
    if (n > 0)
        all[(*count)++] = (run){ to, n, back ? piece + size - skip : piece + skip, back ? -1 : 1, 0, 0 };
}

/* An axis that goes round: pieces of `size` entries, forwards, or forwards and backwards in turn (reflect). */
static int32_t periodic_runs(const cld_call *call, const pad_plan *plan, int32_t d, run out[MOST_RUNS]) {
    int64_t lo = CLD_MAX(plan->before[d], 0), hi = CLD_MAX(plan->after[d], 0), n = kept(call, plan, d);
    int64_t first = CLD_MAX(-plan->before[d], 0), total = lo + n + hi;
    bool turns = plan->mode == REFLECT;
    int64_t size = turns ? n - 1 : n, ahead = (lo + size - 1) / size; /* pieces begun before the first entry */
    int64_t head = lo - (ahead - 1) * size, whole = (total - head) / size, tail = (total - head) % size;
    int32_t count = 0;
    add_piece(out, &count, 0, first, size - head, head, turns && ahead % 2, size);
    for (int64_t odd = 0; odd <= turns && odd < whole; odd++) { /* the pieces of one direction, in one move */
        bool back = turns && (ahead - 1 - odd) % 2;
        add_piece(out, &count, head + odd * size, first, 0, size, back, size);
        out[count - 1].times = turns ? (whole - odd + 1) / 2 : whole;
        out[count - 1].period = turns ? 2 * size : size;
    }
    add_piece(out, &count, head + whole * size, first, 0, tail, turns && (ahead - 1 - whole) % 2, size);
    return count;
}

/* The runs of axis d that are not empty. */
static int32_t axis_runs(const cld_call *call, const pad_plan *plan, int32_t d, run out[MOST_RUNS]) {
    int64_t lo = CLD_MAX(plan->before[d], 0), hi = CLD_MAX(plan->after[d], 0), n = kept(call, plan, d);
    int64_t first = CLD_MAX(-plan->before[d], 0), last = first + n - 1;
    pad_mode mode = n == 1 && plan->mode != CONSTANT ? EDGE : plan->mode;
    if (n > 0 && ((mode == REFLECT && CLD_MAX(lo, hi) >= n) || (mode == WRAP && CLD_MAX(lo, hi) > n)))
        return periodic_runs(call, plan, d, out);
    const run before[MODES] = { [EDGE] = { 0, lo, first, 0, 0, 0 },
                                [REFLECT] = { 0, lo, first + lo, -1, 0, 0 },
                                [WRAP] = { 0, lo, last + 1 - lo, 1, 0, 0 } };
    const run after[MODES] = { [EDGE] = { lo + n, hi, last, 0, 0, 0 },
                               [REFLECT] = { lo + n, hi, last - 1, -1, 0, 0 },
                               [WRAP] = { lo + n, hi, first, 1, 0, 0 } };
    const run all[] = { { lo, n, first, 1, 0, 0 }, before[mode], after[mode] };
    int32_t count = 0;
    for (size_t k = 0; k < CLD_COUNT(all); k++)
        if (all[k].n > 0)
            out[count++] = all[k];
    return count;
}

static clade_status pad_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    cld_call again = *call;
    pad_plan plan;
    run runs[CLADE_MAX_RANK][MOST_RUNS];
    int32_t n_runs[CLADE_MAX_RANK], rank = call->in[0].rank, count = 1;
    int64_t to[CLADE_MAX_RANK], from[CLADE_MAX_RANK];
    CLD_RETURN(read_plan(&again, &plan, err));
    for (int32_t d = 0; d < rank; d++)
        count *= n_runs[d] = axis_runs(call, &plan, d, runs[d]);
    CLD_RETURN(cld_moves_new(call, out, count, err));
    cld_strides(&call->in[0], from);
    cld_strides(&call->out[0], to);
    for (int32_t k = 0; k < count; k++) {
        cld_move *move = &out->move[k];
        for (int32_t d = 0, rest = k; d < rank; rest /= n_runs[d++]) {
            const run *part = &runs[d][rest % n_runs[d]];
            if (part->times > 1)
                cld_move_dim(move, part->times, to[d] * part->period, 0);
            cld_move_dim(move, part->n, to[d], from[d] * part->step);
            move->to_offset += to[d] * part->to;
            move->from_offset += from[d] * part->from;
        }
    }
    for (int32_t d = 0; d < rank; d++)
        out->fills |= plan.mode == CONSTANT && (plan.before[d] > 0 || plan.after[d] > 0);
    if (out->fills) {
        const clade_tensor *value;
        CLD_RETURN(read_value(&again, &value, err));
        memcpy(out->fill, value->data, value->size_bytes);
    }
    return CLADE_OK;
}

CLD_MOVES_ROWS(pad);

const cld_op cld_op_Pad = {
    .domain = "",
    .name = "Pad",
    .doc = "the input with entries before and after on each axis: a constant, the edge, a reflection or a wrap",
    .since = 2,
    .attrs = "mode:string pads:ints@1-10 value:float@1-10",
    .min_in = 1,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = pad_infer,
    .eval = pad_eval,
    .impls = pad_rows,
};
