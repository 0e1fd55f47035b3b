"""Polynomials whose exponents lie on a line: up to a monomial they are polynomials in one monomial t, whose real zeros Sturm counts.

Where all coordinates are real and not 0, so is t. So a polynomial on a line without a real root other than 0 has no zero there,
however near to the real line its complex roots are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import gcd

import flint

MOST_ROOTS = 80
"""The degree in t up to which real roots are counted: a tenth of a second."""


def direction_of(supports: Sequence[Sequence[tuple[int, ...]]]) -> tuple[int, ...] | None:
    """The primitive direction of which all differences of exponents within each support are multiples, with its first entry positive;
    None where there is none, or no difference at all."""
    found: tuple[int, ...] | None = None
    for first, *others in supports:
        for e in others:
            step = tuple(x - y for x, y in zip(e, first, strict=True))
            size = gcd(*step)
            step = tuple(x // size for x in step)
            if next(x for x in step if x) < 0:
                step = tuple(-x for x in step)
            if found not in (None, step):
                return None
            found = step
    return found


def on_line(terms: dict[tuple[int, ...], flint.fmpq], direction: tuple[int, ...]) -> tuple[tuple[int, ...], flint.fmpq_poly]:
    """The lowest exponent along the direction, and the coefficients from there, as a polynomial in t."""
    k = next(i for i, x in enumerate(direction) if x)
    base = min(terms, key=lambda e: e[k])
    steps = {(e[k] - base[k]) // direction[k]: c for e, c in terms.items()}
    return base, flint.fmpq_poly([steps.get(i, flint.fmpq(0)) for i in range(max(steps) + 1)])


def has_real_roots(f: flint.fmpq_poly) -> bool:
    """Whether a polynomial that is not zero has a real root other than 0 (Sturm). True, unseen, above degree `MOST_ROOTS`."""
    while f.degree() > 0 and not f[0]:
        f = flint.fmpq_poly(f.coeffs()[1:])
    if f.degree() > MOST_ROOTS:
        return True
    if f.degree() < 1:
        return False
    reduced, _ = divmod(f, f.gcd(f.derivative()))
    low, high = (_changes([p[p.degree()] * at ** p.degree() for p in _sturm(reduced)]) for at in (-1, 1))
    return low != high


def _sturm(f: flint.fmpq_poly) -> list[flint.fmpq_poly]:
    chain = [f, f.derivative()]
    while chain[-1].degree() > 0:
        rest = chain[-2] % chain[-1]
        if not len(rest):
            break
        chain.append(-rest)
    return [p for p in chain if len(p)]


def _changes(values: Sequence[flint.fmpq]) -> int:
    signs = [v > 0 for v in values if v]
    return sum(a != b for a, b in pairwise(signs))
