"""How much may a network's function change on a ball of inputs when its weights do? Norms propagated through the graph.

For each value of the graph two numbers are carried: a bound M of its Euclidean norm for both networks, and a bound e of the
difference of the two. A matrix adds |W| e + |W' - W| M, an activation multiplies e by its Lipschitz constant on [-M, M]. Norms of
matrices are at most the smaller of the Frobenius norm and sqrt(|W|_1 |W|_inf), sums of nonnegative floats; every step is rounded up
by more than their rounding error, so that the bound holds for the exact functions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import to_floats
from neurovariety.checkpoints.graph.network import Network, Node
from neurovariety.checkpoints.layers.neuron_relations import affine
from neurovariety.rings.ring import Array

_UP = 1 + 2.0**-28
"""Sums of up to 2**24 nonnegative float64 numbers and a root have a smaller relative error."""
_LIPSCHITZ = {
    "relu": 1.0,
    "relu6": 1.0,
    "abs": 1.0,
    "tanh": 1.0,
    "sigmoid": 0.25,
    "softplus": 1.0,
    "gelu": 1.13,
    "silu": 1.1,
    "erf": 1.13,
}
"""Upper bounds of |sigma'| on the line: the largest slopes of GELU and SiLU are 1.1289... and 1.0998..., that of erf 2/sqrt(pi)."""


def change_bound(a: Network, b: Network, radius: float) -> float:
    """A bound of |f_a(x) - f_b(x)| for |x| <= radius; both networks have the same graph. inf where no finite bound is known."""
    size: dict[str, float] = {}
    error: dict[str, float] = {}
    shapes = a.shapes()
    for node, other in zip(a.nodes, b.nodes, strict=True):
        below = [(size[n], error[n]) for n in node.inputs]
        m, e = _through(node, other, below, (a, b), shapes, radius)
        size[node.name], error[node.name] = m * _UP, e * _UP
    return error[a.output]


def norm_bound(matrix: Array) -> float:
    """An upper bound of the spectral norm."""
    absolute = np.abs(matrix)
    if not absolute.size:
        return 0.0
    columns, rows = float(absolute.sum(axis=0).max()), float(absolute.sum(axis=1).max())
    return min(float(np.sqrt((absolute**2).sum())), math.sqrt(columns * rows)) * _UP


def _operator(weight: Array) -> float:
    """Of a matrix, or of a convolution: the sum over the places of its window."""
    if weight.ndim == 2:
        return norm_bound(weight)
    flat = weight.reshape(*weight.shape[:2], -1)
    return sum(norm_bound(flat[:, :, k]) for k in range(flat.shape[2]))


def _through(
    node: Node, other: Node, below: list[tuple[float, float]], pair: tuple[Network, Network], shapes: dict[str, Any], radius: float
) -> tuple[float, float]:
    if node.kind == "input":
        return radius, 0.0
    count = math.prod(shapes[node.name])
    weights = {
        role: (to_floats(pair[0].weights[k]), to_floats(pair[1].weights[other.weights[role]])) for role, k in node.weights.items()
    }
    if node.kind in ("linear", "conv"):
        (m, e), (w, v) = below[0], weights["weight"]
        grow, change = max(_operator(w), _operator(v)), _operator(np.abs(w - v) * _UP + np.abs(w) * 2.0**-52)
        if np.array_equal(w, v):
            change = 0.0
        bias = weights.get("bias")
        if bias is None:
            return grow * m, grow * e + change * m
        copies = math.sqrt(count / w.shape[0])
        moved = 0.0 if np.array_equal(*bias) else float(np.linalg.norm(np.abs(bias[0] - bias[1]) + np.abs(bias[0]) * 2.0**-52)) * copies
        return grow * m + copies * max(float(np.linalg.norm(v)) for v in bias), grow * e + change * m + moved
    if node.kind == "normalize":
        t, u = (to_floats(v) for v in affine(pair[0], node))
        t2, u2 = (to_floats(v) for v in affine(pair[1], other))
        (m, e), copies = below[0], math.sqrt(count / len(t))
        moved = float(np.abs(t - t2).max()) * m + float(np.linalg.norm(u - u2)) * copies
        most = max(float(np.abs(t).max()), float(np.abs(t2).max()))
        return most * m + copies * max(float(np.linalg.norm(u)), float(np.linalg.norm(u2))), most * e + moved
    if node.kind == "activation":
        slope, at_zero = _slope(node.attributes, below[0][0])
        return slope * below[0][0] + math.sqrt(count) * at_zero, slope * below[0][1]
    alike = len({shapes[n] for n in node.inputs}) == 1
    if node.kind in ("add", "subtract") and len(below) == 2 and alike:
        return sum(m for m, _ in below), sum(e for _, e in below)
    if node.kind == "matmul" or (node.kind == "multiply" and len(below) == 2 and alike):
        (m, e), (n, f) = below
        return m * n, m * f + n * e + e * f
    if node.kind == "concatenate":
        return math.hypot(*(m for m, _ in below)), math.hypot(*(e for _, e in below))
    if node.kind in ("reshape", "transpose", "slice", "mean", "average_pool"):
        return below[0]
    if node.kind == "sum":
        summed = math.sqrt(math.prod(shapes[node.inputs[0]]) / max(count, 1))
        return below[0][0] * summed, below[0][1] * summed
    if node.kind == "max_pool":
        overlap = math.sqrt(math.prod(node.attributes["window"]))
        return below[0][0] * overlap, below[0][1] * overlap
    if len(below) == 1 and not node.weights and node.kind in ("add", "subtract", "multiply"):
        c = abs(float(node.attributes["constant"]))
        m, e = below[0]
        return (m * c, e * c) if node.kind == "multiply" else (m + math.sqrt(count) * c, e)
    return math.inf, math.inf


def _slope(attributes: dict[str, Any], m: float) -> tuple[float, float]:
    """A Lipschitz constant on [-m, m], and |sigma(0)|."""
    function = attributes["function"]
    if function == "polynomial":
        c = [abs(float(v)) * _UP for v in attributes["coefficients"]]
        return sum(k * v * m ** (k - 1) for k, v in enumerate(c) if k and v), c[0] if c else 0.0
    if function == "leaky_relu":
        return max(1.0, abs(float(attributes["slope"]))), 0.0
    if function == "elu":
        return max(1.0, abs(float(attributes["alpha"]))), 0.0
    if function not in _LIPSCHITZ:
        return math.inf, math.inf
    zero = {"sigmoid": 0.5, "softplus": math.log(2) / float(attributes.get("beta", 1))}.get(function, 0.0)
    return _LIPSCHITZ[function], zero
