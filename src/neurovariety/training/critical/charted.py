"""Critical functions in charts, as certificates see them: exact programs of the charts, and lists in the form that these ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import flint
import numpy as np
from jaxtyping import Complex, Float

from neurovariety.certificates.balls import precision
from neurovariety.certificates.critical_functions import (
    AllInCharts,
    InChart,
    InCharts,
    NoneOfOtherLoss,
    RealAmongThem,
    RealMinima,
    SomeInCharts,
    shown_in,
    together,
    truths,
)
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_balls import Balls
from neurovariety.certificates.general_members import OnChart, is_number, kept_by
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.shown_points import Points, meeting
from neurovariety.certificates.stored_charts import StoredCharts, charts_hash, renamed
from neurovariety.claim import Claim
from neurovariety.geometry.solutions.quadrics import QuadricFamily
from neurovariety.homotopy import System, Tape
from neurovariety.homotopy.exact_program import exact_family, exact_outputs
from neurovariety.homotopy.incidence import ExactIncidence, jacobians_at, plain_points, points_of
from neurovariety.training.critical.problem import CertifiedFunction, TrainingProblem, in_other_charts, quadric_family, size_of_loss
from neurovariety.training.critical.quadric_balls import bounds_at, is_definite
from neurovariety.training.critical.rational_quadric import stored_quadric
from neurovariety.training.critical.weight_map import WeightMap
from neurovariety.training.losses.exact_products import exact_products
from neurovariety.training.losses.loss import Distance, Loss, SquaredError
from neurovariety.training.losses.whitened import BITS

_ORDER = tuple[int, ...]
_GRID = 2.0**24
"""Weights of small numbers are taken to be these."""


@dataclass(frozen=True, eq=False)
class _Members:
    """The critical systems of one chart."""

    system: System
    prints: Tape
    coordinates: Tape
    moving: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def can_have(self, points: int) -> bool:
        """Nothing is known."""
        return True


class ChartOfWeights(ExactIncidence):
    """The gradient in the weights ``free`` for quadrics of a family, the others held."""

    def __init__(self, maps: WeightMap, programs: tuple[ExactSystem, ExactSystem], free: _ORDER, family: QuadricFamily) -> None:
        super().__init__(_Members(maps.system(free, family), maps.values, maps.values))
        self._n, self.free = maps.model.parameters, free
        self._values, self._slopes = programs
        self.held = self._n - len(free)

    @cached_property
    def system(self) -> ExactSystem:
        return exact_family(self.members.system)

    @cached_property
    def prints(self) -> ExactSystem:
        return renamed(self._values, self._order)

    @cached_property
    def coordinates(self) -> ExactSystem:
        return self.prints

    @cached_property
    def slopes(self) -> ExactSystem:
        """Derivatives of the coordinates by the free weights, row by row."""
        count = len(self._slopes.equations) // self._n
        return renamed(self._slopes.only([row * self._n + k for row in range(count) for k in self.free]), self._order)

    @cached_property
    def _order(self) -> _ORDER:
        return (*self.free, *(i for i in range(self._n) if i not in self.free))


class ChartsOfLoss:
    """The charts of a model's weights for a ``loss``, whose parameters are the image of its target and its quadric: as doubles, and how
    far these are from those of the data or the teacher as they are."""

    def __init__(self, problem: TrainingProblem, loss: Loss) -> None:
        matrix, parameters = problem.parameters(problem.quadratic(loss))
        self.problem, self.of, self._maps, self._family = problem, loss, problem.map, quadric_family(problem, matrix)
        self.loss = np.asarray(parameters, dtype=np.complex128)
        self._known: dict[_ORDER, ChartOfWeights] = {}

    @cached_property
    def radii(self) -> Float[np.ndarray, " m"]:
        """By how much the parameters may be off."""
        problem = self.problem
        terms, count = problem.terms, len(problem.terms)
        scale = flint.arb(size_of_loss(problem.quadratic(self.of)))
        with precision(BITS):
            products = exact_products(self.of)
            fixed = [(o, e, flint.arb(value) / flint.arb(s)) for (o, e, s), value in problem.fixed]
            exact: list[flint.arb] = []
            for o, e, s in terms:
                image = products.against((o, e)) - sum((v * products.pair((o, e), (p, f)) for p, f, v in fixed), flint.arb(0))
                exact.append(scale * image / flint.arb(s))
            entries: dict[int, flint.arb] = {}
            off = np.zeros(len(self.loss))
            for i, k, at, factor in self._family.places:
                (o, e, s), (p, f, t) = terms[i], terms[k]
                entries[at] = scale * products.pair((o, e), (p, f)) / flint.arb(s * t * factor)
                off[count + at] = max(off[count + at], _apart(entries[at], self.loss[count + at]))
            for k, value in enumerate(exact):
                off[k] = _apart(value, self.loss[k])
            named = {place[:2] for place in self._family.places}
            for i, (o, e, _) in enumerate(terms):
                for k, (p, f, _) in enumerate(terms[: i + 1]):
                    if (i, k) not in named and products.pair((o, e), (p, f)) != 0:
                        off[:] = np.inf  # a sum that is 0 in doubles only
        return off

    @cached_property
    def _programs(self) -> tuple[ExactSystem, ExactSystem]:
        return exact_outputs(self._maps.values), exact_outputs(self._maps.slopes)

    @cached_property
    def hash(self) -> str:
        """sha256 of the coordinates, the quadrics and the loss."""
        return charts_hash(self._programs[0], self._family.places, self.loss, self.radii)

    def stored(self) -> StoredCharts:
        """The charts as data that can be written."""
        places = tuple((int(i), int(k), int(at), float(f)) for i, k, at, f in self._family.places)
        return StoredCharts(self._programs[0], places, self.loss, self.radii, stored_quadric(self.problem, self.of))

    @property
    def rank(self) -> int:
        """How many dimensions the functions have."""
        return self.problem.dimension

    @property
    def fills(self) -> bool:
        """Whether there are as many dimensions as coordinates."""
        return self.problem.dimension == len(self.problem.terms)

    def definite(self) -> bool:
        """Whether the quadric is shown to be definite."""
        return is_definite(self.problem, self.of)

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Bounds of the loss of real weights."""
        found = bounds_at(self.problem, self.of, weights)
        return found if isinstance(self.of, SquaredError | Distance) else (found[0], np.inf)

    def chart(self, free: _ORDER) -> ChartOfWeights:
        """The chart in which the weights ``free`` are unknowns."""
        if free not in self._known:
            self._known[free] = ChartOfWeights(self._maps, self._programs, free, self._family)
        return self._known[free]


