/* SPDX-License-Identifier: Apache-2.0 */
/* Runs single nodes twice, on the host (their eval) and on the device (their rows), and compares.
 *
 * Nodes are collected and run as one plan, so that a test with a hundred random cases builds one program. */
#ifndef CLADE_TEST_OP_RIG_H
#define CLADE_TEST_OP_RIG_H

#include "op/core/op.h"
#include "test.h"

enum { OP_INPUTS = 8, OP_NODES = 256 };

typedef struct op_rig {
    cld_graph *graph, *host; /* the nodes to run; where the host's results are folded */
    const clade_tensor *inputs[OP_NODES * 2], *want[OP_NODES * 2];
    double rtol, atol;
    const char *prefer; /* "Op=row,...", or NULL */
    uint64_t random;
    clade_error err;
} op_rig;

/* A node to be run. Inputs marked in `known` (bit k) are constants, the others lie on the device. */
typedef struct op_node {
    const char *type;
    int32_t opset, n_attr, n_in, n_out;
    const cld_attr *attr;
    const clade_tensor *in[OP_INPUTS]; /* NULL: absent */
    uint32_t known;
} op_node;

void op_begin(op_rig *rig);
void op_end(op_rig *rig);
/* Random numbers and tensors; the tensors live as long as the rig. */
int64_t op_below(op_rig *rig, int64_t n);              /* 0 ... n - 1 */
int64_t op_between(op_rig *rig, int64_t a, int64_t b); /* a ... b */
clade_dtype op_dtype(op_rig *rig, cld_dtypes set);
cld_type op_type(op_rig *rig, clade_dtype dtype, int32_t rank, int64_t largest);
clade_tensor *op_tensor(op_rig *rig, const cld_type *type);               /* small whole numbers */
clade_tensor *op_indices(op_rig *rig, const cld_type *type, int64_t n);   /* in [-n, n) */
clade_tensor *op_ints(op_rig *rig, const int64_t *values, int32_t count); /* int64[count] */
clade_tensor *op_scalar(op_rig *rig, clade_dtype dtype, double value);

/* What the node gives on the host: [n_out] in the rig's memory; NULL where it is left to the device. */
clade_status op_on_host(op_rig *rig, const op_node *node, const clade_tensor **out);
/* Adds the node to the plan, to be compared with op_on_host, or with `want`. */
void op_add(op_rig *rig, const op_node *node);
void op_add_want(op_rig *rig, const op_node *node, const clade_tensor *const *want);
/* Runs what was added, with the rows for this device and with those for the other kind (CPU, GPU), and compares
 * everything (rig_run.c: tests with a device only). */
void op_run(op_rig *rig);

#define OP_INT(key, value) ((cld_attr){ .name = key, .kind = CLD_ATTR_INT, .u.i = value })
#define OP_TEXT(key, value) ((cld_attr){ .name = key, .kind = CLD_ATTR_STRING, .u.s = value })
#define OP_INTS(key, n, list) ((cld_attr){ .name = key, .kind = CLD_ATTR_INTS, .count = n, .u.ints = list })

#endif
