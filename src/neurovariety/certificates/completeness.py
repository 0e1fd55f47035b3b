"""The three tests after which a list is said to be complete, and what is shown without one.

Each point is proved: it lies near one zero, and all are different. That none is missing is what a test speaks of, and no test is a
proof: `Claim.COMPLETE` is the most that follows, and nothing exact may follow from that.

`Traced` (T). The sum over all points of an irreducible variety on parallel general slices is an affine-linear function of the
slice, and over a proper part of them it is not (Sommese, Verschelde, Wampler 2002). The second difference of the sum over three
slices has to contain 0 in every coordinate within the radius that is proved of it, and for every single point there has to be a
coordinate in which its own second difference is larger by `MARGIN` than that of the sum with its radius. One point is no question
for the test.

`Continued` (C). As many regular, different zeros as at general parameters, N > 0: there is no room for another isolated one. Where the
solutions form a bundle over smooth functions together with the parameters, as critical points do, there is no other one at all. For
that set is irreducible and has the dimension of the space of parameters P, so next to each of its pairs (x, p) there are pairs with
general parameters; but for these all N solutions lie next to the regular ends, each of which goes on by itself. So x is one of these,
and no curve of smooth critical functions lies beside them. Sets that are no bundle may have one: x (x - 1) = 0, x y + (1 - x) p = 0
has the one solution (1, 0) where p is not 0, and at p = 0 a line beside it.

`Looped` (L). Fewer, at general members of a smaller family whose incidence is irreducible: they are mapped to themselves, one to
one, by so many loops through other members. If a loop acts like a random permutation, a proper part survives eight with a small
probability.

Either rests on a number at general parameters of the same problem: `general_members` says when it is one of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.float_balls import Balls
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.general_members import CRITICAL_POINTS, GENERAL, SLICE, Relation, check_bound
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.shown_points import Points, Programs, SystemFamily
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

MARGIN = 1e4
"""A complete set's second difference must be this many times smaller than that of every point."""
FEW, ARCS = 50, 8
"""A set of at most so many points must be closed under so many arcs."""
LOOPS = 8
SURE = (Claim.PROVED, Claim.PROBABILITY)


def _check(premises: tuple[Verdict, ...]) -> None:
    if not premises or len({p.statement.subject for p in premises}) > 1:
        raise NotShown("the dimension of one model is expected")
    for p in premises:
        if not p.shown or p.claim not in SURE or p.statement.kind != DIMENSION:
            raise NotShown(f"the {p.statement.kind} is not known for sure")


