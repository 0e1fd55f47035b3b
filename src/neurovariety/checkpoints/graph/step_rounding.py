"""How far the value of one operation may be from that of exact arithmetic where a runtime has rounded it: entry by entry.

To first order and with room to spare: a sum of n products is taken to be off by (16 + 4 sqrt n) units in the last place of the sum of
their sizes, a smooth activation by 16 units of what it is made of, 1 among them, for runtimes approximate it to absolute errors. What
an operand is off by is carried on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.kinds.entrywise import operands
from neurovariety.checkpoints.graph.node import Node, rational, whole, wholes
from neurovariety.checkpoints.graph.nonlinearity import Algebraic, PiecewiseLinear, Smooth, horner
from neurovariety.checkpoints.graph.operation import Call
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, Array

_STEPS = 16
"""Roundings that one operation has besides its sums."""
_LEAST = ((2.0**-10, 2.0**-22), (2.0**-7, 2.0**-120), (2.0**-23, 2.0**-120))
"""Units in the last place of types, with what they may take for 0: a few of the numbers next to 0."""
_MOVES = ("transpose", "reshape", "slice", "pad", "concatenate", "upsample", "spread", "max_pool")
_SUMS = ("sum", "mean", "average_pool")
_RELATIVE = ("exp", "sqrt")
"""Smooth activations whose errors are parts of their values."""
_SINGLE = 2.0**-23
"""Others are no better than single precision in numbers of double precision either: runtimes store 1/6 or sqrt(1/2) so, compute erf
so, and take softplus for x beyond 20."""


@dataclass(frozen=True, eq=False)
class Rounded:
    """A value in float64, and by how much a runtime's may differ, entry by entry; both (batch, \\*shape)."""

    value: Array
    off: Array


Sizes = Mapping[str, Array]
"""Key of a weight -> the sizes of its entries."""


def known_exactly(value: Array) -> Rounded:
    """A value that is that of the runtime itself."""
    return Rounded(value, np.broadcast_to(0.0, value.shape))


def step(node: Node, below: Sequence[Rounded], weights: Mapping[str, Array], stored: Mapping[str, Array], unit: float) -> Rounded:
    """The value of a node, not an input, of which a runtime computes with numbers of this ``unit`` in the last place."""

    def applied(on: Sequence[Array], other: Mapping[str, Array] = weights) -> Array:
        return np.asarray(operation(node).value(Call(node, list(on), other, stored, FLOATS)))

    value = applied([b.value for b in below])
    if not np.isfinite(value).all() or not all(np.isfinite(b.value).all() for b in below):
        return Rounded(value, np.broadcast_to(math.inf, value.shape))
    least = next((n for u, n in _LEAST if u == unit), 2.0**-1000)
    terms = max((math.prod(np.shape(weights[k])[1:]) for k in node.weights.values()), default=1)
    terms = below[0].value[0].size if node.kind in ("matmul", *_SUMS) else terms
    return Rounded(value, _off(node, below, weights, stored, unit, value, applied) + terms * least)


def _off(
    node: Node,
    below: Sequence[Rounded],
    weights: Mapping[str, Array],
    stored: Mapping[str, Array],
    unit: float,
    value: Array,
    applied: Callable[..., Array],
) -> Array:
    kind = node.kind
    if kind == "parameter":
        return np.zeros(value.shape)
    if kind in _MOVES:
        return np.maximum(applied([b.off for b in below]), 0.0) if any(b.off.any() for b in below) else np.zeros(value.shape)
    if kind in _SUMS:
        terms = math.prod(wholes(node.attributes, "window")) if kind == "average_pool" else below[0].value[0].size
        return applied([_spread(below[0], terms, unit)])
    if kind in ("linear", "conv"):
        key = node.weights["weight"]
        terms = math.prod(weights[key].shape[1:])
        sizes = {key: np.abs(weights[key])}
        if "bias" in node.weights:
            sizes[node.weights["bias"]] = np.abs(weights[node.weights["bias"]]) * _room(terms, unit)
        return applied([_spread(below[0], terms, unit)], sizes)
    if kind == "matmul":
        first, second = below
        wide = applied([_spread(first, first.value.shape[-1], unit) + first.off, np.abs(second.value) + second.off])
        return wide + applied([np.abs(first.value), second.off]) if second.off.any() else wide
    if kind == "normalize":
        return _normalized(node, below[0], weights, unit)
    if kind == "activation":
        return _bent(node, below[0], value, applied, unit)
    if kind == "softmax":
        return _softmax(node, below[0], value, unit)
    if kind == "standardize":
        return _standardized(node, below[0], value, unit)
    return _joined(node, below, weights, stored, unit, value)


def _room(terms: int, unit: float) -> float:
    return (_STEPS + 4 * math.sqrt(terms)) * unit


