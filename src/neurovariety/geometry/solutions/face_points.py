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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Inexact, Int

from neurovariety.budget import used_up
from neurovariety.certificates.completeness import Distinct
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.singular_hessian import SingularHessian
from neurovariety.certificates.stored_families import StoredLikelihood
from neurovariety.claim import Claim
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.solutions.affine_slices import PRINTS, dyadic, normal, solved, unit
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import ChartCoordinates, coordinates
from neurovariety.geometry.solutions.complete_fiber import complete_fiber
from neurovariety.geometry.solutions.moved_ends import ends_at_level, on_line
from neurovariety.geometry.solutions.residues import residues
from neurovariety.geometry.solutions.special_points import KIND, OneMember, continued, looped
from neurovariety.homotopy import Certificates, End, System, Tape, certify, record, special_ends, values_at
from neurovariety.homotopy.exact_program import exact_outputs
from neurovariety.homotopy.expressions import Expression, jacobian
from neurovariety.homotopy.incidence import ExactIncidence, shown_part
from neurovariety.homotopy.real_centres import with_real_centres
from neurovariety.linear_algebra import kernel_large, random_prime
from neurovariety.model import Model
from neurovariety.progress import found_on_the_way
from neurovariety.tolerances import LARGE_PRIME_BITS


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
    hessian_error: float
    """The probability, at most, that the Hessian is singular at a random place mod a random prime although it is not in general."""

    @cached_property
    def family(self) -> ExactIncidence:
        """The stated systems, for certificates."""
        return ExactIncidence(OneMember(self.stated, self.fewer, self.values))

    def general_members(
        self, conditions: Inexact[np.ndarray, " kN"], rng: np.random.Generator
    ) -> Callable[[], Complex[np.ndarray, " m"]]:
        """What draws parameters with general linear functions and levels of given ``conditions``.

        Pairs of free weights with multipliers and of these are a vector bundle, which is irreducible, whatever the conditions.
        """
        return lambda: np.concatenate([normal(rng, (self.count,)), conditions, normal(rng, (self.codimension,))])

    def none_in_general(self, rng: np.random.Generator) -> Verdict | None:
        """That general linear functions on general sections have no critical point; None where they have some."""
        r, n, k = self.dimension, self.count, self.codimension
        p = random_prime(LARGE_PRIME_BITS, rng)
        weights, multipliers, taken = ([int(v) for v in rng.integers(1, p, size)] for size in (r, k, k * n))
        slopes = np.array(residues(self.slopes, weights, p), dtype=object).reshape(n, r)
        basis = kernel_large(slopes.T, p)
        drawn = np.array(rng.integers(1, p, basis.shape[1]).tolist(), dtype=object)
        rows = np.array(taken, dtype=object).reshape(k, n)
        linear = [int(v) % p for v in basis @ drawn + sum(m * row for m, row in zip(multipliers, rows, strict=True))]
        c = np.array(residues(self.values, [*weights, *multipliers], p)[:n], dtype=object)
        point = (*weights, *multipliers, *linear, *taken, *(int(sum(row * c)) % p for row in rows))
        try:
            shown = SingularHessian(self.equations.hash, p, tuple(map(int, point)), self.hessian_error, KIND)
            return issue(shown, self.equations)
        except NotShown:
            return None

    @cached_property
    def equations(self) -> StoredLikelihood:
        """The stated equations, for the certificate of a singular Hessian: some may contain no unknown."""
        inputs = self.dimension + self.codimension + self._parameters
        program = exact_outputs(record(self.found.graph, self._stated, inputs=inputs))
        return StoredLikelihood(program, self.dimension + self.codimension, self.hessian_error)

    @property
    def count(self) -> int:
        """Number N of coordinates."""
        return len(self.found.expressions)

    @cached_property
    def stated(self) -> System:
        """In free weights and multipliers, with parameters l (N,), B (k N,), b (k,)."""
        return System.of(self.found.graph, self._stated, self.dimension + self.codimension, self._parameters)

    @property
    def _parameters(self) -> int:
        return self.count + self.codimension * (self.count + 1)

    @cached_property
    def _stated(self) -> list[Expression]:
        n, r, k = self.count, self.dimension, self.codimension
        inputs = [self.found.graph.input(r + k + i) for i in range(self._parameters)]
        rows = [inputs[n + j * n : n + (j + 1) * n] for j in range(k)]
        return self._at(inputs[:n], rows, inputs[n + k * n :])

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


