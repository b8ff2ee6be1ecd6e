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

/* Input `k` of a node of the frame; *out NULL: not given. */
static clade_status slot_in(cld_walk *walk, cld_frame *frame, const cld_node *node, int32_t k, cld_slot **out,
                            clade_error *err) {
    *out = NULL;
    return k < node->n_in && cld_present(node->in[k]) ? cld_walk_at(walk, frame, node->in[k], out, err) : CLADE_OK;
}

static clade_status slot_out(cld_walk *walk, cld_frame *frame, int32_t k, cld_slot **out, clade_error *err) {
    return cld_walk_at(walk, frame, frame->graph->outputs[k], out, err);
}

/* Binds inputs [from, ...) of the top frame's graph to inputs [first, ...) of the node, seen from the frame below. */
static clade_status bind_captures(cld_walk *walk, const cld_node *node, int32_t first, clade_error *err) {
    cld_frame *below = walk->frames[walk->n_frames - 2], *frame = cld_walk_top(walk);
    for (int32_t k = frame->graph->n_formal; k < frame->graph->n_inputs; k++)
        CLD_RETURN(slot_in(walk, below, node, first + k - frame->graph->n_formal,
                           &frame->slot_of[frame->graph->inputs[k].i], err));
    return CLADE_OK;
}

static clade_status need_graph(const cld_node *node, const cld_graph *graph, clade_error *err) {
    if (graph)
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': its sub-graph is missing", node->type, node->name);
}

/* The top frame closes and the one below moves on; `slots` become the node's outputs. */
static clade_status finish(cld_walk *walk, const cld_node *node, cld_slot *const *slots, clade_error *err) {
    CLD_RETURN(cld_walk_pop(walk, err));
    cld_frame *frame = cld_walk_top(walk);
    for (int32_t k = 0; k < node->n_out; k++)
        if (cld_present(node->out[k]))
            frame->slot_of[node->out[k].i] = slots[k];
    frame->next++;
    return CLADE_OK;
}

/* ---- If ---- */

static clade_status enter_if(cld_walk *walk, const cld_node *node, clade_error *err) {
    const cld_graph *then_branch = subgraph(node, "then_branch"), *else_branch = subgraph(node, "else_branch");
    const clade_tensor *cond;
    cld_slot *slot;
    CLD_RETURN(need_graph(node, then_branch, err));
    CLD_RETURN(need_graph(node, else_branch, err));
    CLD_RETURN(slot_in(walk, cld_walk_top(walk), node, 0, &slot, err));
    CLD_RETURN(cld_walk_value(walk, slot, &cond, err));
    if (clade_tensor_count(cond) != 1)
        return cld_fail(err, CLADE_ERR_SHAPE, "If '%s': the condition must be one element", node->name);
    bool taken = cld_tensor_get_int(cond, 0) != 0;
    const cld_graph *branch = taken ? then_branch : else_branch;
    if (branch->n_outputs != node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "If '%s': a branch gives %d outputs, the node has %d", node->name,
                        (int)branch->n_outputs, (int)node->n_out);
    CLD_RETURN(cld_walk_push(walk, branch, node, err));
    return bind_captures(walk, node, taken ? 1 : 1 + then_branch->n_inputs - then_branch->n_formal, err);
}

static clade_status leave_if(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    const cld_node *node = frame->caller;
    cld_slot **slots = cld_arena_calloc(walk->graph->arena, (size_t)node->n_out, sizeof *slots);
    if (!slots)
        return cld_no_memory(err, node->name);
    for (int32_t k = 0; k < node->n_out; k++)
        CLD_RETURN(slot_out(walk, frame, k, &slots[k], err));
    return finish(walk, node, slots, err);
}

/* ---- what Loop and Scan share: carried state, stacked rows ---- */

