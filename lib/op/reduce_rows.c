/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the reductions: launches of cl/reduce.cl. Sums have a fixed order in every row. */
#include "op/reduce.h"

#define REDUCE(symbol, dtypes, start, each, combine, finish, doc) { #symbol, #start, #each, #combine, #finish },
static const struct {
    const char *name, *start, *each, *combine, *finish;
} texts[] = {
#include "op/reduce.def"
};

/* LEAST and GREATEST of each element type. */
static const char *const ranges[][2] = {
    [CLADE_FLOAT32] = { "-INFINITY", "INFINITY" }, [CLADE_FLOAT16] = { "-INFINITY", "INFINITY" },
    [CLADE_FLOAT64] = { "-INFINITY", "INFINITY" }, [CLADE_INT8] = { "CHAR_MIN", "CHAR_MAX" },
    [CLADE_INT16] = { "SHRT_MIN", "SHRT_MAX" },    [CLADE_INT32] = { "INT_MIN", "INT_MAX" },
    [CLADE_INT64] = { "LONG_MIN", "LONG_MAX" },    [CLADE_UINT8] = { "0", "UCHAR_MAX" },
    [CLADE_UINT16] = { "0", "USHRT_MAX" },         [CLADE_UINT32] = { "0", "UINT_MAX" },
    [CLADE_UINT64] = { "0", "ULONG_MAX" },         [CLADE_BOOL] = { "0", "1" },
};

const void *cld_reduce_read(const cld_emit *emit) {
    cld_call copy = *emit->call;
    uint32_t mask = 0;
    bool nothing;
    cld_reduction *g = cld_arena_alloc(emit->steps->arena, sizeof *g);
    if (g && cld_reduce_axes(&copy, &mask, &nothing, NULL) == CLADE_OK)
        *g = cld_reduction_of(&copy.in[0], mask);
    return g;
}

static bool wide_applicable(const cld_call *call, const cld_caps *caps) {
    return cld_on_cpu(call, caps) && cld_dtype_in(call->in[0].dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16));
}

static bool along_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_reduction *g = call->problem;
    return wide_applicable(call, caps) && g->reduced_s[3] == 1 && g->reduced_n[3] >= 16;
}

static bool across_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_reduction *g = call->problem;
    return wide_applicable(call, caps) && g->kept_s[3] == 1 && g->kept_n[3] >= 16;
}

static void write_defines(const cld_emit *emit, cld_step *step) {
    clade_dtype dtype = emit->call->in[0].dtype;
    bool is_float = cld_dtype_in(dtype, CLD_FLOATS);
    size_t f = 0;
    while (strcmp(texts[f].name, emit->call->node->type) != 0)
        f++;
    cld_step_define_dtype(emit->steps, step, "T", dtype);
    cld_step_define(emit->steps, step, "ACC", "%s",
                    is_float                          ? cld_kern_type(dtype)
                    : cld_dtype_in(dtype, CLD_SIGNED) ? "long"
                                                      : "ulong");
    cld_step_define(emit->steps, step, "LEAST", "%s", ranges[dtype][0]);
    cld_step_define(emit->steps, step, "GREATEST", "%s", ranges[dtype][1]);
    cld_step_define(emit->steps, step, "START", "%s", texts[f].start);
    cld_step_define(emit->steps, step, "EACH(x)", "%s", texts[f].each);
    cld_step_define(emit->steps, step, "COMBINE(a, b)", "%s", texts[f].combine);
    cld_step_define(emit->steps, step, "FINISH(a, n)", "%s", texts[f].finish);
    if (is_float)
        cld_step_define(emit->steps, step, "IS_FLOAT", "1");
    if (dtype == CLADE_FLOAT16)
        cld_step_define(emit->steps, step, "HALF", "1");
}

/* The arguments up to per_item and after it; per_item depends on the launch. */
static cld_step *start(const cld_emit *emit, const char *entry, const cld_reduction *g, int64_t per_item) {
    const cld_call *call = emit->call;
    cld_step *step = cld_step_kernel(emit->steps, "reduce", entry);
    int64_t run = CLD_MAX(g->reduced_n[3], 1);
    write_defines(emit, step);
    cld_step_out(emit->steps, step, emit->out[0], call->out[0].dtype);
    cld_step_in(emit->steps, step, emit->in[0], call->in[0].dtype);
    const int64_t sizes[] = { g->lines.count,  g->lines.n,      per_item,         g->kept_n[1],
                              g->kept_n[2],    g->kept_n[3],    g->kept_s[0],     g->kept_s[1],
                              g->kept_s[2],    g->kept_s[3],    g->lines.n / run, run,
                              g->reduced_s[3], g->reduced_n[1], g->reduced_n[2],  g->reduced_s[0],
                              g->reduced_s[1], g->reduced_s[2] };
    for (size_t k = 0; k < CLD_COUNT(sizes); k++)
        cld_step_int(emit->steps, step, (int32_t)sizes[k]);
    step->bytes = (double)cld_type_bytes(&call->in[0]) + (double)cld_type_bytes(&call->out[0]);
    step->flops = (double)(g->lines.count * g->lines.n);
    return step;
}

static clade_status emit_items(const cld_emit *emit, const char *entry, int64_t units, int64_t unit_elements) {
    if (units == 0)
        return CLADE_OK;
    int64_t per_item = cld_per_item(emit->caps, units, unit_elements, 4096);
    cld_step *step = start(emit, entry, emit->call->problem, per_item);
    if (strcmp(entry, "each") != 0)
        cld_step_define(emit->steps, step, "WIDE", "1");
    cld_step_size(step, (size_t)cld_parts(units, per_item), 1, 1, cld_group(emit->caps, 64), 1, 1);
    return CLADE_OK;
}

static clade_status emit_along(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_lines *lines = emit->call->problem;
    return emit_items(emit, "along", lines->count, lines->n);
}

static clade_status emit_across(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_reduction *g = emit->call->problem;
    return emit_items(emit, "across", g->lines.count / CLD_MAX(g->kept_n[3], 1) * cld_parts(g->kept_n[3], 16),
                      16 * g->lines.n);
}

static clade_status emit_each(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_lines *lines = emit->call->problem;
    return emit_items(emit, "each", lines->count, lines->n);
}

static clade_status emit_group(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_reduction *g = emit->call->problem;
    const size_t lanes = (size_t)emit->value[0];
    if (g->lines.count == 0)
        return CLADE_OK;
    cld_step *step = start(emit, "group", g, 1);
    cld_step_local(emit->steps, step, lanes * CLD_LINE_ACC_BYTES);
    cld_step_size(step, (size_t)g->lines.count * lanes, 1, 1, lanes, 1, 1);
    return CLADE_OK;
}

const cld_impl cld_reduce_impls[] = {
    { .name = "along", .applicable = along_applicable, .emit = emit_along },
    { .name = "across", .applicable = across_applicable, .emit = emit_across },
    { .name = "each", .applicable = cld_on_cpu, .emit = emit_each },
    { .name = "group", .applicable = cld_line_group_applicable, .emit = emit_group, .space = &cld_line_group_space },
    { .name = "reference", .emit = emit_each },
    { 0 },
};
