/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a recurrent layer: z = X W^T for every step at once (gemm.c), R and the biases packed (once, when they
 * are constant), then the whole sequence in one launch of cl/rnn.cl; two when the directions have different
 * activations.
 */
#include <stdio.h>

#include "op/map/pointwise.h"
#include "op/matrix/gemm.h"
#include "op/move/move.h"
#include "op/recurrent/rnn.h"

/* How a row runs the recurrence. */
typedef struct tile {
    int64_t lanes, mr; /* units in a vector, sequences in a group */
    int64_t panel;     /* lanes of R's packing */
    size_t group;      /* work-items */
    bool global_state;
    int64_t slices; /* of h, each with R for it in the registers of work-items of its own; 0: R is read at each step */
} tile;

typedef struct work {
    const cld_emit *emit;
    const cld_rnn *rnn;
    tile tile;
    clade_dtype compute;
    size_t bytes; /* of an element of type `compute` */
} work;

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

static size_t state_bytes(const cld_rnn *rnn, int64_t lanes, int64_t mr) {
    size_t bytes = rnn->dtype == CLADE_FLOAT64 ? sizeof(double) : sizeof(float);
    return (size_t)(rnn->cell->state_rows * mr * round_up(rnn->hidden, lanes)) * bytes;
}

static int64_t groups_of(const cld_rnn *rnn, int64_t mr) { return (rnn->batch + mr - 1) / mr * rnn->directions; }

/* ---- the parameters ------------------------------------------------------------------------------------------------
 */

enum { MR, GROUP };
static const cld_param panels_params[] = { [MR] = { "mr", { 1, 2, 3, 4, 6, 8 } }, { 0 } };
static const cld_param groups_params[] = {
    [MR] = { "mr", { 1, 2, 4 } }, [GROUP] = { "group", { 32, 64, 128, 256 } }, { 0 }
};

/* Rows of products that fit the vector registers. */
static int64_t most_rows(const cld_rnn *rnn, const cld_caps *caps) {
    int64_t accumulators = caps->float_lanes >= 16 ? 24 : 12;
    return CLD_MAX(CLD_MIN(accumulators / rnn->cell->gates, 8), 1);
}

/* The tile height that makes the slowest unit finish first. A step of a group costs about mr rows of products and two
 * rows' worth of loads of R; the tile must fit the vector registers and the state the local memory. */
static void usual_panels(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const cld_rnn *rnn = call->problem;
    int64_t best_cost = INT64_MAX;
    value[MR] = 1;
    for (int64_t mr = 1; mr <= most_rows(rnn, caps); mr++) {
        int64_t cost = round_up(groups_of(rnn, mr), caps->compute_units) * (mr + 2);
        if (cost < best_cost && state_bytes(rnn, caps->float_lanes, mr) <= caps->local_bytes) {
            value[MR] = (int32_t)mr;
            best_cost = cost;
        }
    }
}

static bool valid_panels(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_rnn *rnn = call->problem;
    return value[MR] <= most_rows(rnn, caps) && state_bytes(rnn, caps->float_lanes, value[MR]) <= caps->local_bytes;
}

static int32_t most_items(const cld_caps *caps) {
    return (int32_t)CLD_MIN(CLD_MIN(caps->max_group, caps->max_group_dim[0]), (size_t)1024);
}

static int32_t usual_group(const cld_rnn *rnn, const cld_caps *caps) {
    const int64_t warp = 32, most = 256;
    return (int32_t)CLD_MIN(CLD_MIN(round_up(rnn->hidden, warp), most), (int64_t)most_items(caps));
}

/* Several sequences share what a group reads of R, as long as the groups keep all compute units busy. */
static void usual_groups(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const cld_rnn *rnn = call->problem;
    value[MR] = 4;
    while (value[MR] > 1 && (groups_of(rnn, value[MR]) < 2 * (int64_t)caps->compute_units ||
                             state_bytes(rnn, 1, value[MR]) > caps->local_bytes))
        value[MR] /= 2;
    value[GROUP] = usual_group(rnn, caps);
}

