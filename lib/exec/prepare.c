/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made ready: memory allocated, programs built, arguments bound once; then runs that only enqueue.
 *
 * Order: memory (so that a plan that does not fit fails before anything is compiled), programs, kernels and
 * arguments, the `once` steps that pack constants. A step with nothing to do is dropped.
 */
#include "exec/exec_internal.h"

cld_mem *cld_prepared_output(const cld_prepared *prepared, int32_t k) {
    return prepared->mem_of_buf[prepared->plan->buf_of_output[k]];
}

/* Everything but plain constants: which of those are needed is known once the steps are. */
static clade_status allocate(cld_prepared *p, cld_mem *const *inputs, clade_error *err) {
    const cld_plan *plan = p->plan;
    CLD_RETURN(cld_exec_reserve(p->exec, plan, err));
    for (int32_t k = 0; k < plan->graph->n_outputs; k++) {
        const cld_plan_buf *buf = &plan->bufs[plan->buf_of_output[k]];
        if (buf->place == CLD_PLACE_OUTPUT)
            CLD_RETURN(cld_exec_alloc(p->exec, &p->outputs[k], buf->bytes, err));
    }
    for (int32_t k = 0; k < plan->graph->n_inputs; k++)
        p->inputs[k] = cld_mem_serial(inputs[k]);
    for (int32_t b = 0; b < plan->n_bufs; b++) {
        const cld_plan_buf *buf = &plan->bufs[b];
        if (buf->place == CLD_PLACE_PACKED) {
            CLD_RETURN(cld_resident_use(&p->residents[b], p->exec, buf->constant, buf->key, buf->bytes, err));
            p->mem_of_buf[b] = p->residents[b]->mem;
        } else if (buf->place == CLD_PLACE_STATE) {
            CLD_RETURN(cld_exec_state(p->exec, &p->mem_of_buf[b], buf->index, buf->constant, err));
        } else if (buf->place == CLD_PLACE_INPUT) {
            p->mem_of_buf[b] = inputs[buf->index];
        } else if (buf->place == CLD_PLACE_OUTPUT) {
            p->mem_of_buf[b] = p->outputs[buf->index];
        }
    }
    return CLADE_OK;
}

/* The arena's slabs as they are now. */
static void take_arena(cld_prepared *p) {
    for (int32_t b = 0; b < p->plan->n_bufs; b++)
        if (p->plan->bufs[b].place == CLD_PLACE_ARENA)
            p->mem_of_buf[b] = p->exec->slabs[p->plan->bufs[b].index];
    p->arena = p->exec->arena;
}

/* Uploads the constants that the steps left to run touch. */
static clade_status upload_constants(cld_prepared *p, clade_error *err) {
    for (int32_t s = 0; s < p->n_steps; s++)
        for (int32_t a = 0; a < p->steps[s].step->n_args; a++) {
            const cld_arg *arg = &p->steps[s].step->args[a];
            int32_t b = arg->kind == CLD_ARG_BUF ? arg->u.buf.buf.i : -1;
            if (b < 0 || p->residents[b] || p->plan->bufs[b].place != CLD_PLACE_CONSTANT)
                continue;
            CLD_RETURN(cld_resident_use(&p->residents[b], p->exec, p->plan->bufs[b].constant, NULL,
                                        p->plan->bufs[b].bytes, err));
            p->mem_of_buf[b] = p->residents[b]->mem;
        }
    return CLADE_OK;
}

static bool is_empty(const cld_step *step) {
    switch (step->kind) {
    case CLD_STEP_KERNEL:
        return step->global[0] == 0 || step->global[1] == 0 || step->global[2] == 0;
    case CLD_STEP_COPY:
        return step->u.copy_bytes == 0;
    case CLD_STEP_FILL:
        return step->u.fill.bytes == 0;
    default:
        return false;
    }
}

