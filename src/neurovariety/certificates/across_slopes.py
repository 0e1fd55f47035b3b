"""How much softmax and standardized values move at most, where their arguments move by at most an error: bounds rounded up.

The slope of softmax is diag(p) - p p', with absolute row sums 2 p (1 - p): at most 1/2, and so is its spectral norm (Gershgorin). That
of x / r with r = sqrt(mean of squares + epsilon) is (1 - x x' / (n r^2)) / r, of spectral norm at most 1/sqrt(epsilon); with the
mean taken off, which is a projection, no more. |x| <= sqrt(n) r.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from neurovariety.certificates.activation_slopes import above
from neurovariety.certificates.network_nodes import NodeData

_UP = 1 + 2.0**-28


def across_entries(node: NodeData, size: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the sizes and of the errors, entry by entry; inf where none is known."""
    if node.kind == "softmax":
        largest = np.max(error, axis=node.attributes["axis"], keepdims=True)
        return np.ones(size.shape), np.broadcast_to(np.minimum(largest / 2, 1.0), size.shape).copy()
    axes = tuple(node.attributes["axes"])
    count = math.prod(size.shape[k] for k in axes)
    norm = np.sqrt((error**2).sum(axis=axes, keepdims=True)) * _UP
    norm = np.where((norm > 1e-140) & (norm < 1e140), norm, error.sum(axis=axes, keepdims=True) * _UP)
    most = math.sqrt(count) * _UP
    moved = np.minimum(np.where(norm > 0, norm * _steepest(node), 0.0), 2 * most)
    return np.full(size.shape, most), np.broadcast_to(moved, size.shape).copy()


def across_norms(node: NodeData, shape: tuple[int, ...], error: float) -> tuple[float, float]:
    """The same for Euclidean norms of whole values."""
    if node.kind == "softmax":
        rows = math.prod(shape) / max(shape[node.attributes["axis"]], 1)
        return math.sqrt(rows) * _UP, error / 2
    return math.sqrt(math.prod(shape)) * _UP, (_steepest(node) * error if error else 0.0)


def _steepest(node: NodeData) -> float:
    epsilon = Fraction(node.attributes["epsilon"])
    if epsilon <= 0:
        return math.inf
    return above(1 / Fraction(math.sqrt(above(epsilon) * (1 - 2.0**-50)) * (1 - 2.0**-50)))
