/* SPDX-License-Identifier: Apache-2.0 */
/* The public model handle: the imported graph, loading, counting, freeing. Looking at it: model_info.c. */
#include "session/session_internal.h"

clade_model *cld_model_retain(clade_model *model) {
    cld_refs_take(&model->refs);
    return model;
}

void clade_model_free(clade_model *model) {
    if (!model || !cld_refs_drop(&model->refs))
        return;
    cld_derived_free(model->derived);
    cld_graph_free(model->graph);
    cld_free(model);
}

/* `names` finds a use again by domain and type. NULL: no memory. */
static cld_operator_use *use_of(clade_model *model, cld_names *names, const cld_node *node) {
    char *key = cld_arena_printf(names->arena, "%s\n%s", node->domain, node->type);
    int32_t known = key ? cld_names_get(names, key) : -1;
    if (known >= 0)
        return &model->operators[known];
    if (!key || !cld_names_put(names, key, model->n_operators))
        return NULL;
    cld_operator_use *use = &model->operators[model->n_operators++];
    *use = (cld_operator_use){ .domain = node->domain, .type = node->type, .op = node->op };
    return use;
}

static size_t count_nodes(const cld_graph *graph) {
    size_t count = (size_t)graph->n_nodes;
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int32_t a = 0; a < graph->nodes[n].n_attr; a++)
            if (graph->nodes[n].attr[a].kind == CLD_ATTR_GRAPH)
                count += count_nodes(graph->nodes[n].attr[a].u.graph);
    return count;
}

static clade_status describe(clade_model *model, cld_names *names, const cld_graph *graph, clade_error *err) {
    for (int32_t v = 0; v < graph->n_values; v++) {
        const clade_tensor *constant = graph->values[v].constant;
        if (!constant)
            continue;
        model->weight_bytes += constant->size_bytes;
        if (cld_dtype_in(constant->dtype, CLD_FLOATS))
            model->parameter_count += (size_t)clade_tensor_count(constant);
    }
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const cld_node *node = &graph->nodes[n];
        cld_operator_use *use = use_of(model, names, node);
        if (!use)
            return cld_no_memory(err, "a model");
        use->count++;
        if (!node->op && !use->reason[0]) { /* one that is refused is enough */
            use->op = NULL;
            cld_op_of(node, use->reason, sizeof use->reason);
        }
        for (int32_t a = 0; a < node->n_attr; a++)
            if (node->attr[a].kind == CLD_ATTR_GRAPH)
                CLD_RETURN(describe(model, names, node->attr[a].u.graph, err));
    }
    return CLADE_OK;
}

/* The names of inputs and outputs, so that a caller's name is found at once. */
static clade_status index_names(cld_names *names, const cld_graph *graph, const cld_value_id *ids, int32_t count,
                                clade_error *err) {
    cld_names_init(names, graph->arena);
    for (int32_t k = count - 1; k >= 0; k--) /* of two outputs that are one value the first counts */
        if (!cld_names_put(names, cld_graph_at(graph, ids[k])->name, k))
            return cld_no_memory(err, "a model");
    return CLADE_OK;
}

