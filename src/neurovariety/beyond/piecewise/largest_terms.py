"""All ways in which the largest of a few affine functions can part points, found point by point.

A beginning, sets of the first points, asks for functions with a certain one the largest at each: a cone of inequalities that is open.
The sum of these inequalities nearest to 0, by non-negative least squares, is the solution of both questions: it reads 0 > 0, or it is a
point of the cone. What floats propose is made exact, and where that fails a simplex method in rational numbers decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm

import flint
import numpy as np
from scipy.optimize import nnls

from neurovariety.certificates.classification_fans import Conflict, PartitionsOfPoints, Whole, contradicts, largest, with_ones
from neurovariety.certificates.functions import Inputs
from neurovariety.errors import ResourceError
from neurovariety.exact_numbers import power_of_two
from neurovariety.linear_algebra.rational_programme import maximum
from neurovariety.progress import note

_MOST_STEPS = 4 * 10**7
"""Inequalities times coefficients, of all beginnings that are asked about together: some ten seconds."""
_LEAST_STEPS = 500
"""What a question costs at least."""
_BITS = (3, 6, 12, 24, 48)
"""Of coefficients that are tried one after another: short ones first."""


def partitions_by_terms(points: Inputs, terms: int) -> PartitionsOfPoints:
    """All partitions of different points by the largest of at most so many affine functions. Raises `ResourceError` where they are
    too many."""
    return _Search(points, terms).run()


@dataclass
class _Search:
    points: Inputs
    terms: int
    steps: int = 0
    witnesses: list[tuple[Whole, ...]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = with_ones(self.points)
        self.scales, near = _centred(self.points)
        self.near = np.array([[float(v) for v in row] for row in near])

    def run(self) -> PartitionsOfPoints:
        """Through all beginnings, in the order in which the certificate has them."""
        one: tuple[Whole, ...] = ((1, *([0] * len(self.points[0]))),)
        waiting: list[tuple[Whole, tuple[Whole, ...] | None]] = [((0,), one)]
        while waiting:
            sets, known = waiting.pop()
            forms = known or self._answer(sets)
            if forms is None:
                continue
            if len(sets) == len(self.points):
                self.witnesses.append(forms)
                note(phase=f"{len(self.witnesses):,} partitions so far")
                continue
            next_one = largest(forms, self.rows[len(sets)])
            more = min(max(sets) + 2, self.terms)
            waiting += [((*sets, k), forms if k == next_one else None) for k in reversed(range(more))]
        return PartitionsOfPoints(self.points, self.terms, tuple(self.witnesses), tuple(self.conflicts))

    def _answer(self, sets: Whole) -> tuple[Whole, ...] | None:
        """Functions that part the first points so; or None, and one more conflict."""
        count = max(sets) + 1
        pairs = [(i, k) for i, own in enumerate(sets) for k in range(count) if k != own]
        self.steps += max(_LEAST_STEPS, len(pairs) * count * len(self.rows[0]))
        if self.steps > _MOST_STEPS:
            raise ResourceError(
                f"the largest of {self.terms:,} terms divides {len(self.points):,} points in more ways than are gone through; "
                "give fewer points or terms"
            )
        table = np.zeros((len(pairs), count, len(self.rows[0])))
        for row, (i, k) in zip(table, pairs, strict=True):
            row[sets[i]], row[k] = self.near[i], -self.near[i]
        flat = table.reshape(len(pairs), -1)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        try:
            weights = nnls(np.vstack([flat.T, np.ones(len(pairs))]), np.array([*([0.0] * flat.shape[1]), 1.0]))[0]
        except RuntimeError:  # it went in circles
            weights = np.zeros(len(pairs))
        forms = self._whole((flat.T @ weights).reshape(count, -1), sets)
        if forms is not None:
            return forms
        conflict = self._sum_to_nothing(sets, [p for p, w in zip(pairs, weights, strict=True) if w > 0])
        if conflict is not None:
            self.conflicts.append(conflict)
            return None
        return self._exactly(sets, pairs)

    def _whole(self, forms: np.ndarray, sets: Whole) -> tuple[Whole, ...] | None:
        """Whole coefficients near these, in the units of the points, that part the first points so."""
        size = np.abs(forms).max()
        if not size > 0:
            return None
        for bits in _BITS:
            found = self._in_units([[Fraction(int(v)) for v in form] for form in np.rint(forms / size * 2.0**bits)])
            if all(largest(found, self.rows[i]) == own for i, own in enumerate(sets)):
                return found
        return None

    def _in_units(self, forms: Sequence[Sequence[Fraction]]) -> tuple[Whole, ...]:
        """Forms in centred coordinates, in those of the points, as the shortest whole multiples of all."""
        out = []
        for first, *others in forms:
            slopes = [v / size for v, (_, size) in zip(others, self.scales, strict=True)]
            out.append([first - sum((v * middle for v, (middle, _) in zip(slopes, self.scales, strict=True)), Fraction(0)), *slopes])
        over = lcm(*(v.denominator for form in out for v in form))
        whole = [[int(v * over) for v in form] for form in out]
        common = gcd(*(v for form in whole for v in form)) or 1
        return tuple(tuple(v // common for v in form) for form in whole)

    def _sum_to_nothing(self, sets: Whole, pairs: Sequence[tuple[int, int]]) -> Conflict | None:
        """Positive whole weights with which the inequalities of these pairs add up to 0 > 0."""
        if not pairs:
            return None
        basis, nullity = flint.fmpz_mat([list(column) for column in zip(*self._inequalities(sets, pairs), strict=True)]).nullspace()
        for j in range(nullity):
            weights = [int(basis[i, j]) for i in range(len(pairs))]
            common = gcd(*weights) * (1 if sum(weights) > 0 else -1)
            found = tuple((i, k, w // common) for (i, k), w in zip(pairs, weights, strict=True) if w)
            if contradicts(found, sets, self.rows):
                return found
        return None

    def _inequalities(self, sets: Whole, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
        n, out = len(self.rows[0]), []
        for i, k in pairs:
            row = [0] * (n * (max(sets) + 1))
            row[sets[i] * n : (sets[i] + 1) * n] = self.rows[i]
            row[k * n : (k + 1) * n] = [-v for v in self.rows[i]]
            out.append(row)
        return out

    def _exactly(self, sets: Whole, pairs: Sequence[tuple[int, int]]) -> tuple[Whole, ...] | None:
        """The same by the largest t <= 1 that all inequalities can reach."""
        rows = self._inequalities(sets, pairs)
        width = len(rows[0])
        found = maximum(
            [1, *([0] * (2 * width))],
            [[1, *(-v for v in row), *row] for row in rows] + [[1, *([0] * (2 * width))]],
            [*([0] * len(rows)), 1],
            inside=False,
        )
        assert found is not None
        if found.value > 0:
            forms = [a - b for a, b in zip(found.solution[1 : width + 1], found.solution[width + 1 :], strict=True)]
            over, n = lcm(*(v.denominator for v in forms)), len(self.rows[0])
            return tuple(tuple(int(v * over) for v in forms[k : k + n]) for k in range(0, width, n))
        weights = found.prices[: len(rows)]
        over = lcm(*(w.denominator for w in weights))
        self.conflicts.append(tuple((i, k, int(w * over)) for (i, k), w in zip(pairs, weights, strict=True) if w))
        return None


def _centred(points: Inputs) -> tuple[list[tuple[Fraction, Fraction]], list[list[Fraction]]]:
    """For each coordinate a middle and a size, and the points with a 1 before them in units of these, of size about 1."""
    scales = []
    for column in zip(*points, strict=True):
        low, high = min(column), max(column)
        size = Fraction(2) ** power_of_two(high - low) if high > low else Fraction(1)
        scales.append((round((low + high) / 2 / size) * size, size))
    return scales, [[Fraction(1), *((v - middle) / size for v, (middle, size) in zip(p, scales, strict=True))] for p in points]
