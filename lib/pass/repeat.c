/* SPDX-License-Identifier: Apache-2.0 */
/* Does a loop come again? (part of the specialiser; see walk.h)
 *
 * Two walks of one line stand at the same cut, one segment apart. Where they agree in all that what follows may read,
 * but for slots that the one's segment left on the device in the place of the other's, the walk behind the second will
 * make the second's segment once more, reading its own results. So nothing new has to be planned: the segment runs
 * again, and the rows that a Loop collects are stacked on the device. A loop whose body reads the iteration's number
 * does not come again in this sense.
 */
#include "pass/walk.h"

enum { STAYS = -1, UNKNOWN = -2 }; /* of a turn */

/* Two slots that stand in the same place, one segment apart. */
typedef struct pair {
    const cld_slot *before, *after;
} pair;

typedef struct comparison {
    const cld_segment *before, *after;
    cld_repeat *out;
} comparison;

/* The same value whatever runs; or what the two segments leave. */
static bool alike(const comparison *c, pair p) {
    const cld_slot *x = p.before, *y = p.after;
    if (x == y)
        return true;
    if (!x || !y || !cld_type_equal(&x->type, &y->type))
        return false;
    if (x->value && y->value)
        return x->value->size_bytes == 0 || memcmp(x->value->data, y->value->data, x->value->size_bytes) == 0;
    return !x->value && !y->value && x->home == c->before && y->home == c->after;
}

/* Where the second segment takes the slot, it will take what stands in its place. */
static bool note_turn(const comparison *c, pair p) {
    for (int32_t k = 0; k < c->after->graph->n_inputs; k++) {
        if (c->after->carried_in[k] != p.before)
            continue;
        int32_t turn = p.after == p.before ? STAYS : p.after->home == c->after ? p.after->output : UNKNOWN;
        if (turn == UNKNOWN || (c->out->turn[k] != UNKNOWN && c->out->turn[k] != turn))
            return false;
        c->out->turn[k] = turn;
    }
    return true;
}

static bool check(const comparison *c, const cld_slot *before, const cld_slot *after) {
    pair p = { before, after };
    return alike(c, p) && note_turn(c, p);
}

/* The values among `ids` that are computed already; constants of the graph are alike. */
static bool check_values(const comparison *c, const cld_frame *before, const cld_frame *after, const cld_value_id *ids,
                         int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        const cld_value *value = cld_present(ids[k]) ? cld_graph_at(before->graph, ids[k]) : NULL;
        if (value && !value->constant && value->producer < before->next &&
            !check(c, before->slot_of[ids[k].i], after->slot_of[ids[k].i]))
            return false;
    }
    return true;
}

/* One row more of each scan output than before, and the next of each is among what the segment leaves. */
static bool check_rows(const comparison *c, const cld_frame *before, const cld_frame *after) {
    int32_t first = after->graph->n_outputs - after->n_rows;
    for (int32_t r = 0; r < after->n_rows; r++) {
        if (after->rows[r] == before->rows[r] && after->iteration == before->iteration)
            continue;
        const cld_slot *next = after->slot_of[after->graph->outputs[first + r].i];
        if (after->next < after->graph->n_nodes || !after->rows[r] || after->rows[r]->before != before->rows[r] ||
            !next || next->home != c->after || c->out->n_rows == c->out->max_rows)
            return false;
        c->out->row[c->out->n_rows++] = next->output;
    }
    return true;
}

/* The carried state need not be compared: the body's outputs take its place before anything reads it again. */
static bool check_frame(const comparison *c, const cld_frame *before, const cld_frame *after) {
    const cld_graph *graph = before->graph;
    if (after->graph != graph || after->next != before->next || after->caller != before->caller ||
        after->limit != before->limit || (after->iteration != before->iteration && after->counts) ||
        !check_rows(c, before, after))
        return false;
    for (int32_t n = before->next; n < graph->n_nodes; n++)
        if (!check_values(c, before, after, graph->nodes[n].in, graph->nodes[n].n_in))
            return false;
    return check_values(c, before, after, graph->outputs, graph->n_outputs);
}

/* How often a frame that went on by some iterations in one segment may do so again before it meets its limit. */
static int64_t turns_left(const cld_frame *before, const cld_frame *after) {
    int64_t step = after->iteration - before->iteration;
    return step > 0 && after->limit != INT64_MAX ? (after->limit - 1 - after->iteration) / step : INT64_MAX;
}

bool cld_walk_repeats(const cld_walk *before, const cld_segment *a, const cld_walk *after, const cld_segment *b,
                      cld_repeat *out) {
    const comparison c = { a, b, out };
    out->most = INT64_MAX;
    out->n_rows = 0;
    for (int32_t k = 0; k < b->graph->n_inputs; k++)
        out->turn[k] = UNKNOWN;
    if (before->n_frames != after->n_frames || a->cut_node != b->cut_node || !check(&c, before->wanted, after->wanted))
        return false;
    for (int32_t f = 0; f < after->n_frames; f++) {
        if (!check_frame(&c, before->frames[f], after->frames[f]))
            return false;
        out->most = CLD_MIN(out->most, turns_left(before->frames[f], after->frames[f]));
    }
    for (int32_t k = 0; k < b->graph->n_inputs; k++)
        if (out->turn[k] == UNKNOWN)
            return false;
    return out->most > 0;
}

/* The rows of the turns as one slot behind those the walk has. */
static clade_status stack_turns(cld_walk *walk, cld_frame *frame, const cld_segment *b, int64_t turns, int32_t *stack,
                                clade_error *err) {
    int32_t first = frame->graph->n_outputs - frame->n_rows;
    for (int32_t r = 0; r < frame->n_rows; r++) {
        cld_type type = frame->slot_of[frame->graph->outputs[first + r].i]->type;
        if (type.rank == CLADE_MAX_RANK)
            return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s': scan output %d has too many dimensions",
                            frame->caller->type, frame->caller->name, (int)r);
        memmove(&type.dims[1], &type.dims[0], (size_t)type.rank++ * sizeof type.dims[0]);
        type.dims[0] = turns;
        CLD_RETURN(cld_type_check(&type, frame->caller->name, err));
        cld_slot *slot = cld_walk_slot(walk, &type, NULL, NULL);
        cld_row *row = cld_arena_alloc(walk->arena, sizeof *row);
        if (!slot || !row)
            return cld_no_memory(err, frame->caller->name);
        slot->home = b;
        slot->output = b->graph->n_outputs + (*stack)++;
        *row = (cld_row){ .before = frame->rows[r], .slot = slot, .stacked = true };
        frame->rows[r] = row;
    }
    return CLADE_OK;
}

clade_status cld_walk_skip(cld_walk *walk, const cld_walk *before, const cld_segment *b, int64_t turns,
                           clade_error *err) {
    int32_t stack = 0;
    for (int32_t f = 0; f < walk->n_frames && turns > 0; f++) {
        int64_t step = walk->frames[f]->iteration - before->frames[f]->iteration;
        if (step == 0)
            continue;
        CLD_RETURN(cld_walk_own(walk, f, err));
        walk->frames[f]->iteration += turns * step;
        CLD_RETURN(stack_turns(walk, walk->frames[f], b, turns, &stack, err));
    }
    return CLADE_OK;
}
