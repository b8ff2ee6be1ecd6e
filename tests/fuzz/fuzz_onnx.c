/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness: bytes -> model graph -> the passes that run on every model -> text -> graph -> text. Any byte
 * string must load or be refused; a graph that loads must stay valid through the passes, and come back from its text.
 * Runs as tests/fuzz/README.md says.
 */
#include <stdlib.h>

#include "io/io.h"
#include "pass/pass.h"

enum { MAX_BYTES = 16 << 20 };

static void require(int condition) {
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    clade_error err = { CLADE_OK, "" };
    cld_graph *graph;
    cld_model_facts facts;
    const clade_status status = cld_onnx_parse(
        &graph, &facts, data, size_bytes,
        &(cld_onnx_options){ .directory = "/nonexistent", .max_bytes = MAX_BYTES, .borrow = size_bytes % 2 == 1 },
        &err);
    if (status != CLADE_OK) {
        require(status < 0 && err.status == status && err.message[0] != '\0');
        return 0;
    }
    require(cld_passes_run(cld_model_passes, -1, graph, &err) == CLADE_OK);
    require(cld_graph_verify(graph, &err) == CLADE_OK);
    cld_text text = { 0 }, again = { 0 };
    cld_graph *copy;
    cld_graph_text(graph, true, &text);
    require(cld_graph_read(&copy, text.data, &err) == CLADE_OK);
    cld_graph_text(copy, true, &again);
    require(strcmp(text.data, again.data) == 0 && cld_graph_verify(copy, &err) == CLADE_OK);
    cld_graph_dot(graph, &text);
    cld_text_free(&text);
    cld_text_free(&again);
    cld_graph_free(copy);
    cld_graph_free(graph);
    return 0;
}
