/* SPDX-License-Identifier: Apache-2.0 */
/* Inside pass: what passes ask of a graph. */
#ifndef CLD_PASS_FACTS_H
#define CLD_PASS_FACTS_H

#include "pass/pass.h"

/* The constant in input k, or NULL. */
const clade_tensor *cld_constant_in(const cld_graph *graph, const cld_node *node, int32_t k);
/* The node of this operator that makes a value, or NULL. */
cld_node *cld_made_by(const cld_graph *graph, cld_value_id id, const cld_op *op);

/* Who reads what, of a graph that does not change meanwhile. */
typedef struct cld_readers {
    bool *is_output; /* [n_values] of the graph */
    int32_t *first;  /* [n_values + 1] the readers of value v are reader[first[v] ... first[v + 1]) */
    int32_t *reader; /* node indices, ascending for each value; a node that reads twice is there twice */
} cld_readers;
clade_status cld_readers_gather(cld_readers *out, const cld_graph *graph, cld_arena *arena, clade_error *err);
/* How often it is read, by nodes and as an output. */
int32_t cld_readers_count(const cld_readers *readers, cld_value_id id);

#endif
