/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 3: rows, the ways to run an operator on a device, and the chooser, which alone picks one and its parameters
 * (choose.c). A row that has a problem within (the product of an im2col) asks the chooser again, so nested choices are
 * made, forced, and named alike: "im2col > panels(mr 12, kb 256)".
 */
#ifndef CLD_OP_ROW_H
#define CLD_OP_ROW_H

#include "kern/kern.h"
#include "kern/problem.h"

typedef struct cld_call cld_call;
typedef struct cld_impl cld_impl;

/* A part of the text that says which rows are preferred (wish.c). */
typedef struct cld_wish {
    const char *text;
    int size;
} cld_wish;

/* Choices that were measured. */
typedef struct cld_measured {
    /* The choice for a problem, as text in the arena; NULL: there is none. *nearby: it is another's, of about its
     * sizes. */
    const char *(*find)(void *user, const char *problem, cld_arena *arena, bool *nearby);
    void *user;
} cld_measured;

/* A choice as it was made, and what there was to choose from; `depth` problems around it. */
typedef struct cld_chosen {
    const cld_call *call;
    const cld_caps *caps;
    const cld_impl *rows, *row;
    const int32_t *value;
    const char *problem; /* NULL: it has no name */
    int32_t depth;
} cld_chosen;

typedef struct cld_observer {
    void (*chose)(void *user, const cld_chosen *chosen);
    void *user;
} cld_observer;

typedef struct cld_emit {
    const cld_call *call;
    const cld_caps *caps;
    const cld_buf *in, *out; /* out is absent where an optional output is not used */
    const bool *constant;    /* [n_in]: the buffer is a constant, so packing it may be done once */
    cld_steps *steps;
    void (*describe)(const cld_call *call, cld_problem *out); /* what is to be solved; NULL: it has no name */
    cld_wish wish;                                            /* the choice that is preferred for it */
    const cld_measured *measured;                             /* NULL: none */
    const cld_observer *observer;                             /* NULL: none */
    int32_t depth;                                            /* problems around it */
    const int32_t *value;                                     /* of the row's parameters */
} cld_emit;

enum { CLD_MAX_PARAMS = 8, CLD_MAX_VALUES = 8 };

/* A parameter of a row: a name, and the values worth trying. */
typedef struct cld_param {
    const char *name;
    int32_t values[CLD_MAX_VALUES]; /* ends with 0 */
} cld_param;

/* The parameters of a row, what they are unless somebody says otherwise, and whether they may be so. */
typedef struct cld_space {
    const cld_param *params; /* at most CLD_MAX_PARAMS, ends with {0} */
    void (*usual)(const cld_call *call, const cld_caps *caps, int32_t *value);
    bool (*valid)(const cld_call *call, const cld_caps *caps, const int32_t *value);
} cld_space;

/* What a device must be or have for a row, whatever is asked of it. */
enum { CLD_NEEDS_CPU = 1, CLD_NEEDS_BLAS = 2, CLD_NO_CPU = 4 };

/* Rows stand fastest first; the last is always applicable. Either all rows of a list have a cost or none. */
struct cld_impl {
    const char *name;                                               /* "reference", "clblast", "panels" */
    uint32_t needs;                                                 /* of these, or'ed; 0: any device will do */
    bool (*applicable)(const cld_call *call, const cld_caps *caps); /* NULL: always */
    clade_status (*emit)(const cld_emit *emit, clade_error *err);
    const cld_space *space;                 /* NULL: it has no parameters */
    const int32_t (*seeds)[CLD_MAX_PARAMS]; /* values that were best on some device: a search tries them first */
    int32_t n_seeds;
    const cld_impl *inner; /* the rows of the problem within; NULL: there is none */
    /* Seconds, estimated; must be sane on a device never seen. NULL: its place among the rows decides. */
    double (*cost)(const cld_call *call, const cld_caps *caps, const int32_t *value);
};

/* The device is one that the row is for. */
static inline bool cld_impl_fits(const cld_impl *row, const cld_caps *caps) {
    return !(row->needs & (caps->is_cpu ? CLD_NO_CPU : CLD_NEEDS_CPU)) &&
           !((row->needs & CLD_NEEDS_BLAS) && !caps->blas);
}

/* ---- choose.c ------------------------------------------------------------------------------------------------- */

/* Picks one of `rows` for emit->call, whose problem has been read, and its parameters: what emit->wish names, where it
 * is applicable, else what was measured, likewise, else what costs least. The steps it writes bear its name.
 * ERR_UNSUPPORTED: none applies. */
clade_status cld_choose_emit(const cld_emit *emit, const cld_impl *rows, clade_error *err);
/* The same for a node: its operator's rows, and the first of the wishes for it that is applicable. */
clade_status cld_choose_node(const cld_emit *emit, const char *prefer, clade_error *err);
/* Seconds of so many launches, and of `flops` at the share of what the device may reach that a row was seen to get. */
typedef struct cld_share {
    double cpu, gpu;
} cld_share;
double cld_cost(const cld_caps *caps, double launches, double flops, cld_share share);
/* Seconds that GPUs, whose items each go on alone, wait for so many loads one after the other. */
double cld_cost_chain(const cld_caps *caps, double length);

/* ---- wish.c: "Op=row,Op=row > row(name value, name value),..." -------------------------------------------------- */

/* The next wish for operator `op`, behind the '='; goes on behind it. */
bool cld_wish_next(const char **at, const char *op, cld_wish *out);
/* A choice's own row, the inside of its parentheses, and the choice within; each may be empty. */
typedef struct cld_wish_parts {
    cld_wish row, params, inner;
} cld_wish_parts;
cld_wish_parts cld_wish_split(cld_wish choice);
bool cld_wish_is(cld_wish wish, const char *name);
/* Takes "name value" off the front of *params. false: there is none, or it is malformed. */
bool cld_wish_param(cld_wish *params, cld_wish *name, int32_t *value);
/* `choice` is well formed, its row is one of `rows`, and so on within. */
bool cld_wish_exists(const cld_impl *rows, cld_wish choice);
/* Every item is one there is: ERR_NOT_FOUND lists what there is. ERR_ARGUMENT: malformed. NULL: none. */
clade_status cld_wish_check(const char *prefer, clade_error *err);

#endif
