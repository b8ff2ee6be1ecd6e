/* SPDX-License-Identifier: Apache-2.0 */
/* If, Loop and Scan, inlined while walking (part of the specialiser).
 *
 * A control node opens a frame on its sub-graph; when the frame's nodes are done, the next iteration opens or the
 * node's outputs are bound. Conditions and trip counts must be known: an unknown one is a cut like any other. The frame
 * below keeps pointing at the control node until it is finished, so a cut inside may resume.
 */
#include "pass/walk.h"

static const cld_graph *subgraph(const cld_node *node, const char *name) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_GRAPH);
    return attr ? attr->u.graph : NULL;
}

static int32_t slot_in(const cld_frame *frame, const cld_node *node, int32_t k) {
    return k < node->n_in && cld_present(node->in[k]) ? frame->slot_of[node->in[k].i] : -1;
}

/* Binds inputs [from, ...) of the top frame's graph to inputs [first, ...) of the node, seen from the frame below. */
static void bind_captures(cld_walk *walk, const cld_node *node, int32_t first) {
    const cld_frame *below = &walk->frames[walk->n_frames - 2];
    cld_frame *frame = cld_walk_top(walk);
    for (int32_t k = frame->graph->n_formal; k < frame->graph->n_inputs; k++)
        frame->slot_of[frame->graph->inputs[k].i] = slot_in(below, node, first + k - frame->graph->n_formal);
}

static clade_status need_graph(const cld_node *node, const cld_graph *graph, clade_error *err) {
    if (graph)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': its sub-graph is missing", node->type, node->name);
}

/* The frame below moves on; `slots` become the node's outputs. */
static void finish(cld_walk *walk, const cld_node *node, const int32_t *slots) {
    cld_frame *frame = cld_walk_top(walk);
    for (int32_t k = 0; k < node->n_out; k++)
        if (cld_present(node->out[k]))
            frame->slot_of[node->out[k].i] = slots[k];
    frame->next++;
}

/* ---- If ---- */

static clade_status enter_if(cld_walk *walk, const cld_node *node, clade_error *err) {
    const cld_graph *then_branch = subgraph(node, "then_branch"), *else_branch = subgraph(node, "else_branch");
    const clade_tensor *cond;
    CLD_RETURN(need_graph(node, then_branch, err));
    CLD_RETURN(need_graph(node, else_branch, err));
    CLD_RETURN(cld_walk_value(walk, slot_in(cld_walk_top(walk), node, 0), &cond, err));
    if (clade_tensor_count(cond) != 1)
        return cld_fail(err, CLADE_ERR_SHAPE, "If '%s': the condition must be one element", node->name);
    bool taken = cld_tensor_get_int(cond, 0) != 0;
    const cld_graph *branch = taken ? then_branch : else_branch;
    if (branch->n_outputs != node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "If '%s': a branch gives %d outputs, the node has %d", node->name,
                        (int)branch->n_outputs, (int)node->n_out);
    CLD_RETURN(cld_walk_push(walk, branch, node, err));
    bind_captures(walk, node, taken ? 1 : 1 + then_branch->n_inputs - then_branch->n_formal);
    return CLADE_OK;
}

static clade_status leave_if(cld_walk *walk, clade_error *err) {
    const cld_frame *frame = cld_walk_top(walk);
    const cld_node *node = frame->caller;
    int32_t *slots = cld_arena_calloc(walk->arena, (size_t)node->n_out, sizeof *slots);
    if (!slots)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < node->n_out; k++)
        slots[k] = frame->slot_of[frame->graph->outputs[k].i];
    walk->n_frames--;
    finish(walk, node, slots);
    return CLADE_OK;
}

/* ---- what Loop and Scan share: carried state, stacked rows ---- */

/* Appends the top frame's outputs [first, first + n_rows) to the rows. */
static clade_status collect_rows(cld_walk *walk, int32_t first, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    for (int32_t r = 0; r < frame->n_rows; r++) {
        if (!cld_arena_grow(walk->arena, (void **)&frame->rows[r], &frame->cap_rows[r], (int32_t)frame->iteration + 1,
                            sizeof(int32_t)))
            return cld_no_memory(err, "a loop");
        frame->rows[r][frame->iteration] = frame->slot_of[frame->graph->outputs[first + r].i];
    }
    return CLADE_OK;
}

