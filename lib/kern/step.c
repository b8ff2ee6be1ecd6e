/* SPDX-License-Identifier: Apache-2.0 */
/* Writers of step records: what an operator's emit calls.
 *
 * They never fail visibly. When memory runs out they set steps->failed, which the planner checks once, and hand out the
 * spare step, so that emit needs no error paths of its own.
 */
#include "kern/kern.h"

#include <stdio.h>

static cld_step *begin(cld_steps *steps, cld_step_kind kind) {
    cld_step *step = &steps->spare;
    if (cld_arena_grow(steps->arena, (void **)&steps->steps, &steps->cap_steps, steps->n_steps + 1, sizeof *step))
        step = &steps->steps[steps->n_steps++];
    else
        steps->failed = true;
    *step = (cld_step){
        .kind = kind, .node = steps->node, .impl = steps->impl, .problem = steps->problem, .measured = steps->measured
    };
    return step;
}

/* A copy that lives as long as the steps; "" and failed when there is no memory. */
static const char *keep(cld_steps *steps, const char *text) {
    const char *copy = cld_arena_text(steps->arena, text);
    steps->failed |= !copy;
    return copy ? copy : "";
}

cld_step *cld_step_kernel(cld_steps *steps, const char *family, const char *entry) {
    cld_step *step = begin(steps, CLD_STEP_KERNEL);
    step->family = keep(steps, family);
    step->entry = keep(steps, entry);
    return step;
}

cld_step *cld_step_gemm(cld_steps *steps, const cld_gemm_args *args, cld_buf a, int64_t a_offset, cld_buf b,
                        int64_t b_offset, cld_buf c, int64_t c_offset) {
    cld_step *step = begin(steps, CLD_STEP_GEMM);
    step->u.gemm = *args;
    cld_step_buf(steps, step, a, args->dtype, CLD_READ, a_offset);
    cld_step_buf(steps, step, b, args->dtype, CLD_READ, b_offset);
    cld_step_buf(steps, step, c, args->dtype, args->beta == 0 ? CLD_WRITE : CLD_READ_WRITE, c_offset);
    step->flops = 2.0 * (double)args->m * (double)args->n * (double)args->k * (double)args->batch;
    return step;
}

cld_step *cld_step_convgemm(cld_steps *steps, const cld_convgemm_args *args, cld_buf image, cld_buf filter,
                            cld_buf out) {
    cld_step *step = begin(steps, CLD_STEP_CONVGEMM);
    step->u.conv = *args;
    cld_step_in(steps, step, image, args->dtype);
    cld_step_in(steps, step, filter, args->dtype);
    cld_step_out(steps, step, out, args->dtype);
    return step;
}

cld_blas_set *cld_step_blas_set(cld_steps *steps, const char *kernel, cld_blas_way way) {
    cld_blas_set *set = cld_arena_calloc(steps->arena, 1, sizeof *set);
    if (!set) {
        steps->failed = true;
        set = &steps->spare_set;
    }
    *set = (cld_blas_set){ .kernel = kernel, .way = way };
    return set;
}

cld_step *cld_step_copy(cld_steps *steps, cld_buf out, size_t out_offset_bytes, cld_buf in, size_t in_offset_bytes,
                        size_t bytes) {
    cld_step *step = begin(steps, CLD_STEP_COPY);
    step->u.copy_bytes = bytes;
    step->bytes = 2.0 * (double)bytes;
    cld_step_buf(steps, step, out, CLADE_UINT8, CLD_WRITE, (int64_t)out_offset_bytes);
    cld_step_buf(steps, step, in, CLADE_UINT8, CLD_READ, (int64_t)in_offset_bytes);
    return step;
}

cld_step *cld_step_fill(cld_steps *steps, cld_buf out, const void *pattern, size_t pattern_bytes, size_t bytes) {
    cld_step *step = begin(steps, CLD_STEP_FILL);
    step->u.fill.pattern_bytes = CLD_MIN(pattern_bytes, sizeof step->u.fill.pattern);
    memcpy(step->u.fill.pattern, pattern, step->u.fill.pattern_bytes);
    step->u.fill.bytes = bytes;
    step->bytes = (double)bytes;
    cld_step_out(steps, step, out, CLADE_UINT8);
    return step;
}

/* ---- defines ---------------------------------------------------------------------------------------------------- */

static void define(cld_steps *steps, cld_step *step, const char *name, const char *text) {
    if (cld_arena_grow(steps->arena, (void **)&step->defines, &step->cap_defines, step->n_defines + 1,
                       sizeof *step->defines))
        step->defines[step->n_defines++] = (cld_define){ name, text };
    else
        steps->failed = true;
}

void cld_step_define(cld_steps *steps, cld_step *step, const char *name, const char *format, ...) {
    cld_text text = { 0 };
    va_list args;
    va_start(args, format);
    cld_text_vprintf(&text, format, args);
    va_end(args);
    steps->failed |= text.failed;
    define(steps, step, keep(steps, name), keep(steps, text.data ? text.data : ""));
    cld_text_free(&text);
}

