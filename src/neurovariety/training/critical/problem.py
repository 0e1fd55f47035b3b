"""Critical points of training: all of a general problem once, then those of any loss of the family by following paths.

The general problem has a quadric of the loss's own family where its critical points pass the trace test, else a general diagonal one
(`critical_points`). Functions at which weights diverge on the chart, while the function itself converges, are looked at again in
charts of their own: some are ordinary critical points to which the chart is blind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.certificates.gaussian import nearest
from neurovariety.certificates.issue import Verdict
from neurovariety.geometry.invariants.dimension import Dimension, flat
from neurovariety.geometry.solutions.affine_slices import PRINTS
from neurovariety.geometry.solutions.attempts import attempts, check_size, why_incomplete
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.complete_fiber import CompleteFiber, complete_fiber
from neurovariety.geometry.solutions.critical_points import CriticalPoints, critical_points
from neurovariety.geometry.solutions.quadrics import QuadricFamily, Term, diagonal, only
from neurovariety.geometry.solutions.special_points import Start, special_points
from neurovariety.homotopy import Certificates, End, System, certify, refine
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.model import Model
from neurovariety.progress import found_on_the_way, note
from neurovariety.rings.ring import Array
from neurovariety.tolerances import LIMIT_DIGITS, SAME_FUNCTION
from neurovariety.training.critical.weight_map import WeightMap, weight_map
from neurovariety.training.losses.loss import Loss, Quadratic, quadratic

_STREAM = "training.critical.problem"
_STARTS, _ITERATIONS = 64, 300
_OWN = 2
"""Attempts with the loss's own family of quadrics before general diagonal ones."""


@dataclass(frozen=True, eq=False)
class CertifiedFunction:
    """A certified critical function: ``value`` and ``radius`` of its coordinates, ``weights``, and where it is a solution.

    ``system`` at ``parameters`` has row ``row`` of ``certificates`` as a solution; its unknowns are the weights ``free``.
    """

    value: Complex[np.ndarray, " n"]
    radius: Float[np.ndarray, " n"]
    weights: Complex[np.ndarray, " N"]
    free: tuple[int, ...]
    system: System
    parameters: Inexact[np.ndarray, " m"]
    certificates: Certificates
    row: int


@dataclass(frozen=True, eq=False)
class Stationary:
    """All critical functions found for one loss, on the smooth part of the neurovariety.

    ``ends``: what became of the paths; ``general``: what is shown of the number where these began; ``singular``: limits of functions
    that are no regular critical points anywhere.
    """

    points: tuple[CertifiedFunction, ...]
    singular: Complex[np.ndarray, "limits n"]
    quadratic: Quadratic
    ends: dict[str, int]
    general: Verdict