def _apart(exact: flint.arb, double: complex) -> float:
    """How far a number may be from a double."""
    return float(abs(exact - flint.arb(double.real)).upper()) if not exact.is_exact() or exact != flint.arb(double.real) else 0.0


@dataclass(frozen=True, eq=False)
class ListedFunctions:
    """What is shown of critical ``points`` of a ``loss``: which of those given are ``kept``, their number (``verdict``), which of these
    are real, and how many are."""

    problem: TrainingProblem
    charts: ChartsOfLoss
    loss: Loss
    points: tuple[CertifiedFunction, ...]
    kept: tuple[int, ...]
    verdict: Verdict
    real: tuple[bool | None, ...]
    reality: Verdict
    order: tuple[int, ...]
    """Number of the point in each row of the certificate."""


def listed_functions(
    problem: TrainingProblem,
    loss: Loss,
    points: Sequence[CertifiedFunction],
    general: Verdict | None,
    rng: np.random.Generator | None = None,
) -> ListedFunctions:
    """What is shown of the critical functions of a loss; ``general``: of their number at general parameters, where they may be all.

    With ``rng``, functions that are not shown where they were found are looked at in other charts: one that is far out or nearly
    singular in a chart, so that the radii of the data are too much for it, is as good as others in charts through other weights.
    """
    charts = ChartsOfLoss(problem, loss)
    rows = [_place(charts, p) for p in points]
    verdict, kept = _number_shown(charts, rows, general)
    if rng is not None and len(kept) < len(points):
        points = [p if k in kept else _elsewhere_shown(charts, p, rng) for k, p in enumerate(points)]
        rows = [_place(charts, p) for p in points]
        verdict, kept = _number_shown(charts, rows, general)
    listed = verdict.certificate
    assert isinstance(listed, InCharts)
    complete = verdict.claim is Claim.COMPLETE
    real = truths(listed.shown(charts), complete)
    exact = complete and None not in real
    if not exact:  # what is real only because nothing is missing is not told
        real = truths(listed.shown(charts), False)
    reality = issue(RealAmongThem(verdict, exact, real.count(True)), charts)
    order = [k for group in _groups([rows[i] for i in kept]) for k in group]
    back = dict(zip(order, real, strict=True))
    chosen = tuple(points[k] for k in kept)
    return ListedFunctions(
        problem, charts, loss, chosen, kept, verdict, tuple(back[k] for k in range(len(kept))), reality, tuple(order)
    )


