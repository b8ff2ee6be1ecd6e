/* SPDX-License-Identifier: Apache-2.0 */
/* The values that a GraphProto is given rather than computes: initialisers and inputs.
 *
 * An initialiser that is also listed as an input of the model is the default of that input; such inputs stand behind
 * those without one.
 */
#include "io/onnx.h"

static const char *text_or_empty(const char *text) { return text != NULL ? text : ""; }

static clade_status add_initialisers(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto,
                                     clade_error *err) {
    clade_error why;
    if (proto->n_sparse_initializer > 0) {
        const clade_status status = cld_fail(&why, CLADE_ERR_UNSUPPORTED,
                                             "graph '%s' has %zu sparse initialisers; only dense ones are supported",
                                             scope->graph->name, proto->n_sparse_initializer);
        CLD_RETURN(cld_onnx_note(onnx, status, &why, err));
    }
    for (size_t i = 0; i < proto->n_initializer; i++) {
        const char *name = text_or_empty(proto->initializer[i]->name);
        const clade_tensor *tensor = &cld_onnx_left_out;
        CLD_RETURN(cld_onnx_new_name(scope, name, "initialiser", err));
        const clade_status status = cld_onnx_tensor(onnx, proto->initializer[i], "initialiser", &tensor, &why);
        CLD_RETURN(cld_onnx_note(onnx, status, &why, err));
        CLD_RETURN(cld_onnx_enter(scope, cld_graph_constant(scope->graph, name, tensor), err));
    }
    return CLADE_OK;
}

clade_status cld_onnx_declared(cld_onnx *onnx, const CldOnnx__ValueInfoProto *proto, const char *what, cld_value *out,
                               clade_error *err) {
    clade_error why;
    const clade_status status = cld_onnx_type(proto, what, out, &why);
    return cld_onnx_note(onnx, status, &why, err);
}

void cld_onnx_keep_declared(cld_value *value, const cld_value *declared) {
    value->doc = declared->doc;
    value->declared = declared->declared;
    memcpy(value->dim_names, declared->dim_names, sizeof value->dim_names);
}

static clade_status add_inputs(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err) {
    clade_error why;
    for (size_t i = 0; i < proto->n_input; i++) {
        cld_value declared;
        const char *name = text_or_empty(proto->input[i]->name);
        const int32_t known = cld_names_get(&scope->names, name);
        if (known >= 0 && scope->graph->values[known].constant != NULL) {
            if (scope->outer == NULL)
                continue; /* add_defaults */
            const clade_status status =
                cld_fail(&why, CLADE_ERR_UNSUPPORTED, "input '%s' of sub-graph '%s' has a default value", name,
                         scope->graph->name);
            CLD_RETURN(cld_onnx_note(onnx, status, &why, err));
            continue;
        }
        CLD_RETURN(cld_onnx_new_name(scope, name, "input", err));
        CLD_RETURN(cld_onnx_declared(onnx, proto->input[i], "input", &declared, err));
        if (scope->outer == NULL && declared.type.dtype == CLADE_NONE && declared.declared == NULL)
            return cld_fail(err, CLADE_ERR_FORMAT, "input '%s' has no declared type", name);
        const cld_value_id id = cld_graph_input(scope->graph, name, &declared.type);
        CLD_RETURN(cld_onnx_enter(scope, id, err));
        cld_onnx_keep_declared(cld_graph_at(scope->graph, id), &declared);
    }
    return CLADE_OK;
}

/* The default has a type of the declared ones. */
static bool is_of(const clade_tensor *tensor, const cld_type *declared) {
    bool good = tensor->dtype == declared->dtype && (declared->rank < 0 || declared->rank == tensor->rank);
    for (int32_t d = 0; good && d < declared->rank; d++)
        good = declared->dims[d] < 0 || declared->dims[d] == tensor->dims[d];
    return good;
}

/* Inputs of the model that have a default, behind those that have none. */
static clade_status add_defaults(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err) {
    for (size_t i = 0; scope->outer == NULL && i < proto->n_input; i++) {
        cld_value declared;
        const char *name = text_or_empty(proto->input[i]->name);
        const cld_value_id id = { cld_names_get(&scope->names, name) };
        cld_value *value = cld_graph_at(scope->graph, id);
        if (value->constant == NULL)
            continue;
        if (value->is_default)
            return cld_fail(err, CLADE_ERR_GRAPH, "graph '%s' lists input '%s' twice", scope->graph->name, name);
        CLD_RETURN(cld_onnx_declared(onnx, proto->input[i], "input", &declared, err));
        value->doc = declared.doc;
        if (is_of(value->constant, &declared.type)) { /* else only another tensor of the default's type may be set */
            value->type = declared.type;
            cld_onnx_keep_declared(value, &declared);
        }
        if (!cld_graph_default(scope->graph, id))
            return cld_no_memory(err, name);
    }
    return CLADE_OK;
}

clade_status cld_onnx_given(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err) {
    CLD_RETURN(add_initialisers(onnx, scope, proto, err));
    CLD_RETURN(add_inputs(onnx, scope, proto, err));
    CLD_RETURN(add_defaults(onnx, scope, proto, err));
    scope->graph->n_formal = scope->graph->n_inputs;
    return CLADE_OK;
}
