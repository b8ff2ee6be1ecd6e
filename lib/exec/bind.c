/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a plan's steps: all of them once, and those of one place again when its buffers were replaced.
 *
 * In: mem_of_buf. Out: kernels whose arguments are set; for the other steps, buffers and offsets.
 */
#include "exec/exec_internal.h"

/* Where argument `arg` starts, in bytes. */
static size_t placement(const cld_prepared *p, const cld_arg *arg) {
    const cld_plan_buf *buf = &p->plan->bufs[arg->u.buf.buf.i];
    size_t base = buf->place == CLD_PLACE_ARENA ? buf->offset : 0;
    return base + (size_t)arg->u.buf.offset * arg->u.buf.elem_bytes;
}

/* A buffer takes two parameters: an element offset follows it. */
static clade_status bind_buffer(cld_prepared *p, cld_kernel *kernel, const cld_arg *arg, uint32_t index,
                                clade_error *err) {
    bool absent = arg->u.buf.buf.i < 0;
    uint64_t offset = absent ? 0 : placement(p, arg) / arg->u.buf.elem_bytes;
    CLD_RETURN(cld_kernel_arg_mem(kernel, index, absent ? NULL : p->mem_of_buf[arg->u.buf.buf.i], err));
    return cld_kernel_arg_bytes(kernel, index + 1, &offset, sizeof offset, err);
}

static clade_status bind_fault(cld_prepared *p, cld_bound *b, const cld_arg *arg, uint32_t index, clade_error *err) {
    cld_mem *faults = NULL;
    if (arg->u.fault)
        CLD_RETURN(cld_faults_bind(p->exec, &faults, &b->number, err));
    p->checks |= faults != NULL;
    CLD_RETURN(cld_kernel_arg_mem(b->kernel, index, faults, err));
    return cld_kernel_arg_bytes(b->kernel, index + 1, &b->number, sizeof b->number, err);
}

/* The bytes that the kernel's parameter takes. */
static size_t scalar_of(const cld_arg *arg, void *out) {
    const int32_t i = arg->kind == CLD_ARG_INT ? (int32_t)arg->u.i : 0;
    const float f = arg->kind == CLD_ARG_FLOAT ? (float)arg->u.f : 0;
    switch (arg->kind) {
    case CLD_ARG_INT:
        memcpy(out, &i, sizeof i);
        return sizeof i;
    case CLD_ARG_FLOAT:
        memcpy(out, &f, sizeof f);
        return sizeof f;
    default: /* LONG, DOUBLE: as they stand */
        memcpy(out, &arg->u, sizeof arg->u.i);
        return sizeof arg->u.i;
    }
}

static clade_status bind_kernel(cld_prepared *p, cld_bound *b, clade_error *err) {
    uint32_t index = 0;
    for (int32_t a = 0; a < b->step->n_args; a++, index++) {
        const cld_arg *arg = &b->step->args[a];
        unsigned char scalar[sizeof arg->u.i];
        if (arg->kind == CLD_ARG_BUF)
            CLD_RETURN(bind_buffer(p, b->kernel, arg, index++, err));
        else if (arg->kind == CLD_ARG_FAULT)
            CLD_RETURN(bind_fault(p, b, arg, index++, err));
        else if (arg->kind == CLD_ARG_LOCAL)
            CLD_RETURN(cld_kernel_arg_local(b->kernel, index, arg->u.local_bytes, err));
        else
            CLD_RETURN(cld_kernel_arg_bytes(b->kernel, index, scalar, scalar_of(arg, scalar), err));
    }
    for (int d = 0; d < 3; d++) {
        size_t local = b->step->local[d], global = b->step->global[d];
        b->local[d] = local;
        b->global[d] = local ? (global + local - 1) / local * local : global;
    }
    return CLADE_OK;
}

static void bind_other(cld_prepared *p, cld_bound *b) {
    bool in_elements = b->step->kind == CLD_STEP_GEMM || b->step->kind == CLD_STEP_CONVGEMM;
    for (int32_t a = 0; a < b->step->n_args && a < 3; a++) {
        const cld_arg *arg = &b->step->args[a];
        b->mem[a] = p->mem_of_buf[arg->u.buf.buf.i];
        b->offset[a] = placement(p, arg) / (in_elements ? arg->u.buf.elem_bytes : 1);
    }
}

clade_status cld_bind(cld_prepared *p, cld_bound *b, clade_error *err) {
    if (b->step->kind == CLD_STEP_KERNEL)
        return bind_kernel(p, b, err);
    bind_other(p, b);
    return CLADE_OK;
}

static bool lies_in(const cld_prepared *p, const cld_arg *arg, cld_place place) {
    return arg->kind == CLD_ARG_BUF && arg->u.buf.buf.i >= 0 && p->plan->bufs[arg->u.buf.buf.i].place == place;
}

clade_status cld_bind_again(cld_prepared *p, cld_place place, clade_error *err) {
    for (int32_t s = 0; s < p->n_steps; s++) {
        cld_bound *b = &p->steps[s];
        uint32_t index = 0;
        if (b->step->kind != CLD_STEP_KERNEL) {
            bind_other(p, b);
            continue;
        }
        for (int32_t a = 0; a < b->step->n_args; a++, index++) {
            const cld_arg *arg = &b->step->args[a];
            if (lies_in(p, arg, place))
                CLD_RETURN(cld_kernel_arg_mem(b->kernel, index, p->mem_of_buf[arg->u.buf.buf.i], err));
            index += arg->kind == CLD_ARG_BUF || arg->kind == CLD_ARG_FAULT; /* these take two */
        }
    }
    return CLADE_OK;
}
