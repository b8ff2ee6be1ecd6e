/* SPDX-License-Identifier: Apache-2.0 */
/* AttributeProto -> cld_attr, one reader per kind, and the tensor of a Constant node.
 *
 * Lists and names stay where they were unpacked. Strings end at their first NUL byte. A sub-graph is read into a graph
 * in the same arena; what it captures goes to the node, then_branch's captures before else_branch's.
 */
#include "io/onnx.h"

#include <stdio.h>

enum {
    MAX_DEPTH = 64, /* nested sub-graphs; each level costs a few hundred bytes of stack */
    MAX_ATTRS = 128 /* per node; ONNX's largest operator has about twenty */
};

typedef struct reader {
    cld_onnx *onnx;
    cld_scope *scope;
    const cld_node *node;
    cld_captures *captures;
} reader;

/* ---- one reader per kind -------------------------------------------------------------------------------------- */

static clade_status read_float(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    (void)r, (void)err;
    out->u.f = proto->f;
    return CLADE_OK;
}

static clade_status read_int(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    (void)r, (void)err;
    out->u.i = proto->i;
    return CLADE_OK;
}

static char *copy_string(cld_arena *arena, const ProtobufCBinaryData *bytes) {
    char *copy = cld_arena_alloc(arena, bytes->len + 1);
    if (copy != NULL && bytes->len > 0)
        memcpy(copy, bytes->data, bytes->len);
    return copy;
}

static clade_status read_string(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    out->u.s = copy_string(r->onnx->arena, &proto->s);
    return out->u.s != NULL ? CLADE_OK : cld_no_memory(err, r->node->name);
}

static clade_status read_tensor(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    char what[300];
    if (proto->t == NULL)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s': attribute '%s' is of type tensor and has none", r->node->type,
                        r->node->name, proto->name);
    snprintf(what, sizeof what, "%.80s '%.100s': attribute '%.60s'", r->node->type, r->node->name, proto->name);
    return cld_onnx_tensor(r->onnx, proto->t, what, &out->u.tensor, err);
}

static clade_status keep_captures(reader *r, const cld_scope *inner, clade_error *err) {
    if (inner->n_captures == 0)
        return CLADE_OK;
    cld_captures *all = r->captures;
    if (inner->n_captures > INT32_MAX - all->count ||
        !cld_arena_grow(r->onnx->scratch, (void **)&all->ids, &all->capacity, all->count + inner->n_captures,
                        sizeof *all->ids))
        return cld_no_memory(err, r->node->name);
    memcpy(all->ids + all->count, inner->captures, (size_t)inner->n_captures * sizeof *all->ids);
    all->count += inner->n_captures;
    return CLADE_OK;
}

static clade_status read_graph(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    clade_status status;
    cld_onnx *onnx = r->onnx;
    if (r->node->op != NULL && r->node->op->control == CLD_CONTROL_NONE)
        return cld_fail(err, CLADE_ERR_GRAPH, "%s '%s': attribute '%s' is a graph, which the operator does not take",
                        r->node->type, r->node->name, proto->name);
    if (!proto->has_g)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s': attribute '%s' is of type graph and has none", r->node->type,
                        r->node->name, proto->name);
    if (r->scope->depth == MAX_DEPTH)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s' lies %d sub-graphs deep, the limit", r->node->type,
                        r->node->name, MAX_DEPTH);
    const CldOnnx__GraphProto *graph = cld_unpack_message(&onnx->unpack, &cld_onnx__graph_proto__descriptor,
                                                          proto->g.data, proto->g.len, r->node->name, &status, err);
    if (graph == NULL)
        return status;
    cld_scope inner = { .graph = cld_graph_new(onnx->arena, NULL), .outer = r->scope, .depth = r->scope->depth + 1 };
    if (inner.graph == NULL)
        return cld_no_memory(err, r->node->name);
    CLD_RETURN(cld_onnx_graph(onnx, &inner, graph, err));
    out->u.graph = inner.graph;
    return keep_captures(r, &inner, err);
}

static clade_status read_count(reader *r, size_t count, cld_attr *out, clade_error *err) {
    if (count > INT32_MAX)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s': attribute '%s' has %zu elements", r->node->type, r->node->name,
                        out->name, count);
    out->count = (int32_t)count;
    return CLADE_OK;
}

static clade_status read_floats(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    out->u.floats = proto->floats;
    return read_count(r, proto->n_floats, out, err);
}

