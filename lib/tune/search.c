/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a problem's best choice. It begins with every row as it usually is, goes on with the sets that
 * rows have as seeds, and then, best first, with what stands next to the best of a row: how long a candidate will take
 * is what the row's best one took, times what the estimates say of the two. It ends when the time is over, when nothing
 * is left that may win, or when many have brought nothing. Then the fastest few and what is chosen now are timed in
 * turns, in an order that is shuffled each time, since clocks and neighbours drift; only what is clearly faster takes
 * the place of what is chosen now.
 */
#include "tune/tune_internal.h"

#include <stdlib.h>

enum { KEPT = 4, MOST_ITEMS = 2048, PATIENCE = 24, MOST_ROUNDS = 15 };

typedef struct item {
    cld_candidate candidate;
    double seconds; /* 0: not tried; below: refused */
    bool seed;
} item;

typedef struct search {
    cld_arena *arena;
    cld_workbench *bench;
    cld_tuned *out;
    item *items;
    int32_t n_items, cap_items;
    cld_trial *untuned, *best[KEPT]; /* fastest first */
    double seconds, end;
    bool seeding; /* what is added now are seeds */
} search;

/* ---- what to try --------------------------------------------------------------------------------------------------
 */

/* The row that the caller prefers of the operator, if any. */
static bool is_wanted(const search *s, const cld_candidate *candidate) {
    const char *at = s->bench->order->prefer;
    cld_wish wish;
    return !cld_wish_next(&at, s->bench->op->name, &wish) ||
           cld_wish_is(cld_wish_split(wish).row, candidate->level[0].row->name);
}

static clade_status add(void *user, const char *choice, clade_error *err) {
    search *s = user;
    cld_candidate candidate;
    if (s->n_items == MOST_ITEMS)
        return CLADE_OK;
    clade_status status = cld_candidate_plan(&candidate, NULL, s->arena, s->bench, choice, err);
    if (status != CLADE_OK)
        return choice && !cld_tune_ends(status) ? CLADE_OK : status; /* what cannot be planned is no candidate */
    if (choice && !is_wanted(s, &candidate))
        return CLADE_OK;
    for (int32_t k = 0; k < s->n_items; k++)
        if (strcmp(s->items[k].candidate.text, candidate.text) == 0)
            return CLADE_OK; /* also what may not be, and so is planned as another */
    if (!cld_arena_grow(s->arena, (void **)&s->items, &s->cap_items, s->n_items + 1, sizeof *s->items))
        return cld_no_memory(err, "candidates");
    s->items[s->n_items++] = (item){ .candidate = candidate, .seed = s->seeding };
    return CLADE_OK;
}

/* Each row, and each row within it. */
static clade_status add_rows(search *s, clade_error *err) {
    const cld_candidate first = s->items[0].candidate;
    CLD_RETURN(cld_candidate_rows(&first, true, add, s, err));
    for (int32_t k = 0, rows = s->n_items; k < rows; k++) {
        const cld_candidate row = s->items[k].candidate;
        CLD_RETURN(cld_candidate_rows(&row, false, add, s, err));
    }
    return CLADE_OK;
}

static bool same_rows(const cld_candidate *a, const cld_candidate *b) {
    bool same = a->depth == b->depth;
    for (int32_t d = 0; same && d < a->depth; d++)
        same = a->level[d].row == b->level[d].row;
    return same;
}

/* Parameters that differ. */
static int32_t distance(const cld_candidate *a, const cld_candidate *b) {
    int32_t count = 0;
    for (int32_t d = 0; d < a->depth; d++)
        for (int32_t k = 0; k < CLD_MAX_PARAMS; k++)
            count += a->level[d].value[k] != b->level[d].value[k];
    return count;
}

/* The item's row's fastest; NULL: none of them has been tried. */
static const item *fastest_like(const search *s, const item *like) {
    const item *found = NULL;
    for (int32_t k = 0; k < s->n_items; k++) {
        const item *other = &s->items[k];
        if (other->seconds > 0 && same_rows(&other->candidate, &like->candidate) &&
            (!found || other->seconds < found->seconds))
            found = other;
    }
    return found;
}

/* How far the most pessimistic estimate was off: below 1, as a rule, no row is as slow. */
static double least_ratio(const search *s) {
    double least = 0;
    for (int32_t k = 0; k < s->n_items; k++) {
        const double ratio = s->items[k].candidate.cost > 0 ? s->items[k].seconds / s->items[k].candidate.cost : 0;
        least = ratio > 0 && (least == 0 || ratio < least) ? ratio : least;
    }
    return least > 0 ? least : 1;
}

static double predict(const search *s, const item *at) {
    const double each = 0.02; /* of two that are thought alike, the nearer one */
    const item *like = fastest_like(s, at);
    if (!like)
        return at->candidate.cost * least_ratio(s);
    if (at->seed) /* what was best elsewhere comes before what is next to the usual */
        return like->seconds * (1 - each);
    const double estimated = like->candidate.cost > 0 ? at->candidate.cost / like->candidate.cost : 1;
    return like->seconds * estimated * (1 + each * distance(&at->candidate, &like->candidate));
}

