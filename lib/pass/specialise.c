/* SPDX-License-Identifier: Apache-2.0 */
/* Pass: model graph -> static graphs, for one set of input types.
 *
 * Needs: a verified model graph. Keeps: the model graph, untouched. Makes: segments in which every value has a static
 * type, everything the host can compute is a constant, and no control flow is left. Method: abstract interpretation by
 * values. The walk keeps *slots* (types, and host values where known); each node is appended to the static graph under
 * way by cld_build_node, which folds, expands or keeps it. A node that needs an unknown value ends the segment (a cut);
 * the walk resumes at the same node when the value has been fed.
 */
#include "pass/walk.h"

#include <stdlib.h>

/* A hostile loop ends here rather than in exhausted memory. */
static const int64_t max_inlined_nodes = 1000000;

int32_t cld_walk_slot(cld_walk *walk, const cld_type *type, const clade_tensor *value, const char *name) {
    if (!cld_arena_grow(walk->arena, (void **)&walk->slots, &walk->cap_slots, walk->n_slots + 1, sizeof *walk->slots))
        return -1;
    walk->slots[walk->n_slots] = (cld_slot){ .type = *type, .value = value, .name = name };
    return walk->n_slots++;
}

clade_status cld_walk_use(cld_walk *walk, int32_t slot, cld_value_id *out, clade_error *err) {
    cld_slot *s = &walk->slots[slot];
    if (s->segment != walk->segment) {
        s->id = s->value ? cld_graph_constant(walk->graph, s->name, s->value)
                         : cld_graph_input(walk->graph, s->name, &s->type);
        if (!cld_present(s->id))
            return cld_no_memory(err, "a static graph");
        s->segment = walk->segment;
    }
    *out = s->id;
    return CLADE_OK;
}

clade_status cld_walk_bind(cld_walk *walk, cld_value_id id, const char *name, int32_t *slot, clade_error *err) {
    cld_value *value = cld_graph_at(walk->graph, id);
    if (value->producer < 0 && !value->constant) /* the node gives one of its inputs back: the same slot */
        for (*slot = 0; *slot < walk->n_slots; ++*slot)
            if (walk->slots[*slot].segment == walk->segment && walk->slots[*slot].id.i == id.i)
                return CLADE_OK;
    if (value->producer >= 0 && name)
        value->name = name;
    *slot = cld_walk_slot(walk, &value->type, value->constant, value->name);
    if (*slot < 0)
        return cld_no_memory(err, "a static graph");
    walk->slots[*slot].segment = walk->segment;
    walk->slots[*slot].id = id;
    return CLADE_OK;
}

clade_status cld_walk_value(cld_walk *walk, int32_t slot, const clade_tensor **out, clade_error *err) {
    if (slot < 0)
        return cld_fail(err, CLADE_ERR_GRAPH, "a condition is missing");
    *out = walk->slots[slot].value;
    if (*out)
        return CLADE_OK;
    walk->wanted = slot;
    return CLD_PENDING;
}

clade_status cld_walk_push(cld_walk *walk, const cld_graph *graph, const cld_node *caller, clade_error *err) {
    if (!cld_arena_grow(walk->arena, (void **)&walk->frames, &walk->cap_frames, walk->n_frames + 1,
                        sizeof *walk->frames))
        return cld_no_memory(err, "a static graph");
    int32_t *slot_of = cld_arena_calloc(walk->arena, (size_t)graph->n_values + 1, sizeof *slot_of);
    if (!slot_of)
        return cld_no_memory(err, "a static graph");
    for (int32_t k = 0; k < graph->n_values; k++) {
        const cld_value *value = &graph->values[k];
        slot_of[k] = -1;
        if (value->constant) {
            cld_type type = cld_tensor_type(value->constant);
            slot_of[k] = cld_walk_slot(walk, &type, value->constant, value->name);
            if (slot_of[k] < 0)
                return cld_no_memory(err, "a static graph");
        }
    }
    walk->frames[walk->n_frames++] = (cld_frame){ .graph = graph, .slot_of = slot_of, .caller = caller };
    return CLADE_OK;
}

