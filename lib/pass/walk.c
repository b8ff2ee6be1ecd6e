/* SPDX-License-Identifier: Apache-2.0 */
/* What a walk is made of: slots, frames, and copies that share them (part of the specialiser; see walk.h). */
#include "pass/walk.h"

/* ---- slots ---- */

cld_slot *cld_walk_slot(cld_walk *walk, const cld_type *type, const clade_tensor *value, const char *name) {
    cld_slot *slot = cld_arena_alloc(walk->arena, sizeof *slot);
    if (slot)
        *slot = (cld_slot){ .type = *type, .value = value, .name = name, .input = -1 };
    return slot;
}

/* Notes that `slot` is value `id` of the graph under way. */
static bool note(cld_walk *walk, cld_slot *slot, cld_value_id id) {
    if (!cld_present(id) ||
        !cld_arena_grow(walk->graph->arena, (void **)&walk->bound, &walk->cap_bound, id.i + 1, sizeof(cld_slot *)))
        return false;
    walk->bound[id.i] = slot;
    slot->segment = walk->segment;
    slot->id = id;
    return true;
}

clade_status cld_walk_use(cld_walk *walk, cld_slot *slot, cld_value_id *out, clade_error *err) {
    if (!slot)
        return cld_fail(err, CLADE_ERR_GRAPH, "a node reads a value that nothing has computed");
    if (slot->segment != walk->segment) {
        cld_value_id id = slot->value   ? cld_graph_constant(walk->graph, slot->name, slot->value)
                          : slot->state ? cld_graph_state(walk->graph, slot->name, slot->state, slot->initial)
                                        : cld_graph_input(walk->graph, slot->name, &slot->type);
        if (!note(walk, slot, id))
            return cld_no_memory(err, "a static graph");
    }
    *out = slot->id;
    return CLADE_OK;
}

clade_status cld_walk_bind(cld_walk *walk, cld_value_id id, const char *name, cld_slot **slot, clade_error *err) {
    if (id.i < walk->cap_bound && walk->bound[id.i]) { /* the node gives back one of its inputs, say */
        *slot = walk->bound[id.i];
        return CLADE_OK;
    }
    cld_value *value = cld_graph_at(walk->graph, id);
    if (value->producer >= 0 && name)
        value->name = name;
    *slot = cld_walk_slot(walk, &value->type, value->constant, value->name);
    return *slot && note(walk, *slot, id) ? CLADE_OK : cld_no_memory(err, "a static graph");
}

clade_status cld_walk_value(cld_walk *walk, cld_slot *slot, const clade_tensor **out, clade_error *err) {
    if (!slot)
        return cld_fail(err, CLADE_ERR_GRAPH, "a condition is missing");
    *out = slot->value;
    if (*out)
        return CLADE_OK;
    walk->wanted = slot;
    return CLD_PENDING;
}

clade_status cld_walk_at(cld_walk *walk, cld_frame *frame, cld_value_id id, cld_slot **out, clade_error *err) {
    const cld_value *value = cld_graph_at(frame->graph, id);
    *out = frame->slot_of[id.i];
    if (*out || !(value->constant || value->state))
        return CLADE_OK;
    cld_type type = cld_tensor_type(value->state ? value->initial : value->constant);
    *out = cld_walk_slot(walk, &type, value->constant, value->name);
    if (!*out)
        return cld_no_memory(err, "a static graph");
    (*out)->state = value->state;
    (*out)->initial = value->initial;
    if (frame->owner == walk) /* others share it: they find no slot of ours there */
        frame->slot_of[id.i] = *out;
    return CLADE_OK;
}

/* ---- frames ---- */

/* A copy of `frame` that the walk may change; NULL: no memory. */
static cld_frame *copy_frame(cld_walk *walk, const cld_frame *frame) {
    cld_arena *arena = walk->arena;
    cld_frame *copy = cld_arena_copy(arena, frame, sizeof *frame);
    size_t n_memo = frame->memo ? (size_t)frame->graph->n_nodes : 0;
    if (!copy)
        return NULL;
    copy->owner = walk;
    copy->slot_of = cld_arena_copy(arena, frame->slot_of, (size_t)frame->graph->n_values * sizeof(cld_slot *));
    copy->state = cld_arena_copy(arena, frame->state, (size_t)frame->n_state * sizeof(cld_slot *));
    copy->rows = cld_arena_copy(arena, frame->rows, (size_t)frame->n_rows * sizeof(cld_row *));
    if (frame->memo)
        copy->memo = cld_arena_copy(arena, frame->memo, n_memo * sizeof *frame->memo);
    return copy->slot_of && copy->state && copy->rows && (copy->memo || !frame->memo) ? copy : NULL;
}

clade_status cld_walk_own(cld_walk *walk, int32_t f, clade_error *err) {
    if (walk->frames[f]->owner != walk)
        walk->frames[f] = copy_frame(walk, walk->frames[f]);
    return walk->frames[f] ? CLADE_OK : cld_no_memory(err, "a walk");
}

/* Where the frame below keeps what it knows of its control node; NULL: it runs but once. */
static cld_memo *memo_below(const cld_walk *walk, const cld_node *caller) {
    cld_frame *below = walk->n_frames > 0 ? cld_walk_top(walk) : NULL;
    return below && below->memo ? &below->memo[caller - below->graph->nodes] : NULL;
}