/* A packed constant that another plan of the session has made needs no second packing. */
static bool already_packed(const cld_prepared *p, const cld_step *step) {
    bool writes = false;
    for (int32_t a = 0; step->once && a < step->n_args; a++) {
        const cld_arg *arg = &step->args[a];
        if (arg->kind != CLD_ARG_BUF || arg->u.buf.buf.i < 0 || !(arg->u.buf.access & CLD_WRITE))
            continue;
        writes = true;
        if (!p->residents[arg->u.buf.buf.i] || !p->residents[arg->u.buf.buf.i]->filled)
            return false;
    }
    return writes;
}

static clade_status enqueue(cld_prepared *p, const cld_bound *b, clade_error *err) {
    cld_queue *queue = p->exec->queue;
    switch (b->step->kind) {
    case CLD_STEP_KERNEL:
        return cld_kernel_enqueue(b->kernel, queue, b->step->work_dim, b->global, b->local[0] ? b->local : NULL,
                                  b->step, err);
    case CLD_STEP_GEMM:
        return cld_blas_gemm(queue, &b->step->u.gemm, b->mem[0], b->offset[0], b->mem[1], b->offset[1], b->mem[2],
                             b->offset[2], b->step, err);
    case CLD_STEP_CONVGEMM:
        return cld_blas_convgemm(queue, &b->step->u.conv, b->mem[0], b->offset[0], b->mem[1], b->offset[1], b->mem[2],
                                 b->offset[2], b->step, err);
    case CLD_STEP_COPY:
        return cld_mem_copy(queue, b->mem[0], b->offset[0], b->mem[1], b->offset[1], b->step->u.copy_bytes, b->step,
                            err);
    case CLD_STEP_FILL:
        return cld_mem_fill(queue, b->mem[0], b->offset[0], b->step->u.fill.pattern, b->step->u.fill.pattern_bytes,
                            b->step->u.fill.bytes, b->step, err);
    }
    return cld_fail(err, CLADE_ERR_INTERNAL, "step of node '%s' has no kind", b->step->node);
}

/* The steps there is something to do for; their kernels go into the batch. */
static clade_status select_steps(cld_prepared *p, int32_t *handles, clade_error *err) {
    const cld_steps *steps = &p->plan->steps;
    for (int32_t s = 0; s < steps->n_steps; s++) {
        const cld_step *step = &steps->steps[s];
        if (is_empty(step) || already_packed(p, step))
            continue;
        if (step->kind == CLD_STEP_KERNEL)
            CLD_RETURN(cld_batch_add(p->batch, step, &handles[p->n_steps], err));
        p->steps[p->n_steps++].step = step;
    }
    return CLADE_OK;
}

/* What a driver does not run in groups as large as planned it runs in smaller ones: kept for the next plan. */
static clade_status make_kernel(cld_prepared *p, cld_bound *bound, int32_t handle, clade_error *err) {
    const size_t *local = bound->step->local, wanted = local[0] * local[1] * local[2];
    size_t group = wanted;
    clade_status status = cld_kernel_new(&bound->kernel, p->batch, handle, &group, err);
    if (group < wanted && (!p->exec->max_group || group < p->exec->max_group))
        p->exec->max_group = group;
    return status;
}

static clade_status bind_steps(cld_prepared *p, const int32_t *handles, clade_error *err) {
    CLD_RETURN(cld_exec_reserve(p->exec, p->plan, err));
    take_arena(p);
    for (int32_t s = 0; s < p->n_steps; s++) {
        if (p->steps[s].step->kind == CLD_STEP_KERNEL)
            CLD_RETURN(make_kernel(p, &p->steps[s], handles[s], err));
        CLD_RETURN(cld_bind(p, &p->steps[s], err));
    }
    return CLADE_OK;
}