static bool valid_groups(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    return value[MR] <= 8 && state_bytes(call->problem, 1, value[MR]) <= caps->local_bytes &&
           value[GROUP] <= most_items(caps);
}

/* ---- R in registers -------------------------------------------------------------------------------------------------
 */

static const cld_param resident_params[] = { { "slices", { 1, 2, 4, 8, 16 } }, { 0 } };

static int64_t keep_of(const cld_rnn *rnn, int64_t slices) { return (rnn->hidden + slices - 1) / slices; }

static size_t resident_bytes(const cld_rnn *rnn, int64_t slices) {
    const size_t bytes = rnn->dtype == CLADE_FLOAT64 ? sizeof(double) : sizeof(float);
    return (size_t)(2 * slices * keep_of(rnn, slices) + (slices - 1) * rnn->cell->gates * rnn->hidden) * bytes;
}

/* So many weights an item holds beside what a step needs, and a group in half of what a unit has for all its items. */
static bool valid_resident(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_rnn *rnn = call->problem;
    const int64_t most = rnn->dtype == CLADE_FLOAT64 ? 32 : 64, most_of_group = 512 * most;
    const int64_t each = rnn->cell->gates * keep_of(rnn, value[0]);
    return value[0] >= 1 && value[0] <= 64 && rnn->hidden * value[0] <= most_items(caps) && each <= most &&
           each * rnn->hidden * value[0] <= most_of_group && resident_bytes(rnn, value[0]) <= caps->local_bytes;
}

/* No more than what makes the registers do: each slice more is one more sum. */
static void usual_resident(const cld_call *call, const cld_caps *caps, int32_t *value) {
    value[0] = 1;
    while (value[0] < 16 && !valid_resident(call, caps, value))
        value[0] *= 2;
}

static bool suits_resident(const cld_call *call, const cld_caps *caps) {
    const cld_rnn *rnn = call->problem;
    int32_t value[CLD_MAX_PARAMS] = { 0 };
    usual_resident(call, caps, value);
    return !rnn->reset_first && rnn->hidden > 0 && valid_resident(call, caps, value);
}

static const cld_space resident_space = { resident_params, usual_resident, valid_resident };
static const cld_space panels_space = { panels_params, usual_panels, valid_panels },
                       groups_space = { groups_params, usual_groups, valid_groups };

/* ---- steps --------------------------------------------------------------------------------------------------------
 */

/* All kernels of a node are one instance unless its directions differ. */
static cld_step *begin(const work *w, const char *entry, int32_t direction) {
    static const char *const names[CLD_RNN_ACTIVATIONS] = { "ACT_F", "ACT_G", "ACT_H" };
    cld_steps *steps = w->emit->steps;
    cld_step *step = cld_step_kernel(steps, "rnn", entry);
    cld_step_define_dtype(steps, step, "T", w->rnn->dtype);
    cld_step_define(steps, step, w->rnn->cell->define, "1");
    cld_step_define(steps, step, "LANES", "%d", (int)w->tile.lanes);
    cld_step_define(steps, step, "MR", "%d", (int)w->tile.mr);
    for (int32_t a = 0; a < w->rnn->cell->activations; a++)
        cld_step_define(steps, step, names[a], "%s", w->rnn->activation[direction][a]);
    for (int32_t a = w->rnn->cell->activations; a < CLD_RNN_ACTIVATIONS; a++)
        cld_step_define(steps, step, names[a], "x");
    if (w->rnn->clip > 0) {
        const char *clip = cld_pointwise_literal(w->emit->call->arena, w->rnn->dtype, (double)w->rnn->clip);
        cld_step_define(steps, step, "BOUND(x)", "clamp((x), (V)(-%s), (V)(%s))", clip, clip);
    }
    const struct {
        bool is;
        const char *name;
    } flags[] = { { w->rnn->coupled, "COUPLED" },
                  { w->rnn->reset_first, "RESET_FIRST" },
                  { w->tile.global_state, "GLOBAL_STATE" },
                  { w->tile.group == 1, "SINGLE_ITEM" },
                  { cld_call_has(w->emit->call, CLD_RNN_P), "PEEPHOLES" } };
    for (size_t i = 0; i < CLD_COUNT(flags); i++)
        if (flags[i].is)
            cld_step_define(steps, step, flags[i].name, "1");
    if (w->tile.slices) {
        cld_step_define(steps, step, "UNITS", "%d", (int)w->rnn->hidden);
        cld_step_define(steps, step, "SLICES", "%d", (int)w->tile.slices);
        cld_step_define(steps, step, "KEEP", "%d", (int)keep_of(w->rnn, w->tile.slices));
    }
    return step;
}

