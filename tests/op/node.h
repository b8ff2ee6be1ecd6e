/* SPDX-License-Identifier: Apache-2.0 */
/* One operator on the device: a model of a single node is built, compiled and run.
 *
 *     node_test t;
 *     node_begin(&t, "LRN");
 *     wire_attr_int(&t.attributes, "size", 3);
 *     node_input(&t, &x, false);
 *     node_output(&t, CLADE_FLOAT32);
 *     node_run(&t, NULL, &y);
 */
#ifndef CLADE_TEST_NODE_H
#define CLADE_TEST_NODE_H

#include "clade.h"
#include "io/wire.h"

enum { NODE_MAX = 16 };

typedef struct node_test {
    const char *type;
    wire graph, attributes;
    cld_text inputs, outputs; /* their names: i0 i1 ..., o0 o1 ..., "-" where absent */
    int32_t n_inputs, n_outputs;
    int32_t opset;              /* 0: 17 */
    clade_tensor fed[NODE_MAX]; /* what is not constant, borrowed; dtype CLADE_NONE elsewhere */
    bool wanted[NODE_MAX];      /* outputs */
} node_test;

void node_begin(node_test *test, const char *type);
/* The next input, borrowed until the run; NULL: absent. constant: an initialiser. */
void node_input(node_test *test, const clade_tensor *tensor, bool constant);
/* The next output; CLADE_NONE: absent. */
void node_output(node_test *test, clade_dtype dtype);
/* Runs on the selected device, preferring a row ("LSTM=reference") when prefer is not NULL, and fills out[k] for every
 * wanted output k; the caller frees them. Frees the test. False: a row was preferred and another one ran. */
bool node_run(node_test *test, const char *prefer, clade_tensor *out);
/* The same where the node must be refused: with this status, and `part` in the line. */
void node_refused(node_test *test, clade_status status, const char *part);

/* The same where a run is refused because input k, as fed, holds something out of range: ERR_ARGUMENT, `part` in the
 * line, nothing to read. With `good` there the session runs, and one that does not check runs at once. */
void node_out_of_range(node_test *test, int32_t k, const clade_tensor *good, const char *part);

/* A tensor of seeded numbers, uniform in (-scale, scale): the same for the same seed. The caller frees it. */
clade_tensor node_random(clade_dtype dtype, int32_t rank, const int64_t *dims, uint64_t seed, double scale);

#endif
