/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 3: the operators. One descriptor each, listed in op/core/ops.def; one file per operator or family.
 *
 * Adding an operator edits nothing outside this folder, cl/ and tests/. An operator sees a node through a cld_call: the
 * types of its inputs, static; the host values of those that are known. See lib/README.md, "Adding an operator".
 */
#ifndef CLD_OP_H
#define CLD_OP_H

#include "graph/graph.h"
#include "op/core/row.h"

struct cld_call {
    const cld_node *node;
    int32_t n_in, n_out;
    const cld_type *in;               /* [n_in], static; dtype CLADE_NONE where absent */
    const clade_tensor *const *value; /* [n_in]; NULL where not known on the host */
    cld_type *out;                    /* [n_out]; infer fills those that are used, others too */
    int32_t need;                     /* set by cld_call_value: input whose value infer must know; -1: none */
    cld_arena
        *arena; /* for what infer and eval need while they run; in expand and emit it lives as long as the graph */
    const void *problem; /* what `read` made of it, for its rows */
};

/* infer returns this when it asked for a value that is not known yet; it is never returned to a user. */
#define CLD_PENDING ((clade_status)1)

/* Buffer of input k; absent where the input is, also for k < 0. */
static inline cld_buf cld_emit_in(const cld_emit *emit, int32_t k) {
    return k >= 0 && k < emit->call->n_in && emit->call->in[k].dtype != CLADE_NONE ? emit->in[k] : (cld_buf){ -1 };
}

typedef struct cld_build cld_build;

/* What only passes and expansions may make. Attributes that they give to nodes begin with CLD_RESERVED, and operators
 * of theirs are of CLD_INTERNAL and stand in internal.def; a file that uses either is refused, since an epilogue
 * becomes kernel source and a body decides what a kernel reads and writes. */
#define CLD_INTERNAL "clade"
#define CLD_RESERVED "clade_"
#define CLD_EPILOGUE CLD_RESERVED "epilogue"

/* Operators that hold sub-graphs; the specialiser inlines them (pass/control.c), so they have no infer, eval or rows.
 */
typedef enum cld_control { CLD_CONTROL_NONE, CLD_CONTROL_IF, CLD_CONTROL_LOOP, CLD_CONTROL_SCAN } cld_control;

typedef struct cld_op {
    const char *domain, *name;
    const char *doc;          /* one sentence with the formula */
    int16_t since, until;     /* opset versions this descriptor speaks for; until 0: all later ones */
    const char *attrs;        /* every attribute it takes, NULL: none: name:kind[@since[-until]][=choice|choice], ... */
    int16_t min_in, max_in;   /* max_in -1: variadic */
    int16_t min_out, max_out; /* max_out -1: variadic */
    cld_control control;
    bool alias;       /* output 0 is input 0 seen with another shape: no step, no memory */
    uint32_t updates; /* bit k: output k is input k, a state, written in place; pass-only operators */
    bool same;        /* output 0 *is* input 0: there is no node, and nothing is folded */
    bool lazy;        /* eval reads shapes only, no data (Shape, Size): the result is known at once */
    int8_t epilogue; /* not 0: emit honours CLD_EPILOGUE (op/map/epilogue.h). Its rows store vectors that lie within the
                        dimensions from this axis of output 0 on (negative: from the end), and no row across them */
    /* Pointwise operators: the OpenCL expression of output 0, given the expressions of its inputs (in compute types,
     * valid for scalars and for vectors of them alike); NULL for this call: cannot be fused. What the fuse pass builds
     * on. */
    const char *(*pointwise)(const cld_call *call, const char *const *operands);
    clade_status (*infer)(cld_call *call, clade_error *err);
    /* The operator in terms of others. Preferred to impls when it returns CLADE_OK; NULL: primitive. May return
     * CLD_PENDING-free ERR_UNSUPPORTED only with a message. */
    clade_status (*expand)(const cld_call *call, cld_build *build, clade_error *err);
    /* Host evaluation on known values into outputs already allocated and zeroed. NULL: not on the host. An operator
     * with eval and neither expand nor impls always runs on the host (data-dependent shapes: NonZero, Unique, ...); its
     * infer asks for every value with cld_call_value. */
    clade_status (*eval)(const cld_call *call, clade_tensor *const *out, clade_error *err);
    /* The call as a problem for its rows, read once before they are asked; in the call's arena. NULL: no memory. */
    const void *(*read)(const cld_emit *emit);
    void (*describe)(const cld_call *call, cld_problem *out); /* that problem's name; NULL: none */
    const cld_impl *impls;                                    /* ends with {0} */
} cld_op;

/* ---- registry.c ----------------------------------------------------------------------------------------------- */

/* The descriptor for a type at an opset, or NULL with one line why ("ai.onnx has no operator Foo", "needs opset >= 7").
 */
const cld_op *cld_op_find(const char *domain, const char *type, int32_t opset, char *reason, size_t reason_size);
/* The newest opset of a domain whose operators the descriptors were checked against; 0: a domain Clade lacks. */
int32_t cld_op_newest(const char *domain);
/* All descriptors, for listings and tests: those that a file can name, and those that only passes make. */
const cld_op *const *cld_op_all(int32_t *count);
const cld_op *const *cld_op_internal(int32_t *count);

/* Each descriptor by its symbol: passes find operators so, never by name. */
#define OP(symbol) extern const cld_op cld_op_##symbol;
#include "op/core/internal.def"
#include "op/core/ops.def"
#undef OP

/* ---- attributes.c --------------------------------------------------------------------------------------------- */

