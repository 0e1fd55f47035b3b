"""An ONNX graph that grows operator by operator, as each opset writes them, with the values at one batch of inputs.

Each operator is run by itself in onnxruntime and dropped where that refuses it, so that every graph is one that somebody's exporter
could have written. Weights come in many forms.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

BATCH = 3
OPSETS = range(7, 24)
MOST_NUMBERS = 3000
"""Entries of a value: larger ones are dropped."""
SINCE = {"Squeeze": 13, "Unsqueeze": 13, "ReduceSum": 13, "Split": 13}
"""Operator -> the opset from which its axes are an input; 18 for the other reductions."""


def session(model):
    """The model in onnxruntime, without optimizations."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def info(name, array, sizes=None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), sizes)


class Growing:
    """A graph with the values at one batch of inputs; ``stored`` are initializers."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.opset = int(self.rng.choice(OPSETS))
        self.kind = np.dtype(self.rng.choice([np.float32] * 8 + [np.float64, np.float16]))
        self.nodes, self.stored, self.values, self.count = [], {}, {}, 0
        self.open = bool(self.rng.integers(0, 4))
        self.calm = bool(self.rng.integers(0, 2))
        """Whether only operators are taken of which a network can be made."""

    def name(self, start):
        self.count += 1
        return f"{start}{self.count}"

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def numbers(self, *shape):
        return np.asarray(self.rng.integers(-8, 9, size=shape) / 4 + self.rng.normal(size=shape) / 16).astype(self.kind)

    def store(self, array, start="w"):
        """An initializer, or a Constant node."""
        name = self.name(start)
        array = np.asarray(array)
        if self.rng.integers(0, 5):
            self.stored[name] = array
        else:
            self.nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)))
            self.values[name] = array
        return name

    def value(self, name):
        return self.stored[name] if name in self.stored else self.values[name]

    def add(self, operator, inputs, outputs=1, **attributes):
        """The names that an operator makes; None where the runtime refuses it or makes something too large or infinite."""
        names = [self.name(operator.lower()) for _ in range(outputs)]
        node = helper.make_node(operator, inputs, names, name=names[0] if self.rng.integers(0, 2) else "", **attributes)
        feeds = {n: self.value(n) for n in inputs if n}
        graph = helper.make_graph(
            [node],
            "g",
            [info(k, v, v.shape) for k, v in feeds.items() if k not in self.stored],
            [onnx.ValueInfoProto(name=n) for n in names],
            [numpy_helper.from_array(v, k) for k, v in feeds.items() if k in self.stored],
        )
        try:
            onnx.defs.get_schema(operator, self.opset)
            opened = session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8))
            made = opened.run(None, {k: v for k, v in feeds.items() if k not in self.stored})
        except Exception:
            return None
        if any(v.size > MOST_NUMBERS or not v.size or (v.dtype.kind == "f" and not np.all(np.abs(v) < 1e3)) for v in made):
            return None
        self.nodes.append(node)
        self.values.update(zip(names, made, strict=True))
        return names[0] if outputs == 1 else names

    def axes(self, operator, x, axes, **attributes):
        """An operator with axes, which are an attribute or an input by the opset."""
        if self.opset >= SINCE.get(operator, 18):
            return self.add(operator, [x, self.store(np.asarray(axes, dtype=np.int64), "axes")], **attributes)
        return self.add(operator, [x], axes=list(axes), **attributes)

    def axis(self, x, first=False):
        """An axis of a value, negative or not; the first one seldom."""
        rank = self.value(x).ndim
        mixing = not self.calm and (first or not self.rng.integers(0, 8))
        k = int(self.rng.integers(0 if mixing or rank == 1 else 1, rank))
        return k - rank if self.rng.integers(0, 2) else k


def weight(g, array):
    """A value equal to a trained array, in one of the forms in which exporters and people write weights."""
    forms = (
        "stored",
        "identity",
        "transposed",
        "reshaped",
        "unsqueezed",
        "cut",
        "gathered",
        "joined",
        "cast",
        "scaled",
        "expanded",
        "split",
        "summed",
    )
    form = g.pick("stored", "stored", *(("stored", "stored", "transposed", "identity", "reshaped") if g.calm else forms))
    made = None
    if form == "identity":
        made = g.add("Identity", [g.store(array)])
    elif form == "transposed":
        order = g.rng.permutation(array.ndim)
        made = g.add("Transpose", [g.store(np.ascontiguousarray(np.transpose(array, np.argsort(order))))], perm=order.tolist())
    elif form == "reshaped":
        target = list(array.shape)
        target[int(g.rng.integers(len(target)))] = -1
        made = g.add(
            "Reshape", [g.store(array.reshape(g.pick((-1,), (1, -1), (array.shape[-1], -1)))), g.store(np.asarray(target), "s")]
        )
    elif form == "unsqueezed" and array.shape[0] == 1:
        made = g.axes("Unsqueeze", g.store(array[0]), [g.pick(0, -array.ndim)])
    elif form == "unsqueezed":
        made = g.axes("Squeeze", g.store(array[None]), [0])
    elif form == "cut":
        larger = np.concatenate([g.numbers(2, *array.shape[1:]), array], axis=0)
        if g.opset < 10:
            made = g.add("Slice", [g.store(larger)], starts=[2], ends=[9999], axes=[0])
        else:
            ends = [g.store(np.asarray(v), "s") for v in ([2], [9999], [g.pick(0, -array.ndim)])]
            made = g.add("Slice", [g.store(larger), *ends])
    elif form == "gathered":
        order = g.rng.permutation(len(array))
        made = g.add("Gather", [g.store(array[np.argsort(order)]), g.store(order.astype(np.int64), "k")], axis=0)
    elif form == "joined" and array.shape[-1] > 1:
        made = g.add("Concat", [g.store(array[..., :1]), g.store(array[..., 1:])], axis=g.pick(-1, array.ndim - 1))
    elif form == "cast":
        made = g.add("Cast", [g.store(array.astype(np.float64))], to=helper.np_dtype_to_tensor_dtype(array.dtype))
    elif form == "scaled":
        made = g.add("Mul", [g.store(array / 2), g.store(np.asarray(g.pick(2, [2])).astype(g.kind))])
    elif form == "expanded" and g.opset >= 8:
        made = g.add("Expand", [g.store(array), g.store(np.asarray(array.shape), "s")])
    elif form == "split" and len(array) > 1:
        larger, sizes = np.concatenate([array, array[:1]]), [len(array), 1]
        if g.opset >= 13:
            made = (g.add("Split", [g.store(larger), g.store(np.asarray(sizes), "s")], 2, axis=0) or [None])[0]
        else:
            made = (g.add("Split", [g.store(larger)], 2, axis=0, split=sizes) or [None])[0]
    elif form == "summed":
        made = g.axes("ReduceSum", g.store(array[:, None] if array.ndim > 1 else array[None]), [1 if array.ndim > 1 else 0], keepdims=0)
    return made or g.store(array)
