/* SPDX-License-Identifier: Apache-2.0 */
/* One operation of the library again and again, with each of its allocations failing in turn. This program's arenas
 * make every allocation one of its own (CLADE_ARENA_BLOCK), so none hides behind another's block. */
#ifndef CLADE_TEST_FAULT_EXHAUSTED_H
#define CLADE_TEST_FAULT_EXHAUSTED_H

#include <stdbool.h>

#include "clade/status.h"

typedef struct exhausted_operation {
    const char *name;
    clade_status (*run)(clade_error *err);
    void (*check)(void); /* after a run that succeeded: what it made is right */
    void (*end)(void);   /* after every run: frees what it made */
    bool degrades;       /* it may succeed, and be right, without an allocation */
} exhausted_operation;

/* Fails the n-th allocation, and `lasting` all behind it, for every n until there is no n-th: each run gives ERR_MEMORY
 * and one line that says so, and leaves nothing behind. The number of allocations. */
long exhausted_sweep(const exhausted_operation *operation, bool lasting);

#endif
