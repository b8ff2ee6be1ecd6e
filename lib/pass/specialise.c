/* SPDX-License-Identifier: Apache-2.0 */
/* Pass: model graph -> static graphs, for one set of input types.
 *
 * Needs: a verified model graph. Keeps: the model graph, untouched. Makes: segments in which every value has a static
 * type, everything the host can compute is a constant, and no control flow is left. Method: abstract interpretation by
 * values. The walk keeps *slots* (types, and host values where known); each node is appended to the static graph under
 * way by cld_build_node, which folds or keeps it. A node that needs an unknown value ends the segment (a cut);
 * the walk resumes at the same node when the value has been fed.
 */
#include "pass/walk.h"

/* A hostile loop ends here rather than in exhausted memory, or never: nodes made, and nodes and iterations walked. */
static const int64_t max_inlined = 1000000, max_walked = 16000000;
enum { NODES_PER_CALL = 256 }; /* of the progress callback */

/* Has the node, in this frame, given something for these inputs that still holds? Values on the host do for ever,
 * others within their segment. */
static bool recalls(const cld_walk *walk, const cld_node *node, const cld_memo *memo, cld_slot *const *in) {
    if (!memo || !memo->slots)
        return false;
    for (int32_t k = 0; k < node->n_in; k++)
        if (memo->slots[k] != in[k])
            return false;
    for (int32_t k = 0; k < node->n_out && memo->segment != walk->segment; k++)
        if (memo->slots[node->n_in + k] && !memo->slots[node->n_in + k]->value)
            return false;
    return true;
}

static bool remember(cld_walk *walk, const cld_node *node, cld_memo *memo, cld_slot *const *slots) {
    size_t bytes = ((size_t)node->n_in + (size_t)node->n_out) * sizeof *slots;
    if (!memo->slots || memo->segment != walk->segment) /* else this walk made the list, and nobody shares it */
        memo->slots = cld_arena_alloc(walk->arena, bytes);
    if (!memo->slots)
        return false;
    memcpy(memo->slots, slots, bytes);
    memo->segment = walk->segment;
    return true;
}

/* Appends the node on slots[0 ... n_in) to the static graph; what it gives stands behind them. */
static clade_status build_node(cld_walk *walk, const cld_node *node, cld_slot **slots, clade_error *err) {
    if (!cld_arena_grow(walk->arena, (void **)&walk->ids, &walk->cap_ids, node->n_in + node->n_out, sizeof *walk->ids))
        return cld_no_memory(err, node->name);
    cld_value_id *in = walk->ids, *out = walk->ids + node->n_in;
    walk->inlined++;
    for (int32_t k = 0; k < node->n_in; k++) {
        in[k] = CLD_ABSENT;
        if (cld_present(node->in[k]))
            CLD_RETURN(cld_walk_use(walk, slots[k], &in[k], err));
    }
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset, .whole = true };
    clade_status status = cld_build_node(&build, node, in, node->n_in, out, node->n_out, err);
    if (status == CLD_PENDING)
        walk->wanted = slots[build.need_value];
    if (status != CLADE_OK)
        return status;
    for (int32_t k = 0; k < node->n_out; k++) {
        slots[node->n_in + k] = NULL;
        if (!cld_present(node->out[k]))
            continue;
        const char *name = cld_graph_at(cld_walk_top(walk)->graph, node->out[k])->name;
        CLD_RETURN(cld_walk_bind(walk, out[k], name, &slots[node->n_in + k], err));
    }
    return CLADE_OK;
}

/* The top frame's next node, which is no control node: what it gives is remembered, or made. */
static clade_status step_node(cld_walk *walk, const cld_node *node, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    cld_memo *memo = frame->memo ? &frame->memo[frame->next] : NULL;
    if (!cld_arena_grow(walk->arena, (void **)&walk->slots, &walk->cap_slots, node->n_in + node->n_out,
                        sizeof *walk->slots))
        return cld_no_memory(err, node->name);
    cld_slot **slots = walk->slots;
    for (int32_t k = 0; k < node->n_in; k++) {
        slots[k] = NULL;
        if (cld_present(node->in[k]))
            CLD_RETURN(cld_walk_at(walk, frame, node->in[k], &slots[k], err));
    }
    if (recalls(walk, node, memo, slots)) {
        slots = memo->slots;
    } else {
        CLD_RETURN(build_node(walk, node, slots, err));
        if (memo && !remember(walk, node, memo, slots))
            return cld_no_memory(err, node->name);
    }
    for (int32_t k = 0; k < node->n_out; k++)
        if (cld_present(node->out[k]))
            frame->slot_of[node->out[k].i] = slots[node->n_in + k];
    return CLADE_OK;
}

/* One more node or iteration: is that within the bounds, and does the caller still want it? */
static clade_status count_node(cld_walk *walk, const cld_node *node, clade_error *err) {
    size_t most = walk->limits.host_bytes;
    if (++walk->walked > max_walked || walk->inlined > max_inlined)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': more than %lld nodes once loops are unrolled", node->type,
                        node->name, (long long)(walk->inlined > max_inlined ? max_inlined : max_walked));
    if (most && cld_arena_bytes(walk->arena) + cld_arena_bytes(walk->graph->arena) > most)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': planning up to here takes more than %zu bytes of host memory",
                        node->type, node->name, most);
    if (walk->walked % NODES_PER_CALL == 0)
        return cld_watch_ask(&walk->limits.watch, "planning", (size_t)walk->walked, 0, err);
    return CLADE_OK;
}

