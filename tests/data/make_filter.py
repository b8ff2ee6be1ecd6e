#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes filter.onnx beside itself: x [N] -> what is neither 0 nor 1. Both shapes on the way depend on data."""
import os

import onnx
from onnx import TensorProto, helper

nodes = [
    helper.make_node("NonZero", ["x"], ["kept"]),
    helper.make_node("Squeeze", ["kept", "first"], ["places"]),
    helper.make_node("Gather", ["x", "places"], ["not_zero"]),
    helper.make_node("Sub", ["not_zero", "one"], ["less"]),
    helper.make_node("NonZero", ["less"], ["kept_again"]),
    helper.make_node("Squeeze", ["kept_again", "first"], ["places_again"]),
    helper.make_node("Gather", ["not_zero", "places_again"], ["y"]),
]
graph = helper.make_graph(
    nodes,
    "filter",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["M"])],
    [helper.make_tensor("first", TensorProto.INT64, [1], [0]), helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="make_filter.py")
onnx.save(model, os.path.join(os.path.dirname(os.path.abspath(__file__)), "filter.onnx"))