/* Appends one node of the top frame to the static graph. */
static clade_status step_node(cld_walk *walk, const cld_node *node, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    cld_value_id *ids = cld_arena_calloc(walk->graph->arena, (size_t)node->n_in + (size_t)node->n_out + 1, sizeof *ids);
    if (!ids)
        return cld_no_memory(err, node->name);
    cld_value_id *out = ids + node->n_in;
    for (int32_t k = 0; k < node->n_in; k++) {
        ids[k] = CLD_ABSENT;
        if (cld_present(node->in[k]))
            CLD_RETURN(cld_walk_use(walk, frame->slot_of[node->in[k].i], &ids[k], err));
    }
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset };
    clade_status status = cld_build_node(&build, node, ids, node->n_in, out, node->n_out, err);
    if (status == CLD_PENDING)
        walk->wanted = frame->slot_of[node->in[build.need_value].i];
    if (status != CLADE_OK)
        return status;
    for (int32_t k = 0; k < node->n_out; k++) {
        if (!cld_present(node->out[k]))
            continue;
        const char *name = cld_graph_at(frame->graph, node->out[k])->name;
        CLD_RETURN(cld_walk_bind(walk, out[k], name, &frame->slot_of[node->out[k].i], err));
    }
    return CLADE_OK;
}

/* Advances until the end (CLADE_OK), a cut (CLD_PENDING) or a failure. */
static clade_status advance(cld_walk *walk, clade_error *err) {
    for (;;) {
        cld_frame *frame = cld_walk_top(walk);
        if (frame->next == frame->graph->n_nodes) {
            if (!frame->caller)
                return CLADE_OK;
            CLD_RETURN(cld_control_leave(walk, err));
            continue;
        }
        const cld_node *node = &frame->graph->nodes[frame->next];
        if (++walk->inlined > max_inlined_nodes)
            return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': more than %lld nodes once loops are unrolled", node->type,
                            node->name, (long long)max_inlined_nodes);
        if (node->op && node->op->control != CLD_CONTROL_NONE) {
            CLD_RETURN(cld_control_enter(walk, node, err));
        } else {
            CLD_RETURN(step_node(walk, node, err));
            frame->next++;
        }
    }
}

static void mark(const cld_frame *frame, const cld_value_id *ids, int32_t count, bool *live) {
    for (int32_t k = 0; k < count; k++)
        if (cld_present(ids[k]) && frame->slot_of[ids[k].i] >= 0)
            live[frame->slot_of[ids[k].i]] = true;
}

/* Slots that what is left of the walk may still read. */
static void mark_live(const cld_walk *walk, bool *live) {
    for (int32_t f = 0; f < walk->n_frames; f++) {
        const cld_frame *frame = &walk->frames[f];
        for (int32_t n = frame->next; n < frame->graph->n_nodes; n++)
            mark(frame, frame->graph->nodes[n].in, frame->graph->nodes[n].n_in, live);
        mark(frame, frame->graph->outputs, frame->graph->n_outputs, live);
        for (int32_t k = 0; k < frame->n_state; k++)
            live[frame->state[k]] = true;
        for (int32_t r = 0; r < frame->n_rows; r++)
            for (int64_t i = 0; i < frame->iteration; i++)
                live[frame->rows[r][i]] = true;
    }
    if (walk->wanted >= 0)
        live[walk->wanted] = true;
}

/* Declares what the segment takes and leaves, and lists the results at the end. */
static clade_status close_segment(cld_walk *walk, cld_segment *out, bool end, clade_error *err) {
    cld_graph *graph = walk->graph;
    clade_status status = CLADE_OK;
    const cld_frame *root = &walk->frames[0];
    int32_t n_results = root->graph->n_outputs;
    bool *live = calloc((size_t)walk->n_slots + 1, sizeof *live);
    out->graph = graph;
    out->carried_in = cld_arena_calloc(graph->arena, (size_t)graph->n_inputs + 1, sizeof(int32_t));
    out->carried_out = cld_arena_calloc(graph->arena, (size_t)walk->n_slots + 1, sizeof(int32_t));
    out->results = end ? cld_arena_calloc(graph->arena, (size_t)n_results + 1, sizeof(int32_t)) : NULL;
    out->known = end ? cld_arena_calloc(graph->arena, (size_t)n_results + 1, sizeof *out->known) : NULL;
    if (!live || !out->carried_in || !out->carried_out || (end && (!out->results || !out->known)))
        CLD_TRY(cld_no_memory(err, "a static graph"));
    mark_live(walk, live);
    for (int32_t k = 0; k < walk->n_slots; k++) {
        const cld_slot *slot = &walk->slots[k];
        if (slot->segment != walk->segment || slot->value)
            continue;
        if (cld_graph_at(graph, slot->id)->producer >= 0) {
            if (live[k]) {
                out->carried_out[graph->n_outputs] = k;
                if (!cld_graph_output(graph, slot->id))
                    CLD_TRY(cld_no_memory(err, "a static graph"));
            }
            continue;
        }
        for (int32_t i = 0; i < graph->n_inputs; i++)
            if (graph->inputs[i].i == slot->id.i)
                out->carried_in[i] = k;
    }
    for (int32_t k = 0; end && k < n_results; k++) {
        out->results[k] = root->slot_of[root->graph->outputs[k].i];
        out->known[k] = walk->slots[out->results[k]].value;
    }
fail:
    free(live);
    return status;
}

