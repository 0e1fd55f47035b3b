"""An upper bound for the dimension of F_p[x_1, ..., x_n] / I, from leading monomials of polynomials of I.

Monomials that no leading monomial of a polynomial of I divides span the quotient: whatever else there is reduces to smaller ones. So
their number, where it is finite, is an upper bound, whether or not the polynomials are a Gröbner basis. All that has to be known of
these is that they belong to I. A `Trace` says how they come about: in each step multiples of polynomials that are there, by monomials,
are reduced by linear algebra, as in Faugère's F4; what is left joins them. Whatever a trace says, the results are linear combinations
of multiples of the generators, so a wrong one leaves more standard monomials, and never fewer than there are.

Monomials are ordered by degree, and reverse lexicographically within a degree. Each has a number, its key, that grows with the order,
and the key of a product is the sum of keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import flint
import numpy as np

from neurovariety.certificates.modular_products import Integers, Residues
from neurovariety.certificates.zeros import NotShown

Exponents = tuple[int, ...]
_KEY_BITS = 63
_BLOCK = 128
"""Columns that are reduced at once."""


_LARGEST_EXPONENT = 10_000
"""Of multipliers in a trace: sums of exponents stay far from the end of 64 bits."""


class Polynomial(NamedTuple):
    """Keys of monomials, the largest first, and their coefficients, of which the first is 1."""

    keys: Integers
    coefficients: Integers


@dataclass(frozen=True, eq=False)
class TraceStep:
    """Multiples of polynomials number ``numbers`` by the monomials with exponents ``multipliers``.

    The first ``reducers`` of them are those that the others are reduced by.
    """

    reducers: int
    numbers: Integers
    multipliers: Integers


Trace = tuple[TraceStep, ...]


@dataclass(frozen=True)
class ModularRing:
    """F_p[x_1, ..., x_n]."""

    unknowns: int
    p: int

    @cached_property
    def bits(self) -> int:
        """Exponents, and degrees, are smaller than 2^bits."""
        return _KEY_BITS // (self.unknowns + 1)

    def keys(self, exponents: Integers) -> Integers:
        """Keys of monomials (..., n). Raises `NotShown` where a degree is too large."""
        degree = exponents.sum(axis=-1)
        if exponents.size and (exponents.min() < 0 or degree.max() >= 1 << self.bits):
            raise NotShown("the degrees are too large to count zeros modulo a prime")
        weights = np.array([1 << (self.bits * i) for i in range(self.unknowns)], dtype=np.int64)
        out: Integers = (degree << (self.bits * self.unknowns)) - exponents @ weights
        return out

    def exponents(self, keys: Integers) -> Integers:
        """The monomials (..., n) of keys."""
        top = self.bits * self.unknowns
        degree = -((-keys) >> top)
        rest = (degree << top) - keys
        return np.stack([(rest >> (self.bits * i)) & ((1 << self.bits) - 1) for i in range(self.unknowns)], axis=-1)

    def polynomial(self, terms: dict[Exponents, int]) -> Polynomial:
        """One that is not 0, divided by its leading coefficient."""
        keys = self.keys(np.array(list(terms), dtype=np.int64).reshape(-1, self.unknowns))
        order = np.argsort(-keys)
        values = np.array(list(terms.values()), dtype=np.int64)[order]
        inverse = np.array([pow(int(values[0]), -1, self.p)], dtype=np.int64)
        return Polynomial(keys[order], Residues(self.p).times(values, inverse))

    def multiples(self, polynomials: Sequence[Polynomial], monomials: Integers) -> list[Polynomial]:
        """Each polynomial times its monomial. Raises `NotShown` where a degree is too large."""
        keys = self.keys(monomials)
        top = self.bits * self.unknowns
        leading = np.array([f.keys[0] for f in polynomials], dtype=np.int64)
        if len(leading) and (-((-leading) >> top) - ((-keys) >> top)).max() >= 1 << self.bits:
            raise NotShown("the degrees are too large to count zeros modulo a prime")
        return [Polynomial(f.keys + key, f.coefficients) for f, key in zip(polynomials, keys, strict=True)]


class Remainders(NamedTuple):
    """Polynomials as rows of a matrix, whose columns are monomials, the largest first."""

    keys: Integers
    rows: Integers


def remainders(ring: ModularRing, reducers: Sequence[Polynomial], others: Sequence[Polynomial]) -> Remainders:
    """What is left of the others after reduction by all reducers; of reducers with equal leading monomials the first one counts."""
    field = Residues(ring.p)
    leading, chosen = np.unique(-np.array([f.keys[0] for f in reducers], dtype=np.int64), return_index=True)
    pivots, count = [reducers[i] for i in chosen], len(chosen)
    everything = np.unique(-np.concatenate([f.keys for f in (*pivots, *others)]))
    rest = np.setdiff1d(everything, leading, assume_unique=True)
    place = np.empty(len(everything), dtype=np.int64)
    place[np.searchsorted(everything, leading)] = np.arange(count)
    place[np.searchsorted(everything, rest)] = count + np.arange(len(rest))
    matrix = np.zeros((len(others), len(everything)), dtype=np.int64)
    for i, f in enumerate(others):
        matrix[i, place[np.searchsorted(everything, -f.keys)]] = f.coefficients
    if not count:
        return Remainders(-rest, matrix)
    row = np.repeat(np.arange(count), [len(f.keys) for f in pivots])
    column = place[np.searchsorted(everything, -np.concatenate([f.keys for f in pivots]))]
    value = np.concatenate([f.coefficients for f in pivots])
    order = np.argsort(column, kind="stable")
    row, column, value = row[order], column[order], value[order]
    # The columns of pivots come first. Column after column, entries there become the factors of the rows that are subtracted.
    borders = [*range(0, count, _BLOCK), *range(count, len(everything), _BLOCK), len(everything)]
    ends = np.searchsorted(column, borders)
    for low, high, start, end in zip(borders, borders[1:], ends, ends[1:], strict=False):
        r, c, v = row[start:end], column[start:end] - low, value[start:end]
        before = r < min(low, count)
        used, at = np.unique(r[before], return_inverse=True)
        if len(used):
            block = np.zeros((len(used), high - low), dtype=np.int64)
            block[at, c[before]] = v[before]
            matrix[:, low:high] -= field.product(matrix[:, used], block)
            matrix[:, low:high] %= ring.p
        if low < count:
            within = ~before & (c > r - low)
            r, c, v = r[within], c[within], v[within]
            by_row = np.argsort(r, kind="stable")
            r, c, v = r[by_row], c[by_row] + low, v[by_row]
            for own, s, e in _runs(r):
                matrix[:, c[s:e]] = (matrix[:, c[s:e]] - field.times(matrix[:, own : own + 1], v[s:e])) % ring.p
    return Remainders(-rest, matrix[:, count:])


def _runs(values: Integers) -> list[tuple[int, int, int]]:
    """Where each value of a sorted array begins and ends."""
    found, starts = np.unique(values, return_index=True)
    return list(zip(found.tolist(), starts.tolist(), [*starts.tolist(), len(values)][1:], strict=True))


def echelon(ring: ModularRing, given: Remainders) -> list[Polynomial]:
    """The reduced row echelon form."""
    rows = given.rows[given.rows.any(axis=1)]
    used = rows.any(axis=0)
    keys, rows = given.keys[used], rows[:, used]
    if not rows.size:
        return []
    reduced, rank = flint.nmod_mat(rows.tolist(), ring.p).rref()
    entries = np.array([int(c) for c in reduced.entries()[: rank * len(keys)]], dtype=np.int64).reshape(rank, len(keys))
    return [Polynomial(keys[f != 0], f[f != 0]) for f in entries]


def replayed(ring: ModularRing, generators: Sequence[Polynomial], trace: Trace) -> list[Polynomial]:
    """The generators, and polynomials of the ideal that come about as the trace says. Raises `NotShown` where it says nonsense."""
    found = list(generators)
    for step in trace:
        numbers = step.numbers.tolist()
        if not numbers or step.multipliers.shape != (len(numbers), ring.unknowns) or not all(0 <= k < len(found) for k in numbers):
            raise NotShown("the trace names polynomials that are not there")
        if step.multipliers.size and not 0 <= int(step.multipliers.min()) <= int(step.multipliers.max()) <= _LARGEST_EXPONENT:
            raise NotShown("the trace multiplies by what is no monomial, or a very large one")
        rows = ring.multiples([found[k] for k in numbers], step.multipliers)
        found += echelon(ring, remainders(ring, rows[: step.reducers], rows[step.reducers :]))
    return found


def standard_monomials(leading: Integers, most: int) -> int | None:
    """How many monomials none of ``leading`` (G, n) divides; none where these are infinitely many, or more than ``most``."""
    unknowns = leading.shape[1]
    pure = [(leading.sum(axis=1) == leading[:, i]).any() for i in range(unknowns)]
    if not all(pure) or (not unknowns and not len(leading)):
        return None if unknowns else 1
    current, count = np.zeros((1, unknowns), dtype=np.int64), 0
    while True:
        kept = np.ones(len(current), dtype=np.bool_)
        for m in leading:
            kept &= ~(current >= m).all(axis=1)
        current = current[kept]
        if not len(current):
            return count
        count += len(current)
        if count > most:
            return None
        # Each monomial comes from one alone, without its last unknown.
        last = np.where(current.any(axis=1), unknowns - 1 - np.argmax(current[:, ::-1] > 0, axis=1), 0)
        current = np.concatenate([current[last <= i] + np.eye(unknowns, dtype=np.int64)[i] for i in range(unknowns)])