/* One scan output: its rows with a new axis, joined along it. */
static clade_status stack_rows(cld_walk *walk, const cld_frame *frame, int32_t r, int64_t axis, bool reverse,
                               int32_t *slot, clade_error *err) {
    const cld_node *node = frame->caller;
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset };
    cld_value_id joined;
    if (frame->iteration ==
        0) { /* nothing ran: an empty tensor of the declared type; of one axis if only that is known */
        int32_t first =
            frame->n_state + (node->op->control == CLD_CONTROL_LOOP); /* a Loop's body gives its condition first */
        cld_type type = cld_graph_at(frame->graph, frame->graph->outputs[first + r])->type;
        int32_t at = (int32_t)(axis < 0 ? axis + type.rank + 1 : axis);
        type.rank = CLD_MAX(type.rank, 0);
        at = CLD_MIN(CLD_MAX(at, 0), type.rank);
        if (type.dtype == CLADE_NONE || type.rank >= CLADE_MAX_RANK)
            return cld_fail(err, CLADE_ERR_UNSUPPORTED,
                            "%s '%s': runs no iteration and scan output %d declares no type", node->type, node->name,
                            (int)r);
        for (int32_t d = type.rank++; d > at; d--)
            type.dims[d] = type.dims[d - 1];
        type.dims[at] = 0;
        for (int32_t d = 0; d < type.rank; d++)
            type.dims[d] = CLD_MAX(type.dims[d], 0);
        CLD_RETURN(cld_type_check(&type, node->name, err));
        clade_tensor *empty = cld_tensor_new(walk->graph->arena, &type);
        joined = empty ? cld_graph_constant(walk->graph, NULL, empty) : CLD_ABSENT;
        if (!cld_present(joined))
            return cld_no_memory(err, node->name);
        return cld_walk_bind(walk, joined, NULL, slot, err);
    }
    cld_value_id *ids = cld_arena_calloc(walk->graph->arena, (size_t)frame->iteration, sizeof *ids), axes;
    if (!ids)
        return cld_no_memory(err, node->name);
    CLD_RETURN(cld_build_ints(&build, &axis, 1, &axes, err));
    for (int64_t i = 0; i < frame->iteration; i++) {
        cld_value_id pair[2] = { CLD_ABSENT, axes };
        CLD_RETURN(cld_walk_use(walk, frame->rows[r][reverse ? frame->iteration - 1 - i : i], &pair[0], err));
        CLD_RETURN(cld_build_op(&build, "Unsqueeze", pair, 2, NULL, 0, &ids[i], err));
    }
    cld_attr attr = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = axis };
    CLD_RETURN(cld_build_op(&build, "Concat", ids, (int32_t)frame->iteration, &attr, 1, &joined, err));
    return cld_walk_bind(walk, joined, NULL, slot, err);
}

/* Entry `k` of an optional list attribute. */
static int64_t list_at(const cld_node *node, const char *name, int32_t k) {
    int32_t count;
    const int64_t *list = cld_attr_ints(node, name, &count);
    return k < count ? list[k] : 0;
}

/* Closes a Loop or Scan: final states, then stacked rows. */
static clade_status close_loop(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    const cld_node *node = frame->caller;
    int32_t *slots = cld_arena_calloc(walk->arena, (size_t)node->n_out + 1, sizeof *slots);
    if (!slots)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < frame->n_state; k++)
        slots[k] = frame->state[k];
    for (int32_t r = 0; r < frame->n_rows; r++) {
        int64_t axis = list_at(node, "scan_output_axes", r);
        bool reverse = list_at(node, "scan_output_directions", r) == 1;
        if (cld_present(node->out[frame->n_state + r]))
            CLD_RETURN(stack_rows(walk, frame, r, axis, reverse, &slots[frame->n_state + r], err));
    }
    walk->n_frames--;
    finish(walk, node, slots);
    return CLADE_OK;
}