static cld_frame *new_frame(cld_walk *walk, const cld_graph *graph, bool again) {
    cld_frame *frame = cld_arena_alloc(walk->arena, sizeof *frame);
    if (!frame)
        return NULL;
    *frame = (cld_frame){ .owner = walk, .graph = graph };
    frame->slot_of = cld_arena_calloc(walk->arena, (size_t)graph->n_values, sizeof(cld_slot *));
    if (again)
        frame->memo = cld_arena_calloc(walk->arena, (size_t)graph->n_nodes, sizeof *frame->memo);
    return frame->slot_of && (frame->memo || !again) ? frame : NULL;
}

clade_status cld_walk_push(cld_walk *walk, const cld_graph *graph, const cld_node *caller, clade_error *err) {
    cld_memo *memo = memo_below(walk, caller);
    cld_frame *kept = memo && memo->frame && memo->frame->graph == graph ? memo->frame : NULL;
    bool again = memo || (caller && caller->op->control != CLD_CONTROL_IF);
    if (!cld_arena_grow(walk->arena, (void **)&walk->frames, &walk->cap_frames, walk->n_frames + 1,
                        sizeof(cld_frame *)))
        return cld_no_memory(err, "a static graph");
    cld_frame *frame = !kept ? new_frame(walk, graph, again) : kept->owner == walk ? kept : copy_frame(walk, kept);
    if (!frame)
        return cld_no_memory(err, "a static graph");
    *frame =
        (cld_frame){ .owner = walk, .graph = graph, .slot_of = frame->slot_of, .memo = frame->memo, .caller = caller };
    if (memo)
        memo->frame = frame;
    walk->frames[walk->n_frames++] = frame;
    return CLADE_OK;
}

clade_status cld_walk_pop(cld_walk *walk, clade_error *err) {
    walk->n_frames--;
    return cld_walk_own(walk, walk->n_frames - 1, err);
}

/* ---- walks ---- */

clade_status cld_walk_new(cld_walk **out, const cld_graph *model, const cld_type *types, const cld_walk_limits *limits,
                          clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *arena = cld_arena_new();
    cld_walk *walk = arena ? cld_arena_alloc(arena, sizeof *walk) : NULL;
    uint64_t *segments = walk ? cld_arena_calloc(arena, 1, sizeof *segments) : NULL;
    if (!segments) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a walk");
    }
    *walk = (cld_walk){ .arena = arena, .model = model, .segments = segments };
    if (limits)
        walk->limits = *limits;
    CLD_TRY(cld_walk_push(walk, model, NULL, err));
    for (int32_t k = 0; k < model->n_inputs; k++) {
        const cld_value *value = cld_graph_at(model, model->inputs[k]);
        if (value->is_default && types[k].dtype == CLADE_NONE) /* not set: a constant like any other */
            continue;
        CLD_TRY(cld_type_check(&types[k], value->name, err));
        cld_slot *slot = cld_walk_slot(walk, &types[k], NULL, value->name);
        if (!slot)
            CLD_TRY(cld_no_memory(err, "a walk"));
        slot->input = k;
        cld_walk_top(walk)->slot_of[model->inputs[k].i] = slot;
    }
    *out = walk;
    return CLADE_OK;
fail:
    cld_walk_free(walk);
    return status;
}

void cld_walk_free(cld_walk *walk) {
    if (walk)
        cld_arena_free(walk->arena);
}

size_t cld_walk_bytes(const cld_walk *walk) { return cld_arena_bytes(walk->arena); }

clade_status cld_walk_copy(cld_walk **out, const cld_walk *walk, const cld_walk_limits *limits, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *arena = cld_arena_new();
    cld_walk *copy = arena ? cld_arena_copy(arena, walk, sizeof *walk) : NULL;
    if (copy)
        copy->frames = cld_arena_copy(arena, walk->frames, (size_t)walk->n_frames * sizeof(cld_frame *));
    if (!copy || !copy->frames)
        CLD_TRY(cld_no_memory(err, "a walk"));
    copy->arena = arena;
    copy->graph = NULL;
    copy->limits = limits ? *limits : (cld_walk_limits){ 0 };
    copy->cap_frames = walk->n_frames;
    copy->cap_slots = copy->cap_ids = 0;
    CLD_TRY(cld_walk_own(copy, copy->n_frames - 1, err));
    *out = copy;
    return CLADE_OK;
fail:
    cld_arena_free(arena);
    return status;
}

/* What is read is known from here on, so the frames hold it in the place of what was asked for. */
clade_status cld_walk_feed(cld_walk *walk, const clade_tensor *value, clade_error *err) {
    cld_slot *asked = walk->wanted;
    cld_type type = cld_tensor_type(value);
    if (!asked || !cld_type_equal(&type, &asked->type))
        return cld_fail(err, CLADE_ERR_INTERNAL, "a cut was fed a value it did not ask for");
    cld_slot *known = cld_walk_slot(walk, &type, value, asked->name);
    if (!known)
        return cld_no_memory(err, "a walk");
    for (int32_t f = 0; f < walk->n_frames; f++)
        for (int32_t v = 0; v < walk->frames[f]->graph->n_values; v++)
            if (walk->frames[f]->slot_of[v] == asked) {
                CLD_RETURN(cld_walk_own(walk, f, err));
                walk->frames[f]->slot_of[v] = known;
            }
    for (int32_t f = 0; f < walk->n_frames; f++)
        for (int32_t k = 0; k < walk->frames[f]->n_state; k++)
            if (walk->frames[f]->state[k] == asked) {
                CLD_RETURN(cld_walk_own(walk, f, err));
                walk->frames[f]->state[k] = known;
            }
    walk->wanted = NULL;
    return CLADE_OK;
}
