# SPDX-License-Identifier: Apache-2.0
"""More proposals for random_graphs.py: operators that move elements, reduce, or work on windows and matrices."""
import numpy as np

from random_nodes import decided, draw, need, number, real, single


def ints(g, values):
    return g.constant(np.asarray(values, np.int64))


def ranked(least, most=8, fits=lambda v: True):
    return lambda v: least <= v.ndim <= most and v.size > 0 and fits(v)


def axis_of(g, v, negative=True):
    axis = g.rng.randrange(v.ndim)
    return axis - v.ndim if negative and g.rng.random() < 0.5 else axis


# ---- moves ----

def reshape(g):
    x = g.pick(ranked(1))
    v, shape = g.values[x], []
    left = v.size
    while left > 1 and len(shape) < 4:
        side = g.rng.choice([d for d in range(1, left + 1) if left % d == 0])
        shape.append(side)
        left //= side
    shape.append(left)
    if g.rng.random() < 0.5:
        shape[g.rng.randrange(len(shape))] = -1
    g.add("Reshape", [x, ints(g, shape)])


def shape_chain(g):
    """A shape computed from Shape, as exporters write it."""
    x = g.pick(ranked(2))
    n = g.add("Shape", [x])[0]
    first = g.add("Gather", [n, ints(g, 0)], axis=0)[0]
    row = g.add("Unsqueeze", [first, ints(g, [0])])[0]
    target = g.add("Concat", [row, ints(g, [-1])], axis=0)[0]
    g.add("Reshape", [x, target])


def rearrange(g):
    x = g.pick(ranked(1))
    v, kind = g.values[x], g.rng.choice(["Transpose", "Flatten", "Unsqueeze", "Squeeze", "Tile", "Expand", "Identity"])
    if kind == "Transpose":
        g.add(kind, [x], perm=g.rng.sample(range(v.ndim), v.ndim))
    elif kind == "Flatten":
        g.add(kind, [x], axis=axis_of(g, v))
    elif kind == "Unsqueeze":
        need(v.ndim < 5)
        g.add(kind, [x, ints(g, [g.rng.randint(-v.ndim - 1, v.ndim)])])
    elif kind == "Squeeze":
        ones = [d for d in range(v.ndim) if v.shape[d] == 1]
        need(ones)
        g.add(kind, [x, ints(g, [g.rng.choice(ones)])])
    elif kind == "Tile":
        g.add(kind, [x, ints(g, [g.rng.randint(1, 2) for _ in v.shape])])
    elif kind == "Expand":
        g.add(kind, [x, ints(g, [g.rng.randint(1, 2)] + [d if d > 1 else g.rng.randint(1, 3) for d in v.shape])])
    else:
        g.add(kind, [x])


def concat(g):
    x = g.pick(ranked(1))
    v = g.values[x]
    same = [n for n, w in g.values.items() if w.dtype == v.dtype and w.shape == v.shape]
    g.add("Concat", [x] + [g.rng.choice(same) for _ in range(g.rng.randint(0, 2))], axis=axis_of(g, v))


def split(g):
    x = g.pick(ranked(1))
    v = g.values[x]
    axis = axis_of(g, v)
    need(v.shape[axis] >= 2)
    first = g.rng.randint(1, v.shape[axis] - 1)
    rest = v.shape[axis] - first
    parts = [first, rest] if rest < 2 or g.rng.random() < 0.5 else [first, 1, rest - 1]
    g.add("Split", [x, ints(g, parts)], len(parts), axis=axis)


def slices(g):
    x = g.pick(ranked(1))
    v = g.values[x]
    axes = g.rng.sample(range(v.ndim), g.rng.randint(1, v.ndim))
    steps = [g.rng.choice((1, 1, 2, -1, -2)) for _ in axes]
    ends = [(g.rng.randint(0, v.shape[a]), g.rng.choice((v.shape[a], 100, -1))) for a in axes]
    starts = [s if t > 0 else e for (s, e), t in zip(ends, steps)]
    stops = [e if t > 0 else g.rng.choice((-100, s)) for (s, e), t in zip(ends, steps)]
    g.add("Slice", [x, ints(g, starts), ints(g, stops), ints(g, axes), ints(g, steps)])


def pad(g):
    x = g.pick(ranked(1, 5, number))
    v, mode = g.values[x], g.rng.choice(["constant", "edge", "reflect"] + (["wrap"] if g.opset >= 19 else []))
    pads = [g.rng.randint(-1 if mode == "constant" and d > 2 else 0, min(2, d - 1)) for d in v.shape * 2]
    g.add("Pad", [x, ints(g, pads)] + ([g.constant(np.asarray(1, v.dtype))] if mode == "constant" else []), mode=mode)


