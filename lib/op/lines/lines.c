/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, and the rows that all operators on lines share: see lines.h. */
#include "op/lines/lines.h"

enum { VECTOR = 16, LEAST_LANES = 32, MOST_LANES = 256, LEAST_COLUMNS = 8, MOST_COLUMNS = 32 };

/* ---- the problem ------------------------------------------------------------------------------------------------- */

cld_lines cld_lines_along(const cld_line_kernels *kernels, const cld_type *type, int32_t axis) {
    int64_t inner = cld_type_span(type, axis + 1, type->rank), n = type->dims[axis];
    return (cld_lines){ kernels, cld_type_span(type, 0, axis) * inner, n, inner == 1 ? n : 1, inner };
}

const void *cld_lines_read(const cld_emit *emit, size_t size,
                           clade_status (*read)(cld_call *call, void *problem, clade_error *err)) {
    cld_call call = *emit->call;
    void *problem = cld_arena_alloc(emit->steps->arena, size);
    return problem && read(&call, problem, NULL) == CLADE_OK ? problem : NULL;
}

void cld_lines_describe(const cld_call *call, cld_problem *out) {
    const cld_lines *lines = call->problem;
    *out = (cld_problem){ .kind = call->node->op->name, .dtype = call->in[0].dtype };
    cld_problem_add(out, 4, (int64_t[]){ lines->count, lines->n, lines->run, lines->inner });
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

void cld_step_lines(const cld_emit *emit, cld_step *step) {
    const cld_lines *lines = emit->call->problem;
    cld_step_ints(emit->steps, step, 3, (int64_t[]){ lines->count, lines->n, lines->inner });
}

void cld_step_lines_through(const cld_emit *emit, cld_step *step) {
    cld_step_out(emit->steps, step, emit->out[0], emit->call->out[0].dtype);
    cld_step_in(emit->steps, step, emit->in[0], emit->call->in[0].dtype);
    cld_step_lines(emit, step);
}

static bool is_nothing(const cld_emit *emit) { return cld_type_count(&emit->call->out[0]) == 0; }

static cld_step *start(const cld_emit *emit, const char *entry, int64_t per_item) {
    const cld_call *call = emit->call;
    const cld_lines *lines = call->problem;
    cld_step *step = cld_step_kernel(emit->steps, lines->kernels->family, entry);
    cld_step_define_dtype(emit->steps, step, "T", call->in[0].dtype);
    step->bytes = (double)cld_type_bytes(&call->in[0]) + (double)cld_type_bytes(&call->out[0]);
    step->flops = (double)lines->kernels->flops * (double)lines->count * (double)lines->n;
    lines->kernels->write(emit, step);
    cld_step_int(emit->steps, step, (int32_t)per_item);
    return step;
}

/* `units` of so many lines. */
static cld_step *items(const cld_emit *emit, const char *entry, int64_t units, int64_t lines_each) {
    const cld_lines *lines = emit->call->problem;
    int64_t per_item = cld_per_item(emit->caps, units, lines_each * lines->n, lines->kernels->least);
    cld_step *step = start(emit, entry, per_item);
    cld_step_size(step, (size_t)cld_parts(units, per_item), 1, 1, cld_group(emit->caps, 64), 1, 1);
    return step;
}

clade_status cld_lines_emit_each(const cld_emit *emit, clade_error *err) {
    (void)err;
    if (!is_nothing(emit))
        items(emit, "each", ((const cld_lines *)emit->call->problem)->count, 1);
    return CLADE_OK;
}

clade_status cld_lines_emit_abreast(const cld_emit *emit, clade_error *err) {
    (void)err;
    int64_t count = ((const cld_lines *)emit->call->problem)->count;
    if (!is_nothing(emit))
        cld_step_size(start(emit, "abreast", 1), (size_t)count, 1, 1, cld_long_group(emit->caps, count), 1, 1);
    return CLADE_OK;
}

/* ---- rows for CPUs: in vectors ----------------------------------------------------------------------------------- */

static bool in_vectors(const cld_call *call) {
    return cld_dtype_in(call->in[0].dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16));
}

