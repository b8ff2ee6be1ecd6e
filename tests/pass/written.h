/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of passes, text in, text out: a graph from its text, with its operators; a graph that has become a text. Nodes
 * that say no opset are of the newest one, and no text out says any. Operators of com.* are unknown.
 */
#ifndef CLADE_TEST_WRITTEN_H
#define CLADE_TEST_WRITTEN_H

#include "pass/pass.h"

cld_graph *written(const char *text);
void check_written(const cld_graph *graph, const char *want);
/* The pass makes the one text of the other, and leaves a valid graph. */
void check_pass(clade_status (*pass)(cld_graph *graph, clade_error *err), const char *before, const char *after);
/* The pass leaves what the text says as it is. */
void check_left(clade_status (*pass)(cld_graph *graph, clade_error *err), const char *text);
/* The text with `to` where `from` stood, which it does once; until the call after the next one. */
const char *replaced(const char *text, const char *from, const char *to);

#endif