static clade_status read_ints(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    out->u.ints = proto->ints;
    return read_count(r, proto->n_ints, out, err);
}

static clade_status read_strings(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out, clade_error *err) {
    CLD_RETURN(read_count(r, proto->n_strings, out, err));
    const char **strings = cld_arena_calloc(r->onnx->arena, proto->n_strings, sizeof *strings);
    bool ok = strings != NULL;
    for (size_t i = 0; ok && i < proto->n_strings; i++)
        ok = (strings[i] = copy_string(r->onnx->arena, &proto->strings[i])) != NULL;
    out->u.strings = strings;
    return ok ? CLADE_OK : cld_no_memory(err, r->node->name);
}

typedef struct attr_kind {
    const char *name;
    clade_status (*read)(reader *r, const CldOnnx__AttributeProto *proto, cld_attr *out,
                         clade_error *err); /* or NULL */
    cld_attr_kind kind;
} attr_kind;
#define KIND(name) CLD_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name
static const attr_kind kinds[] = {
    [KIND(UNDEFINED)] = { "undefined", NULL, 0 },
    [KIND(FLOAT)] = { "float", read_float, CLD_ATTR_FLOAT },
    [KIND(INT)] = { "int", read_int, CLD_ATTR_INT },
    [KIND(STRING)] = { "string", read_string, CLD_ATTR_STRING },
    [KIND(TENSOR)] = { "tensor", read_tensor, CLD_ATTR_TENSOR },
    [KIND(GRAPH)] = { "graph", read_graph, CLD_ATTR_GRAPH },
    [KIND(FLOATS)] = { "floats", read_floats, CLD_ATTR_FLOATS },
    [KIND(INTS)] = { "ints", read_ints, CLD_ATTR_INTS },
    [KIND(STRINGS)] = { "strings", read_strings, CLD_ATTR_STRINGS },
    [KIND(TENSORS)] = { "tensors", NULL, 0 },
    [KIND(GRAPHS)] = { "graphs", NULL, 0 },
    [KIND(SPARSE_TENSOR)] = { "sparse tensor", NULL, 0 },
    [KIND(SPARSE_TENSORS)] = { "sparse tensors", NULL, 0 },
    [KIND(TYPE_PROTO)] = { "type", NULL, 0 },
    [KIND(TYPE_PROTOS)] = { "types", NULL, 0 },
};

/* The stated type; the oldest files state none, and then the field that is there says it. */
static int32_t kind_of(const CldOnnx__AttributeProto *proto) {
    const struct {
        bool there;
        int32_t kind;
    } fields[] = {
        { proto->has_type && proto->type != KIND(UNDEFINED), proto->type },
        { proto->has_f, KIND(FLOAT) },
        { proto->has_i, KIND(INT) },
        { proto->has_s, KIND(STRING) },
        { proto->t != NULL, KIND(TENSOR) },
        { proto->has_g, KIND(GRAPH) },
        { proto->n_floats > 0, KIND(FLOATS) },
        { proto->n_ints > 0, KIND(INTS) },
        { proto->n_strings > 0, KIND(STRINGS) },
    };
    for (size_t i = 0; i < CLD_COUNT(fields); i++)
        if (fields[i].there)
            return fields[i].kind;
    return KIND(UNDEFINED);
}

/* ---- all of a node -------------------------------------------------------------------------------------------- */

static clade_status read_attr(reader *r, const CldOnnx__AttributeProto *proto, cld_node *node, clade_error *err) {
    const int32_t code = kind_of(proto);
    const bool known = code >= 0 && code < (int32_t)CLD_COUNT(kinds);
    cld_attr *out = &node->attr[node->n_attr];
    if (proto->name == NULL || proto->name[0] == '\0')
        return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s' has an attribute without a name", node->type, node->name);
    if (strncmp(proto->name, CLD_RESERVED, strlen(CLD_RESERVED)) == 0)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s' has attribute '%s'; such names are reserved", node->type,
                        node->name, proto->name);
    for (int32_t i = 0; i < node->n_attr; i++)
        if (strcmp(node->attr[i].name, proto->name) == 0)
            return cld_fail(err, CLADE_ERR_FORMAT, "%s '%s' has attribute '%s' twice", node->type, node->name,
                            proto->name);
    if (proto->ref_attr_name != NULL && proto->ref_attr_name[0] != '\0')
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s': attribute '%s' refers to '%s' of a function", node->type,
                        node->name, proto->name, proto->ref_attr_name);
    if (!known || kinds[code].read == NULL) {
        if (node->op == NULL)
            return CLADE_OK;
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s '%s': attribute '%s' is of type %s (%d)", node->type,
                        node->name, proto->name, known ? kinds[code].name : "unknown", (int)code);
    }
    *out = (cld_attr){ .name = proto->name, .kind = kinds[code].kind };
    node->n_attr++;
    return kinds[code].read(r, proto, out, err);
}