bool cld_lines_along_applicable(const cld_call *call, const cld_caps *caps) {
    (void)caps;
    return in_vectors(call) && ((const cld_lines *)call->problem)->run >= VECTOR;
}

bool cld_lines_across_applicable(const cld_call *call, const cld_caps *caps) {
    (void)caps;
    return in_vectors(call) && ((const cld_lines *)call->problem)->inner >= VECTOR;
}

static clade_status emit_wide(const cld_emit *emit, const char *entry, int64_t units, int64_t lines_each) {
    if (!is_nothing(emit))
        cld_step_define(emit->steps, items(emit, entry, units, lines_each), "WIDE", "1");
    return CLADE_OK;
}

clade_status cld_lines_emit_along(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_wide(emit, "along", ((const cld_lines *)emit->call->problem)->count, 1);
}

clade_status cld_lines_emit_across(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_lines *lines = emit->call->problem;
    return emit_wide(emit, "across", lines->count / lines->inner * cld_parts(lines->inner, VECTOR), VECTOR);
}

/* ---- rows for GPUs: a group makes a line, or some that are neighbours ---------------------------------------------
 */

bool cld_lines_group_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_lines *lines = call->problem;
    return caps->max_group >= LEAST_LANES && lines->n >= LEAST_LANES;
}

bool cld_lines_columns_applicable(const cld_call *call, const cld_caps *caps) {
    return cld_lines_group_applicable(call, caps) && ((const cld_lines *)call->problem)->inner >= LEAST_COLUMNS;
}

static clade_status emit_group(const cld_emit *emit, size_t lanes, int64_t columns) {
    const cld_lines *lines = emit->call->problem;
    if (is_nothing(emit))
        return CLADE_OK;
    cld_step *step = start(emit, "group", columns);
    cld_step_local(emit->steps, step, lanes * (size_t)lines->kernels->local_bytes);
    cld_step_size(step, (size_t)cld_lines_groups(lines, columns) * lanes, 1, 1, lanes, 1, 1);
    return CLADE_OK;
}

clade_status cld_lines_emit_group(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_group(emit, (size_t)emit->value[0], 1);
}

clade_status cld_lines_emit_columns(const cld_emit *emit, clade_error *err) {
    (void)err;
    return emit_group(emit, (size_t)emit->value[0], emit->value[1]);
}

static const cld_param columns_params[] = { { "group", { 32, 64, 128, 256 } }, { "columns", { 8, 16, 32 } }, { 0 } };
static const cld_param group_params[] = { { "group", { 32, 64, 128, 256 } }, { 0 } };

/* As many work-items as there are elements, in doublings of `least`. */
static int32_t usual_lanes(const cld_caps *caps, int32_t least, int64_t elements) {
    int32_t lanes = least;
    while (2 * (size_t)lanes <= CLD_MIN((size_t)MOST_LANES, caps->max_group) && lanes < elements)
        lanes *= 2;
    return lanes;
}

static void group_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    value[0] = usual_lanes(caps, LEAST_LANES, ((const cld_lines *)call->problem)->n);
}

static void columns_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    const cld_lines *lines = call->problem;
    value[1] = LEAST_COLUMNS;
    while (value[1] < MOST_COLUMNS && value[1] < lines->inner)
        value[1] *= 2;
    value[0] = usual_lanes(caps, LEAST_LANES, lines->n * value[1]);
}

static bool is_power(int32_t value) { return value > 0 && (value & (value - 1)) == 0; }

/* The kernels halve it. */
static bool group_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_lines *lines = call->problem;
    return is_power(value[0]) && (size_t)value[0] <= caps->max_group &&
           (size_t)value[0] * (size_t)lines->kernels->local_bytes <= caps->local_bytes;
}

static bool columns_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    return group_valid(call, caps, value) && is_power(value[1]) && value[1] <= value[0];
}

const cld_space cld_lines_columns_space = { columns_params, columns_usual, columns_valid };
const cld_space cld_lines_group_space = { group_params, group_usual, group_valid };