/* Appends the top frame's outputs [first, first + n_rows) to the rows. */
static clade_status collect_rows(cld_walk *walk, int32_t first, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    for (int32_t r = 0; r < frame->n_rows; r++) {
        cld_row *row = cld_arena_alloc(walk->arena, sizeof *row);
        if (!row)
            return cld_no_memory(err, "a loop");
        *row = (cld_row){ .before = frame->rows[r], .segment = walk->segment };
        CLD_RETURN(slot_out(walk, frame, first + r, &row->slot, err));
        frame->rows[r] = row;
    }
    return CLADE_OK;
}

/* A scan output of a loop that ran no iteration: empty, of the declared type; of one axis if only that is known. */
static clade_status no_rows(cld_walk *walk, const cld_frame *frame, int32_t r, int64_t axis, cld_slot **slot,
                            clade_error *err) {
    const cld_node *node = frame->caller;
    bool is_loop = node->op->control == CLD_CONTROL_LOOP; /* its body gives its condition first */
    cld_type type = cld_graph_at(frame->graph, frame->graph->outputs[frame->n_state + is_loop + r])->type;
    int32_t at = (int32_t)(axis < 0 ? axis + type.rank + 1 : axis);
    type.rank = CLD_MAX(type.rank, 0);
    at = CLD_MIN(CLD_MAX(at, 0), type.rank);
    if (type.dtype == CLADE_NONE || type.rank >= CLADE_MAX_RANK)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s': runs no iteration and scan output %d declares no type",
                        node->type, node->name, (int)r);
    for (int32_t d = type.rank++; d > at; d--)
        type.dims[d] = type.dims[d - 1];
    type.dims[at] = 0;
    for (int32_t d = 0; d < type.rank; d++)
        type.dims[d] = CLD_MAX(type.dims[d], 0);
    CLD_RETURN(cld_type_check(&type, node->name, err));
    clade_tensor *empty = cld_tensor_new(walk->graph->arena, &type);
    cld_value_id value = empty ? cld_graph_constant(walk->graph, NULL, empty) : CLD_ABSENT;
    if (!cld_present(value))
        return cld_no_memory(err, node->name);
    return cld_walk_bind(walk, value, NULL, slot, err);
}

/* One scan output: its rows with a new axis, joined along it. */
static clade_status stack_rows(cld_walk *walk, const cld_frame *frame, int32_t r, int64_t axis, bool reverse,
                               cld_slot **slot, clade_error *err) {
    const cld_node *node = frame->caller;
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset };
    cld_value_id joined, axes;
    int32_t count = 0, i = 0;
    if (frame->iteration == 0)
        return no_rows(walk, frame, r, axis, slot, err);
    for (const cld_row *row = frame->rows[r]; row; row = row->before)
        count++;
    cld_value_id *ids = cld_arena_calloc(walk->graph->arena, (size_t)count, sizeof *ids);
    if (!ids)
        return cld_no_memory(err, node->name);
    CLD_RETURN(cld_build_ints(&build, &axis, 1, &axes, err));
    for (const cld_row *row = frame->rows[r]; row; row = row->before, i++) { /* the last one first */
        cld_value_id pair[2] = { CLD_ABSENT, axes }, *id = &ids[reverse ? i : count - 1 - i];
        CLD_RETURN(cld_walk_use(walk, row->slot, &pair[0], err));
        *id = pair[0];
        if (!row->stacked)
            CLD_RETURN(cld_build_op(&build, "Unsqueeze", pair, 2, NULL, 0, id, err));
    }
    cld_attr attr = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = axis };
    CLD_RETURN(cld_build_op(&build, "Concat", ids, count, &attr, 1, &joined, err));
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
    cld_slot **slots = cld_arena_calloc(walk->graph->arena, (size_t)node->n_out + 1, sizeof *slots);
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
    return finish(walk, node, slots, err);
}

