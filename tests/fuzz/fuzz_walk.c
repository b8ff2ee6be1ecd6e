/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness: bytes -> model graph -> static graph -> plans. Every operator's infer, expand, eval, applicable
 * and emit meets shapes and attributes of a stranger's choice; they must refuse or answer. Free dimensions become 2. A
 * walk that stops to read a value from the device ends there. fuzz_plan.c gets to plans more often.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "pass/pass.h"
#include "planned.h"

enum { MAX_BYTES = 16 << 20, MAX_INPUTS = 64 };

static cld_type make_static(const cld_type *declared) {
    cld_type type = *declared;
    if (type.rank < 0) {
        type.rank = 1;
        type.dims[0] = -1;
    }
    for (int32_t i = 0; i < type.rank; i++)
        if (type.dims[i] < 0)
            type.dims[i] = 2;
    return type;
}

/* Inlined sub-graphs repeat names, which the verifier takes for a defect and static graphs do not mind. */
static void rename_values(cld_graph *graph) {
    for (int32_t i = 0; i < graph->n_values; i++)
        graph->values[i].name = cld_arena_printf(graph->arena, "%d", (int)i);
}

static void walk(const cld_graph *graph, unsigned choice) {
    clade_error err = { CLADE_OK, "" };
    cld_type types[MAX_INPUTS];
    cld_walk *state;
    if (graph->n_inputs > MAX_INPUTS)
        return;
    for (int32_t k = 0; k < graph->n_inputs; k++) {
        const cld_value *value = cld_graph_at(graph, graph->inputs[k]);
        types[k] = value->is_default && choice % 2 == 0 ? (cld_type){ 0 } : make_static(&value->type);
        if (types[k].dtype != CLADE_NONE && cld_type_check(&types[k], "input", &err) != CLADE_OK)
            return;
    }
    if (cld_walk_new(&state, graph, types, NULL, &err) != CLADE_OK)
        return;
    cld_segment segment;
    if (cld_walk_next(state, &segment, &err) == CLADE_OK) {
        rename_values(segment.graph);
        if (cld_pass_dead(segment.graph, &err) != CLADE_OK || cld_graph_verify(segment.graph, &err) != CLADE_OK) {
            fprintf(stderr, "%s\n", err.message);
            abort();
        }
        plan_for_all(segment.graph, choice, NULL);
        cld_graph_free(segment.graph);
    }
    cld_walk_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    clade_error err = { CLADE_OK, "" };
    cld_graph *graph;
    cld_model_facts facts;
    if (cld_onnx_parse(&graph, &facts, data, size_bytes, &(cld_onnx_options){ .max_bytes = MAX_BYTES }, &err) !=
        CLADE_OK)
        return 0;
    if (cld_passes_run(cld_model_passes, -1, graph, &err) == CLADE_OK)
        walk(graph, size_bytes % 8);
    cld_graph_free(graph);
    return 0;
}
