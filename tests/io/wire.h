/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX models as bytes, written field by field, so that tests can also write what no library would.
 *
 * A wire is a growing buffer; a message is a wire that wire_message puts into another and frees. Field numbers are
 * ONNX's.
 */
#ifndef CLADE_TEST_WIRE_H
#define CLADE_TEST_WIRE_H

#include "io/io.h"

typedef cld_text wire;

void wire_int(wire *to, int field, int64_t value);
void wire_float(wire *to, int field, float value);
void wire_bytes(wire *to, int field, const void *data, size_t size_bytes);
void wire_text(wire *to, int field, const char *text);
void wire_message(wire *to, int field, wire *message); /* frees message */

/* Field numbers of GraphProto and AttributeProto that callers choose between. */
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALISER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_SPARSE = 15 };
enum {
    ATTR_FLOAT = 1,
    ATTR_INT = 2,
    ATTR_STRING = 3,
    ATTR_TENSOR = 4,
    ATTR_GRAPH = 5,
    ATTR_FLOATS = 6,
    ATTR_INTS = 7,
    ATTR_STRINGS = 8
};

/* A dense tensor's declaration; rank -1: no shape; a dimension of -1: named "n". field: GRAPH_INPUT or GRAPH_OUTPUT. */
void wire_value(wire *graph, int field, const char *name, int32_t dtype, int32_t rank, const int64_t *dims);
/* A TensorProto of raw data. */
wire wire_tensor(const char *name, int32_t dtype, int32_t rank, const int64_t *dims, const void *data,
                 size_t size_bytes);
/* A NodeProto; names are separated by blanks, "-" is an absent one. attributes (may be NULL) are freed. */
void wire_node(wire *graph, const char *type, const char *inputs, const char *outputs, wire *attributes);
/* One attribute of a node, of a kind that one field of the message holds. `message` (ATTR_TENSOR, ATTR_GRAPH) is freed.
 */
void wire_attr_int(wire *attributes, const char *name, int64_t value);
void wire_attr_float(wire *attributes, const char *name, float value);
void wire_attr_text(wire *attributes, const char *name, const char *value);
void wire_attr_ints(wire *attributes, const char *name, int32_t count, const int64_t *values);
void wire_attr_floats(wire *attributes, const char *name, int32_t count, const float *values);
void wire_attr_texts(wire *attributes, const char *name, int32_t count, const char *const *values);
void wire_attr_message(wire *attributes, const char *name, int kind, wire *message);
/* A model of that graph (freed): IR version 8, opset 17 of the default domain. */
wire wire_model(wire *graph);
/* The same at another opset. */
wire wire_model_at(wire *graph, int32_t opset);
/* Parses a model and frees it. */
clade_status wire_parse(cld_graph **out, wire *model, clade_error *err);

#endif
