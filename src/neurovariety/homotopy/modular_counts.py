"""Numbers of zeros modulo primes: looked for with a small one, shown with two large ones where the zeros that are known reach them."""

from __future__ import annotations

from dataclasses import dataclass, field

import flint
import numpy as np

from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.modular_account import LARGEST_PRIME, SMALLEST_PRIME, ModularAccount, reduced
from neurovariety.homotopy.closing import Ledger
from neurovariety.homotopy.groebner import FoundTrace, trace_of

MOST_WORK = 4e9
"""Nanoseconds, about, that a search may take."""
_SMALL = 2**20, 2**21
_NOTHING = FoundTrace((), None, True)


@dataclass(eq=False)
class ModularCounts:
    """Upper bounds for the numbers of finite zeros of a ledger, ``simple`` ones or all with multiplicity."""

    ledger: Ledger
    rng: np.random.Generator
    known: dict[bool, FoundTrace] = field(default_factory=dict)
    spent: dict[bool, float] = field(default_factory=dict)
    """The work that was allowed for each."""

    def number(self, simple: bool) -> int | None:
        """The number modulo a small prime, where it was found: advice for the search."""
        return self.known[simple].standard if simple in self.known else None

    def account(self, simple: bool, most_work: float = MOST_WORK) -> Verdict | None:
        """The account modulo two primes, where the zeros that are shown reach the number."""
        shown = self.ledger.shown.finite_count(simple=simple)
        if simple not in self.known or (not self.known[simple].final and most_work > self.spent[simple]):
            self.known[simple], self.spent[simple] = self._search(simple, shown, most_work), most_work
        if self.number(simple) != shown:
            return None
        try:
            return issue(self._certificate(simple), self.ledger.exact)
        except NotShown:
            self.known[simple] = _NOTHING
            return None

    def at_most(self) -> int | None:
        """An upper bound for the number of finite zeros, with multiplicity, where more zeros are missing; modulo a large prime."""
        if self.number(False) is None:
            return None
        try:
            issue(self._certificate(False), self.ledger.exact)
        except NotShown as problem:
            return problem.bound
        return self.number(False)

    def _certificate(self, simple: bool) -> ModularAccount:
        ledger = self.ledger
        return ModularAccount(ledger.exact.hash, ledger.zeros, random_primes(self.rng), self.known[simple].trace, simple)

    def _search(self, simple: bool, enough: int, most_work: float) -> FoundTrace:
        p = random_prime(self.rng, *_SMALL)
        try:
            polynomials, unknowns = reduced(self.ledger.exact, p, simple)
            return trace_of([f for f in polynomials if f], unknowns, p, enough, most_work)
        except NotShown:
            return _NOTHING


def random_primes(rng: np.random.Generator) -> tuple[int, int]:
    """Two different random primes between 2^60 and 2^61 that are 1 modulo 4."""
    first = second = random_prime(rng, SMALLEST_PRIME, LARGEST_PRIME)
    while second == first:
        second = random_prime(rng, SMALLEST_PRIME, LARGEST_PRIME)
    return first, second


def random_prime(rng: np.random.Generator, low: int, high: int) -> int:
    """A random prime between two numbers that is 1 modulo 4."""
    while True:
        p = int(rng.integers(low, high, dtype=np.int64)) // 4 * 4 + 1
        if low < p < high and flint.fmpz(p).is_prime():
            return p
