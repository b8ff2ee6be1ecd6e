/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of TopK, launches of cl/topk.cl: counting the elements before each one for short lines, keeping the best of
 * parts where k is small, else a merge sort of indices.
 */
#include "op/lines/topk.h"

enum { SHORT_CPU = 128, SHORT_GPU = 2048 }; /* lines for which n comparisons an element beat a sort */

static bool is_nothing(const cld_topk *of) { return of->lines.count == 0 || of->k == 0; }

static cld_step *begin(const cld_emit *emit, const char *entry, int64_t items) {
    const cld_topk *of = emit->call->problem;
    cld_step *step = cld_step_kernel(emit->steps, "topk", entry);
    cld_step_define_dtype(emit->steps, step, "T", emit->call->in[0].dtype);
    cld_step_define(emit->steps, step, "REAL", "%d", cld_dtype_in(emit->call->in[0].dtype, CLD_FLOATS));
    cld_step_define(emit->steps, step, "LARGEST", "%d", of->largest);
    cld_step_size(step, (size_t)items, (size_t)of->lines.count, 1,
                  CLD_MIN(CLD_MIN((size_t)items, 64), emit->caps->max_group), 1, 1);
    return step;
}

/* The last arguments: lines, and what else the kernel counts to. */
static void sizes(const cld_emit *emit, cld_step *step, int64_t last) {
    cld_step_lines(emit, step);
    cld_step_int(emit->steps, step, (int32_t)last);
}

/* The outputs; indices that are not used get a scratch buffer, so that kernels need no case for them. */
static void outputs(const cld_emit *emit, cld_step *step) {
    const cld_topk *of = emit->call->problem;
    size_t bytes = (size_t)(of->lines.count * of->k) * sizeof(int64_t);
    bool wanted = cld_call_wants(emit->call, CLD_TOPK_INDICES);
    cld_step_out(emit->steps, step, emit->out[CLD_TOPK_VALUES], emit->call->in[0].dtype);
    cld_step_out(emit->steps, step, wanted ? emit->out[CLD_TOPK_INDICES] : cld_step_scratch(emit->steps, bytes),
                 CLADE_INT64);
}

static bool is_short(const cld_call *call, const cld_caps *caps) {
    return ((const cld_lines *)call->problem)->n <= (caps->is_cpu ? SHORT_CPU : SHORT_GPU);
}

static clade_status emit_rank(const cld_emit *emit, clade_error *err) {
    const cld_topk *of = emit->call->problem;
    (void)err;
    if (is_nothing(of))
        return CLADE_OK;
    cld_step *step = begin(emit, "topk_rank", of->lines.n);
    outputs(emit, step);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    sizes(emit, step, of->k);
    return CLADE_OK;
}

/* The first of `row` indices a line, in order. */
static void take(const cld_emit *emit, cld_buf sorted, int64_t row) {
    const cld_topk *of = emit->call->problem;
    cld_step *step = begin(emit, "topk_take", of->k);
    outputs(emit, step);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    cld_step_in(emit->steps, step, sorted, CLADE_INT32);
    sizes(emit, step, of->k);
    cld_step_int(emit->steps, step, (int32_t)row);
}

static bool is_selective(const cld_call *call, const cld_caps *caps) {
    enum { MOST_CPU = 128, MOST_GPU = 16, LEAST_RATIO = 8 }; /* k, which is inserted into; n / k */
    const cld_topk *of = call->problem;
    return of->k <= (caps->is_cpu ? MOST_CPU : MOST_GPU) && of->lines.n >= LEAST_RATIO * of->k;
}

/* Of `count` candidates each line in `from`, absent: the elements. Returns where those kept are. */
static cld_buf keep(const cld_emit *emit, cld_buf from, int64_t count, int64_t parts) {
    const cld_topk *of = emit->call->problem;
    cld_buf to = cld_step_scratch(emit->steps, (size_t)(of->lines.count * parts * of->k) * sizeof(int32_t));
    cld_step *step = begin(emit, "topk_keep", parts);
    cld_step_define(emit->steps, step, "AGAIN", "%d", from.i >= 0);
    cld_step_out(emit->steps, step, to, CLADE_INT32);
    cld_step_in(emit->steps, step, from, CLADE_INT32);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    sizes(emit, step, of->k);
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ count, parts, cld_item_stride(emit->caps, parts) });
    cld_step_size(step, (size_t)parts, (size_t)of->lines.count, 1, cld_group(emit->caps, 64), 1, 1);
    return to;
}

/* The best of parts, and again of what these kept. */
static clade_status emit_select(const cld_emit *emit, clade_error *err) {
    const cld_topk *of = emit->call->problem;
    (void)err;
    if (is_nothing(of))
        return CLADE_OK;
    cld_buf kept = { -1 };
    int64_t count = of->lines.n, parts;
    do { /* a part looks at four candidates at least for each that it keeps */
        int64_t wanted = cld_parts(cld_fill_items(emit->caps), of->lines.count);
        parts = CLD_MAX(CLD_MIN(wanted, count / (4 * of->k)), 1);
        kept = keep(emit, kept, count, parts);
        count = parts * of->k;
    } while (parts > 1);
    take(emit, kept, of->k);
    return CLADE_OK;
}

/* Sorts the indices of each line. Returns where they are. */
static cld_buf sort(const cld_emit *emit, const cld_topk *of) {
    cld_steps *steps = emit->steps;
    size_t bytes = (size_t)(of->lines.count * of->lines.n) * sizeof(int32_t);
    cld_buf order[2] = { cld_step_scratch(steps, bytes), cld_step_scratch(steps, bytes) };
    int64_t width = 1;
    int now = 0;
    do { /* at least once: the first pass writes the indices */
        cld_step *step = begin(emit, "topk_merge", of->lines.n);
        cld_step_out(steps, step, order[!now], CLADE_INT32);
        cld_step_in(steps, step, order[now], CLADE_INT32);
        cld_step_in(steps, step, emit->in[0], emit->call->in[0].dtype);
        sizes(emit, step, width);
        now = !now;
        width *= 2;
    } while (width < of->lines.n);
    return order[now];
}

static clade_status emit_merge(const cld_emit *emit, clade_error *err) {
    const cld_topk *of = emit->call->problem;
    if (is_nothing(of))
        return CLADE_OK;
    if (of->lines.n > INT32_MAX / 4) /* the kernel counts to the end of two runs */
        return cld_call_fail(emit->call, err, CLADE_ERR_LIMIT, "lines of %lld elements", (long long)of->lines.n);
    take(emit, sort(emit, of), of->lines.n);
    return CLADE_OK;
}

const cld_impl cld_topk_impls[] = { { .name = "rank", .applicable = is_short, .emit = emit_rank },
                                    { .name = "select", .applicable = is_selective, .emit = emit_select },
                                    { .name = "merge", .emit = emit_merge },
                                    { 0 } };
