#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the test cases in cases/ (packages onnx and numpy): small ones with answers that can be checked by hand.

subtract     y = a - b with a [N,3] and b [3]; data set 0 stores the names, b first; data set 1 stores none, in order
count        y = a + a in int64, beyond 2^53, where float64 would be off
strange      an operator that nobody has
future       the same as subtract, of opset 99
signed_shift BitShift of signed integers, which the standard does not have
no_data      a model alone
"""
import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")


def write(path, message):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(message.SerializeToString())


def write_model(name, nodes, inputs, outputs, opset=13):
    graph = helper.make_graph(nodes, name, inputs, outputs)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("nowhere", 1)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="make_cases.py")
    model.ir_version = 7
    write(os.path.join(ROOT, name, "model.onnx"), model)


def write_set(name, number, inputs, outputs):
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for i, (stored, array) in enumerate(tensors):
            path = os.path.join(ROOT, name, f"test_data_set_{number}", f"{kind}_{i}.pb")
            write(path, numpy_helper.from_array(array, stored))


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


a = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
b = np.array([0.5, 1, -2], np.float32)
y = np.array([[0.5, 1, 5], [3.5, 4, 8]], np.float32)
write_model("subtract", [helper.make_node("Sub", ["a", "b"], ["y"], name="difference")],
            [value("a", TensorProto.FLOAT, ["N", 3]), value("b", TensorProto.FLOAT, [3])],
            [value("y", TensorProto.FLOAT, ["N", 3])])
write_set("subtract", 0, [("b", b), ("a", a)], [("y", y)])
write_set("subtract", 1, [("", a), ("", b)], [("", y)])

write_model("future", [helper.make_node("Sub", ["a", "b"], ["y"], name="difference")],
            [value("a", TensorProto.FLOAT, ["N", 3]), value("b", TensorProto.FLOAT, [3])],
            [value("y", TensorProto.FLOAT, ["N", 3])], 99)
write_set("future", 0, [("a", a), ("b", b)], [("y", y)])

n = np.array([2**53 + 1, -7, 0], np.int64)
write_model("count", [helper.make_node("Add", ["a", "a"], ["y"])],
            [value("a", TensorProto.INT64, [3])], [value("y", TensorProto.INT64, [3])])
write_set("count", 0, [("a", n)], [("y", np.array([2**54 + 2, -14, 0], np.int64))])

write_model("strange", [helper.make_node("Frobnicate", ["a"], ["y"], name="odd one", domain="nowhere")],
            [value("a", TensorProto.FLOAT, [3])], [value("y", TensorProto.FLOAT, [3])])
write_set("strange", 0, [("a", b)], [("y", b)])

write_model("signed_shift", [helper.make_node("BitShift", ["a", "a"], ["y"], direction="LEFT")],
            [value("a", TensorProto.INT32, ["N"])], [value("y", TensorProto.INT32, ["N"])])
ones = np.ones(3, np.int32)
write_set("signed_shift", 0, [("a", ones)], [("y", 2 * ones)])

write_model("no_data", [helper.make_node("Neg", ["a"], ["y"])],
            [value("a", TensorProto.FLOAT, [3])], [value("y", TensorProto.FLOAT, [3])])