/* Opens a frame on `body` whose carried state starts with node inputs [first_state, ...). */
static clade_status open_loop(cld_walk *walk, const cld_node *node, const cld_graph *body, int32_t first_state,
                              int32_t n_state, int32_t first_capture, clade_error *err) {
    CLD_RETURN(cld_walk_push(walk, body, node, err));
    cld_frame *below = walk->frames[walk->n_frames - 2], *frame = cld_walk_top(walk);
    frame->state = cld_arena_calloc(walk->arena, (size_t)n_state + 1, sizeof *frame->state);
    frame->rows = cld_arena_calloc(walk->arena, (size_t)(node->n_out - n_state) + 1, sizeof *frame->rows);
    if (!frame->state || !frame->rows)
        return cld_no_memory(err, node->name);
    frame->n_rows = node->n_out - n_state;
    for (int32_t k = 0; k < n_state; k++) {
        CLD_RETURN(slot_in(walk, below, node, first_state + k, &frame->state[k], err));
        if (!frame->state[k])
            return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': state %d has no initial value", node->type, node->name,
                            (int)k);
        frame->n_state++;
    }
    return bind_captures(walk, node, first_capture, err);
}

/* ---- Loop ---- */

static bool has(const cld_value_id *ids, int32_t count, cld_value_id id) {
    for (int32_t k = 0; k < count; k++)
        if (ids[k].i == id.i)
            return true;
    return false;
}

static bool is_read(const cld_graph *graph, cld_value_id id) {
    bool read = has(graph->outputs, graph->n_outputs, id);
    for (int32_t n = 0; n < graph->n_nodes && !read; n++)
        read = has(graph->nodes[n].in, graph->nodes[n].n_in, id);
    return read;
}

/* Binds the body's formal inputs for the iteration that begins, or closes the loop. */
static clade_status begin_loop(cld_walk *walk, bool go, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    if (!go || frame->iteration >= frame->limit) {
        frame->next = frame->graph->n_nodes;
        return close_loop(walk, err);
    }
    const cld_value_id *in = frame->graph->inputs;
    if (frame->counts) {
        cld_type type = { .dtype = CLADE_INT64 };
        clade_tensor *i = cld_tensor_new(walk->arena, &type);
        if (!i || !(frame->slot_of[in[0].i] = cld_walk_slot(walk, &type, i, NULL)))
            return cld_no_memory(err, frame->caller->name);
        cld_tensor_set_int(i, 0, frame->iteration);
    }
    for (int32_t k = 0; k < frame->n_state; k++)
        frame->slot_of[in[2 + k].i] = frame->state[k];
    frame->next = 0;
    return CLADE_OK;
}

/* What does not change from one iteration to the next: the condition holds whenever the body begins. */
static clade_status set_loop(cld_walk *walk, int64_t limit, clade_error *err) {
    static const bool yes = true;
    static const clade_tensor holds = { .dtype = CLADE_BOOL, .data = (void *)&yes, .size_bytes = sizeof yes };
    const cld_type type = { .dtype = CLADE_BOOL };
    cld_frame *frame = cld_walk_top(walk);
    const cld_value_id *in = frame->graph->inputs;
    frame->limit = limit;
    frame->counts = is_read(frame->graph, in[0]);
    frame->slot_of[in[1].i] = cld_walk_slot(walk, &type, &holds, NULL);
    return frame->slot_of[in[1].i] ? CLADE_OK : cld_no_memory(err, frame->caller->name);
}

static clade_status enter_loop(cld_walk *walk, const cld_node *node, clade_error *err) {
    const cld_graph *body = subgraph(node, "body");
    CLD_RETURN(need_graph(node, body, err));
    cld_frame *frame = cld_walk_top(walk);
    const clade_tensor *count = NULL, *cond = NULL;
    cld_slot *count_slot, *cond_slot;
    int32_t n_state = body->n_formal - 2;
    if (n_state < 0 || node->n_in < 2 + n_state || node->n_out < n_state || body->n_outputs != 1 + node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "Loop '%s': the body has %d inputs and %d outputs, the node %d and %d",
                        node->name, (int)body->n_formal, (int)body->n_outputs, (int)node->n_in, (int)node->n_out);
    CLD_RETURN(slot_in(walk, frame, node, 0, &count_slot, err));
    CLD_RETURN(slot_in(walk, frame, node, 1, &cond_slot, err));
    if (count_slot)
        CLD_RETURN(cld_walk_value(walk, count_slot, &count, err));
    if (cond_slot)
        CLD_RETURN(cld_walk_value(walk, cond_slot, &cond, err));
    if ((count && clade_tensor_count(count) != 1) || (cond && clade_tensor_count(cond) != 1))
        return cld_fail(err, CLADE_ERR_SHAPE, "Loop '%s': trip count and condition must be one element each",
                        node->name);
    CLD_RETURN(open_loop(walk, node, body, 2, n_state, 2 + n_state, err));
    CLD_RETURN(set_loop(walk, count ? cld_tensor_get_int(count, 0) : INT64_MAX, err));
    return begin_loop(walk, !cond || cld_tensor_get_int(cond, 0) != 0, err);
}

