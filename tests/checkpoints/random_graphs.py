"""An ONNX generator of our own: random graphs of operators with their axes, broadcasting and attributes, opsets 7 to 23.

Layers have redundant neurons planted. Half of the graphs hold only operators of which a network can be made, the others any.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .growing_graphs import BATCH, Growing, info, session, weight

SHAPES = ((4,), (6,), (3, 4), (2, 6), (2, 4, 4), (4, 5, 3), (3, 2, 2, 3))


def rows(g, out, *inside):
    """Filters or rows (out, *inside) with redundant ones planted: equal, proportional and 0."""
    w = g.numbers(out, *inside)
    if out > 2 and g.rng.integers(0, 4):
        w[1] = w[0] * g.pick(1, 1, 2, -1)
        if g.rng.integers(0, 2):
            w[2] = 0
    return w


def bias(g, w, shape):
    """A bias of that shape for the rows of w, as redundant as they are."""
    b = g.numbers(len(w))
    if len(b) > 2 and w[0].any():
        flat = w.reshape(len(w), -1)
        ratio = flat[1][flat[0] != 0][0] / flat[0][flat[0] != 0][0]
        if np.array_equal(flat[1], ratio * flat[0]):
            b[1] = ratio * b[0]
    return b.reshape(shape)


def dense(g, x):
    """A layer on the last axis: Gemm or MatMul, with and without bias, in the forms of several exporters."""
    shape = g.value(x).shape
    out = int(g.rng.integers(2, 7))
    w = rows(g, out, shape[-1])
    if len(shape) == 2 and g.rng.integers(0, 2):
        turned = bool(g.rng.integers(0, 2))
        more = {"alpha": 2.0, "beta": 0.5} if not g.rng.integers(0, 8) else {}
        if g.opset >= 11 and not g.rng.integers(0, 3):
            return g.add("Gemm", [x, weight(g, w if turned else w.T.copy())], transB=int(turned), **more)
        b = weight(g, bias(g, w, g.pick((-1,), (-1,), (1, -1))))
        return g.add("Gemm", [x, weight(g, w if turned else w.T.copy()), b], transB=int(turned), **more)
    stack = (1,) * int(g.rng.integers(0, 2) and len(shape) > 2)
    h = g.add("MatMul", [x, weight(g, w.T.copy().reshape(*stack, shape[-1], out))])
    if h is None or not g.rng.integers(0, 3):
        return h
    b = weight(g, bias(g, w, g.pick((-1,), (-1,), (1, -1), (1,) * (len(shape) - 1) + (-1,))))
    return g.add("Add", [h, b] if g.rng.integers(0, 3) else [b, h])


def convolution(g, x):
    shape = g.value(x).shape
    d = len(shape) - 2
    if d < 1:
        return None
    groups = g.pick(1, 1, 1, shape[1], 2)
    out = groups * int(g.rng.integers(1, 4)) + (2 if groups == 1 else 0)
    if shape[1] % groups:
        return None
    w = rows(g, out, shape[1] // groups, *(int(n) for n in g.rng.integers(1, 4, size=d)))
    more = {}
    if not g.rng.integers(0, 4):
        more["auto_pad"] = g.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    elif g.rng.integers(0, 2):
        more["pads"] = [int(n) for n in g.rng.integers(0, 2, size=2 * d)]
    if not g.rng.integers(0, 3):
        more["strides"] = [int(n) for n in g.rng.integers(1, 3, size=d)]
    if not g.rng.integers(0, 4):
        more["dilations"] = [int(n) for n in g.rng.integers(1, 3, size=d)]
    if not g.calm and not g.rng.integers(0, 8):
        turned = g.numbers(shape[1], 3, *w.shape[2:])
        return g.add("ConvTranspose", [x, weight(g, turned)], **{k: v for k, v in more.items() if k != "auto_pad"})
    given = [x, weight(g, w)] + ([weight(g, bias(g, w, -1))] if g.rng.integers(0, 2) else [])
    h = g.add("Conv", given, group=groups, **more)
    if h is not None and len(given) == 2 and g.rng.integers(0, 2):
        return g.add("Add", [h, weight(g, bias(g, w, (-1,) + (1,) * d))])
    return h


def plain(g, x):
    calm = (
        "Relu",
        "Relu",
        "Relu",
        "Tanh",
        "Sigmoid",
        "Abs",
        "Neg",
        "Softplus",
        "LeakyRelu",
        "Elu",
        "HardSigmoid",
        "Selu",
        "Erf",
        "HardSwish",
        "Gelu",
        "Identity",
    )
    others = ("Cos", "Floor", "Ceil", "Sign", "Celu", "ThresholdedRelu", "Softsign", "Mish", "Reciprocal", "Exp", "Dropout", "Sqrt")
    operator = g.pick(*calm, *(() if g.calm else others))
    more = {"alpha": g.pick(0.25, 1.5)} if operator in ("LeakyRelu", "Elu", "Celu", "ThresholdedRelu", "HardSigmoid") else {}
    return g.add(operator, [x], **more)


def clip(g, x):
    low, high = g.pick((0, 6), (-1, 1), (0, None), (None, 0.5), (0.25, None))
    if g.opset < 11:
        return g.add("Clip", [x], **{k: float(v) for k, v in (("min", low), ("max", high)) if v is not None})
    ends = [g.store(np.asarray(v, dtype=g.kind), "c") if v is not None else "" for v in (low, high)]
    return g.add("Clip", [x, *ends])


def arithmetic(g, x):
    """With a number, or an array that is broadcast along some axes, on either side."""
    shape = list(g.value(x).shape)
    form = g.pick("number", "number", "channels", "suffix", "ones", *(() if g.calm else ("whole", "longer")))
    if form == "longer" and len(shape) > 3:
        return None
    if form == "channels":
        other = g.numbers(shape[1], *(1 for _ in shape[2:]))
    elif form == "longer":
        other = g.numbers(g.pick(1, 1, 2), *(1 for _ in shape))
    elif form == "number":
        other = g.numbers(*g.pick((), (1,), (1, 1)))
    else:
        sizes = [1 if form == "ones" and g.rng.integers(0, 2) else n for n in shape]
        sizes[0] = 1 if g.calm or g.rng.integers(0, 4) else BATCH
        other = g.numbers(*(sizes if form != "suffix" else sizes[int(g.rng.integers(1, len(shape))) :]))
    operator = g.pick("Add", "Add", "Mul", "Mul", "Sub", "Div", *(() if g.calm else ("Max", "Min", "Pow", "PRelu")))
    if operator == "Pow":
        other = np.asarray(g.pick(2, 3, 0, 0.5, -1)).astype(g.kind)
    if operator == "Max" and g.opset < 8:
        return None
    pair = [x, weight(g, other) if other.size > 1 and other.ndim else g.store(other)]
    return g.add(operator, pair if operator in ("Pow", "PRelu") or g.rng.integers(0, 3) else pair[::-1])


def two(g, x):
    """Two values, which may have other axes."""
    fits = [n for n, v in g.values.items() if v.dtype == g.kind and v.ndim and n != x and any(n in node.output for node in g.nodes)]
    if not fits:
        return None
    pair = [x, g.pick(*fits[-6:])]
    if g.calm and g.value(pair[1]).ndim != g.value(x).ndim:
        return None
    return g.add(
        g.pick("Add", "Add", "Mul", "Sub", *(() if g.calm else ("MatMul", "Max"))), pair if g.rng.integers(0, 2) else pair[::-1]
    )


def reshaped(g, x):
    shape = g.value(x).shape
    operator = g.pick("Reshape", "Reshape", "Flatten", "Transpose", "Transpose", "Squeeze", "Unsqueeze")
    if operator == "Flatten":
        return g.add("Flatten", [x], axis=g.pick(1, 1, 1, g.axis(x, True)))
    if operator == "Transpose":
        order = (
            [0, *(1 + g.rng.permutation(len(shape) - 1)).tolist()]
            if g.calm or g.rng.integers(0, 6)
            else g.rng.permutation(len(shape)).tolist()
        )
        return g.add("Transpose", [x], perm=order) if g.calm or g.rng.integers(0, 12) else g.add("Transpose", [x])
    if operator == "Squeeze":
        ones = [k for k, n in enumerate(shape) if n == 1]
        if not ones or not (g.calm or g.rng.integers(0, 6)):
            return g.add("Squeeze", [x]) if ones else None
        return g.axes("Squeeze", x, [g.pick(*ones) - g.pick(0, len(shape))])
    if operator == "Unsqueeze":
        return g.axes("Unsqueeze", x, [int(g.rng.integers(int(g.calm), len(shape) + 1)) - g.pick(0, len(shape) + 1)])
    inner = int(np.prod(shape[1:]))
    part = g.pick(*(n for n in range(1, inner + 1) if inner % n == 0))
    target = g.pick(
        [0, -1], [-1, inner], [0, part, -1], [-1, inner // part, part], *(() if g.calm else ([BATCH, -1], [-1], [part, -1], [0, 0, -1]))
    )
    return g.add("Reshape", [x, g.store(np.asarray(target, dtype=np.int64), "s")])


def piece(g, x):
    shape, axis = g.value(x).shape, g.axis(x)
    n = shape[axis]
    operator = g.pick("Slice", "Gather", "Split", "Concat", "Pad", *(() if g.calm else ("Tile", "Expand", "ReverseSlice")))
    if operator == "Slice" or operator == "ReverseSlice":
        ends = ([g.pick(0, 1, -2)], [g.pick(n, -1, 9999)], [axis], [g.pick(1, 1, 2)])
        if operator == "ReverseSlice":
            ends = ([-1], [-9999], [axis], [-1])
        if g.opset < 10:
            return g.add("Slice", [x], starts=ends[0], ends=ends[1], axes=ends[2]) if operator == "Slice" else None
        return g.add("Slice", [x, *(g.store(np.asarray(v, dtype=np.int64), "s") for v in ends)])
    if operator == "Gather":
        at = np.asarray(g.pick(0, -1 if g.opset >= 11 else 0, [0], *(() if g.calm else ([n - 1, 0], [[0], [n - 1]]))), dtype=np.int64)
        return g.add("Gather", [x, g.store(at, "k")], axis=axis)
    if operator == "Split" and n > 1:
        sizes = [1, n - 1]
        if g.opset >= 13:
            made = g.add("Split", [x, g.store(np.asarray(sizes, dtype=np.int64), "s")], 2, axis=axis)
        else:
            made = g.add("Split", [x], 2, axis=axis, split=sizes)
        return None if made is None else made[int(g.rng.integers(2))]
    if operator == "Concat":
        return g.add("Concat", [x, x if g.calm else g.pick(x, weight(g, g.numbers(*shape)))], axis=axis)
    if operator == "Pad":
        pads = g.rng.integers(0, 2, size=2 * len(shape)) * (np.arange(2 * len(shape)) % len(shape) > 0)
        mode = g.pick("constant", "constant", *(() if g.calm else ("reflect", "edge")))
        if g.opset < 11:
            return g.add("Pad", [x], mode=mode, pads=pads.tolist(), value=0.0 if g.calm else g.pick(0.0, 0.5))
        more = [g.store(np.asarray(0 if g.calm else g.pick(0, 0.5), dtype=g.kind), "c")] if mode == "constant" else []
        return g.add("Pad", [x, g.store(pads.astype(np.int64), "s"), *more], mode=mode)
    if operator == "Tile":
        times = np.ones(len(shape), dtype=np.int64)
        times[axis] = 2
        return g.add("Tile", [x, g.store(times, "s")])
    if operator == "Expand" and g.opset >= 8:
        return g.add("Expand", [x, g.store(np.asarray([1 if g.rng.integers(0, 2) else 2] + [1] * len(shape), dtype=np.int64), "s")])
    return None


def reduced(g, x):
    operator = g.pick("ReduceSum", "ReduceMean", *(() if g.calm else ("ReduceMax", "ReduceL2", "ReduceProd", "ReduceSumSquare")))
    keep = g.pick({}, {"keepdims": 0}, {"keepdims": 1})
    if not g.calm and not g.rng.integers(0, 10):
        return g.add(operator, [x], **keep)
    axes = sorted({g.axis(x) % g.value(x).ndim for _ in range(g.pick(1, 1, 2))})
    if len(axes) == g.value(x).ndim and not keep.get("keepdims", 1):
        return None
    return g.axes(operator, x, axes, **keep)


def normalized(g, x):
    shape = g.value(x).shape
    c = shape[1]
    others = ("Softmax", "LogSoftmax", "LayerNormalization", "InstanceNormalization", "LRN", "LpNormalization")
    operator = g.pick("BatchNormalization", "BatchNormalization", *(() if g.calm else others))
    if operator in ("BatchNormalization", "InstanceNormalization"):
        given = [g.store(g.numbers(c)) if g.calm else weight(g, g.numbers(c)), g.store(g.numbers(c))]
        given += [g.store(g.numbers(c)), g.store(np.abs(g.numbers(c)) + g.kind.type(0.5))] if operator[0] == "B" else []
        return g.add(operator, [x, *given], **g.pick({}, {"epsilon": 0.01}))
    if operator == "LayerNormalization":
        return g.add(operator, [x, g.store(g.numbers(shape[-1])), g.store(g.numbers(shape[-1]))], axis=-1)
    if operator == "LRN":
        return g.add("LRN", [x], size=3)
    return g.add(operator, [x], axis=g.axis(x))


def pooled(g, x):
    d = g.value(x).ndim - 2
    if d < 1:
        return None
    operator = g.pick(
        "MaxPool", "MaxPool", "AveragePool", "AveragePool", "GlobalAveragePool", *(() if g.calm else ("GlobalMaxPool", "LpPool"))
    )
    if operator.startswith("Global"):
        return g.add(operator, [x])
    more = {"kernel_shape": [int(n) for n in g.rng.integers(1, 3, size=d)]}
    if g.rng.integers(0, 2):
        more["strides"] = [int(n) for n in g.rng.integers(1, 3, size=d)]
    if not g.rng.integers(0, 3):
        more["pads"] = [min(1, more["kernel_shape"][k % d] - 1) for k in range(2 * d)]
    if g.opset >= 10 and operator != "LpPool" and not g.rng.integers(0, 4):
        more["ceil_mode"] = 1
    if operator == "AveragePool" and g.rng.integers(0, 2):
        more["count_include_pad"] = 1
    if not g.rng.integers(0, 6):
        more = {"kernel_shape": more["kernel_shape"], "auto_pad": "SAME_UPPER"}
    return g.add(operator, [x], **more)


def odd(g, x):
    """Whole numbers, comparisons, other types, products of values, sizes that are computed."""
    shape = g.value(x).shape
    form = g.pick("cast", "where", "compare", "einsum", "shape", "cumsum", "depth", "outer")
    if form == "cast":
        h = g.add("Cast", [x], to=g.pick(TensorProto.INT32, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BOOL))
        return h and g.add("Cast", [h], to=helper.np_dtype_to_tensor_dtype(g.kind))
    if form == "where" and g.opset >= 9:
        mask = g.store(g.rng.integers(0, 2, size=shape[-1]).astype(bool), "mask")
        return g.add("Where", [mask, x, g.store(g.numbers())])
    if form == "compare" and g.opset >= 9:
        test = g.add("Greater", [x, g.store(g.numbers())])
        return test and g.add("Where", [test, x, g.store(g.numbers(shape[-1]))])
    if form == "einsum" and g.opset >= 12 and len(shape) == 3:
        return g.add("Einsum", [x, x], equation=g.pick("bij,bkj->bik", "bij,bij->bi", "bij,bkj->bki"))
    if form == "shape":
        s = g.add("Shape", [x])
        first = s and g.add("Gather", [s, g.store(np.asarray([0], dtype=np.int64), "k")], axis=0)
        target = first and g.add("Concat", [first, g.store(np.asarray([-1], dtype=np.int64), "s")], axis=0)
        return target and g.add("Reshape", [x, target])
    if form == "cumsum" and g.opset >= 11:
        return g.add("CumSum", [x, g.store(np.asarray(g.axis(x), dtype=np.int64), "k")])
    if form == "depth" and len(shape) == 4:
        return g.add("DepthToSpace", [x], blocksize=2)
    if form == "outer" and len(shape) == 3:
        return g.add("MatMul", [x, g.store(g.numbers(BATCH if g.rng.integers(0, 2) else 1, shape[-1], 2))])
    return None


def hidden(g, x):
    """Two layers with an activation between: the neurons of the first can be redundant."""
    rank = g.value(x).ndim
    layer = convolution if rank > 2 and g.rng.integers(0, 4) else dense
    h = layer(g, x)
    for _ in range(int(g.rng.integers(0, 3))):
        h = h and (g.pick(plain, plain, clip, arithmetic, normalized, pooled)(g, h) or h)
    return h and layer(g, h)


STEPS = (
    hidden,
    hidden,
    hidden,
    dense,
    dense,
    dense,
    convolution,
    convolution,
    plain,
    plain,
    plain,
    clip,
    arithmetic,
    arithmetic,
    two,
    reshaped,
    piece,
    reduced,
    normalized,
    pooled,
    odd,
)


CALM = (hidden, hidden, dense, convolution, plain, arithmetic, two, reshaped, piece, reduced, normalized, pooled)


def random_graph(seed, steps=12):
    """A model of one or two inputs and outputs, that onnxruntime runs, with a batch of inputs; its first axis is open or fixed."""
    g = Growing(seed)
    inputs = [g.name("x") for _ in range(1 + (not g.calm and not g.rng.integers(0, 5)))]
    for name in inputs:
        g.values[name] = g.rng.normal(size=(BATCH, *g.pick(*SHAPES))).astype(g.kind)
    at = inputs[0]
    for _ in range(int(g.rng.integers(3, steps + 1))):
        rank = g.value(at).ndim
        made = None
        for _ in range(4):
            step = g.pick(*(CALM if g.calm else STEPS))
            if rank > 1 or step in (plain, clip, two):
                made = step(g, at)
            if made is not None and g.value(made).dtype == g.kind:
                at = made
                break
    outputs = [at]
    if not g.calm and not g.rng.integers(0, 6):
        outputs += [
            n
            for n in list(g.values)[-4:-1]
            if n not in (at, *inputs) and g.value(n).dtype == g.kind and n in {o for m in g.nodes for o in m.output}
        ][:1]
    made = {o for node in g.nodes for o in node.output}
    outputs = [o for o in outputs if o in made]
    if not outputs:
        return random_graph(seed + 100_000, steps)
    sizes = {n: ["n" if g.open else BATCH, *g.value(n).shape[1:]] for n in inputs}
    graph = helper.make_graph(
        g.nodes,
        "random",
        [info(n, g.value(n), sizes[n]) for n in inputs],
        [info(o, g.value(o), [None] * g.value(o).ndim) for o in outputs],
        [numpy_helper.from_array(v, k) for k, v in g.stored.items() if any(k in node.input for node in g.nodes)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset)], ir_version=8)
    feeds = {n: g.value(n) for n in inputs}
    try:
        onnx.checker.check_model(model)
        session(model).run(None, feeds)
    except Exception:  # each operator runs, and all together do not: another graph
        return random_graph(seed + 100_000, steps)
    return model, feeds
