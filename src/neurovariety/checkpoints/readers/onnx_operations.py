"""One table: ONNX operator -> nodes. What is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import Array
from neurovariety.checkpoints.readers.building import (
    SOFTPLUS_THRESHOLD,
    Builder,
    Operand,
    Stored,
    Turned,
    Value,
    clipped,
    power,
    refuse,
    whole_factors,
)
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.errors import InputError


@dataclass(frozen=True)
class Above:
    """The comparison x > number, which only the exported form of softplus needs."""

    value: Value
    number: Fraction


@dataclass(frozen=True, eq=False)
class Call:
    """One operator of a graph with its inputs in order and its attributes by name."""

    builder: Builder
    name: str
    path: str
    operator: str
    inputs: list[Operand]
    attributes: dict[str, Any]
    outputs: int

    @property
    def x(self) -> Value:
        return self.builder.promoted(self.inputs[0])

    def input(self, k: int) -> Operand:
        return self.inputs[k] if k < len(self.inputs) else None

    def make(self, kind: str, *inputs: Operand, weights: Any = None, **attributes: Any) -> Value:
        return self.builder.node(self.name, self.path, kind, list(inputs), weights, **attributes)

    def activation(self, function: str, **attributes: Any) -> Value:
        return self.make("activation", self.x, function=function, **attributes)

    def attribute(self, name: str, default: float) -> Fraction:
        return Fraction(self.attributes.get(name, default))

    def integers(self, k: int, name: str = "") -> list[int] | None:
        """Integers given as input k or as an attribute, by the version of the operator."""
        if name and name in self.attributes:
            found = self.attributes[name]
            return [int(v) for v in found] if isinstance(found, (list, tuple)) else [int(found)]
        operand = self.input(k)
        if operand is None:
            return None
        if not isinstance(operand, Stored):
            refuse(self.path, self.operator, "its sizes are computed")
        return [int(v) for v in np.asarray(self.builder.weights[operand.key]).reshape(-1)]

    def only(self, name: str, *allowed: Any) -> None:
        """Refuse the operator where an attribute has another value than the ones that are understood."""
        found = self.attributes.get(name)
        if found is not None and found not in allowed:
            refuse(self.path, self.operator, f"{name}={found}")

    def constant(self, array: Array) -> Stored:
        """An array that is known while reading (shapes and their like)."""
        key = f"{self.name} (constant)"
        self.builder.weights[key] = array
        self.builder.fixed.add(key)
        return Stored(key)


def _gemm(c: Call) -> Value:
    for name, value in (("alpha", 1.0), ("beta", 1.0), ("transA", 0)):
        c.only(name, value)
    order = "out,in" if c.attributes.get("transB", 0) else "in,out"
    return c.builder.linear(c.name, c.path, c.inputs[0], c.inputs[1], c.input(2), stored_as=order)


def _matmul(c: Call) -> Value:
    return c.builder.matmul(c.name, c.path, *c.inputs)


def _stored(c: Call, k: int) -> Stored | None:
    found = c.input(k)
    if found is not None and not isinstance(found, Stored):
        refuse(c.path, c.operator, f"its input {k} is computed")
    return found


def _window(c: Call, d: int) -> dict[str, Any]:
    c.only("auto_pad", b"NOTSET", b"VALID")
    c.only("ceil_mode", 0)
    pads = c.attributes.get("pads", [0] * (2 * d))
    return {
        "stride": tuple(c.attributes.get("strides", [1] * d)),
        "padding": tuple((pads[k], pads[k + d]) for k in range(d)),
        "dilation": tuple(c.attributes.get("dilations", [1] * d)),
    }


def _convolution(c: Call) -> Value:
    weight = _stored(c, 1)
    d = len(c.builder.shape(c.x)) - 1
    if weight is None or d not in (1, 2):
        refuse(c.path, c.operator, "one- and two-dimensional convolutions are understood")
    weights = {"weight": weight, "bias": _stored(c, 2)}
    return c.make("conv", c.x, weights=weights, **_window(c, d), groups=int(c.attributes.get("group", 1)))


def _pool(c: Call) -> Value:
    d = len(c.builder.shape(c.x)) - 1
    window = _window(c, d)
    if (
        c.operator == "AveragePool"
        and any(p for side in window["padding"] for p in side)
        and not c.attributes.get("count_include_pad", 0)
    ):
        refuse(c.path, c.operator, "padding that is not counted")
    kind = "max_pool" if c.operator == "MaxPool" else "average_pool"
    return c.make(kind, c.x, window=tuple(c.attributes["kernel_shape"]), **window)


def _resize(c: Call) -> Value:
    """The entry at i is the one at floor(i/k), by either rule of rounding for a whole factor k."""
    c.only("mode", b"nearest")
    rule = tuple(c.attributes.get(k, d) for k, d in (("coordinate_transformation_mode", b"half_pixel"), ("nearest_mode", b"")))
    if rule not in ((b"asymmetric", b"floor"), (b"half_pixel", b""), (b"half_pixel", b"round_prefer_floor")) or "axes" in c.attributes:
        refuse(c.path, c.operator, "nearest neighbours by floor or rounding are understood")
    size = c.builder.shape(c.x)
    scales = c.integers(2) if c.input(2) is not None else None
    exact = scales is not None and np.array_equal(np.asarray(c.builder.weights[c.inputs[2].key]).reshape(-1), scales)
    wanted = [n * k for n, k in zip((c.builder.batch, *size), scales, strict=True)] if scales and exact else c.integers(3)
    if wanted is None or wanted[0] != c.builder.batch or wanted[1] != size[0]:
        refuse(c.path, c.operator, "whole factors along the axes after the channels are understood")
    return c.make("upsample", c.x, factors=whole_factors(c.path, c.operator, size[1:], wanted[2:]))


def _global_average(c: Call) -> Value:
    return c.make("mean", c.x, axes=tuple(range(1, len(c.builder.shape(c.x)))), keepdims=True)


def _batch_norm(c: Call) -> Value:
    c.only("training_mode", 0)
    roles = dict(zip(("scale", "shift", "mean", "variance"), (_stored(c, k) for k in range(1, 5)), strict=True))
    c.builder.fixed |= {roles[r].key for r in ("mean", "variance")}  # type: ignore[union-attr]
    return c.make("normalize", c.x, weights=roles, epsilon=float(c.attributes.get("epsilon", 1e-5)))


def _entrywise(kind: str) -> Callable[[Call], Operand]:
    def make(c: Call) -> Operand:
        if len(c.inputs) != 2:
            refuse(c.path, c.operator, f"{len(c.inputs)} inputs")
        return c.builder.elementwise(c.name, c.path, kind, *c.inputs)

    return make


def _power(c: Call) -> Value:
    exponent = c.builder.number(c.inputs[1]) if c.operator == "Pow" else -1
    return c.make("activation", c.x, **power(c.path, c.operator, exponent))


def _clip(c: Call) -> Value:
    low, high = (c.builder.number(c.input(k)) if c.input(k) is not None else c.attributes.get(n) for k, n in ((1, "min"), (2, "max")))
    return c.make("activation", c.x, **clipped(c.path, c.operator, low, high))


def _min(c: Call) -> Value:
    """Min(Relu(x), 6), an exported relu6."""
    if len(c.inputs) != 2 or c.builder.number(c.inputs[1]) != 6 or c.builder.function(c.inputs[0]) != "relu":
        refuse(c.path, c.operator, "relu6 is understood")
    return c.make("activation", c.builder.before(c.inputs[0]), function="relu6")


def _greater(c: Call) -> Above:
    number = c.builder.number(c.inputs[1])
    if number is None:
        refuse(c.path, c.operator, "comparisons are not algebraic")
    return Above(c.x, number)


def _where(c: Call) -> Value:
    """Where(b x > 20, x, softplus(b x)/b), which is softplus but for rounding; b = 1 leaves out the product and the quotient."""
    test, x, soft = c.inputs
    if not isinstance(test, Above) or test.number < SOFTPLUS_THRESHOLD or not isinstance(soft, Value):
        refuse(c.path, c.operator, "the exported form of softplus is understood")
    inner, scaled = c.builder.made(soft), c.builder.made(test.value)
    if test.value != x and scaled is not None and inner is not None:
        factor = scaled.attributes.get("constant")
        fits = scaled.kind == "multiply" and scaled.inputs == (x.name,) and factor == inner.attributes.get("constant")
        inner = c.builder.made(Value(inner.inputs[0])) if fits and inner.kind == "divide" and len(inner.inputs) == 1 else None
    if inner is None or inner.attributes.get("function") != "softplus" or inner.inputs != (test.value.name,):
        refuse(c.path, c.operator, "the exported form of softplus is understood")
    return soft


def _flatten(c: Call) -> Value:
    shape = c.builder.shape(c.x)
    axis = int(c.attributes.get("axis", 1))
    if axis % (len(shape) + 1) != 1:
        refuse(c.path, c.operator, f"axis={axis}; the batch axis stays by itself")
    return c.make("reshape", c.x, shape=(int(np.prod(shape)),))


def _reshape(c: Call) -> Operand:
    target = c.integers(1, "shape") or []
    if isinstance(c.inputs[0], Stored):
        return (
            c.constant(np.asarray(c.builder.weights[c.inputs[0].key]).reshape(target)) if _known(c) else c.builder.promoted(c.inputs[0])
        )
    if not c.attributes.get("allowzero", 0):
        full = [c.builder.batch, *c.builder.shape(c.x)]
        target = [full[k] if n == 0 else n for k, n in enumerate(target)]
    return c.builder.reshape(c.name, c.path, c.x, target)


def _transpose(c: Call) -> Operand:
    rank = np.ndim(c.builder.weights[c.inputs[0].key]) + 1 if isinstance(c.inputs[0], Stored) else len(c.builder.shape(c.x)) + 1
    if isinstance(c.inputs[0], Stored):  # a weight has no batch axis
        if c.builder.weights[c.inputs[0].key].ndim == 2 and c.attributes.get("perm", [1, 0]) == [1, 0]:
            return Turned(c.inputs[0].key)
        return c.make("transpose", c.x, permutation=tuple(c.attributes.get("perm", range(rank - 2, -1, -1))))
    order = c.attributes.get("perm", list(range(rank))[::-1])
    if order[0] != 0:
        raise InputError(f"{c.path} moves the batch axis; only the axes of one sample can be used")
    return c.make("transpose", c.x, permutation=tuple(k - 1 for k in order[1:]))


def _squeeze(c: Call) -> Operand:
    axes = c.integers(1, "axes")
    if _known(c):
        array = c.builder.weights[c.inputs[0].key]
        return c.constant(np.squeeze(array) if axes is None else np.squeeze(array, tuple(axes)))
    shape = c.builder.shape(c.x)
    gone = {k for k, n in enumerate(shape) if n == 1} if axes is None else set(c.builder.axes(c.x, axes, c.path))
    return c.make("reshape", c.x, shape=tuple(n for k, n in enumerate(shape) if k not in gone))


def _unsqueeze(c: Call) -> Operand:
    axes = c.integers(1, "axes") or []
    if _known(c):
        return c.constant(np.expand_dims(c.builder.weights[c.inputs[0].key], tuple(axes)))
    shape = list(c.builder.shape(c.x))
    rank = len(shape) + 1 + len(axes)
    for k in sorted(a % rank for a in axes):
        if k == 0:
            raise InputError(f"{c.path} puts an axis before the batch; only the axes of one sample can be used")
        shape.insert(k - 1, 1)
    return c.make("reshape", c.x, shape=tuple(shape))


def _slice(c: Call) -> Operand:
    starts, ends = c.integers(1, "starts") or [], c.integers(2, "ends") or []
    axes = c.integers(3, "axes") or list(range(len(starts)))
    steps = c.integers(4) or [1] * len(starts)
    value = c.x
    for k, (start, end, axis, step) in enumerate(zip(starts, ends, axes, steps, strict=True)):
        if step < 1:
            refuse(c.path, c.operator, "a step backwards")
        place = c.builder.axis(value, axis, c.path)
        begin, stop, _ = slice(start, end).indices(c.builder.shape(value)[place])
        value = c.builder.node(
            f"{c.name} {k}" if k else c.name, c.path, "slice", [value], axis=place, start=begin, stop=stop, step=step
        )
    return value


def _pad(c: Call) -> Value:
    c.only("mode", b"constant")
    pads = c.integers(1, "pads") or []
    rank = len(c.builder.shape(c.x)) + 1
    value = c.builder.number(c.input(2)) if c.input(2) is not None else Fraction(c.attributes.get("value", 0))
    if value != 0 or c.input(3) is not None or len(pads) != 2 * rank or min(pads) < 0 or pads[0] or pads[rank]:
        refuse(c.path, c.operator, "zeros around the axes of a sample are understood")
    return c.make("pad", c.x, padding=tuple((pads[k], pads[k + rank]) for k in range(1, rank)))


def _split(c: Call) -> list[Value]:
    axis = c.builder.axis(c.x, int(c.attributes.get("axis", 0)), c.path)
    total = c.builder.shape(c.x)[axis]
    size = -(-total // c.outputs)
    sizes = c.integers(1, "split") or [min(size, total - k) for k in range(0, total, size)]
    ends = np.cumsum(sizes)
    return [
        c.builder.node(f"{c.name} {k}", c.path, "slice", [c.x], axis=axis, start=int(end - n), stop=int(end), step=1)
        for k, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]


def _concatenate(c: Call) -> Operand:
    if all(isinstance(v, Stored) for v in c.inputs):
        return c.constant(np.concatenate([np.atleast_1d(c.builder.weights[v.key]) for v in c.inputs], axis=int(c.attributes["axis"])))
    values = [c.builder.promoted(v) for v in c.inputs]
    return c.make("concatenate", *values, axis=c.builder.axis(values[0], int(c.attributes["axis"]), c.path))


def _reduced(kind: str) -> Callable[[Call], Value]:
    def make(c: Call) -> Value:
        axes = c.integers(1, "axes")
        if not axes:
            raise InputError(f"{c.path} takes the {kind} over the whole batch; give the axes of one sample")
        return c.make(kind, c.x, axes=c.builder.axes(c.x, axes, c.path), keepdims=bool(c.attributes.get("keepdims", 1)))

    return make


def _shape(c: Call) -> Stored:
    return c.constant(np.asarray([c.builder.batch, *c.builder.shape(c.x)], dtype=np.int64))


def _gather(c: Call) -> Operand:
    axis, indices = int(c.attributes.get("axis", 0)), c.integers(1) or []
    if _known(c):
        array = c.builder.weights[c.inputs[1].key]
        return c.constant(np.asarray(np.take(c.builder.weights[c.inputs[0].key], array.astype(np.int64), axis=axis)))
    if len(indices) != 1:
        refuse(c.path, c.operator, "one index is understood")
    place = c.builder.axis(c.x, axis, c.path)
    shape = c.builder.shape(c.x)
    at = indices[0] % shape[place]
    cut = c.builder.node(f"{c.name} cut", c.path, "slice", [c.x], axis=place, start=at, stop=at + 1, step=1)
    single = np.ndim(c.builder.weights[c.inputs[1].key]) == 0
    return c.make("reshape", cut, shape=shape[:place] + shape[place + 1 :]) if single else cut


def _known(c: Call) -> bool:
    """Whether the first input is an array that is known while reading and not trained."""
    return isinstance(c.inputs[0], Stored) and c.inputs[0].key in c.builder.fixed


def _same(c: Call) -> Operand:
    c.only("to", 1, 6, 7, 10, 11, 16)
    training = c.input(2) if c.operator == "Dropout" else None
    if training is not None and c.builder.number(training) != 0:
        refuse(c.path, c.operator, "in training it is random")
    return c.inputs[0]


def _einsum(c: Call) -> Value:
    return contract(c.builder, c.name, c.path, c.attributes["equation"].decode(), c.inputs)


def _gelu(c: Call) -> Value:
    return c.activation("gelu", approximate=c.attributes.get("approximate", b"none").decode())


def _plain(function: str) -> Callable[[Call], Value]:
    return lambda c: c.activation(function)


OPERATIONS: dict[str, Callable[[Call], Any]] = {
    "Constant": lambda c: c.inputs[0],  # read by onnx_import, which knows the format of tensors
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Einsum": _einsum,
    "Conv": _convolution,
    "BatchNormalization": _batch_norm,
    "Add": _entrywise("add"),
    "Sum": _entrywise("add"),
    "Sub": _entrywise("subtract"),
    "Mul": _entrywise("multiply"),
    "Div": _entrywise("divide"),
    "Pow": _power,
    "Reciprocal": _power,
    "Neg": lambda c: c.activation("polynomial", coefficients=(Fraction(0), Fraction(-1))),
    **{name: _plain(name.lower()) for name in ("Relu", "Abs", "Tanh", "Sigmoid", "Erf", "Exp")},
    "LeakyRelu": lambda c: c.activation("leaky_relu", slope=c.attribute("alpha", 0.01)),
    "Elu": lambda c: c.activation("elu", alpha=c.attribute("alpha", 1.0)),
    "Softplus": lambda c: c.activation("softplus", beta=Fraction(1)),
    "Gelu": _gelu,
    "Swish": _plain("silu"),
    "Clip": _clip,
    "Min": _min,
    "Greater": _greater,
    "Where": _where,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Pad": _pad,
    "Split": _split,
    "Concat": _concatenate,
    "ReduceSum": _reduced("sum"),
    "ReduceMean": _reduced("mean"),
    "AveragePool": _pool,
    "MaxPool": _pool,
    "GlobalAveragePool": _global_average,
    "Resize": _resize,
    "Shape": _shape,
    "Gather": _gather,
    **dict.fromkeys(("Identity", "Dropout", "Cast"), _same),
}