/* Advances until the end (CLADE_OK), a cut (CLD_PENDING) or a failure. */
static clade_status advance(cld_walk *walk, clade_error *err) {
    for (;;) {
        cld_frame *frame = cld_walk_top(walk);
        if (frame->next == frame->graph->n_nodes) {
            if (!frame->caller)
                return CLADE_OK;
            CLD_RETURN(count_node(walk, frame->caller, err));
            CLD_RETURN(cld_control_leave(walk, err));
            continue;
        }
        const cld_node *node = &frame->graph->nodes[frame->next];
        CLD_RETURN(count_node(walk, node, err));
        if (node->op && node->op->control != CLD_CONTROL_NONE) {
            CLD_RETURN(cld_control_enter(walk, node, err));
        } else {
            CLD_RETURN(step_node(walk, node, err));
            frame->next++;
        }
    }
}

/* ---- segments ---- */

/* What is not computed yet may still be there from the iteration before. */
static void mark(const cld_walk *walk, const cld_frame *frame, const cld_value_id *ids, int32_t count) {
    for (int32_t k = 0; k < count; k++)
        if (cld_present(ids[k]) && cld_graph_at(frame->graph, ids[k])->producer < frame->next &&
            frame->slot_of[ids[k].i])
            frame->slot_of[ids[k].i]->live = walk->segment;
}

/* Slots of this segment that what is left of the walk may still read: only frames that the walk has changed know any.
 */
static void mark_live(const cld_walk *walk) {
    for (int32_t f = 0; f < walk->n_frames; f++) {
        const cld_frame *frame = walk->frames[f];
        if (frame->owner != walk)
            continue;
        for (int32_t n = frame->next; n < frame->graph->n_nodes; n++)
            mark(walk, frame, frame->graph->nodes[n].in, frame->graph->nodes[n].n_in);
        mark(walk, frame, frame->graph->outputs, frame->graph->n_outputs);
        for (int32_t k = 0; k < frame->n_state; k++)
            if (frame->state[k])
                frame->state[k]->live = walk->segment;
        for (int32_t r = 0; r < frame->n_rows; r++)
            for (const cld_row *row = frame->rows[r]; row && row->segment == walk->segment; row = row->before)
                if (row->slot)
                    row->slot->live = walk->segment;
    }
    if (walk->wanted)
        walk->wanted->live = walk->segment;
}

/* Declares what the segment takes and leaves, and lists the results at the end. */
static clade_status close_segment(cld_walk *walk, cld_segment *out, bool end, clade_error *err) {
    cld_graph *graph = walk->graph;
    cld_frame *root = walk->frames[0];
    int32_t n_results = root->graph->n_outputs;
    out->graph = graph;
    out->carried_in = cld_arena_calloc(graph->arena, (size_t)graph->n_inputs + 1, sizeof(cld_slot *));
    out->results = end ? cld_arena_calloc(graph->arena, (size_t)n_results + 1, sizeof(cld_slot *)) : NULL;
    if (!out->carried_in || (end && !out->results))
        return cld_no_memory(err, "a static graph");
    mark_live(walk);
    for (int32_t v = 0; v < CLD_MIN(graph->n_values, walk->cap_bound); v++) {
        cld_slot *slot = walk->bound[v];
        if (!slot || slot->value || slot->live != walk->segment || graph->values[v].producer < 0)
            continue;
        slot->home = out;
        slot->output = graph->n_outputs;
        if (!cld_graph_output(graph, slot->id))
            return cld_no_memory(err, "a static graph");
    }
    for (int32_t k = 0; k < graph->n_inputs; k++)
        out->carried_in[k] = walk->bound[graph->inputs[k].i];
    for (int32_t k = 0; end && k < n_results; k++) {
        cld_slot *slot;
        CLD_RETURN(cld_walk_at(walk, root, root->graph->outputs[k], &slot, err));
        if (!slot)
            return cld_fail(err, CLADE_ERR_GRAPH, "output '%s' is computed by nothing",
                            cld_graph_at(root->graph, root->graph->outputs[k])->name);
        out->results[k] = slot;
    }
    return CLADE_OK;
}

clade_status cld_walk_next(cld_walk *walk, cld_segment *out, clade_error *err) {
    *out = (cld_segment){ 0 };
    walk->graph = cld_graph_new(NULL, walk->model->name);
    if (!walk->graph)
        return cld_no_memory(err, "a static graph");
    walk->graph->derived = walk->model->derived;
    walk->graph->evaluated = walk->evaluated;
    walk->graph->max_folded_bytes = walk->limits.host_bytes / 2;
    walk->segment = ++*walk->segments;
    walk->wanted = NULL;
    walk->bound = NULL;
    walk->cap_bound = 0;
    clade_status status = advance(walk, err);
    bool end = status == CLADE_OK;
    walk->evaluated = walk->graph->evaluated;
    if (status == CLD_PENDING) {
        const cld_frame *frame = cld_walk_top(walk);
        out->cut_slot = walk->wanted;
        out->cut_node = frame->next < frame->graph->n_nodes ? &frame->graph->nodes[frame->next] : frame->caller;
        status = CLADE_OK;
    }
    CLD_TRY(status);
    CLD_TRY(close_segment(walk, out, end, err));
    if (cld_arena_failed(walk->graph->arena)) /* an operator may have done without */
        CLD_TRY(cld_no_memory(err, "a static graph"));
    return CLADE_OK;
fail:
    cld_graph_free(walk->graph);
    *out = (cld_segment){ 0 };
    return status;
}
