# SPDX-License-Identifier: Apache-2.0
"""What random_graphs.py grows graphs from: each proposal appends one node, or a few, to a graph, or raises Unfit."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

MARGIN = 1e-3  # of a decision: nearer is taken for a tie that rounding decides


class Unfit(Exception):
    """Nothing in the graph suits the proposal."""


def need(condition):
    if not condition:
        raise Unfit


def draw(rng, shape=None, dtype=None):
    """A random tensor: small sides, a modest range, exact halves among the reals."""
    if shape is None:
        shape = [rng.choice((1, 2, 3, 4, 5, 8)) for _ in range(rng.choice((0, 1, 2, 2, 3, 3, 4, 4)))]
        while np.prod(shape, dtype=int) > 300:
            shape[rng.randrange(len(shape))] = 1
    dtype = dtype or rng.choice(["float32"] * 6 + ["int64", "int32", "float64", "uint8", "int8", "bool"])
    array = np.random.default_rng(rng.randrange(1 << 30)).uniform(-3, 3, shape)
    if dtype == "bool":
        return np.asarray(array > 0)
    if dtype.startswith("float"):
        return np.asarray(array, dtype)
    return np.asarray(np.abs(np.rint(array * 4)) if dtype[0] == "u" else np.rint(array * 4), dtype)


def real(v):
    return v.dtype in (np.float32, np.float64)


def single(v):
    return v.dtype == np.float32


def whole(v):
    return v.dtype.kind in "iu"


def number(v):
    return v.dtype.kind in "iuf" and v.dtype != np.float16


def decided(*distances):
    """No distance, to the place where an answer jumps, is small but not zero, or zero among reals that were computed."""
    need(all(np.all(np.abs(d) > MARGIN) for d in distances))


def decided_pair(a, b):
    if a.dtype.kind == "f":
        decided(np.subtract(a, b))


def other(g, like):
    """A value of that dtype that broadcasts with `like`: one of the graph's, or a new one."""
    if g.rng.random() < 0.5:
        def fits(v):
            if v.dtype != like.dtype:
                return False
            try:
                np.broadcast_shapes(v.shape, like.shape)
                return True
            except ValueError:
                return False
        return g.pick(fits)
    shape = [d if g.rng.random() < 0.7 else 1 for d in like.shape[g.rng.randint(0, like.ndim):]]
    return g.feed(draw(g.rng, shape, like.dtype.name))


# ---- element by element ----

SMOOTH = ["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Erf", "Softplus", "Softsign", "Elu", "LeakyRelu", "Selu", "HardSigmoid",
          "HardSwish", "Gelu", "Mish", "Sin", "Cos", "Exp", "Celu", "Identity", "Atan", "Sinh"]


def smooth(g):
    x = g.pick(real)
    kind = g.rng.choice(SMOOTH)
    need(kind not in ("Exp", "Sinh") or np.max(np.abs(g.values[x]), initial=0) < 5)
    g.add(kind, [x])


def domain(g):
    x = g.pick(real)
    v, kind = g.values[x], g.rng.choice(["Sqrt", "Log", "Reciprocal"])
    need(np.all(np.abs(v) > 0.05) and (kind == "Reciprocal" or np.all(v > 0)))
    g.add(kind, [x])


def jump(g):
    x = g.pick(real)
    v, kind = g.values[x], g.rng.choice(["Floor", "Ceil", "Round", "Sign"])
    decided(v if kind == "Sign" else v - np.rint(v) if kind != "Round" else v - np.floor(v) - 0.5)
    g.add(kind, [x])


def whole_unary(g):
    x = g.pick(whole)
    need(g.values[x].dtype.kind == "i")
    g.add(g.rng.choice(["Abs", "Neg", "Sign"] + (["BitwiseNot"] if g.opset >= 18 else [])), [x])


def clip(g):
    x = g.pick(number)
    low, high = sorted(g.rng.sample(range(0, 9), 2))
    dtype = g.values[x].dtype
    ends = [g.constant(np.asarray(low, dtype)), g.constant(np.asarray(high, dtype))]
    g.add("Clip", [x] + [e if g.rng.random() < 0.8 else "" for e in ends])


