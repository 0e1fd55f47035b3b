"""All critical points of the squared error of a network within some distance of its trained weights: a cover by boxes.

The coordinates u are those of w = trained weights + T u, with the columns of T about the eigenvectors of the Hessian: valleys are then
narrow along few axes, and boxes that follow them are few. In these coordinates the gradient F has the Jacobian J. A box X with a point
m holds no zero where F_i(m) + J_i(X) (X - m) does not contain 0 for some i (the mean value theorem); its zeros lie in
K(X) = m - Y F(m) + (1 - Y J(X)) (X - m), for any matrix Y; and where K(X) lies in the interior of X there is exactly one (Krawczyk
1969). A tree of such steps, from a box that holds all weights so near down to boxes without zeros, or in wider ones (a zero may lie
on the border of a box) with just one that is listed, shows that the list is whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import flint

from neurovariety.certificates.activation_series import rational_ball, taylor
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.smooth_critical_points import (
    LISTED,
    NEXT_LISTED,
    Exact,
    IndexThere,
    OneCriticalPoint,
    TrainedPerceptron,
    critical_point_of,
    own_subject,
)
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import bits_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

NONE, FAR, POINT, SHRINK = -1, -2, -3, -4
"""Steps of a tree: a box without zeros, one of weights that are farther, one that is three times as wide with a listed point and no
other, one that is replaced by its meet with K(X); a number from 0 on halves the box along this axis."""
Box = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class SeenBox:
    """What the derivatives say of a box: whether it is ``free`` of zeros; its ``image`` K(X), None where no Y was found; how much each
    axis adds to the size of the image (``spreads``)."""

    free: bool
    image: Box | None
    spreads: tuple[float, ...]

    def meets(self, box: Box) -> Box | None:
        """The part of the box in the image, None where that is empty."""
        if self.image is None:
            return box
        met = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(box, self.image, strict=True))
        return met if all(a <= b for a, b in met) else None

    def within(self, box: Box) -> bool:
        """Whether the image lies in the interior of the box."""
        return self.image is not None and all(a < c and d < b for (a, b), (c, d) in zip(box, self.image, strict=True))


class TurnedWeights:
    """The coordinates u about the trained weights of a network, within `taylor` of three terms.

    Raises `NotShown` where the columns of ``turn`` are no basis.
    """

    def __init__(self, subject: TrainedPerceptron, turn: Sequence[Exact]) -> None:
        n = subject.parameters
        if len(turn) != n or any(len(row) != n for row in turn):
            raise NotShown("a square matrix is expected")
        self.subject = subject
        self.weights = [rational_ball(w) for w in subject.weights]
        self.turn = flint.arb_mat([[rational_ball(v) for v in row] for row in turn])
        try:
            self.inverse = self.turn.inv()
        except ZeroDivisionError:
            raise NotShown("the matrix may be singular") from None

    def start(self, radius: float) -> Box:
        """A box that holds all weights that are at most that ``radius`` from the trained ones, in each weight. Raises `NotShown` where
        it is too large for floats."""
        rows = self.inverse.tolist()
        reach = [_floats(sum((abs(v) for v in row), flint.arb(0)) * flint.arb(radius))[1] for row in rows]
        if not all(map(math.isfinite, reach)):
            raise NotShown("a box is too large")
        return tuple((-r, r) for r in reach)

    def far(self, box: Box, radius: float) -> bool:
        """Whether all weights of the box are farther than that in one of the weights."""
        moves = self.turn * flint.arb_mat([[_ball(*side)] for side in box])
        return any(abs(v).lower() > flint.arb(radius) for v in moves.entries())

    def of_weights(self, place: Sequence[flint.arb]) -> list[flint.arb]:
        """The coordinates of a box of weights."""
        column = flint.arb_mat([[p - w] for p, w in zip(place, self.weights, strict=True)])
        return list((self.inverse * column).entries())

    def weights_of(self, u: Sequence[flint.arb]) -> list[flint.arb]:
        """The weights with these coordinates."""
        moves = (self.turn * flint.arb_mat([[v] for v in u])).entries()
        return [w + v for w, v in zip(self.weights, moves, strict=True)]

    def seen(self, box: Box) -> SeenBox:
        """What the derivatives say of a box. Raises `NotShown` where it is too wide for the activations."""
        n = len(box)
        middle = [_middle(*side) for side in box]
        points = [flint.arb(m) for m in middle]
        _, gradient, near = self.subject.derivatives(self.weights_of(points))
        _, _, hessian = self.subject.derivatives(self.weights_of([_ball(*side) for side in box]))
        steps = flint.arb_mat([[_ball(*side) - m] for side, m in zip(box, points, strict=True)])
        back = self.turn.transpose()
        values, slopes = back * gradient, back * hessian * self.turn
        free = any(v > 0 or v < 0 for v in (values + slopes * steps).entries())
        at = back * near * self.turn
        try:
            inverse = flint.arb_mat(n, n, [v.mid() for v in at.entries()]).inv()
        except ZeroDivisionError:
            return SeenBox(free, None, tuple(b - a for a, b in box))
        inverse = flint.arb_mat(n, n, [v.mid() for v in inverse.entries()])
        rest = flint.arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)]) - inverse * slopes
        image = (flint.arb_mat([[m] for m in points]) - inverse * values + rest * steps).entries()
        sizes = [abs(v) for v in steps.entries()]
        spreads = tuple(float(sum((abs(rest[i, j]) for i in range(n)), flint.arb(0)).upper() * sizes[j].upper()) for j in range(n))
        return SeenBox(free, tuple(_floats(v) for v in image), spreads)


def halves(box: Box, axis: int) -> tuple[Box, Box]:
    """The two halves of a box along an axis."""
    a, b = box[axis]
    m = _middle(a, b)
    return (*box[:axis], (a, m), *box[axis + 1 :]), (*box[:axis], (m, b), *box[axis + 1 :])


def widened(box: Box) -> Box:
    """A box three times as wide about the same middle, but for rounding."""
    return tuple((a - (b - a), b + (b - a)) for a, b in box)


@dataclass(frozen=True)
class CriticalPointsWithin:
    """The critical points that are less than ``radius`` from the trained weights, in each weight, are those of ``points`` (certificates
    of their indices) that lie so near; ``value``: the radius, and their indices in ascending order. ``turn``: the matrix of the
    coordinates, ``tree``: the steps, those of one half of a box before those of the other."""

    subject: str
    radius: float
    value: tuple[float, tuple[int, ...]]
    turn: tuple[Exact, ...]
    tree: tuple[int, ...]
    points: tuple[Verdict, ...]
    polynomial: bool
    bits: int

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where a box may hold another critical point, and where it is open which of the list are so near."""
        own_subject(subject, self.subject, self.polynomial)
        if type(self.radius) is not float or not 0 < self.radius < math.inf:
            raise NotShown("a finite distance above 0 is expected")
        places = [_place(v, subject) for v in self.points]
        if any(_may_be_one(p, q) for p, q in combinations(places, 2)):
            raise NotShown("different critical points are expected")
        with taylor(bits_of(self.bits), 3):
            self._covered(TurnedWeights(subject, self.turn), places)
        near = sorted(index for index, _ in self.near(subject))
        if self.value != (self.radius, tuple(near)):
            raise NotShown(f"so near there are critical points of the indices {near}")

    def near(self, subject: TrainedPerceptron) -> list[tuple[int, OneCriticalPoint]]:
        """The indices of those that lie so near, and where they are. Raises `NotShown` where that is open for one."""
        places = [(v.statement.value, _place(v, subject)) for v in self.points]
        return [(index, place) for index, place in places if _is_near(place, subject, Fraction(self.radius))]

    def _covered(self, turned: TurnedWeights, places: Sequence[OneCriticalPoint]) -> None:
        waiting, listed = [turned.start(self.radius)], [turned.of_weights(p.box()) for p in places]
        for step in self.tree:
            if not waiting or type(step) is not int or not SHRINK <= step < len(self.turn):
                raise NotShown("a step for each box of the tree is expected")
            box = waiting.pop()
            if step >= 0:
                waiting += reversed(halves(box, step))
            elif step == FAR:
                if not turned.far(box, self.radius):
                    raise NotShown("weights of a box may be nearer than it is said")
            elif step == POINT:
                wide = widened(box)
                if not turned.seen(wide).within(wide) or not any(holds(wide, place) for place in listed):
                    raise NotShown("a box does not hold one critical point, of the list")
            else:
                seen = turned.seen(box)
                met = seen.meets(box)
                if step == NONE and not (seen.free or met is None):
                    raise NotShown("a box may hold a critical point that is not listed")
                waiting += [met] if step == SHRINK and met is not None else []
        if waiting:
            raise NotShown("boxes of the tree are left over")

    def concludes(self) -> tuple[Statement, Claim]:
        """These are all."""
        kind = NEXT_LISTED if self.polynomial else LISTED
        radius, indices = self.value
        return Statement(kind, self.subject, [radius, list(indices)], scopes((), *self.points)), Claim.PROVED


