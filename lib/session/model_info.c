/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a model: what the file says of itself, its inputs and outputs, its operators. Everything handed out is
 * borrowed from the model.
 */
#include "session/session_internal.h"

clade_status clade_model_get_info(const clade_model *model, clade_model_info *out, clade_error *err) {
    if (!model || !out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "model and out must not be NULL");
    const cld_model_facts *facts = &model->facts;
    clade_model_info known = { .producer = facts->producer,
                               .producer_version = facts->producer_version,
                               .domain = facts->domain,
                               .description = facts->description,
                               .graph_name = facts->graph_name,
                               .graph_description = facts->graph_description,
                               .ir_version = facts->ir_version,
                               .model_version = facts->model_version,
                               .opset = facts->opset,
                               .opset_count = facts->n_opsets,
                               .metadata_count = facts->n_properties,
                               .node_count = model->node_count,
                               .parameter_count = model->parameter_count,
                               .weight_bytes = model->weight_bytes,
                               .input_count = (size_t)model->n_required,
                               .optional_input_count = (size_t)(model->graph->n_inputs - model->n_required),
                               .unsupported = model->graph->unsupported,
                               .output_count = (size_t)model->graph->n_outputs,
                               .operator_count = (size_t)model->n_operators };
    return cld_sized_write(out, &known, sizeof known, "clade_model_info", err);
}

static clade_status check_index(const clade_model *model, const void *out, size_t index, const char *what, size_t count,
                                clade_error *err) {
    if (!model || !out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "model and out must not be NULL");
    if (index >= count)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the model has %zu %s, there is no number %zu", count, what, index);
    return CLADE_OK;
}

static clade_status describe_value(const cld_value *value, clade_value_info *out, clade_error *err) {
    clade_value_info known = { .name = value->name,
                               .dtype = value->type.dtype,
                               .rank = value->type.rank,
                               .declared = value->declared,
                               .description = value->doc ? value->doc : "",
                               .is_optional = value->is_default };
    memcpy(known.dims, value->type.dims, sizeof known.dims);
    memcpy(known.dim_names, value->dim_names, sizeof known.dim_names);
    return cld_sized_write(out, &known, sizeof known, "clade_value_info", err);
}

clade_status clade_model_input(const clade_model *model, size_t index, clade_value_info *out, clade_error *err) {
    CLD_RETURN(check_index(model, out, index, "inputs", model ? (size_t)model->graph->n_inputs : 0, err));
    return describe_value(cld_graph_at(model->graph, model->graph->inputs[index]), out, err);
}

clade_status clade_model_output(const clade_model *model, size_t index, clade_value_info *out, clade_error *err) {
    CLD_RETURN(check_index(model, out, index, "outputs", model ? (size_t)model->graph->n_outputs : 0, err));
    return describe_value(cld_graph_at(model->graph, model->graph->outputs[index]), out, err);
}

clade_status clade_model_infer_output(const clade_model *model, size_t index, char **out, clade_error *err) {
    cld_text text = { 0 };
    CLD_RETURN(check_index(model, out, index, "outputs", model ? (size_t)model->graph->n_outputs : 0, err));
    if (model->graph->unsupported)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s", model->graph->unsupported);
    clade_status status = cld_pass_symbolic(model->graph, (int32_t)index, &text, err);
    if (status == CLADE_OK)
        *out = text.data;
    else
        cld_text_free(&text);
    return status;
}

void clade_string_free(char *string) { cld_free(string); }

clade_status clade_model_operator(const clade_model *model, size_t index, clade_operator_info *out, clade_error *err) {
    CLD_RETURN(check_index(model, out, index, "operators", model ? (size_t)model->n_operators : 0, err));
    const cld_operator_use *use = &model->operators[index];
    clade_operator_info known = { .domain = use->domain,
                                  .name = use->type,
                                  .count = use->count,
                                  .supported = use->op != NULL,
                                  .reason = use->reason };
    return cld_sized_write(out, &known, sizeof known, "clade_operator_info", err);
}

clade_status clade_model_opset(const clade_model *model, size_t index, const char **domain, int64_t *version,
                               clade_error *err) {
    if (!domain || !version)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "domain and version must not be NULL");
    CLD_RETURN(check_index(model, domain, index, "operator sets", model ? model->facts.n_opsets : 0, err));
    *domain = model->facts.opsets[index].domain;
    *version = model->facts.opsets[index].version;
    return CLADE_OK;
}

clade_status clade_model_metadata(const clade_model *model, size_t index, const char **key, const char **value,
                                  clade_error *err) {
    if (!key || !value)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "key and value must not be NULL");
    CLD_RETURN(check_index(model, key, index, "metadata entries", model ? model->facts.n_properties : 0, err));
    *key = model->facts.properties[index].key;
    *value = model->facts.properties[index].value;
    return CLADE_OK;
}

clade_status clade_model_find_metadata(const clade_model *model, const char *key, const char **value,
                                       clade_error *err) {
    if (!model || !key || !value)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "model, key and value must not be NULL");
    for (size_t k = 0; k < model->facts.n_properties; k++)
        if (strcmp(model->facts.properties[k].key, key) == 0) {
            *value = model->facts.properties[k].value;
            return CLADE_OK;
        }
    return cld_fail(err, CLADE_ERR_NOT_FOUND, "the model has no metadata '%s'", key);
}
