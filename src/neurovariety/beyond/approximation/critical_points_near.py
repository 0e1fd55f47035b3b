"""All critical points of the squared error within some distance of trained weights: the search for a cover by boxes.

Boxes are halved along the axis that adds most to the size of their image until the derivatives exclude a zero, or show one; what is
found so is shown by `certificates.critical_points_within`. The distance grows by doubling while the boxes needed are not too many, so
that what is reached in the same work is the same on all machines.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint

from neurovariety.beyond.approximation.newton_in_balls import eigenvectors, exact, index_of, is_polynomial, newton, place_of
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.critical_points_within import (
    FAR,
    NONE,
    POINT,
    SHRINK,
    Box,
    CriticalPointsWithin,
    SeenBox,
    TurnedWeights,
    halves,
    holds,
    widened,
)
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.smooth_critical_points import OneCriticalPoint, TrainedPerceptron
from neurovariety.certificates.zeros import NotShown

Turn = tuple[tuple[Fraction, ...], ...]
_ROUGH = 64
"""Bits of the arithmetic on boxes."""
_DOUBLINGS = 12
_MOST_WORK = 6_000_000
"""Boxes, of all distances together, times what one takes, which grows with the samples and the square of the weights: some twenty
seconds."""
_TIGHT = 0.7
"""The image of a box with one critical point, or near one, is so much smaller."""
_GROWTH = 3
"""Boxes for twice the distance, at least: with fewer left it is not tried."""
_WORTH = 0.7
"""The part of a box, by its longest side against before, at which shrinking it again is worth more than halving it."""


class _TooManyBoxes(Exception):
    """More boxes than were allowed."""


class _BoxTree:
    """The steps of the trees, and what is left of the work."""

    def __init__(self, own: TrainedPerceptron, turn: Turn) -> None:
        self.own, self.turned = own, TurnedWeights(own, turn)
        self.left = _MOST_WORK // ((len(own.inputs) + 2) * (own.parameters**2 + 48))
        self.points: list[Verdict] = []
        self.places: list[list[flint.arb]] = []

    def tree(self, radius: float) -> list[int]:
        """The steps from a box that holds all weights so near. Raises `_TooManyBoxes`."""
        steps: list[int] = []
        waiting = [self.turned.start(radius)]
        while waiting:
            box = waiting.pop()
            if self.turned.far(box, radius):
                steps.append(FAR)
                continue
            seen = self._seen(box)
            met = None if seen is None or seen.free else seen.meets(box)
            if seen is not None and met is None:
                steps.append(NONE)
            elif seen is not None and self._is_point(seen, box):
                steps.append(POINT)
            elif met is not None and _is_smaller(met, box):
                steps.append(SHRINK)
                waiting.append(met)
            else:
                spreads = seen.spreads if seen is not None else [b - a for a, b in box]
                axis = max(range(len(box)), key=lambda i: spreads[i])
                steps.append(axis)
                waiting += reversed(halves(box, axis))
        return steps

    def _seen(self, box: Box) -> SeenBox | None:
        if self.left <= 0:
            raise _TooManyBoxes
        self.left -= 1
        try:
            return self.turned.seen(box)
        except NotShown:
            return None

    def _is_point(self, seen: SeenBox, box: Box) -> bool:
        """Whether the box three times as wide holds one critical point and no other; it is on the list then."""
        if seen.image is None or any(d - c > _TIGHT * (b - a) for (a, b), (c, d) in zip(box, seen.image, strict=True)):
            return False
        wide = widened(box)
        there = self._seen(wide)
        if there is None or not there.within(wide):
            return False
        if any(holds(wide, place) for place in self.places):
            return True
        start = [exact(w) for w in self.turned.weights_of([flint.arb(a / 2 + b / 2) for a, b in box])]
        try:
            place = place_of(self.own, newton(self.own, start, 4 * len(box) * max(b - a for a, b in wide)))
            assert isinstance(place.certificate, OneCriticalPoint)
            at = self.turned.of_weights(place.certificate.box())
            if not holds(wide, at):  # Newton's method went to another one, which may be on the list
                return False
            self.points.append(index_of(self.own, place))
        except NotShown:
            return False
        self.places.append(at)
        return True


def _is_smaller(met: Box, box: Box) -> bool:
    """Whether a box lost so much of one of its sides that to shrink it again is worth more than to halve it."""
    return min((b - a) / (d - c) if d > c else 1.0 for (a, b), (c, d) in zip(met, box, strict=True)) < _WORTH


def all_points_within(own: TrainedPerceptron, within: float) -> Verdict:
    """The list of all critical points near the trained weights, at the largest of the distances ``within`` / 2^k at which the work
    suffices. Raises `NotShown` where it suffices for none.
    """
    turn = eigenvectors(own, own.weights)[1]
    found: tuple[float, list[int]] | None = None
    why, spent = "no tree of boxes", 0
    with taylor(_ROUGH, 3):
        search = _BoxTree(own, turn)
        for k in range(_DOUBLINGS, -1, -1):
            radius, before = within / 2**k, search.left
            if before < _GROWTH * spent:
                break
            try:
                found = radius, search.tree(radius)
            except (_TooManyBoxes, NotShown):
                why = f"more boxes than are tried would be needed to exclude others within {radius:g} of the trained weights"
                break
            spent = before - search.left
    if found is None:
        raise NotShown(why)
    return _shown(own, turn, *found, search.points)


def _shown(own: TrainedPerceptron, turn: Turn, radius: float, steps: list[int], points: list[Verdict]) -> Verdict:
    unknown = CriticalPointsWithin(own.hash, radius, (radius, ()), turn, tuple(steps), tuple(points), is_polynomial(own), _ROUGH)
    return issue(replace(unknown, value=(radius, tuple(sorted(index for index, _ in unknown.near(own))))), own)
