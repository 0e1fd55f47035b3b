"""Small linear programmes over the rational numbers, by the simplex method in exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Row = list[Fraction]


@dataclass(frozen=True)
class Optimum:
    """The largest ``value``, a ``solution`` inside of all that attain it, and the ``prices`` of the rows, a solution of the dual."""

    value: Fraction
    solution: tuple[Fraction, ...]
    prices: tuple[Fraction, ...]


def maximum(
    gain: Sequence[Fraction | int], rows: Sequence[Sequence[Fraction | int]], most: Sequence[Fraction | int], inside: bool = True
) -> Optimum | None:
    """The largest gain . x with x >= 0 and rows . x <= most, where no number of ``most`` is negative; None where it is not bounded.

    The solution is in the relative interior of all optimal ones, which are bounded then: a variable, and a slack of a row, is 0 in it
    where it is 0 in all. Without ``inside`` it is a corner. Bland's rule, and so no circles.
    """
    found = _Tableau(gain, rows, most)
    if not found.climb():
        return None
    value, prices = found.value, found.prices()
    corners = [found.point()]
    for variable in range(found.width if inside else 0):
        if found.reduced(variable) or any(c[variable] for c in corners):
            continue
        found.favour(variable)
        if not found.climb():
            return None
        corners.append(found.point())
    count = len(corners)
    solution = tuple(sum((c[i] for c in corners), Fraction(0)) / count for i in range(found.unknowns))
    return Optimum(value, solution, prices)


class _Tableau:
    """Unknowns and then slacks; in each row the basic variable has coefficient 1."""

    def __init__(
        self, gain: Sequence[Fraction | int], rows: Sequence[Sequence[Fraction | int]], most: Sequence[Fraction | int]
    ) -> None:
        self.unknowns, count = len(gain), len(rows)
        self.width = self.unknowns + count
        self.rows = [
            [*map(Fraction, r), *(Fraction(int(k == i)) for k in range(count)), Fraction(m)]
            for i, (r, m) in enumerate(zip(rows, most, strict=True))
        ]
        self.gain: Row = [*map(Fraction, gain), *([Fraction(0)] * (count + 1))]
        self.second: Row | None = None
        self.basis = list(range(self.unknowns, self.width))

    @property
    def value(self) -> Fraction:
        return -self.gain[-1]

    def reduced(self, variable: int) -> Fraction:
        """What the gain loses with the variable; 0 for one that may enter without loss."""
        return self.gain[variable]

    def prices(self) -> tuple[Fraction, ...]:
        return tuple(-g for g in self.gain[self.unknowns : self.width])

    def point(self) -> Row:
        out = [Fraction(0)] * self.width
        for row, b in zip(self.rows, self.basis, strict=True):
            out[b] = row[-1]
        return out

    def favour(self, variable: int) -> None:
        """From here on maximize this variable among the optimal solutions."""
        self.second = [Fraction(int(k == variable)) for k in range(self.width + 1)]
        for row, b in zip(self.rows, self.basis, strict=True):
            self._eliminate(self.second, row, b)

    def climb(self) -> bool:
        """Go to an optimum; False where there is none."""
        while True:
            aim = self.gain if self.second is None else self.second
            entering = next((k for k in range(self.width) if aim[k] > 0 and (self.second is None or not self.gain[k])), None)
            if entering is None:
                return True
            ratios = [(row[-1] / row[entering], self.basis[i], i) for i, row in enumerate(self.rows) if row[entering] > 0]
            if not ratios:
                return False
            self._pivot(min(ratios)[2], entering)

    def _pivot(self, i: int, entering: int) -> None:
        size = self.rows[i][entering]
        self.rows[i] = [x / size for x in self.rows[i]]
        for k, row in enumerate(self.rows):
            if k != i:
                self._eliminate(row, self.rows[i], entering)
        self._eliminate(self.gain, self.rows[i], entering)
        if self.second is not None:
            self._eliminate(self.second, self.rows[i], entering)
        self.basis[i] = entering

    @staticmethod
    def _eliminate(row: Row, by: Row, column: int) -> None:
        factor = row[column]
        if factor:
            for k, x in enumerate(by):
                if x:
                    row[k] -= factor * x