void cld_step_define_dtype(cld_steps *steps, cld_step *step, const char *name, clade_dtype dtype) {
    const char *half = dtype == CLADE_FLOAT16 ? "_HALF" : "";
    const struct {
        const char *suffix, *text, *variant;
    } macros[] = { { "", cld_kern_type(dtype), "" },
                   { "_STORE", cld_kern_storage(dtype), "" },
                   { "_RING", cld_kern_ring(dtype), "" },
                   { "_LOAD", "CLADE_LOAD", half },
                   { "_SAVE", "CLADE_SAVE", half } };
    for (size_t i = 0; i < CLD_COUNT(macros); i++) {
        char full[64];
        snprintf(full, sizeof full, "%s%s", name, macros[i].suffix);
        cld_step_define(steps, step, full, "%s%s", macros[i].text, macros[i].variant);
    }
}

/* ---- arguments -------------------------------------------------------------------------------------------------- */

static void argument(cld_steps *steps, cld_step *step, const cld_arg *arg) {
    if (cld_arena_grow(steps->arena, (void **)&step->args, &step->cap_args, step->n_args + 1, sizeof *arg))
        step->args[step->n_args++] = *arg;
    else
        steps->failed = true;
}

void cld_step_buf(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype, cld_access access, int64_t offset) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_BUF, .u.buf = { buf, access, clade_dtype_size(dtype), offset } });
}

void cld_step_out(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype) {
    cld_step_buf(steps, step, buf, dtype, CLD_WRITE, 0);
}

void cld_step_in(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype) {
    cld_step_buf(steps, step, buf, dtype, CLD_READ, 0);
}

void cld_step_int(cld_steps *steps, cld_step *step, int32_t value) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_INT, .u.i = value });
}

void cld_step_ints(cld_steps *steps, cld_step *step, int32_t count, const int64_t *values) {
    for (int32_t i = 0; i < count; i++)
        cld_step_int(steps, step, (int32_t)values[i]);
}

void cld_step_long(cld_steps *steps, cld_step *step, int64_t value) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_LONG, .u.i = value });
}

void cld_step_float(cld_steps *steps, cld_step *step, float value) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_FLOAT, .u.f = (double)value });
}

void cld_step_double(cld_steps *steps, cld_step *step, double value) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_DOUBLE, .u.f = value });
}

void cld_step_real(cld_steps *steps, cld_step *step, clade_dtype dtype, double value) {
    if (dtype == CLADE_FLOAT64)
        cld_step_double(steps, step, value);
    else
        cld_step_float(steps, step, (float)value);
}

void cld_step_local(cld_steps *steps, cld_step *step, size_t bytes) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_LOCAL, .u.local_bytes = bytes });
}

void cld_step_fault(cld_steps *steps, cld_step *step, const char *what) {
    argument(steps, step, &(cld_arg){ .kind = CLD_ARG_FAULT, .u.fault = steps->unchecked ? NULL : what });
}

const char *cld_step_checks(const cld_step *step) {
    for (int32_t a = 0; a < step->n_args; a++)
        if (step->args[a].kind == CLD_ARG_FAULT)
            return step->args[a].u.fault;
    return NULL;
}

/* ---- launch shape ----------------------------------------------------------------------------------------------- */

void cld_step_size(cld_step *step, size_t global0, size_t global1, size_t global2, size_t local0, size_t local1,
                   size_t local2) {
    const size_t global[3] = { global0, global1, global2 }, local[3] = { local0, local1, local2 };
    step->work_dim = 1;
    for (uint32_t d = 0; d < 3; d++) {
        size_t group = local0 ? CLD_MAX(local[d], (size_t)1) : 1;
        step->local[d] = local0 ? group : 0;
        step->global[d] = (global[d] / group + (global[d] % group != 0)) * group;
        if (step->global[d] != 1)
            step->work_dim = d + 1;
    }
}

/* ---- scratch buffers -------------------------------------------------------------------------------------------- */

static cld_buf scratch(cld_steps *steps, const cld_scratch *wanted) {
    if (!cld_arena_grow(steps->arena, (void **)&steps->scratch, &steps->cap_scratch, steps->n_scratch + 1,
                        sizeof *wanted)) {
        steps->failed = true;
        return (cld_buf){ -1 };
    }
    steps->scratch[steps->n_scratch] = *wanted;
    return (cld_buf){ steps->first_scratch + steps->n_scratch++ };
}

cld_buf cld_step_scratch(cld_steps *steps, size_t bytes) {
    return scratch(steps, &(cld_scratch){ .bytes = bytes, .source = -1 });
}

cld_buf cld_step_packed(cld_steps *steps, size_t bytes, cld_buf source, const char *key) {
    const cld_scratch *from = source.i < steps->first_scratch ? NULL : &steps->scratch[source.i - steps->first_scratch];
    char *both = from ? cld_arena_printf(steps->arena, "%s > %s", from->key, key) : NULL;
    steps->failed |= from && !both;
    return scratch(steps, &(cld_scratch){ .bytes = bytes,
                                          .once = true,
                                          .key = from ? (both ? both : "") : keep(steps, key),
                                          .source = from ? from->source : source.i });
}
