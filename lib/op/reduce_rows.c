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

static cld_reduction geometry(const cld_call *call) {
    cld_call copy = *call;
    uint32_t mask = 0;
    bool nothing;
    return cld_reduce_axes(&copy, &mask, &nothing, NULL) == CLADE_OK ? cld_reduction_of(&call->in[0], mask)
                                                                     : (cld_reduction){ 0 };
}

static bool wide_applicable(const cld_call *call, const cld_caps *caps) {
    return caps->is_cpu && cld_dtype_in(call->in[0].dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16));
}

static bool along_applicable(const cld_call *call, const cld_caps *caps) {
    cld_reduction g = geometry(call);
    return wide_applicable(call, caps) && g.reduced_s[3] == 1 && g.reduced_n[3] >= 16;
}

static bool across_applicable(const cld_call *call, const cld_caps *caps) {
    cld_reduction g = geometry(call);
    return wide_applicable(call, caps) && g.kept_s[3] == 1 && g.kept_n[3] >= 16;
}

static bool cpu_applicable(const cld_call *call, const cld_caps *caps) {
    (void)call;
    return caps->is_cpu;
}

static bool group_applicable(const cld_call *call, const cld_caps *caps) {
    (void)caps;
    return geometry(call).total >= 64;
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
    const int64_t sizes[] = { g->count,        g->total,        per_item,        g->kept_n[1],
                              g->kept_n[2],    g->kept_n[3],    g->kept_s[0],    g->kept_s[1],
                              g->kept_s[2],    g->kept_s[3],    g->total / run,  run,
                              g->reduced_s[3], g->reduced_n[1], g->reduced_n[2], g->reduced_s[0],
                              g->reduced_s[1], g->reduced_s[2] };
    for (size_t k = 0; k < CLD_COUNT(sizes); k++)
        cld_step_int(emit->steps, step, (int32_t)sizes[k]);
    step->bytes = (double)cld_type_bytes(&call->in[0]) + (double)cld_type_bytes(&call->out[0]);
    step->flops = (double)(g->count * g->total);
    return step;
}

/* Units of work for one CPU work-item: few and large. */
static int64_t units_per_item(const cld_caps *caps, int64_t units, int64_t unit_elements) {
    enum { ITEM_ELEMENTS = 4096 };
    if (!caps->is_cpu)
        return 1;
    int64_t items = CLD_MIN(units, 4 * (int64_t)caps->compute_units);
    return CLD_MAX((units + items - 1) / CLD_MAX(items, 1), ITEM_ELEMENTS / CLD_MAX(unit_elements, 1));
}

static clade_status emit_items(const cld_emit *emit, const char *entry, const cld_reduction *g, int64_t units,
                               int64_t unit_elements) {
    int64_t per_item = CLD_MAX(units_per_item(emit->caps, units, unit_elements), 1);
    cld_step *step = start(emit, entry, g, per_item);
    if (strcmp(entry, "each") != 0)
        cld_step_define(emit->steps, step, "WIDE", "1");
    cld_step_size(step, (size_t)((units + per_item - 1) / per_item), 1, 1,
                  emit->caps->is_cpu ? 1 : CLD_MIN((size_t)64, emit->caps->max_group), 1, 1);
    return CLADE_OK;
}

static clade_status emit_along(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_reduction g = geometry(emit->call);
    return g.count == 0 ? CLADE_OK : emit_items(emit, "along", &g, g.count, g.total);
}

static clade_status emit_across(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_reduction g = geometry(emit->call);
    return g.count == 0
               ? CLADE_OK
               : emit_items(emit, "across", &g, g.count / g.kept_n[3] * ((g.kept_n[3] + 15) / 16), 16 * g.total);
}

static clade_status emit_each(const cld_emit *emit, clade_error *err) {
    (void)err;
    cld_reduction g = geometry(emit->call);
    return g.count == 0 ? CLADE_OK : emit_items(emit, "each", &g, g.count, g.total);
}

static clade_status emit_group(const cld_emit *emit, clade_error *err) {
    enum { GROUP = 256, ACC_BYTES = 8 };
    cld_reduction g = geometry(emit->call);
    size_t lanes = 1;
    (void)err;
    if (g.count == 0)
        return CLADE_OK;
    while (2 * lanes <= CLD_MIN((size_t)GROUP, emit->caps->max_group) && (int64_t)lanes < g.total)
        lanes *= 2;
    cld_step *step = start(emit, "group", &g, 1);
    cld_step_local(emit->steps, step, lanes * ACC_BYTES);
    cld_step_size(step, (size_t)g.count * lanes, 1, 1, lanes, 1, 1);
    return CLADE_OK;
}

const cld_impl cld_reduce_impls[] = {
    { "along", along_applicable, emit_along }, { "across", across_applicable, emit_across },
    { "each", cpu_applicable, emit_each },     { "group", group_applicable, emit_group },
    { "reference", NULL, emit_each },          { 0 },
};
