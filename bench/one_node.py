# SPDX-License-Identifier: Apache-2.0
"""Models of one node, for nearest.py and clblast.py. Needs onnx and numpy."""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(path, node, inputs, shape, constants=()):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs]
    graph = helper.make_graph([node], "one", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)


def save_product(path, m, n, k):
    save(path, helper.make_node("MatMul", ["a", "b"], ["y"]), [("a", [m, k]), ("b", [k, n])], [m, n])


def save_conv(path, channels, size, filters, kernel, stride):
    """One square image, padded by kernel / 2, constant weights."""
    pad = kernel // 2
    out = (size + 2 * pad - kernel) // stride + 1
    weights = numpy.random.default_rng(0).standard_normal((filters, channels, kernel, kernel), dtype=numpy.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[pad] * 4, strides=[stride] * 2, kernel_shape=[kernel] * 2)
    save(path, node, [("x", [1, channels, size, size])], [1, filters, out, out], [numpy_helper.from_array(weights, "w")])
