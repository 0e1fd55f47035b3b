"""One table: ONNX operator -> nodes. What is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers import masks
from neurovariety.checkpoints.readers.building import Operand, Stored, Value, refuse
from neurovariety.checkpoints.readers.building_records import Slide
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.numbers_of_graphs import whole_factors, wider_sides
from neurovariety.checkpoints.readers.onnx_activations import ACTIVATIONS
from neurovariety.checkpoints.readers.onnx_axes import AXES
from neurovariety.checkpoints.readers.onnx_call import OnnxCall
from neurovariety.checkpoints.readers.onnx_normalizing import NORMALIZING
from neurovariety.checkpoints.readers.transposed_convolution import transposed_convolution
from neurovariety.checkpoints.readers.with_lines import line


def _gemm(c: OnnxCall) -> Value:
    """alpha A B + beta C, whose factors are kept as they are: weights times a factor would be rounded."""
    c.only("transA", 0)
    order = "out,in" if c.attributes.get("transB", 0) else "in,out"
    alpha, beta = c.attribute("alpha", 1.0), c.attribute("beta", 1.0)
    bias = c.input(2) if beta else None
    if alpha == 0:
        refuse(c.path, c.operator, "alpha=0.0, by which nothing is left of its matrix")
    together = bias is None or alpha == beta
    name = c.name if alpha == 1 and together else f"{c.name} product"
    product = c.builder.linear(name, c.path, c.operand(0), c.operand(1), bias if together else None, stored_as=order)
    if together:
        return product if alpha == 1 else line(c, product, Fraction(0), alpha)
    assert bias is not None
    scaled = product if alpha == beta else line(c, product, Fraction(0), alpha / beta)
    added = c.builder.promoted(c.builder.elementwise(c.name, c.path, "add", scaled, bias))
    return added if beta == 1 else line(c, added, Fraction(0), beta)


def _matmul(c: OnnxCall) -> Value:
    return c.builder.matmul(c.name, c.path, c.operand(0), c.operand(1))


def _remainder(c: OnnxCall) -> Stored:
    """Of sizes: what graphs compute from the shapes of values."""
    known = [c.known(k) for k in range(2)]
    if any(v is None or v.dtype.kind not in "iu" for v in known) or c.attributes.get("fmod", 0):
        refuse(c.path, c.operator, "remainders of sizes are understood")
    a, b = (np.asarray(v, dtype=np.int64) for v in known)
    if not np.all(b):
        refuse(c.path, c.operator, "by 0")
    return c.constant(np.asarray(np.mod(a, b)))


def _window(c: OnnxCall, window: Sequence[int]) -> dict[str, Any]:
    """Stride, padding and dilation of a window of this size in each direction."""
    d = len(window)
    stride, dilation = tuple(c.attributes.get("strides", [1] * d)), tuple(c.attributes.get("dilations", [1] * d))
    sides = _sides(c, window, stride, dilation)
    if c.attributes.get("ceil_mode", 0):
        wider = wider_sides(c.builder.shape(c.x)[1:], window, stride, dilation, sides)
        if wider != sides and c.operator != "MaxPool":
            refuse(c.path, c.operator, "ceil_mode=1, by which it divides by other numbers at the end")
        sides = wider
    return {"stride": stride, "padding": sides, "dilation": dilation}


def _sides(c: OnnxCall, window: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Zeros before and after: as stated, none, or as many as give one place for each step of the stride (SAME)."""
    mode, d = c.attributes.get("auto_pad", b"NOTSET"), len(window)
    if mode in (b"NOTSET", b"VALID"):
        pads = [0] * (2 * d) if mode == b"VALID" else c.attributes.get("pads", [0] * (2 * d))
        return tuple((pads[k], pads[k + d]) for k in range(d))
    c.only("auto_pad", b"SAME_UPPER", b"SAME_LOWER")
    out = []
    for n, k, s, e in zip(c.builder.shape(c.x)[1:], window, stride, dilation, strict=True):
        if min(s, e) < 1:
            refuse(c.path, c.operator, "steps of a window are at least 1")
        total = max((-(-n // s) - 1) * s + (k - 1) * e + 1 - n, 0)
        out.append((total // 2, total - total // 2) if mode == b"SAME_UPPER" else (total - total // 2, total // 2))
    return tuple(out)


def _convolution(c: OnnxCall) -> Value:
    weight = c.stored(1)
    d = len(c.builder.shape(c.x)) - 1
    if weight is None or d not in (1, 2):
        refuse(c.path, c.operator, "one- and two-dimensional convolutions are understood")
    weights = {"weight": weight, "bias": c.stored(2)}
    window = c.builder.weights[weight.key].shape[2:]
    return c.make("conv", c.x, weights=weights, **_window(c, window), groups=int(c.attributes.get("group", 1)))


def _transposed(c: OnnxCall) -> Value:
    weight = c.stored(1)
    d = len(c.builder.shape(c.x)) - 1
    if weight is None or d not in (1, 2):
        refuse(c.path, c.operator, "one- and two-dimensional convolutions are understood")
    if "output_shape" in c.attributes:
        refuse(c.path, c.operator, "output_shape, from which the padding would have to be found")
    c.only("auto_pad", b"NOTSET", b"VALID")  # SAME is said of the output here
    window = _window(c, c.builder.weights[weight.key].shape[2:])
    slide = Slide(window["stride"], window["padding"], window["dilation"], int(c.attributes.get("group", 1)))
    more = tuple(c.attributes.get("output_padding", [0] * d))
    return transposed_convolution(c.builder, c.name, c.path, c.x, weight, c.stored(2), slide, more)


def _pool(c: OnnxCall) -> Value:
    kernel = tuple(c.attributes["kernel_shape"])
    if any(e != 1 for e in c.attributes.get("dilations", ())) and c.attributes.get("auto_pad", b"NOTSET") in (
        b"SAME_UPPER",
        b"SAME_LOWER",
    ):
        refuse(c.path, c.operator, "auto_pad SAME of a dilated window, which runtimes pad in different ways")
    window = _window(c, kernel)
    if (
        c.operator == "AveragePool"
        and any(p for side in window["padding"] for p in side)
        and not c.attributes.get("count_include_pad", 0)
    ):
        refuse(c.path, c.operator, "padding that is not counted")
    kind = "max_pool" if c.operator == "MaxPool" else "average_pool"
    return c.make(kind, c.x, window=kernel, **window)


def _resize(c: OnnxCall) -> Value:
    """The entry at i is the one at floor(i/k), by either rule of rounding for a whole factor k."""
    c.only("mode", b"nearest")
    rule = tuple(c.attributes.get(k, d) for k, d in (("coordinate_transformation_mode", b"half_pixel"), ("nearest_mode", b"")))
    if rule not in ((b"asymmetric", b"floor"), (b"half_pixel", b""), (b"half_pixel", b"round_prefer_floor")) or "axes" in c.attributes:
        refuse(c.path, c.operator, "nearest neighbours by floor or rounding are understood")
    size = c.builder.shape(c.x)
    scales = c.integers(2) if c.input(2) is not None else None
    exact = scales is not None and np.array_equal(c.array(2).reshape(-1), scales)
    wanted = [n * k for n, k in zip((c.builder.batch, *size), scales, strict=True)] if scales and exact else c.integers(3)
    if wanted is None or wanted[0] != c.builder.batch or wanted[1] != size[0]:
        refuse(c.path, c.operator, "whole factors along the axes after the channels are understood")
    return c.make("upsample", c.x, factors=whole_factors(c.path, c.operator, size[1:], wanted[2:]))


def _global_average(c: OnnxCall) -> Value:
    return c.make("mean", c.x, axes=tuple(range(1, len(c.builder.shape(c.x)))), keepdims=True)


def _batch_norm(c: OnnxCall) -> Value:
    for name, understood in (("training_mode", 0), ("is_test", 1), ("spatial", 1)):
        c.only(name, understood)
    roles = dict(zip(("scale", "shift", "mean", "variance"), (c.stored(k) for k in range(1, 5)), strict=True))
    mean, variance = roles["mean"], roles["variance"]
    if mean is None or variance is None:
        refuse(c.path, c.operator, "it has no mean and variance of its own")
    c.builder.fixed |= {mean.key, variance.key}
    return c.make("normalize", c.x, weights=roles, epsilon=c.attribute("epsilon", 1e-5))


def _of_whole_numbers(c: OnnxCall, kind: str, a: Array, b: Array) -> Array:
    if kind != "divide":
        return np.asarray({"add": np.add, "subtract": np.subtract, "multiply": np.multiply}[kind](a, b))
    if not np.all(b):
        refuse(c.path, c.operator, "by 0")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _entrywise(kind: str) -> Callable[[OnnxCall], Operand | Masked]:
    def make(c: OnnxCall) -> Operand | Masked:
        if len(c.inputs) != 2:
            refuse(c.path, c.operator, f"{len(c.inputs)} inputs")
        c.only("broadcast", 0)  # of the first versions, along an axis of its own
        masked = masks.added(c.builder, c.name, c.path, *c.inputs) if kind == "add" else None
        if masked is not None:
            return masked
        known = [c.known(k) for k in range(2)]
        if all(v is not None and v.dtype.kind in "iu" for v in known):  # sizes, which are divided with rounding
            return c.constant(_of_whole_numbers(c, kind, *(np.asarray(v, dtype=np.int64) for v in known)))
        return c.builder.elementwise(c.name, c.path, kind, c.operand(0), c.operand(1))

    return make


_WIDE, _NARROW = (1, 11), {10: "float16", 16: "bfloat16"}
"""Floating-point types by their number in ONNX: those in which values are held, and shorter ones."""


def _cast(c: OnnxCall) -> Operand:
    """To another type: done for what is known while reading; values change neither to float32 and float64, nor, in a network whose
    weights are of a shorter type, to that. Elsewhere such a type rounds, and whole numbers are rounded to."""
    to = int(c.attributes["to"])
    known = c.known(0)
    if known is not None:
        return c.constant(known.astype(c.numpy_type(to)))
    given = c.operand(0)
    if isinstance(given, Stored) and to in _WIDE and not _exactly(c.array(0), c.numpy_type(to)):
        refuse(c.path, c.operator, f"it rounds weights to {c.numpy_type(to)}")
    stored = [str(v.dtype) for v in c.builder.weights.values()]
    if to not in _WIDE and (to not in _NARROW or isinstance(c.operand(0), Stored) or _NARROW[to] not in stored):
        refuse(c.path, c.operator, f"it rounds to {c.numpy_type(to)}")
    return given


def _exactly(array: Array, kind: np.dtype[Any]) -> bool:
    """Whether a type holds all entries as they are."""
    with np.errstate(all="ignore"):
        return np.array_equal(array.astype(kind).astype(np.float64), array.astype(np.float64))


def _same(c: OnnxCall) -> Operand:
    c.only("is_test", 1)
    training = c.input(2) if c.operator == "Dropout" else None
    if training is not None and c.builder.number(training) != 0:
        refuse(c.path, c.operator, "in training it is random")
    return c.operand(0)


def _einsum(c: OnnxCall) -> Value:
    return contract(c.builder, c.name, c.path, c.attributes["equation"].decode(), [c.operand(k) for k in range(len(c.inputs))])


OPERATIONS: dict[str, Callable[[OnnxCall], object]] = {
    "Constant": lambda c: c.operand(0),
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Einsum": _einsum,
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "BatchNormalization": _batch_norm,
    "Add": _entrywise("add"),
    "Sum": _entrywise("add"),
    "Sub": _entrywise("subtract"),
    "Mul": _entrywise("multiply"),
    "Div": _entrywise("divide"),
    "Mod": _remainder,
    "AveragePool": _pool,
    "MaxPool": _pool,
    "GlobalAveragePool": _global_average,
    "Resize": _resize,
    **dict.fromkeys(("Identity", "Dropout"), _same),
    "Cast": _cast,
    **ACTIVATIONS,
    **AXES,
    **NORMALIZING,
}
"""Name -> what reads it."""
