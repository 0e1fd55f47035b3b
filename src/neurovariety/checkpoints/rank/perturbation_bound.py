"""How much may a network's function change on a ball of inputs when its weights do? Norms propagated through the graph.

For each value of the graph two numbers are carried: a bound M of its Euclidean norm for both networks, and a bound e of the
difference of the two. A matrix adds |W| e + |W' - W| M, an activation multiplies e by its Lipschitz constant on [-M, M]. Norms of
matrices are at most the smaller of the Frobenius norm and sqrt(|W|_1 |W|_inf), sums of nonnegative floats; every step is rounded up
by more than their rounding error, so that the bound holds for the exact functions.
"""

from __future__ import annotations

import math

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.nonlinearity import ROUNDED_UP
from neurovariety.checkpoints.graph.operation import Enclosure, Perturbation
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats, to_fractions

LEAST = 1e-280
"""A bound that is not 0 is never smaller: products of tiny numbers would become 0 in float64, and no bound."""


def change_bound(a: Network, b: Network, radius: float) -> float:
    """A bound of |f_a(x) - f_b(x)| for |x| <= radius; both networks have the same graph. inf where no finite bound is known."""
    found: dict[str, Enclosure] = {}
    shapes = a.shapes()
    for node, other in zip(a.nodes, b.nodes, strict=True):
        if node.is_input:
            found[node.name] = Enclosure(_up(radius), 0.0)
            continue
        pairs = {r: (np.asarray(a.weights[k]), np.asarray(b.weights[other.weights[r]])) for r, k in node.weights.items()}
        weights = {r: (to_floats(w), to_floats(v)) for r, (w, v) in pairs.items()}
        same = frozenset(r for r, pair in pairs.items() if equal_arrays(*pair))
        below = [found[n] for n in node.inputs]
        with np.errstate(all="ignore"):
            made = operation(node).bound(Perturbation(node, below, weights, shapes[node.name], [shapes[n] for n in node.inputs], same))
        unmoved = len(same) == len(pairs) and not any(v.error for v in below)
        found[node.name] = Enclosure(_up(made.size), 0.0 if unmoved and math.isfinite(made.size) else _up(made.error))
    return found[a.output].error


def _up(bound: float) -> float:
    return math.inf if math.isnan(bound) else max(bound * ROUNDED_UP, LEAST)


def equal_arrays(w: Array, v: Array) -> bool:
    """Whether all entries are equal as rational numbers."""
    if w.dtype != object and v.dtype != object:
        return bool(np.array_equal(w, v))
    return w.shape == v.shape and bool(np.all(to_fractions(w) == to_fractions(v)))