@dataclass(frozen=True, eq=False)
class TrainingProblem:
    """The general problem of a model: its critical points in a chart (``base``), and the coordinates that no weight changes."""

    model: Model
    dimension: int
    critical: CriticalPoints
    base: CompleteFiber
    fixed: tuple[tuple[Term, float], ...]
    evidence: dict[str, object]
    map: WeightMap
    _quadratics: dict[Loss, Quadratic] = field(default_factory=dict, repr=False)

    @property
    def terms(self) -> tuple[Term, ...]:
        return self.critical.found.terms

    @property
    def start(self) -> Start:
        """The critical points of the general problem."""
        base = self.base.run.fibers[0]
        return Start(base.array(), base.parameters, self.base.verdict)

    def quadratic(self, loss: Loss) -> Quadratic:
        """The loss on the coordinates, written down once."""
        if loss not in self._quadratics:
            self._quadratics[loss] = quadratic(loss, self.terms, self.fixed)
        return self._quadratics[loss]

    def parameters(self, loss: Quadratic) -> tuple[Float[np.ndarray, "n n"], Inexact[np.ndarray, " m"]]:
        """The matrix of a loss with its largest entry near 1, and the parameters of systems: v, and those of the quadric."""
        scale = size_of_loss(loss)
        matrix = loss.matrix * scale
        known = self.critical.family.parameters_of(matrix)
        return matrix, np.concatenate([loss.image * scale, known if known is not None else self.critical.special(matrix)[1]])

    def stationary(self, found: Quadratic, rng: np.random.Generator) -> Stationary:
        """All critical functions of a loss."""
        matrix, parameters = self.parameters(found)
        image = parameters[: len(self.terms)]
        note(phase=f"{len(self.base.run.fibers[0])} paths to this loss")
        ends = special_points(self.critical, self.start, matrix, image, rng, self.critical.both)
        chart = self.critical.chart
        points = []
        for row in np.flatnonzero(ends.certificates.certified):
            weights = np.zeros(self.model.parameters, dtype=np.complex128)
            weights[list(chart.free)] = ends.certificates.centres[row]
            weights[list(chart.fixed)] = list(chart.fixed.values())
            value, radius = ends.certificates.values[row], ends.certificates.sizes[row]
            points.append(
                CertifiedFunction(value, radius, weights, chart.free, ends.system, ends.parameters, ends.certificates, int(row))
            )
        limits = [ends.ends.limits[k, PRINTS:] for k in ends.ends.distinct(End.SINGULAR)]
        if not image.any() and not any(np.abs(p.value).max(initial=0.0) <= LIMIT_DIGITS for p in points):
            points += _at_function_zero(self, parameters, matrix, rng)
        more, rest = _in_other_charts(self, limits, points, parameters, matrix, rng)
        counts = ends.ends.counts() | ({"in other charts": len(more)} if more else {})
        return Stationary(
            (*points, *more), np.array(rest, dtype=np.complex128).reshape(-1, len(self.terms)), found, counts, ends.general
        )


def training_problem(
    model: Model,
    shape: Dimension,
    seed: int,
    family: Callable[[Sequence[Term]], QuadricFamily],
    resume: str | Path | None = None,
    kind: str = "",
) -> TrainingProblem:
    """The general problem of a polynomial model, ``shape`` its dimension; losses of ``family`` are reached from it. ``kind``, for the
    file ``resume``: what the family depends on.

    Raises `ResourceError` where the model is too large to write out within the time that a report has.
    """
    note(phase="preparing the path tracker (compiled once, half a minute)")
    dimension = shape.value
    check_size("landscape", dimension, shape.ambient_at_least)
    level, premises = flat(model, shape, seed), (shape.verdict,) if shape.sure else ()
    best: tuple[CriticalPoints, CompleteFiber] | None = None
    parts = {"dimension": str(dimension), "loss": kind}
    for attempt, rng, kept in attempts(_STREAM, seed, resume, "critical points of training", model, **parts):
        problem = critical_points(model, dimension, seed + attempt, rng, family if attempt < _OWN else diagonal)
        base = complete_fiber(problem, rng, kept, found_on_the_way, premises=premises, linear=level)
        if best is None or (base.complete, base.count) > (best[1].complete, best[1].count):
            best = problem, base
        if base.complete:
            break
    assert best is not None
    problem, base = best
    every = coordinates(model, problem.chart, 0, problem.seed, constants=True)
    known = set(problem.found.terms)
    fixed = tuple((t, nearest(e.value).real) for t, e in zip(every.terms, every.expressions, strict=True) if t not in known)
    evidence = {"general": base.count, "family": problem.family.name, "attempts": attempt + 1} | base.to_dict()
    evidence |= {"coordinates": problem.count} | ({} if base.complete else {"why_incomplete": why_incomplete()})
    return TrainingProblem(model, dimension, problem, base, fixed, evidence, weight_map(model, problem.found.terms, problem.seed))


def _in_other_charts(
    problem: TrainingProblem,
    limits: Sequence[Array],
    known: Sequence[CertifiedFunction],
    parameters: Array,
    matrix: Array,
    rng: np.random.Generator,
) -> tuple[list[CertifiedFunction], list[Array]]:
    """Regular critical functions among the limits of paths whose weights diverge or become singular on the chart, and the others."""
    seen = DistinctPoints(SAME_FUNCTION)
    for point in known:
        seen.add(hashed(point.value))
    more: list[CertifiedFunction] = []
    rest: list[Array] = []
    for limit in limits:
        found = _elsewhere(problem, limit, parameters, matrix, rng)
        if found is None:
            rest.append(limit)
        elif seen.add(hashed(found.value))[1]:
            more.append(found)
    return more, rest