def holds(box: Box, place: Sequence[flint.arb]) -> bool:
    """Whether a place, in the same coordinates, lies in a box."""
    return all(flint.arb(a) <= v.lower() and v.upper() <= flint.arb(b) for (a, b), v in zip(box, place, strict=True))


def _place(index: Verdict, subject: TrainedPerceptron) -> OneCriticalPoint:
    """The place of the critical point whose index is shown. Raises `NotShown` for anything else."""
    if not index.shown or not isinstance(index.certificate, IndexThere):
        raise NotShown("the indices of critical points are expected")
    return critical_point_of(index.certificate.point, subject)


def _may_be_one(a: OneCriticalPoint, b: OneCriticalPoint) -> bool:
    """Whether two places have a point in common."""
    reach = Fraction(a.radius) + Fraction(b.radius)
    return all(abs(v - w) <= reach for v, w in zip(a.centre, b.centre, strict=True))


def _is_near(place: OneCriticalPoint, subject: TrainedPerceptron, radius: Fraction) -> bool:
    away = max(abs(a - b) for a, b in zip(place.centre, subject.weights, strict=True))
    if abs(away - radius) <= Fraction(place.radius):
        raise NotShown("a critical point may be nearer than that, or farther")
    return away < radius


def _middle(a: float, b: float) -> float:
    return min(max(a / 2 + b / 2, a), b)


def _ball(a: float, b: float) -> flint.arb:
    return flint.arb(a).union(flint.arb(b))


def _floats(ball: flint.arb) -> tuple[float, float]:
    """Floats below and above a ball."""
    low, high = float(ball.lower()), float(ball.upper())
    if not math.isfinite(low) or not math.isfinite(high):
        return -math.inf, math.inf
    while not flint.arb(low) <= ball.lower():
        low = math.nextafter(low, -math.inf)
    while not ball.upper() <= flint.arb(high):
        high = math.nextafter(high, math.inf)
    return low, high
