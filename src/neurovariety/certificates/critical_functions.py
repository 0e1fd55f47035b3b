"""Critical functions of a loss, shown in charts of the weights: that they are critical, different, real, and how many there may be.

In a chart some weights are free, as many as J has rank, and the others held. A simple zero of the gradient in the free weights, at
which the coordinates of the function have full rank in these, is a function at which J has full rank and which is critical: with fewer
free weights it would be critical among some of the functions only. Functions are told apart by their coordinates, which are the same in
all charts.

`AllInCharts` (test C). As many as at general parameters of the same loss in one chart: each is a simple zero in its chart and moves
with the parameters, to different functions, so there is no room for another one (`completeness`). Charts only say where a function is
looked at: a function that one chart has at infinity counts in another.

`RealAmongThem`. The gradient of a real loss has conjugate zeros. A zero whose box lies about real weights is real; one whose function
is apart from its conjugate is not. In a list of all of them, a function that is apart from the conjugates of all others is real.

`NoneOfOtherLoss`. Where functions fill their span a definite loss has one critical function; it may be one of a smaller network.

`RealMinima`. Real zeros with a Hessian of index 0, by Gershgorin's discs over the whole box and Sylvester's law.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary, ref

import flint
import numpy as np

from neurovariety.certificates.balls import about, precision
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_balls import Balls
from neurovariety.certificates.general_members import OnChart, kept_by
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.parameters_in_balls import for_all_parameters
from neurovariety.certificates.shown_points import Points, Programs, ShownPoints, SystemFamily, WithTape, meeting, with_tape
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

CRITICAL, REAL, MINIMA = "critical functions", "real critical functions", "minima"
BUT_ONE = "where the loss is not 0"
"""The scope of a list from which one function may be missing."""
AS_ROUNDED = "for the mean products of the data as doubles hold them"
_ROUNDING = 1e-12
_BITS = 128


@runtime_checkable
class WeightChart(SystemFamily, Protocol):
    """The gradient in the free weights; parameters are the ``held`` weights and then those of the loss. ``coordinates`` and ``slopes``
    (their derivatives by the free weights, row by row) are programs of the free and then the held weights."""

    @property
    def held(self) -> int: ...
    @property
    def slopes(self) -> ExactSystem: ...


@runtime_checkable
class Charts(Protocol):
    """The charts of a loss of a model. Exact, and trusted to be what it is called."""

    @property
    def hash(self) -> str: ...
    @property
    def loss(self) -> np.ndarray:
        """The parameters of the loss, in doubles."""
        ...

    @property
    def radii(self) -> np.ndarray:
        """How far the parameters may be off, for the data as they are."""
        ...

    def chart(self, free: tuple[int, ...]) -> WeightChart:
        """The chart in which the weights ``free`` are unknowns."""
        ...

    @property
    def rank(self) -> int:
        """The rank of J at general weights."""
        ...

    @property
    def fills(self) -> bool:
        """Whether that is the number of coordinates."""
        ...

    def definite(self) -> bool:
        """Whether the quadric is shown to be definite on the coordinates."""
        ...

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Bounds of the loss of real weights; none is below 0 where it is a sum of squares."""
        ...


@dataclass(frozen=True, eq=False)
class InChart:
    """Points in the chart of the weights ``free``."""

    free: tuple[int, ...]
    points: Points