/* One that is left out leaves no trace. */
static clade_status take_attr(reader *r, const CldOnnx__AttributeProto *proto, cld_node *node, clade_error *err) {
    clade_error why;
    const int32_t before = node->n_attr;
    const clade_status status = read_attr(r, proto, node, &why);
    if (status != CLADE_OK)
        node->n_attr = before;
    return cld_onnx_note(r->onnx, status, &why, err);
}

static bool is_then(const CldOnnx__AttributeProto *proto) {
    return proto->name != NULL && strcmp(proto->name, "then_branch") == 0;
}

clade_status cld_onnx_attrs(cld_onnx *onnx, cld_scope *scope, const CldOnnx__NodeProto *proto, cld_node *node,
                            cld_captures *captures, clade_error *err) {
    reader r = { onnx, scope, node, captures };
    if (proto->n_attribute > MAX_ATTRS)
        return cld_fail(err, CLADE_ERR_LIMIT, "%s '%s' has %zu attributes, the limit is %d", node->type, node->name,
                        proto->n_attribute, MAX_ATTRS);
    node->attr = cld_arena_calloc(onnx->scratch, proto->n_attribute, sizeof *node->attr);
    if (node->attr == NULL)
        return cld_no_memory(err, node->name);
    for (size_t i = 0; i < proto->n_attribute; i++)
        if (is_then(proto->attribute[i]))
            CLD_RETURN(take_attr(&r, proto->attribute[i], node, err));
    for (size_t i = 0; i < proto->n_attribute; i++)
        if (!is_then(proto->attribute[i]))
            CLD_RETURN(take_attr(&r, proto->attribute[i], node, err));
    return CLADE_OK;
}

/* ---- Constant ------------------------------------------------------------------------------------------------- */

static clade_status make_constant(cld_onnx *onnx, clade_dtype dtype, int32_t rank, size_t count, void *data,
                                  const clade_tensor **out, clade_error *err) {
    clade_tensor *tensor = cld_arena_alloc(onnx->arena, sizeof *tensor);
    if (tensor == NULL)
        return cld_no_memory(err, "a Constant");
    *tensor =
        (clade_tensor){ .dtype = dtype, .rank = rank, .data = data, .size_bytes = count * clade_dtype_size(dtype) };
    tensor->dims[0] = rank > 0 ? (int64_t)count : 0;
    *out = tensor;
    return CLADE_OK;
}

clade_status cld_onnx_constant(cld_onnx *onnx, const CldOnnx__NodeProto *proto, const clade_tensor **out,
                               clade_error *err) {
    const char *name = proto->name != NULL && proto->name[0] != '\0' ? proto->name : proto->output[0];
    if (proto->n_attribute != 1 || proto->attribute[0]->name == NULL)
        return cld_fail(err, CLADE_ERR_GRAPH, "Constant '%s' has %zu attributes, needs one that is its value", name,
                        proto->n_attribute);
    CldOnnx__AttributeProto *attr = proto->attribute[0];
    if (strcmp(attr->name, "value") == 0 && attr->t != NULL) {
        char what[200];
        snprintf(what, sizeof what, "Constant '%.150s': value", name);
        return cld_onnx_tensor(onnx, attr->t, what, out, err);
    }
    if (strcmp(attr->name, "value_int") == 0)
        return make_constant(onnx, CLADE_INT64, 0, 1, &attr->i, out, err);
    if (strcmp(attr->name, "value_float") == 0)
        return make_constant(onnx, CLADE_FLOAT32, 0, 1, &attr->f, out, err);
    if (strcmp(attr->name, "value_ints") == 0)
        return make_constant(onnx, CLADE_INT64, 1, attr->n_ints, attr->ints, out, err);
    if (strcmp(attr->name, "value_floats") == 0)
        return make_constant(onnx, CLADE_FLOAT32, 1, attr->n_floats, attr->floats, out, err);
    return cld_fail(err, CLADE_ERR_UNSUPPORTED, "Constant '%s' is given as '%s', which is not supported", name,
                    attr->name);
}
