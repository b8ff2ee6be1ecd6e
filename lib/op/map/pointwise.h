/* SPDX-License-Identifier: Apache-2.0 */
/* The pointwise family: its table's rows, expression text, and the generator of map kernels.
 *
 * A *map* is a small program over the elements of one shape: variables, each an input (a broadcast buffer, or a scalar
 * passed by value) or an expression of earlier variables; some of them are stored. One pointwise node is a map of one
 * expression; a Fused node is a map of many.
 */
#ifndef CLD_POINTWISE_H
#define CLD_POINTWISE_H

#include "op/core/op.h"

/* ---- pointwise.c ------------------------------------------------------------------------------------------------ */

typedef enum cld_pointwise_domain { CLD_RING, CLD_ORDER } cld_pointwise_domain;

typedef struct cld_pointwise_with {
    const char *rule; /* an attribute's, as in cld_op.attrs; "": none. A choice counts as its place */
    float otherwise;  /* its default */
} cld_pointwise_with;

typedef struct cld_pointwise {
    const cld_op *op;
    cld_dtypes dtypes;
    const char *float_text, *int_text; /* expressions in x, y, z, p, q */
    cld_pointwise_domain domain;
    cld_pointwise_with with[2]; /* p, q */
    double (*on_float)(double x, double y, double z, double p, double q);
    int64_t (*on_signed)(int64_t x, int64_t y, int64_t z, int64_t p, int64_t q);
    uint64_t (*on_unsigned)(uint64_t x, uint64_t y, uint64_t z, uint64_t p, uint64_t q);
} cld_pointwise;

/* The table's row of an operator; NULL: not of the table. */
const cld_pointwise *cld_pointwise_row(const cld_op *op);
/* The value of p or q of a row in this call. */
double cld_pointwise_attr(const cld_call *call, const cld_pointwise_with *with);
/* Rows of every pointwise operator (map_emit.c). The first is for types that CPUs compute in vectors: an operator that
 * takes none of them begins at the second. */
extern const cld_impl cld_map_impls[];
#define CLD_MAP_WIDE (CLD_BIT(FLOAT32) | CLD_BIT(FLOAT16) | CLD_BIT(BOOL))

clade_status cld_pointwise_eval(const cld_call *call, clade_tensor *const *out, clade_error *err);
/* NumPy broadcast of all present inputs' shapes, the dtype given. */
clade_status cld_pointwise_shape(cld_call *call, clade_dtype dtype, clade_error *err);

/* Walks the elements of `shape` in order, with the element index of each of `n` operands broadcast to it. */
enum { CLD_WALK_MAX = 32 };
typedef struct cld_elements {
    int32_t rank, n;
    int64_t dims[CLADE_MAX_RANK], at[CLADE_MAX_RANK], strides[CLD_WALK_MAX][CLADE_MAX_RANK], index[CLD_WALK_MAX];
} cld_elements;
void cld_elements_start(cld_elements *walk, const cld_type *shape, const cld_type *operands, int32_t n);
void cld_elements_next(cld_elements *walk);

/* ---- pointwise_text.c ------------------------------------------------------------------------------------------- */

/* A literal of the compute type of `dtype`, fit to stand as an operand: "0.5f", "(-2.0)", "INFINITY". */
const char *cld_pointwise_literal(cld_arena *arena, clade_dtype dtype, double value);
/* `text` in parentheses with x, y, z, p, q replaced and floating literals made those of dtype. NULL: no memory. */
const char *cld_pointwise_text(cld_arena *arena, const char *text, clade_dtype dtype, const char *const names[5]);

/* ---- map.c ------------------------------------------------------------------------------------------------------- */

/* The attribute of clade.Fused: a graph of pointwise nodes whose inputs are the node's. */
#define CLD_FUSED_BODY CLD_RESERVED "body"

enum { CLD_MAP_INPUTS = 16, CLD_MAP_OUTPUTS = 8, CLD_MAP_VARIABLES = 64 };

typedef struct cld_map_input {
    cld_type type;
    int32_t index;              /* of the node's input; -1: a scalar */
    const clade_tensor *scalar; /* of one element, passed by value */
    int64_t strides[CLADE_MAX_RANK];
} cld_map_input;

typedef struct cld_map {
    cld_arena *arena;
    cld_type shape;
    int32_t rank; /* collapsed */
    int64_t dims[CLADE_MAX_RANK];
    int32_t n_in, n_out, n_vars; /* variables: the inputs, then the expressions */
    cld_map_input in[CLD_MAP_INPUTS];
    int32_t out[CLD_MAP_OUTPUTS]; /* the variable stored as the node's output k; -1: not wanted */
    clade_dtype dtype[CLD_MAP_VARIABLES];
    const char *text[CLD_MAP_VARIABLES]; /* expression in v0, v1, ...; NULL: an input */
} cld_map;

/* The map of a pointwise or Fused call. false: too many inputs or steps, or no memory. */
bool cld_map_make(cld_map *map, const cld_call *call);

#endif
