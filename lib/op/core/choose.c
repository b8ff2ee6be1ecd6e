/* SPDX-License-Identifier: Apache-2.0 */
/* The chooser: the only place that picks a row for a problem, and its parameters.
 *
 * In: a call whose problem has been read, and the rows. What the caller prefers is taken where it is applicable; then
 * what was measured to be best for the problem; then the applicable row that costs least, with its usual parameters; of
 * several that cost the same, the first.
 */
#include "op/core/op.h"

typedef struct choice {
    const cld_impl *row;
    int32_t value[CLD_MAX_PARAMS];
    cld_wish inner;       /* wished for the problem within */
    const char *measured; /* how, or NULL */
} choice;

double cld_cost(const cld_caps *caps, double launches, double flops, cld_share share) {
    const double lane_rate = 5e9, gpu_lanes = 64, cpu_launch = 2e-6, gpu_launch = 6e-6;
    double rate = (double)CLD_MAX(caps->compute_units, 1) * lane_rate;
    if (caps->is_cpu)
        return launches * cpu_launch + flops / (rate * (double)CLD_MAX(caps->float_lanes, 1) * share.cpu);
    return launches * gpu_launch + flops / (rate * gpu_lanes * share.gpu);
}

double cld_cost_chain(const cld_caps *caps, double length) {
    const double wait = 0.1e-6;
    return caps->is_cpu ? 0 : length * wait;
}

static bool consider(const cld_emit *emit, const cld_impl *row, choice *out) {
    if (!cld_impl_fits(row, emit->caps) || (row->applicable && !row->applicable(emit->call, emit->caps)))
        return false;
    *out = (choice){ .row = row };
    if (row->space)
        row->space->usual(emit->call, emit->caps, out->value);
    return true;
}

/* false: the row has no such parameter. */
static bool set_param(choice *chosen, cld_wish name, int32_t value) {
    for (int32_t k = 0; chosen->row->space && chosen->row->space->params[k].name; k++)
        if (cld_wish_is(name, chosen->row->space->params[k].name)) {
            chosen->value[k] = value;
            return true;
        }
    return false;
}

static bool obey(const cld_emit *emit, const cld_impl *rows, cld_wish wish, choice *out) {
    cld_wish_parts parts = cld_wish_split(wish);
    cld_wish name;
    int32_t value;
    const cld_impl *row = rows;
    while (row->name && !cld_wish_is(parts.row, row->name))
        row++;
    if (!row->name || !consider(emit, row, out))
        return false;
    while (parts.params.size > 0)
        if (!cld_wish_param(&parts.params, &name, &value) || !set_param(out, name, value))
            return false;
    out->inner = parts.inner;
    return !row->space || row->space->valid(emit->call, emit->caps, out->value);
}

/* What the first call of a row takes in a process: CLBlast's programs are not in the cache on disk. So it is not taken
 * by cost where a row of ours applies, only by wish or by measurement. */
static double first_call(const cld_impl *row, const cld_caps *caps) {
    return row->needs & CLD_NEEDS_BLAS ? (caps->is_cpu ? 20 : 1) : 0;
}

static bool cheapest(const cld_emit *emit, const cld_impl *rows, choice *out) {
    double least = 0;
    bool found = false;
    for (const cld_impl *row = rows; row->name; row++) {
        choice candidate;
        if (!consider(emit, row, &candidate))
            continue;
        double cost = row->cost ? row->cost(emit->call, emit->caps, candidate.value) + first_call(row, emit->caps) : 0;
        if (!found || cost < least)
            *out = candidate, least = cost;
        found = true;
    }
    return found;
}

/* "im2col > panels(mr 12, kb 256)" */
static const char *label(cld_arena *arena, const char *within, const choice *chosen) {
    cld_text text = { 0 };
    if (within)
        cld_text_printf(&text, "%s > ", within);
    cld_text_add(&text, chosen->row->name);
    const cld_space *space = chosen->row->space;
    for (int32_t k = 0; space && space->params[k].name; k++)
        cld_text_printf(&text, "%s%s %d", k ? ", " : "(", space->params[k].name, (int)chosen->value[k]);
    if (space)
        cld_text_add(&text, ")");
    return cld_text_take(&text, arena);
}

