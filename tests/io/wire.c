/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of wire.h: varints, lengths, and the handful of ONNX messages the tests need. */
#include "wire.h"

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

static void add_varint(wire *to, uint64_t value) {
    do {
        const char byte = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        cld_text_addn(to, &byte, 1);
        value >>= 7;
    } while (value != 0);
}

static void add_key(wire *to, int field, int type) { add_varint(to, (uint64_t)field << 3 | (uint64_t)type); }

void wire_int(wire *to, int field, int64_t value) {
    add_key(to, field, VARINT);
    add_varint(to, (uint64_t)value);
}

void wire_float(wire *to, int field, float value) {
    add_key(to, field, FIXED32);
    cld_text_addn(to, (const char *)&value, sizeof value);
}

void wire_bytes(wire *to, int field, const void *data, size_t size_bytes) {
    add_key(to, field, LENGTH);
    add_varint(to, size_bytes);
    cld_text_addn(to, data, size_bytes);
}

void wire_text(wire *to, int field, const char *text) { wire_bytes(to, field, text, strlen(text)); }

void wire_message(wire *to, int field, wire *message) {
    wire_bytes(to, field, message->data != NULL ? message->data : "", message->size);
    cld_text_free(message);
}

void wire_value(wire *graph, int field, const char *name, int32_t dtype, int32_t rank, const int64_t *dims) {
    wire shape = { 0 }, tensor = { 0 }, type = { 0 }, value = { 0 };
    for (int32_t i = 0; i < rank; i++) {
        wire dim = { 0 };
        if (dims[i] >= 0)
            wire_int(&dim, 1, dims[i]);
        else
            wire_text(&dim, 2, "n");
        wire_message(&shape, 1, &dim);
    }
    wire_int(&tensor, 1, dtype);
    if (rank >= 0)
        wire_message(&tensor, 2, &shape);
    wire_message(&type, 1, &tensor);
    wire_text(&value, 1, name);
    wire_message(&value, 2, &type);
    wire_message(graph, field, &value);
}

wire wire_tensor(const char *name, int32_t dtype, int32_t rank, const int64_t *dims, const void *data,
                 size_t size_bytes) {
    wire tensor = { 0 };
    for (int32_t i = 0; i < rank; i++)
        wire_int(&tensor, 1, dims[i]);
    wire_int(&tensor, 2, dtype);
    wire_text(&tensor, 8, name);
    wire_bytes(&tensor, 9, data, size_bytes);
    return tensor;
}

static void add_names(wire *node, int field, const char *names) {
    while (*names != '\0') {
        const size_t length = strcspn(names, " ");
        wire_bytes(node, field, names, length == 1 && *names == '-' ? 0 : length);
        names += length;
        names += strspn(names, " ");
    }
}

void wire_node(wire *graph, const char *type, const char *inputs, const char *outputs, wire *attributes) {
    wire node = { 0 };
    add_names(&node, 1, inputs);
    add_names(&node, 2, outputs);
    wire_text(&node, 4, type);
    if (attributes != NULL) {
        cld_text_addn(&node, attributes->data, attributes->size);
        cld_text_free(attributes);
    }
    wire_message(graph, GRAPH_NODE, &node);
}

static wire start_attr(const char *name, int kind) {
    wire attr = { 0 };
    wire_text(&attr, 1, name);
    wire_int(&attr, 20, kind);
    return attr;
}

void wire_attr_int(wire *attributes, const char *name, int64_t value) {
    wire attr = start_attr(name, ATTR_INT);
    wire_int(&attr, 3, value);
    wire_message(attributes, 5, &attr);
}

void wire_attr_float(wire *attributes, const char *name, float value) {
    wire attr = start_attr(name, ATTR_FLOAT);
    wire_float(&attr, 2, value);
    wire_message(attributes, 5, &attr);
}

void wire_attr_text(wire *attributes, const char *name, const char *value) {
    wire attr = start_attr(name, ATTR_STRING);
    wire_text(&attr, 4, value);
    wire_message(attributes, 5, &attr);
}

void wire_attr_ints(wire *attributes, const char *name, int32_t count, const int64_t *values) {
    wire attr = start_attr(name, ATTR_INTS);
    for (int32_t i = 0; i < count; i++)
        wire_int(&attr, 8, values[i]);
    wire_message(attributes, 5, &attr);
}

void wire_attr_floats(wire *attributes, const char *name, int32_t count, const float *values) {
    wire attr = start_attr(name, ATTR_FLOATS);
    for (int32_t i = 0; i < count; i++)
        wire_float(&attr, 7, values[i]);
    wire_message(attributes, 5, &attr);
}

void wire_attr_texts(wire *attributes, const char *name, int32_t count, const char *const *values) {
    wire attr = start_attr(name, ATTR_STRINGS);
    for (int32_t i = 0; i < count; i++)
        wire_text(&attr, 9, values[i]);
    wire_message(attributes, 5, &attr);
}

void wire_attr_message(wire *attributes, const char *name, int kind, wire *message) {
    wire attr = start_attr(name, kind);
    wire_message(&attr, kind == ATTR_TENSOR ? 5 : 6, message);
    wire_message(attributes, 5, &attr);
}

wire wire_model_at(wire *graph, int32_t version) {
    wire model = { 0 }, opset = { 0 };
    wire_int(&model, 1, 8);
    wire_text(&model, 2, "test");
    wire_int(&opset, 2, version);
    wire_message(&model, 8, &opset);
    wire_message(&model, 7, graph);
    return model;
}

wire wire_model(wire *graph) { return wire_model_at(graph, 17); }

clade_status wire_parse(cld_graph **out, wire *model, clade_error *err) {
    cld_model_facts facts;
    const clade_status status = cld_onnx_parse(out, &facts, model->data != NULL ? model->data : "", model->size,
                                               &(cld_onnx_options){ .max_bytes = 0 }, err);
    cld_text_free(model);
    return status;
}
