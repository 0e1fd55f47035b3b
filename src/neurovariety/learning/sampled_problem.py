"""Functions whose learning coefficient is estimated, as arrays for the sampler: polynomials, or neurons with one input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from neurovariety.certificates.germs import Polynomial, support
from neurovariety.certificates.neurons_on_a_line import ODD, OddNetwork
from neurovariety.certificates.newton_cells import cells
from neurovariety.certificates.zeros import NotShown
from neurovariety.learning.sampling_kernel import Around, Blocks, FlatTerms
from neurovariety.rings.ring import Array

_MOST_SCALED, _MOST_RAYS, _MOST_COMPARED = 6, 12, 10**5
"""Weights, and rays of a fan, up to which these are scaled together; pairs of corners that are compared for it."""
_NODES = 2
"""Inputs a neuron, at which the values of neurons with one input are compared."""


@dataclass(frozen=True)
class SampledProblem:
    """Functions minus their true values, the blocks of weights in which they are affine, and the prior of the sampler."""

    terms: FlatTerms
    blocks: Blocks
    around: Around


Term = tuple[float, tuple[tuple[int, int, float], ...]]
"""A coefficient and factors: a weight, its power (0 for an activation), and what it is multiplied by inside the activation."""


def of_polynomials(functions: Sequence[Polynomial], truth: Sequence[float], centre: Sequence[float], spread: float) -> SampledProblem:
    """Polynomials in the weights, and the values that they should have."""
    rows = [[_term(f, i, e) for i, e in enumerate(support(f))] for f in functions]
    return _problem(rows, truth, centre, spread, 0)


def of_products(widths: Sequence[int], rank: int) -> SampledProblem:
    """A deep linear network, and a true matrix with ``rank`` ones on its diagonal."""
    starts = np.cumsum([0, *(a * b for a, b in pairwise(widths))])
    rows: list[list[Term]] = []
    for o, i in product(range(widths[-1]), range(widths[0])):
        row: list[Term] = []
        for inner in product(*map(range, widths[1:-1])):
            path = (i, *inner, o)
            row.append(
                (
                    1.0,
                    tuple(
                        (int(s) + b * widths[k] + a, 1, 1.0) for k, (s, (a, b)) in enumerate(zip(starts, pairwise(path), strict=False))
                    ),
                )
            )
        rows.append(row)
    truth = [float(o == i < rank) for o, i in product(range(widths[-1]), range(widths[0]))]
    return _problem(rows, truth, [0.0] * int(starts[-1]), 1.0, 0)


def _term(f: Polynomial, i: int, exponents: tuple[int, ...]) -> Term:
    c = f.coefficient(i)
    return int(c.p) / int(c.q), tuple((v, k, 1.0) for v, k in enumerate(exponents) if k)


def of_neurons(network: OddNetwork) -> SampledProblem:
    """The zero function of a network with one input: values at some inputs between 0 and 2. Raises `ValueError` for more inputs."""
    n, hidden, outputs = network.widths
    if n != 1:
        raise ValueError("one input is expected")
    nodes, sizes = np.polynomial.legendre.leggauss(_NODES * hidden)
    rows: list[list[Term]] = []
    for o in range(outputs):
        for x, size in zip(1 + nodes, np.sqrt(sizes / 2), strict=True):
            rows.append([(float(size), ((hidden + o * hidden + i, 1, 1.0), (i, 0, float(x)))) for i in range(hidden)])
    count = hidden * (1 + outputs)
    return _problem(rows, [0.0] * len(rows), [0.0] * count, 1.0, ODD.index(network.activation))


def _problem(
    rows: Sequence[Sequence[Term]], truth: Sequence[float], centre: Sequence[float], spread: float, activation: int
) -> SampledProblem:
    counts = [len(row) for row in rows]
    flat = [t for row in rows for t in row]
    factors = [f for _, fs in flat for f in fs]
    terms = FlatTerms(
        np.cumsum([0, *counts]),
        np.cumsum([0, *(len(fs) for _, fs in flat)]),
        np.array([c for c, _ in flat], dtype=float),
        np.array([v for v, _, _ in factors], dtype=np.int64),
        np.array([k for _, k, _ in factors], dtype=np.int64),
        np.array([x for _, _, x in factors], dtype=float),
        np.array(truth, dtype=float),
        activation,
    )
    n = len(centre)
    groups = _affine_groups(flat, n)
    return SampledProblem(terms, _blocks(rows, groups, n), Around(np.array(centre, dtype=float), float(spread)))


def _normals(rows: Sequence[Sequence[Term]], n: int, curved: bool) -> Array:
    """The rays of the common fan of the functions' Newton polyhedra that move several weights, each divided by its largest entry: what
    is quasihomogeneous, as is x^2 - y^3, keeps its zeros. None where all weights are drawn in blocks, or the fan is large."""
    none = np.zeros((0, n))
    if not curved or n > _MOST_SCALED or any(not k for row in rows for _, fs in row for _, k, _ in fs):
        return none
    powers = [[{v: k for v, k, _ in fs} for _, fs in row] for row in rows if row]
    supports = [sorted({tuple(term.get(i, 0) for i in range(n)) for term in row}) for row in powers]
    try:
        rays = {ray for cell in cells(supports, n, _MOST_COMPARED) for ray in cell.rays}
    except NotShown:
        return none
    several = sorted(ray for ray in rays if sum(v > 0 for v in ray) > 1)
    return np.array([np.array(ray) / max(ray) for ray in several[:_MOST_RAYS]]).reshape(-1, n)


def _affine_groups(flat: Sequence[Term], n: int) -> list[list[int]]:
    """Weights that can be drawn at once, largest group first: no two in one term, each to its first power."""
    bent = {v for _, fs in flat for v, k, _ in fs if k != 1}
    together: list[set[int]] = [set() for _ in range(n)]
    for _, fs in flat:
        names = [v for v, _, _ in fs]
        for v in names:
            together[v].update(u for u in names if u != v)
    groups: list[list[int]] = []
    for v in range(n):
        if v not in bent:
            place = next((g for g in groups if together[v].isdisjoint(g)), None)
            if place is None:
                groups.append([v])
            else:
                place.append(v)
    return sorted(groups, key=len, reverse=True)


def _blocks(rows: Sequence[Sequence[Term]], groups: Sequence[Sequence[int]], n: int) -> Blocks:
    part_start, weight_start, output_start = [0], [0], [0]
    weights: list[int] = []
    outputs: list[int] = []
    column = np.full((max(len(groups), 1), n), -1, dtype=np.int64)
    for k, group in enumerate(groups):
        for own_weights, own_outputs in _parts(rows, group):
            column[k, own_weights] = range(len(own_weights))
            weights += own_weights
            outputs += own_outputs
            weight_start.append(len(weights))
            output_start.append(len(outputs))
        part_start.append(len(weight_start) - 1)
    outside = sorted(set(range(n)) - {v for group in groups for v in group})
    places, starts, owned, ends, entered, alone = (
        np.array(x, dtype=np.int64) for x in (part_start, weight_start, weights, output_start, outputs, outside)
    )
    return Blocks(places, starts, owned, ends, entered, column, alone, _normals(rows, n, bool(outside)))


def _parts(rows: Sequence[Sequence[Term]], group: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Weights of a group and the outputs that they enter, taken apart as far as that goes; at last the outputs that none enters."""
    members = set(group)
    parts: list[tuple[set[int], list[int]]] = []
    rest: list[int] = []
    for o, row in enumerate(rows):
        used = {v for _, fs in row for v, _, _ in fs} & members
        if not used:
            rest.append(o)
            continue
        touching = [p for p in parts if p[0] & used]
        parts = [p for p in parts if not p[0] & used]
        joined = sorted(o2 for p in touching for o2 in p[1])
        parts.append((used.union(*(p[0] for p in touching)), [*joined, o]))
    free = sorted(members.difference(*(p[0] for p in parts)))
    out = [(sorted(vs), os) for vs, os in parts] + [([v], []) for v in free]
    return out + ([([], rest)] if rest else [])
