"""Affine maps by stored weights, batch norm, and products of two values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from neurovariety.checkpoints.graph.kinds.windows import convolved, pads
from neurovariety.checkpoints.graph.node import Node, flags, rational, whole
from neurovariety.checkpoints.graph.nonlinearity import ROUNDED_UP, Relation
from neurovariety.checkpoints.graph.operation import Affine, Call, Channelwise, Enclosure, Operation, Perturbation, first_axis
from neurovariety.checkpoints.graph.three_arithmetics import Array, Values, exact_linear, to_floats, to_fractions
from neurovariety.errors import InputError


def _linear(c: Call) -> Values:
    stored = c.stored[c.node.weights["weight"]]
    rows = c.x.reshape((-1, c.x.shape[-1]))
    product = exact_linear(rows, np.asarray(stored)) if c.arithmetic.exact else c.arithmetic.matmul(rows, c.weight("weight").T)
    out = product.reshape((*c.x.shape[:-1], stored.shape[0]))
    return out + c.weight("bias") if c.has("bias") else out


def norm_bound(matrix: Float[np.ndarray, "out in"]) -> float:
    """An upper bound of the spectral norm: the smaller of the Frobenius norm and sqrt(|W|_1 |W|_inf)."""
    largest = float(np.abs(matrix).max(initial=0.0))
    if not largest or not math.isfinite(largest):
        return largest
    exponent = math.frexp(largest)[1]  # entries of size 1 first: squares of tiny ones would be 0, and no bound
    absolute = np.ldexp(np.abs(matrix), -exponent)
    columns, rows = float(absolute.sum(axis=0).max()), float(absolute.sum(axis=1).max())
    return _times(min(float(np.sqrt((absolute**2).sum())), math.sqrt(columns * rows)) * ROUNDED_UP, exponent)


def _times(value: float, exponent: int) -> float:
    """value 2**exponent, inf where that is larger than any float64."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


def _operator(weight: Array) -> float:
    """Of a matrix, or of a convolution: the sum over the places of its window."""
    if weight.ndim == 2:
        return norm_bound(weight)
    flat = weight.reshape(*weight.shape[:2], -1)
    return sum(norm_bound(flat[:, :, k]) for k in range(flat.shape[2]))


def _affine_bound(p: Perturbation) -> Enclosure:
    (below,), (w, v) = p.below, p.weights["weight"]
    grow, change = max(_operator(w), _operator(v)), 0.0
    if "weight" not in p.same:
        change = _operator(_difference(w, v))
    bias = p.weights.get("bias")
    if bias is None:
        return Enclosure(grow * below.size, grow * below.error + change * below.size)
    copies = math.sqrt(p.count / w.shape[0])
    moved = 0.0 if "bias" in p.same else norm_bound(_difference(*bias)[:, None]) * copies
    size = grow * below.size + copies * max(norm_bound(b[:, None]) for b in bias)
    return Enclosure(size, grow * below.error + change * below.size + moved)


def _difference(w: Array, v: Array) -> Array:
    """At least the difference of two arrays that may have been rounded to float64."""
    with np.errstate(all="ignore"):
        found = np.abs(w - v) * ROUNDED_UP + (np.abs(w) + np.abs(v)) * 2.0**-52
    return np.asarray(np.where(np.isnan(found), np.inf, found))


def _normalize(c: Call) -> Values:
    """scale * (x - mean) / sqrt(variance + epsilon) + shift; the reciprocal root is a float64 and from there on a rational number."""
    variance = to_floats(c.stored[c.node.weights["variance"]])
    factor = c.arithmetic.array(_reciprocal_root(c.node, variance))
    shape = (-1, *(1 for _ in c.x.shape[2:]))
    out = (c.x - c.weight("mean").reshape(shape)) * factor.reshape(shape)
    if c.has("scale"):
        out = out * c.weight("scale").reshape(shape)
    return out + c.weight("shift").reshape(shape) if c.has("shift") else out


def _reciprocal_root(node: Node, variance: Array) -> Array:
    under = variance + float(rational(node.attributes, "epsilon"))
    if not np.all(under > 0):
        raise InputError(f"{node.place}: the variance {node.weights['variance']!r} plus epsilon has entries that are not positive")
    return np.asarray(1 / np.sqrt(under))