@dataclass(frozen=True, eq=False)
class ShownInChart:
    """What is shown of points in one chart."""

    place: InChart
    chart: WeightChart
    points: ShownPoints

    def __len__(self) -> int:
        return len(self.place.points)

    def box(self, k: int) -> list[flint.acb]:
        """A box that holds the zero in the free weights."""
        fine = self.points.points.fine.get(k)
        with precision(_BITS if fine is None else fine.bits):
            if fine is not None:
                return [about(c.mid(), r) for c, r in zip(fine.centre, self.points.near_fine[k], strict=True)]
            centre, near = self.place.points.zeros.centres[k].tolist(), self.points.boxes.near[k].tolist()
            return [about(flint.acb(z.real, z.imag), flint.arb(r)) for z, r in zip(centre, near, strict=True)]

    def real(self) -> np.ndarray:
        """Points that are real zeros: the conjugate of the zero lies in a box that holds only one."""
        own = self.points.points
        if own.parameters.imag.any():
            return np.zeros(len(own), dtype=np.bool_)
        z, boxes = own.zeros.centres, self.points.boxes
        found = (2 * np.abs(z.imag) + boxes.near < boxes.radii).all(axis=1) | ~z.imag.any(axis=1)
        for k, zero in own.fine.items():
            with precision(zero.bits):
                sides = zip(zero.centre, zero.radii, self.points.near_fine[k], strict=True)
                found[k] = all(bool(2 * abs(c.mid().imag).upper() + r < rho.upper()) for c, rho, r in sides)
        return np.asarray(found)

    @cached_property
    def functions(self) -> Balls:
        return self.points.images(self.points.programs.coordinates)

    def immersed(self) -> np.ndarray:
        """At which points the coordinates are shown to have full rank in the free weights."""
        slopes, r = self.points.images(_slopes(self.chart)), self.chart.unknowns
        values, sizes = (
            slopes.values.reshape(-1, slopes.values.shape[1] // r, r),
            slopes.sizes.reshape(-1, slopes.sizes.shape[1] // r, r),
        )
        out = np.zeros(len(values), dtype=np.bool_)
        for k, (v, s) in enumerate(zip(values, sizes, strict=True)):
            if not (np.isfinite(v).all() and np.isfinite(s).all()):
                continue
            columns = np.maximum(np.abs(v).max(axis=0, initial=0.0), 1e-300)  # Gershgorin's discs do not mind the sizes of unknowns
            v, s = v / columns, s / columns
            back = np.linalg.pinv(v)
            off = np.abs(back @ v - np.eye(r)) + np.abs(back) @ s + _ROUNDING * (np.abs(back) @ np.abs(v))
            out[k] = bool((off.sum(axis=1) < 1).all())
        return out


_SLOPES: dict[str, WithTape] = {}


def _slopes(chart: WeightChart) -> WithTape:
    key = chart.slopes.hash
    if key not in _SLOPES:
        if len(_SLOPES) > 64:
            _SLOPES.clear()
        _SLOPES[key] = with_tape(chart.slopes)
    return _SLOPES[key]


def shown_in(subject: Charts, place: InChart) -> ShownInChart:
    """The points of a chart, each shown for all parameters that the loss may have. Raises `NotShown`."""
    if len(place.free) != subject.rank:
        raise NotShown(f"{len(place.free)} weights are free in a chart, where J has rank {subject.rank}")
    chart, points = subject.chart(place.free), place.points
    shown = points.shown(Programs.of(chart))
    if not np.array_equal(points.parameters[chart.held :], subject.loss):
        raise NotShown("the points are critical for another loss")
    if subject.radii.any() and len(points):
        shown = for_all_parameters(shown, np.concatenate([np.zeros(chart.held), subject.radii]))
    return ShownInChart(place, chart, shown)


@dataclass(frozen=True, eq=False)
class InCharts:
    """Critical functions of one loss, in charts."""

    charts_of: str
    places: tuple[InChart, ...]

    def __len__(self) -> int:
        return sum(len(p.points) for p in self.places)

    def shown(self, subject: Charts) -> list[ShownInChart]:
        """Each one shown, at full rank of J, and all different; once for a subject. Raises `NotShown`."""
        if subject.hash != self.charts_of:
            raise NotShown("the certificate is one of another loss")
        before = _SEEN.get(self)
        if before is not None and before[0]() is subject:
            return before[1]
        found = self._shown(subject)
        for place in self.places:
            for array in (place.points.parameters, place.points.zeros.centres, place.points.zeros.inverses):
                array.flags.writeable = False
        _SEEN[self] = ref(subject), found
        return found

    def _shown(self, subject: Charts) -> list[ShownInChart]:
        found = [shown_in(subject, p) for p in self.places]
        if not all(s.immersed().all() for s in found):
            raise NotShown("J is not shown to have full rank")
        if found and meeting(together([s.functions for s in found])) is not None:
            raise NotShown("two functions are not shown to be different")
        return found

    def check(self, subject: Charts) -> None:
        """Raises `NotShown` where one is not shown, J may drop rank, or two may be the same."""
        self.shown(subject)


_SEEN: WeakKeyDictionary[InCharts, tuple[ref[Charts], list[ShownInChart]]] = WeakKeyDictionary()
"""What certificates of this process have shown: several speak of one list."""


def together(parts: list[Balls]) -> Balls:
    """Balls of several lists of functions, one after another."""
    return Balls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(frozen=True, eq=False)
class SomeInCharts(InCharts):
    """So many at least."""

    def concludes(self) -> tuple[Statement, Claim]:
        """At least so many."""
        return Statement(CRITICAL, self.charts_of, len(self)), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class AllInCharts(InCharts):
    """As many as ``general``, the number at general parameters of a chart (``by``). ``rounded``: it is one for the matrix of the loss
    as doubles hold it."""

    general: Verdict
    by: OnChart
    rounded: bool = False

    def check(self, subject: Charts) -> None:
        """Raises `NotShown` also where their number is another than at general parameters, or this one of another problem."""
        chart = subject.chart(self.by.free)
        self.by.check(self.general, chart, subject.loss)
        if not self.rounded and kept_by(self.general) is not None and subject.radii[len(chart.coordinates.equations) :].any():
            raise NotShown("the number is one for a loss whose matrix was rounded")
        if not len(self):
            raise NotShown("what has no critical function in general may have a curve of them")
        if len(self) != self.general.statement.value:
            raise NotShown(f"{len(self)} of {self.general.statement.value} functions are shown")
        self.shown(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, by test C."""
        known = self.general.statement
        scope = (*known.scope, *((AS_ROUNDED,) if self.rounded else ()))
        return Statement(CRITICAL, self.charts_of, len(self), scope, known.error), Claim.COMPLETE


@dataclass(frozen=True, eq=False)
class NoneOfOtherLoss(InCharts):
    """No critical function but one of loss 0, which ``weights`` have: where J has full rank, and as many columns as coordinates,
    the gradient on functions is 0, and that of a definite loss is 0 at one function. ``places`` are empty."""

    weights: tuple[float, ...]

    def check(self, subject: Charts) -> None:
        """Raises `NotShown` where the loss of the weights is not 0, the loss not definite, or J smaller."""
        if subject.hash != self.charts_of or self.places:
            raise NotShown("the certificate is one of another loss")
        if not subject.fills or not subject.definite() or subject.bounds(self.weights)[1] != 0.0:
            raise NotShown("other functions are not excluded")

    def concludes(self) -> tuple[Statement, Claim]:
        """None, where the loss is not 0."""
        return Statement(CRITICAL, self.charts_of, 0, (BUT_ONE,)), Claim.COMPLETE


def truths(found: list[ShownInChart], complete: bool) -> list[bool | None]:
    """Which functions are shown to be real (True), or not to be (False): see the module."""
    if not found:
        return []
    balls = together([s.functions for s in found])
    values, sizes = balls.values, balls.sizes * (1 + 1e-14) + 1e-15 * np.abs(balls.values)
    own = np.concatenate([s.real() for s in found])
    out: list[bool | None] = []
    for k, (value, size) in enumerate(zip(values, sizes, strict=True)):
        meets = (np.abs(values - value.conj()) <= sizes + size).all(axis=1)
        if own[k]:
            out.append(True)
        elif not meets[k]:
            out.append(False)
        else:
            out.append(True if complete and meets.sum() == 1 else None)
    return out


@dataclass(frozen=True, eq=False)
class RealAmongThem:
    """How many of the functions of a list are real. ``exact``: all of the list are decided, and it is complete."""

    listed: Verdict
    exact: bool
    count: int

    def check(self, subject: Charts) -> None:
        """Raises `NotShown` where another number is real, or one is undecided though none may be."""
        listed = self.listed.certificate
        if not self.listed.shown or not isinstance(listed, InCharts):
            raise NotShown("a list of critical functions is expected")
        complete = self.listed.claim is Claim.COMPLETE
        found = truths(listed.shown(subject), complete and self.exact)  # a lower bound may not rest on a test for missing ones
        if found.count(True) != self.count:
            raise NotShown(f"{found.count(True)} functions are real")
        if self.exact and (None in found or not complete):
            raise NotShown("not all functions are known, or known to be real")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, or at least so many, which does not rest on how many there are."""
        known = self.listed.statement
        if not self.exact:
            return Statement(REAL, known.subject, self.count, known.scope), Claim.LOWER_BOUND
        return Statement(REAL, known.subject, self.count, known.scope, known.error), Claim.COMPLETE


@dataclass(frozen=True, eq=False)
class RealMinima:
    """Real networks at which a loss has a minimum among the functions near them: ``places`` hold real zeros with the ``turns`` that
    diagonalize their Hessians nearly. ``real``: how many functions are real; where each of them is here, these are all minima."""

    places: InCharts
    turns: tuple[np.ndarray, ...]
    count: int
    real: Verdict

    def check(self, subject: Charts) -> None:
        """Raises `NotShown` where one is not real, the signs of its Hessian are not shown, or another number are minima."""
        if not self.real.shown or self.real.statement.kind != REAL or self.real.statement.subject != self.places.charts_of:
            raise NotShown("the number of real functions is expected")
        if len(self.turns) != len(self.places):
            raise NotShown("a matrix for each Hessian is expected")
        found = self.places.shown(subject)
        minima, turns = 0, iter(self.turns)
        for shown in found:
            if not shown.real().all():
                raise NotShown("a network is not shown to be real")
            square = shown.points.programs.at(shown.place.points.parameters)
            for k in range(len(shown)):
                minima += not _negative(square.jacobian, shown.box(k), next(turns))
        if minima != self.count:
            raise NotShown(f"{minima} are minima")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, or at least so many, which does not rest on how many are real."""
        known = self.real.statement
        if self.real.claim is not Claim.COMPLETE or len(self.places) != known.value:
            return Statement(MINIMA, known.subject, self.count, known.scope), Claim.LOWER_BOUND
        return Statement(MINIMA, known.subject, self.count, known.scope, known.error), Claim.COMPLETE


def _negative(jacobian: object, box: list[flint.acb], turn: np.ndarray) -> int:
    """The number of negative eigenvalues of a real symmetric Jacobian all over a box. Raises `NotShown`."""
    n = len(box)
    assert callable(jacobian)
    with precision(_BITS):
        entries = jacobian(box)[1].entries()
        hessian = flint.arb_mat(n, n, [e.real for e in entries])
        v = flint.arb_mat(n, n, [flint.arb(float(e)) for e in turn.reshape(-1)])
        found = v.transpose() * hessian * v
        negative = 0
        for i in range(n):
            off = sum((abs(found[i, k]).upper() for k in range(n) if k != i), flint.arb(0))
            if not (found[i, i] > off or found[i, i] < -off):
                raise NotShown("the signs of the Hessian are not shown")
            negative += bool(found[i, i] < 0)
        return negative
