# SPDX-License-Identifier: Apache-2.0
"""Random ONNX graphs with ONNX Runtime's answers, as folders that `clade test` runs.

usage: random_graphs.py DIRECTORY GRAPHS SEED

Every graph is grown node by node (random_nodes.py proposes) and each node is run by ONNX Runtime at once, so that shapes and
values are known and what it refuses is left out. A node is also left out when the answer would hang on rounding (a comparison
of nearly equal numbers, a floor next to an integer) or leaves a modest range. PER_MODEL graphs stand side by side in one model,
which compiles in less time than as many models. The expected outputs are those of the whole model, unoptimised.
"""
import os
import random
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

import random_nodes
import random_tensors

PROPOSALS = random_nodes.PROPOSALS + random_tensors.PROPOSALS
PER_MODEL, OPSETS, LARGEST, ELEMENTS = 12, (13, 17, 18, 20, 21), 1e3, 600
ort.set_default_logger_severity(4)


class Refused(Exception):
    """The proposed node is left out."""


def session(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def info(name, value, dims=None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), dims or value.shape)


class Graph:
    """One graph under construction: `values` by name, the nodes, and which values came from the user."""

    def __init__(self, rng, prefix, opset):
        self.rng, self.prefix, self.opset = rng, prefix, opset
        self.values, self.nodes, self.inputs, self.constants, self.read = {}, [], [], [], set()

    def name(self):
        return "%s_%d" % (self.prefix, len(self.values))

    def feed(self, value):
        """A new input (or, at times, a constant) with this value."""
        name = self.name()
        self.values[name] = value
        (self.inputs if self.rng.random() < 0.8 else self.constants).append(name)
        return name

    def constant(self, value):
        name = self.name()
        self.values[name] = np.asarray(value)
        self.constants.append(name)
        return name

    def pick(self, fits=lambda v: True):
        """A value that fits, recent ones rather than old ones."""
        found = [n for n, v in self.values.items() if n not in self.constants and fits(v)]
        if not found:
            raise Refused
        return found[max(self.rng.randrange(len(found)), self.rng.randrange(len(found)))]

    def add(self, kind, inputs, count=1, **attributes):
        """Appends a node once ONNX Runtime has run it; the names of its outputs."""
        names = ["%s_%d" % (self.prefix, len(self.values) + k) for k in range(count)]
        node = helper.make_node(kind, inputs, names, **attributes)
        fed = {n for n in inputs if n} | random_nodes.captures(node)
        types = [info(n, self.values[n]) for n in fed]
        graph = helper.make_graph([node], "one", types, [onnx.ValueInfoProto(name=n) for n in names])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        try:
            results = session(model).run(names, {n: self.values[n] for n in fed})
        except Exception as error:  # whatever it refuses
            raise Refused from error
        for value in results:
            value = np.asarray(value)
            if not 0 < value.size <= ELEMENTS or (value.dtype.kind == "f" and not np.all(np.abs(value) < LARGEST)):
                raise Refused
        self.nodes.append(node)
        self.read |= fed
        self.values.update(zip(names, map(np.asarray, results)))
        return names

    def grow(self, count):
        tries = 0
        while len(self.nodes) < count and tries < 20 * count:
            tries += 1
            try:
                self.rng.choice(PROPOSALS)(self)
            except (Refused, random_nodes.Unfit):
                pass

    def outputs(self):
        """What nobody reads, less one at times: outputs of a node may stay unread. And some that are read."""
        made = [o for n in self.nodes for o in n.output]
        last = [o for o in made if o not in self.read]
        several = [o for n in self.nodes if len(n.output) > 1 for o in n.output if o in last]
        keep = [o for o in last if o not in several or self.rng.random() < 0.6] or last
        return keep + [o for o in made if o not in keep and o in self.read and self.rng.random() < 0.15]


def write(directory, graphs, opset, rng):
    inputs, outputs = [n for g in graphs for n in g.inputs], [o for g in graphs for o in g.outputs()]
    values = {n: v for g in graphs for n, v in g.values.items()}
    free = [[d if rng.random() < 0.7 else "%s_%d" % (n, k) for k, d in enumerate(values[n].shape)] for n in inputs]
    graph = helper.make_graph(
        [n for g in graphs for n in g.nodes], "random", [info(n, values[n], dims) for n, dims in zip(inputs, free)],
        [info(o, values[o], [None] * values[o].ndim) for o in outputs],
        [numpy_helper.from_array(values[n], n) for g in graphs for n in g.constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    try:
        answers = session(model).run(outputs, {n: values[n] for n in inputs})
    except Exception as error:  # what it runs node by node it may refuse as a whole: its shape inference errs at times
        print("%s is left out, ONNX Runtime refuses it: %s" % (directory, error), file=sys.stderr)
        return 0
    data = os.path.join(directory, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    onnx.save(model, os.path.join(directory, "model.onnx"))
    for what, names, arrays in (("input", inputs, [values[n] for n in inputs]), ("output", outputs, answers)):
        for k, (name, array) in enumerate(zip(names, arrays)):
            with open(os.path.join(data, "%s_%d.pb" % (what, k)), "wb") as file:
                file.write(numpy_helper.from_array(np.asarray(array), name).SerializeToString())
    return len(graphs)


def main():
    directory, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    made = m = 0
    while made < count:
        rng = random.Random("%d/%d" % (seed, m))
        opset, graphs = rng.choice(OPSETS), []
        for k in range(min(PER_MODEL, count - made)):
            graph = Graph(rng, "g%d" % k, opset)
            for _ in range(rng.randint(1, 3)):
                graph.feed(random_nodes.draw(rng))
            graph.grow(rng.randint(2, 10))
            graphs.append(graph)
        made += write(os.path.join(directory, "random_%d_%03d" % (seed, m)), graphs, opset, rng)
        m += 1


if __name__ == "__main__":
    main()
