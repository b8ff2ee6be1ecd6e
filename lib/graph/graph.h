/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 2: the intermediate representation: values, nodes, attributes, graphs.
 *
 * The same structure serves twice. A *model graph* comes from a file: shapes may be unknown. A *static graph* is made
 * from it for one set of input shapes (pass/specialise.c): every value has a static type, control flow is gone,
 * everything that could be computed on the host is a constant. All memory lies in the graph's arena.
 */
#ifndef CLD_GRAPH_H
#define CLD_GRAPH_H

#include "tensor/tensor.h"

struct cld_op; /* op/core/op.h: the operator's descriptor; this floor only carries the pointer */

typedef struct cld_value_id {
    int32_t i; /* < 0: absent */
} cld_value_id;
#define CLD_ABSENT ((cld_value_id){ -1 })
static inline bool cld_present(cld_value_id id) { return id.i >= 0; }

typedef struct cld_value {
    const char *name; /* unique in a model graph; never NULL */
    cld_type type;
    const char *dim_names[CLADE_MAX_RANK]; /* of free dimensions of graph inputs and outputs; else NULL */
    int32_t producer;                      /* node index; -1: graph input or constant */
    const clade_tensor *constant;          /* not NULL: a constant */
    int32_t state; /* not 0: neither: the session's state of this number, from 1 on, which outlives runs and is updated
                    * in place; nothing on the host knows it */
    const clade_tensor *initial; /* what a state is before the first run; borrowed */
    const char *declared;        /* a type that no cld_type says: "string", "sequence"; else NULL */
    bool is_default;             /* the constant is only what an input of the graph is when nobody sets it */
    const char *doc;             /* of graph inputs and outputs, or NULL */
} cld_value;

typedef enum cld_attr_kind {
    CLD_ATTR_INT,
    CLD_ATTR_FLOAT,
    CLD_ATTR_STRING,
    CLD_ATTR_TENSOR,
    CLD_ATTR_GRAPH,
    CLD_ATTR_INTS,
    CLD_ATTR_FLOATS,
    CLD_ATTR_STRINGS
} cld_attr_kind;

typedef struct cld_attr {
    const char *name;
    cld_attr_kind kind;
    int32_t count; /* of a list */
    union {
        int64_t i;
        float f;
        const char *s;
        const clade_tensor *tensor;
        struct cld_graph *graph;
        const int64_t *ints;
        const float *floats;
        const char *const *strings;
    } u;
} cld_attr;

typedef struct cld_node {
    const char *name;        /* the file's, or one made up ("Conv_12"); never NULL */
    const char *domain;      /* "" is ai.onnx */
    const char *type;        /* operator type */
    int32_t opset;           /* version of its domain that the model imports */
    const struct cld_op *op; /* NULL: no descriptor; such a node is refused when it is reached */
    int32_t n_in, n_out, n_attr;
    cld_value_id *in, *out; /* absent: optional and not given. The captures of sub-graphs follow the formal inputs */
    cld_attr *attr;
} cld_node;

typedef struct cld_derived cld_derived; /* see derived.c */

typedef struct cld_graph {
    cld_arena *arena;
    cld_derived *derived; /* borrowed, from the model; NULL: what passes make is the graph's own */
    cld_mapping *maps;    /* files in which constants lie; owned */
    const char *name;
    cld_value *values;
    cld_node *nodes; /* in topological order once verified */
    cld_value_id *inputs, *outputs;
    int32_t n_values, n_nodes, n_inputs, n_outputs;
    int32_t n_formal; /* sub-graphs: inputs [n_formal, n_inputs) are captures from outside, in the node's order */
    const char *unsupported; /* why a model can be looked at, but not run: parts of it are left out; else NULL */
    /* Static graphs: what folding has cost, and the most it may (op/core/build.c; 0: what that file says). */
    clade_dtype storage;                   /* of float32 values in between, FLOAT16 or their own (pass/halve.c) */
    bool linear_attention;                 /* attention is one node (pass/fuse_attention.c) */
    size_t folded_bytes, max_folded_bytes; /* host bytes of the constants it made */
    uint64_t evaluated;                    /* elements it has read and written */
    int32_t cap_values, cap_nodes, cap_inputs, cap_outputs;
} cld_graph;

