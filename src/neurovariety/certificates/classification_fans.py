"""The classification fan of points under differences of maxima of affine functions, and the activation polytope whose normal fan it is.

f = max(a_1, ..., a_n) - max(b_1, ..., b_m) has K = n + m terms. Its parameters, the coefficients of all of them, lie in a maximal
cone of the fan where at each point one term is larger than all others; the cone is the set of parameters with that term at each
point. It is the normal cone of a vertex of the sum over the points p of the simplices with the vertices (1, p) at the place of a
term.

Which term is which is a matter of names: a cone is a partition of the points into at most K sets, one for each term that is the
largest somewhere, and terms that are nowhere the largest can be so far down that they say nothing. Partitions are gone through point
by point. One is seen from whole numbers, the coefficients of its terms; that no parameters begin in some way is seen from a sum of
inequalities, with positive whole weights, that reads 0 > 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm, perm
from typing import Literal

import flint

from neurovariety.certificates.functions import Inputs, at_inputs
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Whole = tuple[int, ...]
Conflict = tuple[tuple[int, int, int], ...]
"""Entries (point, other set, weight): the weight stands before "the term of the point's own set is larger there than that of the
other"."""
CountedPart = Literal["cones", "dichotomies", "mistakes"]


def with_ones(points: Inputs) -> list[Whole]:
    """The points as whole vectors (d, d p), d > 0. Raises `NotShown` where they are none, differ in size, or two are the same."""
    if not points or len(set(points)) < len(points) or len({len(p) for p in points}) > 1:
        raise NotShown("different points of one size are expected")
    rows = []
    for point in points:
        d = lcm(*(v.denominator for v in point))
        rows.append((d, *(v.numerator * (d // v.denominator) for v in point)))
    return rows


def largest(forms: Sequence[Sequence[int]], row: Whole) -> int:
    """Which of the forms is larger at a vector than all others, -1 where none is."""
    values = [sum(a * b for a, b in zip(form, row, strict=True)) for form in forms]
    most = max(values)
    return values.index(most) if values.count(most) == 1 else -1


def contradicts(conflict: Conflict, sets: Sequence[int], rows: Sequence[Whole]) -> bool:
    """Whether a sum of inequalities of the points, each in its set, reads 0 > 0."""
    sums = [[0] * len(rows[0]) for _ in range(max(sets) + 1)]
    for point, other, weight in conflict:
        if any(type(v) is not int for v in (point, other, weight)) or weight <= 0:
            return False
        if not 0 <= point < len(sets) or not 0 <= other < len(sums) or other == sets[point]:
            return False
        for sign, form in ((weight, sums[sets[point]]), (-weight, sums[other])):
            for i, v in enumerate(rows[point]):
                form[i] += sign * v
    return bool(conflict) and not any(map(any, sums))


@dataclass(frozen=True)
class PartitionsOfPoints:
    """All partitions of ``points``, which are different, by which of at most ``terms`` affine functions is the largest.

    ``witnesses``: for each the whole coefficients of its functions, in the order of their first points. ``conflicts``: what closes
    each beginning that none of them has, though all of it but the last point is one, in the order of a walk.
    """

    points: Inputs
    terms: int
    witnesses: tuple[tuple[Whole, ...], ...]
    conflicts: tuple[Conflict, ...]

    def check(self, subject: None) -> None:
        """Raises `NotShown` where a partition is not that of its functions, or a beginning is not closed."""
        if subject is not None or type(self.terms) is not int or self.terms < 1:
            raise NotShown("points and a number of terms are expected")
        rows, found = with_ones(self.points), self.sets
        if any(a >= b for a, b in pairwise(found)):
            raise NotShown("partitions are different, in order")
        if any(min(sets) < 0 or max(sets) >= self.terms or list(dict.fromkeys(sets)) != list(range(max(sets) + 1)) for sets in found):
            raise NotShown("each point is in a set, and sets are numbered as they are met")
        met = {sets[:k] for sets in found for k in range(len(rows) + 1)}
        left = iter(self.conflicts)
        for beginning in self._closed(met):
            conflict = next(left, None)
            if conflict is None or not contradicts(conflict, beginning, rows):
                raise NotShown(f"that no partition begins with {beginning} is not shown")
        if next(left, None) is not None:
            raise NotShown("a conflict is of no beginning")

    def _closed(self, met: set[Whole]) -> Iterator[Whole]:
        """The beginnings that are not met, though all of each but the last point is."""
        waiting: list[Whole] = [()]
        while waiting:
            beginning = waiting.pop()
            if beginning not in met:
                yield beginning
            elif len(beginning) < len(self.points):
                more = min(max(beginning, default=-1) + 2, self.terms)
                waiting += [(*beginning, k) for k in reversed(range(more))]

    @cached_property
    def sets(self) -> tuple[Whole, ...]:
        """Each partition as the set of each point; -1 where no term is larger than all others."""
        rows = with_ones(self.points)
        if any(not forms or any(type(v) is not int for form in forms for v in form) for forms in self.witnesses):
            raise NotShown("coefficients are whole numbers")
        return tuple(tuple(largest(forms, row) for row in rows) for forms in self.witnesses)

    def concludes(self) -> tuple[Statement, Claim]:
        """How many partitions there are, by their number of sets."""
        sizes = [max(sets) + 1 for sets in self.sets]
        counts = {str(k): sizes.count(k) for k in sorted(set(sizes))}
        kind = at_inputs("classification-fan: partitions", self.points)
        return Statement(kind, "", counts, (f"for {self.terms} affine functions",)), Claim.PROVED


def partitions_of(known: Verdict) -> PartitionsOfPoints:
    """Those of a verdict on all partitions. Raises `NotShown` for another one."""
    own = known.certificate
    if not known.shown or not isinstance(own, PartitionsOfPoints) or (known.statement, known.claim) != own.concludes():
        raise NotShown("all partitions of the points are expected to be known")
    return own


@dataclass(frozen=True)
class CountedCones:
    """What follows of the maximal cones from a verdict on all partitions, for ``terms`` in numerator and denominator.

    ``part``: "cones", how many there are; "dichotomies", how many sets of points f is positive on; or "mistakes", how many cones have
    so many samples on the wrong side. ``labels``: for these how many samples at each point are negative, and positive.
    """

    part: CountedPart
    terms: tuple[int, int]
    labels: tuple[tuple[int, int], ...]
    partitions: Verdict

    def check(self, subject: None) -> None:
        """Raises `NotShown` where the partitions are those of other points, or of another number of terms."""
        known = partitions_of(self.partitions)
        if subject is not None or self.part not in ("cones", "dichotomies", "mistakes"):
            raise NotShown("a part of the fan is expected")
        if any(type(v) is not int or v < 1 for v in self.terms) or sum(self.terms) != known.terms:
            raise NotShown("the partitions are those of another number of terms")
        wanted = len(known.points) if self.part == "mistakes" else 0
        if (
            len(self.labels) != wanted
            or any(type(v) is not int or v < 0 for row in self.labels for v in row)
            or not all(map(any, self.labels))
        ):
            raise NotShown("labels of each point are expected, or none")

    def concludes(self) -> tuple[Statement, Claim]:
        """A number, or numbers of cones by mistakes."""
        known = partitions_of(self.partitions)
        above, below = self.terms
        value: int | dict[str, int]
        if self.part == "cones":
            value = sum(perm(known.terms, max(sets) + 1) for sets in known.sets)
        elif self.part == "dichotomies":
            value = len({positive for sets in known.sets for _, positive in sides_of(sets, self.terms)})
        else:
            counts: dict[int, int] = {}
            for sets in known.sets:
                for up, positive in sides_of(sets, self.terms):
                    wrong = sum(row[0] if positive >> i & 1 else row[1] for i, row in enumerate(self.labels))
                    counts[wrong] = counts.get(wrong, 0) + perm(above, up) * perm(below, max(sets) + 1 - up)
            value = {str(k): counts[k] for k in sorted(counts)}
        rows = known.points
        if self.labels:
            rows = tuple((*p, *map(Fraction, row)) for p, row in zip(known.points, self.labels, strict=True))
        kind = at_inputs(f"classification-fan: {self.part}", rows)
        return Statement(kind, "", value, (of_terms(self.terms),)), Claim.PROVED


def of_terms(terms: tuple[int, int]) -> str:
    """Of which functions something is said."""
    above, below = (f"{n:,} affine function{'' if n == 1 else 's'}" for n in terms)
    return f"for the maximum of {above} less that of {below}"


def sides_of(sets: Whole, terms: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The ways to give the sets of a partition to numerator and denominator, as far as these have terms: how many the numerator gets,
    and the points in them, as bits."""
    count = max(sets) + 1
    points = [sum(1 << i for i, k in enumerate(sets) if k == own) for own in range(count)]
    for chosen in range(1 << count):
        up = chosen.bit_count()
        if up <= terms[0] and count - up <= terms[1]:
            yield up, sum(p for k, p in enumerate(points) if chosen >> k & 1)


@dataclass(frozen=True)
class DimensionOfActivation:
    """The dimension of the activation polytope: differences of the vertices of the simplices span a space for each term but one."""

    points: Inputs
    terms: tuple[int, int]

    def check(self, subject: None) -> None:
        """Raises `NotShown` where there are no points, or no terms."""
        with_ones(self.points)
        if subject is not None or any(type(v) is not int or v < 1 for v in self.terms):
            raise NotShown("points and terms are expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The terms less one, times the rank of the points with a 1 before each."""
        value = (sum(self.terms) - 1) * int(flint.fmpz_mat(with_ones(self.points)).rank())
        return Statement(at_inputs("classification-fan: dimension", self.points), "", value, (of_terms(self.terms),)), Claim.PROVED
