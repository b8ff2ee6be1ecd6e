/* SPDX-License-Identifier: Apache-2.0 */
/* A plan is right when every step stays inside its buffers and inside what the device allows; see planned.h. With
 * CLADE_FUZZ_COUNT in the environment the process says at its end how many graphs came here and how many were planned.
 */
#include "planned.h"

#include <stdio.h>
#include <stdlib.h>

#include "pass/pass.h"

void found(const char *what, long long a, long long b) {
    fprintf(stderr, "FOUND: %s (%lld, %lld)\n", what, a, b);
    abort();
}

void check_refusal(clade_status status, const clade_error *err) {
    if (status != CLADE_OK && (status > 0 || err->status != status || err->message[0] == '\0'))
        found("a refusal without its line", status, err->status);
    if (status == CLADE_ERR_INTERNAL) {
        fprintf(stderr, "%s\n", err->message);
        found("an internal error", 0, 0);
    }
}

/* ---- devices ------------------------------------------------------------------------------------------------------
 */

#define GROUPS(n) .max_group = n, .max_group_dim = { n, n, n }
#define MEMORY .global_bytes = (uint64_t)8 << 30, .align_bytes = 128
static const cld_caps cpus[] = {
    { .is_cpu = true,
      .fp64 = true,
      .blas = true,
      .compute_units = 16,
      .float_lanes = 16,
      GROUPS(4096),
      .local_bytes = 1 << 19,
      .max_alloc_bytes = (uint64_t)4 << 30,
      MEMORY },
    { .is_cpu = true,
      .compute_units = 2,
      .float_lanes = 4,
      GROUPS(1),
      .local_bytes = 1 << 15,
      .max_alloc_bytes = 1 << 26,
      MEMORY },
};
static const cld_caps gpus[] = {
    { .is_gpu = true,
      .fp64 = true,
      .fp16 = true,
      .blas = true,
      .compute_units = 128,
      .float_lanes = 1,
      GROUPS(1024),
      .local_bytes = 48 << 10,
      .max_alloc_bytes = (uint64_t)4 << 30,
      MEMORY },
    { .is_gpu = true,
      .fp64 = true,
      .compute_units = 60,
      .float_lanes = 1,
      GROUPS(256),
      .local_bytes = 1 << 15,
      .max_alloc_bytes = (uint64_t)1 << 30,
      MEMORY },
    { .is_gpu = true,
      .compute_units = 4,
      .float_lanes = 1,
      GROUPS(64),
      .local_bytes = 1 << 14,
      .max_alloc_bytes = 1 << 26,
      MEMORY },
    { .is_gpu = true,
      .fp64 = true,
      .compute_units = 1,
      .float_lanes = 1,
      GROUPS(1),
      .local_bytes = 1 << 10,
      .max_alloc_bytes = 1 << 26,
      MEMORY },
};

/* ---- what holds of a step ------------------------------------------------------------------------------------------
 */

static const cld_step *checked; /* for the message */

static void found_in(const char *what, size_t a, size_t b) {
    fprintf(stderr, "node '%s', row %s, %s.%s\n", checked->node, checked->impl, checked->family ? checked->family : "",
            checked->entry ? checked->entry : "");
    found(what, (long long)a, (long long)b);
}

/* Elements `from` up to `from + count` of argument `a`, in its elements. */
static void inside(const cld_plan *plan, const cld_step *step, int32_t a, int64_t count) {
    const cld_arg *arg = &step->args[a];
    const cld_buf buf = arg->u.buf.buf;
    if (buf.i < 0)
        return;
    if (buf.i >= plan->n_bufs || arg->u.buf.elem_bytes == 0)
        found_in("a step names a buffer that there is not", (size_t)buf.i, (size_t)plan->n_bufs);
    const int64_t have = (int64_t)(plan->bufs[buf.i].bytes / arg->u.buf.elem_bytes);
    if (arg->u.buf.offset < 0 || count < 0 || arg->u.buf.offset > have || count > have - arg->u.buf.offset)
        found_in("a step leaves its buffer", (size_t)(arg->u.buf.offset + count), (size_t)have);
}