def gather(g):
    x = g.pick(ranked(1))
    v = g.values[x]
    axis = axis_of(g, v)
    n, kind = v.shape[axis], g.rng.choice(["Gather", "GatherElements"])
    shape = [g.rng.randint(1, 3) for _ in range(g.rng.randint(0, 2))] if kind == "Gather" else list(v.shape)
    index = np.random.default_rng(g.rng.randrange(1 << 30)).integers(-n, n, shape)
    g.add(kind, [x, g.feed(np.asarray(index, g.rng.choice([np.int32, np.int64])))], axis=axis)


def scatter(g):
    x = g.pick(ranked(1, 4, number))
    v = g.values[x]
    axis = axis_of(g, v)
    index = np.argsort(np.random.default_rng(g.rng.randrange(1 << 30)).random(v.shape), axis=axis)
    reduction = g.rng.choice(["none", "add", "mul"] if g.opset >= 16 else ["none"])
    extra = {"reduction": reduction} if g.opset >= 16 else {}
    g.add("ScatterElements", [x, g.feed(index.astype(np.int64)), other_shape(g, v)], axis=axis, **extra)


def other_shape(g, v):
    return g.feed(draw(g.rng, list(v.shape), v.dtype.name))


def blocks(g):
    x = g.pick(ranked(4, 4, single))
    v = g.values[x]
    if v.shape[1] % 4 == 0 and g.rng.random() < 0.5:
        g.add("DepthToSpace", [x], blocksize=2, mode=g.rng.choice(["DCR", "CRD"]))
    else:
        need(v.shape[2] % 2 == 0 and v.shape[3] % 2 == 0)
        g.add("SpaceToDepth", [x], blocksize=2)


def triangle(g):
    g.add("Trilu", [g.pick(ranked(2, 4, number)), ints(g, g.rng.randint(-2, 2))], upper=g.rng.randint(0, 1))


# ---- along lines ----

def reduction(g):
    x = g.pick(ranked(1, 8, lambda v: real(v) or v.dtype in (np.int32, np.int64)))
    v = g.values[x]
    kind = g.rng.choice(["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"])
    need(kind not in ("L2", "LogSumExp") or real(v))
    # A product of integers that overflows wraps in NumPy and Clade; ONNX Runtime gives the largest integer.
    need(kind != "Prod" or real(v) or np.prod(np.maximum(np.abs(v.astype(np.float64)), 1)) < 2.0**31)
    axes = g.rng.sample(range(v.ndim), g.rng.randint(1, v.ndim))
    if kind == "Sum" or g.opset >= 18:
        g.add("Reduce" + kind, [x, ints(g, axes)], keepdims=g.rng.randint(0, 1))
    else:
        g.add("Reduce" + kind, [x], axes=axes, keepdims=g.rng.randint(0, 1))


def softmax(g):
    x = g.pick(ranked(1, 8, real))
    g.add(g.rng.choice(["Softmax", "LogSoftmax"]), [x], axis=axis_of(g, g.values[x]))


def gaps(g, v, axis):
    """Neighbours in order are apart, or equal whole numbers."""
    if v.dtype.kind == "f":
        decided(np.diff(np.sort(v, axis=axis), axis=axis))


def best(g):
    x = g.pick(ranked(1, 8, lambda v: single(v) or v.dtype == np.int64))
    v = g.values[x]
    axis = axis_of(g, v)
    gaps(g, v, axis)
    if g.rng.random() < 0.5:
        g.add(g.rng.choice(["ArgMax", "ArgMin"]), [x], axis=axis, keepdims=g.rng.randint(0, 1))
    else:
        g.add("TopK", [x, ints(g, [g.rng.randint(1, v.shape[axis])])], 2, axis=axis, largest=g.rng.randint(0, 1))


def cumsum(g):
    x = g.pick(ranked(1, 8, lambda v: real(v) or v.dtype in (np.int32, np.int64)))
    v = g.values[x]
    g.add("CumSum", [x, ints(g, axis_of(g, v))], exclusive=g.rng.randint(0, 1), reverse=g.rng.randint(0, 1))


