"""The bound of `change_bound` neuron by neuron, for networks of matrices with activations between them.

For each entry of a value a bound M of its size in both networks and a bound e of the difference are carried: |W| M + |b| and
|W| e + |W' - W| M + |b' - b|. Scaling a neuron and undoing that in the next matrix changes nothing here, while a product of norms of
matrices can grow without limit. Sums of nonnegative floats, each rounded up by more than their rounding error.
"""

from __future__ import annotations

import math

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.nonlinearity import ROUNDED_UP
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats
from neurovariety.checkpoints.rank.perturbation_bound import LEAST, equal_arrays

_ROUNDED = 2.0**-52


def neuron_bound(a: Network, b: Network, radius: float) -> float:
    """A bound of |f_a(x) - f_b(x)| for |x| <= radius; inf for other graphs, and where no finite bound is known."""
    if len(a.input_shape) != 1 or a.nodes[-1].name != a.output:
        return math.inf
    size, error, before = None, np.zeros(0), ""
    with np.errstate(all="ignore"):
        for node, other in zip(a.nodes, b.nodes, strict=True):
            if not node.is_input:
                if node.inputs != (before,):
                    return math.inf
                if node.kind == "linear":
                    size, error = _affine(a, b, node, other, size, error, radius)
                elif node.function is not None and size is not None:
                    size, error = _activated(node, size, error)
                else:
                    return math.inf
            before = node.name
        if size is None:
            return math.inf
        found = float(np.linalg.norm(error)) * ROUNDED_UP
    if not error.any():
        return 0.0
    return max(found, LEAST) if math.isfinite(found) else math.inf


def _affine(a: Network, b: Network, node: Node, other: Node, size: Array | None, error: Array, radius: float) -> tuple[Array, Array]:
    pairs = [(np.asarray(a.weights[k]), np.asarray(b.weights[other.weights[role]])) for role, k in sorted(node.weights.items())]
    moved = not all(equal_arrays(*pair) for pair in pairs)  # roles in order: bias, weight
    *bias, (w, v) = [(to_floats(p), to_floats(q)) for p, q in pairs]
    most, change = np.maximum(np.abs(w), np.abs(v)), _difference(w, v)
    if size is None:  # the input: a row times x is at most its norm times that of x
        grown, shifted = _norms(most) * radius, _norms(change) * radius
    else:
        grown, shifted = most @ size, change @ size + most @ error
    for p, q in bias:
        grown, shifted = grown + np.maximum(np.abs(p), np.abs(q)), shifted + _difference(p, q)
    unchanged = not moved and not error.any()
    return grown * ROUNDED_UP + LEAST, np.zeros(len(w)) if unchanged else shifted * ROUNDED_UP + LEAST


def _norms(rows: Array) -> Array:
    """Norms of rows; their sums of absolute values where squares leave float64."""
    norms, sums = np.linalg.norm(rows, axis=1) * ROUNDED_UP, np.abs(rows).sum(axis=1)
    usual = (norms > 1e-140) & (norms < 1e140)
    return np.asarray(np.where(usual, norms, sums))


def _difference(w: Array, v: Array) -> Array:
    found = np.abs(w - v) * ROUNDED_UP + (np.abs(w) + np.abs(v)) * _ROUNDED
    return np.asarray(np.where(np.isnan(found), np.inf, found))


def _activated(node: Node, size: Array, error: Array) -> tuple[Array, Array]:
    record = activation(node.attributes)
    steep = [record.steepness(node.attributes, m) if math.isfinite(m) else (math.inf, math.inf) for m in size.tolist()]
    slope, at_zero = (np.array([s[k] for s in steep]) for k in (0, 1))
    grown = np.where(np.isfinite(slope), slope * size + at_zero, np.inf)
    moved = np.where(error > 0, slope * error * ROUNDED_UP + LEAST, 0.0) if error.any() else error
    return grown * ROUNDED_UP + LEAST, moved
