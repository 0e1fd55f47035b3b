"""The search for a trace: leading monomials of an ideal modulo a prime of 21 bits, by Faugère's F4.

What is found here is replayed modulo large primes by `certificates.standard_monomials`, on which alone a claim rests. So the prime may
be small, and the computation stops as soon as there are as few standard monomials as zeros are known. Pairs are chosen by the degree
of their least common multiple, and dropped by the criteria of Gebauer and Möller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import flint
import numpy as np

from neurovariety.certificates.modular_account import MOST_STANDARD
from neurovariety.certificates.modular_products import Residues
from neurovariety.certificates.standard_monomials import (
    Exponents,
    ModularRing,
    Polynomial,
    Remainders,
    Trace,
    TraceStep,
    echelon,
    remainders,
    standard_monomials,
)
from neurovariety.homotopy.arrays import Integers, Truths

_MOST_ENTRIES = 2e7
"""Matrices that are larger are not formed."""
_OF_A_STEP, _OF_A_ROW, _OF_A_PAIR, _OF_AN_ENTRY, _OF_A_TERM = 1e6, 1e4, 5e3, 100.0, 0.3
"""Nanoseconds, about; terms are those of products of matrices."""

Multiple = tuple[int, Integers]
"""The number of a polynomial, and the exponents of a monomial."""


@dataclass(frozen=True)
class FoundTrace:
    """A trace, and the number of standard monomials that it leaves; ``final`` where no others can be fewer."""

    trace: Trace
    standard: int | None
    final: bool


@dataclass(eq=False)
class _Basis:
    """Polynomials of the ideal; ``active`` are those whose leading monomial no later one divides."""

    ring: ModularRing
    polynomials: list[Polynomial]
    leading: Integers
    active: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    pairs: Integers = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    joins: Integers = field(init=False)
    """Least common multiples (P, n) of the pairs."""

    def __post_init__(self) -> None:
        self.joins = np.zeros((0, self.ring.unknowns), dtype=np.int64)

    def add(self, f: Polynomial) -> None:
        """A polynomial whose leading monomial no active one divides, with the pairs that it needs."""
        number, own = len(self.polynomials), self.ring.exponents(f.keys[:1])[0]
        self.polynomials.append(f)
        old, self.leading = self.leading, np.concatenate([self.leading, own[None]])
        # An old pair is not needed where the new monomial divides its multiple, unless that is the multiple of one with the new.
        covered = (self.joins >= own).all(axis=1)
        for side in (0, 1):
            covered &= (np.maximum(old[self.pairs[:, side]], own) != self.joins).any(axis=1)
        joins = np.maximum(old[self.active], own)
        coprime = (np.minimum(old[self.active], own) == 0).all(axis=1)
        kept = _minimal(joins, coprime) & ~coprime
        fresh = np.stack([self.active[kept], np.full(kept.sum(), number)], axis=1)
        self.pairs = np.concatenate([self.pairs[~covered], fresh])
        self.joins = np.concatenate([self.joins[~covered], joins[kept]])
        divided = (old[self.active] >= own).all(axis=1)
        self.active = np.append(self.active[~divided], number)

    def take(self) -> tuple[list[Multiple], list[Multiple]]:
        """The pairs of least degree as multiples with equal leading monomials, one of these apart; they are pairs no more."""
        degrees = self.joins.sum(axis=1)
        now = degrees == degrees.min()
        members: dict[tuple[int, ...], set[int]] = {}
        for pair, join in zip(self.pairs[now].tolist(), self.joins[now].tolist(), strict=True):
            members.setdefault(tuple(join), set()).update(pair)
        self.pairs, self.joins = self.pairs[~now], self.joins[~now]
        mates, rows = list[Multiple](), list[Multiple]()
        for join, numbers in sorted(members.items()):
            first, *others = [(k, np.array(join, dtype=np.int64) - self.leading[k]) for k in sorted(numbers)]
            mates.append(first)
            rows += others
        return mates, rows

    def multiples(self, rows: Sequence[Multiple]) -> list[Polynomial]:
        """Polynomials times monomials."""
        monomials = np.array([m for _, m in rows], dtype=np.int64).reshape(-1, self.ring.unknowns)
        return self.ring.multiples([self.polynomials[k] for k, _ in rows], monomials)

    def divisors(self, monomials: Integers) -> Integers:
        """For each monomial the number of an active polynomial whose leading one divides it, or -1."""
        order = self.active[np.argsort([len(self.polynomials[k].keys) for k in self.active], kind="stable")]
        found = np.full(len(monomials), -1)
        for k in order[::-1]:
            found[(monomials >= self.leading[k]).all(axis=1)] = k
        return found


def _minimal(joins: Integers, first: Truths) -> Truths:
    """Which monomials no other one divides; of equal ones one stays, one of ``first`` if there is any."""
    order = np.lexsort((np.arange(len(joins)), ~first, joins.sum(axis=1)))
    kept = np.zeros(len(joins), dtype=np.bool_)
    chosen = np.zeros((0, joins.shape[1]), dtype=np.int64)
    for k in order:
        if not (joins[k] >= chosen).all(axis=1).any():
            kept[k] = True
            chosen = np.concatenate([chosen, joins[k : k + 1]])
    return kept


@dataclass(eq=False)
class _GrowingBasis:
    """A basis that grows, step after step, with the trace that leads there."""

    basis: _Basis
    most_work: float
    work: float = 0.0
    trace: list[TraceStep] = field(default_factory=list)

    def step(self, mates: list[Multiple], rows: list[Multiple]) -> bool:
        """Add what is left of rows after reduction by their mates, and by all that divides what occurs; not where it is too much."""
        ring, basis = self.basis.ring, self.basis
        chosen, others = list(mates), basis.multiples(rows)
        reducers = basis.multiples(chosen)
        seen, entries = np.array(sorted(int(f.keys[0]) for f in reducers), dtype=np.int64), 0.0
        added = [*reducers, *others]
        self.work += _OF_A_STEP + _OF_A_ROW * len(added)
        while added:
            fresh = np.setdiff1d(np.unique(np.concatenate([f.keys for f in added])), seen, assume_unique=True)
            seen = np.union1d(seen, fresh)
            monomials = ring.exponents(fresh)
            more = [(k, m - basis.leading[k]) for k, m in zip(basis.divisors(monomials).tolist(), monomials, strict=True) if k >= 0]
            entries = float(len(others)) * len(seen)
            self.work += _OF_A_ROW * len(more) + float(len(fresh)) * len(basis.active) * ring.unknowns
            if (
                self.work + _OF_A_TERM * entries * (len(chosen) + len(more)) > self.most_work
                or max(entries, _lengths(reducers)) > _MOST_ENTRIES
            ):
                return False
            added = basis.multiples(more)
            chosen += more
            reducers += added
        self.work += entries * (_OF_A_TERM * (len(reducers) + len(others)) + _OF_AN_ENTRY)
        left = remainders(ring, reducers, others)
        useful = _independent(left.rows, ring.p)
        if len(useful):
            kept = _needed(reducers, [others[k] for k in useful])
            final = [chosen[k] for k in kept] + [rows[k] for k in useful]
            self.trace.append(TraceStep(len(kept), np.array([k for k, _ in final]), np.array([m for _, m in final])))
            for f in echelon(ring, Remainders(left.keys, left.rows[useful])):
                self.work += _OF_A_PAIR * len(basis.active)
                basis.add(f)
        return True

    def standard(self) -> int | None:
        """How many standard monomials there are."""
        basis = self.basis
        found = standard_monomials(basis.leading[basis.active], MOST_STANDARD)
        self.work += float(found or 0) * len(basis.active) * basis.ring.unknowns**2
        return found


def _lengths(polynomials: Sequence[Polynomial]) -> int:
    return sum(len(f.keys) for f in polynomials)


def trace_of(polynomials: Sequence[dict[Exponents, int]], unknowns: int, p: int, enough: int, most_work: float) -> FoundTrace:
    """The trace of a Gröbner basis modulo ``p``, or as far as it leaves at most ``enough`` standard monomials, or the work is done.

    Raises `NotShown` where degrees become too large.
    """
    if not unknowns or not polynomials:
        return FoundTrace((), None if unknowns else 1 - bool(polynomials), True)
    ring = ModularRing(unknowns, p)
    generators = [ring.polynomial(f) for f in polynomials]
    basis = _Basis(ring, list(generators), ring.exponents(np.array([f.keys[0] for f in generators])))
    degrees = basis.leading.sum(axis=1)
    search, todo, standard = _GrowingBasis(basis, most_work), set(range(len(generators))), None
    while todo or len(basis.pairs):
        least = min((int(degrees[k]) for k in todo), default=1 << 62)
        if len(basis.pairs) and basis.joins.sum(axis=1).min() <= least:
            mates, rows = basis.take()
        else:
            mates, rows = [], [(k, np.zeros(unknowns, dtype=np.int64)) for k in sorted(todo) if degrees[k] == least]
            todo -= {k for k, _ in rows}
        steps = len(search.trace)
        if not search.step(mates, rows):
            return FoundTrace(tuple(search.trace), standard, False)
        if len(search.trace) > steps:
            standard = search.standard()
            if standard is not None and standard <= enough:
                break
    return FoundTrace(tuple(search.trace), standard, True)


def _independent(rows: Integers, p: int) -> Integers:
    """The first rows that span all of them, by a random projection."""
    count = np.flatnonzero(rows.any(axis=1))
    if not len(count):
        return count
    field = Residues(p)
    random = np.random.default_rng(0).integers(0, p, (rows.shape[1], len(count)))
    small = field.product(rows[count], random)
    reduced, rank = flint.nmod_mat(small.T.tolist(), p).rref()
    pivots, j = list[int](), 0
    for i in range(rank):
        while not int(reduced[i, j]):
            j += 1
        pivots.append(j)
    return count[pivots]


def _needed(reducers: Sequence[Polynomial], rows: Sequence[Polynomial]) -> list[int]:
    """Numbers of the reducers whose leading monomials occur in the rows, or in other such reducers."""
    keys = np.concatenate([f.keys for f in (*rows, *reducers)])
    everything, place = np.unique(keys, return_inverse=True)
    borders = np.cumsum([0, *(len(f.keys) for f in (*rows, *reducers))])
    occurs = np.zeros(len(everything), dtype=np.bool_)
    occurs[place[: borders[len(rows)]]] = True
    parts = [place[s:e] for s, e in pairwise(borders[len(rows) :].tolist())]
    found = []
    for k in sorted(range(len(reducers)), key=lambda k: -int(reducers[k].keys[0])):
        if occurs[parts[k][0]]:
            occurs[parts[k]] = True
            found.append(k)
    return found
