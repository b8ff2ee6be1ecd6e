#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes mlp.onnx beside itself: x [batch, 8] -> Gemm -> Relu -> Gemm -> Softmax -> y [batch, 4], seeded weights."""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(7)
weights = {
    "w1": rng.standard_normal((8, 16)),
    "b1": rng.standard_normal(16),
    "w2": rng.standard_normal((16, 4)),
    "b2": rng.standard_normal(4),
}
nodes = [
    helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"], "first"),
    helper.make_node("Relu", ["hidden"], ["active"], "activation"),
    helper.make_node("Gemm", ["active", "w2", "b2"], ["logits"], "second"),
    helper.make_node("Softmax", ["logits"], ["y"], "probabilities", axis=1),
]
graph = helper.make_graph(
    nodes,
    "mlp",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
    [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="make_mlp.py")
onnx.checker.check_model(model)
onnx.save(model, os.path.join(os.path.dirname(os.path.abspath(__file__)), "mlp.onnx"))
