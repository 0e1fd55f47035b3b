"""The charts of a loss as data that can be stored: the coordinates of the functions as one program, and the quadric.

The gradients in the charts, and their derivatives, are made here from these. A loss is L(c) = c'Pc - 2 b'c + k on the coordinates c.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over, Sum
from neurovariety.certificates.gaussian import Coefficient
from neurovariety.certificates.modular_runs import ModularRun
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.stored_families import family_hash
from neurovariety.certificates.zeros import NotShown

Places = Sequence[tuple[int, int, int, float]]
"""Entries of a quadric: (row, column, number of the parameter, factor), row >= column."""
_PRIME = 2**61 - 1


def charts_hash(values: ExactSystem, places: Places, loss: np.ndarray, radii: np.ndarray) -> str:
    """The hash by which certificates speak of the charts of a loss."""
    plain = [(int(i), int(k), int(at), float(factor)) for i, k, at, factor in places]
    parts = [values.hash.encode(), repr(plain).encode(), loss.tobytes(), radii.tobytes()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def renamed(program: ExactSystem, order: tuple[int, ...], more: int = 0) -> ExactSystem:
    """The program whose input number k is what was input number ``order[k]``, and which has ``more`` further inputs."""
    n = program.unknowns
    place = {old: k for k, old in enumerate(order)} | {n + k: n + more + k for k in range(len(program.sums))}
    sums = tuple(tuple((c, tuple((place[s], e) for s, e in m)) for c, m in terms) for terms in program.sums)
    return ExactSystem(n + more, sums, tuple(place[s] for s in program.equations))


@dataclass(frozen=True)
class StoredQuadric:
    """P, b and k of a loss, exactly."""

    pairs: tuple[tuple[Fraction, ...], ...]
    against: tuple[Fraction, ...]
    constant: Fraction

    def __post_init__(self) -> None:
        n = len(self.against)
        square = len(self.pairs) == n and all(len(row) == n for row in self.pairs)
        if not square or any(self.pairs[i][k] != self.pairs[k][i] for i in range(n) for k in range(i)):
            raise ValueError("a quadric is a symmetric matrix, and as many numbers")

    @cached_property
    def definite(self) -> bool:
        """Whether all pivots of P are positive."""
        pivots = _pivots([list(row) for row in self.pairs])
        return bool(pivots) and all(pivot > 0 for pivot in pivots)

    @cached_property
    def nonnegative(self) -> bool:
        """Whether the loss is a sum of squares: the matrix of P, -b and k has no negative eigenvalue."""
        rows = [[*row, -b] for row, b in zip(self.pairs, self.against, strict=True)]
        return all(pivot >= 0 for pivot in _pivots([*rows, [*(-b for b in self.against), self.constant]]))

    @cached_property
    def least(self) -> Fraction | None:
        """The least value at real coordinates; None where P has a negative eigenvalue, or b is not in its image."""
        n = len(self.against)
        if any(pivot < 0 for pivot in _pivots([list(row) for row in self.pairs])):
            return None
        both = [[*row, b] for row, b in zip(self.pairs, self.against, strict=True)]
        matrix = flint.fmpq_mat(n, n + 1, [flint.fmpq(v.numerator, v.denominator) for row in both for v in row])
        reduced, rank = matrix.rref()
        best = [Fraction(0)] * n
        for row in range(rank):
            pivot = next(k for k in range(n + 1) if reduced[row, k] != 0)
            if pivot == n:
                return None
            best[pivot] = Fraction(int(reduced[row, n].p), int(reduced[row, n].q))
        return self.at(best)

    def at(self, c: Sequence[Fraction]) -> Fraction:
        """The loss of a function."""
        total = self.constant
        for value, row, b in zip(c, self.pairs, self.against, strict=True):
            total += value * (sum((p * other for p, other in zip(row, c, strict=True)), Fraction(0)) - 2 * b)
        return total


def _pivots(rows: list[list[Fraction]]) -> list[Fraction]:
    """The pivots of a symmetric matrix; -1 in place of one that is 0 beside entries that are not."""
    found = []
    for k in range(len(rows)):
        pivot = rows[k][k]
        found.append(pivot if pivot or not any(rows[k][k:]) else Fraction(-1))
        for i in range(k + 1, len(rows) if pivot else 0):
            share = rows[i][k] / pivot
            rows[i] = [a - share * b for a, b in zip(rows[i], rows[k], strict=True)]
    return found


@dataclass(frozen=True, eq=False)
class StoredChart:
    """The gradient in the weights that are free; what `critical_functions.WeightChart` asks."""

    system: ExactSystem
    prints: ExactSystem
    slopes: ExactSystem
    unknowns: int

    @property
    def held(self) -> int:
        return self.prints.unknowns - self.unknowns

    @property
    def coordinates(self) -> ExactSystem:
        return self.prints

    @property
    def hash(self) -> str:
        return family_hash(self.system, self.prints, self.prints, self.unknowns, np.zeros(0, dtype=np.int64))

    def parallel(self, here: np.ndarray, there: np.ndarray) -> bool:
        return np.array_equal(here, there)

    def can_have(self, points: int) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class StoredCharts:
    """What `critical_functions.Charts` asks, as data: ``values``, the coordinates in all weights; ``places`` of the quadric; the
    ``loss`` (b and the parameters of the quadric) in doubles, off by at most ``radii``; and the quadric exactly, where it is rational
    and small."""

    values: ExactSystem
    places: tuple[tuple[int, int, int, float], ...]
    loss: np.ndarray
    radii: np.ndarray
    quadric: StoredQuadric | None

    def __post_init__(self) -> None:
        n = len(self.values.equations)
        m = len(self.loss) - n
        inside = all(0 <= k <= i < n and 0 <= at < m for i, k, at, _ in self.places)
        if self.loss.ndim != 1 or self.loss.shape != self.radii.shape or m < 0 or not inside:
            raise ValueError("the loss has another number of coordinates or parameters")
        if self.quadric is not None and len(self.quadric.against) != n:
            raise ValueError("the quadric has another number of coordinates")

    @cached_property
    def hash(self) -> str:
        return charts_hash(self.values, self.places, self.loss, self.radii)

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        return hashlib.sha256(f"{self.hash}{self.quadric}".encode()).hexdigest()

    @cached_property
    def _slopes(self) -> ExactSystem:
        both, n = self.values.with_jacobian(), len(self.values.equations)
        return both.only(range(n, len(both.equations)))

    @cached_property
    def rank(self) -> int:
        """How many independent derivatives the coordinates have at one point mod a prime, which the hash of the program names: a
        pattern would be a special point of some networks."""
        text = [f"{self.values.hash} {k}".encode() for k in range(self.values.unknowns)]
        at = np.array([int.from_bytes(hashlib.sha256(t).digest(), "big") % _PRIME for t in text], dtype=object)
        rows = ModularRun(self.values, _PRIME).jacobians(at, np.zeros((1, 0), dtype=object), [])[0]
        return int(flint.nmod_mat(len(rows), self.values.unknowns, [int(v) for v in rows.reshape(-1)], _PRIME).rank())

    @property
    def fills(self) -> bool:
        return self.rank == len(self.values.equations)

    @property
    def known_quadric(self) -> StoredQuadric:
        """The quadric. Raises `NotStored` where it is not there."""
        if self.quadric is None:
            raise NotStored("the loss is not rational, or has too many coordinates, so the loss of networks is not rechecked")
        return self.quadric

    def definite(self) -> bool:
        return self.known_quadric.definite

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        return bounds_of(self.known_quadric.at(values_at(self.values, weights)))

    def chart(self, free: tuple[int, ...]) -> StoredChart:
        count = self.values.unknowns
        if len(set(free)) < len(free) or not all(0 <= i < count for i in free):
            raise NotShown("different weights are expected to be free")
        if free not in self._charts:
            order = (*free, *(i for i in range(count) if i not in free))
            rows = range(len(self.values.equations))
            slopes = self._slopes.only([row * count + k for row in rows for k in free])
            self._charts[free] = StoredChart(
                self._gradient(order, len(free)), renamed(self.values, order), renamed(slopes, order), len(free)
            )
        return self._charts[free]

    @cached_property
    def _charts(self) -> dict[tuple[int, ...], StoredChart]:
        return {}

    def _gradient(self, order: tuple[int, ...], free: int) -> ExactSystem:
        """sum_i (Pc - b)_i dc_i / dw_k for the first ``free`` weights of an order; b and the parameters of P are inputs as well."""
        count, n = self.values.unknowns, len(self.values.equations)
        both = renamed(self.values.with_jacobian(), order, len(self.loss))
        c, derivatives = both.equations[:n], both.equations[n:]
        off: list[list[tuple[Coefficient, tuple[tuple[int, int], ...]]]] = [[(-1, ((count + i, 1),))] for i in range(n)]
        for i, k, at, factor in self.places:
            entry, size = count + n + at, flint.fmpq(*float(factor).as_integer_ratio())
            off[i].append((size, ((entry, 1), (c[k], 1))))
            if i != k:
                off[k].append((size, ((entry, 1), (c[i], 1))))
        first = both.unknowns + len(both.sums)
        sums: list[Sum] = [*both.sums, *map(tuple, off)]
        for k in range(free):
            sums.append(tuple((1, ((derivatives[i * count + order[k]], 1), (first + i, 1))) for i in range(n)))
        system = ExactSystem(both.unknowns, tuple(sums), tuple(range(first + n, first + n + free)))
        return system.only(range(free))


def values_at(program: ExactSystem, weights: Sequence[float]) -> list[Fraction]:
    """The outputs at the binary fractions that floats store. Raises `NotShown` where they are no numbers, or a denominator is 0."""
    if len(weights) != program.unknowns or not np.isfinite(weights).all():
        raise NotShown("other weights are expected")
    at = [flint.fmpq(*float(w).as_integer_ratio()) for w in weights]
    try:
        found = [flint.fmpq(1) * v for v in Over(program, lambda c: flint.fmpq(1) * c)(at)]
    except ZeroDivisionError:
        raise NotShown("a denominator vanishes at the weights") from None
    return [Fraction(int(v.p), int(v.q)) for v in found]


def bounds_of(value: Fraction) -> tuple[float, float]:
    """Doubles below and above a number."""
    near = float(value)
    low = near if Fraction(near) <= value else float(np.nextafter(near, -np.inf))
    return low, near if Fraction(near) >= value else float(np.nextafter(near, np.inf))