def _spread(x: Rounded, terms: int, unit: float) -> Array:
    """What each of so many terms of a sum adds to its error."""
    return np.abs(x.value) * _room(terms, unit) + x.off


def _normalized(node: Node, x: Rounded, weights: Mapping[str, Array], unit: float) -> Array:
    def along(role: str, absent: float) -> Array:
        found = weights[node.weights[role]] if role in node.weights else np.full(1, absent)
        return np.asarray(found.reshape(-1, *(1 for _ in x.value.shape[2:])))

    slope = np.abs(along("scale", 1.0)) / np.sqrt(along("variance", 1.0) + float(rational(node.attributes, "epsilon")))
    return np.asarray(
        slope * (x.off + _STEPS * unit * (np.abs(x.value) + np.abs(along("mean", 0.0)))) + _STEPS * unit * np.abs(along("shift", 0.0))
    )


def _bent(node: Node, x: Rounded, value: Array, applied: Callable[..., Array], unit: float) -> Array:
    record, a, size = activation(node.attributes), node.attributes, np.abs(x.value)
    if isinstance(record, PiecewiseLinear):
        pieces = record.pieces(a)
        line = np.zeros(size.shape, dtype=np.intp)
        for kink in record.kinks(a):
            line += x.value > float(kink)
        slopes, offsets = (np.array([abs(float(p[k])) for p in pieces]) for k in (0, 1))
        made = slopes[line] * size + offsets[line]
    elif isinstance(record, Algebraic):
        over, under = record.ratio(a)
        made = horner([abs(c) for c in over], size, FLOATS)
        if under != (1,):
            bottom = np.abs(horner(under, x.value, FLOATS))
            made = (made + np.abs(value) * horner([abs(c) for c in under], size, FLOATS)) / bottom
        made = made * max(len(over), len(under), 1)
    else:
        assert isinstance(record, Smooth)
        made = np.abs(value) + size * np.abs(record.slopes(x.value, a))
        if record.name not in _RELATIVE:
            unit = max(unit, _SINGLE)
            made = made + 1.0 + abs(float(record.values(np.array([-1.0]), a)[0]))
    moved = np.zeros(size.shape)
    if x.off.any():
        moved = np.maximum(*(np.abs(applied([x.value + sign * x.off]) - value) for sign in (1, -1)))
    return np.asarray(_STEPS * unit * made + moved)


def _softmax(node: Node, x: Rounded, value: Array, unit: float) -> Array:
    axis = whole(node.attributes, "axis") + 1
    below = x.value.max(axis=axis, keepdims=True) - x.value
    moved = np.expm1(np.minimum(2 * np.broadcast_to(x.off, x.value.shape).max(axis=axis, keepdims=True), 700.0))
    return np.asarray(value * (_room(x.value.shape[axis], unit) * (1 + below) + moved))


def _standardized(node: Node, x: Rounded, value: Array, unit: float) -> Array:
    axes = tuple(k + 1 for k in wholes(node.attributes, "axes"))
    size, room = np.abs(x.value), _room(math.prod(x.value.shape[k] for k in axes), unit)
    centred = x.value - x.value.mean(axis=axes, keepdims=True) if node.attributes["centred"] else x.value
    variance = (centred**2).mean(axis=axes, keepdims=True) + float(rational(node.attributes, "epsilon"))
    squares = (x.value**2).mean(axis=axes, keepdims=True) / variance  # runtimes may take the difference of two means
    each = room * (size + size.mean(axis=axes, keepdims=True)) + x.off + x.off.mean(axis=axes, keepdims=True)
    far = (each**2).mean(axis=axes, keepdims=True)
    return np.asarray(each / np.sqrt(variance) + np.abs(value) * (room * (1 + squares) + np.sqrt(far / variance)))


def _joined(
    node: Node, below: Sequence[Rounded], weights: Mapping[str, Array], stored: Mapping[str, Array], unit: float, value: Array
) -> Array:
    a, b = operands(Call(node, [x.value for x in below], weights, stored, FLOATS))
    if len(below) == 2:
        off_a, off_b = operands(Call(node, [x.off for x in below], weights, stored, FLOATS))
    else:
        none = np.zeros(())
        off_a, off_b = (none, below[0].off) if node.attributes.get("reversed") else (below[0].off, none)
    size_a, size_b = np.abs(a), np.abs(b)
    if node.kind in ("add", "subtract"):
        return np.asarray(off_a + off_b + _STEPS * unit * (size_a + size_b))
    if node.kind == "multiply":
        return np.asarray(size_a * off_b + size_b * off_a + off_a * off_b + _STEPS * unit * np.abs(value))
    room = size_b - off_b
    with np.errstate(all="ignore"):
        return np.asarray(np.where(room > 0, (off_a + np.abs(value) * off_b) / room, math.inf) + _STEPS * unit * np.abs(value))
