/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that come again: the iterations of a loop whose condition is computed on the device.
 *
 * The second iteration's stage finds out whether what follows it would be itself (pass/repeat.c). If so, its plan is
 * prepared once more, and the two instances run in turn, each on what the other left. Rows that the loop collects are
 * copied into a stack as they come, which the stage behind the loop reads as one value. So a loop takes as much memory,
 * and planning, as two of its iterations.
 */
#include "session/session_internal.h"

static clade_status find_out(cld_stage *stage) {
    const cld_graph *graph = stage->segment.graph;
    cld_repeat *repeat = &stage->turns.repeat;
    stage->turns.known = true;
    repeat->max_rows = graph->n_outputs;
    repeat->turn = cld_arena_calloc(graph->arena, (size_t)graph->n_inputs + 1, sizeof *repeat->turn);
    repeat->row = cld_arena_calloc(graph->arena, (size_t)graph->n_outputs + 1, sizeof *repeat->row);
    if (!repeat->turn || !repeat->row)
        return CLADE_ERR_MEMORY;
    const cld_stage *before = stage->parent;
    stage->turns.yes = cld_walk_repeats(before->walk, &before->segment, stage->walk, &stage->segment, repeat);
    return CLADE_OK;
}

bool cld_turn_comes(cld_stage *stage, const clade_tensor *value) {
    cld_turns *turns = &stage->turns;
    if (!stage->parent || stage->segment.cut_slot->input >= 0 || !cld_stage_same(&stage->fed, value))
        return false;
    if (!turns->known && find_out(stage) != CLADE_OK)
        return false; /* without memory it is planned like any other */
    return turns->yes && turns->done < turns->repeat.most;
}

int64_t cld_turn_count(const cld_stage *stage, const clade_tensor *value) {
    bool matters = stage->turns.yes && (stage->turns.repeat.n_rows > 0 || cld_stage_same(&stage->fed, value));
    return matters ? stage->turns.done : 0;
}

cld_mem *cld_turn_output(const cld_stage *stage, int32_t k) {
    int32_t n_outputs = stage->segment.graph->n_outputs;
    if (k >= n_outputs)
        return stage->turns.stack[k - n_outputs];
    return stage->prepared ? cld_prepared_output(stage->prepared, k) : NULL;
}

/* ---- rows ---- */

static size_t row_bytes(const cld_stage *stage, int32_t r) {
    const cld_graph *graph = stage->segment.graph;
    return cld_type_bytes(&cld_graph_at(graph, graph->outputs[stage->turns.repeat.row[r]])->type);
}

/* Room for twice as many rows; those there are move. */
static clade_status grow(clade_session *session, cld_stage *stage, clade_error *err) {
    enum { FIRST = 16 };
    cld_turns *turns = &stage->turns;
    cld_queue *queue = cld_exec_queue(session->exec);
    int64_t room = turns->room ? 2 * turns->room : FIRST;
    if (!turns->stack && !(turns->stack = cld_calloc((size_t)turns->repeat.n_rows + 1, sizeof(cld_mem *))))
        return cld_no_memory(err, "the rows of a loop");
    for (int32_t r = 0; r < turns->repeat.n_rows; r++) {
        cld_mem *larger, *old = turns->stack[r];
        CLD_RETURN(cld_exec_alloc(session->exec, &larger, (size_t)room * row_bytes(stage, r), err));
        turns->stack[r] = larger;
        clade_status status = CLADE_OK;
        if (old)
            status = cld_mem_copy(queue, larger, 0, old, 0, (size_t)turns->done * row_bytes(stage, r), NULL, err);
        if (old && status == CLADE_OK)
            status = cld_queue_finish(queue, err);
        cld_exec_release(session->exec, old);
        CLD_RETURN(status);
    }
    turns->room = room;
    return CLADE_OK;
}

static clade_status keep_rows(clade_session *session, cld_stage *stage, clade_error *err) {
    const cld_turns *turns = &stage->turns;
    if (turns->repeat.n_rows > 0 && turns->done == turns->room)
        CLD_RETURN(grow(session, stage, err));
    for (int32_t r = 0; r < turns->repeat.n_rows; r++) {
        size_t bytes = row_bytes(stage, r);
        CLD_RETURN(cld_mem_copy(cld_exec_queue(session->exec), turns->stack[r], (size_t)turns->done * bytes,
                                cld_prepared_output(stage->prepared, turns->repeat.row[r]), 0, bytes, NULL, err));
    }
    return CLADE_OK;
}

/* ---- turns ---- */

clade_status cld_turn(clade_session *session, cld_stage *stage, clade_error *err) {
    CLD_RETURN(cld_check_cuts(session, stage, stage->cuts + (size_t)stage->turns.done + 1, err));
    CLD_RETURN(keep_rows(session, stage, err));
    cld_prepared *other = stage->turns.other;
    stage->turns.other = stage->prepared;
    stage->prepared = other;
    stage->turns.done++;
    return CLADE_OK;
}