static clade_status leave_loop(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    const clade_tensor *cond;
    cld_slot *slot;
    CLD_RETURN(slot_out(walk, frame, 0, &slot, err));
    CLD_RETURN(cld_walk_value(walk, slot, &cond, err));
    if (clade_tensor_count(cond) != 1)
        return cld_fail(err, CLADE_ERR_SHAPE, "Loop '%s': the condition must be one element", frame->caller->name);
    CLD_RETURN(collect_rows(walk, 1 + frame->n_state, err));
    for (int32_t k = 0; k < frame->n_state; k++)
        CLD_RETURN(slot_out(walk, frame, 1 + k, &frame->state[k], err));
    frame->iteration++;
    return begin_loop(walk, cld_tensor_get_int(cond, 0) != 0, err);
}

/* ---- Scan ---- */

/* Binds state and the slices of the iteration that begins, or closes the scan. */
static clade_status begin_scan(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk), *below = walk->frames[walk->n_frames - 2];
    const cld_node *node = frame->caller;
    if (frame->iteration >= frame->limit) {
        frame->next = frame->graph->n_nodes;
        return close_loop(walk, err);
    }
    cld_build build = { .graph = walk->graph, .node = node->name, .opset = node->opset };
    for (int32_t k = 0; k < frame->graph->n_formal; k++) {
        cld_slot **slot = &frame->slot_of[frame->graph->inputs[k].i], *whole;
        if (k < frame->n_state) {
            *slot = frame->state[k];
            continue;
        }
        bool reverse = list_at(node, "scan_input_directions", k - frame->n_state) == 1;
        cld_attr axis = { .name = "axis",
                          .kind = CLD_ATTR_INT,
                          .u.i = list_at(node, "scan_input_axes", k - frame->n_state) };
        cld_value_id pair[2], slice;
        CLD_RETURN(slot_in(walk, below, node, k, &whole, err));
        CLD_RETURN(cld_walk_use(walk, whole, &pair[0], err));
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
    cld_frame *frame = cld_walk_top(walk);
    int64_t n_scan = cld_attr_int(node, "num_scan_inputs", 0);
    int64_t n_state = body->n_formal - n_scan;
    if (n_scan < 1 || n_state < 0 || node->n_in < body->n_formal || node->n_out < n_state ||
        body->n_outputs != node->n_out)
        return cld_fail(err, CLADE_ERR_GRAPH, "Scan '%s': the body has %d inputs and %d outputs, the node %d and %d",
                        node->name, (int)body->n_formal, (int)body->n_outputs, (int)node->n_in, (int)node->n_out);
    int64_t length = -1;
    for (int64_t k = 0; k < n_scan; k++) {
        cld_slot *slot;
        CLD_RETURN(slot_in(walk, frame, node, (int32_t)(n_state + k), &slot, err));
        int64_t axis = list_at(node, "scan_input_axes", (int32_t)k);
        const cld_type *type = slot ? &slot->type : NULL;
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
    cld_walk_top(walk)->counts = true; /* slices are taken by the iteration's number */
    return begin_scan(walk, err);
}

static clade_status leave_scan(cld_walk *walk, clade_error *err) {
    cld_frame *frame = cld_walk_top(walk);
    CLD_RETURN(collect_rows(walk, frame->n_state, err));
    for (int32_t k = 0; k < frame->n_state; k++)
        CLD_RETURN(slot_out(walk, frame, k, &frame->state[k], err));
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
