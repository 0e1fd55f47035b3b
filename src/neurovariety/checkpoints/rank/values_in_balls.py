"""Values of a network in float64 with bounds of their errors, at many inputs: which side of a kink a number lies on is then known.

A sum of n products, in any order, is off by less than (n + 8) 2**-52 times the sum of their sizes (Higham 2002, 3.1). What a value
is off by is carried on: by the absolute weights through a matrix, by the slope of its line through an activation. A value that is 0
because all its terms are, behind a unit that is off, is exactly 0 here too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.kinds.entrywise import operands
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, rational, wholes
from neurovariety.checkpoints.graph.nonlinearity import PiecewiseLinear
from neurovariety.checkpoints.graph.operation import Call
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, Array, to_floats

_UNIT = 2.0**-52
_LEAST, _MOST = 2.0**-400, 2.0**400
"""Between what sizes numbers other than 0 are: no product of two of them is lost or too large for float64."""
_ROUNDED_UP = 1 + 2.0**-20
_MOVES = ("transpose", "reshape", "slice", "pad", "concatenate", "upsample", "spread", "max_pool")
"""Operations that move values, or take the largest of some: no two values get further apart."""
_SUMS = ("sum", "mean", "average_pool")


@dataclass(frozen=True, eq=False)
class FloatBall:
    """Numbers no further than ``radius`` from the values; both (batch, ...)."""

    middle: Array
    radius: Array

    def spread(self, terms: int) -> Array:
        """What the sum of so many of these, times numbers that are at most 1, is off by for each of them."""
        found = self.radius + (terms + 8) * _UNIT * (np.abs(self.middle) + self.radius)
        return np.asarray(np.where((self.middle != 0) | (found > 0), np.maximum(found, _LEAST), 0.0) * _ROUNDED_UP)

    def beyond(self, number: Fraction) -> tuple[Array, Array, Array]:
        """Where the values are larger than a number, where less, and where they are it; nowhere, where that is not known."""
        near = float(number)
        wide = self.radius if Fraction(near) == number else self.radius + abs(near) * _UNIT
        apart = self.middle - near
        size = np.abs(apart)
        sure = (size > wide * _ROUNDED_UP) & np.isfinite(apart)
        same = (apart == 0) & (wide == 0)
        return sure & (apart > 0), sure & (apart < 0), same


def values_in_balls(network: Network, inputs: Array, wanted: Collection[str]) -> dict[str, FloatBall] | None:
    """Balls around the values of the ``wanted`` nodes at float64 inputs (batch, \\*input shape).

    None for an operation whose errors are not followed, and for weights of sizes of which float64 loses products.
    """
    weights = {key: to_floats(network.weights[key]) for node in network.nodes for key in node.weights.values()}
    for key, found in weights.items():
        size = np.abs(found[np.asarray(network.weights[key] != 0, dtype=bool)])
        if size.size and not (size.min() >= _LEAST and size.max() <= _MOST):
            return None
    values: dict[str, FloatBall] = {}
    last = {name: k for k, node in enumerate(network.nodes) for name in node.inputs}
    out: dict[str, FloatBall] = {}
    with np.errstate(all="ignore"):
        for k, node in enumerate(network.nodes):
            made = FloatBall(inputs, np.zeros_like(inputs)) if node.is_input else _made(network, node, values, weights)
            if made is None:
                return None
            values[node.name] = made
            if node.name in wanted:
                out[node.name] = made
                if len(out) == len(wanted):
                    return out
            for name in set(node.inputs):
                if last[name] == k:
                    del values[name]
    return out


def _made(network: Network, node: Node, values: Mapping[str, FloatBall], weights: Mapping[str, Array]) -> FloatBall | None:
    below = [values[n] for n in node.inputs]

    def applied(on: list[Array], other: Mapping[str, Array] = weights, at: Node = node) -> Array:
        return np.asarray(operation(at).value(Call(at, on, other, network.weights, FLOATS)))

    if node.kind == "parameter":
        stored = weights[node.weights["value"]][None]
        return FloatBall(stored, np.abs(stored) * (_UNIT if network.weights[node.weights["value"]].dtype == object else 0.0))
    if node.kind == "activation":
        return _bent(node, below[0])
    middle = applied([b.middle for b in below])
    if node.kind in _MOVES:
        return FloatBall(middle, np.maximum(applied([b.radius for b in below]), 0.0))
    if node.kind in _SUMS:
        (x,) = below
        terms = math.prod(wholes(node.attributes, "window")) if node.kind == "average_pool" else x.middle[0].size
        return FloatBall(middle, applied([x.spread(terms)]))
    if node.kind in ("linear", "conv"):
        key = node.weights["weight"]
        terms = math.prod(weights[key].shape[1:])
        sizes = {key: np.abs(weights[key])}
        if "bias" in node.weights:
            sizes[node.weights["bias"]] = np.abs(weights[node.weights["bias"]]) * ((terms + 8) * _UNIT)
        return FloatBall(middle, applied([below[0].spread(terms)], sizes))
    if node.kind == "normalize":
        return _normalized(network, node, below[0], middle)
    if node.kind in ("add", "subtract", "multiply", "divide"):
        return _joined(network, node, below, weights, middle)
    return None


def _normalized(network: Network, node: Node, x: FloatBall, middle: Array) -> FloatBall | None:
    record = operation(node).channelwise
    assert record is not None
    assert record.affine is not None
    t, u = (np.abs(to_floats(v)).reshape(-1, *(1 for _ in x.middle.shape[2:])) for v in record.affine(node, network.weights))
    mean, shift = (
        np.abs(to_floats(network.weights[node.weights[role]])).reshape(t.shape) if role in node.weights else np.zeros(t.shape)
        for role in ("mean", "shift")
    )
    if np.any((t != 0) & ((t < _LEAST) | (t > _MOST))) or np.any(u > _MOST):
        return None
    return FloatBall(middle, (t * (x.spread(8) + 8 * _UNIT * mean) + 8 * _UNIT * shift) * _ROUNDED_UP)


def _joined(network: Network, node: Node, below: list[FloatBall], weights: Mapping[str, Array], middle: Array) -> FloatBall | None:
    if len(below) == 2:
        (a, b), (ra, rb) = (operands(Call(node, part, weights, network.weights, FLOATS)) for part in _parts(below))
        if node.kind == "divide":
            return None
    else:
        a, b = operands(Call(node, [below[0].middle], weights, network.weights, FLOATS))
        other = np.asarray(a if node.attributes.get("reversed") else b)
        if node.kind == "divide" and (node.attributes.get("reversed") or not np.all(other)):
            return None
        off = np.abs(other) * (0.0 if _float_operand(network, node, other) else _UNIT)
        ra, rb = (off, below[0].radius) if node.attributes.get("reversed") else (below[0].radius, off)
    size, other_size = np.abs(a), np.abs(b)
    if node.kind in ("add", "subtract"):
        return FloatBall(middle, (ra + rb + 2 * _UNIT * (size + other_size)) * _ROUNDED_UP)
    meets = ((a != 0) | (ra > 0)) & ((b != 0) | (rb > 0))
    if node.kind == "multiply":
        radius = size * rb + other_size * ra + ra * rb + 4 * _UNIT * (size * other_size)
    else:
        radius = (ra + (rb / other_size) * (size + ra)) / other_size * (1 + 8 * _UNIT) + 4 * _UNIT * np.abs(middle)
    return FloatBall(middle, np.where(meets, np.maximum(radius, _LEAST), 0.0) * _ROUNDED_UP)


def _parts(below: list[FloatBall]) -> tuple[list[Array], list[Array]]:
    return [b.middle for b in below], [b.radius for b in below]


def _float_operand(network: Network, node: Node, other: Array) -> bool:
    """Whether the other operand, a stored weight or a number, is what float64 has for it."""
    if "weight" in node.weights:
        return bool(network.weights[node.weights["weight"]].dtype != object)
    return Fraction(float(other)) == rational(node.attributes, "constant")


def _bent(node: Node, x: FloatBall) -> FloatBall | None:
    record = activation(node.attributes)
    if not isinstance(record, PiecewiseLinear):
        return None
    kinks, pieces = record.kinks(node.attributes), record.pieces(node.attributes)
    line = line_of(x.middle, kinks)
    sure = np.ones(x.middle.shape, dtype=bool)
    for kink in kinks:
        over, under, same = x.beyond(kink)
        sure &= over | under | same
    slopes, offsets = (np.array([float(p[k]) for p in pieces]) for k in (0, 1))
    steepest = float(np.abs(slopes).max())
    plain = np.array([s in (-1, 0, 1) and (not o or (not s and Fraction(float(o)) == o)) for s, o in pieces])
    middle = slopes[line] * x.middle + offsets[line]
    middle = np.where(slopes[line] == 0, offsets[line], middle)
    rounded = 8 * _UNIT * (steepest * np.abs(x.middle) + float(np.abs(offsets).max())) + _LEAST
    radius = np.where(sure, np.abs(slopes[line]), steepest) * x.radius
    return FloatBall(middle, (radius + np.where(sure & plain[line], 0.0, rounded)) * _ROUNDED_UP)


def line_of(values: Array, kinks: tuple[Fraction, ...]) -> Array:
    """On which line of an activation each number lies, from 0 on the left; at a kink the one on its left."""
    out = np.zeros(np.shape(values), dtype=np.intp)
    for kink in kinks:
        out += np.asarray(values > (kink if values.dtype == object else float(kink)), dtype=bool)
    return out