static const char *problem_text(const cld_emit *emit) {
    cld_text text = { 0 };
    cld_problem problem = { 0 };
    emit->describe(emit->call, &problem);
    cld_problem_text(&problem, &text);
    return cld_text_take(&text, emit->steps->arena);
}

/* What was measured for the problem, where the row that was best is still applicable, and its parameters are. Its text
 * comes from outside, so it is checked as a caller's is, to the last choice within. */
static bool recall(const cld_emit *emit, const cld_impl *rows, const char *problem, choice *out) {
    const cld_measured *measured = emit->describe ? emit->measured : NULL;
    bool nearby = false;
    const char *text = measured ? measured->find(measured->user, problem, emit->steps->arena, &nearby) : NULL;
    if (!text)
        return false;
    const cld_wish wish = { text, (int)strlen(text) };
    const bool may = cld_wish_exists(rows, wish) && obey(emit, rows, wish, out);
    if (!may)
        cld_log(CLADE_LOG_DEBUG, "'%s', measured for %s, is not applicable", text, problem);
    out->measured = nearby ? "measured nearby" : "measured";
    /* What a first call takes is worth it for the very problem only. */
    return may && !(nearby && first_call(out->row, emit->caps) > 0);
}

static bool choose(const cld_emit *emit, const cld_impl *rows, const char *problem, choice *out) {
    return rows && ((emit->wish.size && obey(emit, rows, emit->wish, out)) || recall(emit, rows, problem, out) ||
                    cheapest(emit, rows, out));
}

static clade_status emit_choice(const cld_emit *emit, const choice *chosen, clade_error *err) {
    cld_steps *steps = emit->steps;
    cld_emit own = *emit;
    const char *within = steps->impl;
    const char *before = steps->measured;
    own.value = chosen->value;
    own.wish = chosen->inner;
    own.depth++;
    steps->impl = label(steps->arena, within, chosen);
    steps->measured = chosen->measured ? chosen->measured : before;
    clade_status status = steps->impl ? chosen->row->emit(&own, err) : cld_no_memory(err, "a plan");
    steps->impl = within;
    steps->measured = before;
    return status;
}

static void tell(const cld_emit *emit, const cld_impl *rows, const choice *chosen) {
    const cld_chosen what = { .call = emit->call,
                              .caps = emit->caps,
                              .rows = rows,
                              .row = chosen->row,
                              .value = chosen->value,
                              .problem = emit->describe ? emit->steps->problem : NULL,
                              .depth = emit->depth };
    if (emit->observer)
        emit->observer->chose(emit->observer->user, &what);
}

clade_status cld_choose_emit(const cld_emit *emit, const cld_impl *rows, clade_error *err) {
    cld_steps *steps = emit->steps;
    const char *around = steps->problem;
    choice chosen;
    if (emit->describe && !(steps->problem = problem_text(emit))) {
        steps->problem = around;
        return cld_no_memory(err, "a plan");
    }
    clade_status status = CLADE_OK;
    if (choose(emit, rows, steps->problem, &chosen)) {
        tell(emit, rows, &chosen);
        status = emit_choice(emit, &chosen, err);
    } else {
        status = cld_call_fail(emit->call, err, CLADE_ERR_UNSUPPORTED, "this device has no way to run it");
    }
    steps->problem = around;
    return status;
}

clade_status cld_choose_node(const cld_emit *emit, const char *prefer, clade_error *err) {
    const cld_node *node = emit->call->node;
    cld_call call = *emit->call;
    cld_emit own = *emit;
    choice unused;
    own.call = &call;
    own.describe = node->op->describe;
    if (node->op->read && !(call.problem = node->op->read(emit)))
        return cld_no_memory(err, "a plan");
    while (node->op->impls && cld_wish_next(&prefer, node->type, &own.wish))
        if (obey(&own, node->op->impls, own.wish, &unused))
            break;
    return cld_choose_emit(&own, node->op->impls, err);
}
