"""ONNX operators on arrays that are known while reading: masks and tables of positions that exporters compute in the graph.

What is trained is never among them. The arrays keep their types, so that they are rounded as a runtime rounds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import Stored, refuse
from neurovariety.checkpoints.readers.masks import known
from neurovariety.checkpoints.readers.onnx_call import OnnxCall

_MOST = 2**24
"""Entries of an array that is made."""


def computed(c: OnnxCall) -> Stored | None:
    """The value of an operator on known arrays alone; None where there is none, or the operator is not one of these."""
    operation = _KNOWN.get(c.operator)
    arrays = [None if v is None else known(c.builder, v) for v in c.inputs]
    if operation is None or any(v is None for v, given in zip(arrays, c.inputs, strict=True) if given is not None) or not arrays:
        return None
    return c.constant(np.asarray(operation(c, [v for v in arrays if v is not None])))


def _sized(c: OnnxCall, shape: list[int]) -> list[int]:
    if prod(shape) > _MOST:
        refuse(c.path, c.operator, f"it makes an array of {prod(shape):,} entries")
    return shape


def _expanded(c: OnnxCall, v: list[Array]) -> Array:
    return np.broadcast_to(v[0], _sized(c, list(np.broadcast_shapes(v[0].shape, tuple(v[1].reshape(-1).tolist())))))


def _filled(c: OnnxCall, v: list[Array]) -> Array:
    given = c.attributes.get("value")
    value = np.zeros(1, dtype=np.float32) if given is None else np.asarray(import_onnx().numpy_helper.to_array(given))
    return np.full(_sized(c, v[0].reshape(-1).tolist()), value.reshape(-1)[0], dtype=value.dtype)


def _triangle(c: OnnxCall, v: list[Array]) -> Array:
    k = int(v[1].reshape(-1)[0]) if len(v) > 1 else 0
    return np.triu(v[0], k) if c.attributes.get("upper", 1) else np.tril(v[0], k)


def _range(c: OnnxCall, v: list[Array]) -> Array:
    start, stop, step = (a.reshape(-1)[0] for a in v)
    if not step or (stop - start) / step > _MOST:
        refuse(c.path, c.operator, "it makes an array without end")
    return np.arange(start, stop, step, dtype=v[0].dtype)


def _each(function: Callable[..., Any]) -> Callable[[OnnxCall, list[Array]], Array]:
    return lambda c, v: np.asarray(function(*v))


_KNOWN: Mapping[str, Callable[[OnnxCall, list[Array]], Array]] = {
    "Expand": _expanded,
    "ConstantOfShape": _filled,
    "Trilu": _triangle,
    "Range": _range,
    "Where": _each(np.where),
    "Equal": _each(np.equal),
    "Less": _each(np.less),
    "LessOrEqual": _each(np.less_equal),
    "Greater": _each(np.greater),
    "GreaterOrEqual": _each(np.greater_equal),
    "Not": _each(np.logical_not),
    "And": _each(np.logical_and),
    "Or": _each(np.logical_or),
}
"""Operator -> its value on arrays."""