clade_status cld_walk_next(cld_walk *walk, cld_segment *out, clade_error *err) {
    *out = (cld_segment){ .cut_slot = -1 };
    walk->graph = cld_graph_new(NULL, walk->model->name);
    if (!walk->graph)
        return cld_no_memory(err, "a static graph");
    walk->segment++;
    walk->wanted = -1;
    clade_status status = advance(walk, err);
    bool end = status == CLADE_OK;
    if (status == CLD_PENDING) {
        const cld_frame *frame = cld_walk_top(walk);
        const cld_node *node = frame->next < frame->graph->n_nodes ? &frame->graph->nodes[frame->next] : frame->caller;
        out->cut_slot = walk->wanted;
        out->cut_node = node->name;
        status = CLADE_OK;
    }
    CLD_TRY(status);
    CLD_TRY(close_segment(walk, out, end, err));
    return CLADE_OK;
fail:
    cld_graph_free(walk->graph);
    *out = (cld_segment){ .cut_slot = -1 };
    return status;
}

clade_status cld_walk_new(cld_walk **out, const cld_graph *model, const cld_type *types, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_arena *arena = cld_arena_new();
    cld_walk *walk = arena ? cld_arena_alloc(arena, sizeof *walk) : NULL;
    int32_t slot = 0;
    if (!walk) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a walk");
    }
    *walk = (cld_walk){ .arena = arena, .model = model, .wanted = -1 };
    for (int32_t k = 0; k < model->n_inputs && slot >= 0; k++) {
        const char *name = cld_graph_at(model, model->inputs[k])->name;
        CLD_TRY(cld_type_check(&types[k], name, err));
        slot = cld_walk_slot(walk, &types[k], NULL, name);
    }
    if (slot < 0)
        CLD_TRY(cld_no_memory(err, "a walk"));
    CLD_TRY(cld_walk_push(walk, model, NULL, err));
    for (int32_t k = 0; k < model->n_inputs; k++)
        walk->frames[0].slot_of[model->inputs[k].i] = k;
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

/* Copies one frame's lists into the arena of the new walk. */
static bool copy_frame(cld_arena *arena, cld_frame *frame) {
    frame->slot_of = cld_arena_copy(arena, frame->slot_of, ((size_t)frame->graph->n_values + 1) * sizeof(int32_t));
    frame->state = cld_arena_copy(arena, frame->state, (size_t)frame->n_state * sizeof(int32_t));
    frame->rows = cld_arena_copy(arena, frame->rows, (size_t)frame->n_rows * sizeof *frame->rows);
    frame->cap_rows = cld_arena_copy(arena, frame->cap_rows, (size_t)frame->n_rows * sizeof(int32_t));
    if (!frame->slot_of || !frame->state || !frame->rows || !frame->cap_rows)
        return false;
    for (int32_t r = 0; r < frame->n_rows; r++) {
        frame->rows[r] = cld_arena_copy(arena, frame->rows[r], (size_t)frame->cap_rows[r] * sizeof(int32_t));
        if (!frame->rows[r])
            return false;
    }
    return true;
}

clade_status cld_walk_copy(cld_walk **out, const cld_walk *walk, clade_error *err) {
    cld_arena *arena = cld_arena_new();
    cld_walk *copy = arena ? cld_arena_copy(arena, walk, sizeof *walk) : NULL;
    bool good = copy != NULL;
    if (good) {
        copy->arena = arena;
        copy->graph = NULL;
        copy->slots = cld_arena_copy(arena, walk->slots, (size_t)walk->n_slots * sizeof *walk->slots);
        copy->frames = cld_arena_copy(arena, walk->frames, (size_t)walk->n_frames * sizeof *walk->frames);
        copy->cap_slots = walk->n_slots;
        copy->cap_frames = walk->n_frames;
        good = copy->slots && copy->frames;
    }
    for (int32_t f = 0; good && f < copy->n_frames; f++)
        good = copy_frame(arena, &copy->frames[f]);
    if (!good) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a walk");
    }
    *out = copy;
    return CLADE_OK;
}

clade_status cld_walk_feed(cld_walk *walk, const clade_tensor *value, clade_error *err) {
    cld_type type = cld_tensor_type(value);
    if (walk->wanted < 0 || !cld_type_equal(&type, &walk->slots[walk->wanted].type))
        return cld_fail(err, CLADE_ERR_INTERNAL, "a cut was fed a value it did not ask for");
    walk->slots[walk->wanted].value = value;
    return CLADE_OK;
}

const cld_type *cld_walk_type(const cld_walk *walk, int32_t slot) { return &walk->slots[slot].type; }
