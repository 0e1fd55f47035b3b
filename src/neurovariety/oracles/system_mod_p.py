"""Polynomial systems modulo a prime, the question that every oracle is asked: how many zeros, over the algebraic closure?

Zeros at which a polynomial f vanishes are left out by one more unknown y with y f = 1 (Rabinowitsch 1930): the zeros with f nonzero
keep their multiplicities, and no others are left, of whatever dimension. Only where f is not constant is there anything to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import flint

MOST_MINORS, MOST_TERMS = 30_000, 20_000
"""Determinants of polynomials with more minors, or longer ones, are too long to be handed over."""


@dataclass(frozen=True, eq=False)
class SystemModP:
    """``polynomials`` of python-flint (`nmod_mpoly`) of one ring, whose generators are the unknowns; ``prime`` is its modulus."""

    ring: Any
    prime: int
    polynomials: tuple[Any, ...]

    @classmethod
    def of(cls, ring: Any, prime: int, equations: Sequence[Any], nonzero: Sequence[Any] = ()) -> SystemModP:
        """The zeros of the ``equations`` at which each polynomial of ``nonzero`` is not zero."""
        asked = [_without_multiplicity(f) for f in nonzero if not f.is_constant() or f == 0]
        if not asked:
            return cls(ring, prime, tuple(f for f in equations if f != 0))
        n = len(ring.names())
        larger = unknowns(n + len(asked), prime)
        left, right = [_carried(f, larger, n) for f in equations], [_carried(f, larger, n) for f in asked]
        inverses = [y * f - 1 for y, f in zip(larger.gens()[n:], right, strict=True)]
        return cls(larger, prime, (*(f for f in left if f != 0), *inverses))

    @property
    def names(self) -> tuple[str, ...]:
        """The unknowns."""
        return tuple(self.ring.names())

    @property
    def contradicts(self) -> bool:
        """Whether one of the equations is a constant that is not zero."""
        return any(f.is_constant() for f in self.polynomials)


def unknowns(number: int, prime: int) -> Any:
    """A ring of polynomials mod ``prime`` in x0, x1, ..."""
    return flint.nmod_mpoly_ctx.get([f"x{i}" for i in range(number)], modulus=prime, ordering=flint.Ordering.degrevlex)


def _carried(f: Any, ring: Any, n: int) -> Any:
    more = (0,) * (len(ring.names()) - n)
    return ring.from_dict({(*map(int, e), *more): int(c) for e, c in f.to_dict().items()})


def _without_multiplicity(f: Any) -> Any:
    """The product of the different factors: the same zeros, at a lower degree."""
    if f == 0:
        return f
    product = f.context().constant(1)
    for factor, _ in f.factor()[1]:
        product = product * factor
    return product


def determinant(matrix: Sequence[Sequence[Any]], one: Any) -> Any | None:
    """By expansion along rows, each minor of the last rows once; None beyond `MOST_MINORS`, or `MOST_TERMS` of one of them."""

    @cache
    def minor(row: int, columns: tuple[int, ...]) -> Any:
        if row == len(matrix):
            return one
        total = one * 0
        for k, j in enumerate(columns):
            if matrix[row][j] != 0:
                below = minor(row + 1, (*columns[:k], *columns[k + 1 :]))
                if below is None:
                    return None
                total = total + matrix[row][j] * below * (-1) ** k
        return total if len(total) <= MOST_TERMS and minor.cache_info().currsize <= MOST_MINORS else None

    return minor(0, tuple(range(len(matrix))))