/* Opens a frame on `body` whose carried state starts with node inputs [first_state, ...). */
static clade_status open_loop(cld_walk *walk, const cld_node *node, const cld_graph *body, int32_t first_state,
                              int32_t n_state, int32_t first_capture, clade_error *err) {
    CLD_RETURN(cld_walk_push(walk, body, node, err));
    const cld_frame *below = &walk->frames[walk->n_frames - 2];
    cld_frame *frame = cld_walk_top(walk);
    frame->n_state = n_state;
    frame->n_rows = node->n_out - n_state;
    frame->state = cld_arena_calloc(walk->arena, (size_t)n_state + 1, sizeof(int32_t));
    frame->rows = cld_arena_calloc(walk->arena, (size_t)frame->n_rows + 1, sizeof *frame->rows);
    frame->cap_rows = cld_arena_calloc(walk->arena, (size_t)frame->n_rows + 1, sizeof(int32_t));
    if (!frame->state || !frame->rows || !frame->cap_rows)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < n_state; k++) {
        frame->state[k] = slot_in(below, node, first_state + k);
        if (frame->state[k] < 0)
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': state %d has no initial value", node->type, node->name,
                            (int)k);
    }
    bind_captures(walk, node, first_capture);
    return CLADE_OK;
}

/* ---- Loop ---- */

/* Binds the body's formal inputs for the iteration that begins, or closes the loop. */
static clade_status begin_loop(cld_walk *walk, bool go, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    if (!go || frame->iteration >= frame->limit) {
        frame->next = frame->graph->n_nodes;
        return close_loop(walk, err);
    }
    cld_type counter = { .dtype = CLADE_INT64 }, flag = { .dtype = CLADE_BOOL };
    clade_tensor *i = cld_tensor_new(walk->arena, &counter), *yes = cld_tensor_new(walk->arena, &flag);
    if (!i || !yes)
        return cld_no_memory(err, frame->caller->name);
    cld_tensor_set_int(i, 0, frame->iteration);
    cld_tensor_set_int(yes, 0, 1);
    const cld_value_id *in = frame->graph->inputs;
    frame->slot_of[in[0].i] = cld_walk_slot(walk, &counter, i, NULL);
    frame->slot_of[in[1].i] = cld_walk_slot(walk, &flag, yes, NULL);
    if (frame->slot_of[in[0].i] < 0 || frame->slot_of[in[1].i] < 0)
        return cld_no_memory(err, frame->caller->name);
    for (int32_t k = 0; k < frame->n_state; k++)
        frame->slot_of[in[2 + k].i] = frame->state[k];
    frame->next = 0;
    return CLADE_OK;
}

static clade_status enter_loop(cld_walk *walk, const cld_node *node, clade_error *err) {
    const cld_graph *body = subgraph(node, "body");
    CLD_RETURN(need_graph(node, body, err));
    const cld_frame *frame = cld_walk_top(walk);
    const clade_tensor *count = NULL, *cond = NULL;
    int32_t n_state = body->n_formal - 2;
    if (n_state < 0 || node->n_in < 2 + n_state || node->n_out < n_state || body->n_outputs != 1 + node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "Loop '%s': the body has %d inputs and %d outputs, the node %d and %d",
                        node->name, (int)body->n_formal, (int)body->n_outputs, (int)node->n_in, (int)node->n_out);
    int32_t count_slot = slot_in(frame, node, 0), cond_slot = slot_in(frame, node, 1);
    if (count_slot >= 0)
        CLD_RETURN(cld_walk_value(walk, count_slot, &count, err));
    if (cond_slot >= 0)
        CLD_RETURN(cld_walk_value(walk, cond_slot, &cond, err));
    if ((count && clade_tensor_count(count) != 1) || (cond && clade_tensor_count(cond) != 1))
        return cld_fail(err, CLADE_ERR_SHAPE, "Loop '%s': trip count and condition must be one element each",
                        node->name);
    CLD_RETURN(open_loop(walk, node, body, 2, n_state, 2 + n_state, err));
    cld_walk_top(walk)->limit = count ? cld_tensor_get_int(count, 0) : INT64_MAX;
    return begin_loop(walk, !cond || cld_tensor_get_int(cond, 0) != 0, err);
}

static clade_status leave_loop(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    const cld_value_id *out = frame->graph->outputs;
    const clade_tensor *cond;
    CLD_RETURN(cld_walk_value(walk, frame->slot_of[out[0].i], &cond, err));
    if (clade_tensor_count(cond) != 1)
        return cld_fail(err, CLADE_ERR_SHAPE, "Loop '%s': the condition must be one element", frame->caller->name);
    CLD_RETURN(collect_rows(walk, 1 + frame->n_state, err));
    for (int32_t k = 0; k < frame->n_state; k++)
        frame->state[k] = frame->slot_of[out[1 + k].i];
    frame->iteration++;
    return begin_loop(walk, cld_tensor_get_int(cond, 0) != 0, err);
}

