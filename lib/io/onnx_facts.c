/* SPDX-License-Identifier: Apache-2.0 */
/* What a model says of itself: operator sets, who made it, and whatever its author attached. Texts are hostile: they
 * are kept as they are, in the graph's arena, and whoever prints them cleans them.
 */
#include "io/onnx.h"

static const char *text_or_empty(const char *text) { return text != NULL ? text : ""; }

clade_status cld_onnx_opsets(cld_onnx *onnx, const CldOnnx__ModelProto *model, cld_model_facts *facts,
                             clade_error *err) {
    cld_opset *opsets = cld_arena_calloc(onnx->arena, model->n_opset_import, sizeof *opsets);
    if (opsets == NULL)
        return cld_no_memory(err, "the model");
    cld_names_init(&onnx->opsets, onnx->scratch);
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const CldOnnx__OperatorSetIdProto *import = model->opset_import[i];
        const char *domain = text_or_empty(import->domain);
        if (strcmp(domain, "ai.onnx") == 0)
            domain = "";
        if (strcmp(domain, CLD_INTERNAL) == 0)
            return cld_fail(err, CLADE_ERR_FORMAT, "the model imports operator domain '%s', which is reserved", domain);
        if (import->version < 0 || import->version > INT32_MAX)
            return cld_fail(err, CLADE_ERR_FORMAT, "the model imports version %lld of operator domain '%s'",
                            (long long)import->version, domain);
        if (!cld_names_put(&onnx->opsets, domain, (int32_t)import->version))
            return cld_no_memory(err, "the model");
        opsets[i] = (cld_opset){ domain, import->version };
    }
    facts->opset = CLD_MAX(cld_names_get(&onnx->opsets, ""), 0);
    facts->opsets = opsets;
    facts->n_opsets = model->n_opset_import;
    return CLADE_OK;
}

clade_status cld_onnx_facts(cld_onnx *onnx, const CldOnnx__ModelProto *model, cld_model_facts *facts,
                            clade_error *err) {
    cld_property *properties = cld_arena_calloc(onnx->arena, model->n_metadata_props, sizeof *properties);
    if (properties == NULL)
        return cld_no_memory(err, "the model");
    for (size_t i = 0; i < model->n_metadata_props; i++)
        properties[i] = (cld_property){ text_or_empty(model->metadata_props[i]->key),
                                        text_or_empty(model->metadata_props[i]->value) };
    facts->properties = properties;
    facts->n_properties = model->n_metadata_props;
    facts->producer = text_or_empty(model->producer_name);
    facts->producer_version = text_or_empty(model->producer_version);
    facts->domain = text_or_empty(model->domain);
    facts->description = text_or_empty(model->doc_string);
    facts->graph_name = text_or_empty(model->graph->name);
    facts->graph_description = text_or_empty(model->graph->doc_string);
    facts->ir_version = model->ir_version;
    facts->model_version = model->model_version;
    return CLADE_OK;
}
