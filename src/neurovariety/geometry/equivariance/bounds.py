"""How many equivariant functions there can be: exactly for linear networks, from above for all.

Linear networks. f = W_L ... W_1 is equivariant iff A = f satisfies A T = S A. Where T and S have finite order this is a choice of one
matrix for each isotypic block of the cyclic group, real for the eigenvalues 1 and -1 and complex for a pair of conjugate ones, so the
equivariant matrices of rank k are a union of products of determinantal varieties: rank k_i of size n_i x m_i has dimension
delta_i k_i (m_i + n_i - k_i), delta = 1 or 2, and k = sum of delta_i k_i. Where S = 1 they are the matrices that vanish on im(T - 1),
for every T. All matrices of one rank have fibers of one dimension (left and right multiplication moves them into each other), so the
dimension of the weights follows from that of the weights whose product has rank k, which is found layer by layer.

All networks. An equivariant function lies in the space of equivariant polynomial maps of the degrees that can occur, whose dimension
is Molien's: the mean over the cyclic group of tr(S^-j) times the trace of T^j on forms of that degree.

Sources: Kohn, Sattelberger, Shahverdi 2023 (linear networks); Molien 1897.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from neurovariety.geometry.equivariance.linear_map import LinearMap, totient
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.model import Model
from neurovariety.parametrization import Layers

_MAX_DEGREE = 400


@dataclass(frozen=True)
class EquivariantSizes:
    """Dimensions of the equivariant functions of a model, and of the weights that have one."""

    functions: int
    weights: int


def linear_network(model: Model) -> Layers | None:
    """The layers of a linear network, whose function is x -> W_L ... W_1 x, plus constants where there are biases; else None."""
    layers = model.parametrization
    return layers if isinstance(layers, Layers) and layers.linear and not layers.skips else None


def equivariant_linear(network: Layers, inputs: LinearMap, outputs: LinearMap, order: int | None) -> EquivariantSizes | None:
    """The dimensions for a linear network, or None for maps without a common finite order unless the outputs stay."""
    widths = network.widths
    n, m, narrow = widths[0], widths[-1], min(widths)
    if order is not None:
        blocks = _isotypic(inputs, outputs, order)
    elif outputs.is_identity:
        blocks = [(n - _rank_of_difference(inputs), m, 1)]
    else:
        return None
    by_rank = _by_rank(blocks, narrow)
    fiber = {k: _of_rank(widths, k) - k * (n + m - k) for k in by_rank}
    functions, weights = max(by_rank.values()), max(size + fiber[k] for k, size in by_rank.items())
    if network.biases:  # constants: hidden biases are free, the sum that reaches the output must be fixed by S
        constants = m - _rank_of_difference(outputs)
        return EquivariantSizes(functions + constants, weights + sum(widths[1:-1]) + constants)
    return EquivariantSizes(functions, weights)


def _isotypic(inputs: LinearMap, outputs: LinearMap, order: int) -> list[tuple[int, int, int]]:
    """(multiplicity in the inputs, in the outputs, delta) of each real irreducible representation of the cyclic group."""
    blocks = []
    for d in range(1, order + 1):
        if order % d:
            continue
        pairs = 1 if d <= 2 else totient(d) // 2
        blocks += [(inputs.multiplicity(d), outputs.multiplicity(d), 1 if d <= 2 else 2)] * pairs
    return blocks


def _rank_of_difference(given: LinearMap) -> int:
    return int((given.matrix - given.matrix**0).rank())


def _by_rank(blocks: list[tuple[int, int, int]], narrow: int) -> dict[int, int]:
    """Rank k <= ``narrow`` -> largest dimension of the equivariant matrices of that rank, where there are any."""
    best = {0: 0}
    for m, n, delta in blocks:
        grown: dict[int, int] = {}
        for k, size in best.items():
            for here in range(min(m, n) + 1):
                total = k + delta * here
                if total <= narrow:
                    grown[total] = max(grown.get(total, 0), size + delta * here * (m + n - here))
        best = grown
    return best


@cache
def _of_rank(widths: tuple[int, ...], k: int) -> int:
    """Dimension of the weights W_1, ..., W_L whose product has rank k <= min(widths).

    Sorted by the rank h of W_1: W_1 moves in h (d_0 + d_1 - h) dimensions, the part of W_2 off its image is free, and the rest is a
    product of the same kind that starts at width h.
    """
    first, second, *rest = widths
    if not rest:
        return k * (first + second - k)
    found = []
    for h in range(k, min(first, second) + 1):
        found.append(h * (first + second - h) + (second - h) * rest[0] + _of_rank((h, *rest), k))
    return max(found)


def equivariant_polynomials(model: Model, inputs: LinearMap, outputs: LinearMap, order: int) -> int | None:
    """Dimension of the equivariant polynomial maps of the degrees that outputs of the model can have: an upper bound of that of its
    equivariant functions. None for rational models and very high degrees."""
    bounds = degree_bounds(model)
    if bounds.rational or not math.isfinite(bounds.inputs) or bounds.inputs > _MAX_DEGREE:
        return None
    low, high = int(bounds.low), int(bounds.inputs)
    columns, copies = model.inputs // inputs.size, model.outputs // outputs.size
    t = [columns * v for v in inputs.traces(order)]
    s = [copies * v for v in outputs.traces(order)]
    total = Fraction(0)
    for j in range(order):
        forms = _on_forms([t[(i * j) % order] for i in range(high + 1)], high)
        total += s[-j % order] * sum(forms[low:])
    found = total / order
    assert found.denominator == 1
    return int(found)


def _on_forms(power_traces: list[int], degree: int) -> list[Fraction]:
    """Traces on forms of degrees 0 to ``degree`` of a map whose powers have the given traces (Newton's identities)."""
    found = [Fraction(1)]
    for k in range(1, degree + 1):
        found.append(sum((power_traces[i] * found[k - i] for i in range(1, k + 1)), Fraction(0)) / k)
    return found
