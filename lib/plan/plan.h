/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: static graph -> plan: which row runs each node, every step, every buffer's place, the exact bytes. */
#ifndef CLD_PLAN_H
#define CLD_PLAN_H

#include "op/core/op.h"

typedef enum cld_place {
    CLD_PLACE_NONE,     /* no step touches it */
    CLD_PLACE_ARENA,    /* at `offset` of slab `index` of the plan's arena */
    CLD_PLACE_INPUT,    /* graph input `index`: bound by the executor */
    CLD_PLACE_OUTPUT,   /* graph output `index`: a buffer of its own, outlives the run */
    CLD_PLACE_STATE,    /* state `index`: the session's, which outlives runs and plans */
    CLD_PLACE_CONSTANT, /* uploaded once per session: key is the tensor's address */
    CLD_PLACE_PACKED    /* made once from a constant by `once` steps */
} cld_place;

enum { CLD_MAX_SLABS = 64 }; /* of an arena: devices allocate a quarter of their memory at once, and more */

typedef struct cld_plan_buf {
    cld_place place;
    size_t bytes, offset;
    int32_t index;                /* ARENA, INPUT, OUTPUT, STATE */
    const clade_tensor *constant; /* CONSTANT; PACKED: the source; STATE: what it is before the first run */
    const char *key;              /* PACKED */
    const char *name;             /* value name or "scratch" */
} cld_plan_buf;

typedef struct cld_plan {
    cld_arena *arena;
    const cld_graph *graph; /* borrowed */
    cld_steps steps;
    cld_plan_buf *bufs;
    int32_t n_bufs;
    int32_t *buf_of_value;  /* [graph->n_values] buffer of each value; aliases share one */
    int32_t *buf_of_output; /* [graph->n_outputs] */
    size_t *slab_bytes;     /* [n_slabs] device allocations; one, unless the device limits their size */
    int32_t n_slabs;
    size_t arena_bytes; /* their sum */
    size_t input_bytes, output_bytes, state_bytes, constant_bytes, packed_bytes;
    size_t guard_bytes; /* of those, behind each output */
    size_t fault_bytes; /* a session's record of an index out of range; 0: no step checks any */
} cld_plan;

typedef struct cld_plan_options {
    bool no_blas;
    bool unchecked_indices;
    const char *prefer_impl;      /* "Op=row,..." (op/core/wish.c) or NULL */
    const cld_measured *measured; /* choices, or NULL */
    const cld_observer *observer; /* is told of each choice; or NULL */
    size_t guard_bytes;           /* behind each output, which no step may touch */
    cld_watch watch;
} cld_plan_options;

/* Plans a static graph. The graph must outlive the plan. The caller owns *out: cld_plan_free.
 * ERR_UNSUPPORTED names a node no row can run on this device. */
clade_status cld_plan_new(cld_plan **out, const cld_graph *graph, const cld_caps *caps, const cld_plan_options *options,
                          clade_error *err);
void cld_plan_free(cld_plan *plan);
void cld_plan_text(const cld_plan *plan, cld_text *out);
/* Σ of everything the plan needs, in bytes, as it will be allocated. */
size_t cld_plan_bytes(const cld_plan *plan);

#endif
