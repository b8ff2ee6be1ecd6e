#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_encoder.py OUT.onnx: a transformer encoder of 6 layers, width 384, 12 heads, 128 positions, x [N,128,384] -> y.

Its weights are all alike, so the file is small; for counts and times, not for answers. Needs the package onnx.
"""
import sys

from onnx import TensorProto, checker, helper, numpy_helper, save
import numpy as np

LAYERS, WIDTH, HEADS, POSITIONS, INNER = 6, 384, 12, 128, 1536
nodes, initial = [], []


def node(op, *inputs, **attributes):
    name = f"v{len(nodes)}"
    nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
    return name


def constant(values):
    initial.append(numpy_helper.from_array(np.asarray(values), f"c{len(initial)}"))
    return initial[-1].name


def weight(*shape):
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.01])
    return node("ConstantOfShape", constant(np.array(shape, np.int64)), value=value)


def dense(x, rows, columns):
    return node("Add", node("MatMul", x, weight(rows, columns)), weight(columns))


def norm(x):
    return node("LayerNormalization", x, weight(WIDTH), weight(WIDTH), axis=-1)


def heads(x, *order):
    split = constant(np.array([0, POSITIONS, HEADS, WIDTH // HEADS], np.int64))
    return node("Transpose", node("Reshape", dense(x, WIDTH, WIDTH), split), perm=order)


def layer(x):
    q, k, v = heads(x, 0, 2, 1, 3), heads(x, 0, 2, 3, 1), heads(x, 0, 2, 1, 3)
    scores = node("Mul", node("MatMul", q, k), constant(np.float32((WIDTH / HEADS) ** -0.5)))
    mixed = node("Transpose", node("MatMul", node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    joined = node("Reshape", mixed, constant(np.array([0, POSITIONS, WIDTH], np.int64)))
    x = norm(node("Add", x, dense(joined, WIDTH, WIDTH)))
    up = dense(x, WIDTH, INNER)
    erf = node("Erf", node("Div", up, constant(np.float32(2 ** 0.5))))
    gelu = node("Mul", node("Mul", up, node("Add", erf, constant(np.float32(1)))), constant(np.float32(0.5)))
    return norm(node("Add", x, dense(gelu, INNER, WIDTH)))


out = "x"
for _ in range(LAYERS):
    out = layer(out)
shape = ["N", POSITIONS, WIDTH]
graph = helper.make_graph(nodes, "encoder", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info(out, TensorProto.FLOAT, shape)], initial)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
checker.check_model(model)
save(model, sys.argv[1])