def face_points(model: Model, dimension: int, codimension: int, seed: int, rng: np.random.Generator) -> FacePoints:
    """The critical points of linear functions on sections of a given codimension, at most ``dimension``, that of the neurovariety."""
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
    slopes = record(graph, [e for row in rates for e in row], inputs=r)
    with_s = [graph.combination([(f, 1), (s, complex(a))]) for f, a in zip(prints, dyadic(rng, (PRINTS,)), strict=True)]
    tapes = [record(graph, outputs, inputs=r + k + 1) for outputs in (with_s, [*c, s], prints)]
    linear = [u + s * v for u, v in zip(inputs[:n], inputs[n : 2 * n], strict=True)]
    levels = [u + s * v for u, v in zip(inputs[2 * n : 2 * n + k], inputs[2 * n + k : 2 * n + 2 * k], strict=True)]
    rows = [[graph.constant(complex(v)) for v in row] for row in b]
    alpha, beta, gamma = inputs[2 * n + 2 * k :]
    equations = [*_equations(found, r, linear, rows, levels), alpha * s + beta * mixed - gamma]
    system = System.of(graph, equations, r + k + 1, len(inputs))
    d = degree_bounds(model)
    error = (r + k) * (r + k + 2) * 2 * (d.parameters + 1) * (n + k) * (1 + d.log_norm) / 2.0 ** (LARGE_PRIME_BITS - 8)
    return FacePoints(chart, found, r, k, b, system, tapes[0], tapes[1], tapes[2], slopes, mixed, error)


@dataclass(frozen=True, eq=False)
class FaceEnds:
    """Critical points (P, r + k), certified, for the parameters of the stated system, None where there are none; ``verdict`` what is
    shown of their number."""

    certificates: Certificates | None
    parameters: Inexact[np.ndarray, " m"]
    verdict: Verdict
    ends: dict[str, int]

    @property
    def complete(self) -> bool:
        """Whether these are all, by a test."""
        return self.verdict.claim is not Claim.LOWER_BOUND

    @property
    def points(self) -> Complex[np.ndarray, "points unknowns"]:
        if self.certificates is None:
            return np.zeros((0, 0), dtype=np.complex128)
        found: Complex[np.ndarray, "points unknowns"] = self.certificates.centres[self.certificates.certified]
        return found


def general_face(
    problem: FacePoints, rng: np.random.Generator, premises: tuple[Verdict, ...], linear: Verdict | None = None
) -> FaceEnds:
    """All critical points for a general linear function and general conditions; ``linear`` whether the neurovariety is a linear space,
    which with as many conditions is cut in one function, and that moves on a line. ``premises``: what is known of the dimension.

    As many as the curve has on a general hyperplane are all (test C); fewer where loops map them to themselves (test L). None where the
    Hessian is singular at random places mod a random prime.
    """
    n, r, k = problem.count, problem.dimension, problem.codimension
    none = problem.none_in_general(rng)
    empty = np.zeros((0, r + k), dtype=np.complex128)
    if none is not None:
        return FaceEnds(None, np.zeros(n + k * (n + 1)), none, {})
    curve = complete_fiber(problem, rng, None, found_on_the_way, premises=premises, linear=linear)
    base = curve.run.fibers[0]
    level = complex(*rng.normal(size=2))
    stated = _on_line(problem, base.parameters[: 2 * n + 2 * k], level)
    if not curve.complete:
        return FaceEnds(certify(problem.stated, empty, stated), stated, some_on_face(problem, empty, stated, curve.verdict), {})
    ends = ends_at_level(problem, base, level, rng)
    known = ends.points[ends.distinct(End.REGULAR)][:, : r + k]
    line = on_line((n, True), (k * n, False), (k, True))  # conditions are held
    verdict = continued(problem.family, known, stated, curve.verdict, line)
    if verdict is None and len(known):
        fresh = (lambda: problem.general_members(normal(rng, (k * n,)), rng)()), range(len(stated))
        known, verdict = looped(problem.family, known, stated, curve.verdict, fresh, rng, line)
    proof = certify(problem.stated, known, stated, problem.values)
    return FaceEnds(proof, stated, verdict or some_on_face(problem, known, stated, curve.verdict), ends.counts())


