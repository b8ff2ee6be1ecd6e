/* SPDX-License-Identifier: Apache-2.0 */
/* Inside op: operators that work along lines of elements: softmax, normalisations, reductions, running sums, extremes.
 *
 * Each reads its call as lines once (cld_op.read), the problem of its rows. The rows are here, for all of them: which
 * lines they are for, and how these are cut into work-items and groups. An operator says what its kernels take, and
 * lists the rows it has kernels for. The kernels share cl/lines.clh.
 */
#ifndef CLD_OP_LINES_H
#define CLD_OP_LINES_H

#include "op/core/launch.h"

/* The kernels of a family of operators; their entries are named as the rows are. */
typedef struct cld_line_kernels {
    const char *family;  /* cl/<family>.cl */
    int32_t least;       /* elements that are worth a work-item of a CPU */
    int32_t flops;       /* of an element */
    int32_t local_bytes; /* of each work-item, where a group makes a line; 0: it has no such row */
    /* Defines but T, and arguments but the last ones: units of a work-item, local memory. */
    void (*write)(const cld_emit *emit, cld_step *step);
} cld_line_kernels;

/* What a problem of lines begins with. */
typedef struct cld_lines {
    const cld_line_kernels *kernels;
    int64_t count, n; /* lines; elements of each */
    int64_t run;      /* elements of a line that lie side by side; 1: none do */
    int64_t inner;    /* lines that lie side by side, element by element; 1: none do */
} cld_lines;

/* The lines along an axis, [count / inner, n, inner]: a line's elements are `inner` apart. */
cld_lines cld_lines_along(const cld_line_kernels *kernels, const cld_type *type, int32_t axis);
/* Where element i of such a line is, of n. */
static inline int64_t cld_line_place(int64_t line, int64_t n, int64_t inner, int64_t i) {
    return (line / inner * n + i) * inner + line % inner;
}
/* cld_op.read by a function that infer and eval use too: `size` bytes of problem. */
const void *cld_lines_read(const cld_emit *emit, size_t size,
                           clade_status (*read)(cld_call *call, void *problem, clade_error *err));
void cld_lines_describe(const cld_call *call, cld_problem *out);
/* LINES (cl/lines.clh); the same behind output 0 and input 0. */
void cld_step_lines(const cld_emit *emit, cld_step *step);
void cld_step_lines_through(const cld_emit *emit, cld_step *step);

/* Groups that make `columns` neighbouring lines each. */
static inline int64_t cld_lines_groups(const cld_lines *lines, int64_t columns) {
    return lines->count / lines->inner * cld_parts(lines->inner, columns);
}

bool cld_lines_along_applicable(const cld_call *call, const cld_caps *caps);
bool cld_lines_across_applicable(const cld_call *call, const cld_caps *caps);
bool cld_lines_columns_applicable(const cld_call *call, const cld_caps *caps);
bool cld_lines_group_applicable(const cld_call *call, const cld_caps *caps);
clade_status cld_lines_emit_along(const cld_emit *emit, clade_error *err);
clade_status cld_lines_emit_across(const cld_emit *emit, clade_error *err);
clade_status cld_lines_emit_each(const cld_emit *emit, clade_error *err);
clade_status cld_lines_emit_abreast(const cld_emit *emit, clade_error *err);
clade_status cld_lines_emit_columns(const cld_emit *emit, clade_error *err);
clade_status cld_lines_emit_group(const cld_emit *emit, clade_error *err);
extern const cld_space cld_lines_columns_space, cld_lines_group_space;

/* For CPUs: 16 neighbouring elements of a line at a time; 16 neighbouring lines; a line. */
#define CLD_LINES_ALONG                                                                                                \
    { .name = "along", .needs = CLD_NEEDS_CPU, .applicable = cld_lines_along_applicable, .emit = cld_lines_emit_along }
#define CLD_LINES_ACROSS                                                                                               \
    {                                                                                                                  \
        .name = "across", .needs = CLD_NEEDS_CPU, .applicable = cld_lines_across_applicable,                           \
        .emit = cld_lines_emit_across                                                                                  \
    }
#define CLD_LINES_EACH                                                                                                 \
    { .name = "each", .needs = CLD_NEEDS_CPU, .emit = cld_lines_emit_each }
/* For GPUs: a group makes neighbouring lines, so that what its work-items read together is together; a line. Entry
 * "group". */
#define CLD_LINES_COLUMNS                                                                                              \
    {                                                                                                                  \
        .name = "columns", .applicable = cld_lines_columns_applicable, .emit = cld_lines_emit_columns,                 \
        .space = &cld_lines_columns_space                                                                              \
    }
#define CLD_LINES_GROUP                                                                                                \
    {                                                                                                                  \
        .name = "group", .applicable = cld_lines_group_applicable, .emit = cld_lines_emit_group,                       \
        .space = &cld_lines_group_space                                                                                \
    }
/* On any device: a group goes through neighbouring lines in step, which CPUs' compilers make vectors of; entry "each".
 */
#define CLD_LINES_ABREAST                                                                                              \
    { .name = "abreast", .emit = cld_lines_emit_abreast }
#define CLD_LINES_REFERENCE                                                                                            \
    { .name = "reference", .emit = cld_lines_emit_each }

#endif
