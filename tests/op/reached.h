/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of which operators ran and agreed with their reference, on which kind of machine, and with which
 * parameters: noted by the rig, asked by the tests at the end of reached.c that every one did.
 */
#ifndef CLADE_TEST_OP_REACHED_H
#define CLADE_TEST_OP_REACHED_H

#include "plan/plan.h"

/* Notes what a plan's steps say, whose results were right. Gives the number of nodes whose row is the first that
 * `prefer` names for them; 0 when it is NULL. */
int32_t reached_note(const cld_plan *plan, bool cpu, const char *prefer);
/* Was the operator's row noted on such a machine? path: "row" or "row > row within". */
bool reached_before(const cld_op *op, const char *path, bool cpu);
/* Some row that `prefer` names for a node is for such a machine, or none is named. */
bool reached_admits(const cld_graph *graph, bool cpu, const char *prefer);

#endif