static cld_buf input(const work *w, int32_t k) {
    return cld_call_has(w->emit->call, k) ? w->emit->in[k] : (cld_buf){ -1 };
}

static int64_t flags_of(const work *w) {
    const cld_emit *e = w->emit;
    int64_t flags = w->rnn->reverse;
    for (int32_t k = 0; k < e->call->n_out; k++)
        flags |= (int64_t)(e->out[k].i >= 0) << (2 + k);
    const int32_t given[] = { CLD_RNN_LENS, CLD_RNN_H, CLD_RNN_C, CLD_RNN_B };
    for (size_t i = 0; i < CLD_COUNT(given); i++)
        flags |= (int64_t)cld_call_has(e->call, given[i]) << (5 + i);
    return flags;
}

/* The packed form, `rows` rows of the padded hidden size a direction, of input k; absent, it is made in place of
 * `source`. */
static cld_buf pack(const work *w, const char *entry, int32_t k, int32_t source, int64_t rows, int64_t lanes) {
    cld_steps *steps = w->emit->steps;
    int64_t count = w->rnn->directions * rows * round_up(w->rnn->hidden, lanes);
    size_t bytes = (size_t)count * w->bytes;
    char key[96];
    snprintf(key, sizeof key, "%s:%s:%lld:%d%s", entry, w->rnn->cell->define, (long long)lanes, w->rnn->reset_first,
             k == source ? "" : ":zero");
    bool once = w->emit->constant[source];
    cld_buf out = once ? cld_step_packed(steps, bytes, w->emit->in[source], key) : cld_step_scratch(steps, bytes);
    cld_step *step = begin(w, entry, 0);
    step->once = once;
    step->bytes = 2.0 * (double)bytes;
    cld_step_out(steps, step, out, w->compute);
    cld_step_in(steps, step, input(w, k), w->rnn->dtype);
    cld_step_ints(steps, step, 4, (int64_t[]){ w->rnn->hidden, lanes, count, flags_of(w) });
    cld_step_items(step, w->emit->caps, count);
    return out;
}

static clade_status project(const work *w, cld_buf *out, clade_error *err) {
    const cld_rnn *rnn = w->rnn;
    const cld_emit *e = w->emit;
    int64_t rows = rnn->steps * rnn->batch, columns = rnn->directions * rnn->cell->gates * rnn->hidden;
    /* The last vector of the last row is read whole. */
    size_t bytes = (size_t)(rows * columns + w->tile.lanes) * clade_dtype_size(rnn->dtype);
    cld_gemm gemm = { .dtype = rnn->dtype,
                      .m = rows,
                      .n = columns,
                      .k = rnn->input,
                      .trans_b = true,
                      .constant_b = e->constant[CLD_RNN_W],
                      .a = e->in[CLD_RNN_X],
                      .b = e->in[CLD_RNN_W],
                      .bias = { -1 },
                      .c = cld_step_scratch(e->steps, bytes),
                      .alpha = 1 };
    *out = gemm.c;
    return cld_product_emit(e, &gemm, err);
}