/* One rule of cld_op.attrs. */
typedef struct cld_attr_rule {
    char name[40];
    cld_attr_kind kind;
    int32_t since, until; /* opsets that have it */
    const char *choices;  /* the values of a string, "LEFT|RIGHT"; NULL: any */
} cld_attr_rule;

/* The rule *text begins with, and the rest of the text. false: there is none (or the text is malformed). */
bool cld_attr_rule_next(cld_attr_rule *rule, const char **text);
/* The place of `value` among the choices; -1: it is none of them. */
int32_t cld_attr_rule_choice(const cld_attr_rule *rule, const char *value);
/* The descriptor for a node of a file, or NULL with one line why: no operator (cld_op_find), or an attribute that it
 * does not take. */
const cld_op *cld_op_of(const cld_node *node, char *reason, size_t reason_size);

/* ---- call.c: what infer, expand and emit use ------------------------------------------------------------------ */

/* A call on values of a static graph; the output types are left for infer (or the graph) to fill. */
clade_status cld_call_make(cld_call *call, const cld_graph *graph, cld_arena *arena, const cld_node *node,
                           const cld_value_id *in, int32_t n_in, int32_t n_out, clade_error *err);
/* The host value of input k. NULL: not known: return CLD_PENDING from infer at once. Absent input: NULL with need -1.
 */
const clade_tensor *cld_call_value(cld_call *call, int32_t k);
static inline bool cld_call_has(const cld_call *call, int32_t k) {
    return k < call->n_in && call->in[k].dtype != CLADE_NONE;
}
static inline bool cld_call_wants(const cld_call *call, int32_t k) { /* output k is used */
    return k < call->n_out && cld_present(call->node->out[k]);
}
/* "<Type> '<name>': " + message, ERR_SHAPE / ERR_DTYPE / ERR_UNSUPPORTED ... */
clade_status cld_call_fail(const cld_call *call, clade_error *err, clade_status status, const char *format, ...)
    CLADE_PRINTF(4, 5);
/* Input k is present and its dtype in the set, else ERR_DTYPE. */
clade_status cld_call_dtype(const cld_call *call, int32_t k, cld_dtypes set, clade_error *err);
/* cld_type_check of what the call makes. */
clade_status cld_call_check(const cld_call *call, const cld_type *type, clade_error *err);
/* axis in [-rank, rank) made non-negative; else ERR_SHAPE. */
clade_status cld_call_axis(const cld_call *call, int64_t axis, int32_t rank, int32_t *out, clade_error *err);
/* A list that is an attribute (older opsets) or input k (newer): *values in call->arena, *count -1 when neither is
 * given. CLD_PENDING when the input's value is not known. */
clade_status cld_call_ints(cld_call *call, const char *attr, int32_t k, const int64_t **values, int32_t *count,
                           clade_error *err);
/* Input k, called `name`, is one number of a type in the set, whatever its rank; *out: its value. CLD_PENDING: not
 * known yet. */
clade_status cld_call_number(cld_call *call, int32_t k, const char *name, cld_dtypes set, const clade_tensor **out,
                             clade_error *err);
/* The output's type is input k's. */
clade_status cld_infer_same(cld_call *call, clade_error *err);
/* Row-major strides in elements; 0 for broadcast dimensions of `type` seen as `shape`. */
void cld_strides(const cld_type *type, int64_t strides[CLADE_MAX_RANK]);
void cld_strides_broadcast(const cld_type *type, const cld_type *shape, int64_t strides[CLADE_MAX_RANK]);

/* ---- build.c: appending nodes to a static graph ---------------------------------------------------------------- */

/* Everything that adds nodes to a static graph goes through here: the specialiser, expand, passes. A node is inferred,
 * then becomes constants (all values known, eval exists), other nodes (expand; in the specialiser only where all values
 * are known: pass/lower.c does it later), or itself. */
struct cld_build {
    cld_graph *graph;
    const char *node; /* name prefix for what expand makes */
    int32_t opset;
    bool whole;             /* an operator that has an expansion stays one, unless that makes its value known */
    int32_t depth;          /* of nested expands; bounded */
    int32_t need_value;     /* after CLD_PENDING: index of the input whose value is needed */
    const cld_value_id *in; /* inputs and outputs of the node being expanded */
    cld_value_id *out;
};
/* Appends `proto` (op, type, attributes, name) on static-graph values `in`; writes the n_out result ids. CLD_PENDING:
 * an input's value is needed (build->need_value says which). */
clade_status cld_build_node(cld_build *build, const cld_node *proto, const cld_value_id *in, int32_t n_in,
                            cld_value_id *out, int32_t n_out, clade_error *err);
/* Shorthand for expand: one operator of the default domain at its newest opset, one output.
 * attrs: a list of cld_attr, may be NULL. */
clade_status cld_build_op(cld_build *build, const char *type, const cld_value_id *in, int32_t n_in,
                          const cld_attr *attrs, int32_t n_attrs, cld_value_id *out, clade_error *err);
/* The same with a descriptor that is in no list: an operator no model can name. */
clade_status cld_build_with(cld_build *build, const cld_op *op, const cld_value_id *in, int32_t n_in,
                            const cld_attr *attrs, int32_t n_attrs, cld_value_id *out, clade_error *err);
/* ---- build_value.c ---------------------------------------------------------------------------------------------- */

clade_status cld_build_scalar(cld_build *build, clade_dtype dtype, double value, cld_value_id *out, clade_error *err);
clade_status cld_build_ints(cld_build *build, const int64_t *values, int32_t count, cld_value_id *out,
                            clade_error *err); /* int64[count] */
/* `in` with these dimensions, which may be 0. */
clade_status cld_build_reshape(cld_build *build, cld_value_id in, const int64_t *dims, int32_t rank, cld_value_id *out,
                               clade_error *err);

#endif
