/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the reductions: launches of cl/reduce.cl. Sums have a fixed order in every row. */
#include "op/lines/reduce.h"

#define REDUCE(symbol, dtypes, start, each, combine, finish, doc) { #symbol, #start, #each, #combine, #finish },
static const struct {
    const char *name, *start, *each, *combine, *finish;
} texts[] = {
#include "op/lines/reduce.def"
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

static void write_defines(const cld_emit *emit, cld_step *step) {
    clade_dtype dtype = emit->call->in[0].dtype;
    bool is_float = cld_dtype_in(dtype, CLD_FLOATS);
    size_t f = 0;
    while (strcmp(texts[f].name, emit->call->node->type) != 0)
        f++;
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
}

static void write_sizes(const cld_emit *emit, cld_step *step) {
    const cld_reduction *g = emit->call->problem;
    const int64_t run = CLD_MAX(g->reduced_n[3], 1);
    cld_step_ints(emit->steps, step, 2, (int64_t[]){ g->lines.count, g->lines.n });
    cld_step_ints(emit->steps, step, 3, g->kept_n + 1);
    cld_step_ints(emit->steps, step, 4, g->kept_s);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ g->lines.n / run, run, g->reduced_s[3] });
    cld_step_ints(emit->steps, step, 2, g->reduced_n + 1);
    cld_step_ints(emit->steps, step, 3, g->reduced_s);
}

static void write(const cld_emit *emit, cld_step *step) {
    write_defines(emit, step);
    cld_step_out(emit->steps, step, emit->out[0], emit->call->out[0].dtype);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    write_sizes(emit, step);
}

static const cld_line_kernels kernels = {
    .family = "reduce", .least = 4096, .flops = 1, .local_bytes = 8, .write = write
};

static clade_status read_reduction(cld_call *call, void *problem, clade_error *err) {
    cld_reduction *g = problem;
    uint32_t mask;
    bool nothing;
    CLD_RETURN(cld_reduce_axes(call, &mask, &nothing, err));
    *g = cld_reduction_of(&call->in[0], mask);
    g->lines.kernels = &kernels;
    g->lines.run = g->reduced_s[3] == 1 ? g->reduced_n[3] : 1;
    g->lines.inner = g->kept_s[3] == 1 ? g->kept_n[3] : 1;
    return CLADE_OK;
}

const void *cld_reduce_read(const cld_emit *emit) {
    return cld_lines_read(emit, sizeof(cld_reduction), read_reduction);
}

/* ---- in two stages: few long lines, each of which groups share --------------------------------------------------- */

enum { LANES, COLUMNS, STAGES }; /* parameters */

static void stages_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    enum { MOST = 256, GROUPS_A_UNIT = 4, LEAST_ELEMENTS = 16 }; /* these of a work-item */
    const cld_lines *lines = call->problem;
    bool together = cld_lines_columns_applicable(call, caps);
    value[COLUMNS] = 1;
    (together ? &cld_lines_columns_space : &cld_lines_group_space)->usual(call, caps, value);
    int64_t groups = CLD_MAX(cld_lines_groups(lines, value[COLUMNS]), 1);
    int64_t wanted = (int64_t)caps->compute_units * GROUPS_A_UNIT / groups;
    int64_t fed = lines->n * value[COLUMNS] / (value[LANES] * LEAST_ELEMENTS);
    value[STAGES] = (int32_t)CLD_MIN(CLD_MIN(wanted, fed), MOST);
}

static bool stages_applicable(const cld_call *call, const cld_caps *caps) {
    int32_t value[CLD_MAX_PARAMS];
    if (((const cld_lines *)call->problem)->count == 0 || !cld_lines_group_applicable(call, caps))
        return false;
    stages_usual(call, caps, value);
    return value[STAGES] > 1;
}

/* Lines that do not lie side by side share no group: the kernel would count them as if they did. */
static bool stages_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_lines *lines = call->problem;
    return cld_lines_columns_space.valid(call, caps, value) &&
           (value[COLUMNS] == 1 || cld_lines_columns_applicable(call, caps)) && value[STAGES] > 0 &&
           value[STAGES] <= lines->n;
}

static const cld_param stages_params[] = { { "group", { 64, 128, 256 } },
                                           { "columns", { 1, 8, 16, 32 } },
                                           { "stages", { 2, 4, 8, 16, 32, 64, 128, 256 } },
                                           { 0 } };
static const cld_space stages_space = { stages_params, stages_usual, stages_valid };

static cld_step *start_stage(const cld_emit *emit, const char *entry) {
    cld_step *step = cld_step_kernel(emit->steps, "reduce", entry);
    cld_step_define_dtype(emit->steps, step, "T", emit->call->in[0].dtype);
    write_defines(emit, step);
    return step;
}

static void end_stage(const cld_emit *emit, cld_step *step, int64_t groups, int64_t stages) {
    const size_t lanes = (size_t)emit->value[LANES];
    cld_step_int(emit->steps, step, emit->value[COLUMNS]);
    cld_step_local(emit->steps, step, lanes * (size_t)kernels.local_bytes);
    cld_step_size(step, (size_t)groups * lanes, (size_t)stages, 1, lanes, 1, 1);
}

static clade_status emit_stages(const cld_emit *emit, clade_error *err) {
    const cld_lines *lines = emit->call->problem;
    const clade_dtype dtype = emit->call->in[0].dtype;
    const clade_dtype acc = dtype == CLADE_FLOAT64            ? dtype
                            : cld_dtype_in(dtype, CLD_FLOATS) ? CLADE_FLOAT32
                                                              : CLADE_INT64;
    const int64_t stages = emit->value[STAGES], columns = emit->value[COLUMNS];
    (void)err;
    if (lines->count == 0)
        return CLADE_OK;
    cld_buf parts = cld_step_scratch(emit->steps, (size_t)(stages * lines->count) * clade_dtype_size(acc));
    cld_step *step = start_stage(emit, "parts");
    cld_step_out(emit->steps, step, parts, acc);
    cld_step_in(emit->steps, step, emit->in[0], dtype);
    write_sizes(emit, step);
    step->bytes = (double)cld_type_bytes(&emit->call->in[0]);
    step->flops = (double)(lines->count * lines->n);
    end_stage(emit, step, cld_lines_groups(lines, columns), stages);
    step = start_stage(emit, "finish");
    cld_step_out(emit->steps, step, emit->out[0], emit->call->out[0].dtype);
    cld_step_in(emit->steps, step, parts, acc);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ lines->count, lines->n, stages });
    end_stage(emit, step, cld_parts(lines->count, columns), 1);
    return CLADE_OK;
}

const cld_impl cld_reduce_impls[] = {
    CLD_LINES_ALONG,
    CLD_LINES_ACROSS,
    CLD_LINES_EACH,
    { .name = "stages", .applicable = stages_applicable, .emit = emit_stages, .space = &stages_space },
    CLD_LINES_COLUMNS,
    CLD_LINES_GROUP,
    CLD_LINES_REFERENCE,
    { 0 },
};
