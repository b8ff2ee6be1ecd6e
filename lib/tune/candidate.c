/* SPDX-License-Identifier: Apache-2.0 */
/* Choices as text: what the planner makes of one, and what stands near it. Whether a choice may be is for the planner
 * to say: one that may not is planned as something else.
 */
#include "tune/tune_internal.h"

typedef struct watched {
    cld_candidate *candidate;
    cld_arena *arena;
} watched;

static void note(void *user, const cld_chosen *chosen) {
    watched *w = user;
    cld_candidate *candidate = w->candidate;
    if (chosen->depth != candidate->depth || candidate->depth == CLD_MAX_DEPTH)
        return; /* the first one of each depth speaks for all */
    cld_level *level = &candidate->level[candidate->depth++];
    *level = (cld_level){ .rows = chosen->rows, .row = chosen->row };
    if (chosen->row->space) {
        memcpy(level->value, chosen->value, sizeof level->value);
        chosen->row->space->usual(chosen->call, chosen->caps, level->usual);
    }
    for (int32_t k = 0; chosen->rows[k].name; k++)
        if (cld_impl_fits(&chosen->rows[k], chosen->caps) &&
            (!chosen->rows[k].applicable || chosen->rows[k].applicable(chosen->call, chosen->caps)))
            level->applicable |= (uint64_t)1 << k;
    if (chosen->depth > 0)
        return;
    candidate->problem = chosen->problem ? cld_arena_text(w->arena, chosen->problem) : NULL;
    candidate->cost = chosen->row->cost ? chosen->row->cost(chosen->call, chosen->caps, chosen->value) : 0;
}

/* `changed`: only the parameters that are not as usual. */
static void write_level(const cld_level *level, bool changed, cld_text *out) {
    const cld_space *space = level->row->space;
    const char *before = "(";
    cld_text_add(out, level->row->name);
    for (int32_t k = 0; space && space->params[k].name; k++) {
        if (changed && level->value[k] == level->usual[k])
            continue;
        cld_text_printf(out, "%s%s %d", before, space->params[k].name, (int)level->value[k]);
        before = ", ";
    }
    if (*before == ',')
        cld_text_add(out, ")");
}

static void write_text(const cld_candidate *candidate, int32_t depth, bool changed, cld_text *out) {
    for (int32_t d = 0; d < depth; d++) {
        cld_text_add(out, d ? " > " : "");
        write_level(&candidate->level[d], changed, out);
    }
}

const char *cld_candidate_changes(const cld_candidate *candidate, cld_arena *arena) {
    cld_text text = { 0 };
    write_text(candidate, candidate->depth, true, &text);
    return cld_text_take(&text, arena);
}

clade_status cld_candidate_plan(cld_candidate *out, cld_plan **plan, cld_arena *arena, const cld_workbench *bench,
                                const char *choice, clade_error *err) {
    const cld_tune_order *order = bench->order;
    watched w = { out, arena };
    const cld_observer observer = { note, &w };
    cld_text prefer = { 0 };
    cld_plan *made;
    if (choice)
        cld_text_printf(&prefer, "%s=%s", bench->op->name, choice);
    const cld_plan_options options = { .no_blas = order->no_blas,
                                       .prefer_impl = prefer.data,
                                       .measured = choice ? NULL : order->measured,
                                       .observer = &observer,
                                       .guard_bytes = CLD_GUARD_BYTES };
    *out = (cld_candidate){ .cost = 0 };
    clade_status status = prefer.failed ? cld_no_memory(err, "a candidate")
                                        : cld_plan_new(&made, bench->graph, cld_ocl_caps(order->ocl), &options, err);
    cld_text_free(&prefer);
    CLD_RETURN(status);
    cld_text text = { 0 };
    write_text(out, out->depth, false, &text);
    out->text = cld_text_take(&text, arena);
    if (plan && out->text)
        *plan = made;
    else
        cld_plan_free(made);
    return out->text ? CLADE_OK : cld_no_memory(err, "a candidate");
}

static clade_status give(const cld_candidate *candidate, int32_t depth, cld_candidate_fn add, void *user,
                         clade_error *err) {
    cld_text text = { 0 };
    write_text(candidate, depth, false, &text);
    clade_status status = text.failed ? cld_no_memory(err, "a candidate") : add(user, text.data, err);
    cld_text_free(&text);
    return status;
}

/* The listed value next to one that need not be listed; 0: there is none. */
static int32_t next_value(const cld_param *param, int32_t value, bool up) {
    int32_t found = 0;
    for (int32_t v = 0; v < CLD_MAX_VALUES && param->values[v]; v++) {
        const int32_t other = param->values[v];
        if (up ? other > value && (!found || other < found) : other < value && other > found)
            found = other;
    }
    return found;
}

clade_status cld_candidate_neighbours(const cld_candidate *from, cld_candidate_fn add, void *user, clade_error *err) {
    for (int32_t d = 0; d < from->depth; d++) {
        const cld_space *space = from->level[d].row->space;
        for (int32_t k = 0; space && space->params[k].name; k++)
            for (int32_t step = 0; step < 4; step++) {
                cld_candidate other = *from;
                int32_t *value = &other.level[d].value[k];
                *value = next_value(&space->params[k], *value, step & 1);
                if (step >= 2 && *value) /* one further, since the next one may be none that may be */
                    *value = next_value(&space->params[k], *value, step & 1);
                if (*value)
                    CLD_RETURN(give(&other, other.depth, add, user, err));
            }
    }
    return CLADE_OK;
}

clade_status cld_candidate_rows(const cld_candidate *from, bool all, cld_candidate_fn add, void *user,
                                clade_error *err) {
    for (int32_t d = all ? 0 : 1; d < from->depth; d++)
        for (int32_t k = 0; from->level[d].rows[k].name; k++) {
            cld_text text = { 0 };
            if (!(from->level[d].applicable >> k & 1))
                continue;
            write_text(from, d, false, &text);
            cld_text_printf(&text, "%s%s", d ? " > " : "", from->level[d].rows[k].name);
            clade_status status = text.failed ? cld_no_memory(err, "a candidate") : add(user, text.data, err);
            cld_text_free(&text);
            CLD_RETURN(status);
        }
    return CLADE_OK;
}

clade_status cld_candidate_seeds(const cld_candidate *from, cld_candidate_fn add, void *user, clade_error *err) {
    for (int32_t d = 0; d < from->depth; d++) {
        const cld_impl *row = from->level[d].row;
        for (int32_t k = 0; k < row->n_seeds; k++) {
            cld_candidate other = *from;
            memcpy(other.level[d].value, row->seeds[k], sizeof row->seeds[k]);
            CLD_RETURN(give(&other, other.depth, add, user, err));
        }
    }
    return CLADE_OK;
}
