"""All critical points of a loss with weight decay, what is real of them, their indices, and the least value that follows.

`ListWithDecay`. As many simple zeros of the gradient as an account says there are, or some. A box around a real centre holds the
conjugate of its one zero, which is therefore real; one whose imaginary part is not 0 in some coordinate holds none that is. At a real
zero the Hessian has the inertia that it has at the centre, for Krawczyk's operator shows that it is invertible all over the box; there
it is turned by given vectors, and Gershgorin's discs that do not meet 0 give the signs (Sylvester).

`LeastValue`. With positive strengths the objective tends to infinity with the real unknowns, so it has a least value, at a critical
point: not less than the least of all that may be real. It grows with the strengths, so a list for smaller ones bounds it as well.

`BallBound`. Let m be such a bound of L + sum s_k (u_k - a_k)^2. Then L(u) >= m - sum s_k r_k^2 wherever |u_k - a_k| <= r_k, whatever
singular functions there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import flint
import numpy as np

from neurovariety.certificates.balls import about, ball, precision, total, upper
from neurovariety.certificates.completeness import Distinct
from neurovariety.certificates.decayed_loss import DecayedLoss, rational
from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.real_points import negative_directions
from neurovariety.certificates.shown_points import Points, Programs, ShownPoints
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown, Square
from neurovariety.claim import Claim

CRITICAL, LEAST, IN_BALL = "critical points with decay", "least value with decay", "least loss in a ball"
ACCOUNTS = ("zeros", "finite zeros", "simple zeros")
TESTED = "critical points"
_BITS = 192


@dataclass(frozen=True, eq=False)
class ListWithDecay:
    """``points`` are zeros of the gradient, ``whole`` what is known of their number (an account of the system, or that they are
    different); ``turns`` (one for each, n x n, or None) are near eigenvectors of the Hessian, each divided by the root of its
    eigenvalue's size.

    ``real`` and ``minima`` are how many of them are; None where that stays open, of a list that is all.
    """

    family: str
    points: Points
    whole: Verdict
    turns: tuple[np.ndarray | None, ...]
    real: int | None
    minima: int | None

    def check(self, subject: DecayedLoss) -> None:
        """Raises `NotShown` unless all of it follows."""
        if subject.hash != self.family:
            raise NotShown("the certificate is one of another family")
        known, count = _number(self.whole, subject), len(self.points)
        if len(self.turns) != count or known != count:
            raise NotShown(f"{count} points are listed, and {known} are known of")
        shown = self.points.shown(Programs.of(subject))
        shown.check_different()
        answers = [PointWithDecay(subject, shown, k) for k in range(count)]
        found = real_and_minima([a.real for a in answers], [a.index(t) for a, t in zip(answers, self.turns, strict=True)], self.all)
        if found != (self.real, self.minima):
            raise NotShown(f"numbers of real ones and of minima are {found}")

    @property
    def all(self) -> bool:
        """Whether no other critical point with an invertible Hessian is missing, as far as that is claimed."""
        said = self.whole.statement
        # A cluster, or a zero that may be infinite, may be such a point.
        hidden = said.kind in ("zeros", "finite zeros") and (said.value["clusters"] or _far(said))
        return self.whole.claim is not Claim.LOWER_BOUND and not hidden

    @property
    def no_others(self) -> bool:
        """Whether there is no other critical point at all: none of several zeros, or on a set of them."""
        said = self.whole.statement
        return self.all and said.kind in ("zeros", "finite zeros") and not said.value["clusters"] and not _far(said)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, and no others; with what is known of the number."""
        said = self.whole.statement
        value = {"complex": len(self.points), "real": self.real, "minima": self.minima}
        return Statement(CRITICAL, self.family, value, said.scope, said.error), self.whole.claim if self.all else Claim.LOWER_BOUND


def real_and_minima(real: list[bool | None], indices: list[int | None], complete: bool) -> tuple[int | None, int | None]:
    """How many are real and how many minima; of a list that may lack some, those that are shown."""
    minima = sum(r is True and i == 0 for r, i in zip(real, indices, strict=True))
    if not complete:
        return real.count(True), minima
    is_open = any(r is None or (r and i is None) for r, i in zip(real, indices, strict=True))
    return (None if None in real else real.count(True)), (None if is_open else minima)


def _far(said: Statement) -> bool:
    """Whether zeros are shown of which it is open whether they are finite."""
    return bool(said.value.get("at_infinity_or_larger"))


def _number(whole: Verdict, subject: DecayedLoss) -> int:
    """The number of simple zeros of the gradient that a verdict speaks of. Raises `NotShown`.

    The gradient at the data as they are is one system, no member of a family: there are no loops through others, and no general number,
    so of these only `Distinct` says something. No test would exclude critical points whose Hessian is singular.
    """
    said = whole.statement
    if whole.shown and said.kind in ACCOUNTS and said.subject == subject.system.hash:
        return int(said.value["simple"])
    if whole.shown and said.kind == TESTED and said.subject == subject.hash and isinstance(whole.certificate, Distinct):
        return int(said.value)
    raise NotShown("what is known of the number of points speaks of another system")