/* The most promising; NULL: none may win. */
static item *next_item(const search *s) {
    const double hopeless = 3;
    item *found = NULL;
    double least = 0;
    for (int32_t k = 0; k < s->n_items; k++) {
        const double seconds = s->items[k].seconds == 0 ? predict(s, &s->items[k]) : 0;
        if (s->items[k].seconds == 0 && (!found || seconds < least))
            found = &s->items[k], least = seconds;
    }
    const bool may_win = !s->best[0] || s->bench->order->prefer || least <= hopeless * s->best[0]->seconds;
    return may_win ? found : NULL;
}

/* ---- trying -------------------------------------------------------------------------------------------------------
 */

static void tell(const search *s, const char *choice, const cld_trial *trial, const char *why) {
    const cld_tune_order *order = s->bench->order;
    const cld_tried tried = { s->out->problem, choice, why, trial ? trial->seconds : 0, trial ? trial->error : 0 };
    if (order->tried)
        order->tried(order->user, &tried);
}

/* Between the two entries of the journal. */
static clade_status make_trial(cld_trial **out, search *s, const char *text, clade_error *err) {
    cld_candidate candidate;
    cld_plan *plan;
    CLD_RETURN(cld_candidate_plan(&candidate, &plan, s->arena, s->bench, text, err));
    CLD_RETURN(cld_trial_new(out, s->bench, plan, text, err));
    clade_status status = cld_trial_time(*out, 3, err);
    if (status != CLADE_OK)
        cld_trial_free(*out);
    return status;
}

/* *out NULL: it was refused, and told so. */
static clade_status try(cld_trial **out, search *s, const char *text, clade_error *err) {
    const cld_tune_order *order = s->bench->order;
    clade_error why = { 0 };
    int64_t entry;
    bool suspect;
    *out = NULL;
    s->out->tried++;
    CLD_RETURN(cld_watch_ask(&order->watch, s->out->problem, (size_t)s->out->tried, (size_t)s->n_items, err));
    CLD_RETURN(cld_records_suspect(order->records, order->device, s->out->problem, text, &suspect, err));
    if (suspect) {
        (void)cld_fail(&why, CLADE_ERR_ARGUMENT, "it was begun once and never ended");
    } else {
        CLD_RETURN(cld_records_begin(order->records, order->device, s->out->problem, text, &entry, err));
        clade_status status = make_trial(out, s, text, &why);
        if (status != CLADE_OK)
            *out = NULL;
        clade_status ended = cld_records_end(order->records, entry, err);
        if (ended != CLADE_OK) {
            cld_trial_free(*out);
            return ended;
        }
        if (cld_tune_ends(status)) {
            if (err)
                *err = why;
            return status;
        }
    }
    s->out->refused += !*out;
    tell(s, text, *out, *out ? NULL : why.message);
    return CLADE_OK;
}

/* Among the best, or freed. */
static void keep(search *s, cld_trial *trial) {
    for (int32_t k = 0; k < KEPT && trial; k++)
        if (!s->best[k] || trial->seconds < s->best[k]->seconds) {
            cld_trial *slower = s->best[k];
            s->best[k] = trial;
            trial = slower;
        }
    if (trial != s->untuned)
        cld_trial_free(trial);
}

static clade_status try_item(search *s, int32_t index, bool *better, clade_error *err) {
    const double counts = 0.99;
    cld_trial *trial;
    const item *like = fastest_like(s, &s->items[index]);
    const double before = s->best[0] ? s->best[0]->seconds : 0, of_row = like ? like->seconds : 0;
    CLD_RETURN(try(&trial, s, s->items[index].candidate.text, err));
    s->items[index].seconds = trial ? trial->seconds : -1;
    *better = trial && (before == 0 || trial->seconds < counts * before);
    if (!trial)
        return CLADE_OK;
    const bool leads = of_row == 0 || trial->seconds < of_row;
    const cld_candidate candidate = s->items[index].candidate;
    if (index == 0)
        s->untuned = trial;
    keep(s, trial);
    if (!like) {
        s->seeding = true;
        clade_status status = cld_candidate_seeds(&candidate, add, s, err);
        s->seeding = false;
        CLD_RETURN(status);
    }
    return leads ? cld_candidate_neighbours(&candidate, add, s, err) : CLADE_OK;
}

static clade_status look(search *s, clade_error *err) {
    int32_t idle = 0;
    bool better;
    CLD_RETURN(add(s, NULL, err));
    CLD_RETURN(add_rows(s, err));
    CLD_RETURN(try_item(s, 0, &better, err));
    for (item *at = next_item(s); at && idle < PATIENCE && cld_tune_now() < s->end; at = next_item(s)) {
        CLD_RETURN(try_item(s, (int32_t)(at - s->items), &better, err));
        idle = better ? 0 : idle + 1;
    }
    return CLADE_OK;
}