static void recur(const work *w, int32_t first, int32_t directions, cld_buf z, cld_buf r, cld_buf b, cld_buf p) {
    const cld_rnn *rnn = w->rnn;
    const cld_emit *e = w->emit;
    size_t groups = (size_t)((rnn->batch + w->tile.mr - 1) / w->tile.mr),
           size = w->tile.slices ? resident_bytes(rnn, w->tile.slices) : state_bytes(rnn, w->tile.lanes, w->tile.mr);
    cld_buf state =
        w->tile.global_state ? cld_step_scratch(e->steps, groups * (size_t)directions * size) : (cld_buf){ -1 };
    cld_step *step = begin(w, w->tile.slices ? "rnn_keep" : "rnn_run", first);
    step->flops =
        2.0 * (double)(rnn->steps * rnn->batch * directions) * (double)(rnn->cell->gates * rnn->hidden * rnn->hidden);
    for (int32_t k = 0; k < 3; k++)
        cld_step_out(e->steps, step, k < e->call->n_out ? e->out[k] : (cld_buf){ -1 }, rnn->dtype);
    cld_step_in(e->steps, step, z, rnn->dtype);
    cld_step_in(e->steps, step, r, w->compute);
    cld_step_in(e->steps, step, b, w->compute);
    cld_step_in(e->steps, step, p, w->compute);
    cld_step_in(e->steps, step, input(w, CLD_RNN_LENS), CLADE_INT32);
    cld_step_in(e->steps, step, input(w, CLD_RNN_H), rnn->dtype);
    cld_step_in(e->steps, step, input(w, CLD_RNN_C), rnn->dtype);
    int64_t d = rnn->directions, h = rnn->hidden, n = rnn->batch, t = rnn->steps;
    const int64_t by_step[] = { n, 1, d * n * h, n * h, h, n * h, h },
                  by_row[] = { 1, t, d * h, h, t * d * h, h, d * h };
    cld_step_ints(e->steps, step, 7, (int64_t[]){ t, n, h, w->tile.panel, first, d, flags_of(w) });
    cld_step_ints(e->steps, step, 7, rnn->batch_first ? by_row : by_step);
    cld_step_indices(e, step, CLD_RNN_LENS, "sequence length");
    if (w->tile.global_state)
        cld_step_buf(e->steps, step, state, w->compute, CLD_READ_WRITE, 0);
    else
        cld_step_local(e->steps, step, size);
    cld_step_size(step, groups * w->tile.group, (size_t)directions, 1, w->tile.group, 1, 1);
}

static bool directions_differ(const cld_rnn *rnn) {
    bool differ = false;
    for (int32_t a = 0; a < rnn->cell->activations && rnn->directions == 2; a++)
        differ |= strcmp(rnn->activation[0][a], rnn->activation[1][a]) != 0;
    return differ;
}