class PointWithDecay:
    """What is shown of one point: whether it is real, with which index, and a ball of the objective there."""

    def __init__(self, subject: DecayedLoss, shown: ShownPoints, k: int) -> None:
        self.subject, fine = subject, shown.points.fine.get(k)
        with precision(_BITS):
            if fine is None:
                self.centre = [flint.acb(z.real, z.imag) for z in shown.points.zeros.centres[k].tolist()]
                self.reach = [flint.arb(r) for r in shown.boxes.near[k].tolist()]
            else:
                self.centre, self.reach = [c.mid() for c in fine.centre], [r.upper() for r in shown.near_fine[k]]
        self.square: Square = shown.programs.at(shown.points.parameters)

    @property
    def real(self) -> bool | None:
        """True where the box is about a real centre, False where an imaginary part is not 0 all over it."""
        if all(c.imag == 0 for c in self.centre):
            return True
        with precision(_BITS):
            return False if any(bool(abs(c.imag) > r) for c, r in zip(self.centre, self.reach, strict=True)) else None

    def index(self, turn: np.ndarray | None) -> int | None:
        """The number of negative eigenvalues of the Hessian of a real point; None where discs meet 0."""
        return negative_directions(self.square, self.centre, turn) if self.real else None

    def ball(self) -> flint.acb:
        """A ball of the objective at the zero, in the unit asked for: that at the centre, and the gradient times the distance."""
        with precision(_BITS):
            middle = Over(self.subject.objective, ball)(self.centre)[0]
            slopes = self.square.values([about(c, r) for c, r in zip(self.centre, self.reach, strict=True)])
            away = total([upper(g) * r for g, r in zip(slopes, self.reach, strict=True)])
            unit = self.subject.unit
            return about(middle, away.upper()) * flint.arb(flint.fmpz(unit.q)) / flint.arb(flint.fmpz(unit.p))


@dataclass(frozen=True, eq=False)
class LeastValue:
    """The least value of the objective over all real unknowns lies between ``low`` and ``high``.

    ``listed``: the critical points of the same loss with ``strengths``, positive and none larger than those of the subject; ``at``:
    rational unknowns where the objective is not more than ``high``.
    """

    family: str
    listed: Verdict
    strengths: tuple[flint.fmpq, ...]
    at: tuple[flint.fmpq, ...]
    low: float
    high: float

    def check(self, subject: DecayedLoss) -> None:
        """Raises `NotShown` unless both bounds follow."""
        if subject.hash != self.family:
            raise NotShown("the certificate is one of another family")
        if len(self.strengths) != subject.unknowns or not all(
            0 < s <= t for s, t in zip(self.strengths, subject.strengths, strict=True)
        ):
            raise NotShown("positive strengths, none larger than those asked for, are expected")
        smaller = subject.with_strengths(self.strengths)
        least = least_of(self.listed, smaller)
        if not least >= flint.arb(self.low):
            raise NotShown("the least of the listed values is not shown to be as large")
        if not subject.objective_at(self.at) <= rational(self.high) or not self.low <= self.high:
            raise NotShown("the objective at the given place is larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The least value is in that interval."""
        said = self.listed.statement
        return Statement(LEAST, self.family, (self.low, self.high), said.scope, said.error), self.listed.claim


def least_of(listed: Verdict, subject: DecayedLoss) -> flint.arb:
    """A lower bound of the values at all points of a list, with no others, that may be real. Raises `NotShown`."""
    said, own = listed.statement, listed.certificate
    if not listed.checked or not isinstance(own, ListWithDecay) or said.subject != subject.hash:
        raise NotShown("the list is one of another function")
    if not own.no_others:
        raise NotShown("there may be critical points that are not listed")
    shown = own.points.shown(Programs.of(subject))
    answers = [PointWithDecay(subject, shown, k) for k in range(len(own.points))]
    with precision(_BITS):
        values = [a.ball().real.lower() for a in answers if a.real is not False]
        if not values or not all(v.is_finite() for v in values):
            raise NotShown("no value is bounded")
        return min(values)


@dataclass(frozen=True, eq=False)
class BallBound:
    """The least loss, without decay, of real weights within ``radius`` of those that decay is towards is between ``low`` and ``high``.

    ``at``: unknowns of such weights; ``least``: what is known of the least value of the objective.
    """

    family: str
    least: Verdict
    radius: flint.fmpq
    at: tuple[flint.fmpq, ...]
    low: float
    high: float

    def check(self, subject: DecayedLoss) -> None:
        """Raises `NotShown` unless both bounds follow."""
        said = self.least.statement
        if subject.hash != self.family or said.subject != self.family or said.kind != LEAST or not self.least.checked:
            raise NotShown("the certificate is one of another family")
        if len(self.at) != subject.unknowns or not self.radius > 0:
            raise NotShown("the sizes do not fit")
        radii = [self.radius / s for s in subject.scales]
        if any(abs(u - a) > r for u, a, r in zip(self.at, subject.centre, radii, strict=True)):
            raise NotShown("the given place is not in the ball")
        decay = sum((s * r * r for s, r in zip(subject.strengths, radii, strict=True)), flint.fmpq(0)) / subject.unit
        bound = rational(said.value[0]) - decay
        if not (rational(self.low) <= bound or self.low <= 0):  # the loss is a sum of squares
            raise NotShown("the loss is not shown to be as large")
        if not subject.loss_at(self.at) <= rational(self.high) or not self.low <= self.high:
            raise NotShown("the loss at the given place is larger")

    @property
    def _words(self) -> str:
        radius = rounded(float(self.radius) * (1 - 2.0**-52), up=False)
        return f"among networks each of whose weights is within {radius} of that which decay is towards"

    def concludes(self) -> tuple[Statement, Claim]:
        """The least loss in the ball is in that interval."""
        said = self.least.statement
        return Statement(IN_BALL, self.family, (self.low, self.high), (*said.scope, self._words), said.error), self.least.claim


__all__ = ["CRITICAL", "IN_BALL", "LEAST", "BallBound", "LeastValue", "ListWithDecay", "PointWithDecay", "least_of", "real_and_minima"]