@dataclass(frozen=True, eq=False)
class Distinct:
    """Zeros of a general member that are shown and different: at least so many. ``premises`` say of which model the family is, and no
    more than that."""

    kind: str
    family: str
    points: Points
    premises: tuple[Verdict, ...] = ()

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where one is not shown, or two are not shown to be different."""
        if subject.hash != self.family or self.kind not in GENERAL or not all(p.shown for p in self.premises):
            raise NotShown("the certificate is one of another family")
        self.points.shown(Programs.of(subject)).check_different()

    def concludes(self) -> tuple[Statement, Claim]:
        """At least so many."""
        return Statement(self.kind, self.family, len(self.points)), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class Traced:
    """All points of a variety on a general slice, by test T over three parallel ``slices``; ``arcs`` under which the first is closed.

    ``premises``: what is known of the dimension.
    """

    kind: str
    family: str
    slices: tuple[Points, Points, Points]
    arcs: int
    premises: tuple[Verdict, ...]

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where a point is not shown, where the test does not pass, or where exact arithmetic speaks against it."""
        if subject.hash != self.family or self.kind != SLICE:
            raise NotShown("the certificate is one of another family")
        _check(self.premises)
        count = len(self.slices[0])
        if count < 2 or (count <= FEW and self.arcs < ARCS):
            raise NotShown("too few points, or arcs, for a test")
        here, middle, there = (p.parameters for p in self.slices)
        uneven = np.abs(here - 2 * middle + there) > 8 * np.finfo(np.float64).eps * (np.abs(here) + np.abs(there))
        if uneven.any() or not subject.parallel(here, there) or {len(p) for p in self.slices} != {count}:
            raise NotShown("three parallel slices with as many points each are expected")
        programs = Programs.of(subject)
        images = []
        for points in self.slices:
            shown = points.shown(programs)
            shown.check_different()
            images.append(shown.images(programs.coordinates))
        if not passes(images):
            raise NotShown("the trace test does not pass")
        if not subject.can_have(count):
            raise NotShown("exact arithmetic shows that there are more points")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many points; that none is missing is what test T says."""
        error = sum(p.statement.error for p in self.premises)
        scope = tuple(dict.fromkeys(phrase for p in self.premises for phrase in p.statement.scope))
        return Statement(self.kind, self.family, len(self.slices[0]), scope, error), Claim.COMPLETE


def passes(images: list[Balls]) -> bool:
    """Test T for balls of the coordinates of points, paired, on three slices at equal distances."""
    a, b, c = images
    each = a.values - 2 * b.values + c.values
    rounding = 16 * np.finfo(np.float64).eps * (np.abs(a.values) + 2 * np.abs(b.values) + np.abs(c.values))
    radius = a.sizes + 2 * b.sizes + c.sizes + rounding
    whole = np.abs(each.sum(axis=0))
    slack = radius.sum(axis=0) + len(each) * np.finfo(np.float64).eps * np.abs(each).sum(axis=0)
    if not (whole <= slack).all():
        return False
    alone = np.maximum(np.abs(each) - radius, 0.0)
    return bool((alone >= MARGIN * (whole + slack)).any(axis=1).all())


@dataclass(frozen=True, eq=False)
class Continued:
    """All isolated points at stated parameters, by test C: as many regular ends as ``general``, the number at general parameters, which
    ``by`` relates to these systems (None: they are the same)."""

    kind: str
    family: str
    points: Points
    general: Verdict
    by: Relation = None

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where one is not shown, two may be the same, or their number is another or one of another problem."""
        if subject.hash != self.family or self.kind != CRITICAL_POINTS:
            raise NotShown("the certificate is one of another family")
        check_bound(self.general, subject, self.points.parameters, self.by)
        if not len(self.points):
            raise NotShown("what has no solution in general may have a curve of them")
        if len(self.points) != self.general.statement.value:
            raise NotShown(f"{len(self.points)} of {self.general.statement.value} ends are regular")
        self.points.shown(Programs.of(subject)).check_different()

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, by test C."""
        known = self.general.statement
        return Statement(self.kind, self.family, len(self.points), known.scope, known.error), Claim.COMPLETE


@dataclass(frozen=True, eq=False)
class Looped:
    """All points at a general member of a family, by test L: of the ``general`` ones, which ``by`` relates to these systems, these
    ended here, and ``loops`` (each the partners of the points, in order) map them to themselves, while the parameters ``moving`` go
    round."""

    kind: str
    family: str
    points: Points
    general: Verdict
    loops: tuple[tuple[int, ...], ...]
    moving: tuple[int, ...]
    by: Relation = None

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` where one is not shown, two may be the same, a loop is no permutation, or the number is one of another
        problem."""
        if subject.hash != self.family or self.kind != CRITICAL_POINTS:
            raise NotShown("the certificate is one of another family")
        check_bound(self.general, subject, self.points.parameters, self.by)
        count, parameters = len(self.points), len(self.points.parameters)
        if not count or count > self.general.statement.value:
            raise NotShown("the number at general parameters is smaller")
        if not self.moving or not all(0 <= i < parameters for i in self.moving) or len(set(self.moving)) < len(self.moving):
            raise NotShown("parameters that loops move are expected")
        if len(self.loops) < LOOPS or any(sorted(loop) != list(range(count)) for loop in self.loops):
            raise NotShown("the points are not closed under eight loops")
        self.points.shown(Programs.of(subject)).check_different()

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, by test L."""
        known = self.general.statement
        return Statement(self.kind, self.family, len(self.points), known.scope, known.error), Claim.COMPLETE
