"""Critical points of a likelihood, where functions of a model are read as unnormalized probabilities.

Values c_i(w) come in groups, each of which is divided by its sum S_g: p_i = c_i / S_g. With counts u_i and U_g their sum over a group,
the derivative of sum_i u_i log p_i by a weight is sum_i (u_i / c_i - U_g / S_g) dc_i / dw_k. The equations are linear in u, so the
pairs of a point and the counts for which it is critical are a vector bundle over the variety of the p, which is irreducible.

As functions of the counts the p have poles, and the sum over all critical points is no linear function. So the counts move on a
general line u + s v, and the pairs (s, p) on a curve, whose sections with general hyperplanes alpha s + beta print(p) = gamma are found
by monodromy and tested by the linear trace test. From a complete one the hyperplane moves to s = constant: the ends are the critical
points for one vector of counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Inexact, Int, Shaped

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.stored_families import StoredLikelihood
from neurovariety.errors import InputError
from neurovariety.geometry.solutions.affine_slices import PRINTS, dyadic, normal, solved, unit
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import ChartCoordinates, coordinates
from neurovariety.geometry.solutions.least_degree import LARGEST_RANGE, coefficient_range
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.geometry.solutions.residues import residues
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.homotopy.exact_program import exact_family
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.linear_algebra import kernel_large, random_prime, rank_large
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import LARGE_PRIME_BITS, NUMERICAL_RANK


@dataclass(frozen=True, eq=False)
class LikelihoodPoints:
    """Sections of the curve of the (s, p): ``system`` in free weights and s with parameters (u, v, alpha, beta, gamma).

    ``prints`` are general linear functions of s and the probabilities, the ``coordinates``, ``functions`` of the probabilities alone.
    ``slopes`` maps free weights to the matrix of (dc_i / dw_k) / c_i - (dS_g / dw_k) / S_g, one row a weight. ``terms`` are the
    coefficients of the model, ``groups`` the group of each probability ``p``; ``mixes`` are the ``functions`` as expressions.
    """

    graph: Graph
    rows: tuple[tuple[Expression, ...], ...]
    mixed: Expression
    system: System
    prints: Tape
    coordinates: Tape
    functions: Tape
    slopes: Tape
    count: int
    drawn: tuple[Fraction, ...]
    chart: Chart
    terms: tuple[Term, ...]
    groups: tuple[int, ...]
    p: tuple[Expression, ...]
    mixes: tuple[Expression, ...]
    felt: bool
    """Whether the coefficients of the model are of sizes at which a test in doubles feels all sheets."""

    @cached_property
    def at_counts(self) -> System:
        """The gradient of the logarithm of the likelihood in the free weights, with the counts as parameters."""
        stated = [self.graph.input(self.dimension + i) for i in range(self.count)]
        return System.of(self.graph, _likelihood(self.graph, self.rows, stated), self.dimension, self.count)

    @cached_property
    def fewer(self) -> Tape:
        """The ``functions``, without s among their inputs."""
        return record(self.graph, self.mixes, inputs=self.dimension)

    @cached_property
    def probabilities(self) -> Tape:
        """All of the p in the free weights."""
        return record(self.graph, self.p, inputs=self.dimension)

    @property
    def dimension(self) -> int:
        """Dimension of the variety of probabilities."""
        return self.system.unknowns - 1

    def random(self, number: int, rng: np.random.Generator) -> tuple[Complex[np.ndarray, "number n"], Complex[np.ndarray, "number m"]]:
        """Weights and s (n = r + 1), and parameters (m = 2 N + 3) of sections through them."""
        r, n = self.dimension, self.count
        points = np.hstack([unit(rng, (number, r)), normal(rng, (number, 1))])
        a = values_at(self.slopes, points[:, :r]).reshape(number, r, n)
        counts = normal(rng, (number, n)) + 1.0
        for _ in range(2):  # once more against rounding
            wrong = np.einsum("pkn,pn->pk", a, counts)[:, :, None]
            back = solved(np.einsum("pkn,pln->pkl", a, a.conj()), wrong)
            counts = counts - np.einsum("pkn,pk->pn", a.conj(), back)
        v, slope = normal(rng, (number, n)), normal(rng, (number, 2))
        start = counts - points[:, -1:] * v
        without = np.hstack([points, start, v, slope, np.zeros((number, 1))])
        level = values_at(self.system.values, without)[:, -1:]
        return points, np.hstack([start, v, slope, level])

    def parallel(self, parameters: Complex[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]:
        """A direction in which the hyperplane moves to parallel ones."""
        out = np.zeros(2 * self.count + 3, dtype=np.complex128)
        out[-1] = normal(rng, (1,))[0] * np.abs(parameters[-1])
        return out

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        return np.array([self.system.parameters - 1])

    def can_have(self, points: int) -> bool:
        """Whether these can be all points of a section: of the span of the curve nothing is proved, only that it is no line."""
        return points > 1 and self.felt

    def singular_hessian(self, rng: np.random.Generator) -> tuple[int, tuple[int, ...]] | None:
        """A random prime with random weights and counts mod it, for which they are critical, where the Hessian of the logarithm of the
        likelihood is singular; None where it is regular there.

        The pairs of them are a vector bundle as large as the space of counts: general counts have critical points if and only if the
        projection to it is dominant, which is where the Hessian is regular. So None is a proof that they have.
        """
        r, n = self.dimension, self.count
        p = random_prime(LARGE_PRIME_BITS, rng)
        weights = [int(v) for v in rng.integers(1, p, r)]
        slopes = np.array(residues(self.slopes, weights, p), dtype=object).reshape(r, n)
        basis = kernel_large(slopes, p)
        drawn = np.array(rng.integers(1, p, basis.shape[1]).tolist(), dtype=object)
        counts = [int(v) for v in np.asarray(basis @ drawn % p).tolist()]
        entries = residues(self.at_counts.with_jacobian, [*weights, *counts], p)[r:]
        singular = rank_large(np.array(entries, dtype=object).reshape(r, r), p) < r
        return (p, (*weights, *counts)) if singular else None

    def towards(self, parameters: Complex[np.ndarray, " m"], level: complex) -> System:
        """The system whose hyperplane moves from that of ``parameters`` at t = 1 to s = ``level`` at t = 0; its one parameter is t."""
        n, r = self.count, self.dimension
        u, v, (alpha, beta, gamma) = parameters[:n], parameters[n : 2 * n], parameters[2 * n :]
        graph = self.graph
        s, t = graph.input(r), graph.input(r + 1)
        counts = [graph.combination([(s, complex(v[i]))]) + complex(u[i]) for i in range(n)]
        there = s - level
        here = graph.combination([(s, complex(alpha)), (self.mixed, complex(beta))]) - complex(gamma)
        return System.of(graph, [*_likelihood(graph, self.rows, counts), (here - there) * t + there], r + 1, 1)

    def between(self, start: Inexact[np.ndarray, " N"], counts: Inexact[np.ndarray, " N"]) -> System:
        """The gradient at counts that move from ``start`` at t = 1 to ``counts`` at t = 0; its one parameter is t."""
        r, t = self.dimension, self.graph.input(self.dimension)
        moving = [self.graph.combination([(t, complex(a - b))]) + complex(b) for a, b in zip(start, counts, strict=True)]
        return System.of(self.graph, _likelihood(self.graph, self.rows, moving), r, 1)


@dataclass(frozen=True, eq=False)
class GradientAtCounts:
    """The gradient at counts as certificates see it (`certificates.singular_hessian.LikelihoodEquations`)."""

    at_counts: System
    hessian_error: float

    @cached_property
    def system(self) -> ExactSystem:
        return exact_family(self.at_counts)

    @property
    def hash(self) -> str:
        return self.system.hash

    @property
    def unknowns(self) -> int:
        return self.at_counts.unknowns

    def stored(self) -> StoredLikelihood:
        """The gradient as data that can be written."""
        return StoredLikelihood(self.system, self.unknowns, self.hessian_error)


class _Values(NamedTuple):
    """On a chart: how many ``free`` weights, logarithmic derivatives (weights x values), values, their groups, coordinates."""

    free: int
    slopes: list[Expression]
    values: list[Expression]
    groups: list[int]
    coordinates: ChartCoordinates


def likelihood_points(
    model: Model, dimension: int, samples: Shaped[np.ndarray, "samples inputs"] | None, seed: int, rng: np.random.Generator
) -> LikelihoodPoints:
    """The critical points for the coefficients of a polynomial model, in one group, or for its outputs at ``samples``, a group each.

    ``dimension`` is that of the neurovariety; that of the probabilities may be smaller, and the chart shrinks with it.
    """
    chart = find_chart(model, dimension, seed)
    free, slopes, c, groups, found = _on(model, chart, samples, seed)
    tape = record(found.graph, slopes, inputs=free)
    for _ in range(2):
        at = values_at(tape, normal(rng, (1, free))).reshape(free, len(c))
        kept = _independent_rows(at)
        if len(kept) == free:
            break
        fixed = dict(chart.fixed) | {w: int(rng.integers(1, 10)) for k, w in enumerate(chart.free) if k not in kept}
        chart = Chart(tuple(chart.free[k] for k in kept), fixed)
        free, slopes, c, groups, found = _on(model, chart, samples, seed)
        tape = record(found.graph, slopes, inputs=free)
    graph, n = found.graph, len(c)
    rows = tuple(tuple(slopes[k * n : (k + 1) * n]) for k in range(free))
    sums = _sums(graph, c, groups)
    if not all(total.terms for total in sums):
        raise InputError("values that always add up to 0 are no probabilities; take another model, or other inputs")
    p = [value / sums[g] for value, g in zip(c, groups, strict=True)]
    prints = [graph.combination(zip(p, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, n))]
    s = graph.input(free)
    u, v, (alpha, beta, gamma) = (
        [graph.input(free + 1 + i) for i in part] for part in (range(n), range(n, 2 * n), range(2 * n, 2 * n + 3))
    )
    mixed = graph.combination([(prints[0], 1)]).as_base()
    hyperplane = alpha * s + beta * mixed - gamma
    counts = [a + s * b for a, b in zip(u, v, strict=True)]
    system = System.of(graph, [*_likelihood(graph, rows, counts), hyperplane], free + 1, 2 * n + 3)
    with_s = [graph.combination([(f, 1), (s, complex(a))]) for f, a in zip(prints, dyadic(rng, (PRINTS,)), strict=True)]
    tapes = [record(graph, outputs, inputs=free + 1) for outputs in (with_s, [*p, s], prints)]
    return LikelihoodPoints(
        graph,
        rows,
        mixed,
        system,
        tapes[0],
        tapes[1],
        tapes[2],
        tape,
        n,
        found.drawn,
        chart,
        found.terms,
        tuple(groups),
        tuple(p),
        tuple(prints),
        coefficient_range(model) <= LARGEST_RANGE,
    )


def _likelihood(graph: Graph, rows: Sequence[Sequence[Expression]], counts: Sequence[Expression]) -> list[Expression]:
    """The derivatives of the logarithm of the likelihood."""
    equations = []
    for row in rows:
        total = graph.constant(0)
        for slope, count in zip(row, counts, strict=True):
            total = total + slope * count
        equations.append(total)
    return equations


def _independent_rows(matrix: Complex[np.ndarray, "rows columns"]) -> list[int]:
    """Rows of a matrix that span what all of them span, chosen by size of what is new in them."""
    rest, kept = np.array(matrix), []
    size = np.linalg.norm(rest, axis=1).max(initial=0.0)
    for _ in range(min(rest.shape)):
        k = int(np.linalg.norm(rest, axis=1).argmax())
        length = np.linalg.norm(rest[k])
        if length <= NUMERICAL_RANK * size:
            break
        unit = rest[k] / length
        rest = rest - np.outer(rest @ unit.conj(), unit)
        kept.append(k)
    return sorted(kept)


def _on(model: Model, chart: Chart, samples: Array | None, seed: int) -> _Values:
    """The values of a model on a chart."""
    free = len(chart.free)
    n = len(coordinates(model, chart, 0, seed, True).expressions)
    found = coordinates(model, chart, 2 * (n if samples is None else len(samples) * model.outputs) + 4, seed, True)
    graph = found.graph
    if samples is None:
        c = [graph.combination([(e, 1 / scale)]).as_base() for e, (_, _, scale) in zip(found.expressions, found.terms, strict=True)]
        groups = [0] * len(c)
    else:
        c = list(found.evaluations(samples))
        groups = [i // (len(c) // len(samples)) for i in range(len(c))]
    sums = _sums(graph, c, groups)
    logs = jacobian(graph, c, range(free))
    totals = jacobian(graph, sums, range(free))
    slopes = [logs[i][k] / c[i] - totals[groups[i]][k] / sums[groups[i]] for k in range(free) for i in range(len(c))]
    return _Values(free, slopes, c, groups, found)


def _sums(graph: Graph, c: Sequence[Expression], groups: Sequence[int]) -> list[Expression]:
    if not c or not all(e.terms for e in c):
        raise InputError("a value is always 0, which is no probability that counts could be likely for; leave it out, or the input")
    return [graph.combination([(e, 1) for e, h in zip(c, groups, strict=True) if h == g]).as_base() for g in range(max(groups) + 1)]
