/* SPDX-License-Identifier: Apache-2.0 */
/* If, Loop and Scan: descriptors only. The specialiser inlines their sub-graphs (pass/control.c), so nothing of them is
 * left in a static graph. */
#include "op/core/op.h"

const cld_op cld_op_If = {
    .domain = "",
    .name = "If",
    .doc = "outputs = cond ? then_branch() : else_branch()",
    .since = 1,
    .attrs = "else_branch:graph then_branch:graph",
    .min_in = 1,
    .max_in = -1,
    .min_out = 1,
    .max_out = -1,
    .control = CLD_CONTROL_IF,
};

const cld_op cld_op_Loop = {
    .domain = "",
    .name = "Loop",
    .doc = "state = body(i, cond, state) while i < M and cond; scan outputs are stacked along a new first axis",
    .since = 1,
    .attrs = "body:graph",
    .min_in = 2,
    .max_in = -1,
    .min_out = 1,
    .max_out = -1,
    .control = CLD_CONTROL_LOOP,
};

const cld_op cld_op_Scan = {
    .domain = "",
    .name = "Scan",
    .doc = "state, row = body(state, slice of each scan input) for every slice; rows are stacked",
    .since = 9,
    .attrs = "body:graph num_scan_inputs:int scan_input_axes:ints scan_input_directions:ints scan_output_axes:ints "
             "scan_output_directions:ints",
    .min_in = 1,
    .max_in = -1,
    .min_out = 1,
    .max_out = -1,
    .control = CLD_CONTROL_SCAN,
};