static void check_kernel(const cld_step *step, const cld_caps *caps) {
    size_t group = 1, local_bytes = 0;
    if (step->work_dim < 1 || step->work_dim > 3)
        found_in("a launch of no dimension", step->work_dim, 0);
    for (uint32_t d = 0; d < 3; d++) {
        group *= step->local[0] ? step->local[d] : 1;
        if (step->local[0] && (step->local[d] == 0 || step->local[d] > caps->max_group_dim[d]))
            found_in("a group's side", step->local[d], caps->max_group_dim[d]);
        if (step->global[d] > (size_t)INT32_MAX)
            found_in("a launch wider than int", step->global[d], d);
    }
    for (int32_t a = 0; a < step->n_args; a++)
        local_bytes += step->args[a].kind == CLD_ARG_LOCAL ? step->args[a].u.local_bytes : 0;
    if (group > caps->max_group)
        found_in("a group of too many work-items", group, caps->max_group);
    if (local_bytes > caps->local_bytes)
        found_in("too much local memory", local_bytes, caps->local_bytes);
}

static int64_t span(int64_t batch, int64_t stride, int64_t lines, int64_t line_stride, int64_t length) {
    return batch && lines && length ? (batch - 1) * stride + (lines - 1) * line_stride + length : 0;
}

static void check_step(const cld_plan *plan, const cld_step *step, const cld_caps *caps) {
    const cld_gemm_args *g = &step->u.gemm;
    const cld_convgemm_args *c = &step->u.conv;
    for (int32_t a = 0; a < step->n_args; a++)
        if (step->args[a].kind == CLD_ARG_BUF)
            inside(plan, step, a, 0);
    switch (step->kind) {
    case CLD_STEP_KERNEL:
        check_kernel(step, caps);
        break;
    case CLD_STEP_COPY:
        inside(plan, step, 0, (int64_t)step->u.copy_bytes);
        inside(plan, step, 1, (int64_t)step->u.copy_bytes);
        break;
    case CLD_STEP_FILL:
        inside(plan, step, 0, (int64_t)step->u.fill.bytes);
        break;
    case CLD_STEP_GEMM:
        inside(plan, step, 0,
               g->trans_a ? span(g->batch, g->stride_a, g->k, g->lda, g->m)
                          : span(g->batch, g->stride_a, g->m, g->lda, g->k));
        inside(plan, step, 1,
               g->trans_b ? span(g->batch, g->stride_b, g->n, g->ldb, g->k)
                          : span(g->batch, g->stride_b, g->k, g->ldb, g->n));
        inside(plan, step, 2, span(g->batch, g->stride_c, g->m, g->ldc, g->n));
        break;
    case CLD_STEP_CONVGEMM:
        inside(plan, step, 0, c->batch * c->channels * c->height * c->width);
        inside(plan, step, 1, c->filters * c->channels * c->kernel_h * c->kernel_w);
        break;
    }
}

static bool plan_for(const cld_graph *graph, const cld_caps *caps, const char *prefer) {
    const cld_plan_options options = { .prefer_impl = prefer };
    clade_error err = { CLADE_OK, "" };
    cld_plan *plan;
    const clade_status status = cld_plan_new(&plan, graph, caps, &options, &err);
    check_refusal(status, &err);
    if (status != CLADE_OK)
        return false;
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        check_step(plan, checked = &plan->steps.steps[s], caps);
    for (int32_t b = 0; b < plan->n_bufs; b++) {
        const cld_plan_buf *buf = &plan->bufs[b];
        if (buf->place == CLD_PLACE_ARENA && buf->offset + buf->bytes > plan->slab_bytes[buf->index])
            found("a buffer leaves its slab", (long long)(buf->offset + buf->bytes),
                  (long long)plan->slab_bytes[buf->index]);
    }
    cld_plan_free(plan);
    return true;
}

static unsigned long long graphs, planned;
static void report(void) { fprintf(stderr, "%llu graphs, %llu planned for both\n", graphs, planned); }

void plan_for_all(cld_graph *graph, unsigned choice, const char *prefer) {
    if (graphs++ == 0 && getenv("CLADE_FUZZ_COUNT"))
        atexit(report);
    clade_error err = { CLADE_OK, "" };
    graph->storage = choice & 128 ? CLADE_FLOAT16 : CLADE_NONE;
    graph->linear_attention = choice & 32;
    clade_status status = cld_passes_run(cld_static_passes, -1, graph, &err);
    check_refusal(status, &err);
    if (status != CLADE_OK)
        return;
    const bool cpu = plan_for(graph, &cpus[choice % CLD_COUNT(cpus)], prefer);
    const bool gpu = plan_for(graph, &gpus[choice / CLD_COUNT(cpus) % CLD_COUNT(gpus)], prefer);
    planned += cpu && gpu;
}