static clade_status emit_with(const cld_emit *emit, tile shape, clade_error *err) {
    const cld_rnn *rnn = emit->call->problem;
    work w = { .emit = emit, .rnn = rnn, .tile = shape };
    w.compute = rnn->dtype == CLADE_FLOAT64 ? CLADE_FLOAT64 : CLADE_FLOAT32; /* float16 is computed in float */
    w.bytes = clade_dtype_size(w.compute);
    const cld_cell *cell = rnn->cell;
    cld_buf z, p = { -1 };
    CLD_RETURN(project(&w, &z, err));
    cld_buf r = pack(&w, "rnn_pack_r", CLD_RNN_R, CLD_RNN_R, cell->gates * rnn->hidden, w.tile.panel);
    bool biased = cld_call_has(emit->call, CLD_RNN_B);
    cld_buf b = pack(&w, "rnn_pack_b", CLD_RNN_B, biased ? CLD_RNN_B : CLD_RNN_R, cell->biases, w.tile.lanes);
    if (cld_call_has(emit->call, CLD_RNN_P))
        p = pack(&w, "rnn_pack_p", CLD_RNN_P, CLD_RNN_P, 3, w.tile.lanes);
    int32_t launches = directions_differ(rnn) ? 2 : 1;
    for (int32_t d = 0; d < launches; d++)
        recur(&w, d, rnn->directions / launches, z, r, b, p);
    return CLADE_OK;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

const void *cld_rnn_problem(const cld_emit *emit) {
    cld_rnn *rnn = cld_arena_alloc(emit->steps->arena, sizeof *rnn);
    return rnn && cld_rnn_read(emit->call, rnn, NULL) == CLADE_OK ? rnn : NULL;
}

/* Sizes: steps, batch, input, hidden, directions, gates. */
void cld_rnn_describe(const cld_call *call, cld_problem *out) {
    const cld_rnn *rnn = call->problem;
    *out = (cld_problem){ .kind = "recurrent", .dtype = rnn->dtype, .flags = rnn->batch_first };
    cld_problem_add(out, 6,
                    (int64_t[]){ rnn->steps, rnn->batch, rnn->input, rnn->hidden, rnn->directions, rnn->cell->gates });
}

static bool suits_panels(const cld_call *call, const cld_caps *caps) {
    const cld_rnn *rnn = call->problem;
    return caps->float_lanes > 1 && rnn->dtype == CLADE_FLOAT32 &&
           state_bytes(rnn, caps->float_lanes, 1) <= caps->local_bytes;
}

static bool suits_groups(const cld_call *call, const cld_caps *caps) {
    return state_bytes(call->problem, 1, 1) <= caps->local_bytes;
}

static clade_status emit_panels(const cld_emit *emit, clade_error *err) {
    int64_t lanes = emit->caps->float_lanes;
    return emit_with(emit, (tile){ .lanes = lanes, .mr = emit->value[MR], .panel = lanes, .group = 1 }, err);
}

static clade_status emit_groups(const cld_emit *emit, clade_error *err) {
    const cld_rnn *rnn = emit->call->problem;
    return emit_with(
        emit, (tile){ .lanes = 1, .mr = emit->value[MR], .panel = rnn->hidden, .group = (size_t)emit->value[GROUP] },
        err);
}

static clade_status emit_resident(const cld_emit *emit, clade_error *err) {
    const cld_rnn *rnn = emit->call->problem;
    return emit_with(emit,
                     (tile){ .lanes = 1,
                             .mr = 1,
                             .panel = rnn->hidden,
                             .group = (size_t)(rnn->hidden * emit->value[0]),
                             .slices = emit->value[0] },
                     err);
}

static clade_status emit_reference(const cld_emit *emit, clade_error *err) {
    const cld_rnn *rnn = emit->call->problem;
    size_t group = (size_t)usual_group(rnn, emit->caps);
    return emit_with(emit, (tile){ .lanes = 1, .mr = 1, .panel = rnn->hidden, .group = group, .global_state = true },
                     err);
}

const cld_impl cld_rnn_impls[] = { { .name = "panels",
                                     .needs = CLD_NEEDS_CPU,
                                     .applicable = suits_panels,
                                     .emit = emit_panels,
                                     .space = &panels_space,
                                     .inner = cld_product_rows },
                                   { .name = "resident",
                                     .needs = CLD_NO_CPU,
                                     .applicable = suits_resident,
                                     .emit = emit_resident,
                                     .space = &resident_space,
                                     .inner = cld_product_rows },
                                   { .name = "groups",
                                     .applicable = suits_groups,
                                     .emit = emit_groups,
                                     .space = &groups_space,
                                     .inner = cld_product_rows },
                                   { .name = "reference", .emit = emit_reference, .inner = cld_product_rows },
                                   { 0 } };
