/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of passes, text in, text out: a graph from its text, with its operators; a graph that has become a text. */
#ifndef CLADE_TEST_WRITTEN_H
#define CLADE_TEST_WRITTEN_H

#include "pass/pass.h"

/* Nodes without an opset are of the newest one. */
cld_graph *written(const char *text);
void check_written(const cld_graph *graph, const char *want);

#endif