/* Takes `graph`, also on failure. Facts are those of the file; then the model passes run. */
static clade_status finish(clade_model **out, cld_graph *graph, const cld_model_facts *facts, clade_error *err) {
    clade_status status = CLADE_OK;
    clade_model *model = cld_calloc(1, sizeof *model);
    if (!model) {
        cld_graph_free(graph);
        return cld_no_memory(err, "a model");
    }
    cld_names names;
    cld_arena *scratch = cld_arena_new();
    cld_refs_init(&model->refs);
    model->graph = graph;
    model->facts = *facts;
    model->node_count = count_nodes(graph);
    while (model->n_required < graph->n_inputs && !cld_graph_at(graph, graph->inputs[model->n_required])->is_default)
        model->n_required++;
    model->operators = cld_arena_calloc(graph->arena, model->node_count + 1, sizeof *model->operators);
    if (!model->operators || !scratch)
        CLD_TRY(cld_no_memory(err, "a model"));
    cld_names_init(&names, scratch);
    CLD_TRY(describe(model, &names, graph, err));
    if (!graph->unsupported && model->n_required < graph->n_inputs) { /* else parts of it are missing */
        model->open = cld_graph_copy(graph);
        CLD_TRY(model->open ? cld_pass_dead(model->open, err) : cld_no_memory(err, "a model"));
    }
    if (!graph->unsupported)
        CLD_TRY(cld_passes_run(cld_model_passes, -1, graph, err));
    graph->derived = model->derived = cld_derived_new(graph);
    if (!model->derived)
        CLD_TRY(cld_no_memory(err, "a model"));
    if (model->open)
        model->open->derived = model->derived;
    cld_mappings_release(graph->maps, NULL, 0); /* what passes have read */
    CLD_TRY(index_names(&model->inputs, graph, graph->inputs, graph->n_inputs, err));
    CLD_TRY(index_names(&model->outputs, graph, graph->outputs, graph->n_outputs, err));
    *out = model;
    model = NULL;
fail:
    cld_arena_free(scratch);
    clade_model_free(model);
    return status;
}

/* The options of the reader, from what the caller gave. */
static clade_status read_options(cld_onnx_options *out, const clade_model_options *options, clade_error *err) {
    clade_model_options known = CLADE_MODEL_OPTIONS_INIT;
    CLD_RETURN(cld_sized_read(&known, sizeof known, options, "clade_model_options", err));
    *out = (cld_onnx_options){ .max_bytes = known.max_bytes,
                               .any_opset = known.any_opset != 0,
                               .describe = known.describe != 0,
                               .read_external = known.read_external,
                               .read_external_user = known.read_external_user,
                               .borrow = known.borrow != 0,
                               .map = known.in_memory == 0 };
    return CLADE_OK;
}

clade_status clade_model_load(clade_model **out, const char *path, const clade_model_options *options,
                              clade_error *err) {
    cld_onnx_options known;
    cld_graph *graph;
    cld_model_facts facts;
    if (!out || !path)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out and path must not be NULL");
    *out = NULL;
    CLD_RETURN(read_options(&known, options, err));
    if (known.borrow)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "%s: only a model in memory can be borrowed", path);
    CLD_RETURN(cld_onnx_read(&graph, &facts, path, &known, err));
    return finish(out, graph, &facts, err);
}

clade_status clade_model_load_memory(clade_model **out, const void *data, size_t size_bytes,
                                     const clade_model_options *options, clade_error *err) {
    cld_onnx_options known;
    cld_graph *graph;
    cld_model_facts facts;
    if (!out || (!data && size_bytes))
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out and data must not be NULL");
    *out = NULL;
    CLD_RETURN(read_options(&known, options, err));
    CLD_RETURN(cld_onnx_parse(&graph, &facts, data, size_bytes, &known, err));
    return finish(out, graph, &facts, err);
}

static clade_status check_nodes(const cld_graph *graph, clade_error *err) {
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const cld_node *node = &graph->nodes[n];
        if (!node->op) {
            char reason[160];
            cld_op_of(node, reason, sizeof reason);
            return cld_fail(err, CLADE_ERR_UNSUPPORTED, "node '%s': %s", node->name, reason);
        }
        for (int32_t a = 0; a < node->n_attr; a++)
            if (node->attr[a].kind == CLD_ATTR_GRAPH)
                CLD_RETURN(check_nodes(node->attr[a].u.graph, err));
    }
    return CLADE_OK;
}

clade_status cld_model_check_supported(const clade_model *model, clade_error *err) {
    if (model->graph->unsupported)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s", model->graph->unsupported);
    return check_nodes(model->graph, err);
}