def none_of_other_loss(known: ListedFunctions, networks: Sequence[Float[np.ndarray, " N"]]) -> ListedFunctions:
    """What is known of an empty list where one of the ``networks`` has loss 0 and no other function can be critical."""
    if known.points or not known.charts.fills:
        return known
    for weights in networks:
        near = tuple(float(w) for w in np.round(weights * _GRID) / _GRID)
        try:
            verdict = issue(NoneOfOtherLoss(known.charts.hash, (), near), known.charts)
        except NotShown:
            continue
        return replace(known, verdict=verdict, reality=issue(RealAmongThem(verdict, True, 0), known.charts))
    return known


def real_minima(known: ListedFunctions, networks: Sequence[CertifiedFunction]) -> Verdict | None:
    """How many of the ``networks``, which are real, are shown to be minima; None where the signs of a Hessian are not."""
    rows = [_place(known.charts, p) for p in networks]
    for precise in (False, True):
        places = _places(known.charts, rows, precise)
        turns, count = [], 0
        for place in places:
            for hessian in jacobians_at(known.charts.chart(place.free), place.points.zeros.centres, place.points.parameters):
                turn, values = _turn(hessian.real)
                turns.append(turn)
                count += not (values < 0).any()
        try:
            return issue(RealMinima(InCharts(known.charts.hash, places), tuple(turns), count, known.reality), known.charts)
        except NotShown:
            continue
    return None


def _turn(hessian: Float[np.ndarray, "n n"]) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, " n"]]:
    """A matrix that nearly diagonalizes a symmetric one, and the diagonal; unknowns may have very different sizes."""
    near = (hessian + hessian.T) / 2
    sizes = np.sqrt(np.maximum(np.abs(near).max(axis=0, initial=0.0), 1e-300))
    scales = 2.0 ** -np.round(np.log2(sizes))
    values, vectors = np.linalg.eigh(scales[:, None] * near * scales)
    turned: Float[np.ndarray, "n n"] = scales[:, None] * vectors / np.sqrt(np.maximum(np.abs(values), 1e-300))
    return turned, values


