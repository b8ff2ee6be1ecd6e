/* SPDX-License-Identifier: Apache-2.0 */
/* One small node that every operator takes, with ragged sizes: what tests that loop over the table of operators start
 * from. An operator of the table without one fails those tests by its name.
 */
#ifndef CLADE_TEST_OP_SAMPLES_H
#define CLADE_TEST_OP_SAMPLES_H

#include "op/rig.h"

/* The node of a descriptor, with random material of the rig's; one that this row takes, if rows differ in that (NULL:
 * any). Fails the test when there is none. */
op_node sample_of(op_rig *rig, const cld_op *op, const char *row);
/* Adds it to what the rig runs; what the host gives is wanted. What only the host runs, or becomes other operators,
 * adds nothing. */
void sample_add(op_rig *rig, const cld_op *op, const char *row);
/* A row of an operator and a row within it, or NULL: it has none. */
enum { SAMPLE_PATHS = 24 };
typedef struct sample_path {
    const cld_impl *row, *inner;
    char text[64]; /* "row" or "row > row within" */
} sample_path;
/* Path number k of the operator, all of them being numbered in order; false: there is none of this number. */
bool sample_path_at(const cld_op *op, int32_t k, sample_path *out);
/* Adds a sample that the path takes, and "Op=path" to the wishes. */
void sample_add_path(op_rig *rig, const cld_op *op, const sample_path *path, cld_text *prefer);
/* A node written as the samples are (samples.c says how). */
op_node sample_read(op_rig *rig, const cld_op *op, const char *in, const char *attributes);
/* Operators that hold sub-graphs have none: they never come to rows (pass/control.c). */
static inline bool sample_exists(const cld_op *op) { return op->control == CLD_CONTROL_NONE; }

#endif