/* ---- graph.c: building ---------------------------------------------------------------------------------------- */

/* A graph in an arena of its own (arena NULL; cld_graph_free frees it) or in a parent's arena (never freed by itself).
 */
cld_graph *cld_graph_new(cld_arena *arena, const char *name); /* NULL: no memory */
void cld_graph_free(cld_graph *graph);
/* The same nodes and values once more, in the same arena; names, constants and sub-graphs are shared. NULL: no memory.
 */
cld_graph *cld_graph_copy(const cld_graph *graph);
/* Add a value, an input, an output, a constant, a node: an absent id or NULL when memory is out. Names are copied; a
 * NULL name makes one up. Constants are borrowed: they must live as long as the graph (in its arena, say). */
cld_value_id cld_graph_value(cld_graph *graph, const char *name, const cld_type *type);
cld_value_id cld_graph_input(cld_graph *graph, const char *name, const cld_type *type);
cld_value_id cld_graph_constant(cld_graph *graph, const char *name, const clade_tensor *tensor);
bool cld_graph_output(cld_graph *graph, cld_value_id value);
/* State `number`, which holds `initial` before the first run; borrowed, like a constant. The same number is the same
 * state in every graph that a session runs. */
cld_value_id cld_graph_state(cld_graph *graph, const char *name, int32_t number, const clade_tensor *initial);
/* Makes a constant the default of an input; such inputs stand behind all others. false: no memory. */
bool cld_graph_default(cld_graph *graph, cld_value_id constant);
/* Copies `proto` with its inputs, outputs and attributes (attribute payloads are borrowed), sets producers. */
cld_node *cld_graph_node(cld_graph *graph, const cld_node *proto);
static inline cld_value *cld_graph_at(const cld_graph *graph, cld_value_id id) { return &graph->values[id.i]; }

/* ---- derived.c ------------------------------------------------------------------------------------------------ */

/* For a model graph that does not change any more. NULL: no memory. Thread-safe. */
cld_derived *cld_derived_new(const cld_graph *model);
void cld_derived_free(cld_derived *derived); /* after every static graph of the model */
/* The tensor is a constant of the model, or made here, so that its address may be part of a key. derived NULL: no. */
bool cld_derived_stays(cld_derived *derived, const clade_tensor *tensor);
/* What was made under this key: of this type, filled (it is zero) when it is asked for the first time. NULL: no memory.
 */
typedef void (*cld_derive_fn)(clade_tensor *out, const void *user);
const clade_tensor *cld_derived_get(cld_derived *derived, const void *key, size_t key_bytes, const cld_type *type,
                                    cld_derive_fn fill, const void *user);

/* ---- attr.c: reading attributes ------------------------------------------------------------------------------- */

const cld_attr *cld_attr_find(const cld_node *node, const char *name, cld_attr_kind kind); /* NULL: not there */
int64_t cld_attr_int(const cld_node *node, const char *name, int64_t otherwise);
float cld_attr_float(const cld_node *node, const char *name, float otherwise);
const char *cld_attr_string(const cld_node *node, const char *name, const char *otherwise);
/* NULL and *count 0 when not there. */
const int64_t *cld_attr_ints(const cld_node *node, const char *name, int32_t *count);
const float *cld_attr_floats(const cld_node *node, const char *name, int32_t *count);

/* ---- verify.c ------------------------------------------------------------------------------------------------- */

/* Checks ids, producers, duplicate names, dangling inputs and outputs, sub-graph captures; sorts the nodes
 * topologically (stable). ERR_GRAPH names the node. Recurses into sub-graphs. Arity is the operators' business (floor
 * 3). */
clade_status cld_graph_verify(cld_graph *graph, clade_error *err);

/* ---- text.c, dot.c, read.c ------------------------------------------------------------------------------------ */

/* One line per node. whole: with every element of every constant, so that cld_graph_read gives the graph back. */
void cld_graph_text(const cld_graph *graph, bool whole, cld_text *out);
void cld_graph_dot(const cld_graph *graph, cld_text *out);
/* The graph that a text says, which may be a stranger's; node->op stays NULL. The caller owns *out: cld_graph_free. */
clade_status cld_graph_read(cld_graph **out, const char *text, clade_error *err);

#endif