/* ---- Scan ---- */

/* Binds state and the slices of the iteration that begins, or closes the scan. */
static clade_status begin_scan(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    const cld_frame *below = &walk->frames[walk->n_frames - 2];
    const cld_node *node = frame->caller;
    if (frame->iteration >= frame->limit) {
        frame->next = frame->graph->n_nodes;
        return close_loop(walk, err);
    }
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset };
    for (int32_t k = 0; k < frame->graph->n_formal; k++) {
        int32_t *slot = &frame->slot_of[frame->graph->inputs[k].i];
        if (k < frame->n_state) {
            *slot = frame->state[k];
            continue;
        }
        bool reverse = list_at(node, "scan_input_directions", k - frame->n_state) == 1;
        cld_attr axis = { .name = "axis",
                          .kind = CLD_ATTR_INT,
                          .u.i = list_at(node, "scan_input_axes", k - frame->n_state) };
        cld_value_id pair[2], slice;
        CLD_RETURN(cld_walk_use(walk, slot_in(below, node, k), &pair[0], err));
        CLD_RETURN(cld_build_scalar(&build, CLADE_INT64,
                                    (double)(reverse ? frame->limit - 1 - frame->iteration : frame->iteration),
                                    &pair[1], err));
        CLD_RETURN(cld_build_op(&build, "Gather", pair, 2, &axis, 1, &slice, err));
        CLD_RETURN(cld_walk_bind(walk, slice, NULL, slot, err));
    }
    frame->next = 0;
    return CLADE_OK;
}

static clade_status enter_scan(cld_walk *walk, const cld_node *node, clade_error *err) {
    const cld_graph *body = subgraph(node, "body");
    CLD_RETURN(need_graph(node, body, err));
    const cld_frame *frame = cld_walk_top(walk);
    int64_t n_scan = cld_attr_int(node, "num_scan_inputs", 0);
    int64_t n_state = body->n_formal - n_scan;
    if (n_scan < 1 || n_state < 0 || node->n_in < body->n_formal || node->n_out < n_state ||
        body->n_outputs != node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "Scan '%s': the body has %d inputs and %d outputs, the node %d and %d",
                        node->name, (int)body->n_formal, (int)body->n_outputs, (int)node->n_in, (int)node->n_out);
    int64_t length = -1;
    for (int64_t k = 0; k < n_scan; k++) {
        int32_t slot = slot_in(frame, node, (int32_t)(n_state + k));
        int64_t axis = list_at(node, "scan_input_axes", (int32_t)k);
        const cld_type *type = slot >= 0 ? &walk->slots[slot].type : NULL;
        if (type && axis < 0)
            axis += type->rank;
        if (!type || axis < 0 || axis >= type->rank || (length >= 0 && type->dims[axis] != length))
            return cld_fail(err, CLADE_ERR_SHAPE,
                            "Scan '%s': scan input %d has another length than those before it, or no such axis",
                            node->name, (int)k);
        length = type->dims[axis];
    }
    CLD_RETURN(open_loop(walk, node, body, 0, (int32_t)n_state, body->n_formal, err));
    cld_walk_top(walk)->limit = length;
    return begin_scan(walk, err);
}

static clade_status leave_scan(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    CLD_RETURN(collect_rows(walk, frame->n_state, err));
    for (int32_t k = 0; k < frame->n_state; k++)
        frame->state[k] = frame->slot_of[frame->graph->outputs[k].i];
    frame->iteration++;
    return begin_scan(walk, err);
}

/* ---- table ---- */

static const struct {
    clade_status (*enter)(cld_walk *walk, const cld_node *node, clade_error *err);
    clade_status (*leave)(cld_walk *walk, clade_error *err);
} controls[] = {
    [CLD_CONTROL_IF] = { enter_if, leave_if },
    [CLD_CONTROL_LOOP] = { enter_loop, leave_loop },
    [CLD_CONTROL_SCAN] = { enter_scan, leave_scan },
};

clade_status cld_control_enter(cld_walk *walk, const cld_node *node, clade_error *err) {
    return controls[node->op->control].enter(walk, node, err);
}

clade_status cld_control_leave(cld_walk *walk, clade_error *err) {
    return controls[cld_walk_top(walk)->caller->op->control].leave(walk, err);
}
