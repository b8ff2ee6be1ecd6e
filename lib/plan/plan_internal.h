/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of plan share. */
#ifndef CLD_PLAN_INTERNAL_H
#define CLD_PLAN_INTERNAL_H

#include "plan/plan.h"

/* place.c: decides every buffer's place from the steps, and sums the bytes. */
clade_status cld_plan_place(cld_plan *plan, const cld_caps *caps, clade_error *err);

#endif