def _channel_map(node: Node, weights: Mapping[str, Array]) -> tuple[Array, Array]:
    """Batch norm as channelwise affine map value -> t value + u: object arrays of Fractions t, u (exact, see `evaluate_exact`)."""
    t = to_fractions(_reciprocal_root(node, to_floats(weights[node.weights["variance"]])))
    if "scale" in node.weights:
        t = t * to_fractions(weights[node.weights["scale"]])
    u = -t * to_fractions(weights[node.weights["mean"]])
    if "shift" in node.weights:
        u = u + to_fractions(weights[node.weights["shift"]])
    return t, u


def _normalize_bound(p: Perturbation) -> Enclosure:
    (t, u), (t2, u2) = (
        (to_floats(v) for v in _channel_map(p.node, {key: p.weights[role][k] for role, key in p.node.weights.items()})) for k in (0, 1)
    )
    (below,), copies = p.below, math.sqrt(p.count / len(t))
    moved = 0.0
    if not p.same.issuperset(p.node.weights):
        moved = float(_difference(t, t2).max()) * below.size + norm_bound(_difference(u, u2)[:, None]) * copies
    most = max(float(np.abs(t).max()), float(np.abs(t2).max()))
    size = most * below.size + copies * max(norm_bound(u[:, None]), norm_bound(u2[:, None]))
    return Enclosure(size, most * below.error + moved)


def _normalize_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    (a, b), (t, u) = relation, _channel_map(node, weights)
    if a == 0:
        return Fraction(0), t[i] * b + u[i]
    if t[i] == 0:
        return Fraction(0), u[i]
    if t[j] == 0:
        return None  # channel j says nothing of channel i any more
    moved = t[i] * a / t[j]
    return moved, t[i] * b + u[i] - moved * u[j]


def _matmul(c: Call) -> Values:
    a, b = c.values
    if min(a.ndim, b.ndim) < 3:
        raise InputError(f"{c.node.place} multiplies a value that is a vector in each sample; a product has two matrices")
    first, second = flags(c.attributes, "transpose") if "transpose" in c.attributes else (False, False)
    a = c.xp.swapaxes(a, -1, -2) if first else a
    b = c.xp.swapaxes(b, -1, -2) if second else b
    return c.arithmetic.matmul(a, b)


def product_bound(p: Perturbation) -> Enclosure:
    """Of a product of two values, of matrices or entrywise: |ab - a'b'| <= |a - a'| |b'| + |a| |b - b'|."""
    a, b = p.below
    return Enclosure(a.size * b.size, a.size * b.error + b.size * a.error + a.error * b.error)


LINEAR = Operation("linear", _linear, bound=_affine_bound, affine=Affine(matrix=True))
CONVOLUTION = Operation(
    "conv",
    convolved,
    bound=_affine_bound,
    affine=Affine(matrix=False, grouped=lambda node: whole(node.attributes, "groups") != 1),
    pads=pads,
)
NORMALIZE = Operation(
    "normalize",
    _normalize,
    bound=_normalize_bound,
    channelwise=Channelwise(first_axis, _normalize_relation, affine=_channel_map),
)


def _depthwise_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    """Channel i is its filter applied to a v + b, where v is what the filter of channel j is applied to."""
    mine, theirs = (to_fractions(np.asarray(weights[node.weights["weight"]])[k]).reshape(-1).tolist() for k in (i, j))
    first, second = (Fraction(0), Fraction(0))
    if "bias" in node.weights:
        first, second = to_fractions(np.asarray(weights[node.weights["bias"]])[[i, j]]).tolist()
    a, b = relation
    if not any(mine):
        return Fraction(0), first
    if b and pads(node):
        return None
    shift = b * sum(mine, Fraction(0)) + first
    if a == 0:
        return Fraction(0), shift
    at = next((k for k, v in enumerate(theirs) if v), None)
    if at is None or any(m * theirs[at] != mine[at] * t for m, t in zip(mine, theirs, strict=True)):
        return None
    factor = a * mine[at] / theirs[at]
    return factor, shift - factor * second


def _depthwise_narrowed(node: Node, width: int, kept: int) -> Node:
    return replace(node, attributes={**node.attributes, "groups": kept})


DEPTHWISE = Channelwise(first_axis, _depthwise_relation, narrowed=_depthwise_narrowed)
"""A convolution that makes each channel of one."""
MATMUL = Operation("matmul", _matmul, bound=product_bound, degree=lambda node, below: sum(below))
