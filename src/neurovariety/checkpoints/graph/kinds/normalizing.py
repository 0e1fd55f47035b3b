"""Softmax along an axis, of all entries or of those that a mask shows, and values standardized along axes.

Attention and layer normalization have them.
"""

from __future__ import annotations

import math

import numpy as np

from neurovariety.checkpoints.graph.node import Node, rational, whole, wholes
from neurovariety.checkpoints.graph.operation import UNBOUNDED, Call, Enclosure, Operation, Perturbation, Shape
from neurovariety.checkpoints.graph.three_arithmetics import Values
from neurovariety.errors import InputError


def _softmax(c: Call) -> Values:
    _in_floats(c, "softmax")
    axis = whole(c.attributes, "axis") + 1
    x = c.x
    if c.has("mask"):
        seen = np.asarray(c.stored[c.node.weights["mask"]], dtype=bool)
        if not _fits(seen.shape, x.shape[1:]):
            raise InputError(f"{c.node.place} has a mask of shape {seen.shape} for values of shape {x.shape[1:]}")
        x = np.where(seen, x, -np.inf)  # whose powers are 0
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _fits(mask: Shape, sample: Shape) -> bool:
    """Whether a mask is broadcast to a sample and does not make it larger."""
    return len(mask) <= len(sample) and all(n in (1, m) for n, m in zip(reversed(mask), reversed(sample), strict=False))


def _standardized(c: Call) -> Values:
    _in_floats(c, "a square root")
    axes = tuple(k + 1 for k in wholes(c.attributes, "axes"))
    x = c.x - c.x.mean(axis=axes, keepdims=True) if c.attributes["centred"] else c.x
    return x / np.sqrt((x * x).mean(axis=axes, keepdims=True) + float(rational(c.attributes, "epsilon")))


def _in_floats(c: Call, what: str) -> None:
    if c.arithmetic.exact:
        raise InputError(f"{c.node.place} takes {what}, whose values at rational numbers are not rational: evaluate in floating point")


def _softmax_bound(p: Perturbation) -> Enclosure:
    """Rows of probabilities have norm at most 1; the slope diag(p) - pp' has absolute row sums 2 p (1 - p), at most 1/2."""
    rows = p.count / max(p.shape[whole(p.node.attributes, "axis")], 1)
    return Enclosure(math.sqrt(rows), p.below[0].error / 2)


def _standardized_bound(p: Perturbation) -> Enclosure:
    epsilon = float(rational(p.node.attributes, "epsilon"))
    if epsilon <= 0:
        return UNBOUNDED
    return Enclosure(math.sqrt(p.count), p.below[0].error / math.sqrt(epsilon) * (1 + 2.0**-28))


def _no_polynomial(node: Node, below: object) -> None:
    return None


SOFTMAX = Operation("softmax", _softmax, bound=_softmax_bound, degree=_no_polynomial, sort=lambda node: "smooth")
STANDARDIZE = Operation(
    "standardize",
    _standardized,
    bound=_standardized_bound,
    degree=_no_polynomial,
    sort=lambda node: "smooth",
    words=lambda node: "the root of a mean of squares",
)