def normalisation(g):
    x = g.pick(ranked(3, 4, single))
    v, kind = g.values[x], g.rng.choice(["LayerNormalization", "InstanceNormalization", "BatchNormalization", "LRN"])
    c = v.shape[1]

    def ones(shape):
        return g.feed((np.abs(draw(g.rng, shape, "float32")) + np.float32(0.5)).astype(np.float32))
    if kind == "LayerNormalization":
        need(g.opset >= 17 and v.shape[-1] > 1 and np.min(np.var(v, axis=-1)) > 0.01)
        g.add(kind, [x, ones([v.shape[-1]]), ones([v.shape[-1]])], axis=-1)
    elif kind == "InstanceNormalization":
        need(np.min(np.var(v, axis=tuple(range(2, v.ndim)))) > 0.01)
        g.add(kind, [x, ones([c]), ones([c])])
    elif kind == "BatchNormalization":
        g.add(kind, [x, ones([c]), ones([c]), ones([c]), ones([c])])
    else:
        g.add(kind, [x], size=g.rng.choice((1, 3, 5)))


# ---- windows and matrices ----

def conv(g):
    x = g.pick(ranked(3, 4, single))
    v = g.values[x]
    n, c, group = v.ndim - 2, v.shape[1], 1
    if c > 1 and g.rng.random() < 0.4:
        group = g.rng.choice([d for d in range(1, c + 1) if c % d == 0])
    kernel = [g.rng.randint(1, min(3, d)) for d in v.shape[2:]]
    how = {"group": group, "strides": [g.rng.randint(1, 2) for _ in range(n)], "pads": [g.rng.randint(0, 1) for _ in range(2 * n)],
           "dilations": [g.rng.randint(1, 2) for _ in range(n)]}
    m = group * g.rng.randint(1, 3)
    if g.rng.random() < 0.7:
        g.add("Conv", [x, g.feed(draw(g.rng, [m, c // group] + kernel, "float32")), g.feed(draw(g.rng, [m], "float32"))], **how)
    else:
        g.add("ConvTranspose", [x, g.feed(draw(g.rng, [c, m // group] + kernel, "float32"))], **how)


def pool(g):
    x = g.pick(ranked(3, 4, single))
    v, kind = g.values[x], g.rng.choice(["MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"])
    if kind.startswith("Global"):
        g.add(kind, [x])
        return
    n = v.ndim - 2
    kernel, strides = [g.rng.randint(2, 3) for _ in range(n)], [g.rng.randint(1, 2) for _ in range(n)]
    pads = [g.rng.randint(0, 1) for _ in range(2 * n)]
    need(all(kernel[k] <= v.shape[2 + k] + pads[k] + pads[n + k] for k in range(n)))  # Clade refuses what gives nothing
    g.add(kind, [x], kernel_shape=kernel, strides=strides, pads=pads, ceil_mode=g.rng.randint(0, 1))


def product(g):
    x = g.pick(ranked(1, 4, real))
    v = g.values[x]
    k, n = v.shape[-1], g.rng.choice((1, 2, 5, 9, 17))
    if v.ndim == 2 and single(v) and g.rng.random() < 0.4:
        trans = g.rng.randint(0, 1)
        g.add("Gemm", [x, g.feed(draw(g.rng, [n, k] if trans else [k, n], "float32")), g.feed(draw(g.rng, [n], "float32"))],
              transB=trans, alpha=g.rng.choice((1.0, 0.5)), beta=g.rng.choice((1.0, 2.0)))
    else:
        g.add("MatMul", [x, g.feed(draw(g.rng, list(v.shape[:-2]) * g.rng.randint(0, 1) + [k, n], v.dtype.name))])


def quantise(g):
    x = g.pick(ranked(1, 4, single))
    scale, zero = g.constant(np.float32(0.25)), g.constant(np.asarray(g.rng.randint(0, 9), g.rng.choice([np.int8, np.uint8])))
    place = g.values[x] / np.float32(0.25)
    decided(place - np.floor(place) - 0.5)
    y = g.add("QuantizeLinear", [x, scale, zero])[0]
    if g.rng.random() < 0.7:
        g.add("DequantizeLinear", [y, scale, zero])


def resize(g):
    x = g.pick(ranked(4, 4, single))
    scales = g.constant(np.asarray([1, 1, g.rng.choice((1, 2)), g.rng.choice((1, 2, 3))], np.float32))
    mode = g.rng.choice(["nearest", "linear"])
    g.add("Resize", [x, "", scales], mode=mode, coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel",
          **({"nearest_mode": "floor"} if mode == "nearest" else {}))


PROPOSALS = [reshape, shape_chain, rearrange, rearrange, concat, split, split, slices, pad, gather, scatter, blocks, triangle, reduction,
             reduction, softmax, best, cumsum, normalisation, conv, pool, product, product, quantise, resize]
