/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX file or bytes -> verified model graph.
 *
 * In: hostile bytes. Out: a graph that owns everything it refers to (messages are unpacked into its arena), or one
 * line. Sub-graphs nest at most 64 deep, messages take a bounded multiple of the file's size, tensors at most
 * max_bytes. Not here: model-local functions (refused), training information (skipped). Source: the ONNX
 * specification, docs/IR.md, up to IR version 10.
 */
#include "io/onnx.h"

enum { FILE_SLACK_BYTES = 256 << 20 }; /* what a file may hold beside its tensors */

static clade_status check_model(cld_onnx *onnx, const CldOnnx__ModelProto *model, clade_error *err) {
    if (model->graph == NULL)
        return cld_fail(err, CLADE_ERR_FORMAT, "this is no ONNX model: it holds no graph");
    if (model->n_functions > 0) {
        const char *name = model->functions[0]->name;
        clade_error why;
        const clade_status status = cld_fail(&why, CLADE_ERR_UNSUPPORTED,
                                             "the model defines %zu functions of its own ('%s' is one); they are "
                                             "not supported",
                                             model->n_functions, name != NULL ? name : "");
        return cld_onnx_note(onnx, status, &why, err);
    }
    return CLADE_OK;
}

/* Everything between bytes and verified graph; the caller owns the graph and the scratch arena in any case. */
static clade_status import_model(cld_onnx *onnx, cld_graph *graph, cld_model_facts *facts, const void *data,
                                 size_t size_bytes, clade_error *err) {
    clade_status status;
    const CldOnnx__ModelProto *model = cld_onnx_unpack(onnx, data, size_bytes, &status, err);
    if (model == NULL)
        return status;
    CLD_RETURN(check_model(onnx, model, err));
    CLD_RETURN(cld_onnx_opsets(onnx, model, facts, err));
    cld_scope scope = { .graph = graph };
    CLD_RETURN(cld_onnx_graph(onnx, &scope, model->graph, err));
    graph->unsupported = onnx->unsupported;
    CLD_RETURN(cld_graph_verify(graph, err));
    return cld_onnx_facts(onnx, model, facts, err);
}

/* Takes `maps`, in which `data` may lie, also on failure. */
static clade_status parse(cld_graph **out, cld_model_facts *facts, const void *data, size_t size_bytes,
                          cld_mapping *maps, const cld_onnx_options *options, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_graph *graph = cld_graph_new(NULL, NULL);
    cld_onnx onnx = { .scratch = cld_arena_new(), .options = options };
    if (graph == NULL || onnx.scratch == NULL) {
        status = cld_no_memory(err, "the model");
        goto fail;
    }
    graph->maps = maps;
    maps = NULL;
    onnx.maps = &graph->maps;
    onnx.arena = graph->arena;
    onnx.max_bytes = cld_file_limit(options->max_bytes);
    cld_unpack_init(&onnx.unpack, onnx.arena, size_bytes, onnx.max_bytes);
    CLD_TRY(import_model(&onnx, graph, facts, data, size_bytes, err));
    *out = graph;
    graph = NULL;
fail:
    cld_mappings_free(maps);
    cld_arena_free(onnx.scratch);
    cld_graph_free(graph);
    return status;
}

clade_status cld_onnx_parse(cld_graph **out, cld_model_facts *facts, const void *data, size_t size_bytes,
                            const cld_onnx_options *options, clade_error *err) {
    cld_onnx_options unmapped = *options;
    unmapped.map = false; /* the bytes are the caller's */
    return parse(out, facts, data, size_bytes, NULL, &unmapped, err);
}

/* The folder a path lies in; the caller frees. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return cld_strndup(".", 1);
    return cld_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

clade_status cld_onnx_read(cld_graph **out, cld_model_facts *facts, const char *path, const cld_onnx_options *options,
                           clade_error *err) {
    clade_status status = CLADE_OK;
    void *data = NULL;
    const void *mapped;
    cld_mapping *maps = NULL;
    size_t size_bytes, limit = cld_file_limit(options->max_bytes);
    char *directory = folder_of(path);
    cld_onnx_options here = *options;
    if (directory == NULL) {
        status = cld_no_memory(err, path);
        goto fail;
    }
    here.directory = directory;
    if (!cld_add_size(limit, FILE_SLACK_BYTES, &limit))
        limit = SIZE_MAX;
    here.map = here.map && cld_file_map(&maps, &mapped, &size_bytes, path, limit);
    if (!here.map)
        CLD_TRY(cld_file_read(&data, &size_bytes, path, limit, err));
    status = parse(out, facts, here.map ? mapped : data, size_bytes, maps, &here, err);
    if (status != CLADE_OK)
        status = cld_fail_in(err, status, path);
fail:
    cld_free(data);
    cld_free(directory);
    return status;
}