def arithmetic(g):
    a = g.pick(number)
    b = other(g, g.values[a])
    kind, va, vb = g.rng.choice(["Add", "Sub", "Mul", "Div", "Min", "Max", "Mod", "Pow"]), g.values[a], g.values[b]
    if g.rng.random() < 0.3:
        a, b, va, vb = b, a, vb, va
    if kind in ("Div", "Mod"):
        need(np.all(np.abs(vb.astype(float)) > 0.05) and va.dtype != np.bool_)
        need(kind == "Div" or whole(va))
        need(not whole(va) or np.all(np.abs(va.astype(float)) < 1e9))
    if kind == "Pow":
        need(real(va) and np.all(va > 0.05) and np.all(np.abs(vb) < 4))
    g.add(kind, [a, b])


def compare(g):
    a = g.pick(number)
    b = other(g, g.values[a])
    decided_pair(g.values[a], g.values[b])
    g.add(g.rng.choice(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]), [a, b])


def logic(g):
    a = g.pick(lambda v: v.dtype == np.bool_)
    kind = g.rng.choice(["And", "Or", "Xor", "Not"])
    g.add(kind, [a] if kind == "Not" else [a, other(g, g.values[a])])


def bits(g):
    need(g.opset >= 18)
    a = g.pick(whole)
    g.add(g.rng.choice(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), [a, other(g, g.values[a])])


def where(g):
    a = g.pick(number)
    b = other(g, g.values[a])
    shape = np.broadcast_shapes(g.values[a].shape, g.values[b].shape)
    g.add("Where", [g.feed(draw(g.rng, list(shape), "bool")), a, b])


def cast(g):
    x = g.pick()
    v, to = g.values[x], g.rng.choice(["float32", "float32", "float64", "int32", "int64", "int8", "uint8", "bool", "float16"])
    if v.dtype.kind == "f":
        if to in ("int32", "int64", "int8", "uint8"):
            decided(v - np.rint(v))
            need(np.all(np.abs(v) < 100) and (to != "uint8" or np.all(v >= 0)))
        if to == "bool":
            decided(v)
    y = g.add("Cast", [x], to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))[0]
    if to == "float16":
        g.add("Cast", [y], to=TensorProto.FLOAT)


def variadic(g):
    a = g.pick(single)
    g.add(g.rng.choice(["Sum", "Mean", "Max", "Min"]), [a] + [other(g, g.values[a]) for _ in range(g.rng.randint(1, 2))])


# ---- decided by a value: If, Loop ----

def captures(node):
    """What a node's sub-graphs read from outside."""
    found = set()
    for attribute in node.attribute:
        if attribute.HasField("g"):
            inside = {i.name for i in attribute.g.input} | {o for n in attribute.g.node for o in n.output}
            inside |= {t.name for t in attribute.g.initializer}
            found |= {i for n in attribute.g.node for i in n.input if i and i not in inside}
    return found


def value(name, like):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(like.dtype), np.shape(like))


def branch(g):
    x = g.pick(single)
    y = other(g, g.values[x])
    condition = g.feed(np.asarray(g.rng.random() < 0.5))
    kinds = [g.rng.choice(["Add", "Sub", "Mul", "Max"]) for _ in range(2)]
    bodies = [helper.make_graph([helper.make_node(k, [x, y], ["%s_t" % condition]),
                                 helper.make_node("Tanh", ["%s_t" % condition], ["%s_%d" % (condition, n)])],
                                k, [], [value("%s_%d" % (condition, n), g.values[x])]) for n, k in enumerate(kinds)]
    g.add("If", [condition], then_branch=bodies[0], else_branch=bodies[1])


def loop(g):
    x = g.pick(lambda v: single(v) and v.size < 60)
    trips, p = g.rng.randint(0, 4), x + "_"
    one = numpy_helper.from_array(np.asarray(0.5, np.float32), p + "half")
    nodes = [helper.make_node("Mul", [p + "in", p + "half"], [p + "h"]), helper.make_node("Add", [p + "h", x], [p + "out"]),
             helper.make_node("Identity", [p + "c"], [p + "go"]), helper.make_node("Sin", [p + "out"], [p + "row"])]
    body = helper.make_graph(nodes, "body", [value(p + "i", np.int64(0)), value(p + "c", np.bool_(0)), value(p + "in", g.values[x])],
                             [value(p + "go", np.bool_(0)), value(p + "out", g.values[x]), value(p + "row", g.values[x])], [one])
    count = g.feed(np.asarray(trips, np.int64)) if g.rng.random() < 0.5 else g.constant(np.asarray(trips, np.int64))
    g.add("Loop", [count, g.constant(np.asarray(True)), x], 2, body=body)


PROPOSALS = [smooth] * 4 + [domain, jump, whole_unary, clip, compare, logic, bits, where, variadic, branch, loop] + [arithmetic] * 4 + \
    [cast] * 3