def some_on_face(
    problem: FacePoints, found: Complex[np.ndarray, "S n"], parameters: Inexact[np.ndarray, " m"], general: Verdict
) -> Verdict:
    """That there are those points at least; ``general``: what is known of the general ones."""
    return issue(Distinct(KIND, problem.family.hash, shown_part(problem.family, found, parameters), (general,)), problem.family)


def _on_line(problem: FacePoints, line: Complex[np.ndarray, " m"], s: complex) -> Complex[np.ndarray, " p"]:
    """Parameters of the stated system where the line in (l, b) has the parameter s."""
    n, k = problem.count, problem.codimension
    l0, l1, b0, b1 = np.split(line, [n, 2 * n, 2 * n + k])
    return np.concatenate([l0 + s * l1, problem.b.reshape(-1), b0 + s * b1])


class StatedFaces:
    """Critical points of stated faces with as many conditions, from the ``general`` ones.

    As many as those are all (test C). Conditions of faces are special, and often there are fewer: for general linear functions and
    levels these are followed round loops (test L), once for all faces with the same conditions, and then to each (test C).
    """

    def __init__(self, problem: FacePoints, general: FaceEnds, rng: np.random.Generator) -> None:
        self.problem, self.general, self.rng = problem, general, rng
        self._known: dict[bytes, FaceEnds] = {}

    def at(self, parameters: Inexact[np.ndarray, " m"]) -> FaceEnds:
        """The critical points for ``parameters`` (l, B, b)."""
        found = self._followed(self.general, parameters)
        if found.complete or not self.general.complete or not self.problem.codimension or used_up():
            return found
        there = self._with_conditions(parameters)
        again = self._followed(there, parameters) if there.complete else found
        return again if again.complete or len(again.points) > len(found.points) else found

    def _followed(self, known: FaceEnds, parameters: Inexact[np.ndarray, " m"]) -> FaceEnds:
        problem = self.problem
        ends = special_ends(
            problem.between(known.parameters, parameters), known.points, problem.fewer, self.rng, (problem.stated, parameters)
        )
        regular = ends.points[ends.distinct(End.REGULAR)]
        if not parameters.imag.any():
            regular = with_real_centres(problem.stated, regular, parameters)
        verdict = continued(problem.family, regular, parameters, known.verdict)
        proof = certify(problem.stated, regular, parameters, problem.values)
        return FaceEnds(proof, parameters, verdict or some_on_face(problem, regular, parameters, known.verdict), ends.counts())

    def _with_conditions(self, parameters: Inexact[np.ndarray, " m"]) -> FaceEnds:
        """All points for a general linear function and general levels of these conditions."""
        problem, n = self.problem, self.problem.count
        rows = parameters[n : n + n * problem.codimension]
        key = np.ascontiguousarray(rows).tobytes()
        if key not in self._known:
            fresh = problem.general_members(rows, self.rng)
            here = self._followed(self.general, fresh())
            if not here.complete and len(here.points):
                moving = [*range(n), *range(n + n * problem.codimension, len(parameters))]
                found, verdict = looped(problem.family, here.points, here.parameters, self.general.verdict, (fresh, moving), self.rng)
                if verdict is not None:
                    proof = certify(problem.stated, found, here.parameters, problem.values)
                    here = FaceEnds(proof, here.parameters, verdict, here.ends)
            self._known[key] = here
        return self._known[key]
