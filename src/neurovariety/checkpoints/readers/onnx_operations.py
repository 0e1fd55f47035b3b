"""One table: ONNX operator -> nodes. What is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurovariety.checkpoints.readers.building import (
    Operand,
    Value,
    refuse,
    whole_factors,
)
from neurovariety.checkpoints.readers.contraction import contract
from neurovariety.checkpoints.readers.onnx_activations import ACTIVATIONS
from neurovariety.checkpoints.readers.onnx_axes import AXES
from neurovariety.checkpoints.readers.onnx_call import OnnxCall


def _gemm(c: OnnxCall) -> Value:
    for name, value in (("alpha", 1.0), ("beta", 1.0), ("transA", 0)):
        c.only(name, value)
    order = "out,in" if c.attributes.get("transB", 0) else "in,out"
    return c.builder.linear(c.name, c.path, c.operand(0), c.operand(1), c.input(2), stored_as=order)


def _matmul(c: OnnxCall) -> Value:
    return c.builder.matmul(c.name, c.path, c.operand(0), c.operand(1))


def _window(c: OnnxCall, d: int) -> dict[str, Any]:
    c.only("auto_pad", b"NOTSET", b"VALID")
    c.only("ceil_mode", 0)
    pads = c.attributes.get("pads", [0] * (2 * d))
    return {
        "stride": tuple(c.attributes.get("strides", [1] * d)),
        "padding": tuple((pads[k], pads[k + d]) for k in range(d)),
        "dilation": tuple(c.attributes.get("dilations", [1] * d)),
    }


def _convolution(c: OnnxCall) -> Value:
    weight = c.stored(1)
    d = len(c.builder.shape(c.x)) - 1
    if weight is None or d not in (1, 2):
        refuse(c.path, c.operator, "one- and two-dimensional convolutions are understood")
    weights = {"weight": weight, "bias": c.stored(2)}
    return c.make("conv", c.x, weights=weights, **_window(c, d), groups=int(c.attributes.get("group", 1)))


def _pool(c: OnnxCall) -> Value:
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
    c.only("training_mode", 0)
    roles = dict(zip(("scale", "shift", "mean", "variance"), (c.stored(k) for k in range(1, 5)), strict=True))
    mean, variance = roles["mean"], roles["variance"]
    if mean is None or variance is None:
        refuse(c.path, c.operator, "it has no mean and variance of its own")
    c.builder.fixed |= {mean.key, variance.key}
    return c.make("normalize", c.x, weights=roles, epsilon=float(c.attributes.get("epsilon", 1e-5)))


def _entrywise(kind: str) -> Callable[[OnnxCall], Operand]:
    def make(c: OnnxCall) -> Operand:
        if len(c.inputs) != 2:
            refuse(c.path, c.operator, f"{len(c.inputs)} inputs")
        return c.builder.elementwise(c.name, c.path, kind, c.operand(0), c.operand(1))

    return make


def _same(c: OnnxCall) -> Operand:
    c.only("to", 1, 6, 7, 10, 11, 16)
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
    "BatchNormalization": _batch_norm,
    "Add": _entrywise("add"),
    "Sum": _entrywise("add"),
    "Sub": _entrywise("subtract"),
    "Mul": _entrywise("multiply"),
    "Div": _entrywise("divide"),
    "AveragePool": _pool,
    "MaxPool": _pool,
    "GlobalAveragePool": _global_average,
    "Resize": _resize,
    **dict.fromkeys(("Identity", "Dropout", "Cast"), _same),
    **ACTIVATIONS,
    **AXES,
}
"""Name -> what reads it."""
