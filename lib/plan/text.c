/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text for a person: bytes first, then one line per step. */
#include "plan/plan.h"

static void add_buffer(const cld_plan *plan, const cld_arg *arg, cld_text *out) {
    int32_t b = arg->u.buf.buf.i;
    if (b < 0) {
        cld_text_add(out, " -");
        return;
    }
    const cld_plan_buf *buf = &plan->bufs[b];
    static const char *const places[] = { "none", "arena", "input", "output", "state", "constant", "packed" };
    cld_text_printf(out, " %s%s@%s", arg->u.buf.access & CLD_WRITE ? ">" : "", buf->name, places[buf->place]);
    if (buf->place == CLD_PLACE_ARENA)
        cld_text_printf(out, "+%zu", buf->offset);
}

/* Of the buffers that a step touches, each once. */
static size_t touched_bytes(const cld_plan *plan, const cld_step *step) {
    size_t bytes = 0;
    for (int32_t a = 0; a < step->n_args; a++) {
        bool again = step->args[a].kind != CLD_ARG_BUF || step->args[a].u.buf.buf.i < 0;
        for (int32_t b = 0; b < a && !again; b++)
            again = step->args[b].kind == CLD_ARG_BUF && step->args[b].u.buf.buf.i == step->args[a].u.buf.buf.i;
        if (!again)
            bytes += plan->bufs[step->args[a].u.buf.buf.i].bytes;
    }
    return bytes;
}

void cld_plan_text(const cld_plan *plan, cld_text *out) {
    static const char *const kinds[] = { "kernel", "gemm", "convgemm", "copy", "fill" };
    cld_text_printf(out, "plan: %d steps; bytes: arena %zu, inputs %zu, outputs %zu, constants %zu, packed %zu\n",
                    (int)plan->steps.n_steps, plan->arena_bytes, plan->input_bytes, plan->output_bytes,
                    plan->constant_bytes, plan->packed_bytes);
    for (int32_t s = 0; s < plan->steps.n_steps; s++) {
        const cld_step *step = &plan->steps.steps[s];
        cld_text_printf(out, "  %4d %s%s [%s] %s", (int)s, step->once ? "once " : "", step->node, step->impl,
                        kinds[step->kind]);
        if (step->kind == CLD_STEP_KERNEL)
            cld_text_printf(out, " %s.%s <%zu,%zu,%zu>/<%zu,%zu,%zu>", step->family, step->entry, step->global[0],
                            step->global[1], step->global[2], step->local[0], step->local[1], step->local[2]);
        for (int32_t a = 0; a < step->n_args; a++)
            if (step->args[a].kind == CLD_ARG_BUF)
                add_buffer(plan, &step->args[a], out);
        cld_text_printf(out, " flops %.0f bytes %zu", step->flops, touched_bytes(plan, step));
        cld_text_printf(out, "%s%s%s%s\n", step->problem ? " solves " : "", step->problem ? step->problem : "",
                        step->measured ? ", " : "", step->measured ? step->measured : "");
    }
}
