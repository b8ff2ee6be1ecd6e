/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness: bytes -> graph from its text -> text -> graph -> text. Any text is read or refused with its line;
 * what a graph that was read writes is read again, and is the same text then. Runs as tests/fuzz/README.md says.
 */
#include <stdlib.h>

#include "graph/graph.h"

static void require(int condition) {
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    clade_error err = { CLADE_OK, "" };
    cld_text input = { 0 }, first = { 0 }, second = { 0 };
    cld_graph *graph = NULL, *again = NULL;
    cld_text_addn(&input, (const char *)data, size_bytes);
    const clade_status status = cld_graph_read(&graph, input.data, &err);
    if (status == CLADE_OK) {
        cld_graph_text(graph, true, &first);
        require(cld_graph_read(&again, first.data, &err) == CLADE_OK);
        cld_graph_text(again, true, &second);
        require(strcmp(first.data, second.data) == 0);
        cld_graph_dot(again, &second);
        (void)cld_graph_verify(again, &err); /* its judgement, or none, but no harm */
    } else
        require(graph == NULL && err.status == status && strstr(err.message, "line ") != NULL);
    cld_text_free(&input);
    cld_text_free(&first);
    cld_text_free(&second);
    cld_graph_free(graph);
    cld_graph_free(again);
    return 0;
}