/* ---- the last rounds ----------------------------------------------------------------------------------------------
 */

typedef struct finalist {
    cld_trial *trial;
    double seconds[MOST_ROUNDS];
} finalist;

static clade_status one_round(search *s, finalist *of, int32_t count, int32_t round, clade_error *err) {
    int32_t order[KEPT + 1];
    for (int32_t k = 0; k < count; k++) {
        const int32_t at = (int32_t)(cld_workbench_random(s->bench) % (uint64_t)(k + 1));
        order[k] = order[at];
        order[at] = k;
    }
    for (int32_t k = 0; k < count; k++)
        CLD_RETURN(cld_trial_sample(of[order[k]].trial, &of[order[k]].seconds[round], err));
    return CLADE_OK;
}

static int32_t collect(const search *s, finalist *of) {
    int32_t count = 0;
    if (s->untuned)
        of[count++].trial = s->untuned;
    for (int32_t k = 0; k < KEPT && s->best[k]; k++)
        if (s->best[k] != s->untuned)
            of[count++].trial = s->best[k];
    return count;
}

static int32_t find_rounds(const search *s, const finalist *of, int32_t count) {
    const double longest = CLD_MIN(s->seconds / 2, 10);
    double round_s = 0;
    for (int32_t k = 0; k < count; k++)
        round_s += of[k].trial->seconds * of[k].trial->repeats;
    return (int32_t)CLD_MAX(CLD_MIN(longest / CLD_MAX(round_s, 1e-6), MOST_ROUNDS), 3);
}

/* Rounds that `a` was the faster in: where something else runs on the device, medians drift, and these do not. */
static int32_t wins(const finalist *a, const finalist *b, int32_t rounds) {
    int32_t count = 0;
    for (int32_t r = 0; r < rounds; r++)
        count += a->seconds[r] * a->trial->handicap < b->seconds[r] * b->trial->handicap;
    return count;
}

/* *winner: the fastest, where it is clearly faster than what is chosen now, and in three of four rounds. */
static clade_status decide(search *s, cld_trial **winner, clade_error *err) {
    const double clearly = 0.97;
    finalist of[KEPT + 1];
    bool steady[KEPT + 1];
    const int32_t count = collect(s, of), rounds = find_rounds(s, of, count);
    for (int32_t r = 0; r < rounds && count > 1; r++)
        CLD_RETURN(one_round(s, of, count, r, err));
    for (int32_t k = 0; k < count; k++)
        steady[k] = k == 0 || !s->untuned || 4 * wins(&of[k], &of[0], rounds) >= 3 * rounds;
    *winner = NULL;
    for (int32_t k = 0; k < count; k++) {
        if (count > 1)
            of[k].trial->seconds = cld_median(of[k].seconds, rounds);
        const double counts = of[k].trial->seconds * of[k].trial->handicap;
        const double have = *winner ? (*winner)->seconds * (*winner)->handicap : 0;
        if (!*winner || (steady[k] && counts < have * (*winner == s->untuned ? clearly : 1)))
            *winner = of[k].trial;
    }
    return CLADE_OK;
}

static void free_trials(search *s) {
    bool kept = false;
    for (int32_t k = 0; k < KEPT; k++) {
        kept |= s->best[k] == s->untuned;
        cld_trial_free(s->best[k]);
    }
    if (!kept)
        cld_trial_free(s->untuned);
}

clade_status cld_search(cld_tuned *out, cld_arena *arena, cld_workbench *bench, double seconds, clade_error *err) {
    search s = { .arena = arena, .bench = bench, .out = out, .seconds = seconds, .end = cld_tune_now() + seconds };
    cld_trial *winner;
    clade_status status = look(&s, err);
    if (status == CLADE_OK)
        status = decide(&s, &winner, err);
    if (status == CLADE_OK && !winner)
        status = cld_fail(err, CLADE_ERR_UNSUPPORTED, "no candidate for %s agrees with the reference", out->problem);
    if (status == CLADE_OK) {
        out->before = s.items[0].candidate.text;
        out->before_s = s.untuned ? s.untuned->seconds : 0;
        out->after = winner->text;
        out->after_s = winner->seconds;
        out->error = winner->error;
    }
    free_trials(&s);
    return status;
}

clade_status cld_search_weigh(cld_workbench *bench, double *seconds, clade_error *err) {
    cld_candidate candidate;
    cld_plan *plan;
    cld_trial *trial;
    cld_arena *arena = cld_arena_new();
    if (!arena)
        return cld_no_memory(err, "a node to tune");
    clade_status status = cld_candidate_plan(&candidate, &plan, arena, bench, NULL, err);
    if (status == CLADE_OK)
        status = cld_trial_new(&trial, bench, plan, candidate.text, err);
    if (status == CLADE_OK) {
        status = cld_trial_time(trial, 3, err);
        *seconds = trial->seconds;
        cld_trial_free(trial);
    }
    cld_arena_free(arena);
    return status;
}
