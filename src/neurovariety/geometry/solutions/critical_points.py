"""Critical points of a quadratic distance from a target to a neurovariety, as a square system in the free weights of a chart.

With c(w) the coordinates of the parametrization and Q a quadric, the equations are sum_i (sum_k Q_ik c_k - v_i) dc_i / dw_l = 0, one
for each free weight; v = Q u stands for the target u. Critical points of general targets are general points of the variety, so a
chart, whose image is dense, has them all.

Q is a general member of a linear family. Over the smooth part of the variety, pairs of a function and (v, Q) for which it is critical
form an affine bundle, so they are irreducible whatever the family: loops of v and Q reach every critical point. In general diagonal
quadrics count like general ones: the quadrics sum_i D_i x_i^2 have no base point, so a general one is transversal to every stratum of
a Whitney stratification of the projective closure and of its part at infinity (Bertini), and that is what the generic count asks for
(Aluffi and Harris 2018; Maxim, Rodriguez and Wang 2020). Along loops that move v alone four runs in ten did not find all 284 critical
points of ``linear(4,3,4)`` with eight targets; with Q, ten of ten do with two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float, Inexact, Int

from neurovariety.geometry.exact.span import AffineVariety
from neurovariety.geometry.solutions.affine_slices import PRINTS, balanced, dyadic, normal, solved, unit
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import ChartCoordinates, coordinates
from neurovariety.geometry.solutions.least_degree import LARGEST_RANGE, can_have_degree, coefficient_range
from neurovariety.geometry.solutions.quadrics import GENERAL, QuadricFamily, Term, diagonal, only
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.model import Model


@dataclass(frozen=True, eq=False)
class CriticalPoints:
    """``system`` in the r free weights with parameters (v, Q): an entry a coordinate, and the parameters of a quadric of ``family``.

    ``prints`` maps free weights to `PRINTS` general linear functions of the coordinates, ``values`` to all N of them, ``both`` to
    prints and then values, ``slopes`` to the N x r derivatives.
    """

    model: Model
    chart: Chart
    seed: int
    found: ChartCoordinates
    system: System
    prints: Tape
    values: Tape
    both: Tape
    slopes: Tape
    dimension: int
    family: QuadricFamily

    @property
    def count(self) -> int:
        """Number N of coordinates."""
        return len(self.found.expressions)

    def derivatives(self, weights: Complex[np.ndarray, "points r"]) -> Complex[np.ndarray, "points N r"]:
        """The Jacobians of the coordinates at free weights."""
        return values_at(self.slopes, weights).reshape(len(weights), self.count, self.dimension)

    def random(self, number: int, rng: np.random.Generator) -> tuple[Complex[np.ndarray, "number r"], Complex[np.ndarray, "number m"]]:
        """Weights, and parameters of general quadrics and targets for which they are critical."""
        n = self.count
        weights = unit(rng, (number, self.dimension)) * self.sizes
        quadric = self.family.draw(number, rng)
        image = np.einsum("pik,pk->pi", self.family.matrices(quadric), values_at(self.values, weights))
        j = self.derivatives(weights)
        off = normal(rng, (number, n)) * np.sqrt((np.abs(image) ** 2).mean(axis=1, keepdims=True))
        for _ in range(2):  # what of it is not orthogonal to the tangent space is taken off, once more against rounding
            wrong = np.einsum("pnr,pn->pr", j, off)[:, :, None]
            back = solved(np.einsum("pnr,pns->prs", j, j.conj()), wrong)
            off = off - np.einsum("pnr,pr->pn", j.conj(), back)
        return weights, np.hstack([image + off, quadric])

    def parallel(self, parameters: Inexact[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]:
        """A direction in which the target moves on a line."""
        v = np.asarray(parameters)[: self.count]
        return np.concatenate([normal(rng, v.shape) * np.abs(v).mean(), np.zeros(self.family.parameters)])

    @property
    def coordinates(self) -> Tape:
        return self.values

    @cached_property
    def sizes(self) -> Float[np.ndarray, " r"]:
        return balanced(self.values, self.dimension)

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        return np.arange(self.count)

    def can_have(self, points: int) -> bool:
        """Whether these can be all critical points: general quadrics have no fewer than a slice has points.

        For a quadric of rank r, the dimension, all points of a slice are critical ones of corank 0, and stay where it is deformed.
        """
        if self.family.name != GENERAL:
            return points > 1 and coefficient_range(self.model) <= LARGEST_RANGE
        return can_have_degree(points, AffineVariety(self.model), self.dimension, self.count, self.seed, coefficient_range(self.model))

    def special(
        self, matrix: Float[np.ndarray, "N N"]
    ) -> tuple[System, Inexact[np.ndarray, " entries"], tuple[tuple[int, int, int, float], ...] | None]:
        """The system of the quadric ``matrix`` M, symmetric, and its last parameters; the first ones are M u, u the target. The places
        of its entries where it is no member of the family.

        The entries of M are parameters too: so no coefficient was ever rounded, which certificates depend on.
        """
        known = self.family.parameters_of(matrix)
        if known is not None:
            return self.system, known, None
        family = only(self.found.terms, matrix)
        _, system = _system(self.model, self.chart, self.seed, self.dimension, family)
        entries = family.parameters_of(matrix)
        assert entries is not None
        return system, entries, family.places

    def towards(
        self, parameters: Inexact[np.ndarray, " m"], matrix: Float[np.ndarray, "N N"], image: Inexact[np.ndarray, " N"]
    ) -> System:
        """The system of the quadric t Q + (1 - t) M with t v + (1 - t) ``image`` in place of v; its one parameter is t.

        ``image`` is what M makes of the target that is aimed at.
        """
        n, r = self.count, self.dimension
        v, quadric = np.asarray(parameters)[:n], self.family.matrices(np.asarray(parameters)[None, n:])[0]
        graph = self.found.graph
        t = graph.input(r)
        off = []
        for i in range(n):
            rows = [[(self.found.expressions[k], complex(q)) for k, q in enumerate(m[i]) if q] for m in (quadric, matrix)]
            here, there = graph.combination(rows[0]) - complex(v[i]), graph.combination(rows[1]) - complex(image[i])
            off.append((here - there) * t + there)
        return gradient(graph, self.found.expressions, off, r, 1)

    def target_towards(
        self, start: Inexact[np.ndarray, " N"], matrix: Float[np.ndarray, "N N"], image: Inexact[np.ndarray, " N"]
    ) -> System:
        """The system of the quadric ``matrix`` with t ``start`` + (1 - t) ``image`` as the image of the target; its parameter is t."""
        graph, c, r = self.found.graph, self.found.expressions, self.dimension
        t, off = graph.input(r), []
        for row, a, b in zip(matrix, start, image, strict=True):
            here = graph.combination([(c[k], complex(q)) for k, q in enumerate(row) if q])
            off.append(here - complex(b) - t * complex(a - b))
        return gradient(graph, c, off, r, 1)


def critical_points(
    model: Model,
    dimension: int,
    seed: int,
    rng: np.random.Generator,
    family: Callable[[Sequence[Term]], QuadricFamily] = diagonal,
) -> CriticalPoints:
    """The critical points of a polynomial model whose neurovariety has the given dimension, for quadrics of a family."""
    chart, r = find_chart(model, dimension, seed), dimension
    quadrics = family(coordinates(model, chart, 0, seed).terms)
    found, system = _system(model, chart, seed, r, quadrics)
    graph, c = found.graph, found.expressions
    prints = [graph.combination(zip(c, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, len(c)))]
    slopes = [s for row in jacobian(graph, c, range(r)) for s in row]
    tapes = [record(graph, outputs, inputs=r) for outputs in (prints, c, [*prints, *c], slopes)]
    return CriticalPoints(model, chart, seed, found, system, tapes[0], tapes[1], tapes[2], tapes[3], r, quadrics)


def _system(model: Model, chart: Chart, seed: int, r: int, family: QuadricFamily) -> tuple[ChartCoordinates, System]:
    n = family.size
    found = coordinates(model, chart, n + family.parameters, seed)
    return found, gradient(found.graph, found.expressions, residuals(found, r, family), r, n + family.parameters)


def residuals(found: ChartCoordinates, first: int, family: QuadricFamily) -> list[Expression]:
    """sum_k Q_ik c_k - v_i for each i; v and the parameters of Q are the inputs from ``first`` on."""
    graph, c, n = found.graph, found.expressions, family.size
    off = [-graph.input(first + i) for i in range(n)]
    for i, k, at, factor in family.places:
        entry = graph.input(first + n + at) * factor
        off[i] = off[i] + entry * c[k]
        if i != k:
            off[k] = off[k] + entry * c[i]
    return off


def gradient(graph: Graph, c: Sequence[Expression], off: Sequence[Expression], r: int, parameters: int) -> System:
    """The system of sum_i off_i dc_i / dw_k, k < r, in the first r inputs of ``graph``; the next so many are parameters."""
    equations = []
    slopes = jacobian(graph, c, range(r))
    for k in range(r):
        total = graph.constant(0)
        for row, difference in zip(slopes, off, strict=True):
            total = total + row[k] * difference
        equations.append(total)
    return System.of(graph, equations, r, parameters)
