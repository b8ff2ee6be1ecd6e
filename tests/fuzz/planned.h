/* SPDX-License-Identifier: Apache-2.0 */
/* What the harnesses that go on to a plan share: passes and plan of a static graph for several devices, and what must
 * hold of any plan. Takes the graph as it is after a walk or after building; it stays the caller's.
 */
#ifndef PLANNED_H
#define PLANNED_H

#include "plan/plan.h"

/* Ends the process with `what` and the numbers: a finding. */
void found(const char *what, long long a, long long b) __attribute__((noreturn));
/* Runs the passes, then plans for a CPU and a GPU out of several, which `choice` picks. */
void plan_for_all(cld_graph *graph, unsigned choice, const char *prefer);
/* Refused calls must have left a line. */
void check_refusal(clade_status status, const clade_error *err);

#endif