/* Drops the constants, packed ones too, that only the `once` steps touch: what they made of them stays. */
static clade_status drop_packed_sources(cld_prepared *p, clade_error *err) {
    bool *used = cld_calloc((size_t)p->plan->n_bufs + 1, sizeof *used);
    if (!used)
        return cld_no_memory(err, "a plan");
    for (int32_t s = 0; s < p->n_steps; s++)
        for (int32_t a = 0; a < p->steps[s].step->n_args; a++) {
            const cld_arg *arg = &p->steps[s].step->args[a];
            if (arg->kind == CLD_ARG_BUF && arg->u.buf.buf.i >= 0)
                used[arg->u.buf.buf.i] = true;
        }
    for (int32_t b = 0; b < p->plan->n_bufs; b++)
        if (!used[b] && p->residents[b]) {
            cld_resident_drop(p->exec, p->residents[b]);
            p->residents[b] = NULL;
        }
    cld_free(used);
    return CLADE_OK;
}

/* The steps that are, or are not, `once`. On CPU drivers the first launch of a kernel compiles it a second time, which
 * takes longer than the build: then every step is waited for and counted, so that the caller sees it move and may stop.
 */
static clade_status enqueue_steps(cld_prepared *p, bool once, const char *what, clade_error *err) {
    clade_progress_fn progress = p->saved ? NULL : p->exec->options.progress;
    size_t done = 0, total = 0;
    for (int32_t s = 0; s < p->n_steps; s++)
        total += p->steps[s].step->once == once;
    for (int32_t s = 0; s < p->n_steps; s++) {
        if (p->steps[s].step->once != once)
            continue;
        if (progress && progress(p->exec->options.progress_user, what, done++, total))
            return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled before node '%s', %s", p->steps[s].step->node, what);
        CLD_RETURN(enqueue(p, &p->steps[s], err));
        if (progress)
            CLD_RETURN(cld_queue_finish(p->exec->queue, err));
    }
    if (progress && total && progress(p->exec->options.progress_user, what, total, total))
        return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled behind the last node, %s", what);
    return CLADE_OK;
}

/* Runs the `once` steps and drops them from the list. */
static clade_status pack_constants(cld_prepared *p, clade_error *err) {
    int32_t kept = 0, count = p->n_steps;
    CLD_RETURN(enqueue_steps(p, true, "packing weights", err));
    for (int32_t s = count - 1; s >= 0; s--) /* newest first: drivers walk a program's list of kernels to drop one */
        if (p->steps[s].step->once)
            cld_kernel_free(p->steps[s].kernel);
    for (int32_t s = 0; s < count; s++)
        if (!p->steps[s].step->once)
            p->steps[kept++] = p->steps[s];
    p->n_steps = kept;
    if (kept == count)
        return CLADE_OK;
    CLD_RETURN(cld_queue_finish(p->exec->queue, err));
    for (int32_t b = 0; b < p->plan->n_bufs; b++)
        if (p->residents[b])
            p->residents[b]->filled = true;
    return drop_packed_sources(p, err);
}

static clade_status build_programs(cld_prepared *p, clade_error *err) {
    cld_program_stats stats;
    CLD_RETURN(cld_batch_build(p->batch, p->exec->options.progress, p->exec->options.progress_user, err));
    cld_batch_stats(p->batch, &stats);
    p->exec->stats.cache_hits += stats.cache_hits;
    p->exec->stats.builds += stats.builds;
    return CLADE_OK;
}

static clade_status prepare(cld_prepared *p, cld_mem *const *inputs, int32_t *handles, clade_error *err) {
    CLD_RETURN(allocate(p, inputs, err));
    CLD_RETURN(cld_batch_new(&p->batch, p->exec->ocl, err));
    CLD_RETURN(select_steps(p, handles, err));
    CLD_RETURN(upload_constants(p, err));
    CLD_RETURN(build_programs(p, err));
    CLD_RETURN(bind_steps(p, handles, err));
    return pack_constants(p, err);
}

