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

static void write(const cld_emit *emit, cld_step *step) {
    const cld_call *call = emit->call;
    const cld_reduction *g = call->problem;
    int64_t run = CLD_MAX(g->reduced_n[3], 1);
    write_defines(emit, step);
    cld_step_out(emit->steps, step, emit->out[0], call->out[0].dtype);
    cld_step_in(emit->steps, step, emit->in[0], call->in[0].dtype);
    const int64_t sizes[] = { g->lines.count,
                              g->lines.n,
                              g->kept_n[1],
                              g->kept_n[2],
                              g->kept_n[3],
                              g->kept_s[0],
                              g->kept_s[1],
                              g->kept_s[2],
                              g->kept_s[3],
                              g->lines.n / run,
                              run,
                              g->reduced_s[3],
                              g->reduced_n[1],
                              g->reduced_n[2],
                              g->reduced_s[0],
                              g->reduced_s[1],
                              g->reduced_s[2] };
    cld_step_ints(emit->steps, step, CLD_COUNT(sizes), sizes);
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

const cld_impl cld_reduce_impls[] = {
    CLD_LINES_ALONG, CLD_LINES_ACROSS, CLD_LINES_EACH, CLD_LINES_COLUMNS, CLD_LINES_GROUP, CLD_LINES_REFERENCE, { 0 },
};
