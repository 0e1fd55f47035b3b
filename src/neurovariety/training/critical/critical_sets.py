"""Sets of critical functions of positive dimension: a witness for each, its dimension and its degree.

Special targets have whole curves or surfaces of critical functions: a matrix with equal singular values, a quadratic form with equal
eigenvalues. Paths from a general target end on such sets. At an end the Hessian has a kernel of some dimension k, and the set has
dimension at most k there. It is taken to be k where Newton's iteration from points moved in general directions of the kernel, so far
that the function moves by a twentieth of its size, comes back to critical points there, with a kernel of that dimension again: near a
degenerate function by itself gradients are only small. The degree of the set's closure among functions is the number of its points on
k general linear equations, found by monodromy, complete where they pass the trace test, which one point never does: whether the set
is a line or plane stays open. The loss is constant on a connected critical set.

What is probable. All of this is in floating point; and a set that no path ends on is not found.

Sources: Sommese, Verschelde, Wampler 2001 (witness sets, monodromy); Leykin, Rodriguez, Sottile 2018 (trace test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Inexact

from neurovariety.geometry.solutions.chart_coordinates import written
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.homotopy.expressions import Expression, Graph, jacobian
from neurovariety.homotopy.monodromy import Monodromy, random_bend
from neurovariety.homotopy.trace_test import TraceTest, trace_test
from neurovariety.homotopy.tracker import refine, track
from neurovariety.rings.ring import Array
from neurovariety.tolerances import LIMIT_DIGITS, SAME_FUNCTION
from neurovariety.training.critical.weight_map import WeightMap
from neurovariety.training.losses.loss import Quadratic

_STARTS = 48
_STEPS = 40
_KERNEL = 1e-6
"""Part of the largest singular value of the Hessian below which a direction is in its kernel."""
_ZERO = 1e-10
_SHIFT = 5e-2
"""Part of the size of the function by which it moves at points that are to be on a set with it."""
_TRIES = 3
_IDLE = 5
_MOST_POINTS = 400


@dataclass(frozen=True, eq=False)
class CriticalSet:
    """An irreducible set of critical functions: ``value`` are the coordinates of one of them and ``weights`` compute it; its
    ``dimension``, ``degree`` (number of ``witnesses`` found), ``complete`` whether these pass the trace test; ``loss``."""

    value: Complex[np.ndarray, " n"]
    weights: Complex[np.ndarray, " N"]
    dimension: int
    degree: int
    complete: bool
    loss: complex
    witnesses: Complex[np.ndarray, "degree r"]
    slices: _Slices

    @property
    def short(self) -> bool:
        """Whether witnesses are missing, as far as a test can tell: of a set with one witness none tells."""
        return not self.complete and self.degree > 1

    @property
    def real_loss(self) -> float | None:
        """The loss where it is a real number."""
        return self.loss.real if abs(self.loss.imag) <= SAME_FUNCTION * max(abs(self.loss), 1.0) else None

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        loss = [self.loss.real, self.loss.imag] if self.real_loss is None else self.real_loss
        return {"dimension": self.dimension, "degree": self.degree, "complete": self.complete, "loss": loss}

    def contains(self, value: Complex[np.ndarray, " n"]) -> bool:
        """Whether the critical function ``value`` is on the set: whether a witness goes there when equations are moved to it."""
        there = self.slices.through(value)
        points = track(self.slices.system, self.witnesses, self.slices.parameters, there).ends
        ends, _ = refine(self.slices.system, points, there)
        off = np.abs(values_at(self.slices.values, ends) - value).max(axis=1)
        return bool((off <= SAME_FUNCTION * max(float(np.abs(value).max()), 1.0)).any())


@dataclass(frozen=True, eq=False)
class _Slices:
    """Critical points in a chart on k general linear equations B c = b; ``parameters`` are B, row by row, then b."""

    system: System
    values: Tape
    parameters: Inexact[np.ndarray, " m"]
    count: int

    def through(self, value: Complex[np.ndarray, " n"]) -> Complex[np.ndarray, " m"]:
        rows = self.parameters[: -self.count].reshape(self.count, -1)
        return np.concatenate([rows.reshape(-1), rows @ value])


def critical_sets(
    maps: WeightMap, dimension: int, loss: Quadratic, limits: Sequence[Array], rng: np.random.Generator
) -> tuple[list[CriticalSet], list[Array]]:
    """The sets of positive dimension that ``limits`` (functions, coordinates (n,)) are on, and the limits for which none was found."""
    found: list[CriticalSet] = []
    left = []
    for limit in limits:
        if any(known.contains(limit) for known in found):
            continue
        fresh = _set_at(maps, dimension, loss, limit, rng)
        if fresh is None:
            left.append(limit)
        elif not any(known.contains(fresh.value) for known in found):
            found.append(fresh)
    return found, left


def _set_at(
    maps: WeightMap, dimension: int, loss: Quadratic, limit: Complex[np.ndarray, " n"], rng: np.random.Generator
) -> CriticalSet | None:
    n, size = maps.model.parameters, max(float(np.linalg.norm(limit)), 1e-300)
    starts = rng.normal(size=(_STARTS, n)) + 1j * rng.normal(size=(_STARTS, n))
    fits, off = maps.fit(limit, starts)
    for row in np.argsort(off)[:4]:
        if off[row] > LIMIT_DIGITS * size:
            return None
        free = maps.pivots(fits[row], dimension)
        if free is None:
            continue
        chart = _Chart(maps, loss, free, fits[row])
        at = chart.settled(fits[row][list(free)])
        if at is None:
            continue
        point, kernel = at
        k = kernel.shape[1]
        if k and np.linalg.norm(chart.function(point) - limit) <= 10 * LIMIT_DIGITS * size and _fills(chart, point, kernel, rng):
            return _witnessed(chart, point, k, rng)
    return None


def _fills(chart: _Chart, point: Complex[np.ndarray, " r"], kernel: Complex[np.ndarray, "r k"], rng: np.random.Generator) -> bool:
    """Whether critical points fill a neighbourhood of the point in the kernel of the Hessian."""
    k, here = kernel.shape[1], chart.function(point)
    slopes = chart.slopes(point) @ kernel
    for _ in range(_TRIES):
        along = rng.normal(size=k) + 1j * rng.normal(size=k)
        moved_by = float(np.linalg.norm(slopes @ along))
        if not moved_by > _KERNEL * float(np.linalg.norm(slopes)) * float(np.linalg.norm(along)):
            return False
        shift = _SHIFT * float(np.linalg.norm(here)) / moved_by * (kernel @ along)
        there = chart.settled(point + shift)
        if there is None or there[1].shape[1] != k:
            return False
        moved = kernel.conj().T @ (there[0] - point)
        if np.linalg.norm(moved - kernel.conj().T @ shift) > 0.2 * np.linalg.norm(shift):
            return False
    return True


def _witnessed(chart: _Chart, point: Complex[np.ndarray, " r"], k: int, rng: np.random.Generator) -> CriticalSet:
    """The set through a point: its points on k general linear equations, by monodromy."""
    slices = chart.slices(point, k, rng)
    start, _ = refine(slices.system, point[None], slices.parameters, 4)
    run = Monodromy(slices.system, slices.values)
    run.add_fiber(slices.parameters, start[0])
    quiet = 0
    size = np.maximum(np.abs(slices.parameters), np.abs(slices.parameters).mean())
    test: TraceTest | None = None
    while quiet < _IDLE and len(run.fibers[0]) < _MOST_POINTS:
        before = len(run.fibers[0])
        other = run.add_fiber_at(size * (rng.normal(size=len(size)) + 1j * rng.normal(size=len(size))))
        for bend in (1.0, random_bend(rng), random_bend(rng).conjugate()):
            run.add_arc(0, other, bend)
        run.close()
        quiet = 0 if len(run.fibers[0]) > before else quiet + 1
        if quiet:
            direction = np.zeros(len(size), dtype=np.complex128)
            direction[-k:] = size[-k:] * (rng.normal(size=k) + 1j * rng.normal(size=k))
            test = trace_test(slices.system, slices.values, run.fibers[0].array(), slices.parameters, direction)
            if test.passed:
                break
    points = run.fibers[0].array()
    value = chart.function(point)
    loss = complex(chart.loss.value(value))
    weights = chart.weights.copy()
    weights[list(chart.free)] = point
    return CriticalSet(value, weights, k, len(points), test is not None and test.passed, loss, points, slices)


class _Chart:
    """Critical functions with the weights ``free`` as unknowns, the others fixed."""

    def __init__(self, maps: WeightMap, loss: Quadratic, free: tuple[int, ...], weights: Complex[np.ndarray, " N"]) -> None:
        self.maps, self.loss, self.free, self.weights = maps, loss, free, np.array(weights, dtype=np.complex128)
        graph = Graph(len(free))
        self.values = record(graph, self._coordinates(graph))
        graph = Graph(len(free))
        equations = self._equations(graph, self._coordinates(graph))
        self.system = System.of(graph, equations, len(free), 0)

    def _coordinates(self, graph: Graph) -> tuple[Expression, ...]:
        place = {w: k for k, w in enumerate(self.free)}
        n = self.maps.model.parameters
        weights = [graph.input(place[i]) if i in place else graph.constant(complex(self.weights[i])) for i in range(n)]
        return written(self.maps.model, graph, weights, len(self.free), self.maps.seed, constants=True).expressions

    def _equations(self, graph: Graph, c: Sequence[Expression]) -> list[Expression]:
        size, out, off = len(c), list[Expression](), list[Expression]()
        for i in range(size):
            entries = [(c[k], float(self.loss.matrix[i, k])) for k in range(size) if self.loss.matrix[i, k]]
            off.append(graph.combination(entries) - float(self.loss.image[i]))
        slopes = jacobian(graph, c, range(len(self.free)))
        for k in range(len(self.free)):
            total = graph.constant(0)
            for row, difference in zip(slopes, off, strict=True):
                total = total + row[k] * difference
            out.append(total)
        return out

    def slopes(self, point: Complex[np.ndarray, " r"]) -> Complex[np.ndarray, "n r"]:
        """The derivatives of the coordinates at a point."""
        weights = self.weights.copy()
        weights[list(self.free)] = point
        return self.maps.derivatives(weights[None])[0][:, list(self.free)]

    def _terms(self, point: Complex[np.ndarray, " r"]) -> float:
        """The size of the terms whose sum the gradient is."""
        parts = np.abs(self.loss.matrix) @ np.abs(self.function(point)) + np.abs(self.loss.image)
        return float(np.linalg.norm(np.abs(self.slopes(point)).T @ parts))

    def function(self, point: Complex[np.ndarray, " r"]) -> Complex[np.ndarray, " n"]:
        """The coordinates at a point."""
        return values_at(self.values, point[None])[0]

    def settled(self, point: Complex[np.ndarray, " r"]) -> tuple[Complex[np.ndarray, " r"], Complex[np.ndarray, "r k"]] | None:
        """A critical point by Newton's iteration with the kernel of the Hessian left out, and that kernel."""
        r = len(self.free)
        x = np.array(point, dtype=np.complex128)
        for _ in range(_STEPS):
            found = values_at(self.system.with_jacobian, x[None])[0]
            residual, hessian = found[:r], found[r:].reshape(r, r)
            left, singular, right = np.linalg.svd(hessian)
            keep = singular > _KERNEL * singular.max(initial=1e-300)
            step = right[keep].conj().T @ ((left[:, keep].conj().T @ residual) / singular[keep])
            x = x - step
            if not np.isfinite(x).all():
                return None
            if np.linalg.norm(step) <= 1e-13 * max(1.0, float(np.linalg.norm(x))):
                break
        found = values_at(self.system.with_jacobian, x[None])[0]
        residual, hessian = found[:r], found[r:].reshape(r, r)
        _, singular, right = np.linalg.svd(hessian)
        keep = singular > _KERNEL * singular.max(initial=1e-300)
        if np.linalg.norm(residual) > _ZERO * self._terms(x):
            return None
        return x, right[~keep].conj().T

    def slices(self, point: Complex[np.ndarray, " r"], k: int, rng: np.random.Generator) -> _Slices:
        """The system of r - k general combinations of the equations and k linear ones of the coordinates, through ``point``."""
        r, value = len(self.free), self.function(point)
        size = len(value)
        graph = Graph(r + k * size + k)
        c = self._coordinates(graph)
        own = self._equations(graph, c)
        mixed = rng.normal(size=(r - k, r)) + 1j * rng.normal(size=(r - k, r))
        equations = [graph.combination(list(zip(own, map(complex, row), strict=True))) for row in mixed]
        for i in range(k):
            total = -graph.input(r + k * size + i)
            for j in range(size):
                total = total + graph.input(r + i * size + j) * c[j]
            equations.append(total)
        rows = rng.normal(size=(k, size)) + 1j * rng.normal(size=(k, size))
        parameters = np.concatenate([rows.reshape(-1), rows @ value])
        return _Slices(System.of(graph, equations, r, k * size + k), self.values, parameters, k)
