"""Critical points of a linear function on sections of a neurovariety, as a square system in the free weights of a chart.

With c(w) the coordinates, a linear function l and k linear conditions B c = b, the equations in weights w and multipliers m are
sum_i (l_i - sum_j m_j B_ji) dc_i / dw_l = 0 and b - B c = 0; their Jacobian is the bordered Hessian. This is what minimizing a distance
whose ball is a polytope comes to on each of its faces (Celik, Jamneshan, Montufar, Sturmfels, Venturello 2021).

For fixed B, pairs of a function with multipliers and (l, b) for which it is critical are a vector bundle, so they are irreducible. As
for likelihoods, (l, b) moves on a general line in s; the pairs (s, c) are a curve whose sections with general hyperplanes
alpha s + beta print(c) = gamma are found by monodromy and tested by the linear trace test, and from a complete one the hyperplane moves
to s = constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Inexact, Int

from neurovariety.budget import used_up
from neurovariety.certificates.completeness import LOOPS
from neurovariety.certificates.issue import Verdict
from neurovariety.geometry.solutions.affine_slices import PRINTS, dyadic, normal, solved, unit
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import ChartCoordinates, coordinates
from neurovariety.geometry.solutions.complete_fiber import complete_fiber
from neurovariety.geometry.solutions.moved_ends import confirmed_at_level, ends_at_parameters
from neurovariety.homotopy import Certificates, End, System, Tape, certify, record, values_at
from neurovariety.homotopy.expressions import Expression, jacobian
from neurovariety.homotopy.loops import closed_under_loops
from neurovariety.model import Model
from neurovariety.progress import found_on_the_way

_SINGULAR = 1e-9


@dataclass(frozen=True, eq=False)
class FacePoints:
    """Sections of the curve of the (s, c): ``system`` in free weights, k multipliers and s, with parameters (l0, l1, b0, b1, alpha,
    beta, gamma); ``b`` (k, N) are general conditions that stay. ``prints`` are general linear functions of s and the ``coordinates``,
    ``functions`` of the coordinates alone, ``slopes`` the N x r derivatives."""

    chart: Chart
    found: ChartCoordinates
    dimension: int
    codimension: int
    b: Complex[np.ndarray, "k N"]
    system: System
    prints: Tape
    coordinates: Tape
    functions: Tape
    slopes: Tape
    mixed: Expression

    @property
    def count(self) -> int:
        """Number N of coordinates."""
        return len(self.found.expressions)

    @cached_property
    def stated(self) -> System:
        """In free weights and multipliers, with parameters l (N,), B (k N,), b (k,)."""
        n, r, k = self.count, self.dimension, self.codimension
        inputs = [self.found.graph.input(r + k + i) for i in range(n + k * n + k)]
        rows = [inputs[n + j * n : n + (j + 1) * n] for j in range(k)]
        return System.of(self.found.graph, self._at(inputs[:n], rows, inputs[n + k * n :]), r + k, len(inputs))

    @cached_property
    def values(self) -> Tape:
        """The coordinates and the multipliers."""
        graph, r, k = self.found.graph, self.dimension, self.codimension
        return record(graph, [*self.found.expressions, *(graph.input(r + j) for j in range(k))], inputs=r + k)

    @cached_property
    def fewer(self) -> Tape:
        """The ``functions``, without s among their inputs."""
        return record(self.found.graph, _prints(self.found, self._mixing), inputs=self.dimension + self.codimension)

    @cached_property
    def _mixing(self) -> Complex[np.ndarray, "prints N"]:
        return dyadic(np.random.default_rng(self.count), (PRINTS, self.count))

    def _at(self, linear: Sequence[Expression], rows: Sequence[Sequence[Expression]], level: Sequence[Expression]) -> list[Expression]:
        return _equations(self.found, self.dimension, linear, rows, level)

    def between(self, start: Inexact[np.ndarray, " m"], end: Inexact[np.ndarray, " m"]) -> System:
        """The stated system at parameters that move from ``start`` at t = 1 to ``end`` at t = 0; its one parameter is t."""
        n, r, k = self.count, self.dimension, self.codimension
        graph = self.found.graph
        t = graph.input(r + k)
        moving = [graph.combination([(t, complex(a - b))]) + complex(b) for a, b in zip(start, end, strict=True)]
        rows = [moving[n + j * n : n + (j + 1) * n] for j in range(k)]
        return System.of(graph, self._at(moving[:n], rows, moving[n + k * n :]), r + k, 1)

    def random(self, number: int, rng: np.random.Generator) -> tuple[Complex[np.ndarray, "number n"], Complex[np.ndarray, "number m"]]:
        """Unknowns and parameters of sections through them."""
        n, r, k = self.count, self.dimension, self.codimension
        points = np.hstack([unit(rng, (number, r)), normal(rng, (number, k + 1))])
        s, m = points[:, -1:], points[:, r : r + k]
        j = values_at(self.slopes, points[:, :r]).reshape(number, n, r)
        off = normal(rng, (number, n))
        for _ in range(2):  # once more against rounding
            wrong = np.einsum("pnr,pn->pr", j, off)[:, :, None]
            back = solved(np.einsum("pnr,pns->prs", j, j.conj()), wrong)
            off = off - np.einsum("pnr,pr->pn", j.conj(), back)
        l1, b1, slope = normal(rng, (number, n)), normal(rng, (number, k)), normal(rng, (number, 2))
        c = values_at(self.values, points[:, : r + k])[:, :n]
        l0 = off + m @ self.b - s * l1
        b0 = c @ self.b.T - s * b1
        fixed = np.hstack([l0, l1, b0, b1, slope])
        level = values_at(self.system.values, np.hstack([points, fixed, np.zeros((number, 1))]))[:, -1:]
        return points, np.hstack([fixed, level])

    def parallel(self, parameters: Complex[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]:
        """A direction in which the hyperplane moves to parallel ones."""
        out = np.zeros(len(parameters), dtype=np.complex128)
        out[-1] = normal(rng, (1,))[0] * np.abs(parameters[-1])
        return out

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        return np.array([self.system.parameters - 1])

    def can_have(self, points: int) -> bool:
        """Whether these can be all points of a section: of the span of the curve nothing is proved, only that it is no line."""
        return points > 1

    def towards(self, parameters: Complex[np.ndarray, " m"], level: complex) -> System:
        """The system whose hyperplane moves from that of ``parameters`` at t = 1 to s = ``level`` at t = 0; its one parameter is t."""
        n, r, k = self.count, self.dimension, self.codimension
        l0, l1, b0, b1, (alpha, beta, gamma) = np.split(parameters, [n, 2 * n, 2 * n + k, 2 * n + 2 * k])
        graph = self.found.graph
        s, t = graph.input(r + k), graph.input(r + k + 1)
        linear = [graph.combination([(s, complex(v))]) + complex(u) for u, v in zip(l0, l1, strict=True)]
        levels = [graph.combination([(s, complex(v))]) + complex(u) for u, v in zip(b0, b1, strict=True)]
        rows = [[graph.constant(complex(v)) for v in row] for row in self.b]
        there = s - level
        here = graph.combination([(s, complex(alpha)), (self.mixed, complex(beta))]) - complex(gamma)
        return System.of(graph, [*self._at(linear, rows, levels), (here - there) * t + there], r + k + 1, 1)


def _equations(
    found: ChartCoordinates,
    r: int,
    linear: Sequence[Expression],
    rows: Sequence[Sequence[Expression]],
    level: Sequence[Expression],
) -> list[Expression]:
    """The equations for l, the rows of B and b; multipliers are the inputs after the r free weights."""
    graph, c = found.graph, found.expressions
    slopes = jacobian(graph, c, range(r))
    dual = list(linear)
    for j, row in enumerate(rows):
        m = graph.input(r + j)
        dual = [d - m * b for d, b in zip(dual, row, strict=True)]
    out = []
    for place in range(r):
        total = graph.constant(0)
        for i, d in enumerate(dual):
            total = total + d * slopes[i][place]
        out.append(total)
    for row, end in zip(rows, level, strict=True):
        total = end
        for b, e in zip(row, c, strict=True):
            total = total - b * e
        out.append(total)
    return out


def _prints(found: ChartCoordinates, mixing: Complex[np.ndarray, "prints N"]) -> list[Expression]:
    return [found.graph.combination(zip(found.expressions, row.tolist(), strict=True)) for row in mixing]


def face_points(model: Model, dimension: int, codimension: int, seed: int, rng: np.random.Generator) -> FacePoints | None:
    """The critical points of linear functions on sections of a given codimension, at most ``dimension``, that of the neurovariety.

    None where coordinates depend on a weight linearly, and there is no condition: general linear functions have none.
    """
    chart, r, k = find_chart(model, dimension, seed), dimension, codimension
    n = len(coordinates(model, chart, 0, seed).expressions)
    found = coordinates(model, chart, k + 1 + max(2 * n + 2 * k + 3, n + k * n + k), seed)
    graph, c = found.graph, found.expressions
    b = dyadic(rng, (k, n)) if k else np.zeros((0, n), dtype=np.complex128)
    s = graph.input(r + k)
    inputs = [graph.input(r + k + 1 + i) for i in range(2 * n + 2 * k + 3)]
    mixing = dyadic(np.random.default_rng(n), (PRINTS, n))
    prints = _prints(found, mixing)
    mixed = prints[0].as_base()
    rates = jacobian(graph, c, range(r))
    if not k and any(all(row[place].is_constant for row in rates) for place in range(r)):
        return None
    slopes = record(graph, [e for row in rates for e in row], inputs=r)
    with_s = [graph.combination([(f, 1), (s, complex(a))]) for f, a in zip(prints, dyadic(rng, (PRINTS,)), strict=True)]
    tapes = [record(graph, outputs, inputs=r + k + 1) for outputs in (with_s, [*c, s], prints)]
    linear = [u + s * v for u, v in zip(inputs[:n], inputs[n : 2 * n], strict=True)]
    levels = [u + s * v for u, v in zip(inputs[2 * n : 2 * n + k], inputs[2 * n + k : 2 * n + 2 * k], strict=True)]
    rows = [[graph.constant(complex(v)) for v in row] for row in b]
    alpha, beta, gamma = inputs[2 * n + 2 * k :]
    equations = [*_equations(found, r, linear, rows, levels), alpha * s + beta * mixed - gamma]
    system = System.of(graph, equations, r + k + 1, len(inputs))
    return FacePoints(chart, found, r, k, b, system, tapes[0], tapes[1], tapes[2], slopes, mixed)


@dataclass(frozen=True, eq=False)
class FaceEnds:
    """Critical points (P, r + k), certified, for the parameters of the stated system; ``complete`` whether these are all."""

    certificates: Certificates
    parameters: Inexact[np.ndarray, " m"]
    complete: bool
    ends: dict[str, int]

    @property
    def points(self) -> Complex[np.ndarray, "points unknowns"]:
        found: Complex[np.ndarray, "points unknowns"] = self.certificates.centres[self.certificates.certified]
        return found


def general_face(problem: FacePoints, rng: np.random.Generator, linear: Verdict | None = None) -> FaceEnds:
    """All critical points for a general linear function and general conditions; ``linear`` whether the neurovariety is a linear space,
    which with as many conditions is cut in one function, and that moves on a line.

    None, and complete, where general linear functions have none: the stated system is then singular at all of its solutions.
    """
    n, r, k = problem.count, problem.dimension, problem.codimension
    points, parameters = problem.random(1, rng)
    s = points[0, -1]
    line = parameters[0, : 2 * n + 2 * k]
    stated = _on_line(problem, line, s)
    empty = np.zeros((0, r + k), dtype=np.complex128)
    linearized = values_at(problem.stated.with_jacobian, np.concatenate([points[0, :-1], stated])[None])[0, r + k :]
    singular = np.linalg.svd(linearized.reshape(r + k, r + k), compute_uv=False)
    if singular[-1] <= _SINGULAR * singular[0]:
        return FaceEnds(certify(problem.stated, empty, stated), stated, True, {})
    curve = complete_fiber(problem, rng, None, found_on_the_way, linear=linear)
    base = curve.run.fibers[0]
    line = base.parameters[: 2 * n + 2 * k]
    level = complex(*rng.normal(size=2))
    stated = _on_line(problem, line, level)
    if not curve.complete:
        return FaceEnds(certify(problem.stated, empty, stated), stated, False, {})
    ends, confirmed = confirmed_at_level(problem, base, level, rng)
    known = ends.points[ends.distinct(End.REGULAR)][:, : r + k]
    proof = certify(problem.stated, known, stated, problem.values)
    return FaceEnds(proof, stated, confirmed and proof.complete, ends.counts())


def _on_line(problem: FacePoints, line: Complex[np.ndarray, " m"], s: complex) -> Complex[np.ndarray, " p"]:
    """Parameters of the stated system where the line in (l, b) has the parameter s."""
    n, k = problem.count, problem.codimension
    l0, l1, b0, b1 = np.split(line, [n, 2 * n, 2 * n + k])
    return np.concatenate([l0 + s * l1, problem.b.reshape(-1), b0 + s * b1])


def stated_face(problem: FacePoints, general: FaceEnds, parameters: Inexact[np.ndarray, " m"], rng: np.random.Generator) -> FaceEnds:
    """The critical points for stated ``parameters`` (l, B, b), which the paths from the general ones lead to.

    Faces are special, and most have fewer points than general ones: these are taken for all where passes agree on them, and where loops
    of b map them to themselves.
    """
    if not len(general.points):
        empty = certify(problem.stated, np.zeros((0, problem.stated.unknowns)), parameters, problem.values)
        return FaceEnds(empty, parameters, general.complete, {})

    known = general.points, general.parameters
    ends, confirmed = ends_at_parameters(problem.stated, problem.between, known, parameters, problem.fewer, rng)
    proof = certify(problem.stated, ends.points[ends.distinct(End.REGULAR)], parameters, problem.values)
    hidden = bool(ends.distinct(End.SINGULAR))  # where weights of this chart or multipliers diverge a function may still be best
    complete = general.complete and confirmed and proof.complete and not hidden
    if complete and 0 < proof.count < len(general.points):
        complete = _closed(problem, proof, parameters, rng)
    return FaceEnds(proof, parameters, complete, ends.counts())


def _closed(problem: FacePoints, proof: Certificates, parameters: Inexact[np.ndarray, " m"], rng: np.random.Generator) -> bool:
    """Whether loops of levels b, with l and B as they are, map the points to themselves: fewer than in general, then, for these."""
    fixed, k = parameters[: len(parameters) - problem.codimension], problem.codimension
    size = float(np.abs(parameters[len(fixed) :]).mean()) if k else 0.0

    def fresh() -> Complex[np.ndarray, " m"]:
        return np.concatenate([fixed, (size or 1.0) * normal(rng, (k,))])

    if not k:
        return True
    known = proof.centres[proof.certified]
    found, loops = closed_under_loops(problem.stated, problem.fewer, known, parameters, fresh, rng, used_up)
    return len(found) == len(known) and len(loops) >= LOOPS