def _number_shown(charts: ChartsOfLoss, rows: Sequence[_PlacedPoint], general: Verdict | None) -> tuple[Verdict, tuple[int, ...]]:
    """How many of the functions are shown, perhaps that these are all, and which they are."""
    if general is not None and is_number(general) and len(rows) == general.statement.value:
        problem = charts.problem
        chart, matrix = problem.critical.chart, problem.parameters(problem.quadratic(charts.of))[0]
        other = problem.critical.family.parameters_of(matrix) is None
        diagonal = other and general.statement.subject == problem.base.verdict.statement.subject
        by = OnChart(chart.free, tuple(int(v) for _, v in sorted(chart.fixed.items())), diagonal)
        rounded = kept_by(general) is not None and bool(charts.radii[len(charts.problem.terms) :].any())
        for precise in (False, True):
            try:
                return issue(AllInCharts(charts.hash, _places(charts, rows, precise), general, by, rounded), charts), tuple(
                    range(len(rows))
                )
            except NotShown:
                continue
    places, kept = _some(charts, rows)
    return issue(SomeInCharts(charts.hash, places), charts), kept


def _elsewhere_shown(charts: ChartsOfLoss, point: CertifiedFunction, rng: np.random.Generator) -> CertifiedFunction:
    """The function in another chart, in which it is shown, if one is found."""
    if _shown_alone(charts, _place(charts, point)) is not None:
        return point
    problem = charts.problem
    matrix, parameters = problem.parameters(problem.quadratic(charts.of))
    others = in_other_charts(problem, point.value, parameters, matrix, rng)
    return next((p for p in others if _shown_alone(charts, _place(charts, p)) is not None), point)


@dataclass(frozen=True, eq=False)
class _PlacedPoint:
    """A function: the unknowns ``x`` of a chart, and its parameters."""

    free: _ORDER
    x: Complex[np.ndarray, " r"]
    parameters: Complex[np.ndarray, " m"]

    @property
    def key(self) -> tuple[_ORDER, bytes]:
        return self.free, self.parameters.tobytes()


def _place(charts: ChartsOfLoss, point: CertifiedFunction) -> _PlacedPoint:
    rest = [i for i in range(len(point.weights)) if i not in point.free]
    x, held = point.weights[list(point.free)], point.weights[rest]
    if point.certificates.real(point.row) == "yes" and not held.imag.any():
        x = x.real + 0j
    return _PlacedPoint(point.free, x, np.concatenate([held, charts.loss]))


def _groups(rows: Sequence[_PlacedPoint]) -> list[list[int]]:
    """Numbers of the rows in one chart with the same weights held."""
    found: dict[tuple[_ORDER, bytes], list[int]] = {}
    for k, row in enumerate(rows):
        found.setdefault(row.key, []).append(k)
    return list(found.values())


def _places(charts: ChartsOfLoss, rows: Sequence[_PlacedPoint], precise: bool) -> tuple[InChart, ...]:
    make = points_of if precise else plain_points
    out = []
    for group in _groups(rows):
        first = rows[group[0]]
        x = np.array([rows[k].x for k in group])
        out.append(InChart(first.free, make(charts.chart(first.free), x, first.parameters)))
    return tuple(out)


def _some(charts: ChartsOfLoss, rows: Sequence[_PlacedPoint]) -> tuple[tuple[InChart, ...], tuple[int, ...]]:
    """Those that are shown, at full rank of J and different, and their numbers."""
    parts: list[tuple[int, Points, Balls]] = []
    for group in _groups(rows):
        for k in group:
            found = _shown_alone(charts, rows[k])
            if found is not None:
                parts.append((k, *found))
    while parts:
        pair = meeting(together([balls for _, _, balls in parts]))
        if pair is None:
            break
        del parts[max(pair)]
    parts.sort(key=lambda part: part[0])
    kept = tuple(k for k, _, _ in parts)
    return _places(charts, [rows[k] for k in kept], True), kept


def _shown_alone(charts: ChartsOfLoss, row: _PlacedPoint) -> tuple[Points, Balls] | None:
    """A function where it is shown, at full rank of J; None where it is not."""
    points = points_of(charts.chart(row.free), row.x[None], row.parameters)
    try:
        shown = shown_in(charts, InChart(row.free, points))
        return (points, shown.functions) if shown.immersed().all() else None
    except NotShown:
        return None