clade_status cld_prepared_new(cld_prepared **out, cld_exec *exec, const cld_plan *plan, cld_mem *const *inputs,
                              clade_error *err) {
    clade_status status = CLADE_OK;
    cld_prepared *p = cld_calloc(1, sizeof *p);
    if (!p)
        return cld_no_memory(err, "a plan");
    p->exec = exec;
    p->plan = plan;
    int32_t *handles = cld_calloc((size_t)plan->steps.n_steps + 1, sizeof *handles);
    p->inputs = cld_calloc((size_t)plan->graph->n_inputs + 1, sizeof *p->inputs);
    p->outputs = cld_calloc((size_t)plan->graph->n_outputs + 1, sizeof(cld_mem *));
    p->mem_of_buf = cld_calloc((size_t)plan->n_bufs + 1, sizeof(cld_mem *));
    p->residents = cld_calloc((size_t)plan->n_bufs + 1, sizeof(cld_resident *));
    p->steps = cld_calloc((size_t)plan->steps.n_steps + 1, sizeof *p->steps);
    if (!handles || !p->inputs || !p->outputs || !p->mem_of_buf || !p->residents || !p->steps)
        CLD_TRY(cld_no_memory(err, "a plan"));
    cld_weights_begin(exec->weights);
    status = prepare(p, inputs, handles, err);
    cld_weights_end(exec->weights);
    CLD_TRY(status);
    *out = p;
    p = NULL;
fail:
    cld_free(handles);
    cld_prepared_free(p);
    return status;
}

void cld_prepared_free(cld_prepared *p) {
    if (!p)
        return;
    for (int32_t s = p->n_steps - 1; p->steps && s >= 0; s--) /* newest first, as in pack_constants */
        cld_kernel_free(p->steps[s].kernel);
    for (int32_t k = 0; p->outputs && k < p->plan->graph->n_outputs; k++)
        cld_exec_release(p->exec, p->outputs[k]);
    for (int32_t b = p->plan->n_bufs - 1; p->residents && b >= 0; b--)
        if (p->residents[b])
            cld_resident_drop(p->exec, p->residents[b]);
    cld_batch_free(p->batch);
    cld_free(p->inputs);
    cld_free(p->outputs);
    cld_free(p->mem_of_buf);
    cld_free(p->residents);
    cld_free(p->steps);
    cld_free(p);
}

clade_status cld_prepared_take(cld_prepared *p, int32_t k, cld_mem *mem, clade_error *err) {
    if (p->inputs[k] == cld_mem_serial(mem))
        return CLADE_OK;
    p->inputs[k] = cld_mem_serial(mem);
    p->mem_of_buf[p->plan->graph->inputs[k].i] = mem;
    return cld_bind_again(p, CLD_PLACE_INPUT, err);
}

static clade_status bind_arena(cld_prepared *p, clade_error *err) {
    CLD_RETURN(cld_exec_reserve(p->exec, p->plan, err));
    if (p->arena == p->exec->arena)
        return CLADE_OK;
    take_arena(p);
    return cld_bind_again(p, CLD_PLACE_ARENA, err);
}

clade_status cld_prepared_run(cld_prepared *p, clade_error *err) {
    CLD_RETURN(bind_arena(p, err));
    p->exec->faults_used |= p->checks;
    CLD_RETURN(enqueue_steps(p, false, "first run", err));
    p->exec->stats.launches += (size_t)p->n_steps;
    return CLADE_OK;
}

const cld_step *cld_prepared_checker(const cld_prepared *p, const cld_fault *fault) {
    for (int32_t s = 0; s < p->n_steps; s++)
        if (p->steps[s].number == fault->step)
            return p->steps[s].step;
    return NULL;
}

clade_status cld_prepared_ran(cld_prepared *p, clade_error *err) {
    if (!p->saved)
        CLD_RETURN(cld_batch_save(p->batch, p->exec->options.progress, p->exec->options.progress_user, err));
    p->saved = true;
    return CLADE_OK;
}
