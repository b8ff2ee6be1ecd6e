/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes on the host and on the device: the one harness of this folder.
 *
 * A test collects nodes, each with what it must give: the host's results (op_add), or a reference's (op_add_want,
 * op_add_near). op_run plans all of them for a CPU and for a GPU, runs each plan twice on the device at hand and
 * compares, so a test with a hundred random cases builds two programs. Which rows ran and agreed is noted (reached.h).
 *
 *     rig.prefer = "LRN=each";
 *     op_add(&rig, &(op_node){ .type = "LRN", .attr = &OP_INT("size", 3), .n_attr = 1, .in = { x }, .n_in = 1 });
 *     op_run(&rig);
 *
 * Not here: what a session adds (tests/session), what a file may say (tests/io, tests/op/registry.c).
 */
#ifndef CLADE_TEST_OP_RIG_H
#define CLADE_TEST_OP_RIG_H

#include "op/core/op.h"
#include "test.h"

enum { OP_INPUTS = 10, OP_NODES = 256 };
enum { OP_GPU, OP_CPU, OP_MACHINES };

typedef struct op_rig {
    cld_graph *graph, *host; /* the nodes to run; where the host's results are folded */
    const clade_tensor *inputs[OP_NODES * 3], *want[OP_NODES * 2];
    const double *size[OP_NODES * 2]; /* of each element of `want`, what rtol is of; NULL: the element itself */
    double rtol, atol;
    bool learn;                /* results that the host does not give are those of the operators' last rows */
    uint32_t lanes;            /* of a CPU's vectors; 0: as many as the device has */
    uint32_t skip;             /* machines (bit OP_...) on which nothing shall run */
    const char *prefer;        /* "Op=row,...", or NULL */
    int32_t took[OP_MACHINES]; /* after op_run: nodes that got what `prefer` says; -1: no row of it is for that machine,
                                  on which nothing ran then */
    uint64_t random;
    clade_error err;
} op_rig;

/* A node to be run. Inputs marked in `known` (bit k) are constants, the others lie on the device. */
typedef struct op_node {
    const char *type, *domain;          /* domain NULL: ONNX's own */
    int32_t opset, n_attr, n_in, n_out; /* opset 0: 17; n_out 0: 1 */
    const cld_attr *attr;
    const clade_tensor *in[OP_INPUTS]; /* NULL: absent */
    uint32_t known, unread;            /* outputs marked in `unread` are absent */
} op_node;

void op_begin(op_rig *rig);
void op_end(op_rig *rig);

/* ---- random numbers and tensors; the tensors live as long as the rig ----------------------------------------------
 */

void op_seed(op_rig *rig, uint64_t seed);
int64_t op_below(op_rig *rig, int64_t n);              /* 0 ... n - 1 */
int64_t op_between(op_rig *rig, int64_t a, int64_t b); /* a ... b */
clade_dtype op_dtype(op_rig *rig, cld_dtypes set);
cld_type op_type(op_rig *rig, clade_dtype dtype, int32_t rank, int64_t largest);
clade_tensor *op_tensor(op_rig *rig, const cld_type *type);               /* small whole numbers */
clade_tensor *op_reals(op_rig *rig, const cld_type *type, double scale);  /* in (-scale, scale) */
clade_tensor *op_bytes(op_rig *rig, const cld_type *type);                /* the whole range of 8 bits */
clade_tensor *op_indices(op_rig *rig, const cld_type *type, int64_t n);   /* in [-n, n) */
clade_tensor *op_ints(op_rig *rig, const int64_t *values, int32_t count); /* int64[count] */
clade_tensor *op_scalar(op_rig *rig, clade_dtype dtype, double value);
clade_tensor *op_given(op_rig *rig, const cld_type *type, const double *values);

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* One more attribute, or input. */
void op_attr(op_rig *rig, op_node *node, cld_attr attr);
void op_in(op_node *node, const clade_tensor *tensor, bool known);
/* What the node gives on the host: [n_out] in the rig's memory; NULL where it is left to the device. */
clade_status op_on_host(op_rig *rig, const op_node *node, const clade_tensor **out);
/* Adds the node to the plan, to be compared with op_on_host, or with `want`. */
void op_add(op_rig *rig, const op_node *node);
void op_add_want(op_rig *rig, const op_node *node, const clade_tensor *const *want);
/* The same where rtol is of size[k][i] (size[k] NULL: of the element); want[k] may be float64 whatever the output is.
 */
void op_add_near(op_rig *rig, const op_node *node, const clade_tensor *const *want, const double *const *size);
/* The node is refused: with this status, and `part` in the line. */
void op_refused(op_rig *rig, const op_node *node, clade_status status, const char *part);
/* Runs what was added and compares everything with what it must be. */
void op_run(op_rig *rig);
/* At least so many nodes took the row that `prefer` says, on each machine it is for. */
void op_took(const op_rig *rig, int32_t at_least);

/* Capabilities of a machine: some, for what is planned and not run; and the device's, for either kind. */
cld_caps op_machine(bool cpu);
cld_caps op_device(int machine);

#define OP_INT(key, value) ((cld_attr){ .name = key, .kind = CLD_ATTR_INT, .u.i = value })
#define OP_FLOAT(key, value) ((cld_attr){ .name = key, .kind = CLD_ATTR_FLOAT, .u.f = value })
#define OP_TEXT(key, value) ((cld_attr){ .name = key, .kind = CLD_ATTR_STRING, .u.s = value })
#define OP_INTS(key, n, list) ((cld_attr){ .name = key, .kind = CLD_ATTR_INTS, .count = n, .u.ints = list })
#define OP_FLOATS(key, n, list) ((cld_attr){ .name = key, .kind = CLD_ATTR_FLOATS, .count = n, .u.floats = list })
#define OP_TEXTS(key, n, list) ((cld_attr){ .name = key, .kind = CLD_ATTR_STRINGS, .count = n, .u.strings = list })

#endif