def _elsewhere(
    problem: TrainingProblem, limit: Array, parameters: Array, matrix: Array, rng: np.random.Generator
) -> CertifiedFunction | None:
    return next(in_other_charts(problem, limit, parameters, matrix, rng), None)


def _at_function_zero(problem: TrainingProblem, parameters: Array, matrix: Array, rng: np.random.Generator) -> list[CertifiedFunction]:
    """The function 0, critical where the gradient on functions is 0 there, in a chart through weights that have it: one block of them
    is 0. A descent towards it makes all weights small instead."""
    zero = np.zeros(len(problem.terms), dtype=np.complex128)
    for block in problem.model.blocks:
        weights = rng.normal(size=problem.model.parameters) + 0j
        weights[block.start : block.start + block.size] = 0
        if not problem.map.at(weights[None]).any():
            found = located(problem, weights, parameters, matrix, zero)
            if found is not None:
                return [found]
    return []


def in_other_charts(
    problem: TrainingProblem, limit: Array, parameters: Array, matrix: Array, rng: np.random.Generator
) -> Iterator[CertifiedFunction]:
    """The critical function near ``limit``, certified in charts through some of the weights that have it."""
    n, scale = problem.model.parameters, max(float(np.linalg.norm(limit)), 1e-300)
    real = np.abs(limit.imag).max() <= LIMIT_DIGITS * scale
    for imaginary in (0, 1) if real else (1,):  # real functions often have real weights, which are found more easily
        starts = rng.normal(size=(_STARTS, n)) + 1j * imaginary * rng.normal(size=(_STARTS, n))
        weights, off = problem.map.fit(limit if imaginary else limit.real + 0j, starts, _ITERATIONS)
        for k in np.argsort(off)[:4]:
            if off[k] > LIMIT_DIGITS * scale:
                break
            found = located(problem, weights[k], parameters, matrix, limit)
            if found is not None:
                yield found


def size_of_loss(loss: Quadratic) -> float:
    """The power of two by which losses are multiplied to have a matrix of size 1."""
    return float(2.0 ** -np.frexp(max(float(np.abs(loss.matrix).max(initial=0.0)), 1e-300))[1])


def quadric_family(problem: TrainingProblem, matrix: Float[np.ndarray, "n n"]) -> QuadricFamily:
    """The family of the general problem where a quadric is one of it, else the quadric alone."""
    family = problem.critical.family
    return family if family.parameters_of(matrix) is not None else only(problem.terms, matrix)


def located(
    problem: TrainingProblem,
    weights: Complex[np.ndarray, " N"],
    parameters: Inexact[np.ndarray, " m"],
    matrix: Float[np.ndarray, "n n"],
    near: Complex[np.ndarray, " n"],
) -> CertifiedFunction | None:
    """The critical function certified in a chart through ``weights``, whose coordinates must be ``near``; None if there is none.
    Weights that stay fixed in that chart are parameters: from real weights it is a real system."""
    free = problem.map.pivots(weights, problem.dimension)
    if free is None:
        return None
    system = problem.map.system(free, quadric_family(problem, matrix))
    rest = [i for i in range(problem.model.parameters) if i not in free]
    here = np.concatenate([weights[rest], parameters])
    refined, correction = refine(system, weights[list(free)][None], here, 8)
    if not correction[0] < 1e-8:
        return None
    own = np.array(weights, dtype=np.complex128)
    own[list(free)] = refined[0]
    value = problem.map.at(own[None])[0]
    if not np.linalg.norm(value - near) <= 10 * LIMIT_DIGITS * max(float(np.linalg.norm(near)), 1e-300):
        return None
    certificates = certify(system, refined, here)
    if not certificates.certified[0]:
        return None
    slopes = problem.map.derivatives(own[None])[0][:, list(free)]
    radius = 2 * np.abs(slopes) @ certificates.near[0] + 1e-12 * np.abs(value)
    return CertifiedFunction(value, radius, own, free, system, here, certificates, 0)
